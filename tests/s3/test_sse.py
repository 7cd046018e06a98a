"""Encryption in S3's answers: with a key, without one, and where S3 has a feature that we do not have."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support.keys import S3 as PREFIX
from support.keys import CustomerKey
from support.s3 import S3, document, error

SSE = "x-amz-server-side-encryption"


def test_answers_name_the_algorithm_and_the_md5_of_the_key(s3: S3, bucket: str, key: CustomerKey) -> None:
    for response in (
        s3.put(bucket, "object", b"body", key.s3()),
        s3.get(bucket, "object", key.s3()),
        s3.head(bucket, "object", key.s3()),
        s3.get(bucket, "object", [("Range", "bytes=1-1"), *key.s3()]),
    ):
        assert response[PREFIX + "algorithm"] == "AES256"
        assert response[PREFIX + "key-MD5"] == key.md5
        assert SSE not in response
        assert PREFIX + "key" not in response


@pytest.mark.parametrize("asked", [[], [(SSE, "AES256")]], ids=["default", "asked"])
def test_all_other_objects_have_sse_s3(s3: S3, bucket: str, asked: list[tuple[str, str]]) -> None:
    for response in (
        s3.put(bucket, "object", b"body", asked),
        s3.get(bucket, "object"),
        s3.head(bucket, "object"),
    ):
        assert response.status == 200
        assert response[SSE] == "AES256"
        assert PREFIX + "algorithm" not in response


def test_sse_kms_is_refused(s3: S3, bucket: str) -> None:
    refused = s3.put(bucket, "object", b"body", [(SSE, "aws:kms")])
    assert refused.status in (400, 501), refused.text
    assert s3.head(bucket, "object").status == 404


def test_an_unknown_method_is_refused(s3: S3, bucket: str) -> None:
    refused = s3.put(bucket, "object", b"body", [(SSE, "ROT13")])
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidArgument")
    assert error(refused)["Message"] == "The encryption method specified is not supported"


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_method_on_reads_is_refused(s3: S3, bucket: str, key: CustomerKey, method: str, sealed: bool) -> None:
    headers = key.s3() if sealed else []
    assert s3.put(bucket, "object", b"body", headers).status == 200
    assert s3.request(method, f"/{bucket}/object", headers=[(SSE, "AES256"), *headers]).status == 400


def test_the_default_encryption_of_a_bucket_is_returned(s3: S3, bucket: str) -> None:
    rules = document(s3.request("GET", f"/{bucket}", query="encryption"))
    assert [e.text for e in rules.iter("SSEAlgorithm")] == ["AES256"]
    assert [e.text for e in rules.iter("BucketKeyEnabled")] == ["false"]


@pytest.mark.parametrize("parameter", ["key", "key-MD5", "algorithm"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_key_in_the_query_is_refused(s3: S3, bucket: str, key: CustomerKey, method: str, parameter: str) -> None:
    values = {"key": key.base64, "key-MD5": key.md5, "algorithm": "AES256"}
    query = f"{PREFIX}{parameter}={quote(values[parameter], safe='')}"
    refused = s3.request(method, f"/{bucket}/object", query=query)
    assert refused.status == 400
    assert quote(values["key"], safe="") not in refused.text and key.base64 not in refused.text
    assert s3.head(bucket, "object").status == 404
