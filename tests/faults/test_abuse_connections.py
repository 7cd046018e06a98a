"""Connections: very many, silent, slow, too many, and more than the process has files for."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable

import pytest
from faults.pressure import Crowd, connections, memory, open_files, quiet_cpu, settles

from support import people
from support.s3 import S3
from support.server import Server
from support.waiting import wait_until
from support.wire import Connection, Disconnected

MIB = 1 << 20
PATIENT = {f"{name}_timeout": "10m" for name in ("handshake", "header", "idle", "body")}
CROWD = 10_000
MOST_FOR_EACH = 64 * 1024
"""The most that an idle connection may use, in bytes, TLS included. A debug build uses 40 KiB."""


def start(fresh: Callable[..., Server], **settings: object) -> tuple[Server, S3]:
    server = fresh(log_level="info", **settings).start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    return server, s3


def test_ten_thousand_idle_connections(fresh: Callable[..., Server]) -> None:
    """They use little memory and no processor time, hold up nobody, and leave nothing behind."""
    server, s3 = start(fresh, max_connections=CROWD + 100, **PATIENT)
    s3.close()
    alone, files = memory(server), open_files(server)
    with Crowd(server.tls, CROWD):
        settles(server, CROWD)
        assert (memory(server) - alone) / CROWD < MOST_FOR_EACH
        wait_until(lambda: quiet_cpu(server, 1) < 0.2)
        for number in range(20):
            assert s3.put("bucket", str(number), b"x" * 100_000).status == 200
            assert s3.get("bucket", str(number)).body == b"x" * 100_000
        s3.close()
    settles(server, 0)
    wait_until(lambda: open_files(server) <= files + 10)


def test_slow_heads_on_many_connections(fresh: Callable[..., Server]) -> None:
    """Heads that grow by a byte from time to time, on many connections (slow loris). They end in time, and
    other clients are served."""
    server, s3 = start(fresh, header_timeout="3s", max_connections=400)
    slow = [Connection(server.plain) for _ in range(300)]
    stop = threading.Event()

    def drip() -> None:
        for each in slow:
            each.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        while not stop.wait(0.2):
            for each in slow:
                try:
                    each.send(b"x")
                except OSError:
                    pass

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert s3.put("bucket", "meanwhile", b"body").status == 200
        s3.close()
        settles(server, 0)
    finally:
        stop.set()
        thread.join()
        for each in slow:
            each.close()


def test_more_connections_than_the_limit(fresh: Callable[..., Server]) -> None:
    """They wait in the kernel's queue, and are served as others end."""
    server, s3 = start(fresh, max_connections=20, **PATIENT)
    s3.close()
    settles(server, 0)
    silent = [Connection(server.plain) for _ in range(20)]
    settles(server, 20)
    late = Connection(server.plain)
    late.head("GET", "/healthcheck", [("Host", "a"), ("Connection", "close")])
    late.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        late.sock.recv(1)
    assert connections(server) == 20
    # Until one ends.
    silent[7].close()
    late.sock.settimeout(180)
    assert late.answer().status == 200
    for each in [*silent, late]:
        each.close()


def test_a_process_without_free_files(fresh: Callable[..., Server]) -> None:
    """The server neither spins nor dies. It serves the connected clients, and recovers."""
    server, s3 = start(fresh, **PATIENT)
    assert s3.put("bucket", "small", b"inline").status == 200
    assert server.process is not None
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    most = open_files(server) + 20
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (most, limits[1]))
    crowd = [socket.create_connection(("127.0.0.1", server.plain.port)) for _ in range(100)]
    try:
        wait_until(lambda: "connections cannot be accepted" in server.log())
        # A server that spins never becomes quiet.
        wait_until(lambda: quiet_cpu(server, 1) < 0.3)
        assert server.log().count("connections cannot be accepted") <= 2, "one warning for each listener"
        # A connected client is served: from memory, when no file can be opened.
        assert s3.get("bucket", "small").body == b"inline"
        assert s3.put("bucket", "large", b"x" * MIB).status in (200, 503)
    finally:
        for each in crowd:
            each.close()
    with Connection(server.plain) as connection:
        connection.head("GET", "/healthcheck", [("Host", "a")])
        assert connection.answer().status == 200
    # This connection came after the crowd. Once all of them are closed, files are free again.
    wait_until(lambda: open_files(server) <= most - 15)
    assert s3.put("bucket", "after", b"x" * MIB).status == 200
    assert s3.get("bucket", "after").body == b"x" * MIB
    assert server.stop() == 0


def test_pipelined_requests(server: Server) -> None:
    """Pipelined requests are answered in their order. The bytes after a malformed request are not read as a
    request."""
    request = b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n"
    with Connection(server.tls) as connection:
        connection.send(request * 50)
        assert [connection.answer().status for _ in range(50)] == [200] * 50
    with Connection(server.tls) as connection:
        connection.send(request + b"BROKEN\r\n\r\n" + request * 3)
        assert connection.answer().status == 200
        answers = []
        try:
            while True:
                answers.append(connection.answer().status)
        except Disconnected:
            pass
        assert answers in ([], [400])


def test_a_flood_of_pipelined_requests_is_not_read_ahead(fresh: Callable[..., Server]) -> None:
    """The server stops reading from a client that never reads its answers."""
    server, _ = start(fresh, **PATIENT)
    before = memory(server)
    request = b"GET /info HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    with Connection(server.plain, timeout=3) as connection:
        with pytest.raises(TimeoutError):
            for _ in range(10_000):
                connection.send(request)
        assert memory(server) - before < 16 * MIB


def test_downloads_that_nobody_reads(fresh: Callable[..., Server]) -> None:
    """They wait with little memory: read-ahead has one budget, and beyond it each download has one chunk."""
    server, s3 = start(fresh, read_ahead_bytes="4MiB", **PATIENT)
    assert s3.put("bucket", "large", b"x" * (64 * MIB)).status == 200
    signed = S3(server.plain, people.OWNER).sign("GET", "/bucket/large")
    before = memory(server)
    stalled = [Connection(server.plain) for _ in range(150)]
    try:
        for each in stalled:
            each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.head("GET", "/bucket/large", [("Host", server.plain.authority), *signed.headers])
        for each in stalled:
            assert each.sock.recv(1)
        time.sleep(1)
        assert memory(server) - before < 150 * MIB, "9,600 MiB were requested"
        wait_until(lambda: quiet_cpu(server, 1) < 0.3)
        assert s3.get("bucket", "large").body == b"x" * (64 * MIB)
    finally:
        for each in stalled:
            each.close()
