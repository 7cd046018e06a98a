"""restic keeps its repository in a bucket. It encrypts its data itself, and cannot send a customer's key."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from support.cli import Cli
from support.s3 import S3


@pytest.fixture
def restic(cli: Cli, bucket: str) -> Cli:
    cli.environment |= {
        "RESTIC_REPOSITORY": f"s3:{cli.server.tls.url}/{bucket}/repository",
        "RESTIC_PASSWORD": "a passphrase",
        "RESTIC_CACHE_DIR": str(cli.folder / "cache"),
    }
    return cli


def run(cli: Cli, *words: str) -> str:
    return cli.run("restic", "--cacert", cli.server.ca, *words).stdout


def test_backup_forget_prune_restore(restic: Cli, s3: S3, bucket: str) -> None:
    chance = random.Random(3)
    tree = {"one": b"1", "sub/two": chance.randbytes(3_000_000), "sub/three": chance.randbytes(20_000_000)}
    for path, body in tree.items():
        (restic.folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (restic.folder / "tree" / path).write_bytes(body)
    run(restic, "init")
    run(restic, "backup", "tree")
    (restic.folder / "tree" / "one").write_bytes(b"another one")
    (restic.folder / "tree" / "sub" / "three").unlink()
    run(restic, "backup", "tree")
    assert len(json.loads(run(restic, "snapshots", "--json"))) == 2
    run(restic, "check", "--read-data")
    run(restic, "forget", "--keep-last", "1", "--prune")
    run(restic, "check", "--read-data")
    run(restic, "restore", "latest", "--target", "back")
    found = restic.folder / "back" / "tree"
    assert (found / "one").read_bytes() == b"another one"
    assert (found / "sub" / "two").read_bytes() == tree["sub/two"]
    assert not (found / "sub" / "three").exists()
    assert s3.head(bucket, "repository/config").status == 200
