"""Copies across the faces, under every change of keys: one face writes, one copies, one reads."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

import pytest

from support.faces import Face, S3Face, SwiftFace, code
from support.keys import CustomerKey, Headers
from support.wire import Response

BODY = b"the quick brown fox " * 5000
MD5 = hashlib.md5(BODY).hexdigest()
S3_SOURCE = "x-amz-copy-source-server-side-encryption-customer-"


def copy(face: Face, bucket: str, source: str, to: str, opens: CustomerKey | None, seals: CustomerKey | None) -> Response:
    """A copy by one face, with a key for each end."""
    if face.name == "s3":
        headers: Headers = [("x-amz-copy-source", f"{bucket}/{quote(source)}")]
        if opens:
            headers += [(S3_SOURCE + "algorithm", "AES256"), (S3_SOURCE + "key", opens.base64)]
            headers += [(S3_SOURCE + "key-MD5", opens.md5)]
        if source == to:
            headers += [] if seals else [("x-amz-server-side-encryption", "AES256")]
    else:
        headers = [("X-Copy-From", f"{bucket}/{quote(source)}")]
        headers += [("X-Copy-From-Encryption-Key", opens.base64)] if opens else []
    return face.put(bucket, to, b"", [*headers, *face.keyed(seals)])


@pytest.fixture(params=["s3", "swift"], ids=lambda face: f"copied-by-{face}")
def copier(request: pytest.FixtureRequest, faces: dict[str, Face]) -> Face:
    return faces[request.param]


@pytest.fixture(params=["none", "same", "other"], ids=lambda to: f"to-{to}")
def seals(request: pytest.FixtureRequest, key: CustomerKey) -> CustomerKey | None:
    """The key of the copy."""
    return {"none": None, "same": key, "other": CustomerKey.new()}[request.param]


@pytest.fixture(params=["copy", "object"], ids=["elsewhere", "onto-itself"])
def to(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_change_of_keys(
    faces: dict[str, Face],
    writer: Face,
    copier: Face,
    sealed: bool,
    seals: CustomerKey | None,
    to: str,
    bucket: str,
    key: CustomerKey,
) -> None:
    opens = key if sealed else None
    put = writer.put(bucket, "object", BODY, [*writer.keyed(opens), (writer.meta + "colour", "blue")])
    assert put.status in (200, 201), put.text
    copied = copy(copier, bucket, "object", to, opens, seals)
    assert copied.status in (200, 201), copied.text
    for reader in faces.values():
        got = reader.get(bucket, to, reader.keyed(seals))
        assert got.body == BODY, reader.name
        assert got[reader.meta + "colour"] == "blue"
        assert reader.sizes(bucket)[to] == len(BODY)
        wrong = reader.get(bucket, to, reader.keyed(CustomerKey.new()))
        missing = reader.get(bucket, to)
        if seals:
            assert (wrong.status, missing.status) == (403, 400)
        else:
            assert (wrong.status, missing.status) == (400, 200)
        if reader.name == "swift" and "ETag" in got:
            assert got["ETag"] == MD5, "Swift's client compares the ETag with it"
        if reader.name == "s3" and len(got["ETag"].strip('"')) == 32 and not seals:
            assert got["ETag"] == f'"{MD5}"', "an ETag that looks like an MD5 must be one"


def test_a_known_md5_goes_with_the_copy(faces: dict[str, Face], copier: Face, bucket: str) -> None:
    """Swift always knows it. An object that Swift wrote with a key shows its MD5 again when the copy is under
    the gateway's keys."""
    swift, key = faces["swift"], CustomerKey.new()
    assert swift.put(bucket, "object", BODY, swift.keyed(key)).status == 201
    assert copy(copier, bucket, "object", "copy", key, None).status in (200, 201)
    assert swift.get(bucket, "copy")["ETag"] == MD5
    assert faces["s3"].get(bucket, "copy")["ETag"] == f'"{MD5}"'


# (whether the object is sealed, the key for the source) → (S3's status and code, Swift's status)
SOURCE_KEYS = {
    (True, "none"): (400, "InvalidRequest", 400),
    (True, "wrong"): (403, "AccessDenied", 403),
    (False, "wrong"): (400, "InvalidRequest", 400),
}


@pytest.mark.parametrize("given", ["none", "wrong"])
def test_wrong_keys_for_the_source_are_refused(
    writer: Face, copier: Face, sealed: bool, given: str, bucket: str, key: CustomerKey
) -> None:
    writer.put(bucket, "object", BODY, writer.keyed(key if sealed else None))
    opens = CustomerKey.new() if given == "wrong" else None
    answer = copy(copier, bucket, "object", "copy", opens, None)
    if (sealed, given) == (False, "none"):
        assert answer.status in (200, 201)
        return
    s3_status, s3_code, swift_status = SOURCE_KEYS[sealed, given]
    if isinstance(copier, S3Face):
        assert (answer.status, code(copier, answer)) == (s3_status, s3_code)
    else:
        assert answer.status == swift_status
    assert copier.head(bucket, "copy").status == 404


def test_a_copy_outlives_its_source(faces: dict[str, Face], copier: Face, bucket: str, key: CustomerKey) -> None:
    s3, swift = faces["s3"], faces["swift"]
    assert s3.put(bucket, "object", BODY, s3.keyed(key)).status == 200
    assert copy(copier, bucket, "object", "copy", key, key).status in (200, 201)
    assert swift.delete(bucket, "object").status == 204
    assert swift.get(bucket, "copy", swift.keyed(key)).body == BODY
    assert s3.put(bucket, "object", b"another").status == 200
    assert s3.get(bucket, "copy", s3.keyed(key)).body == BODY


@pytest.fixture(params=["static", "dynamic"])
def large(request: pytest.FixtureRequest, faces: dict[str, Face], bucket: str, sealed: bool, key: CustomerKey) -> bytes:
    """A large object `object` of Swift in the bucket, with a key or without. Its segments have no key, as
    `swift` sends them."""
    swift = faces["swift"]
    assert isinstance(swift, SwiftFace)
    pieces = [bytes([n]) * (70_000 + n) for n in range(3)]
    for number, piece in enumerate(pieces):
        assert swift.put(bucket, f"segments/{number}", piece).status == 201
    keyed = swift.keyed(key if sealed else None)
    if request.param == "static":
        manifest = json.dumps([{"path": f"/{bucket}/segments/{number}"} for number in range(3)]).encode()
        put = swift.client.request(
            "PUT", f"{bucket}/object", query="multipart-manifest=put", headers=keyed, body=manifest
        )
    else:
        put = swift.put(bucket, "object", b"", [("X-Object-Manifest", f"{bucket}/segments/"), *keyed])
    assert put.status == 201, put.text
    return b"".join(pieces)


def test_large_objects_of_swift_are_copied_as_plain_objects(
    faces: dict[str, Face], copier: Face, sealed: bool, large: bytes, bucket: str, key: CustomerKey
) -> None:
    """The copy has its own contents: the segments may be deleted."""
    opens = key if sealed else None
    for to, seals in [("plain", None), ("keyed", CustomerKey.new())]:
        copied = copy(copier, bucket, "object", to, opens, seals)
        assert copied.status in (200, 201), copied.text
        for reader in faces.values():
            got = reader.get(bucket, to, reader.keyed(seals))
            assert got.body == large, reader.name
            assert "X-Static-Large-Object" not in got and "X-Object-Manifest" not in got
            assert reader.sizes(bucket)[to] == len(large)
    for number in range(3):
        assert faces["swift"].delete(bucket, f"segments/{number}").status == 204
    assert faces["s3"].get(bucket, "plain").body == large
    if sealed:
        assert copy(copier, bucket, "object", "x", None, None).status == 400
        assert copy(copier, bucket, "object", "x", CustomerKey.new(), None).status == 403


def test_a_range_over_segments(faces: dict[str, Face], large: bytes, sealed: bool, bucket: str, key: CustomerKey) -> None:
    swift = faces["swift"]
    source = [("X-Copy-From", f"{bucket}/object"), ("Range", "bytes=69990-140010")]
    keyed = swift.keyed(key if sealed else None)
    assert swift.put(bucket, "copy", b"", [*source, *keyed]).status == 201
    assert swift.get(bucket, "copy", keyed).body == large[69990:140011]
