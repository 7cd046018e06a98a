"""A large object through both faces, streamed: only with `--full`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from support import people
from support.faces import Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.wire import Connection, Headers

SIZE = 1 << 30
BLOCK = bytes(range(256)) * 4096


def stream(server: Server, method: str, target: str, headers: Headers, length: int) -> tuple[int, str]:
    """Sends `length` bytes, and returns the status and the SHA-256 of the bytes that come back."""
    with Connection(server.tls, timeout=600) as connection:
        connection.head(method, target, [*headers, ("Content-Length", str(length))])
        for _ in range(length // len(BLOCK)):
            connection.send(BLOCK)
        answer = connection.answer(method)
        return answer.status, hashlib.sha256(answer.body).hexdigest()


@pytest.mark.full
@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
@pytest.mark.parametrize("writer", ["s3", "swift"])
def test_a_gibibyte(fresh: Callable[..., Server], writer: str, sealed: bool) -> None:
    server, key = fresh(log_level="info").start(), CustomerKey.new()
    s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
    faces: list[Face] = [S3Face(s3), SwiftFace(swift)]
    assert s3.create_bucket("bucket").status == 200
    if writer == "s3":
        signed = s3.sign("PUT", "/bucket/large", headers=key.s3() if sealed else [])
        head: Headers = [("Host", server.tls.authority), *signed.headers]
        status, _ = stream(server, "PUT", "/bucket/large", head, SIZE)
    else:
        head = [("Host", server.tls.authority), ("X-Auth-Token", swift.token), *(key.swift() if sealed else [])]
        status, _ = stream(server, "PUT", f"{swift.path}/bucket/large", head, SIZE)
    assert status in (200, 201)
    expected = hashlib.sha256()
    for _ in range(SIZE // len(BLOCK)):
        expected.update(BLOCK)
    for face in faces:
        keyed = face.keyed(key) if sealed else []
        got = face.get("bucket", "large", keyed)
        assert (got.status, len(got.body), hashlib.sha256(got.body).hexdigest()) == (200, SIZE, expected.hexdigest())
        middle = SIZE // 2 - 3
        part = face.get("bucket", "large", [("Range", f"bytes={middle}-{middle + 9}"), *keyed])
        assert part.body == (BLOCK * 2)[middle % len(BLOCK) :][:10]
        assert face.sizes("bucket") == {"large": SIZE}
