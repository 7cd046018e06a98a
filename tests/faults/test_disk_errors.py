"""Disks that refuse writes: reads go on, writes are clean errors, and afterwards writes go on without
help."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from faults.disks import Mount
from faults.strace import Refusal

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.fsck import assert_clean
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until
from support.wire import Response

KEY = CustomerKey.new()
SIZES = {"small": 5_000, "large": 1_200_000}
"""Sizes of an object in the index, and of one that the store writes in several steps."""


@dataclass
class World:
    """A running gateway, and the objects that it has acknowledged."""

    server: Server
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.start()
        s3, swift = S3(self.server.tls, people.OWNER), Swift(self.server.tls, people.OWNER)
        self.faces: list[Face] = [S3Face(s3), SwiftFace(swift)]
        assert s3.create_bucket("bucket").status == 200
        for face in self.faces:
            for name, size in SIZES.items():
                for copy in range(2):
                    assert self.put(face, f"{face.name}-{name}-{copy}", size).status in WRITTEN

    def put(self, face: Face, name: str, size: int) -> Response:
        body = os.urandom(size)
        answer = face.put("bucket", name, body, face.keyed(KEY))
        if answer.status in WRITTEN:
            self.kept[name] = body
        return answer

    def refused(self, size: int) -> None:
        """Every write is refused, with a time to try again."""
        for face in self.faces:
            answer = self.put(face, f"{face.name}-refused", size)
            assert (answer.status, "Retry-After" in answer) == (503, True), answer.text
            over = self.put(face, f"{face.name}-small-0", size)
            assert over.status == 503

    def check(self) -> None:
        for face in self.faces:
            assert face.sizes("bucket") == {name: len(body) for name, body in self.kept.items()}
            for name, body in self.kept.items():
                got = face.get("bucket", name, face.keyed(KEY))
                assert (got.status, got.body == body) == (200, True), f"{name}: {got.status}"

    def recovers(self) -> None:
        wait_until(lambda: self.server.readiness() == (200, "ready\n"))
        for face in self.faces:
            for name, size in SIZES.items():
                assert self.put(face, f"{face.name}-{name}-after", size).status in WRITTEN
                assert self.put(face, f"{face.name}-{name}-0", size).status in WRITTEN
        self.check()
        assert self.server.stop() == 0
        self.server.start()
        self.check()
        large = sum(len(body) > 16_000 for body in self.kept.values())
        wait_until(lambda: len(self.server.blob_files()) == large)
        assert self.server.stop() == 0
        assert_clean(self.server, "--deep")


def test_a_store_that_is_mounted_read_only(fresh: Callable[..., Server], mount: Mount) -> None:
    disk = mount("disk", 200)
    server = fresh(log_level="info", store=f"file://{disk.path}/blobs")
    (server.folder / "data").mkdir(mode=0o700)
    (server.data / "blobs").symlink_to(disk.path / "blobs")
    world = World(server)
    disk.writable(False)
    wait_until(lambda: server.metric("cardea_writes_accepted") == 0)
    wait_until(lambda: server.readiness() == (200, "ready, but the disk cannot be written: writes are refused\n"))
    for size in SIZES.values():
        world.refused(size)
    # Deletes in the index go on: the blobs are deleted later.
    for face in world.faces:
        name = f"{face.name}-large-1"
        assert face.delete("bucket", name).status == 204
        del world.kept[name]
    world.check()
    wait_until(lambda: server.metric('cardea_store_requests_total{operation="delete",outcome="failed"}') > 0)
    disk.writable(True)
    world.recovers()


@pytest.mark.parametrize("error", ["EROFS", "EIO", "ENOSPC"])
def test_an_index_that_cannot_be_written(fresh: Callable[..., Server], error: str) -> None:
    """The kernel refuses the calls that fail on a file system that is read-only, broken or full."""
    server = fresh(log_level="info")
    world = World(server)
    files = [server.data / "index.db", server.data / "index.db-wal"]
    with Refusal(server.process.pid, "pwrite64,ftruncate,fsync,fdatasync", error, files):
        for size in SIZES.values():
            world.refused(size)
        for face in world.faces:
            assert face.delete("bucket", "s3-small-1").status == 503
        # Reads are served.
        wait_until(lambda: server.readiness()[0] == 200)
        world.check()
    assert server.metric('cardea_operations_total{operation="DeleteObject",outcome="unavailable"}') >= 2
    world.recovers()


def test_a_disk_that_does_not_sync(fresh: Callable[..., Server]) -> None:
    """Writes without a sync are not acknowledged: blobs, their folders, and the log of the index."""
    server = fresh(log_level="info")
    world = World(server)
    with Refusal(server.process.pid, "fsync,fdatasync", "EIO"):
        for size in SIZES.values():
            world.refused(size)
        world.check()
    world.recovers()
