"""Copies, moves and deletes of many objects, by the real command lines."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.swift import Swift


@pytest.fixture
def other(cli: Cli, name: str) -> str:
    """Another bucket."""
    cli.run("aws", "s3", "mb", f"s3://{name}-other")
    return f"{name}-other"


def test_aws_cp_and_mv_between_buckets(cli: Cli, file: Path, bucket: str, other: str) -> None:
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/a b/ü+%.txt", "--content-type", "text/x", "--metadata", "colour=blue")
    cli.run("aws", "s3", "cp", f"s3://{bucket}/a b/ü+%.txt", f"s3://{other}/copied")
    cli.run("aws", "s3", "mv", f"s3://{other}/copied", f"s3://{other}/deep/moved")
    assert cli.run("aws", "s3", "ls", "--recursive", f"s3://{other}").stdout.split()[-1] == "deep/moved"
    cli.run("aws", "s3", "cp", f"s3://{other}/deep/moved", "back")
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    head = cli.json("aws", "s3api", "head-object", "--bucket", other, "--key", "deep/moved")
    assert (head["ContentType"], head["Metadata"]) == ("text/x", {"colour": "blue"})


def test_aws_sync_and_rm_between_buckets(cli: Cli, bucket: str, other: str) -> None:
    for name in ("one", "sub/two", "ü/3"):
        (cli.folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (cli.folder / "tree" / name).write_text(name)
    cli.run("aws", "s3", "sync", "tree", f"s3://{bucket}")
    cli.run("aws", "s3", "sync", f"s3://{bucket}", f"s3://{other}/tree")
    assert cli.run("aws", "s3", "sync", f"s3://{bucket}", f"s3://{other}/tree").stdout == "", "nothing has changed"
    cli.run("aws", "s3", "sync", f"s3://{other}/tree", "back")
    assert (cli.folder / "back/ü/3").read_text() == "ü/3"
    cli.run("aws", "s3", "rm", "--recursive", f"s3://{other}")
    cli.run("aws", "s3", "rb", f"s3://{other}")


def test_aws_cp_with_keys(cli: Cli, file: Path, bucket: str, other: str, key: CustomerKey, key_file: str) -> None:
    """From one key to another, and to none."""
    second = CustomerKey.new()
    second_file = f"fileb://{second.file(cli.folder)}"
    source = ["--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", key_file]
    own = ["--sse-c", "AES256", "--sse-c-key", second_file]
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/object", "--sse-c", "AES256", "--sse-c-key", key_file)
    cli.run("aws", "s3", "cp", f"s3://{bucket}/object", f"s3://{other}/object", *source, *own)
    cli.run("aws", "s3", "cp", f"s3://{other}/object", "back", *own)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    cli.fails("aws", "s3", "cp", f"s3://{other}/object", "back", "--sse-c", "AES256", "--sse-c-key", key_file)
    cli.run("aws", "s3", "mv", f"s3://{bucket}/object", f"s3://{bucket}/plain", *source)
    cli.run("aws", "s3", "cp", f"s3://{bucket}/plain", "plain")
    assert (cli.folder / "plain").read_bytes() == file.read_bytes()


def test_aws_gives_an_object_a_new_key_in_place(cli: Cli, file: Path, bucket: str, key: CustomerKey, key_file: str) -> None:
    second = CustomerKey.new()
    second_file = f"fileb://{second.file(cli.folder)}"
    where = ["--bucket", bucket, "--key", "object"]
    sse = ["--sse-customer-algorithm", "AES256", "--sse-customer-key"]
    source = ["--copy-source-sse-customer-algorithm", "AES256", "--copy-source-sse-customer-key"]
    cli.run("aws", "s3api", "put-object", *where, "--body", file, *sse, key_file)
    onto = ["aws", "s3api", "copy-object", *where, "--copy-source", f"{bucket}/object", *source, key_file]
    done = cli.json(*onto, *sse, second_file)
    assert done["SSECustomerKeyMD5"] == second.md5
    cli.run("aws", "s3api", "get-object", *where, *sse, second_file, "back")
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    assert "403" in cli.fails("aws", "s3api", "head-object", *where, *sse, key_file)


def test_boto3_copies_with_keys(boto: Any, bucket: str, key: CustomerKey) -> None:
    """The transfer manager sends a HEAD of the source with its key, and then copies."""
    second = CustomerKey.new()
    boto.put_object(Bucket=bucket, Key="a b/ü+", Body=b"body" * 5000, **key.s3_parameters())
    opens = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": key.raw}
    source = {"Bucket": bucket, "Key": "a b/ü+"}
    boto.copy(source, bucket, "copy", ExtraArgs={**opens, **second.s3_parameters()})
    got = boto.get_object(Bucket=bucket, Key="copy", **second.s3_parameters())
    assert got["Body"].read() == b"body" * 5000
    copied = boto.copy_object(
        Bucket=bucket, Key="plain", CopySource=source, MetadataDirective="REPLACE", Metadata={"colour": "red"}, **opens
    )
    assert copied["CopyObjectResult"]["ETag"] and copied["ServerSideEncryption"] == "AES256"
    assert boto.head_object(Bucket=bucket, Key="plain")["Metadata"] == {"colour": "red"}


def test_boto3_copies_large_objects_in_parts(boto: Any, bucket: str, key: CustomerKey) -> None:
    """From 8 MiB on, the transfer manager copies in parts, with the keys on each of them."""
    second, body = CustomerKey.new(), random.Random(9).randbytes(20 << 20)
    boto.upload_fileobj(io.BytesIO(body), bucket, "large", ExtraArgs=key.s3_parameters())
    opens = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": key.raw}
    source = {"Bucket": bucket, "Key": "large"}
    boto.copy(source, bucket, "parts", ExtraArgs={**opens, **second.s3_parameters()})
    got = boto.get_object(Bucket=bucket, Key="parts", **second.s3_parameters())
    assert got["ETag"].endswith('-3"') and got["Body"].read() == body
    # A copy in one request makes an object of one piece.
    one = boto.copy_object(Bucket=bucket, Key="one", CopySource=source, **opens, **second.s3_parameters())
    assert "-" not in one["CopyObjectResult"]["ETag"]
    got = boto.get_object(Bucket=bucket, Key="one", Range="bytes=8388600-8388620", **second.s3_parameters())
    assert got["Body"].read() == body[8388600:8388621]


def test_boto3_deletes_many(boto: Any, bucket: str, key: CustomerKey) -> None:
    for number in range(5):
        boto.put_object(Bucket=bucket, Key=f"ü {number}", Body=b"x", **key.s3_parameters())
    objects = [{"Key": f"ü {number}"} for number in range(6)]
    done = boto.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [row["Key"] for row in done["Deleted"]] == [row["Key"] for row in objects] and "Errors" not in done
    assert boto.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_swift_copy(cli: Cli, swift: Swift, file: Path, header: list[str], name: str, key: CustomerKey) -> None:
    """`swift copy` has one set of headers: both ends have the same key."""
    cli.run("swift", "upload", name, "file.txt", *header, "--header", "X-Object-Meta-Color: blue")
    cli.run("swift", "copy", name, "file.txt", "-d", f"/{name}-other/copy", *header)
    cli.run("swift", "download", f"{name}-other", "copy", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    assert "Meta Color: blue" in cli.run("swift", "stat", f"{name}-other", "copy", *header).stdout
    cli.run("swift", "copy", name, "file.txt", "-d", f"/{name}-other/fresh", "--fresh-metadata", *header)
    assert "Color" not in cli.run("swift", "stat", f"{name}-other", "fresh", *header).stdout
    assert "400" in cli.fails("swift", "copy", name, "file.txt", "-d", f"/{name}-other/none")
    assert swift.head(f"{name}-other", "none").status == 404


def test_swift_copy_without_keys(cli: Cli, swift: Swift, name: str, file: Path) -> None:
    cli.run("swift", "upload", name, "file.txt")
    cli.run("swift", "copy", name, "file.txt", "-d", f"/{name}/copy")
    cli.run("swift", "download", name, "copy", "-o", "back")
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
