"""`kill -9` under load. An acknowledged write is whole, any other is whole or absent, and no leftovers exist.

The kernel lives on, with everything that was written and not yet synced. Only a power cut can show that the
syncs are there: test_power_cut.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faults.crash import crash

from support import people
from support.s3 import S3
from support.server import Server
from support.waiting import wait_until
from support.wire import Connection


@pytest.mark.parametrize("seed", range(1, 5))
def test_kill_under_load(fresh: Callable[..., Server], request: pytest.FixtureRequest, seed: int) -> None:
    crash(fresh, request, seed, 50)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(11, 19))
def test_kill_under_load_many_times(fresh: Callable[..., Server], request: pytest.FixtureRequest, seed: int) -> None:
    crash(fresh, request, seed, 100)


def test_the_leftovers_of_a_crash_are_swept(fresh: Callable[..., Server]) -> None:
    """Blobs without a row in the index are deleted once their writer is fenced. Blobs with a row stay."""
    server = fresh(log_level="debug").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    assert s3.put("bucket", "kept", b"k" * 100_000).status == 200
    signed = s3.sign("PUT", "/bucket/cut")
    with Connection(server.tls) as upload:
        length = 20_000_000
        upload.head("PUT", "/bucket/cut", [("Host", server.tls.authority), *signed.headers, ("Content-Length", str(length))])
        upload.send(b"c" * (length - 1000))
        wait_until(lambda: len(server.blob_files()) > 1)
        server.kill()
    assert len(server.blob_files()) > 1, "there were no leftovers: this would prove nothing"
    server.start()
    wait_until(lambda: len(server.blob_files()) == 1)
    s3.close()
    assert s3.get("bucket", "kept").body == b"k" * 100_000
    assert s3.head("bucket", "cut").status == 404


def test_deleted_objects_leave_the_disk(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    for number in range(5):
        assert s3.put("bucket", "object", bytes([number]) * 100_000).status == 200
    assert s3.put("bucket", "other", b"x" * 100_000).status == 200
    assert s3.delete("bucket", "other").status == 204
    wait_until(lambda: len(server.blob_files()) == 1)
    assert s3.get("bucket", "object").body == b"\x04" * 100_000
