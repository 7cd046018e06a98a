"""`kill -9` under load. What was acknowledged is whole; what was not is whole or absent; nothing is left over.

The kernel lives on, and with it what was written and not yet synced: that the syncs themselves are there, only a machine
whose power is cut could show.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until
from support.wire import Connection, Disconnected

# Inline, one chunk, many chunks.
SIZES = (100, 15_000, 70_000, 400_000)
KEY = CustomerKey.new()


def contents(name: str, generation: int) -> bytes:
    """What an object holds: it says which object and which write it is."""
    chance = random.Random(f"{name}/{generation}")
    return f"{name}/{generation:06}/".encode() + chance.randbytes(chance.choice(SIZES))


def generation(body: bytes, name: str) -> int:
    """Which write a body is of. Fails when it is of none, or not whole."""
    claimed = int(body[len(name) + 1 :][:6])
    assert body == contents(name, claimed), f"{name} is damaged"
    return claimed


@dataclass
class Writer:
    """Writes, overwrites and deletes its own few objects until the server is gone."""

    face: Face
    number: int
    done: dict[str, int | None] = field(default_factory=dict)
    """The last acknowledged write of each object; None for a delete."""
    under_way: tuple[str, int | None] | None = None

    def run(self) -> None:
        chance = random.Random(self.number)
        keyed = self.face.keyed(KEY if self.number % 2 else None)
        step = 0
        try:
            while True:
                step += 1
                name = f"{self.number}-{chance.randrange(12)}"
                if chance.random() < 0.2 and self.done.get(name) is not None:
                    self.under_way = (name, None)
                    answer = self.face.delete("bucket", name)
                    assert answer.status == 204, answer.text
                    self.done[name] = None
                else:
                    self.under_way = (name, step)
                    answer = self.face.put("bucket", name, contents(name, step), keyed)
                    assert answer.status in WRITTEN, answer.text
                    self.done[name] = step
                self.under_way = None
        except (Disconnected, OSError):
            return

    def check(self, face: Face) -> None:
        keyed = face.keyed(KEY if self.number % 2 else None)
        for name in {f"{self.number}-{n}" for n in range(12)}:
            allowed = {self.done.get(name)}
            if self.under_way and self.under_way[0] == name:
                allowed.add(self.under_way[1])
            got = face.get("bucket", name, keyed)
            found = None if got.status == 404 else generation(got.body, name)
            assert got.status in (200, 404), got.text
            assert found in allowed, f"{name}: {found}, but {allowed} were written"


def faces(server: Server) -> list[Face]:
    return [S3Face(S3(server.tls, people.OWNER)), SwiftFace(Swift(server.tls, people.OWNER))]


def crash(server: Server, seconds: float, writers: int) -> None:
    clients = [Writer(faces(server)[number % 2], number) for number in range(writers)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    for thread in threads:
        thread.join()
    assert sum(len(client.done) for client in clients) > writers, "hardly anything was written: this would prove little"
    server.start()
    for face in faces(server):
        for client in clients:
            client.check(face)


def test_kill_under_load(fresh: Callable[..., Server]) -> None:
    server = fresh(log_level="info").start()
    assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
    for _ in range(3):
        crash(server, seconds=1.5, writers=6)
        empty(server)


@pytest.mark.full
def test_kill_under_load_many_times(fresh: Callable[..., Server]) -> None:
    server = fresh(log_level="info").start()
    assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
    chance = random.Random(0)
    for _ in range(40):
        crash(server, seconds=chance.uniform(0.2, 3), writers=16)
        empty(server)


def empty(server: Server) -> None:
    """Deletes every object, so that the next round knows what there is."""
    s3 = S3(server.tls, people.OWNER)
    for row in s3.list("bucket").findall("Contents"):
        assert s3.delete("bucket", row.findtext("Key") or "").status == 204


def test_what_a_crash_leaves_is_cleaned_up(fresh: Callable[..., Server]) -> None:
    """Blobs without an index entry go once their writer is fenced; those with one stay."""
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
    assert len(server.blob_files()) > 1, "nothing was left over: this would prove nothing"
    server.start()
    wait_until(lambda: len(server.blob_files()) == 1, seconds=120)
    s3.close()
    assert s3.get("bucket", "kept").body == b"k" * 100_000
    assert s3.head("bucket", "cut").status == 404


def test_what_is_deleted_leaves_the_disk(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    for number in range(5):
        assert s3.put("bucket", "object", bytes([number]) * 100_000).status == 200
    assert s3.put("bucket", "other", b"x" * 100_000).status == 200
    assert s3.delete("bucket", "other").status == 204
    wait_until(lambda: len(server.blob_files()) == 1, seconds=120)
    assert s3.get("bucket", "object").body == b"\x04" * 100_000
