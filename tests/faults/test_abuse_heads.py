"""Hostile heads of requests: ranges, floods of headers, endless URLs."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from faults.pressure import memory

from support import people
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.wire import Connection, answer_to

MIB = 1 << 20
BODY = bytes(range(256)) * 4000
HUGE = "9" * 40


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("target"), log_level="info") as server:
        s3 = S3(server.tls, people.OWNER)
        assert s3.create_bucket("bucket").status == 200
        assert s3.put("bucket", "object", BODY).status == 200
        before = memory(server)
        yield server
        assert memory(server, "VmHWM") - before < 200 * MIB
        assert "panic" not in server.log()


@pytest.mark.parametrize(
    "ranges",
    [
        ",".join(f"{n}-{n}" for n in range(5000)),
        ",".join(["0-"] * 5000),
        ",".join(f"{n}-" for n in range(40)),
        f"0-{HUGE}",
        f"{HUGE}-",
        f"-{HUGE}",
        f"{HUGE}-{HUGE}",
        "18446744073709551615-18446744073709551615",
        "18446744073709551614-18446744073709551615, 0-0",
        "-0",
        "5-3",
        "--1",
        "0x10-",
        "," * 10_000,
        "0-0" + "," * 10_000,
    ],
)
def test_hostile_ranges(target: Server, ranges: str) -> None:
    """An answer is never longer than the object and the separators of fifty ranges."""
    header = [("Range", f"bytes={ranges}")]
    for answer in (
        S3(target.tls, people.OWNER).get("bucket", "object", header),
        Swift(target.tls, people.OWNER).get("bucket", "object", header),
    ):
        assert answer.status in (200, 206, 416), answer.status
        assert answer.complete and len(answer.body) < 50 * len(BODY)
        if answer.status == 200:
            assert answer.body == BODY


def test_hostile_ranges_of_parts_and_copies(target: Server) -> None:
    s3 = S3(target.tls, people.OWNER)
    for given in (f"bytes=0-{HUGE}", f"bytes={HUGE}-{HUGE}", "bytes=1-0", "bytes=", "bytes=0-1,2-3", "x" * 5000):
        headers = [("x-amz-copy-source", "/bucket/object"), ("x-amz-copy-source-range", given)]
        answer = s3.request("PUT", "/bucket/copy", query="partNumber=1&uploadId=none", headers=headers)
        assert 400 <= answer.status < 500, answer.text
    for number in (HUGE, "-1", "0", "1e3", "٣", ""):
        answer = s3.request("GET", "/bucket/object", query=f"partNumber={quote(number)}")
        assert 400 <= answer.status < 500, answer.text


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"a" * 5_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"a/" * 30_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"%2F" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/AUTH_test/" + b"%C3%BC" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /bucket?" + b"&".join(b"a%d=1" % n for n in range(7000)) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /bucket?" + b"&" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/AUTH_test?" + b"a&" * 30_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /bucket?x-amz-%65ncryption" + b"-" * 50_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"G" * 60_000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + b"a." * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 255 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(255)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-" + b"n" * 60_000 + b": y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 " + b"Credential=a," * 4000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request, SignedHeaders="
        + b";".join(b"h%d" % n for n in range(7000))
        + b", Signature=0\r\n\r\n",
        b"GET /v1/AUTH_test HTTP/1.1\r\nHost: a\r\nX-Auth-Token: " + b"." * 50_000 + b"\r\n\r\n",
        b"GET /v1/AUTH_test HTTP/1.1\r\nHost: a\r\nAccept: " + b"*/*;q=0.1," * 5000 + b"\r\n\r\n",
        b"GET /bucket/object HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + b'"a",' * 12_000 + b"\r\n\r\n",
        b"GET /auth/v1.0 HTTP/1.1\r\nHost: a\r\nX-Auth-User: " + b":" * 50_000 + b"\r\nX-Auth-Key: x\r\n\r\n",
        b"\r\n" * 100_000,
        b"\x00" * 100_000,
    ],
    ids=range(23),
)
def test_heads_that_are_too_large_are_refused(target: Server, head: bytes) -> None:
    answer = answer_to(target.plain, head)
    assert answer is None or 300 <= answer.status < 500 or answer.status == 501, answer.text[:500]
    healthy = answer_to(target.plain, b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")
    assert healthy is not None and healthy.status == 200


def test_many_large_heads_on_one_connection_use_no_memory(target: Server) -> None:
    """The same connection, again and again, with heads of 60 KiB."""
    before = memory(target)
    head = b"GET /healthcheck?" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    with Connection(target.plain) as connection:
        for _ in range(100):
            connection.send(head)
            assert connection.answer().status == 200
    assert memory(target) - before < 32 * MIB
