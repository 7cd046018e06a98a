"""`aws` and boto3 as people use them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from support.cli import Cli
from support.keys import CustomerKey


def test_buckets(cli: Cli, name: str) -> None:
    cli.run("aws", "s3", "mb", f"s3://{name}")
    assert name in cli.run("aws", "s3", "ls").stdout
    assert name in [row["Name"] for row in cli.json("aws", "s3api", "list-buckets")["Buckets"]]
    cli.run("aws", "s3api", "head-bucket", "--bucket", name)
    location = cli.json("aws", "s3api", "get-bucket-location", "--bucket", name)
    assert location == {"LocationConstraint": None}
    cli.run("aws", "s3", "rb", f"s3://{name}")
    assert "404" in cli.fails("aws", "s3api", "head-bucket", "--bucket", name)


def test_cp_uploads_and_downloads(cli: Cli, file: Path, bucket: str) -> None:
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/a b/ü+%.txt")
    cli.run("aws", "s3", "cp", f"s3://{bucket}/a b/ü+%.txt", "back")
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    assert "a b/" in cli.run("aws", "s3", "ls", f"s3://{bucket}").stdout


def test_sync_uploads_and_downloads(cli: Cli, bucket: str) -> None:
    tree = {"one.txt": b"1", "sub/two.bin": b"2" * 70000, "sub/deep/three": b""}
    for path, body in tree.items():
        (cli.folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (cli.folder / "tree" / path).write_bytes(body)
    cli.run("aws", "s3", "sync", "tree", f"s3://{bucket}/tree")
    cli.run("aws", "s3", "sync", f"s3://{bucket}/tree", "back")
    for path, body in tree.items():
        assert (cli.folder / "back" / path).read_bytes() == body
    assert "upload" not in cli.run("aws", "s3", "sync", "tree", f"s3://{bucket}/tree").stdout, "nothing has changed"


def test_s3api_with_a_customers_key(cli: Cli, file: Path, key_file: str, bucket: str, key: CustomerKey) -> None:
    sse = ["--sse-customer-algorithm", "AES256", "--sse-customer-key", key_file]
    where = ["--bucket", bucket, "--key", "object"]
    put = cli.json("aws", "s3api", "put-object", *where, "--body", file, *sse)
    assert put["SSECustomerAlgorithm"] == "AES256" and put["SSECustomerKeyMD5"] == key.md5
    assert "ServerSideEncryption" not in put
    assert put["ETag"].strip('"') != hashlib.md5(file.read_bytes()).hexdigest()
    head = cli.json("aws", "s3api", "head-object", *where, *sse)
    assert head["ContentLength"] == 200000
    cli.run("aws", "s3api", "get-object", *where, *sse, "--range", "bytes=65530-131080", "part")
    assert (cli.folder / "part").read_bytes() == file.read_bytes()[65530:131081]


def test_a_presigned_url_works_without_credentials(cli: Cli, file: Path, bucket: str) -> None:
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/file.txt")
    # Version 1 of the command line signs with the old SigV2 by default. `credentials.env` changes that; this
    # test does not.
    cli.run("aws", "configure", "set", "default.s3.signature_version", "s3v4")
    url = cli.run("aws", "s3", "presign", f"s3://{bucket}/file.txt").stdout.strip()
    cli.run("curl", "-sSf", "--cacert", cli.server.ca, "-o", "back", url)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_boto3_checksums(boto: Any, bucket: str, key: CustomerKey, algorithm: str) -> None:
    """boto3 sends the checksum in a trailer over TLS, and verifies it on the way back."""
    if algorithm in ("CRC32C", "CRC64NVME"):
        # botocore computes these two with awscrt only; the tests with raw requests send them.
        with pytest.raises(botocore.exceptions.MissingDependencyException):
            boto.put_object(Bucket=bucket, Key="object", Body=b"body", ChecksumAlgorithm=algorithm)
        return
    put = boto.put_object(
        Bucket=bucket, Key="object", Body=b"body" * 5000, ChecksumAlgorithm=algorithm, **key.s3_parameters()
    )
    field = f"Checksum{algorithm}"
    assert put[field]
    got = boto.get_object(Bucket=bucket, Key="object", ChecksumMode="ENABLED", **key.s3_parameters())
    assert got["Body"].read() == b"body" * 5000
    assert got[field] == put[field]


def test_boto3_keeps_metadata_and_conditions(boto: Any, bucket: str) -> None:
    put = boto.put_object(
        Bucket=bucket, Key="k", Body=b"1", Metadata={"color": "blue"}, ContentType="text/plain", IfNoneMatch="*"
    )
    head = boto.head_object(Bucket=bucket, Key="k", IfMatch=put["ETag"])
    assert (head["Metadata"], head["ContentType"]) == ({"color": "blue"}, "text/plain")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        boto.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    boto.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=put["ETag"])


def test_boto3_pages_through_a_listing(boto: Any, bucket: str) -> None:
    keys = [f"{folder}/{number:02}" for folder in "abc" for number in range(7)]
    for each in keys:
        boto.put_object(Bucket=bucket, Key=each)
    pages = boto.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 4})
    assert [row["Key"] for page in pages for row in page["Contents"]] == keys
    page = boto.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [row["Prefix"] for row in page["CommonPrefixes"]] == ["a/", "b/", "c/"]
    assert "Contents" not in page


def test_boto3_finds_the_reason_of_a_failed_head(boto: Any, bucket: str, key: CustomerKey) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"1", **key.s3_parameters())
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        boto.head_object(Bucket=bucket, Key="k")
    headers = refused.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-error-code"] == "InvalidRequest"
