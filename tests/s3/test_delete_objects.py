"""`DeleteObjects`."""

from __future__ import annotations

import base64
import hashlib
from xml.sax.saxutils import escape

import pytest

from support import people
from support.checksums import checksum
from support.keys import CustomerKey, Headers
from support.s3 import S3, document, error
from support.server import Server
from support.wire import Response


def listed(*keys: str, quiet: bool = False, more: str = "") -> bytes:
    objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
    flag = "<Quiet>true</Quiet>" if quiet else ""
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{flag}{objects}{more}</Delete>'.encode()


def md5(body: bytes) -> Headers:
    return [("Content-MD5", base64.b64encode(hashlib.md5(body).digest()).decode())]


def delete(s3: S3, bucket: str, body: bytes, headers: Headers | None = None) -> Response:
    headers = md5(body) if headers is None else headers
    return s3.request("POST", f"/{bucket}", query="delete", body=body, headers=headers)


def outcomes(answer: Response) -> tuple[list[str], list[tuple[str, str]]]:
    """The deleted keys, and the errors."""
    assert answer.status == 200, answer.text
    root = document(answer)
    assert root.tag == "DeleteResult"
    deleted = [row.findtext("Key", "") for row in root.findall("Deleted")]
    return deleted, [(row.findtext("Key", ""), row.findtext("Code", "")) for row in root.findall("Error")]


NAMES = ["a", "a//b", "ü", " space ", "a&b<c>", "../x"]


def test_objects_with_and_without_keys(s3: S3, bucket: str, key: CustomerKey) -> None:
    for number, name in enumerate(NAMES):
        assert s3.put(bucket, name, b"x", key.s3() if number % 2 else []).status == 200
    s3.put(bucket, "stays", b"x")
    answer = delete(s3, bucket, listed(*NAMES, "none"))
    assert outcomes(answer) == ([*NAMES, "none"], []), "an object that does not exist is reported as deleted too"
    assert [row.findtext("Key") for row in s3.list(bucket).findall("Contents")] == ["stays"]


def test_quiet_mode_reports_errors_only(s3: S3, bucket: str) -> None:
    s3.put(bucket, "a", b"x")
    assert outcomes(delete(s3, bucket, listed("a", "k" * 1025, quiet=True))) == ([], [("k" * 1025, "KeyTooLongError")])
    assert s3.head(bucket, "a").status == 404


def test_a_thousand_objects_are_deleted(s3: S3, bucket: str) -> None:
    names = [f"{number:04}" for number in range(1000)]
    for name in names[::50]:
        s3.put(bucket, name, b"x")
    assert outcomes(delete(s3, bucket, listed(*names))) == (names, [])
    assert s3.list(bucket).findtext("KeyCount") == "0"
    answer = delete(s3, bucket, listed(*names, "one more"))
    assert (answer.status, error(answer)["Code"]) == (400, "MalformedXML")


def test_the_checksum_of_the_list_is_verified(s3: S3, bucket: str) -> None:
    s3.put(bucket, "a", b"x")
    body = listed("a")
    missing = delete(s3, bucket, body, [])
    assert (missing.status, error(missing)["Code"]) == (400, "InvalidRequest")
    assert error(missing)["Message"] == "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
    for headers in (md5(b"other"), [("x-amz-checksum-crc32", checksum("CRC32", b"other"))]):
        wrong = delete(s3, bucket, body, headers)
        assert (wrong.status, error(wrong)["Code"]) == (400, "BadDigest")
    assert s3.head(bucket, "a").status == 200
    headers = [("x-amz-checksum-crc32", checksum("CRC32", body)), ("x-amz-sdk-checksum-algorithm", "CRC32")]
    assert outcomes(delete(s3, bucket, body, headers)) == (["a"], [])


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<Delete/>", b"<Delete><Object/></Delete>", b"<Delete>", b"\xff"])
def test_malformed_lists_are_refused(s3: S3, bucket: str, body: bytes) -> None:
    answer = delete(s3, bucket, body)
    assert (answer.status, error(answer)["Code"]) == (400, "MalformedXML")


def test_each_row_has_its_own_version_and_conditions(s3: S3, bucket: str) -> None:
    etag = s3.put(bucket, "matches", b"x")["ETag"]
    for name in ("differs", "null", "other", "sized"):
        s3.put(bucket, name, b"x")
    more = (
        f"<Object><Key>matches</Key><ETag>{escape(etag)}</ETag></Object>"
        "<Object><Key>differs</Key><ETag>x</ETag></Object>"
        "<Object><Key>null</Key><VersionId>null</VersionId></Object>"
        "<Object><Key>other</Key><VersionId>3/L4kqtJl</VersionId></Object>"
        "<Object><Key>sized</Key><Size>1</Size></Object>"
    )
    deleted, failed = outcomes(delete(s3, bucket, listed(more=more)))
    assert deleted == ["matches", "null"]
    assert failed == [("differs", "PreconditionFailed"), ("other", "NoSuchVersion"), ("sized", "NotImplemented")]
    for name, status in [("matches", 404), ("null", 404), ("differs", 200), ("other", 200), ("sized", 200)]:
        assert s3.head(bucket, name).status == status, name


def test_missing_buckets_and_strangers(server: Server, s3: S3, bucket: str) -> None:
    s3.put(bucket, "a", b"x")
    missing = delete(s3, bucket + "-none", listed("a"))
    assert (missing.status, error(missing)["Code"]) == (404, "NoSuchBucket")
    other = S3(server.tls, people.OTHER)
    assert outcomes(delete(other, bucket, listed("a"))) == ([], [("a", "AccessDenied")])
    other.close()
    headers = [*md5(listed("a")), ("Content-Length", str(len(listed("a"))))]
    anonymous = s3.wire.request("POST", f"/{bucket}?delete", headers, listed("a"))
    assert (anonymous.status, error(anonymous)["Code"]) == (403, "AccessDenied")
    owner = delete(s3, bucket, listed("a"), [*md5(listed("a")), ("x-amz-expected-bucket-owner", "test2")])
    assert owner.status == 403
    assert s3.head(bucket, "a").status == 200
