"""Large objects by the real `swift`: every way to upload, upload again, download and delete one, with and
without a key."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.swift import Swift

SIZE = 250_000
WAYS = {"default": [], "slo": ["--use-slo"], "dlo": ["--use-dlo"]}


@pytest.fixture
def file(cli: Cli) -> Path:
    return cli.file("file.txt", SIZE)


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def header(request: pytest.FixtureRequest, key: CustomerKey) -> list[str]:
    """The key as `swift` takes it, or none."""
    return [word for n, v in key.swift() for word in ("--header", f"{n}: {v}")] if request.param else []


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> list[str]:
    """The client's option for large objects."""
    return ["-S", "100000", *WAYS[request.param]]


def segments(swift: Swift, name: str) -> set[str]:
    return {row["name"] for row in swift.list(f"{name}_segments")}


def test_upload_download_and_delete(cli: Cli, swift: Swift, file: Path, header: list[str], way: list[str], name: str) -> None:
    cli.run("swift", "upload", name, "file.txt", *way, *header)
    first = segments(swift, name)
    assert len(first) == 3
    stat = cli.run("swift", "stat", name, "file.txt", *header).stdout
    assert f"Content Length: {SIZE}" in stat
    cli.run("swift", "download", name, "file.txt", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()

    # A new upload over the old one deletes the old segments.
    file.write_bytes(random.Random(8).randbytes(SIZE - 1))
    cli.run("swift", "upload", name, "file.txt", *way, *header)
    second = segments(swift, name)
    assert len(second) == 3 and not first & second
    cli.run("swift", "download", name, "file.txt", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()

    cli.run("swift", "delete", name, "file.txt", *header)
    assert segments(swift, name) == set()
    assert swift.head(name, "file.txt").status == 404


def test_an_unchanged_file_is_not_uploaded(cli: Cli, swift: Swift, file: Path, header: list[str], way: list[str], name: str) -> None:
    cli.run("swift", "upload", name, "file.txt", *way, *header)
    before = swift.head(name, "file.txt")["X-Timestamp"]
    cli.run("swift", "upload", name, "file.txt", "--changed", *way, *header)
    assert swift.head(name, "file.txt")["X-Timestamp"] == before


def test_an_identical_file_is_not_downloaded(
    cli: Cli, file: Path, header: list[str], way: list[str], name: str
) -> None:
    cli.run("swift", "upload", name, "file.txt", *way, *header)
    said = cli.run("swift", "download", name, "file.txt", "--skip-identical", *header, check=False)
    # The client compares a dynamic large object with the listing of its segments, which has opaque ETags
    # where there is a key.
    opaque = bool(header) and "--use-dlo" in way
    assert ("Skipped identical file" in said.stdout + said.stderr) is not opaque
    file.write_bytes(b"other")
    cli.run("swift", "download", name, "file.txt", "--skip-identical", *header)
    assert file.stat().st_size == SIZE


def test_an_identical_file_is_not_uploaded(cli: Cli, swift: Swift, file: Path, name: str) -> None:
    cli.run("swift", "upload", name, "file.txt", "-S", "100000")
    before = swift.head(name, "file.txt")["X-Timestamp"]
    cli.run("swift", "upload", name, "file.txt", "-S", "100000", "--skip-identical")
    assert swift.head(name, "file.txt")["X-Timestamp"] == before


def test_segments_are_left_on_request(cli: Cli, swift: Swift, file: Path, header: list[str], name: str) -> None:
    cli.run("swift", "upload", name, "file.txt", "-S", "100000", *header)
    file.write_bytes(random.Random(9).randbytes(SIZE - 1))
    cli.run("swift", "upload", name, "file.txt", "-S", "100000", "--leave-segments", *header)
    assert len(segments(swift, name)) == 6


def test_an_upload_from_standard_input(cli: Cli, swift: Swift, header: list[str], name: str) -> None:
    body = random.Random(10).randbytes(SIZE)
    command = ["swift", "upload", name, "-", "--use-slo", "-S", "100000", "--object-name", "piped", *header]
    done = subprocess.run(command, cwd=cli.folder, env=cli.environment, input=body, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert len(segments(swift, name)) == 3
    cli.run("swift", "download", name, "piped", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == body
