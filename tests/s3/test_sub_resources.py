"""Sub-resources that clients probe have the true answer "not configured". Missing operations answer 501 with
their names."""

from __future__ import annotations

import tomllib

import pytest

from support import places
from support.s3 import S3, document, error

# Sub-resource → the root element of the answer and a text in it, or the code of the 404.
PROBES: list[tuple[str, str, str]] = [
    ("versioning", "VersioningConfiguration", ""),
    ("acl", "AccessControlPolicy", "FULL_CONTROL"),
    ("encryption", "ServerSideEncryptionConfiguration", "AES256"),
    ("location", "LocationConstraint", ""),
    ("logging", "BucketLoggingStatus", ""),
    ("notification", "NotificationConfiguration", ""),
    ("requestPayment", "RequestPaymentConfiguration", "BucketOwner"),
    ("accelerate", "AccelerateConfiguration", ""),
    ("policyStatus", "404", "NoSuchBucketPolicy"),
    ("policy", "404", "NoSuchBucketPolicy"),
    ("tagging", "404", "NoSuchTagSet"),
    ("lifecycle", "404", "NoSuchLifecycleConfiguration"),
    ("cors", "404", "NoSuchCORSConfiguration"),
    ("website", "404", "NoSuchWebsiteConfiguration"),
    ("replication", "404", "ReplicationConfigurationNotFoundError"),
    ("object-lock", "404", "ObjectLockConfigurationNotFoundError"),
]


@pytest.mark.parametrize(("sub", "root", "text"), PROBES, ids=lambda value: value or "-")
def test_a_bucket_without_configuration(s3: S3, bucket: str, sub: str, root: str, text: str) -> None:
    answer = s3.request("GET", f"/{bucket}", query=sub)
    if root == "404":
        assert (answer.status, error(answer)["Code"]) == (404, text)
    else:
        assert answer.status == 200, answer.text
        assert document(answer).tag == root
        assert text in answer.text
        assert "<Status>" not in answer.text, "nothing is enabled"


@pytest.mark.parametrize("sub", [row[0] for row in PROBES])
def test_a_missing_bucket_is_reported_first(s3: S3, name: str, sub: str) -> None:
    answer = s3.request("GET", f"/{name}", query=sub)
    assert (answer.status, error(answer)["Code"]) == (404, "NoSuchBucket")


@pytest.mark.parametrize(
    ("sub", "status", "text"),
    [("acl", 200, "FULL_CONTROL"), ("tagging", 200, "TagSet"), ("retention", 400, ""), ("legal-hold", 400, "")],
)
def test_an_object_without_configuration(s3: S3, bucket: str, sub: str, status: int, text: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    answer = s3.get(bucket, "object", query=sub)
    assert answer.status in (status, 404) and text in answer.text, answer.text
    missing = s3.get(bucket, "none", query=sub)
    assert missing.status in (status, 404) and (missing.status != 200), missing.text


def not_served() -> list[tuple[str, str, str, str]]:
    """The reference's requests for missing operations: method, path with query, header, name."""
    rows = tomllib.loads((places.ROOT / "api-specs" / "conformance.toml").read_text())["operation"]
    refused = {row["name"] for row in rows if row["face"] == "s3" and row["status"] == "refused"}
    lines = (places.ROOT / "tests" / "vectors" / "s3" / "reference.txt").read_text().splitlines()
    requests = [tuple(line.split(" ")) for line in lines if not line.startswith("#")]
    found = [row for row in requests if row[3] in refused]
    assert {row[3] for row in found} == refused, "the reference has a request for each"
    return found


@pytest.mark.parametrize(("method", "uri", "header", "operation"), not_served(), ids=lambda value: None)
def test_every_missing_operation_is_named(
    s3: S3, bucket: str, method: str, uri: str, header: str, operation: str
) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    path, _, query = uri.partition("?")
    path = path.replace("example-bucket", bucket).replace("photos/2006/puppy.jpg", "object")
    headers = [] if header == "-" else [(header, "x")]
    body = b"<x/>" if method in ("PUT", "POST") else b""
    answer = s3.request(method, path, query=query, headers=headers, body=body)
    assert (answer.status, error(answer)["Code"]) == (501, "NotImplemented"), answer.text
    assert error(answer)["Operation"] == operation
    assert s3.get(bucket, "object").body == b"body", "the request does nothing"


def test_a_preflight_is_refused(s3: S3, bucket: str) -> None:
    """There are no CORS rules: no origin is allowed, and the answer says so."""
    headers = [("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET")]
    answer = s3.wire.request("OPTIONS", f"/{bucket}/object", headers)
    assert (answer.status, error(answer)["Code"]) == (403, "AccessForbidden")
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-amz-tagging", "a=b"),
        ("x-amz-acl", "public-read"),
        ("x-amz-grant-read", 'id="x"'),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-object-lock-legal-hold", "ON"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-write-offset-bytes", "4"),
    ],
)
def test_headers_that_cannot_be_honoured_are_refused(s3: S3, bucket: str, header: str, value: str) -> None:
    answer = s3.put(bucket, "object", b"body", [(header, value)])
    assert answer.status in (400, 501), answer.text
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize(("method", "query"), [("GET", "unknown-thing"), ("PUT", "unknown"), ("DELETE", "unknown=1")])
def test_an_unknown_query_is_refused(s3: S3, bucket: str, method: str, query: str) -> None:
    """A request for an unknown operation must not become a known one: `DELETE ?newthing` is no
    DeleteBucket."""
    answer = s3.request(method, f"/{bucket}", query=query)
    assert answer.status in (400, 501), answer.text
    assert s3.request("HEAD", f"/{bucket}").status == 200


@pytest.mark.parametrize("method", ["PATCH", "COPY", "FOO", "POST"])
def test_an_unknown_method_is_refused(s3: S3, bucket: str, method: str) -> None:
    answer = s3.request(method, f"/{bucket}/object")
    assert (answer.status, error(answer)["Code"]) in [(405, "MethodNotAllowed"), (501, "NotImplemented")]
