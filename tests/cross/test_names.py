"""One namespace: buckets are containers, keys are object names, and a name means the same for every
client."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support import people
from support.faces import Face
from support.keys import CustomerKey
from support.s3 import S3, error
from support.server import Server
from support.swift import Swift

KEYS = [
    "a//b",
    "../x",
    "./y",
    "/leading",
    "trailing/",
    "//",
    "a/../b",
    "with space",
    "plus+sign",
    "per%cent",
    "enc%2Foded",
    "semi;colon",
    "quest?ion",
    "hash#tag",
    "amp&ersand=1",
    "quo'te\"s",
    "back\\slash",
    "ünï/çødé",
    "snow☃man",
    "astral🦀crab",
    "<angle>",
    "brace{s}|^~`",
    "tab\there",
    "x" * 1024,
]


@pytest.mark.parametrize("name_of_object", KEYS, ids=lambda key: quote(key, safe="")[:40])
def test_any_key_is_read_by_both_faces(writer: Face, reader: Face, bucket: str, name_of_object: str, key: CustomerKey) -> None:
    body = name_of_object.encode()
    assert writer.put(bucket, name_of_object, body, writer.keyed(key)).status in (200, 201)
    got = reader.get(bucket, name_of_object, reader.keyed(key))
    assert (got.status, got.body) == (200, body)
    assert reader.sizes(bucket) == {name_of_object: len(body)}
    assert reader.delete(bucket, name_of_object).status == 204
    assert writer.sizes(bucket) == {}


def test_keys_that_look_alike_are_distinct(faces: dict[str, Face], bucket: str) -> None:
    keys = ["a/b", "a//b", "a/b/", "/a/b", "a/./b", "a/c/../b", "a%2Fb", "a b", "a+b", "A/b", "é", "e\u0301"]
    for number, key in enumerate(keys):
        face = list(faces.values())[number % 2]
        assert face.put(bucket, key, str(number).encode()).status in (200, 201)
    for face in faces.values():
        assert [face.get(bucket, key).body for key in keys] == [str(n).encode() for n in range(len(keys))]
        assert sorted(face.sizes(bucket)) == sorted(keys)


def test_listings_are_in_byte_order(faces: dict[str, Face], bucket: str) -> None:
    keys = ["a", "B", "a/b", "a.b", "é", "z", "ａ", "🦀", "\uffee"]
    for key in keys:
        assert faces["s3"].put(bucket, key).status == 200
    expected = sorted(keys, key=lambda key: key.encode())
    for face in faces.values():
        assert list(face.sizes(bucket)) == expected


def test_a_bucket_is_a_container(s3: S3, swift: Swift, name: str) -> None:
    assert s3.create_bucket(name).status == 200
    assert name in [row["name"] for row in swift.list()]
    assert swift.create(name).status == 202, "the container exists already"
    assert swift.request("DELETE", name).status == 204
    assert s3.request("HEAD", f"/{name}").status == 404


def test_a_container_is_a_bucket(s3: S3, swift: Swift, name: str) -> None:
    assert swift.create(name).status == 201
    assert s3.request("HEAD", f"/{name}").status == 200
    assert s3.request("DELETE", f"/{name}").status == 204
    assert swift.request("HEAD", name).status == 404


def test_a_bucket_with_objects_is_not_deleted(s3: S3, swift: Swift, bucket: str) -> None:
    assert swift.put(bucket, "object", b"").status == 201
    refused = s3.request("DELETE", f"/{bucket}")
    assert (refused.status, error(refused)["Code"]) == (409, "BucketNotEmpty")
    assert swift.request("DELETE", bucket).status == 409
    assert s3.get(bucket, "object").status == 200


@pytest.mark.parametrize("suffix", ["_Under_Score", ".UPPER", "-with space", "-ü", "-" + "x" * 200])
def test_s3_reaches_a_container_with_an_invalid_bucket_name_by_its_path(
    s3: S3, swift: Swift, name: str, suffix: str, key: CustomerKey
) -> None:
    container = name + suffix
    assert swift.create(container).status == 201
    assert swift.put(container, "object", b"body", key.swift()).status == 201
    got = s3.get(container, "object", key.s3())
    assert (got.status, got.body) == (200, b"body"), got.text
    refused = s3.create_bucket(f"{container}-2")
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidBucketName")


@pytest.fixture
def others(server: Server) -> tuple[S3, Swift]:
    """The faces as another account sees them."""
    return S3(server.tls, people.OTHER), Swift(server.tls, people.OTHER)


def test_two_accounts_may_have_a_container_of_the_same_name(
    s3: S3, swift: Swift, others: tuple[S3, Swift], bucket: str, key: CustomerKey
) -> None:
    """On S3 the name belongs to its first owner. The other container is reached as account:name."""
    other_s3, other_swift = others
    assert other_swift.create(bucket).status == 201
    assert other_swift.put(bucket, "object", b"theirs", key.swift()).status == 201
    assert s3.put(bucket, "object", b"ours", key.s3()).status == 200

    assert swift.get(bucket, "object", key.swift()).body == b"ours"
    assert s3.get(bucket, "object", key.s3()).body == b"ours"
    assert other_s3.get(bucket, "object", key.s3()).status == 403, "the plain name is not that of the other container, whoever asks"
    assert other_s3.get(f"{people.OTHER.account}:{bucket}", "object", key.s3()).body == b"theirs"
    assert s3.get(f"{people.OTHER.account}:{bucket}", "object", key.s3()).status == 403


def test_a_taken_name_is_a_conflict(s3: S3, others: tuple[S3, Swift], bucket: str) -> None:
    other_s3, _ = others
    refused = other_s3.create_bucket(bucket)
    assert (refused.status, error(refused)["Code"]) == (409, "BucketAlreadyExists")


def test_other_accounts_and_users_without_rights_are_refused(
    server: Server, s3: S3, swift: Swift, others: tuple[S3, Swift], bucket: str
) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    plain_s3, plain_swift = S3(server.tls, people.PLAIN), Swift(server.tls, people.PLAIN)
    for stranger in (others[0], plain_s3):
        for response in (
            stranger.get(bucket, "object"),
            stranger.head(bucket, "object"),
            stranger.put(bucket, "object", b"x"),
            stranger.delete(bucket, "object"),
            stranger.request("GET", f"/{bucket}", query="list-type=2"),
            stranger.request("DELETE", f"/{bucket}"),
        ):
            assert response.status == 403
    for stranger in (others[1], plain_swift):
        target = f"{swift.path}/{bucket}"
        for method, path in [
            ("GET", f"{target}/object"),
            ("HEAD", f"{target}/object"),
            ("PUT", f"{target}/object"),
            ("POST", f"{target}/object"),
            ("DELETE", f"{target}/object"),
            ("GET", target),
            ("POST", target),
            ("DELETE", target),
            ("GET", swift.path),
        ]:
            assert stranger.absolute(method, path).status == 403, (method, path)
    assert s3.get(bucket, "object").body == b"body"


def test_requests_without_credentials_are_refused(s3: S3, swift: Swift, bucket: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    anonymous = s3.wire.request("GET", f"/{bucket}/object", [])
    assert (anonymous.status, error(anonymous)["Code"]) == (403, "AccessDenied")
    anonymous = swift.absolute("GET", f"{swift.path}/{bucket}/object", token=None)
    assert anonymous.status == 401
    assert anonymous["Www-Authenticate"].startswith("Swift realm=")


def test_two_kinds_of_credentials_are_refused(s3: S3, swift: Swift, bucket: str) -> None:
    signed = s3.sign("GET", f"/{bucket}", query="list-type=2")
    assert signed.send(s3.wire, unsigned=[("X-Auth-Token", swift.token)]).status == 400
    signed = s3.sign("GET", f"{swift.path}/{bucket}")
    assert signed.send(s3.wire, unsigned=[("X-Auth-Token", swift.token)]).status == 400
