"""The gateway's writes to a store, its deletes there, and its requests at the start."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

from stores.backends import Backend
from stores.conftest import Gateway

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.leaks import assert_none
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until

LARGE = 20 * 1024 * 1024 + 3
"""More than three of the buffers for a cloud."""


def faces_of(server: Server) -> list[Face]:
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    return [S3Face(s3), SwiftFace(Swift(server.tls, people.OWNER))]


def test_a_large_object_is_written_and_read_in_parts(backend: Backend, gateway: Gateway) -> None:
    place = backend.place()
    writers = faces_of(gateway(place, log_level="info").start())
    body, key = random.Random(7).randbytes(LARGE), CustomerKey.new()
    for writer in writers:
        assert writer.put("bucket", writer.name, body, writer.keyed(key)).status in WRITTEN
    for reader in writers:
        for writer in writers:
            got = reader.get("bucket", writer.name, reader.keyed(key))
            assert (got.status, got.complete) == (200, True) and got.body == body
            part = [("Range", "bytes=6291000-12583000"), *reader.keyed(key)]
            assert reader.get("bucket", writer.name, part).body == body[6291000:12583001]
            assert reader.get("bucket", writer.name).status in (400, 403), "the key is missing"
    assert len(place.blobs()) == 2
    assert place.unfinished() == 0


def test_overwritten_and_deleted_objects_leave_the_store(backend: Backend, gateway: Gateway) -> None:
    place = backend.place()
    s3, swift = faces_of(gateway(place).start())
    for face in (s3, swift):
        for name in ("overwritten", "kept", face.name):
            assert face.put("bucket", name, os.urandom(50_000)).status in WRITTEN
    assert swift.put("bucket", "small", b"x" * 100).status in WRITTEN
    assert s3.put("bucket", "overwritten", b"small").status in WRITTEN
    assert s3.delete("bucket", "swift").status == 204
    assert swift.delete("bucket", "s3").status == 204
    # Only the second `kept` is left. All others were replaced or deleted, and small objects are in the index.
    wait_until(lambda: len(place.blobs()) == 1)
    assert len(s3.get("bucket", "kept").body) == 50_000
    assert swift.delete("bucket", "kept").status == 204
    wait_until(lambda: place.blobs() == [])


def test_the_store_receives_ciphertext_only(backend: Backend, gateway: Gateway, tmp_path: Path) -> None:
    place, key = backend.place(), CustomerKey.new()
    server = gateway(place)
    faces = faces_of(server.start())
    mark = b"this is what nobody may read but the owner of the key. "
    # One blob is a single request, one is in parts.
    for face in faces:
        for size in (100_000, 7_000_000):
            body = (mark * (size // len(mark) + 1))[:size]
            for name, keyed in ((f"plain-secret-name-{size}", []), (f"sealed-secret-name-{size}", face.keyed(key))):
                metadata = [(face.meta + "colour", "a-secret-colour")]
                assert face.put("bucket", face.name + name, body, [*keyed, *metadata]).status in WRITTEN
    assert server.stop() == 0
    saved = place.save(tmp_path / "store")
    assert len(saved) == 9, "eight blobs and the record of the installation"
    told = [mark[:16], b"secret-name", b"secret-colour", b"bucket", people.OWNER.secret_key.encode()]
    for path in saved:
        data = path.read_bytes()
        assert not [text for text in told if text in data or text.decode() in path.name], path
        if path.name.endswith("cardea.json"):
            assert set(json.loads(data)) == {"install", "layout"}
    assert_none([key], tmp_path / "store", {})


def test_a_store_of_another_installation_is_refused(backend: Backend, gateway: Gateway) -> None:
    mine, other = backend.place(), backend.place()
    for place in (mine, other):
        assert gateway(place).start().stop() == 0
    server = gateway(mine)
    assert refused(server, "index: found an empty index"), "a store with an installation, and no index"
    first = gateway(backend.place())
    assert first.start().stop() == 0
    first.config.write_text(first.config.read_text().replace(str(first.settings["store"]), other.url))
    assert refused(first, "store: found the store of ")
    first.config.write_text(first.config.read_text().replace(other.url, backend.place().url))
    assert refused(first, "store: found ")


def refused(server: Server, line: str) -> bool:
    server.spawn()
    assert server.wait() == 2, server.log()[-2000:]
    return any(found.removeprefix("cardea: ").startswith(line) for found in server.log().splitlines())
