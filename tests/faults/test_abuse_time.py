"""Requests that are very slow, or never end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from faults.pressure import settles

from support import people
from support.s3 import S3, error
from support.server import Server
from support.swift import Swift
from support.wire import Address, Connection, Disconnected, Response

MIB = 1 << 20


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a short limit on the whole request."""
    with Server(tmp_path_factory.mktemp("hasty"), log_level="info", request_timeout="10s") as server:
        assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
        yield server


def uploads(server: Server, address: Address, face: str, target: str, length: int) -> Connection:
    """An upload. Its head is sent."""
    connection = Connection(address)
    if face == "s3":
        head = S3(address, people.OWNER).sign("PUT", f"/bucket/{target}").headers
        path = f"/bucket/{target}"
    else:
        swift = Swift(address, people.OWNER)
        head, path = [("X-Auth-Token", swift.token)], f"{swift.path}/bucket/{target}"
    connection.head("PUT", path, [("Host", address.authority), *head, ("Content-Length", str(length))])
    return connection


def drip(connection: Connection, piece: bytes, pause: float) -> tuple[Response | None, float]:
    """Sends one piece after another until an answer comes. Returns the answer and the time until then."""
    started = time.monotonic()
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(pause):
            try:
                connection.send(piece)
            except OSError:
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        answer = connection.answer("PUT")
    except (Disconnected, ConnectionError):
        answer = None
    took = time.monotonic() - started
    stop.set()
    thread.join()
    return answer, took


@pytest.mark.parametrize("face", ["s3", "swift"])
def test_an_upload_that_never_ends(hasty: Server, face: str) -> None:
    with uploads(hasty, hasty.plain, face, f"never-{face}", 5_000_000_000) as connection:
        answer, took = drip(connection, b"x" * 4096, 0.1)
    assert answer is not None and took > 3
    if face == "s3":
        assert (answer.status, error(answer)["Code"]) == (400, "RequestTimeout")
    else:
        assert answer.status == 408
    assert S3(hasty.tls, people.OWNER).head("bucket", f"never-{face}").status == 404


def test_a_download_that_never_ends(hasty: Server) -> None:
    s3 = S3(hasty.tls, people.OWNER)
    assert s3.put("bucket", "large", b"x" * (16 * MIB)).status == 200
    s3.close()
    settles(hasty, 0)
    signed = S3(hasty.plain, people.OWNER).sign("GET", "/bucket/large")
    with Connection(hasty.plain) as connection:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.head("GET", "/bucket/large", [("Host", hasty.plain.authority), *signed.headers])
        settles(hasty, 1)
        # The client may go on reading from the kernel's buffers. The server has closed its end.
        started, stop = time.monotonic(), threading.Event()

        def read() -> None:
            while not stop.wait(0.05):
                connection.sock.recv(512)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            settles(hasty, 0)
            assert time.monotonic() - started > 2
        finally:
            stop.set()
            thread.join()
    assert s3.get("bucket", "large").body == b"x" * (16 * MIB)


def test_an_upload_below_the_least_rate(fresh: Callable[..., Server]) -> None:
    """It never pauses for long, and is never fast enough."""
    server = fresh(log_level="info", body_timeout="4s").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    with uploads(server, server.plain, "s3", "slow", 1_000_000) as connection:
        answer, _ = drip(connection, b"x", 0.2)
    assert answer is not None and error(answer)["Code"] == "RequestTimeout"
    with uploads(server, server.plain, "s3", "steady", 8192) as connection:
        for _ in range(8):
            time.sleep(0.4)
            connection.send(b"x" * 1024)
        assert connection.answer("PUT").status == 200


def test_slow_uploads_do_not_keep_the_memory_from_others(fresh: Callable[..., Server]) -> None:
    """While others wait for memory, an upload that holds some must be faster."""
    server = fresh(log_level="info", upload_buffer_bytes="4MiB", body_timeout="3s").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    slow = [uploads(server, server.plain, "s3", f"slow-{number}", 5_000_000_000) for number in range(8)]
    stop = threading.Event()

    def trickle(connection: Connection) -> None:
        try:
            connection.send(b"x" * 50_000)
            while not stop.wait(0.25):
                connection.send(b"x" * 2000)
        except OSError:
            pass

    threads = [threading.Thread(target=trickle, args=(each,)) for each in slow]
    for thread in threads:
        thread.start()
    try:
        # While nobody waits, slow uploads may go on.
        time.sleep(4)
        assert s3.put("bucket", "waits", b"y" * (8 * MIB)).status == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for each in slow:
            each.close()
    assert s3.get("bucket", "waits").body == b"y" * (8 * MIB)
