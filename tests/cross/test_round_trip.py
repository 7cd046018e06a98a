"""One protocol writes, either reads: sizes and ranges, with and without a customer's key."""

from __future__ import annotations

import random

import pytest

from support.faces import WRITTEN, Face
from support.keys import CustomerKey

KIB = 1024
# Sizes around the limit of inline objects, the size of a chunk, and the length of the read-ahead.
SIZES = [0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, KIB * KIB, 5 * KIB * KIB + 3]


def contents(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_read_back(
    writer: Face, reader: Face, sealed: bool, size: int, bucket: str, key: CustomerKey
) -> None:
    body, chosen = contents(size), key if sealed else None
    put = writer.put(bucket, "object", body, writer.keyed(chosen))
    assert put.status in WRITTEN, put.text

    got = reader.get(bucket, "object", reader.keyed(chosen))
    assert (got.status, got.complete, len(got.body)) == (200, True, size)
    assert got.body == body
    assert got["Content-Length"] == str(size)

    head = reader.head(bucket, "object", reader.keyed(chosen))
    assert (head.status, head["Content-Length"]) == (200, str(size))
    assert reader.sizes(bucket) == {"object": size}, "a listing shows the size of the plaintext"


RANGES = [
    ("bytes=0-0", slice(0, 1)),
    ("bytes=0-65535", slice(0, 65536)),
    ("bytes=65535-65536", slice(65535, 65537)),
    ("bytes=65536-131071", slice(65536, 131072)),
    ("bytes=1000-1100000", slice(1000, 1100001)),
    ("bytes=1048570-", slice(1048570, None)),
    ("bytes=-1", slice(-1, None)),
    ("bytes=-70000", slice(-70000, None)),
    ("bytes=1310000-99999999", slice(1310000, None)),
]


def test_ranges(writer: Face, reader: Face, sealed: bool, bucket: str, key: CustomerKey) -> None:
    size = 20 * 65536 + 17
    body, chosen = contents(size), key if sealed else None
    assert writer.put(bucket, "object", body, writer.keyed(chosen)).status in WRITTEN
    for header, part in RANGES:
        got = reader.get(bucket, "object", [("Range", header), *reader.keyed(chosen)])
        start, stop, _ = part.indices(size)
        assert (got.status, got["Content-Range"]) == (206, f"bytes {start}-{stop - 1}/{size}"), header
        assert got["Content-Length"] == str(stop - start), header
        assert got.body == body[part], header


@pytest.mark.parametrize("size", [0, 100])
def test_a_range_past_the_end_is_refused(
    writer: Face, reader: Face, sealed: bool, size: int, bucket: str, key: CustomerKey
) -> None:
    chosen = key if sealed else None
    assert writer.put(bucket, "object", contents(size), writer.keyed(chosen)).status in WRITTEN
    got = reader.get(bucket, "object", [("Range", "bytes=100-"), *reader.keyed(chosen)])
    assert (got.status, got["Content-Range"]) == (416, f"bytes */{size}")


def test_the_other_face_overwrites_with_another_key(writer: Face, reader: Face, bucket: str) -> None:
    old, new = CustomerKey.new(), CustomerKey.new()
    assert writer.put(bucket, "object", b"old", writer.keyed(old)).status in WRITTEN
    assert reader.put(bucket, "object", b"new", reader.keyed(new)).status in WRITTEN
    for face in (writer, reader):
        assert face.get(bucket, "object", face.keyed(new)).body == b"new"
        assert face.get(bucket, "object", face.keyed(old)).status == 403
    assert writer.put(bucket, "object", b"plain", []).status in WRITTEN
    assert reader.get(bucket, "object").body == b"plain", "the new version has no key"


def test_the_other_face_deletes_without_a_key(
    writer: Face, reader: Face, sealed: bool, bucket: str, key: CustomerKey
) -> None:
    chosen = key if sealed else None
    assert writer.put(bucket, "object", b"x" * 70000, writer.keyed(chosen)).status in WRITTEN
    assert reader.delete(bucket, "object").status == 204
    for face in (writer, reader):
        assert face.get(bucket, "object", face.keyed(chosen)).status == 404
        assert face.head(bucket, "object").status == 404
        assert face.sizes(bucket) == {}
