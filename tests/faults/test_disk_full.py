"""A disk that fills up. Writes are refused before the reserve is used, reads and deletes go on, and no
acknowledged write is lost."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from faults.disks import Disk, Mount

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace, code
from support.fsck import assert_clean
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until

MIB = 1 << 20
FULL = 507
KEY = CustomerKey.new()
ACCEPTED = "cardea_writes_accepted"

Objects = dict[str, bytes]


class World:
    """A gateway on a small disk, and the objects that it has acknowledged."""

    def __init__(self, fresh: Callable[..., Server], disk: Disk, **settings: object) -> None:
        self.disk, self.server = disk, fresh(log_level="info", **settings)
        self.server.data = disk.path / "data"
        self.kept: Objects = {}
        self.start()
        assert self.faces[0].client.create_bucket("bucket").status == 200

    def start(self) -> None:
        self.server.start()
        s3, swift = S3(self.server.tls, people.OWNER), Swift(self.server.tls, people.OWNER)
        self.faces: list[Face] = [S3Face(s3), SwiftFace(swift)]

    def fill(self, face: Face, size: int) -> int:
        """Puts objects until one is refused, and returns its status."""
        while True:
            name, body = f"{face.name}-{len(self.kept)}", os.urandom(size)
            answer = face.put("bucket", name, body, face.keyed(KEY))
            if answer.status not in WRITTEN:
                assert face.get("bucket", name, face.keyed(KEY)).status == 404, "the refused object must not exist"
                return answer.status
            self.kept[name] = body

    def crowd(self) -> None:
        """Others write to the disk too. The refused write has returned its space, so the disk would have
        enough at the next look."""
        (self.disk.path / "log").write_bytes(bytes(2 * MIB))
        # The metric of the folder is that of the last look.
        wait_until(lambda: 0 < self.server.metric('cardea_disk_free_bytes{folder="store"}') <= self.disk.free + MIB // 2)
        wait_until(lambda: self.server.metric(ACCEPTED) == 0)

    def delete(self, name: str) -> int:
        status = self.faces[len(name) % 2].delete("bucket", name).status
        if status == 204:
            del self.kept[name]
        return status

    def check(self) -> None:
        """Every acknowledged object is there, whole."""
        for face in self.faces:
            assert face.sizes("bucket") == {name: len(body) for name, body in self.kept.items()}
        for number, (name, body) in enumerate(self.kept.items()):
            face = self.faces[number % 2]
            got = face.get("bucket", name, face.keyed(KEY))
            assert (got.status, got.body == body) == (200, True), f"{name}: {got.status}"

    def recovers(self) -> None:
        """Writes go on without help, and after a restart nothing is wrong."""
        wait_until(lambda: self.server.metric(ACCEPTED) == 1)
        for face in self.faces:
            body = os.urandom(300_000)
            assert face.put("bucket", f"{face.name}-after", body, face.keyed(KEY)).status in WRITTEN
            self.kept[f"{face.name}-after"] = body
        wait_until(lambda: self.server.readiness() == (200, "ready\n"))
        self.check()
        assert self.server.stop() == 0
        self.start()
        self.check()
        # The bytes of refused writes and of deleted objects leave the disk.
        large = sum(len(body) > 16_000 for body in self.kept.values())
        wait_until(lambda: len(self.server.blob_files()) == large)
        assert self.server.stop() == 0
        assert_clean(self.server, "--deep")


@pytest.mark.parametrize("number", [0, 1], ids=["s3", "swift"])
def test_writes_are_refused_before_the_reserve_is_used(fresh: Callable[..., Server], mount: Mount, number: int) -> None:
    world = World(fresh, mount("disk", 40), disk_reserve=12 * MIB)
    face, server = world.faces[number], world.server
    assert server.metric(ACCEPTED) == 1
    assert world.fill(face, 700_000) == FULL
    assert 10 * MIB < world.disk.free < 14 * MIB
    world.crowd()
    full = (200, "ready, but the disk is full: less than disk_reserve is free, writes are refused\n")
    wait_until(lambda: server.readiness() == full)
    assert server.metric(ACCEPTED) == 0
    wait_until(lambda: 0 < server.metric('cardea_disk_free_bytes{folder="store"}') <= 14 * MIB)
    assert server.metric('cardea_operations_total{operation="PutObject",outcome="full"}') >= 1
    # Reads go on, and so do deletes.
    world.check()
    names = list(world.kept)
    smaller, larger, gone = names[0], names[1], names[2:12]
    for each in world.faces:
        refused = each.put("bucket", "small", b"x", each.keyed(KEY))
        assert refused.status == FULL and code(each, refused) in ("InsufficientStorage", "")
        assert each.put("bucket", larger, b"x" * 700_001, each.keyed(KEY)).status == FULL
        body = f"smaller {each.name}".encode()
        if len(body) < len(world.kept[smaller]):
            assert each.put("bucket", smaller, body, each.keyed(KEY)).status in WRITTEN
            world.kept[smaller] = body
        assert each.put("bucket", smaller, world.kept[smaller] + b"+", each.keyed(KEY)).status == FULL
    s3, swift = world.faces[0].client, world.faces[1].client
    assert s3.create_bucket("another").status == FULL
    assert s3.request("POST", "/bucket/upload", query="uploads").status == FULL
    assert swift.request("PUT", "another").status == FULL
    assert swift.request("POST", f"bucket/{names[1]}", headers=[("X-Object-Meta-Colour", "red")]).status == 202
    for name in gone:
        assert world.delete(name) == 204
    world.recovers()


def test_an_upload_by_parts_can_be_completed_or_aborted(fresh: Callable[..., Server], mount: Mount) -> None:
    world = World(fresh, mount("disk", 40), disk_reserve=12 * MIB)
    s3 = world.faces[0].client
    uploads = {}
    for name in ("completed", "aborted"):
        begun = s3.request("POST", f"/bucket/{name}", query="uploads")
        uploads[name] = begun.text.partition("<UploadId>")[2].partition("<")[0]
        part = s3.request("PUT", f"/bucket/{name}", query=f"partNumber=1&uploadId={uploads[name]}", body=b"p" * MIB, sha256=False)
        assert part.status == 200
    etag = part["ETag"]
    assert world.fill(world.faces[0], MIB) == FULL
    world.crowd()
    query = f"partNumber=2&uploadId={uploads['aborted']}"
    assert s3.request("PUT", "/bucket/aborted", query=query, body=b"p" * 1000, sha256=False).status == FULL
    assert s3.request("DELETE", "/bucket/aborted", query=f"uploadId={uploads['aborted']}").status == 204
    parts = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    query = f"uploadId={uploads['completed']}"
    done = s3.request("POST", "/bucket/completed", query=query, body=parts.encode(), sha256=False)
    assert done.status == 200, done.text
    assert s3.get("bucket", "completed").body == b"p" * MIB


def test_an_upload_that_fills_the_disk_is_ended(fresh: Callable[..., Server], mount: Mount) -> None:
    """One body is larger than the disk. It is refused before the disk is full, and its bytes are deleted."""
    world = World(fresh, mount("disk", 40), disk_reserve=12 * MIB)
    before = world.disk.free
    for face in world.faces:
        answer = face.put("bucket", "huge", bytes(60 * MIB), face.keyed(KEY))
        assert answer.status == FULL
        wait_until(lambda: world.disk.free > before - 2 * MIB)
        wait_until(lambda: world.server.metric(ACCEPTED) == 1)
    world.recovers()


def test_a_disk_that_others_fill_completely(fresh: Callable[..., Server], mount: Mount) -> None:
    """Others can use the reserve too. A delete that needs more space is refused as a whole, or done."""
    world = World(fresh, mount("disk", 40), disk_reserve=4 * MIB)
    for number in range(8):
        for face in world.faces:
            name, body = f"{face.name}-{number}", os.urandom(300_000 if number % 2 else 5_000)
            assert face.put("bucket", name, body, face.keyed(KEY)).status in WRITTEN
            world.kept[name] = body
    filler = world.disk.fill()
    wait_until(lambda: world.server.metric(ACCEPTED) == 0)
    world.check()
    for face in world.faces:
        assert face.put("bucket", "new", b"x", face.keyed(KEY)).status == FULL
    said = [world.delete(name) for name in list(world.kept)[:6]]
    assert set(said) <= {204, 503}
    # Reads are served.
    wait_until(lambda: world.server.readiness()[0] == 200)
    world.check()
    world.server.kill()
    # A start may fail for lack of a page or two. Then one line gives the reason.
    world.server.spawn()
    wait_until(lambda: world.server.is_ready() or world.server.process.poll() is not None)
    if world.server.process.poll() is not None:
        assert "full" in world.server.log().splitlines()[-1]
    world.server.kill()
    filler.unlink()
    world.start()
    world.check()
    world.recovers()


@pytest.mark.parametrize("size", [12_000, 200_000], ids=["in-the-index", "in-the-store"])
def test_without_a_reserve_the_disk_fills_completely(fresh: Callable[..., Server], mount: Mount, size: int) -> None:
    """A delete may then find no space for the log of the index, until the operator makes some."""
    world = World(fresh, mount("disk", 24), disk_reserve=0)
    statuses = [world.fill(face, size) for face in world.faces]
    assert set(statuses) <= {FULL, 503}
    world.check()
    said = [world.delete(name) for name in list(world.kept)[::2]]
    assert set(said) <= {204, 503}
    world.check()
    # Reads are served.
    wait_until(lambda: world.server.readiness()[0] == 200)
    # More than the log of the index has before it is merged.
    world.disk.grow(48)
    wait_until(lambda: world.server.metric(ACCEPTED) == 1)
    for name in list(world.kept)[8:]:
        assert world.delete(name) == 204
    world.recovers()
