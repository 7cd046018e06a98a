"""rclone on both faces, each with a customer's key and without one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from clients.remotes import Remote, remote

from support.cli import Cli
from support.faces import Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3
from support.swift import Swift

TREE = {"one.txt": b"1", "sub/two words.bin": b"2" * 70_000, "sub/deep/ü+%.txt": b"3", "empty": b""}
LARGE = 23 * 1024 * 1024 + 17
PART = "5Mi"


@pytest.fixture(params=["s3", "swift"])
def face(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def rclone(request: pytest.FixtureRequest, cli: Cli, face: str, key: CustomerKey) -> Remote:
    return remote(cli, face, key if request.param else None)


@pytest.fixture
def other(s3: S3, swift: Swift, face: str) -> Face:
    """The face that rclone does not use."""
    return SwiftFace(swift) if face == "s3" else S3Face(s3)


@pytest.fixture
def tree(cli: Cli) -> Path:
    folder = cli.folder / "tree"
    for path, body in TREE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    return folder


def assert_same(folder: Path) -> None:
    """The folder has the files of the tree and no others."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == TREE


def test_buckets(rclone: Remote, name: str) -> None:
    rclone.run("mkdir", rclone.at(name))
    assert f"{name}/" in rclone.run("lsf", f"{rclone.name}:").split()
    rclone.run("rmdir", rclone.at(name))
    assert f"{name}/" not in rclone.run("lsf", f"{rclone.name}:").split()


def test_a_tree_is_uploaded_and_downloaded(rclone: Remote, other: Face, tree: Path, bucket: str) -> None:
    rclone.run("copy", "tree", rclone.at(bucket, "tree"))
    listed = rclone.run("lsf", "-R", "--files-only", rclone.at(bucket, "tree")).splitlines()
    assert sorted(listed) == sorted(TREE)
    rclone.run("check", "--download", *rclone.always, "tree", rclone.at(bucket, "tree"))
    rclone.run("copy", rclone.at(bucket, "tree"), "back")
    assert_same(rclone.cli.folder / "back")
    for path, body in TREE.items():
        got = other.get(bucket, f"tree/{path}", other.keyed(rclone.key))
        assert (got.status, got.body) == (200, body)
        assert other.get(bucket, f"tree/{path}").status == (400 if rclone.key else 200)


def test_a_sync_transfers_only_changes(rclone: Remote, tree: Path, bucket: str) -> None:
    target = rclone.at(bucket, "tree")
    rclone.run("sync", "tree", target)
    (tree / "one.txt").write_bytes(b"more than before")
    (tree / "empty").unlink()
    said = rclone.cli.run("rclone", "--ca-cert", rclone.cli.server.ca, "-v", *rclone.flags, "sync", "tree", target)
    assert [line for line in said.stderr.splitlines() if "Copied" in line and "one.txt" not in line] == []
    assert "one.txt: Copied" in said.stderr and "empty: Deleted" in said.stderr
    assert rclone.run("cat", f"{target}/one.txt") == "more than before"
    assert rclone.run("lsf", target).split() == ["one.txt", "sub/"]


def test_streams(rclone: Remote, other: Face, bucket: str) -> None:
    script = 'printf "from a stream" | rclone --ca-cert "$0" "$@"'
    rclone.cli.run("sh", "-c", script, rclone.cli.server.ca, *rclone.flags, "rcat", rclone.at(bucket, "stream"))
    assert rclone.run("cat", rclone.at(bucket, "stream")) == "from a stream"
    assert rclone.run("cat", "--offset", "5", "--count", "1", rclone.at(bucket, "stream")) == "a"
    assert other.get(bucket, "stream", other.keyed(rclone.key)).body == b"from a stream"


def test_deletes(rclone: Remote, tree: Path, other: Face, bucket: str) -> None:
    rclone.run("copy", "tree", rclone.at(bucket))
    rclone.run("deletefile", rclone.at(bucket, "one.txt"))
    assert other.head(bucket, "one.txt").status == 404
    rclone.run("delete", rclone.at(bucket, "sub"))
    assert rclone.run("lsf", rclone.at(bucket)).split() == ["empty"]
    rclone.run("purge", rclone.at(bucket))
    assert f"{bucket}/" not in rclone.run("lsf", f"{rclone.name}:").split()


@pytest.fixture
def large(cli: Cli) -> Path:
    """A file that rclone uploads in five parts."""
    return cli.file("large.bin", LARGE)


PARTS = ["--s3-upload-cutoff", PART, "--s3-chunk-size", PART, "--swift-chunk-size", PART]


def test_a_large_file_in_parts(rclone: Remote, other: Face, large: Path, bucket: str) -> None:
    """Multipart on S3. On Swift a dynamic large object: its segments and its manifest all come with the
    key."""
    rclone.run("copy", *PARTS, "large.bin", rclone.at(bucket))
    assert rclone.run("lsf", "--format", "sp", rclone.at(bucket)).split() == [f"{LARGE};large.bin"]
    rclone.run("copyto", rclone.at(bucket, "large.bin"), "back.bin")
    assert (rclone.cli.folder / "back.bin").read_bytes() == large.read_bytes()
    got = other.get(bucket, "large.bin", other.keyed(rclone.key))
    assert (got.status, got.body) == (200, large.read_bytes())
    assert other.get(bucket, "large.bin").status == (400 if rclone.key else 200)
    ranged = other.get(bucket, "large.bin", [("Range", "bytes=5242870-10485770"), *other.keyed(rclone.key)])
    assert (ranged.status, ranged.body) == (206, large.read_bytes()[5_242_870:10_485_771])


def test_a_large_file_replaces_another(rclone: Remote, large: Path, bucket: str) -> None:
    rclone.run("copy", *PARTS, "large.bin", rclone.at(bucket))
    large.write_bytes(random.Random(12).randbytes(LARGE - 6_000_000))
    rclone.run("copy", *PARTS, "large.bin", rclone.at(bucket))
    assert rclone.run("lsf", "--format", "sp", rclone.at(bucket)).split() == [f"{LARGE - 6_000_000};large.bin"]
    rclone.run("copyto", rclone.at(bucket, "large.bin"), "back.bin")
    assert (rclone.cli.folder / "back.bin").read_bytes() == large.read_bytes()
    rclone.run("deletefile", rclone.at(bucket, "large.bin"))
    assert rclone.run("lsf", rclone.at(bucket)) == ""


def test_a_large_stream(rclone: Remote, large: Path, bucket: str) -> None:
    script = 'cat large.bin | rclone --ca-cert "$0" "$@"'
    command = [*rclone.flags, "rcat", "--streaming-upload-cutoff", "1Mi", *PARTS, rclone.at(bucket, "stream")]
    rclone.cli.run("sh", "-c", script, rclone.cli.server.ca, *command)
    rclone.run("copyto", rclone.at(bucket, "stream"), "back.bin")
    assert (rclone.cli.folder / "back.bin").read_bytes() == large.read_bytes()


def test_moves_within_the_store(rclone: Remote, other: Face, tree: Path, large: Path, bucket: str) -> None:
    """On S3 a copy sends the key for source and destination. rclone cannot send one with Swift's COPY; when
    the copy is refused, rclone sends the bytes itself."""
    rclone.run("copy", "tree", rclone.at(bucket))
    rclone.run("copy", *PARTS, "large.bin", rclone.at(bucket))
    if rclone.key and rclone.face == "swift":
        rclone.run(*rclone.always, "moveto", rclone.at(bucket, "one.txt"), rclone.at(bucket, "moved.txt"))
    else:
        rclone.run("moveto", rclone.at(bucket, "one.txt"), rclone.at(bucket, "moved.txt"))
        rclone.run("copyto", rclone.at(bucket, "large.bin"), rclone.at(bucket, "copied.bin"))
        assert other.get(bucket, "copied.bin", other.keyed(rclone.key)).body == large.read_bytes()
    assert other.head(bucket, "one.txt").status == 404
    assert other.get(bucket, "moved.txt", other.keyed(rclone.key)).body == TREE["one.txt"]
