"""Bodies that differ from their announcement: endless chunks, false lengths, documents that expand."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from faults.pressure import memory

from support import people
from support.aws_chunked import UNSIGNED_TRAILER
from support.multipart import Upload
from support.s3 import S3, error
from support.server import Server
from support.swift import Swift
from support.wire import Connection, Disconnected, Response

MIB = 1 << 20


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the memory of these tests alone. Whatever they send, it must not have grown by much."""
    with Server(tmp_path_factory.mktemp("target"), log_level="info", body_timeout="5s") as server:
        assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
        before = memory(server)
        yield server
        assert memory(server, "VmHWM") - before < 200 * MIB
        assert "panic" not in server.log()
        assert server.stop() == 0


@pytest.fixture
def upload(target: Server) -> Iterator[Connection]:
    """An unsigned aws-chunked upload. Its head is sent."""
    signed = S3(target.plain, people.OWNER).sign(
        "PUT",
        "/bucket/chunked",
        payload_hash=UNSIGNED_TRAILER,
        headers=[("x-amz-decoded-content-length", str(64 * MIB)), ("Content-Encoding", "aws-chunked"), ("x-amz-trailer", "x-amz-checksum-crc32")],
    )
    with Connection(target.plain) as connection:
        head = [("Host", target.plain.authority), *signed.headers, ("Content-Length", str(512 * MIB))]
        connection.head("PUT", "/bucket/chunked", head)
        yield connection


def until_refused(connection: Connection, piece: bytes, most: int) -> Response:
    """Sends one piece after another until the answer is there, or far too many pieces were sent."""

    def send() -> None:
        try:
            for _ in range(most):
                connection.send(piece)
        except OSError:
            pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        return connection.answer("PUT")
    finally:
        # Nobody reads the bytes that are still being sent.
        connection.sock.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("first", "more", "code"),
    [
        (b"", b"1\r\nx\r\n" * 10_000, "InvalidRequest"),
        (b"", b"00000000000000000000000000000001\r\nx\r\n" * 1000, "InvalidRequest"),
        (b"", b"1;" + b"x" * 65_536, "InvalidRequest"),
        (b"", b"0" * 65_536, "InvalidRequest"),
        (b"ffffffffffffffff\r\n", b"x" * 65_536, "InvalidChunkSizeError"),
        (b"fffffffffffffffff\r\n", b"x" * 65_536, "InvalidChunkSizeError"),
        (b"-1\r\n", b"x" * 65_536, "InvalidRequest"),
        (b"5\r\nhelloNO", b"x" * 65_536, "InvalidRequest"),
        (b"10000000\r\n", b"x" * 65_536, "TooLong"),
        (b"4000000\r\n" + b"x" * 64 * MIB + b"\r\n0\r\n", b"x-amz-checksum-crc32:" + b"A" * 65_536, "InvalidRequest"),
        (b"4000000\r\n" + b"x" * 64 * MIB + b"\r\n0\r\n", b"x-amz-checksum-crc32:AAAAAA==\r\n" * 1000, "MalformedTrailerError"),
        (b"4000000\r\n" + b"x" * 64 * MIB + b"\r\n0\r\n", b"x-other:y\r\n" * 1000, "MalformedTrailerError"),
    ],
    ids=["tiny", "zeros", "extension", "size", "huge", "overflow", "negative", "unended", "toolong", "trailer", "repeated", "others"],
)
def test_endless_chunks_are_refused(target: Server, upload: Connection, first: bytes, more: bytes, code: str) -> None:
    """Each is refused long before the half GiB that it announces."""
    try:
        upload.send(first)
    except OSError:
        pass
    answer = until_refused(upload, more, 5000)
    assert answer.status == 400, answer.text
    assert error(answer)["Code"] == code.replace("TooLong", "IncompleteBody")
    assert S3(target.tls, people.OWNER).head("bucket", "chunked").status == 404


@pytest.mark.parametrize("face", ["s3", "swift"])
def test_a_body_shorter_than_its_length(target: Server, face: str) -> None:
    with Connection(target.plain) as connection:
        head = put_head(target, face, "short", 1000)
        connection.head("PUT", *head)
        connection.send(b"x" * 999)
        connection.sock.shutdown(socket.SHUT_WR)
        try:
            assert connection.answer("PUT").status in (400, 499)
        except Disconnected:
            pass
    assert S3(target.tls, people.OWNER).head("bucket", "short").status == 404


@pytest.mark.parametrize("face", ["s3", "swift"])
def test_a_body_longer_than_its_length(target: Server, face: str) -> None:
    """The bytes beyond the length are read as the next request, and refused."""
    with Connection(target.plain) as connection:
        connection.head("PUT", *put_head(target, face, f"long-{face}", 10))
        connection.send(b"x" * 10 + b"y" * 10 + b"\r\n\r\n")
        assert connection.answer("PUT").status in (200, 201)
        try:
            assert connection.answer().status == 400
        except Disconnected:
            pass
    assert S3(target.tls, people.OWNER).get("bucket", f"long-{face}").body == b"x" * 10


def put_head(server: Server, face: str, name: str, length: int) -> tuple[str, list[tuple[str, str]]]:
    more = [("Host", server.plain.authority), ("Content-Length", str(length))]
    if face == "s3":
        return f"/bucket/{name}", [*S3(server.plain, people.OWNER).sign("PUT", f"/bucket/{name}").headers, *more]
    swift = Swift(server.plain, people.OWNER)
    return f"{swift.path}/bucket/{name}", [("X-Auth-Token", swift.token), *more]


def bombs() -> dict[str, bytes]:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return {
        "laughs": b'<!DOCTYPE a [<!ENTITY l0 "ha">' + entities + b"]><a>&l9;</a>",
        "quadratic": b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 30_000 + b'">]><a>' + b"&x;" * 5000 + b"</a>",
        "outside": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "deep": b"<a>" * 20_000,
        "wide": b"<a>" + b"<b/>" * 800_000 + b"</a>",
        "attributes": b"<a " + b" ".join(b'a%d="x"' % n for n in range(5000)) + b"/>",
        "comment": b"<a><!--" + b"-" * 60_000,
        "utf16": "<a/>".encode("utf-16"),
    }


@pytest.mark.parametrize("bomb", bombs())
def test_expanding_documents_are_refused(target: Server, bomb: str) -> None:
    body = bombs()[bomb]
    s3 = S3(target.tls, people.OWNER)
    md5 = [("Content-MD5", base64.b64encode(hashlib.md5(body).digest()).decode())]
    started = Upload.begin(s3, "bucket", "parts")
    answers = [
        s3.request("POST", "/bucket", query="delete", headers=md5, body=body),
        s3.request("PUT", "/bucket", query="versioning", headers=md5, body=body),
        s3.request("PUT", "/another-bucket-name", body=body),
        s3.request("POST", "/bucket/parts", query=f"uploadId={started.id}", body=body),
    ]
    for answer in answers:
        assert answer.status in (400, 413), answer.text
        assert b"root:" not in answer.body and len(answer.body) < 4096


def test_expanding_json_is_refused(target: Server) -> None:
    swift = Swift(target.tls, people.OWNER)
    for body in (b"[" * 500_000, b'{"a":' * 100_000, b"[" + b"[]," * 2_000_000 + b"1]", b'[{"path":"' + b"\\u0000" * 200_000 + b'"}]'):
        answer = swift.request("PUT", "bucket/slo", query="multipart-manifest=put", body=body)
        assert answer.status in (400, 413), answer.text[:200]
        for path in ("/v3/auth/tokens", "/v2.0/tokens"):
            answer = swift.absolute("POST", path, body=body, token=None)
            assert answer.status in (400, 413), answer.text[:200]


def test_many_large_documents_at_once(fresh: Callable[..., Server]) -> None:
    """They wait for memory. Thirty bodies of eight MiB are not in memory at the same time, and neither are
    the documents read from them."""
    server = fresh(log_level="info").start()
    assert S3(server.plain, people.OWNER).create_bucket("bucket").status == 200
    body = b"<Delete>" + b" " * (8 * MIB - 100)
    before, statuses = memory(server), []

    def send() -> None:
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        answer = S3(server.plain, people.OWNER).request(
            "POST", "/bucket", query="delete", headers=[("Content-MD5", md5)], body=body, sha256=False
        )
        statuses.append(answer.status)

    threads = [threading.Thread(target=send) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [400] * 30
    assert memory(server, "VmHWM") - before < 200 * MIB, "240 MiB, and as much again when they are read"
