"""`CopyObject`: sources, directives, conditions, checksums, and both key triples."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest

from support import people
from support.keys import CustomerKey, Headers
from support.s3 import NEEDS_KEY, S3, WRONG_KEY, document, error
from support.server import Server
from support.wire import Response

BODY = b"the quick brown fox " * 5000
MD5 = hashlib.md5(BODY).hexdigest()
SOURCE = "x-amz-copy-source"
PREFIX = "x-amz-copy-source-server-side-encryption-customer-"


def opened_by(key: CustomerKey) -> Headers:
    """The headers with the key of the source."""
    return [(PREFIX + "algorithm", "AES256"), (PREFIX + "key", key.base64), (PREFIX + "key-MD5", key.md5)]


def copy(s3: S3, bucket: str, source: str, to: str = "copy", headers: Headers = ()) -> Response:
    """Copies within the bucket."""
    return s3.put(bucket, to, b"", [(SOURCE, f"/{bucket}/{quote(source)}"), *headers])


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status, error(answer)["Code"]


@pytest.fixture
def plain(s3: S3, bucket: str) -> str:
    """A bucket with an object that is not under a customer key."""
    headers = [("Content-Type", "text/plain"), ("Content-Language", "la"), ("x-amz-meta-colour", "blue")]
    assert s3.put(bucket, "object", BODY, headers).status == 200
    return bucket


@pytest.fixture
def sealed(s3: S3, bucket: str, key: CustomerKey) -> str:
    """A bucket with an object under the key."""
    assert s3.put(bucket, "object", BODY, [("x-amz-meta-colour", "blue"), *key.s3()]).status == 200
    return bucket


def test_a_copy(s3: S3, plain: str) -> None:
    answer = copy(s3, plain, "object")
    assert answer.status == 200 and answer["x-amz-server-side-encryption"] == "AES256"
    result = document(answer)
    assert result.tag == "CopyObjectResult"
    assert result.findtext("ETag") == f'"{MD5}"'
    assert result.findtext("LastModified", "").endswith("Z")
    assert result.findtext("ChecksumCRC64NVME") and result.findtext("ChecksumType") == "FULL_OBJECT"
    got = s3.get(plain, "copy", [("x-amz-checksum-mode", "ENABLED")])
    assert got.body == BODY and got["ETag"] == f'"{MD5}"'
    assert got["x-amz-checksum-crc64nvme"] == result.findtext("ChecksumCRC64NVME")
    assert (got["Content-Type"], got["Content-Language"], got["x-amz-meta-colour"]) == ("text/plain", "la", "blue")


@pytest.mark.parametrize("spelling", ["a b", "ü/ö", "a+b", "a%2Fb", "//", "?versionId=null", "a&b=c"])
def test_names_of_sources(s3: S3, bucket: str, spelling: str) -> None:
    s3.put(bucket, spelling, b"body")
    for source in (f"{bucket}/{quote(spelling)}", f"/{bucket}/{quote(spelling)}", quote(f"{bucket}/{spelling}", safe="")):
        answer = s3.put(bucket, "copy", b"", [(SOURCE, source)])
        assert answer.status == 200, f"{source}: {answer.text}"
        assert s3.get(bucket, "copy").body == b"body"
        s3.delete(bucket, "copy")


@pytest.mark.parametrize("source", ["{b}", "/{b}/", "/", "{b}/%zz", "{b}/object?versionId=", "{b}/object?versionId=x"])
def test_malformed_sources_are_refused(s3: S3, plain: str, source: str) -> None:
    answer = s3.put(plain, "copy", b"", [(SOURCE, source.format(b=plain))])
    assert refusal(answer) == (400, "InvalidArgument")
    assert s3.head(plain, "copy").status == 404


def test_missing_sources_are_not_found(s3: S3, plain: str) -> None:
    assert refusal(copy(s3, plain, "none")) == (404, "NoSuchKey")
    assert refusal(s3.put(plain, "copy", b"", [(SOURCE, f"/{plain}-none/object")])) == (404, "NoSuchBucket")
    assert refusal(s3.put(plain + "-none", "copy", b"", [(SOURCE, f"/{plain}/object")])) == (404, "NoSuchBucket")
    version = s3.put(plain, "copy", b"", [(SOURCE, f"/{plain}/object?versionId=1795221191.64806")])
    assert refusal(version) == (404, "NoSuchVersion")


def test_the_null_version(s3: S3, plain: str) -> None:
    assert s3.put(plain, "copy", b"", [(SOURCE, f"/{plain}/object?versionId=null")]).status == 200
    assert s3.get(plain, "copy").body == BODY


def test_directives(s3: S3, plain: str) -> None:
    given = [("Content-Type", "image/png"), ("x-amz-meta-size", "small")]
    assert copy(s3, plain, "object", "kept", [("x-amz-metadata-directive", "COPY"), *given]).status == 200
    kept = s3.head(plain, "kept")
    assert (kept["Content-Type"], kept["x-amz-meta-colour"], kept.get("x-amz-meta-size")) == ("text/plain", "blue", None)
    assert copy(s3, plain, "object", "replaced", [("x-amz-metadata-directive", "REPLACE"), *given]).status == 200
    replaced = s3.head(plain, "replaced")
    assert (replaced["Content-Type"], replaced["x-amz-meta-size"]) == ("image/png", "small")
    assert "x-amz-meta-colour" not in replaced and "Content-Language" not in replaced
    assert refusal(copy(s3, plain, "object", "x", [("x-amz-metadata-directive", "MERGE")])) == (400, "InvalidArgument")
    assert copy(s3, plain, "object", "x", [("x-amz-tagging-directive", "COPY")]).status == 200
    tags = copy(s3, plain, "object", "y", [("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "a=b")])
    assert refusal(tags) == (501, "NotImplemented")


def test_the_redirect_is_never_copied(s3: S3, bucket: str) -> None:
    s3.put(bucket, "object", b"x", [("x-amz-website-redirect-location", "/there")])
    copy(s3, bucket, "object")
    assert "x-amz-website-redirect-location" not in s3.head(bucket, "copy")
    copy(s3, bucket, "object", "copy", [("x-amz-website-redirect-location", "/elsewhere")])
    assert s3.head(bucket, "copy")["x-amz-website-redirect-location"] == "/elsewhere"


PAST, FUTURE = "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"
CONDITIONS = [
    ([("match", f'"{MD5}"')], True),
    ([("match", MD5)], True),
    ([("match", "*")], True),
    ([("match", '"x"')], False),
    ([("none-match", '"x"')], True),
    ([("none-match", f'"{MD5}"')], False),
    ([("modified-since", PAST)], True),
    ([("modified-since", FUTURE)], False),
    ([("unmodified-since", FUTURE)], True),
    ([("unmodified-since", PAST)], False),
    ([("match", f'"{MD5}"'), ("unmodified-since", PAST)], True),
    ([("none-match", f'"{MD5}"'), ("modified-since", PAST)], False),
]


@pytest.mark.parametrize(("conditions", "holds"), CONDITIONS)
def test_conditions_on_the_source(s3: S3, plain: str, conditions: Headers, holds: bool) -> None:
    answer = copy(s3, plain, "object", "copy", [(f"{SOURCE}-if-{name}", value) for name, value in conditions])
    if holds:
        assert answer.status == 200, answer.text
    else:
        assert refusal(answer) == (412, "PreconditionFailed")
        assert error(answer)["Condition"].lower().startswith(f"{SOURCE}-if-")
    assert s3.head(plain, "copy").status == (200 if holds else 404)


def test_conditions_on_the_destination(s3: S3, plain: str) -> None:
    assert copy(s3, plain, "object", "copy", [("If-None-Match", "*")]).status == 200
    assert refusal(copy(s3, plain, "object", "copy", [("If-None-Match", "*")])) == (412, "PreconditionFailed")
    assert copy(s3, plain, "object", "copy", [("If-Match", f'"{MD5}"')]).status == 200
    assert refusal(copy(s3, plain, "object", "copy", [("If-Match", '"x"')])) == (412, "PreconditionFailed")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums(s3: S3, plain: str, sealed_key: CustomerKey, algorithm: str) -> None:
    headers = [("x-amz-checksum-algorithm", algorithm), *sealed_key.s3()]
    answer = copy(s3, plain, "object", "copy", headers)
    value = document(answer).findtext(f"Checksum{algorithm}")
    assert value, answer.text
    if algorithm == "SHA256":
        assert value == base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    got = s3.get(plain, "copy", [("x-amz-checksum-mode", "ENABLED"), *sealed_key.s3()])
    assert got.body == BODY and got[f"x-amz-checksum-{algorithm.lower()}"] == value
    bad = copy(s3, plain, "object", "x", [("x-amz-checksum-algorithm", "MD4")])
    assert refusal(bad) == (400, "InvalidRequest")


@pytest.fixture
def sealed_key() -> CustomerKey:
    return CustomerKey.new()


def test_with_keys_at_both_ends(s3: S3, sealed: str, key: CustomerKey) -> None:
    other = CustomerKey.new()
    answer = copy(s3, sealed, "object", "copy", [*opened_by(key), *other.s3()])
    assert answer.status == 200
    assert answer["x-amz-server-side-encryption-customer-algorithm"] == "AES256"
    assert answer["x-amz-server-side-encryption-customer-key-MD5"] == other.md5
    assert "x-amz-server-side-encryption" not in answer
    tags = {document(answer).findtext("ETag"), s3.head(sealed, "object", key.s3())["ETag"]}
    again = copy(s3, sealed, "object", "copy", [*opened_by(key), *other.s3()])
    tags.add(document(again).findtext("ETag"))
    assert len(tags) == 3 and f'"{MD5}"' not in tags, "each copy has a new data key, and no answer shows it"
    got = s3.get(sealed, "copy", other.s3())
    assert got.body == BODY and got["x-amz-meta-colour"] == "blue"
    assert refusal(s3.get(sealed, "copy", key.s3())) == (403, "AccessDenied")


def test_a_copy_without_a_key_is_under_no_customer_key(s3: S3, sealed: str, key: CustomerKey) -> None:
    answer = copy(s3, sealed, "object", "copy", opened_by(key))
    assert answer.status == 200 and answer["x-amz-server-side-encryption"] == "AES256"
    assert s3.get(sealed, "copy").body == BODY


def test_the_key_of_the_source_is_checked(s3: S3, sealed: str, key: CustomerKey) -> None:
    other = CustomerKey.new()
    s3.put(sealed, "plain", b"plain")
    without = copy(s3, sealed, "object", "copy", key.s3())
    assert refusal(without) == (400, "InvalidRequest") and error(without)["Message"] == NEEDS_KEY
    wrong = copy(s3, sealed, "object", "copy", opened_by(other))
    assert refusal(wrong) == (403, "AccessDenied") and error(wrong)["Message"] == WRONG_KEY
    short = CustomerKey(key.raw[:16])
    assert refusal(copy(s3, sealed, "object", "copy", opened_by(short))) == (403, "AccessDenied")
    needless = copy(s3, sealed, "plain", "copy", opened_by(key))
    assert refusal(needless) == (400, "InvalidRequest")
    assert error(needless)["Message"] == "The encryption parameters are not applicable to this object."
    good = dict(opened_by(key))
    for name, value, code in [
        ("algorithm", "AES128", "InvalidEncryptionAlgorithmError"),
        ("algorithm", "", "InvalidArgument"),
        ("key", "", "InvalidArgument"),
        ("key-MD5", other.md5, "InvalidArgument"),
        ("key-MD5", "", "InvalidArgument"),
    ]:
        headers = [pair for pair in {**good, PREFIX + name: value}.items() if pair[1]]
        assert refusal(copy(s3, sealed, "object", "copy", headers)) == (400, code), name
    assert s3.head(sealed, "copy").status == 404


def test_the_key_of_a_source_is_ignored_by_other_operations(s3: S3, sealed: str, key: CustomerKey) -> None:
    for answer in (
        s3.put(sealed, "other", b"x", opened_by(key)),
        s3.get(sealed, "object", opened_by(key)),
        s3.delete(sealed, "object", opened_by(key)),
    ):
        assert refusal(answer) == (400, "InvalidRequest")
        assert key.base64 not in answer.text
    assert s3.head(sealed, "other").status == 404


def test_keys_over_plain_http_are_refused(server: Server, sealed: str, key: CustomerKey) -> None:
    plain = S3(server.plain, people.OWNER)
    for headers in (opened_by(key), key.s3()):
        assert refusal(copy(plain, sealed, "object", "copy", headers)) == (400, "InvalidRequest")
    plain.close()


ILLEGAL = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)


def test_an_object_is_copied_onto_itself(s3: S3, plain: str) -> None:
    for headers in ([], [("x-amz-metadata-directive", "COPY"), ("x-amz-meta-new", "1")]):
        answer = copy(s3, plain, "object", "object", headers)
        assert refusal(answer) == (400, "InvalidRequest") and error(answer)["Message"] == ILLEGAL
    for headers in (
        [("x-amz-storage-class", "STANDARD")],
        [("x-amz-website-redirect-location", "/there")],
        [("x-amz-server-side-encryption", "AES256")],
        [("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-new", "1")],
    ):
        assert copy(s3, plain, "object", "object", headers).status == 200, headers
    got = s3.get(plain, "object")
    assert got.body == BODY and got["x-amz-meta-new"] == "1" and "x-amz-meta-colour" not in got


def test_an_object_gets_a_new_key_in_place(s3: S3, plain: str) -> None:
    one, two = CustomerKey.new(), CustomerKey.new()
    to = lambda *headers: copy(s3, plain, "object", "object", [h for part in headers for h in part])  # noqa: E731
    assert to(one.s3()).status == 200
    assert s3.get(plain, "object", one.s3()).body == BODY
    assert refusal(to(opened_by(two), two.s3())) == (403, "AccessDenied")
    assert refusal(to(two.s3())) == (400, "InvalidRequest")
    assert to(opened_by(one), two.s3()).status == 200
    assert refusal(s3.get(plain, "object", one.s3())) == (403, "AccessDenied")
    assert s3.get(plain, "object", two.s3()).body == BODY
    assert refusal(to(opened_by(two))) == (400, "InvalidRequest"), "a copy onto itself without a key needs a directive"
    assert to(opened_by(two), [("x-amz-server-side-encryption", "AES256")]).status == 200
    assert s3.get(plain, "object").body == BODY


def test_the_expected_owners_of_both_buckets(s3: S3, plain: str) -> None:
    for name, owner, status in [
        ("x-amz-source-expected-bucket-owner", "test", 200),
        ("x-amz-source-expected-bucket-owner", "test2", 403),
        ("x-amz-expected-bucket-owner", "test2", 403),
    ]:
        assert copy(s3, plain, "object", "copy", [(name, owner)]).status == status


def test_a_copy_between_accounts(server: Server, s3: S3, plain: str, name: str) -> None:
    other = S3(server.tls, people.OTHER)
    assert other.create_bucket(name + "-theirs").status == 200
    source = [(SOURCE, f"/{plain}/object")]
    assert refusal(other.put(name + "-theirs", "copy", b"", source)) == (403, "AccessDenied")
    assert refusal(s3.put(name + "-theirs", "copy", b"", source)) == (403, "AccessDenied")
    named = [(SOURCE, f"/test:{plain}/object")]
    assert s3.put(plain, "copy", b"", named).status == 200
    assert refusal(other.put(name + "-theirs", "copy", b"", named)) == (403, "AccessDenied")
    other.close()


def test_a_copy_with_a_body_is_refused(s3: S3, plain: str) -> None:
    answer = s3.put(plain, "copy", b"body", [(SOURCE, f"/{plain}/object")])
    assert refusal(answer) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "header",
    [
        ("x-amz-acl", "public-read"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-copy-source-range", "bytes=0-1"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-copy-source-something", "1"),
        ("Range", "bytes=0-1"),
    ],
)
def test_headers_that_a_copy_cannot_honour_are_refused(s3: S3, plain: str, header: tuple[str, str]) -> None:
    assert refusal(copy(s3, plain, "object", "copy", [header])) == (501, "NotImplemented")
    assert s3.head(plain, "copy").status == 404


def test_an_unsigned_source_is_refused(s3: S3, plain: str) -> None:
    """Swift's CVE-2026-71191: a header that nobody signed must not turn a presigned PUT into a copy."""
    signed = s3.presign("PUT", f"/{plain}/copy")
    answer = signed.send(s3.wire, unsigned=[(SOURCE, f"/{plain}/object")])
    assert answer.status == 403
    assert s3.head(plain, "copy").status == 404


def test_versions(s3: S3, plain: str) -> None:
    """An old version is a source by its id. A copy onto itself restores it."""
    enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    digest = [("Content-MD5", base64.b64encode(hashlib.md5(enabled).digest()).decode())]
    assert s3.request("PUT", f"/{plain}", query="versioning", body=enabled, headers=digest).status == 200
    first = s3.put(plain, "object", b"first")["x-amz-version-id"]
    second = s3.put(plain, "object", b"second")["x-amz-version-id"]
    answer = copy(s3, plain, "object")
    assert answer["x-amz-copy-source-version-id"] == second and answer["x-amz-version-id"]
    back = s3.put(plain, "object", b"", [(SOURCE, f"/{plain}/object?versionId={first}")])
    assert back.status == 200, back.text
    assert back["x-amz-copy-source-version-id"] == first
    assert s3.get(plain, "object").body == b"first"
    marker = s3.delete(plain, "object")["x-amz-version-id"]
    assert refusal(copy(s3, plain, "object")) == (404, "NoSuchKey")
    named = s3.put(plain, "copy", b"", [(SOURCE, f"/{plain}/object?versionId={marker}")])
    assert refusal(named) == (400, "InvalidRequest")
    listed = b"<Delete><Object><Key>object</Key></Object><Object><Key>object</Key><VersionId>%s</VersionId></Object></Delete>"
    body = listed % marker.encode()
    digest = [("Content-MD5", base64.b64encode(hashlib.md5(body).digest()).decode())]
    rows = document(s3.request("POST", f"/{plain}", query="delete", body=body, headers=digest)).findall("Deleted")
    assert [row.findtext("DeleteMarker") for row in rows] == ["true", "true"]
    assert marker in [row.findtext("DeleteMarkerVersionId") for row in rows]
