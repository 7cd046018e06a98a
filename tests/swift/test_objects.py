"""Objects on Swift: PUT, GET, HEAD, POST, DELETE."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from support.keys import Headers
from support.swift import Swift
from support.waiting import wait_until
from support.wire import Response

BODY = bytes(range(256)) * 1000
MD5 = hashlib.md5(BODY).hexdigest()


@pytest.fixture
def stored(swift: Swift, bucket: str, keyed: Headers) -> str:
    sent = [("X-Object-Meta-Color", "blue"), ("Content-Type", "text/plain"), *keyed]
    assert swift.put(bucket, "object", BODY, sent).status == 201
    return bucket


def test_a_put_has_all_headers(swift: Swift, bucket: str, keyed: Headers) -> None:
    put = swift.put(bucket, "object", BODY, keyed)
    assert (put.status, put["Etag"]) == (201, MD5)
    assert abs(parsedate_to_datetime(put["Last-Modified"]).timestamp() - time.time()) < 3600


def test_get_and_head(swift: Swift, stored: str, keyed: Headers) -> None:
    got, head = swift.get(stored, "object", keyed), swift.head(stored, "object", keyed)
    assert (got.status, got.body, head.status) == (200, BODY, 200)
    for response in (got, head):
        assert response["Content-Length"] == str(len(BODY))
        assert response["Content-Type"] == "text/plain"
        assert response["Etag"] == MD5
        assert response["Accept-Ranges"] == "bytes"
        assert response["X-Object-Meta-Color"] == "blue"
        assert re.fullmatch(r"\d{10}\.\d{5}", response["X-Timestamp"])
        modified = parsedate_to_datetime(response["Last-Modified"]).timestamp()
        assert modified == math.ceil(float(response["X-Timestamp"])), "the timestamp is rounded up"


def test_the_default_content_type(swift: Swift, bucket: str, keyed: Headers) -> None:
    swift.put(bucket, "a.jpg", b"", keyed)
    assert swift.head(bucket, "a.jpg", keyed)["Content-Type"] == "image/jpeg"
    swift.put(bucket, "no-suffix", b"", keyed)
    assert swift.head(bucket, "no-suffix", keyed)["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("etag", [MD5, f'"{MD5}"'])
def test_a_right_etag_is_accepted(swift: Swift, bucket: str, keyed: Headers, etag: str) -> None:
    assert swift.put(bucket, "object", BODY, [("ETag", etag), *keyed]).status == 201


@pytest.mark.parametrize("etag", ["0" * 32, "nonsense", MD5[:-1]])
def test_a_wrong_etag_is_refused(swift: Swift, bucket: str, keyed: Headers, etag: str) -> None:
    assert swift.put(bucket, "object", BODY, [("ETag", etag), *keyed]).status == 422
    assert swift.head(bucket, "object").status == 404, "nothing was stored"


def test_a_chunked_body(swift: Swift, bucket: str, keyed: Headers) -> None:
    chunked = [("Transfer-Encoding", "chunked"), *keyed]
    put = swift.put(bucket, "object", b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", chunked)
    assert put.status == 201, put.text
    assert swift.get(bucket, "object", keyed).body == b"hello world"
    assert swift.put(bucket, "empty", b"0\r\n\r\n", chunked).status == 201
    assert swift.get(bucket, "empty", keyed).body == b""


def test_a_put_without_a_length_is_refused(swift: Swift, bucket: str) -> None:
    target = f"{swift.path}/{bucket}/object"
    answer = swift.wire.request("PUT", target, [("X-Auth-Token", swift.token)])
    swift.wire.close()
    assert answer.status == 411
    assert swift.head(bucket, "object").status == 404


def test_a_length_over_the_limit_is_refused(swift: Swift, bucket: str) -> None:
    answer = swift.put(bucket, "object", b"", [("Content-Length", str((5 << 30) + 1))])
    swift.wire.close()
    assert answer.status == 413


RANGES = [
    ("bytes=0-9", 206, slice(0, 10)),
    ("bytes=-10", 206, slice(-10, None)),
    ("bytes=65530-65545", 206, slice(65530, 65546)),
    (f"bytes={len(BODY) - 1}-{len(BODY) + 100}", 206, slice(len(BODY) - 1, None)),
    ("bytes=abc", 200, slice(None)),
    ("bytes=5-2", 200, slice(None)),
    (f"bytes={len(BODY)}-", 416, None),
    ("bytes=-0", 416, None),
]


@pytest.mark.parametrize(("header", "status", "part"), RANGES)
def test_ranges(swift: Swift, stored: str, keyed: Headers, header: str, status: int, part: slice | None) -> None:
    got = swift.get(stored, "object", [("Range", header), *keyed])
    assert got.status == status
    if part is None:
        assert got["Content-Range"] == f"bytes */{len(BODY)}"
    else:
        assert got.body == BODY[part]


def test_ranges_of_an_empty_object(swift: Swift, bucket: str, keyed: Headers) -> None:
    swift.put(bucket, "object", b"", keyed)
    assert swift.get(bucket, "object", [("Range", "bytes=-5"), *keyed]).status == 200
    refused = swift.get(bucket, "object", [("Range", "bytes=0-"), *keyed])
    assert (refused.status, refused["Content-Range"]) == (416, "bytes */0")


def test_several_ranges(swift: Swift, stored: str, keyed: Headers) -> None:
    got = swift.get(stored, "object", [("Range", "bytes=0-1,65535-65537,-2"), *keyed])
    assert got.status == 206
    kind, _, boundary = got["Content-Type"].partition(";boundary=")
    assert kind == "multipart/byteranges" and boundary
    assert got["Content-Length"] == str(len(got.body))
    parts = got.body.split(f"--{boundary}".encode())
    assert parts[0].strip() == b"" and parts[-1].strip() == b"--"
    seen = []
    for part in parts[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        assert b"Content-Type: text/plain" in head
        seen.append((head.split(b"Content-Range: ")[1].split(b"\r\n")[0].decode(), body.removesuffix(b"\r\n")))
    size = len(BODY)
    assert seen == [
        (f"bytes 0-1/{size}", BODY[:2]),
        (f"bytes 65535-65537/{size}", BODY[65535:65538]),
        (f"bytes {size - 2}-{size - 1}/{size}", BODY[-2:]),
    ]


def test_too_many_ranges_are_refused(swift: Swift, stored: str, keyed: Headers) -> None:
    many = ",".join(f"{n}-{n}" for n in range(0, 200, 2))
    got = swift.get(stored, "object", [("Range", f"bytes={many}"), *keyed])
    assert got.status in (200, 416)


def test_conditions(swift: Swift, stored: str, keyed: Headers) -> None:
    modified = parsedate_to_datetime(swift.head(stored, "object", keyed)["Last-Modified"])
    before = format_datetime(modified - timedelta(seconds=10), usegmt=True)
    after = format_datetime(modified + timedelta(seconds=1), usegmt=True)
    table: list[tuple[Headers, int]] = [
        ([("If-Match", MD5)], 200),
        ([("If-Match", f'"{MD5}"')], 200),
        ([("If-Match", "*")], 200),
        ([("If-Match", "x")], 412),
        ([("If-None-Match", MD5)], 304),
        ([("If-None-Match", f'"{MD5}"')], 304),
        ([("If-None-Match", "*")], 304),
        ([("If-None-Match", "x")], 200),
        ([("If-Modified-Since", after)], 304),
        ([("If-Modified-Since", before)], 200),
        ([("If-Unmodified-Since", before)], 412),
        ([("If-Unmodified-Since", after)], 200),
    ]
    for conditions, status in table:
        got = swift.get(stored, "object", [*conditions, *keyed])
        assert got.status == status, conditions
        assert swift.head(stored, "object", [*conditions, *keyed]).status == status, conditions
        if status in (304, 412):
            assert got["Etag"].strip('"') == MD5, conditions
        if status == 304:
            assert "Content-Type" not in got, "a cache would take it for the ETag of the object"


def test_conditions_of_a_put(swift: Swift, stored: str, keyed: Headers) -> None:
    assert swift.put(stored, "object", b"new", [("If-None-Match", "*"), *keyed]).status == 412
    refused = swift.put(stored, "object", b"new", [("If-None-Match", MD5), *keyed])
    assert refused.status == 400 and "If-None-Match only supports *" in refused.text
    assert swift.get(stored, "object", keyed).body == BODY
    assert swift.put(stored, "fresh", b"new", [("If-None-Match", "*"), *keyed]).status == 201
    assert swift.put(stored, "object", b"new", [("If-Match", "x"), *keyed]).status == 201, "ignored on PUT, as in Swift"


def test_post_replaces_the_metadata(swift: Swift, bucket: str, keyed: Headers) -> None:
    stored = [
        ("X-Object-Meta-Old", "1"),
        ("Content-Type", "text/plain"),
        ("Content-Encoding", "x-mine"),
        ("Content-Disposition", "inline"),
        ("Cache-Control", "no-store"),
    ]
    swift.put(bucket, "object", BODY, [*stored, *keyed])
    before = swift.head(bucket, "object", keyed)
    post = swift.post(bucket, "object", [("X-Object-Meta-New", "2"), ("Content-Disposition", "attachment"), *keyed])
    assert post.status == 202
    after = swift.head(bucket, "object", keyed)
    meta = after.starting("x-object-meta-")
    meta.pop("encryption-algorithm", None)
    assert meta == {"new": "2"}
    assert after["Content-Disposition"] == "attachment"
    assert "Content-Encoding" not in after and "Cache-Control" not in after
    assert (after["Content-Type"], after["Etag"], after["Content-Length"]) == ("text/plain", MD5, str(len(BODY)))
    assert float(after["X-Timestamp"]) > float(before["X-Timestamp"])
    assert swift.post(bucket, "object", [("Content-Type", "text/x-other"), *keyed]).status == 202
    assert swift.head(bucket, "object", keyed)["Content-Type"] == "text/x-other"
    assert swift.get(bucket, "object", keyed).body == BODY


def test_post_and_delete_of_a_missing_object(swift: Swift, bucket: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert swift.request(method, f"{bucket}/none").status == 404
        assert swift.request(method, f"{bucket}-none/none").status == 404


def test_delete(swift: Swift, stored: str) -> None:
    assert swift.delete(stored, "object").status == 204
    assert swift.delete(stored, "object").status == 404


def test_metadata_names_and_values(swift: Swift, bucket: str) -> None:
    sent = [
        ("x-object-meta-lower-case", "1"),
        ("X-OBJECT-META-UPPER", "2"),
        ("X-Object-Meta-Empty", ""),
        ("X-Object-Meta-Text", "ü ☃ %41"),
    ]
    assert swift.put(bucket, "object", b"", sent).status == 201
    names = {n for n, _ in swift.head(bucket, "object").headers if n.lower().startswith("x-object-meta-")}
    assert {n.lower() for n in names} == {n.lower() for n, _ in sent}
    head = swift.head(bucket, "object")
    assert (head["X-Object-Meta-Text"], head["X-Object-Meta-Empty"]) == ("ü ☃ %41", "")


def test_metadata_limits(swift: Swift, bucket: str) -> None:
    def put(headers: Headers) -> int:
        return swift.put(bucket, "object", b"", headers).status

    assert put([(f"X-Object-Meta-{'n' * 128}", "v" * 256)]) == 201
    assert put([(f"X-Object-Meta-{'n' * 129}", "v")]) == 400
    assert put([("X-Object-Meta-V", "v" * 257)]) == 400
    assert put([(f"X-Object-Meta-N{n}", "v") for n in range(90)]) == 201
    assert put([(f"X-Object-Meta-N{n}", "v") for n in range(91)]) == 400
    assert put([(f"X-Object-Meta-N{n}", "v" * 250) for n in range(17)]) == 400


def test_a_header_does_not_make_a_static_large_object(swift: Swift, bucket: str) -> None:
    assert swift.put(bucket, "object", b"", [("X-Static-Large-Object", "True")]).status == 400


def test_expiry(swift: Swift, bucket: str, keyed: Headers) -> None:
    """An expired object is not found. It is listed until somebody deletes it."""
    later = str(int(time.time()) + 3600)
    swift.put(bucket, "at", b"body", [("X-Delete-At", later), *keyed])
    swift.put(bucket, "after", b"body", [("X-Delete-After", "3600"), *keyed])
    swift.put(bucket, "posted", b"body", keyed)
    assert swift.head(bucket, "at", keyed)["X-Delete-At"] == later
    assert abs(int(swift.head(bucket, "after", keyed)["X-Delete-At"]) - time.time() - 3600) < 60
    swift.post(bucket, "after", [("X-Object-Meta-A", "b")])
    assert "X-Delete-At" not in swift.head(bucket, "after", keyed), "POST replaces the expiry too"
    expires_soon(lambda soon: swift.put(bucket, "put", b"body", [soon, *keyed]))
    expires_soon(lambda soon: swift.post(bucket, "posted", [soon]))
    for name in ("put", "posted"):
        wait_until(lambda: swift.get(bucket, name, keyed).status == 404)
        assert swift.head(bucket, name).status == 404
    for name in ("at", "after"):
        assert swift.get(bucket, name, keyed).body == b"body"


def expires_soon(send: Callable[[tuple[str, str]], Response]) -> None:
    """Sends the header with an expiry in a moment. If that has passed before the gateway reads it, a later
    one is sent."""
    for seconds in (2, 8, 32):
        answer = send(("X-Delete-At", str(int(time.time()) + seconds)))
        if answer.status != 400:
            break
    assert answer.status in (201, 202), answer.text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (("X-Delete-At", "1"), "X-Delete-At in past"),
        (("X-Delete-At", "soon"), "Non-integer X-Delete-At"),
        (("X-Delete-After", "-1"), "X-Delete-After in past"),
        (("X-Delete-After", "soon"), "Non-integer X-Delete-After"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_malformed_expiry_is_refused(
    swift: Swift, bucket: str, method: str, header: tuple[str, str], text: str
) -> None:
    swift.put(bucket, "object", BODY)
    refused = swift.request(method, f"{bucket}/object", headers=[header])
    assert refused.status == 400 and text in refused.text
    assert swift.get(bucket, "object").body == BODY
