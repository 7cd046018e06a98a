"""Graceful shutdown: running requests are finished, and no new ones begin."""

from __future__ import annotations

import threading
from collections.abc import Callable

from support import people
from support.keys import CustomerKey
from support.s3 import S3, Signed
from support.server import Server
from support.waiting import wait_until
from support.wire import Connection, Disconnected

BODY = b"x" * 300_000


def begin(upload: Connection, server: Server, signed: Signed, length: int) -> None:
    """Begins an upload. The server has read the head, because it asks for the body."""
    length_of = [("Content-Length", str(length)), ("Expect", "100-continue")]
    upload.head(signed.method, signed.target, [("Host", server.tls.authority), *signed.headers, *length_of])
    upload.begins()


def test_a_slow_upload_is_finished(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    s3, key = S3(server.tls, people.OWNER), CustomerKey.new()
    assert s3.create_bucket("bucket").status == 200
    signed = s3.sign("PUT", "/bucket/object", headers=key.s3())
    with Connection(server.tls) as upload:
        begin(upload, server, signed, len(BODY))
        upload.send(BODY[:1000])
        server.terminate()
        wait_until(lambda: not server.is_ready())
        upload.send(BODY[1000:])
        answer = upload.answer("PUT")
    assert answer.status == 200, answer.text
    assert server.wait() == 0
    server.start()
    s3.close()
    assert s3.get("bucket", "object", key.s3()).body == BODY


def test_a_slow_download_is_finished(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    s3 = S3(server.tls, people.OWNER)
    body = BODY * 100
    assert s3.create_bucket("bucket").status == 200
    assert s3.put("bucket", "object", body).status == 200
    signed = s3.sign("GET", "/bucket/object")
    with Connection(server.tls) as download:
        download.head("GET", "/bucket/object", [("Host", server.tls.authority), *signed.headers])
        download.sock.recv(1)  # The answer has begun.
        server.terminate()
        wait_until(lambda: not server.is_ready())
        rest = b"".join(iter(lambda: download.sock.recv(1 << 16), b""))
    assert rest.endswith(body), len(rest)
    assert server.wait() == 0


def test_idle_connections_do_not_prolong_the_drain(fresh: Callable[..., Server]) -> None:
    server = fresh(drain_timeout="1h").start()
    with Connection(server.tls), Connection(server.plain) as idle:
        idle.head("GET", "/healthcheck", [("Host", "a")])
        assert idle.answer().status == 200
        assert server.stop() == 0


def test_the_drain_ends(fresh: Callable[..., Server]) -> None:
    """A client that never finishes does not keep the program alive."""
    server = fresh(drain_timeout="500ms").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    signed = s3.sign("PUT", "/bucket/object")
    with Connection(server.tls) as upload:
        begin(upload, server, signed, 1000)
        upload.send(b"x")
        server.terminate()
        server.wait()
    server.start()
    s3.close()
    assert s3.head("bucket", "object").status == 404


def test_unfinished_writes_are_whole_or_absent(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
    acknowledged: list[str] = []

    def write(worker: int) -> None:
        client = S3(server.tls, people.OWNER)
        for number in range(1000):
            try:
                if client.put("bucket", f"{worker}-{number}", BODY).status == 200:
                    acknowledged.append(f"{worker}-{number}")
            except (OSError, Disconnected):
                return

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) > 8)
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    server.start()
    s3 = S3(server.tls, people.OWNER)
    listed = {row.findtext("Key") for row in s3.list("bucket").findall("Contents")}
    assert set(acknowledged) <= listed
    for name in sorted(listed):
        assert s3.get("bucket", name or "").body == BODY
