"""Signatures in headers and in the query, clocks, and the headers that must be signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from support import people
from support.keys import CustomerKey
from support.s3 import S3, UNSIGNED, error
from support.wire import Response

NOW_ISH = timedelta(minutes=5)
OFF = timedelta(minutes=16)


def refused(response: Response, *codes: str) -> None:
    assert response.status == 403, response.text
    assert error(response)["Code"] in codes


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("shift", [-NOW_ISH, NOW_ISH])
def test_a_clock_slightly_off_is_accepted(s3: S3, bucket: str, shift: timedelta) -> None:
    signed = s3.sign("GET", f"/{bucket}", query="list-type=2", when=now() + shift)
    assert signed.send(s3.wire).status == 200


@pytest.mark.parametrize("shift", [-OFF, OFF, timedelta(days=-1), timedelta(days=365)])
def test_a_clock_far_off_is_refused(s3: S3, bucket: str, shift: timedelta) -> None:
    refused(s3.sign("GET", f"/{bucket}", when=now() + shift).send(s3.wire), "RequestTimeTooSkewed")


def test_an_unknown_access_key_is_refused(s3: S3, bucket: str) -> None:
    stranger = S3(s3.address, replace(people.OWNER, account="nobody"))
    refused(stranger.get(bucket, "object"), "InvalidAccessKeyId")


def test_a_wrong_secret_is_refused(s3: S3, bucket: str) -> None:
    liar = S3(s3.address, replace(people.OWNER, password="wrong"))
    answer = liar.get(bucket, "object")
    refused(answer, "SignatureDoesNotMatch")
    assert "CanonicalRequest" not in answer.text, "the answer would repeat the headers with the key"


@pytest.mark.parametrize(
    "tampered", ["method", "path", "query", "header", "date", "signature", "signed-headers", "scope"]
)
def test_a_changed_request_is_refused(s3: S3, bucket: str, tampered: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    signed = s3.sign("GET", f"/{bucket}/object", query="response-expires=x", headers=[("x-amz-checksum-mode", "ENABLED")])
    headers = dict(signed.headers)
    if tampered == "method":
        signed.method = "DELETE"
    elif tampered == "path":
        signed.target = signed.target.replace("object", "other")
    elif tampered == "query":
        signed.target = signed.target.replace("=x", "=y")
    elif tampered == "header":
        headers["x-amz-checksum-mode"] = "DISABLED"
    elif tampered == "date":
        headers["X-Amz-Date"] = (now() - timedelta(minutes=2)).strftime("%Y%m%dT%H%M%SZ")
    elif tampered == "signature":
        headers["Authorization"] = headers["Authorization"][:-1] + ("0" if headers["Authorization"][-1] != "0" else "1")
    elif tampered == "signed-headers":
        headers["Authorization"] = headers["Authorization"].replace("x-amz-checksum-mode;", "")
    elif tampered == "scope":
        headers["Authorization"] = headers["Authorization"].replace("/us-east-1/", "/eu-west-1/")
    signed.headers = list(headers.items())
    answer = signed.send(s3.wire)
    assert answer.status in (400, 403), answer.text
    assert answer.body != b"body"
    assert s3.get(bucket, "object").body == b"body"


@pytest.mark.parametrize(
    "unsigned",
    [
        ("x-amz-copy-source", "/other/object"),
        ("x-amz-meta-color", "blue"),
        ("x-amz-acl", "private"),
        ("x-amz-server-side-encryption", "AES256"),
        ("X-Amz-Storage-Class", "STANDARD"),
    ],
)
@pytest.mark.parametrize("way", ["header", "query"])
def test_an_unsigned_x_amz_header_is_refused(s3: S3, bucket: str, way: str, unsigned: tuple[str, str]) -> None:
    sign = s3.sign if way == "header" else s3.presign
    refused(sign("PUT", f"/{bucket}/object").send(s3.wire, b"body", unsigned=[unsigned]), "AccessDenied", "SignatureDoesNotMatch")
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("way", ["header", "query"])
def test_unsigned_customer_keys_are_refused(s3: S3, bucket: str, key: CustomerKey, way: str) -> None:
    sign = s3.sign if way == "header" else s3.presign
    answer = sign("PUT", f"/{bucket}/object").send(s3.wire, b"body", unsigned=key.s3())
    refused(answer, "AccessDenied", "SignatureDoesNotMatch")
    assert s3.head(bucket, "object").status == 404


def test_another_host_than_the_signed_one_is_refused(s3: S3, bucket: str) -> None:
    signed = s3.sign("GET", f"/{bucket}")
    signed.headers.append(("Host", "elsewhere.example.com"))
    refused(signed.send(s3.wire), "SignatureDoesNotMatch")


def test_an_absolute_url_of_another_host_is_refused(s3: S3, bucket: str) -> None:
    """The host in the URL counts, so this host must be signed: in virtual-host style it names the bucket."""
    s3.put(bucket, "key", b"body")
    signed = s3.presign("GET", f"/{bucket}/key")
    own = replace(signed, target=s3.address.url + signed.target)
    assert own.send(s3.wire).body == b"body"
    other = replace(signed, target=f"https://another.example.com{signed.target}")
    refused(other.send(s3.wire, unsigned=[("Host", s3.address.authority)]), "SignatureDoesNotMatch")


def test_a_presigned_get_and_put(s3: S3, bucket: str) -> None:
    assert s3.presign("PUT", f"/{bucket}/object").send(s3.wire, b"body").status == 200
    got = s3.presign("GET", f"/{bucket}/object").send(s3.wire)
    assert (got.status, got.body) == (200, b"body")
    head = s3.presign("HEAD", f"/{bucket}/object").send(s3.wire)
    assert (head.status, head["Content-Length"]) == (200, "4")


def test_a_presigned_request_with_a_customers_key(s3: S3, bucket: str, key: CustomerKey) -> None:
    """The key goes in headers that the signature names, and never in the URL."""
    put = s3.presign("PUT", f"/{bucket}/object", headers=key.s3())
    assert key.base64 not in put.target and key.md5 not in put.target
    assert put.send(s3.wire, b"body").status == 200
    got = s3.presign("GET", f"/{bucket}/object", headers=key.s3()).send(s3.wire)
    assert (got.status, got.body) == (200, b"body")
    without = s3.presign("GET", f"/{bucket}/object").send(s3.wire)
    assert (without.status, error(without)["Code"]) == (400, "InvalidRequest")
    signed = s3.presign("GET", f"/{bucket}/object", headers=key.s3())
    signed.headers = [(name, value) for name, value in signed.headers if "customer" not in name]
    assert signed.send(s3.wire).status in (400, 403), "signed headers that do not come"


def test_a_presigned_request_for_another_method_or_object_is_refused(s3: S3, bucket: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    signed = s3.presign("GET", f"/{bucket}/object")
    signed.method = "DELETE"
    refused(signed.send(s3.wire), "SignatureDoesNotMatch")
    signed = s3.presign("GET", f"/{bucket}/object")
    signed.target = signed.target.replace("/object?", "/other?")
    refused(signed.send(s3.wire), "SignatureDoesNotMatch")


def test_an_expired_presigned_request_is_refused(s3: S3, bucket: str) -> None:
    signed = s3.presign("GET", f"/{bucket}/object", when=now() - timedelta(minutes=2), expires=60)
    refused(signed.send(s3.wire), "AccessDenied")
    signed = s3.presign("GET", f"/{bucket}", query="list-type=2", when=now() - timedelta(minutes=30), expires=3600)
    assert signed.send(s3.wire).status == 200, "a presigned request may be older than a signed one"


@pytest.mark.parametrize("expires", [0, -1, 604801])
def test_a_presigned_request_with_a_bad_lifetime_is_refused(s3: S3, bucket: str, expires: int) -> None:
    answer = s3.presign("GET", f"/{bucket}/object", expires=expires).send(s3.wire)
    assert answer.status in (400, 403), answer.text
    assert error(answer)["Code"] in ("AuthorizationQueryParametersError", "AccessDenied")


def test_a_presigned_request_from_the_future_is_refused(s3: S3, bucket: str) -> None:
    answer = s3.presign("GET", f"/{bucket}/object", when=now() + OFF).send(s3.wire)
    assert answer.status in (400, 403), answer.text


def test_two_signatures_are_refused(s3: S3, bucket: str) -> None:
    presigned = s3.presign("GET", f"/{bucket}", query="list-type=2")
    header = dict(s3.sign("GET", f"/{bucket}", query="list-type=2").headers)["Authorization"]
    assert presigned.send(s3.wire, unsigned=[("Authorization", header)]).status == 400


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "AWS test:tester:c2lnbmF0dXJl",
        "Bearer token",
        "Basic dGVzdDp0ZXN0",
    ],
)
def test_malformed_authorization_headers_are_refused(s3: S3, bucket: str, authorization: str) -> None:
    headers = [("Authorization", authorization), ("X-Amz-Content-SHA256", UNSIGNED)]
    answer = s3.wire.request("GET", f"/{bucket}/object", headers)
    assert answer.status in (400, 403), answer.text
    assert error(answer)["Code"]
