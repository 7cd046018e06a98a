"""boto3's transfer manager: uploads, downloads and copies in parallel parts, with and without a customer's
key."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from support.cli import Cli
from support.keys import CustomerKey
from support.swift import Swift

LARGE = 21 * 1024 * 1024 + 5
PARTS = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=5 << 20, max_concurrency=4)


@pytest.fixture
def large(cli: Cli) -> Path:
    return cli.file("large.bin", LARGE)


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def extra(request: pytest.FixtureRequest, key: CustomerKey) -> dict[str, Any]:
    return dict(key.s3_parameters()) if request.param else {}


def test_files(boto: Any, cli: Cli, swift: Swift, large: Path, bucket: str, key: CustomerKey, extra: dict[str, Any]) -> None:
    given = {**extra, "Metadata": {"color": "blue"}, "ContentType": "text/x-verse"}
    boto.upload_file(str(large), bucket, "large", ExtraArgs=given, Config=PARTS)
    boto.download_file(bucket, "large", str(cli.folder / "back"), ExtraArgs=extra, Config=PARTS)
    assert (cli.folder / "back").read_bytes() == large.read_bytes()
    head = boto.head_object(Bucket=bucket, Key="large", **extra)
    assert (head["ContentLength"], head["Metadata"], head["ContentType"]) == (LARGE, {"color": "blue"}, "text/x-verse")
    assert head["ETag"].endswith('-5"')
    got = swift.get(bucket, "large", key.swift() if extra else [])
    assert (got.status, got.body) == (200, large.read_bytes())
    assert got["X-Object-Meta-Color"] == "blue"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_of_every_part(boto: Any, cli: Cli, large: Path, bucket: str, extra: dict[str, Any], algorithm: str) -> None:
    given = {**extra, "ChecksumAlgorithm": algorithm}
    boto.upload_file(str(large), bucket, "large", ExtraArgs=given, Config=PARTS)
    head = boto.head_object(Bucket=bucket, Key="large", ChecksumMode="ENABLED", **extra)
    assert head[f"Checksum{algorithm}"]
    boto.download_file(
        bucket, "large", str(cli.folder / "back"), ExtraArgs={**extra, "ChecksumMode": "ENABLED"}, Config=PARTS
    )
    assert (cli.folder / "back").read_bytes() == large.read_bytes()


def test_streams(boto: Any, large: Path, bucket: str, extra: dict[str, Any]) -> None:
    boto.upload_fileobj(io.BytesIO(large.read_bytes()), bucket, "large", ExtraArgs=extra, Config=PARTS)
    back = io.BytesIO()
    boto.download_fileobj(bucket, "large", back, ExtraArgs=extra, Config=PARTS)
    assert back.getvalue() == large.read_bytes()


def test_small_and_empty_files(boto: Any, cli: Cli, bucket: str, extra: dict[str, Any]) -> None:
    for body in (b"", b"small"):
        (cli.folder / "small").write_bytes(body)
        boto.upload_file(str(cli.folder / "small"), bucket, "small", ExtraArgs=extra)
        boto.download_file(bucket, "small", str(cli.folder / "back"), ExtraArgs=extra)
        assert (cli.folder / "back").read_bytes() == body


def test_copies(boto: Any, large: Path, bucket: str, key: CustomerKey, extra: dict[str, Any]) -> None:
    """In one request below the threshold, and in parts above it. The source has one key, the copy another."""
    new = CustomerKey.new()
    source = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": key.raw} if extra else {}
    config = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=5 << 20)
    for name, body in (("small", b"small"), ("large", large.read_bytes())):
        boto.upload_fileobj(io.BytesIO(body), bucket, name, ExtraArgs=extra, Config=PARTS)
        origin = {"Bucket": bucket, "Key": name}
        for given in ({}, dict(new.s3_parameters())):
            boto.copy(origin, bucket, f"{name}-copy", ExtraArgs={**source, **given}, Config=config)
            got = boto.get_object(Bucket=bucket, Key=f"{name}-copy", **given)
            assert got["Body"].read() == body
