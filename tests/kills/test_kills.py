"""`kill -9` under load over every index and store. What was acknowledged is whole on both faces; what was not is whole or absent.

Where the index is a process's own, the next start sweeps what the dead one left over. Where it is shared, the dead are taken for
that after a minute of silence, so that most of these tests end before: there `fsck` may find leftovers and nothing else. What
a store keeps of uploads in parts that nobody ended is for the store to drop: docs/stores.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from faults.crash import Crashes, crash

from support.fsck import assert_clean, fsck
from support.server import Server
from support.waiting import wait_until

KILLS = 20


def seed(place: str) -> int:
    """Loads of its own for each place."""
    return 1000 + zlib.crc32(place.encode()) % 1000


def test_kill_under_load(over: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    crash(fresh, request, seed(over), KILLS)


@pytest.mark.full
def test_kill_under_load_many_times(over: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    crash(fresh, request, seed(over) + 1000, 100)


@pytest.mark.full
def test_the_dead_are_fenced_and_swept(over_shared: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    """Over a shared index the one that lives takes the dead for that in its time, and what they left over goes."""
    crashes = Crashes(fresh, seed(over_shared) + 2000)
    try:
        while crashes.tally.kills < KILLS and left_over(crashes.server) == 0:
            crashes.kill()
            crashes.recover()
            crashes.check()
        assert left_over(crashes.server) > 0, "nothing was left over: this would prove nothing"
        wait_until(lambda: crashes.sql("SELECT count(*) FROM writers WHERE fenced IS NULL") == "1", seconds=240, pause=1)
        wait_until(lambda: left_over(crashes.server) == 0, seconds=60, pause=1)
        crashes.check()
        assert crashes.server.stop() == 0
        assert_clean(crashes.server, "--deep")
    finally:
        crashes.tally.keep(request)


def left_over(server: Server) -> int:
    """Blobs that were never published."""
    return int(fsck(server).report["leftovers"]["blobs"])
