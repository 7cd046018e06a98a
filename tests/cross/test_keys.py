"""Right, wrong, malformed and missing keys, on objects with and without a key, by writer, reader and verb."""

from __future__ import annotations

import pytest

from support.faces import WRITTEN, Face, SwiftFace, code
from support.keys import S3, SWIFT, CustomerKey, b64

BODY = b"the quick brown fox " * 5000
META = "kept"

# The key of the reader: "right", "wrong", "none", or one of the malformed ones.
GIVEN = ["right", "wrong", "none", "bad-md5", "bad-algorithm", "short"]

# (whether the object is sealed, the reader's key) → (S3's status and code, Swift's status)
OBJECT_READ = {
    (True, "right"): (200, "", 200),
    (True, "wrong"): (403, "AccessDenied", 403),
    (True, "none"): (400, "InvalidRequest", 400),
    (True, "bad-md5"): (400, "InvalidArgument", 400),
    (True, "bad-algorithm"): (400, "InvalidEncryptionAlgorithmError", 400),
    (True, "short"): (403, "AccessDenied", 400),
    (False, "right"): (400, "InvalidRequest", 400),
    (False, "wrong"): (400, "InvalidRequest", 400),
    (False, "none"): (200, "", 200),
    (False, "bad-algorithm"): (400, "InvalidEncryptionAlgorithmError", 400),
    (False, "bad-md5"): (400, "InvalidArgument", 400),
    (False, "short"): (400, "InvalidRequest", 400),
}


def headers(face: Face, given: str, key: CustomerKey) -> list[tuple[str, str]]:
    """The key headers of a case."""
    if given == "none":
        return []
    if given == "wrong":
        return face.keyed(CustomerKey.new())
    prefix = S3 if face.name == "s3" else SWIFT
    good = dict(key.s3() if face.name == "s3" else key.swift(md5=True))
    if given == "bad-md5":
        good[next(name for name in good if name.lower().endswith("md5"))] = CustomerKey.new().md5
    elif given == "bad-algorithm":
        good[next(name for name in good if name.lower().endswith("algorithm"))] = "AES128"
    elif given == "short":
        short = CustomerKey(key.raw[:16])
        good = dict(short.s3() if face.name == "s3" else short.swift(md5=True))
    assert all(name.startswith(prefix) for name in good)
    return list(good.items())


@pytest.fixture
def stored(writer: Face, sealed: bool, bucket: str, key: CustomerKey) -> str:
    """An object by the writer, with metadata."""
    put = writer.put(bucket, "object", BODY, [*writer.keyed(key if sealed else None), (writer.meta + "note", META)])
    assert put.status in WRITTEN, put.text
    return bucket


def expected(face: Face, sealed: bool, given: str) -> tuple[int, str]:
    s3_status, s3_code, swift_status = OBJECT_READ[sealed, given]
    return (s3_status, s3_code) if face.name == "s3" else (swift_status, "")


@pytest.mark.parametrize("given", GIVEN)
def test_get(reader: Face, sealed: bool, given: str, stored: str, key: CustomerKey) -> None:
    got = reader.get(stored, "object", headers(reader, given, key))
    status, error_code = expected(reader, sealed, given)
    assert got.status == status, got.body[:300]
    if status == 200:
        assert got.body == BODY
        assert got[reader.meta + "note"] == META
    else:
        assert code(reader, got) == error_code
        assert BODY[:20] not in got.body
        assert reader.meta + "note" not in got


@pytest.mark.parametrize("given", GIVEN)
def test_range_get(reader: Face, sealed: bool, given: str, stored: str, key: CustomerKey) -> None:
    got = reader.get(stored, "object", [("Range", "bytes=65530-65545"), *headers(reader, given, key)])
    status, _ = expected(reader, sealed, given)
    assert got.status == (206 if status == 200 else status)
    if status == 200:
        assert got.body == BODY[65530:65546]
    else:
        assert BODY[:20] not in got.body


@pytest.mark.parametrize("given", GIVEN)
def test_head(reader: Face, sealed: bool, given: str, stored: str, key: CustomerKey) -> None:
    head = reader.head(stored, "object", headers(reader, given, key))
    status, error_code = expected(reader, sealed, given)
    blind = sealed and given == "none" and reader.name == "swift"
    if blind:
        status = 200
    assert head.status == status
    if status != 200:
        assert code(reader, head) == error_code
        return
    assert head["Content-Length"] == str(len(BODY))
    assert head.get(reader.meta + "note") == (None if blind else META)


@pytest.mark.parametrize("given", ["right", "none"])
def test_delete_needs_no_key(reader: Face, sealed: bool, given: str, stored: str, key: CustomerKey) -> None:
    assert reader.delete(stored, "object", headers(reader, given, key)).status == 204
    assert reader.head(stored, "object").status == 404


@pytest.mark.parametrize("given", GIVEN)
def test_post(faces: dict[str, Face], sealed: bool, given: str, stored: str, key: CustomerKey) -> None:
    """POST needs no key. If a key comes, it must be right. POST never stores a key."""
    swift = faces["swift"]
    assert isinstance(swift, SwiftFace)
    given_headers = headers(swift, given, key)
    post = swift.client.post(stored, "object", [("X-Object-Meta-Color", "blue"), *given_headers])
    status = expected(swift, sealed, given)[0]
    allowed = status == 200 or (sealed and given == "none")
    assert post.status == (202 if allowed else status), post.text

    seen = swift.head(stored, "object", swift.keyed(key if sealed else None)).starting("x-object-meta-")
    shown = {"color": "blue"} if allowed else {"note": META}
    if sealed:
        shown["encryption-algorithm"] = "AES256"
    assert seen == shown


@pytest.mark.parametrize("given", ["wrong", "bad-md5", "bad-algorithm", "short", "none"])
def test_conditions_come_after_the_key(reader: Face, given: str, stored: str, sealed: bool, key: CustomerKey) -> None:
    """The answer to a precondition must not reveal anything to a client without the key."""
    status, error_code = expected(reader, sealed, given)
    if status == 200:
        status = 304
    conditions = [("If-None-Match", "*"), *headers(reader, given, key)]
    got = reader.get(stored, "object", conditions)
    assert got.status == status
    if status != 304:
        assert code(reader, got) == error_code


@pytest.mark.parametrize("given", ["bad-md5", "bad-algorithm", "short", "not-base64"])
def test_put_with_a_malformed_key_stores_nothing(
    writer: Face, faces: dict[str, Face], given: str, bucket: str, key: CustomerKey
) -> None:
    if given == "not-base64":
        prefix = S3 if writer.name == "s3" else SWIFT
        sent = [(prefix + "Algorithm", "AES256"), (prefix + "Key", "?" * 44), (prefix + "Key-MD5", b64(b"0" * 16))]
    else:
        sent = headers(writer, given, key)
    put = writer.put(bucket, "object", BODY, sent)
    assert put.status == 400, put.text
    for face in faces.values():
        assert face.head(bucket, "object").status == 404
