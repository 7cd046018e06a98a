"""`aws s3` with files above its limit of 8 MiB, which it uploads in parts, and its copies and moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.s3 import S3
from support.swift import Swift

LARGE = 19 * 1024 * 1024 + 3


@pytest.fixture
def large(cli: Cli) -> Path:
    return cli.file("large.bin", LARGE)


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def sse(request: pytest.FixtureRequest, key_file: str) -> list[str]:
    """The key for reads from the bucket and writes to it, or none."""
    return ["--sse-c", "AES256", "--sse-c-key", key_file] if request.param else []


@pytest.fixture
def source(sse: list[str], key_file: str) -> list[str]:
    """The key of the source of a copy."""
    return ["--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", key_file] if sse else []


def test_cp_in_parts(cli: Cli, swift: Swift, large: Path, sse: list[str], bucket: str, key: CustomerKey) -> None:
    cli.run("aws", "s3", "cp", large, f"s3://{bucket}/large.bin", *sse)
    assert str(LARGE) in cli.run("aws", "s3", "ls", f"s3://{bucket}").stdout
    cli.run("aws", "s3", "cp", f"s3://{bucket}/large.bin", "back.bin", *sse)
    assert (cli.folder / "back.bin").read_bytes() == large.read_bytes()
    head = cli.json(
        "aws", "s3api", "head-object", "--bucket", bucket, "--key", "large.bin",
        *(["--sse-customer-algorithm", "AES256", "--sse-customer-key", sse[-1]] if sse else []),
    )  # fmt: skip
    assert head["ETag"].endswith('-3"'), head["ETag"]
    header = key.swift() if sse else []
    got = swift.get(bucket, "large.bin", header)
    assert (got.status, got.body) == (200, large.read_bytes())
    assert got["X-Static-Large-Object"] == "True"
    if sse:
        assert swift.get(bucket, "large.bin").status == 400
        assert "400" in cli.fails("aws", "s3", "cp", f"s3://{bucket}/large.bin", "bad")
    assert swift.list(bucket)[0]["bytes"] == LARGE


def test_cp_of_a_stream(cli: Cli, large: Path, sse: list[str], bucket: str) -> None:
    cli.run("sh", "-c", 'aws s3 cp - "$@" <large.bin', "-", f"s3://{bucket}/stream", *sse)
    cli.run("sh", "-c", 'at=$1; shift; aws s3 cp "$at" - "$@" >back.bin', "-", f"s3://{bucket}/stream", *sse)
    assert (cli.folder / "back.bin").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("command", ["cp", "mv"])
def test_copies_and_moves_within_the_store(
    cli: Cli, s3: S3, large: Path, file: Path, sse: list[str], source: list[str], bucket: str, key: CustomerKey, command: str
) -> None:
    """The client copies a small object by CopyObject, and a large one by UploadPartCopy."""
    keyed = key.s3() if sse else []
    for path in (file, large):
        cli.run("aws", "s3", "cp", path, f"s3://{bucket}/{path.name}", *sse)
        there = f"s3://{bucket}/other/{path.name}"
        cli.run("aws", "s3", command, f"s3://{bucket}/{path.name}", there, *sse, *source)
        assert s3.get(bucket, f"other/{path.name}", keyed).body == path.read_bytes()
        assert s3.head(bucket, path.name, keyed).status == (404 if command == "mv" else 200)


def test_a_copy_to_another_key(
    cli: Cli, s3: S3, large: Path, file: Path, key_file: str, bucket: str, key: CustomerKey
) -> None:
    """From a key to another, from none to a key, and from a key to none."""
    new = CustomerKey.new()
    new_file = f"fileb://{new.file(cli.folder)}"
    to_new = ["--sse-c", "AES256", "--sse-c-key", new_file]
    from_key = ["--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", key_file]
    for path in (file, large):
        body, at = path.read_bytes(), f"s3://{bucket}/{path.name}"
        cli.run("aws", "s3", "cp", path, at, "--sse-c", "AES256", "--sse-c-key", key_file)
        cli.run("aws", "s3", "cp", at, f"{at}-new", *from_key, *to_new)
        assert s3.get(bucket, f"{path.name}-new", new.s3()).body == body
        assert s3.get(bucket, f"{path.name}-new", key.s3()).status == 403
        cli.run("aws", "s3", "cp", at, f"{at}-open", *from_key)
        assert s3.get(bucket, f"{path.name}-open").body == body
        cli.run("aws", "s3", "cp", f"{at}-open", f"{at}-closed", *to_new)
        assert s3.get(bucket, f"{path.name}-closed", new.s3()).body == body


def test_sync_with_large_files_and_deletes(cli: Cli, s3: S3, large: Path, sse: list[str], bucket: str, key: CustomerKey) -> None:
    tree = cli.folder / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "large").write_bytes(large.read_bytes())
    (tree / "small").write_bytes(b"small")
    cli.run("aws", "s3", "sync", "tree", f"s3://{bucket}/tree", *sse)
    assert "upload" not in cli.run("aws", "s3", "sync", "tree", f"s3://{bucket}/tree", *sse).stdout
    (tree / "small").unlink()
    cli.run("aws", "s3", "sync", "--delete", "tree", f"s3://{bucket}/tree", *sse)
    cli.run("aws", "s3", "sync", f"s3://{bucket}/tree", "back", *sse)
    assert [p.name for p in (cli.folder / "back").rglob("*") if p.is_file()] == ["large"]
    assert (cli.folder / "back" / "sub" / "large").read_bytes() == large.read_bytes()


def test_rm_and_rb(cli: Cli, large: Path, file: Path, sse: list[str], bucket: str) -> None:
    for path in (file, large):
        cli.run("aws", "s3", "cp", path, f"s3://{bucket}/a/{path.name}", *sse)
    cli.run("aws", "s3", "rm", "--recursive", f"s3://{bucket}/a")
    assert cli.run("aws", "s3", "ls", "--recursive", f"s3://{bucket}").stdout == ""
    cli.run("aws", "s3", "cp", large, f"s3://{bucket}/large", *sse)
    cli.run("aws", "s3", "rb", "--force", f"s3://{bucket}")
    assert bucket not in cli.run("aws", "s3", "ls").stdout


def test_delete_objects(cli: Cli, file: Path, bucket: str) -> None:
    for number in range(3):
        cli.run("aws", "s3", "cp", file, f"s3://{bucket}/{number}")
    objects = "Objects=[{Key=0},{Key=2},{Key=not-there}]"
    said = cli.json("aws", "s3api", "delete-objects", "--bucket", bucket, "--delete", objects)
    assert sorted(row["Key"] for row in said["Deleted"]) == ["0", "2", "not-there"]
    assert cli.run("aws", "s3", "ls", f"s3://{bucket}").stdout.split()[-1] == "1"


def test_parts_by_hand(cli: Cli, large: Path, sse: list[str], bucket: str) -> None:
    where = ["--bucket", bucket, "--key", "by-hand"]
    keyed = ["--sse-customer-algorithm", "AES256", "--sse-customer-key", sse[-1]] if sse else []
    upload = cli.json("aws", "s3api", "create-multipart-upload", *where, *keyed)["UploadId"]
    listed = cli.json("aws", "s3api", "list-multipart-uploads", "--bucket", bucket)
    assert [row["Key"] for row in listed["Uploads"]] == ["by-hand"]
    body, parts = large.read_bytes(), []
    for number, chunk in enumerate((body[:6_000_000], body[6_000_000:]), 1):
        (cli.folder / "part").write_bytes(chunk)
        put = cli.json(
            "aws", "s3api", "upload-part", *where, "--upload-id", upload, "--part-number", str(number),
            "--body", "part", *keyed,
        )  # fmt: skip
        parts.append(f"{{PartNumber={number},ETag={put['ETag']}}}")
    listed = cli.json("aws", "s3api", "list-parts", *where, "--upload-id", upload)
    assert [row["Size"] for row in listed["Parts"]] == [6_000_000, LARGE - 6_000_000]
    complete = f"Parts=[{','.join(parts)}]"
    cli.run("aws", "s3api", "complete-multipart-upload", *where, "--upload-id", upload, "--multipart-upload", complete)
    cli.run("aws", "s3api", "get-object", *where, *keyed, "back")
    assert (cli.folder / "back").read_bytes() == body
    cli.run("aws", "s3api", "get-object", *where, *keyed, "--part-number", "2", "second")
    assert (cli.folder / "second").read_bytes() == body[6_000_000:]
    upload = cli.json("aws", "s3api", "create-multipart-upload", *where, *keyed)["UploadId"]
    cli.run("aws", "s3api", "abort-multipart-upload", *where, "--upload-id", upload)
    assert "Uploads" not in cli.json("aws", "s3api", "list-multipart-uploads", "--bucket", bucket)


def test_a_presigned_url_of_a_large_object(cli: Cli, large: Path, bucket: str) -> None:
    cli.run("aws", "s3", "cp", large, f"s3://{bucket}/large.bin")
    cli.run("aws", "configure", "set", "default.s3.signature_version", "s3v4")
    url = cli.run("aws", "s3", "presign", f"s3://{bucket}/large.bin").stdout.strip()
    cli.run("curl", "-sSf", "--cacert", cli.server.ca, "-o", "back", url)
    assert (cli.folder / "back").read_bytes() == large.read_bytes()
