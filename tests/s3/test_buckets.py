"""Buckets: create, inspect, list, delete."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from support import people
from support.s3 import S3, document, error, escape
from support.server import Server


def test_create_head_delete(s3: S3, name: str) -> None:
    created = s3.create_bucket(name)
    assert (created.status, created["Location"]) == (200, f"/{name}")
    assert s3.request("HEAD", f"/{name}")["x-amz-bucket-region"] == "us-east-1"
    assert s3.request("DELETE", f"/{name}").status == 204
    gone = s3.request("DELETE", f"/{name}")
    assert (gone.status, error(gone)["Code"], error(gone)["BucketName"]) == (404, "NoSuchBucket", name)
    assert s3.request("HEAD", f"/{name}").status == 404


def test_a_bucket_is_created_twice(s3: S3, bucket: str) -> None:
    """In us-east-1 S3 answers 200 to an owner who creates a bucket again. In other regions it answers
    BucketAlreadyOwnedByYou."""
    again = s3.create_bucket(bucket)
    assert again.status in (200, 409), again.text
    if again.status == 409:
        assert error(again)["Code"] == "BucketAlreadyOwnedByYou"


@pytest.mark.parametrize(
    "bad", ["ab", "Upper", "under_score", "-dash", "dash-", "a..b", "127.0.0.1", "xn--x", "x" * 64, "a b", "ü" * 4]
)
def test_a_name_that_s3_does_not_allow_is_refused(s3: S3, bad: str) -> None:
    refused = s3.request("PUT", f"/{escape(bad)}")
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidBucketName")


@pytest.mark.parametrize("reserved", ["v1", "v2.0", "v3", "auth", "info", "healthcheck"])
def test_reserved_names_of_swift_are_no_buckets(s3: S3, reserved: str) -> None:
    answer = s3.request("PUT", f"/{reserved}")
    assert answer.status >= 400
    assert reserved not in [e.text for e in document(s3.request("GET", "/")).iter("Name")]


def test_a_location(s3: S3, name: str) -> None:
    body = b"<CreateBucketConfiguration><LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>"
    refused = s3.request("PUT", f"/{name}", body=body % b"mars-1")
    assert refused.status == 400, refused.text
    assert s3.request("HEAD", f"/{name}").status == 404
    refused = s3.request("PUT", f"/{name}", body=b"<not xml")
    assert (refused.status, error(refused)["Code"]) == (400, "MalformedXML")
    assert s3.request("PUT", f"/{name}", body=body % b"us-east-1").status == 200
    location = document(s3.request("GET", f"/{name}", query="location"))
    assert (location.tag, location.text) == ("LocationConstraint", None)


def test_list_buckets_shows_the_callers_own(server: Server, s3: S3, bucket: str) -> None:
    other = S3(server.tls, people.OTHER)
    theirs = f"{bucket}-theirs"
    assert other.create_bucket(theirs).status == 200
    root = document(s3.request("GET", "/"))
    names = [e.text for e in root.findall("Buckets/Bucket/Name")]
    assert bucket in names and theirs not in names
    assert names == sorted(names, key=lambda n: (n or "").encode())
    assert root.findtext("Owner/ID") and root.findtext("Owner/DisplayName") == "test display"
    assert time.strptime(root.findtext("Buckets/Bucket/CreationDate") or "", "%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_expected_owner(s3: S3, bucket: str) -> None:
    owner = document(s3.request("GET", "/")).findtext("Owner/ID") or ""
    query = "list-type=2"
    assert s3.request("GET", f"/{bucket}", query=query, headers=[("x-amz-expected-bucket-owner", "x")]).status == 403
    mine = s3.request("GET", f"/{bucket}", query=query, headers=[("x-amz-expected-bucket-owner", owner)])
    assert mine.status == 200, mine.text


def test_virtual_hosts(fresh: Callable[..., Server]) -> None:
    server = fresh(virtual_hosts="s3.example.com").start()
    client = S3(server.tls, people.OWNER)
    assert client.create_bucket("bucket").status == 200

    def ask(method: str, host: str, path: str, body: bytes = b"", query: str = "") -> int | bytes:
        signed = client.sign(method, path, query=query, headers=[("Host", host)])
        answer = signed.send(client.wire, body)
        return answer.body if method == "GET" and answer.status == 200 else answer.status

    assert ask("PUT", "bucket.s3.example.com", "/v1/object", b"body") == 200
    assert ask("GET", "bucket.s3.example.com", "/v1/object") == b"body"
    assert ask("GET", "BUCKET.S3.Example.com:443", "/v1/object") == b"body"
    assert ask("GET", "s3.example.com", "/bucket/v1/object") == b"body"
    assert client.get("bucket", "v1/object").body == b"body"
    assert ask("GET", "other.s3.example.com", "/v1/object") == 404
    listing = ask("GET", "bucket.s3.example.com", "/", query="list-type=2")
    assert isinstance(listing, bytes) and b"<Key>v1/object</Key>" in listing
