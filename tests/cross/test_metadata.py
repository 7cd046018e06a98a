"""One map of metadata, in two spellings."""

from __future__ import annotations

import pytest

from support.faces import WRITTEN, Face
from support.keys import CustomerKey
from support.s3 import S3
from support.swift import Swift

SYSTEM = {
    "Content-Type": "text/x-verse; charset=utf-8",
    "Content-Encoding": "identity-of-mine",
    "Content-Disposition": 'attachment; filename="a b.txt"',
    "Content-Language": "la",
    "Cache-Control": "max-age=60",
    "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
}
USER = {"color": "blue", "two-words": "a  b", "x1": "0"}


def test_metadata_crosses(writer: Face, reader: Face, sealed: bool, bucket: str, key: CustomerKey) -> None:
    chosen = key if sealed else None
    sent = [*SYSTEM.items(), *((writer.meta + name, value) for name, value in USER.items()), *writer.keyed(chosen)]
    assert writer.put(bucket, "object", b"body", sent).status in WRITTEN
    for response in (
        reader.get(bucket, "object", reader.keyed(chosen)),
        reader.head(bucket, "object", reader.keyed(chosen)),
    ):
        assert response.status == 200
        assert {name: response[name] for name in SYSTEM} == SYSTEM
        seen = response.starting(reader.meta)
        seen.pop("encryption-algorithm", None)
        assert seen == USER


def test_an_overwrite_replaces_all_metadata(writer: Face, reader: Face, bucket: str) -> None:
    first = [("Cache-Control", "no-store"), (writer.meta + "old", "1")]
    assert writer.put(bucket, "object", b"1", first).status in WRITTEN
    assert reader.put(bucket, "object", b"2", [(reader.meta + "new", "2")]).status in WRITTEN
    head = writer.head(bucket, "object")
    assert "Cache-Control" not in head
    assert head.starting(writer.meta) == {"new": "2"}


def test_s3_shows_the_metadata_of_a_swift_post(s3: S3, swift: Swift, bucket: str, key: CustomerKey) -> None:
    sent = [("x-amz-meta-old", "1"), ("Cache-Control", "no-store"), ("Content-Type", "text/plain"), *key.s3()]
    assert s3.put(bucket, "object", b"body", sent).status == 200
    assert swift.post(bucket, "object", [("X-Object-Meta-New", "2")]).status == 202
    head = s3.head(bucket, "object", key.s3())
    assert head.status == 200
    assert head.starting("x-amz-meta-") == {"new": "2"}
    assert "Cache-Control" not in head
    assert head["Content-Type"] == "text/plain"
    assert s3.get(bucket, "object", key.s3()).body == b"body"


def test_text_beyond_ascii(s3: S3, swift: Swift, bucket: str) -> None:
    """S3 sends it as an RFC 2047 word, Swift as UTF-8."""
    assert swift.put(bucket, "object", b"", [("X-Object-Meta-City", "Århus ☃")]).status == 201
    shown = s3.head(bucket, "object")["x-amz-meta-city"]
    assert shown.isascii() and shown.startswith("=?UTF-8?"), shown
    assert s3.put(bucket, "copy", b"", [("x-amz-meta-city", shown)]).status == 200
    assert swift.head(bucket, "copy")["X-Object-Meta-City"] == "Århus ☃"


@pytest.mark.parametrize("item", ["encryption-key", "Encryption_Key", "ENCRYPTION-SECRET", "encryption-key-md5"])
def test_reserved_names_are_refused_as_metadata(s3: S3, swift: Swift, bucket: str, item: str) -> None:
    """`x-amz-meta-encryption-*` would appear as Swift's key headers. It is refused, and nothing is stored."""
    put = s3.put(bucket, "object", b"body", [(f"x-amz-meta-{item}", "value")])
    assert put.status == 400, put.text
    assert swift.head(bucket, "object").status == 404


def test_s3_refuses_the_key_headers_of_swift(s3: S3, swift: Swift, bucket: str, key: CustomerKey) -> None:
    """A client that sends them wants encryption. To ignore them would store the object without it."""
    put = s3.put(bucket, "object", b"body", key.swift())
    assert put.status == 400, put.text
    assert swift.head(bucket, "object").status == 404


def test_each_face_ignores_metadata_headers_of_the_other(s3: S3, swift: Swift, bucket: str) -> None:
    put = s3.put(bucket, "by-s3", b"body", [("X-Object-Meta-Foo", "1"), ("X-Delete-After", "1")])
    assert put.status == 200, put.text
    assert swift.head(bucket, "by-s3").starting("x-object-meta-") == {}
    assert "X-Delete-At" not in swift.head(bucket, "by-s3")
    put = swift.put(bucket, "by-swift", b"body", [("x-amz-meta-foo", "1"), ("x-amz-storage-class", "GLACIER")])
    assert put.status == 201, put.text
    assert s3.head(bucket, "by-swift").starting("x-amz-meta-") == {}
    assert "x-amz-storage-class" not in s3.head(bucket, "by-swift")
