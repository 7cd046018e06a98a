"""ETags. S3 shows the MD5 of an object without a customer key. Swift shows the plaintext's MD5 where it may,
or nothing."""

from __future__ import annotations

import hashlib
import re

from support.faces import WRITTEN, Face
from support.keys import CustomerKey
from support.s3 import S3
from support.swift import Swift

BODY = b"some text" * 3000
MD5 = hashlib.md5(BODY).hexdigest()
OPAQUE = re.compile(r'"[0-9a-f]{32}"')


def test_a_plain_object_has_its_md5_everywhere(writer: Face, bucket: str, s3: S3, swift: Swift) -> None:
    put = writer.put(bucket, "object", BODY)
    assert put["ETag"].strip('"') == MD5
    assert s3.get(bucket, "object")["ETag"] == f'"{MD5}"'
    assert swift.get(bucket, "object")["Etag"] == MD5, "Swift's ETags have no quotes"
    assert s3.list(bucket).findtext("Contents/ETag") == f'"{MD5}"'
    assert swift.list(bucket)[0]["hash"] == MD5


def test_an_sse_c_object_hides_its_md5(writer: Face, bucket: str, s3: S3, swift: Swift, key: CustomerKey) -> None:
    assert writer.put(bucket, "object", BODY, writer.keyed(key)).status in WRITTEN
    etag = s3.get(bucket, "object", key.s3())["ETag"]
    assert OPAQUE.fullmatch(etag) and MD5 not in etag
    assert s3.head(bucket, "object", key.s3())["ETag"] == etag
    assert MD5 not in (s3.list(bucket).findtext("Contents/ETag") or "")
    listed = swift.list(bucket)[0]["hash"]
    assert re.fullmatch("[0-9a-f]{32}", listed) and listed != MD5
    assert "Etag" not in swift.head(bucket, "object"), "without the key there is no ETag"


def test_swift_shows_the_md5_to_the_holder_of_the_key(bucket: str, swift: Swift, key: CustomerKey) -> None:
    assert swift.put(bucket, "object", BODY, key.swift())["Etag"] == MD5
    assert swift.get(bucket, "object", key.swift())["Etag"] == MD5
    assert swift.head(bucket, "object", key.swift())["Etag"] == MD5


def test_swift_shows_no_etag_when_no_md5_is_known(bucket: str, s3: S3, swift: Swift, key: CustomerKey) -> None:
    """The `swift` client compares any ETag with the MD5 of the bytes that it read. A wrong one would fail the
    download."""
    assert s3.put(bucket, "object", BODY, key.s3()).status == 200
    got = swift.get(bucket, "object", key.swift())
    assert (got.status, got.body) == (200, BODY)
    assert got.get("Etag") in (None, MD5)


def test_two_writes_of_the_same_body_have_different_opaque_etags(bucket: str, s3: S3, key: CustomerKey) -> None:
    etags = {s3.put(bucket, "object", BODY, key.s3())["ETag"] for _ in range(3)}
    assert len(etags) == 3


def test_conditions_compare_the_etag_of_their_own_face(bucket: str, s3: S3, swift: Swift, key: CustomerKey) -> None:
    etag = s3.put(bucket, "object", BODY, key.s3())["ETag"]
    assert s3.get(bucket, "object", [("If-Match", etag), *key.s3()]).status == 200
    assert s3.get(bucket, "object", [("If-None-Match", etag), *key.s3()]).status == 304
    assert s3.get(bucket, "object", [("If-Match", f'"{MD5}"'), *key.s3()]).status == 412
    assert swift.put(bucket, "other", BODY, key.swift()).status == 201
    assert swift.get(bucket, "other", [("If-Match", MD5), *key.swift()]).status == 200
    assert swift.get(bucket, "other", [("If-None-Match", MD5), *key.swift()]).status == 304
