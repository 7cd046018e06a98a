"""PutObject, GetObject, HeadObject and DeleteObject, without encryption."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from support import people
from support.keys import CustomerKey
from support.s3 import S3, error
from support.server import Server
from support.wire import Connection

BODY = bytes(range(256)) * 1000


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def keyed(request: pytest.FixtureRequest, key: CustomerKey) -> list[tuple[str, str]]:
    return key.s3() if request.param else []


@pytest.fixture
def stored(s3: S3, bucket: str, keyed: list[tuple[str, str]]) -> str:
    assert s3.put(bucket, "object", BODY, [("Content-Type", "text/plain"), *keyed]).status == 200
    return bucket


def test_a_get_has_all_headers(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    got = s3.get(stored, "object", keyed)
    assert (got.status, got.body) == (200, BODY)
    assert got["Accept-Ranges"] == "bytes"
    assert got["Content-Type"] == "text/plain"
    assert got["Content-Length"] == str(len(BODY))
    assert abs(parsedate_to_datetime(got["Last-Modified"]).timestamp() - time.time()) < 3600
    assert got["x-amz-request-id"]
    assert "x-amz-version-id" not in got, "the bucket keeps no versions"


def test_the_default_content_type(s3: S3, bucket: str) -> None:
    assert s3.put(bucket, "object", b"").status == 200
    assert s3.get(bucket, "object")["Content-Type"] == "binary/octet-stream"


@pytest.mark.parametrize("header", ["abc", "bytes=", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=--1"])
def test_a_malformed_range_is_ignored(s3: S3, stored: str, keyed: list[tuple[str, str]], header: str) -> None:
    got = s3.get(stored, "object", [("Range", header), *keyed])
    assert (got.status, len(got.body)) == (200, len(BODY))
    assert "Content-Range" not in got


@pytest.mark.parametrize("header", [f"bytes={len(BODY)}-", "bytes=-0", "bytes=999999999-"])
def test_a_range_outside_the_object_is_refused(s3: S3, stored: str, keyed: list[tuple[str, str]], header: str) -> None:
    got = s3.get(stored, "object", [("Range", header), *keyed])
    assert (got.status, error(got)["Code"]) == (416, "InvalidRange")
    assert got["Content-Range"] == f"bytes */{len(BODY)}"


def test_a_head_with_a_range(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    head = s3.head(stored, "object", [("Range", "bytes=10-19"), *keyed])
    assert (head.status, head["Content-Length"], head["Content-Range"]) == (206, "10", f"bytes 10-19/{len(BODY)}")


def test_conditions(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    head = s3.head(stored, "object", keyed)
    etag, modified = head["ETag"], parsedate_to_datetime(head["Last-Modified"])
    before = format_datetime(modified - timedelta(seconds=10), usegmt=True)
    after = format_datetime(modified + timedelta(seconds=1), usegmt=True)
    table: list[tuple[list[tuple[str, str]], int]] = [
        ([("If-Match", etag)], 200),
        ([("If-Match", etag.strip('"'))], 200),
        ([("If-Match", "*")], 200),
        ([("If-Match", f'"x", {etag}')], 200),
        ([("If-Match", '"x"')], 412),
        ([("If-None-Match", etag)], 304),
        ([("If-None-Match", "*")], 304),
        ([("If-None-Match", '"x"')], 200),
        ([("If-Modified-Since", before)], 200),
        ([("If-Modified-Since", head["Last-Modified"])], 304),
        ([("If-Unmodified-Since", after)], 200),
        ([("If-Unmodified-Since", before)], 412),
        ([("If-Match", etag), ("If-Unmodified-Since", before)], 200),
        ([("If-None-Match", '"x"'), ("If-Modified-Since", after)], 200),
        ([("If-None-Match", etag), ("If-Modified-Since", before)], 304),
        ([("If-Modified-Since", "not a date")], 200),
    ]
    for conditions, status in table:
        got = s3.get(stored, "object", [*conditions, *keyed])
        assert got.status == status, (conditions, got.body[:200])
        assert s3.head(stored, "object", [*conditions, *keyed]).status == status, conditions
        if status == 304:
            assert (got.body, got["ETag"]) == (b"", etag), conditions
        if status == 412:
            assert error(got)["Code"] == "PreconditionFailed"


def test_a_range_together_with_conditions(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    etag = s3.head(stored, "object", keyed)["ETag"]
    assert s3.get(stored, "object", [("Range", "bytes=0-1"), ("If-Match", etag), *keyed]).status == 206
    assert s3.get(stored, "object", [("Range", "bytes=0-1"), ("If-Match", '"x"'), *keyed]).status == 412
    assert s3.get(stored, "object", [("Range", "bytes=0-1"), ("If-Range", etag), *keyed]).status == 206
    whole = s3.get(stored, "object", [("Range", "bytes=0-1"), ("If-Range", '"x"'), *keyed])
    assert (whole.status, len(whole.body)) == (200, len(BODY))


OVERRIDES = {
    "response-content-type": ("Content-Type", "text/x-other"),
    "response-content-language": ("Content-Language", "la"),
    "response-expires": ("Expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
    "response-cache-control": ("Cache-Control", "no-cache"),
    "response-content-disposition": ("Content-Disposition", "attachment"),
    "response-content-encoding": ("Content-Encoding", "x-mine"),
}


@pytest.mark.parametrize("parameter", OVERRIDES)
def test_overrides_of_the_answers_headers(s3: S3, stored: str, keyed: list[tuple[str, str]], parameter: str) -> None:
    name, value = OVERRIDES[parameter]
    query = f"{parameter}={value.replace(' ', '%20').replace(',', '%2C').replace(':', '%3A').replace('/', '%2F')}"
    got = s3.get(stored, "object", keyed, query=query)
    assert (got.status, got[name], got.body) == (200, value, BODY)
    assert s3.get(stored, "object", keyed).get(name) != value, "an override changes one answer only"


def test_an_override_cannot_split_the_answer(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    got = s3.get(stored, "object", keyed, query="response-content-type=a%0D%0AX-Evil%3A%201")
    assert "X-Evil" not in got
    assert got.status in (200, 400)


def test_conditional_writes(s3: S3, bucket: str, keyed: list[tuple[str, str]]) -> None:
    etag = s3.put(bucket, "object", b"1", [("If-None-Match", "*"), *keyed])["ETag"]
    refused = s3.put(bucket, "object", b"2", [("If-None-Match", "*"), *keyed])
    assert (refused.status, error(refused)["Code"]) == (412, "PreconditionFailed")
    refused = s3.put(bucket, "object", b"2", [("If-Match", '"other"'), *keyed])
    assert (refused.status, error(refused)["Code"]) == (412, "PreconditionFailed")
    assert s3.get(bucket, "object", keyed).body == b"1"
    assert s3.put(bucket, "object", b"2", [("If-Match", etag), *keyed]).status == 200
    assert s3.put(bucket, "object", b"3", [("If-Match", etag), *keyed]).status == 412
    refused = s3.put(bucket, "none", b"1", [("If-Match", etag), *keyed])
    assert (refused.status, error(refused)["Code"]) == (404, "NoSuchKey")


def test_delete_is_idempotent(s3: S3, stored: str) -> None:
    for _ in range(2):
        assert s3.delete(stored, "object").status == 204
    gone = s3.get(stored, "object")
    assert (gone.status, error(gone)["Code"], error(gone)["Key"]) == (404, "NoSuchKey", "object")


def test_a_missing_bucket_is_not_found(s3: S3, name: str) -> None:
    for response in (s3.get(name, "object"), s3.put(name, "object", b"body"), s3.delete(name, "object")):
        assert (response.status, error(response)["Code"]) == (404, "NoSuchBucket")
    assert s3.head(name, "object")["x-amz-error-code"] == "NoSuchBucket"


def test_a_key_that_is_too_long_is_refused(s3: S3, bucket: str) -> None:
    refused = s3.put(bucket, "k" * 1025)
    assert (refused.status, error(refused)["Code"]) == (400, "KeyTooLongError")


@pytest.mark.parametrize("path", ["%ff", "%zz", "a%00b", "%"])
def test_a_path_that_is_not_utf_8_is_refused(s3: S3, bucket: str, path: str) -> None:
    answer = s3.request("GET", f"/{bucket}/{path}")
    assert answer.status in (400, 404), answer.text


def test_an_encoded_slash_is_a_slash(s3: S3, bucket: str) -> None:
    assert s3.request("PUT", f"/{bucket}/a%2Fb", body=b"body").status == 200
    assert s3.get(bucket, "a/b").body == b"body"
    assert s3.request("GET", f"/{bucket}/a%2fb").body == b"body"


def test_a_plus_in_a_path_is_a_plus(s3: S3, bucket: str) -> None:
    assert s3.request("PUT", f"/{bucket}/a+b", body=b"plus").status == 200
    assert s3.get(bucket, "a+b").body == b"plus"
    assert s3.get(bucket, "a b").status == 404


def test_too_much_metadata_is_refused(s3: S3, bucket: str) -> None:
    refused = s3.put(bucket, "object", b"", [("x-amz-meta-big", "x" * 2049)])
    assert (refused.status, error(refused)["Code"]) == (400, "MetadataTooLarge")


def test_expect_100_continue(s3: S3, bucket: str) -> None:
    for path, interim, status in [(f"/{bucket}/object", [100], 200), (f"/{bucket}-none/object", [], 404)]:
        signed = s3.sign("PUT", path)
        with Connection(s3.address) as connection:
            headers = [("Host", s3.address.authority), *signed.headers]
            connection.head("PUT", path, [*headers, ("Content-Length", "4"), ("Expect", "100-continue")])
            if interim:
                # The body is sent only on the server's request: nothing else could make the server answer.
                connection.send(b"body")
            answer = connection.answer("PUT")
        assert (answer.status, answer.interim) == (status, interim), answer.text


def test_a_put_without_a_length_is_refused(s3: S3, bucket: str) -> None:
    signed = s3.sign("PUT", f"/{bucket}/object")
    answer = signed.send(s3.wire, b"4\r\nbody\r\n0\r\n\r\n", unsigned=[("Transfer-Encoding", "chunked")])
    assert (answer.status, error(answer)["Code"]) == (411, "MissingContentLength")


def test_a_body_over_the_limit_is_refused(fresh: Callable[..., Server]) -> None:
    server = fresh(max_put_bytes=1000).start()
    client = S3(server.tls, people.OWNER)
    assert client.create_bucket("bucket").status == 200
    assert client.put("bucket", "object", b"x" * 1000).status == 200
    refused = client.put("bucket", "object", b"x" * 1001)
    assert (refused.status, error(refused)["Code"]) == (400, "EntityTooLarge")


def test_the_version_null_is_the_object(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    assert s3.get(stored, "object", keyed, query="versionId=null").body == BODY
    missing = s3.get(stored, "object", keyed, query="versionId=1234")
    assert missing.status in (400, 404), missing.text
    assert error(missing)["Code"] in ("NoSuchVersion", "InvalidArgument")


def test_part_one_is_the_whole(s3: S3, stored: str, keyed: list[tuple[str, str]]) -> None:
    got = s3.get(stored, "object", keyed, query="partNumber=1")
    assert (got.status, got.body) == (206, BODY)
    missing = s3.get(stored, "object", keyed, query="partNumber=2")
    assert (missing.status, error(missing)["Code"]) == (416, "InvalidPartNumber")


def test_a_write_moves_last_modified(s3: S3, bucket: str) -> None:
    s3.put(bucket, "object", b"1")
    first = s3.list(bucket).findtext("Contents/LastModified") or ""
    s3.put(bucket, "object", b"2")
    second = s3.list(bucket).findtext("Contents/LastModified") or ""
    assert datetime.fromisoformat(first) <= datetime.fromisoformat(second)
    assert datetime.fromisoformat(second).tzinfo == timezone.utc
