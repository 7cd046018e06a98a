"""Clients that stall, flood or lie."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from faults.pressure import settles

from support import people
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.wire import Connection, Disconnected, Wire, answer_to


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with short timeouts."""
    timeouts = {f"{name}_timeout": "4s" for name in ("handshake", "header", "body", "idle")}
    with Server(tmp_path_factory.mktemp("impatient"), log_level="info", **timeouts) as server:
        s3 = S3(server.tls, people.OWNER)
        assert s3.create_bucket("bucket").status == 200
        assert s3.put("bucket", "object", b"x" * 50_000_000).status == 200
        yield server


@pytest.mark.parametrize("listener", ["tls", "plain"])
def test_headers_that_do_not_come(impatient: Server, listener: str) -> None:
    begun = [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", b"GET / HTTP/1.1\r\nHost: a\r\n"]
    with ExitStack() as stack:
        # All at once, because each waits for the timeout.
        slow = []
        for sent in begun:
            slow.append(stack.enter_context(Connection(getattr(impatient, listener))))
            slow[-1].send(sent)
        for sent, each in zip(begun, slow, strict=True):
            assert each.closed_by_peer(), sent


def test_headers_that_come_byte_by_byte(impatient: Server) -> None:
    """The limit is on the whole head: a byte from time to time does not prolong it."""
    with Connection(impatient.plain) as slow:
        stop = threading.Event()

        def drip() -> None:
            slow.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            while not stop.wait(0.1):
                try:
                    slow.send(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        assert slow.closed_by_peer()
        stop.set()
        thread.join()


def test_a_handshake_that_does_not_come(impatient: Server) -> None:
    with Connection(impatient.tls.__class__(impatient.tls.port)) as slow:
        slow.send(b"\x16\x03\x01")
        assert slow.closed_by_peer()


def test_an_idle_connection(impatient: Server) -> None:
    with Connection(impatient.tls) as idle:
        idle.head("GET", "/healthcheck", [("Host", "a")])
        assert idle.answer().status == 200
        assert idle.closed_by_peer()


@pytest.mark.parametrize("face", ["s3", "swift"])
def test_a_body_that_does_not_come(impatient: Server, face: str) -> None:
    if face == "s3":
        target, allowed = "/bucket/slow", S3(impatient.tls, people.OWNER).sign("PUT", "/bucket/slow").headers
    else:
        swift = Swift(impatient.tls, people.OWNER)
        target, allowed = f"{swift.path}/bucket/slow", [("X-Auth-Token", swift.token)]
    with Connection(impatient.tls) as slow:
        try:
            slow.head("PUT", target, [("Host", impatient.tls.authority), *allowed, ("Content-Length", "1000")])
            slow.send(b"x" * 10)
            assert slow.answer("PUT").status in (400, 408)
        except (Disconnected, ConnectionError, ssl.SSLError):
            pass
        assert slow.closed_by_peer()
    assert S3(impatient.tls, people.OWNER).head("bucket", "slow").status == 404


def test_a_download_that_is_not_read(impatient: Server) -> None:
    signed = S3(impatient.plain, people.OWNER).sign("GET", "/bucket/object")
    with Connection(impatient.plain) as slow:
        slow.head("GET", "/bucket/object", [("Host", impatient.plain.authority), *signed.headers])
        slow.sock.recv(1)
        # The client reads nothing until the server has given up. The rest in the buffers is smaller than the
        # object.
        settles(impatient, 0)
        received = b""
        try:
            while data := slow.sock.recv(1 << 20):
                received += data
        except ConnectionError:
            pass
    assert len(received) < 50_000_000


def test_the_server_still_serves_afterwards(impatient: Server) -> None:
    connections = [Connection(impatient.plain) for _ in range(200)]
    try:
        assert S3(impatient.tls, people.OWNER).put("bucket", "after", b"body").status == 200
    finally:
        for each in connections:
            each.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /v1/AUTH_test HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"PUT /v1/AUTH_test/c HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT /v1/AUTH_test/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_requests_that_http_refuses(server: Server, head: bytes) -> None:
    answer = answer_to(server.plain, head)
    assert answer is None or 300 <= answer.status < 500, answer
    assert answer_to(server.plain, b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n") is not None


def test_too_many_and_too_large_headers(server: Server) -> None:
    many = b"".join(b"X-%d: y\r\n" % n for n in range(2000))
    answer = answer_to(server.plain, b"GET /info HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
    assert answer is None or answer.status in (400, 431)
    answer = answer_to(server.plain, b"GET /info HTTP/1.1\r\nHost: a\r\nX-Big: " + b"y" * 2_000_000 + b"\r\n\r\n")
    assert answer is None or answer.status in (400, 431)


def test_xml_with_expanding_entities_is_refused(server: Server, name: str) -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<CreateBucketConfiguration><LocationConstraint>&b;</LocationConstraint></CreateBucketConfiguration>"
    )
    outside = bomb.replace(b'"aaaaaaaaaa"', b'SYSTEM "file:///etc/passwd"')
    s3 = S3(server.tls, people.OWNER)
    for body in (bomb, outside, b"<a>" * 100_000, b"\xff\xfe" + bomb):
        answer = s3.request("PUT", f"/{name}", body=body)
        assert answer.status == 400, answer.text
        assert b"root:" not in answer.body


def test_a_large_body_on_requests_without_bodies(server: Server) -> None:
    s3 = S3(server.tls, people.OWNER)
    answer = s3.request("PUT", "/some-bucket-name", body=b"x" * 3_000_000)
    assert answer.status == 400, answer.text
    assert Wire(server.tls).request("GET", "/healthcheck", []).status == 200


def test_memory_stays_small_while_many_upload(fresh: Callable[..., Server]) -> None:
    """Uploads wait for the common budget instead of filling the memory."""
    server = fresh(log_level="info", upload_buffer_bytes="16MiB").start()
    assert S3(server.plain, people.OWNER).create_bucket("bucket").status == 200
    chunk, count, clients = b"m" * (1 << 20), 24, 24

    def upload(number: int) -> None:
        client = S3(server.plain, people.OWNER)
        signed = client.sign("PUT", f"/bucket/{number}")
        with Connection(server.plain, timeout=300) as connection:
            length = str(len(chunk) * count)
            connection.head("PUT", f"/bucket/{number}", [("Host", server.plain.authority), *signed.headers, ("Content-Length", length)])
            for _ in range(count):
                connection.send(chunk)
            statuses.append(connection.answer("PUT").status)

    statuses: list[int] = []
    threads = [threading.Thread(target=upload, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * clients
    assert peak_mib(server) < 250, "576 MiB were sent"


def peak_mib(server: Server) -> int:
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024
