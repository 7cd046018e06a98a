"""s3cmd as people use it. It cannot read with a customer's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.s3 import S3


class S3cmd:
    """s3cmd, set up for one server."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        (cli.folder / "s3cfg").write_text(
            f"[default]\nhost_base = {cli.server.tls.authority}\nhost_bucket = {cli.server.tls.authority}\n"
            f"access_key = {cli.user.access_key}\nsecret_key = {cli.user.secret_key}\n"
            f"use_https = True\nca_certs_file = {cli.server.ca}\nbucket_location = us-east-1\nmax_retries = 0\n"
        )

    def run(self, *words: str | Path) -> str:
        done = self.cli.run("s3cmd", "-c", self.cli.folder / "s3cfg", "--no-progress", *words)
        said = done.stderr.replace("WARNING: Module python-magic is not available", "")
        assert "ERROR" not in said and "WARNING" not in said, said
        return done.stdout


@pytest.fixture
def s3cmd(cli: Cli) -> S3cmd:
    return S3cmd(cli)


def test_buckets(s3cmd: S3cmd, name: str) -> None:
    s3cmd.run("mb", f"s3://{name}")
    assert f"s3://{name}" in s3cmd.run("ls")
    s3cmd.run("info", f"s3://{name}")
    s3cmd.run("rb", f"s3://{name}")
    assert f"s3://{name}" not in s3cmd.run("ls")


def test_put_get_info_del(s3cmd: S3cmd, s3: S3, file: Path, bucket: str) -> None:
    s3cmd.run("put", file, f"s3://{bucket}/a b/ü+%.txt")
    assert "200000" in s3cmd.run("ls", f"s3://{bucket}/a b/")
    assert "DIR" in s3cmd.run("ls", f"s3://{bucket}")
    assert "200000" in s3cmd.run("info", f"s3://{bucket}/a b/ü+%.txt")
    s3cmd.run("get", f"s3://{bucket}/a b/ü+%.txt", "back")
    assert (s3cmd.cli.folder / "back").read_bytes() == file.read_bytes()
    s3cmd.run("del", f"s3://{bucket}/a b/ü+%.txt")
    assert s3.head(bucket, "a b/ü+%.txt").status == 404


def test_sync_uploads_and_downloads(s3cmd: S3cmd, bucket: str) -> None:
    tree = {"one.txt": b"1", "sub/two.bin": b"2" * 70_000, "sub/deep/three": b"3"}
    for path, body in tree.items():
        (s3cmd.cli.folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (s3cmd.cli.folder / "tree" / path).write_bytes(body)
    s3cmd.run("sync", "tree/", f"s3://{bucket}/tree/")
    assert "upload:" not in s3cmd.run("sync", "tree/", f"s3://{bucket}/tree/"), "nothing has changed"
    s3cmd.run("sync", f"s3://{bucket}/tree/", "back/")
    for path, body in tree.items():
        assert (s3cmd.cli.folder / "back" / path).read_bytes() == body
    s3cmd.run("del", "--recursive", "--force", f"s3://{bucket}/tree/")
    assert s3cmd.run("ls", "--recursive", f"s3://{bucket}") == ""


def test_disk_usage(s3cmd: S3cmd, file: Path, bucket: str) -> None:
    s3cmd.run("put", file, f"s3://{bucket}/file.txt")
    assert "200000" in s3cmd.run("du", f"s3://{bucket}")


def test_an_upload_with_a_key_is_sealed_and_reported_as_failed(
    s3cmd: S3cmd, s3: S3, file: Path, bucket: str, key: CustomerKey
) -> None:
    """s3cmd takes every ETag for an MD5. The ETag of an object under a customer's key is none, on AWS as
    here."""
    headers = [f"--add-header={name}:{value}" for name, value in key.s3()]
    said = s3cmd.cli.fails("s3cmd", "-c", "s3cfg", "--no-progress", "put", *headers, file, f"s3://{bucket}/sealed")
    assert "MD5 Sums don't match!" in said
    assert s3.get(bucket, "sealed").status == 400
    assert s3.get(bucket, "sealed", key.s3()).body == file.read_bytes()
