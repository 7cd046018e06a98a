"""`kill -9` under load over every index and store. An acknowledged write is whole on both faces, any other is
whole or absent.

If the index belongs to one process, the next start sweeps the leftovers of the dead process. If it is shared,
a process counts as dead after a minute of silence. Most of these tests end before: then `fsck` may find
leftovers and nothing more. The store itself drops unfinished uploads in parts: docs/stores.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.crash import Crashes, crash, has_swept
from stores.backends import BACKENDS
from stores.faulty import Faulty

from support import people
from support.fsck import assert_clean, assert_sound, fsck
from support.s3 import S3
from support.server import Server
from support.waiting import wait_until
from support.wire import Connection

KILLS = 20
SIZE = 100_000


def seed(place: str) -> int:
    """A different load for each index and store."""
    return 1000 + zlib.crc32(place.encode()) % 1000


def test_kill_under_load(over: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    crash(fresh, request, seed(over), KILLS)


@pytest.mark.full
def test_kill_under_load_many_times(over: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    crash(fresh, request, seed(over) + 1000, 100)


@pytest.mark.full
def test_dead_processes_are_fenced_and_swept(over_shared: str, fresh: Callable[..., Server], request: pytest.FixtureRequest) -> None:
    """Over a shared index, the living process takes the others for dead in time, and sweeps their
    leftovers."""
    crashes = Crashes(fresh, seed(over_shared) + 2000)
    try:
        while crashes.tally.kills < KILLS and left_over(crashes.server) == 0:
            crashes.kill()
            crashes.recover()
            crashes.check()
        assert left_over(crashes.server) > 0, "there were no leftovers: this would prove nothing"
        wait_until(lambda: crashes.sql("SELECT count(*) FROM writers WHERE fenced IS NULL") == "1", seconds=240, pause=1)
        wait_until(lambda: left_over(crashes.server) == 0, pause=1)
        crashes.check()
        assert crashes.server.stop() == 0
        assert_clean(crashes.server, "--deep")
    finally:
        crashes.tally.keep(request)


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_blob_that_the_store_finishes_late_is_swept(kind: str, fresh: Callable[..., Server], tmp_path: Path) -> None:
    """The store finishes a PUT after the sender has died and the next process has swept. The blob is a
    leftover, and is deleted."""
    backend = BACKENDS[kind](tmp_path / kind)
    store = Faulty(backend.port)
    place = backend.place(store.port)
    server = fresh(environment=place.environment, **place.settings, log_level="info").start()
    s3 = S3(server.plain, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    assert s3.put("bucket", "kept", b"k" * SIZE).status == 200
    fault = store.disturb("put", "late", times=1)
    signed = s3.sign("PUT", "/bucket/cut")
    try:
        with Connection(server.plain) as upload:
            upload.head("PUT", "/bucket/cut", [("Host", server.plain.authority), *signed.headers, ("Content-Length", str(SIZE))])
            upload.send(b"c" * SIZE)
            wait_until(lambda: fault.met == 1)
            server.kill()
        server.start()
        wait_until(lambda: has_swept(server))
        assert len(place.blobs()) == 1, "the store was not late: this would prove nothing"
        fault.due.set()
        wait_until(lambda: len(place.blobs()) == 2)
        assert left_over(server) == 1
        assert server.stop() == 0
        assert_sound(server, "--deep")
        server.start()
        wait_until(lambda: len(place.blobs()) == 1)
        assert s3.get("bucket", "kept").body == b"k" * SIZE
        assert server.stop() == 0
        assert_clean(server, "--deep")
    finally:
        store.close()
        backend.stop()


def left_over(server: Server) -> int:
    """Blobs that were never published."""
    return int(fsck(server).report["leftovers"]["blobs"])
