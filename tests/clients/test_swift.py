"""`swift` as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.swift import Swift


def test_containers(cli: Cli, name: str) -> None:
    cli.run("swift", "post", name)
    assert name in cli.run("swift", "list").stdout.split()
    cli.run("swift", "post", name, "--meta", "Color:blue")
    stat = cli.run("swift", "stat", name).stdout
    assert "Meta Color: blue" in stat and "Objects: 0" in stat
    cli.run("swift", "delete", name)
    assert name not in cli.run("swift", "list").stdout.split()


def test_upload_stat_list_download_post_delete(cli: Cli, file: Path, header: list[str], name: str) -> None:
    """The whole life of an object, with the key in the headers of every command."""
    cli.run("swift", "upload", name, "file.txt", *header)
    assert cli.run("swift", "list", name, *header).stdout.split() == ["file.txt"]
    cli.run("swift", "post", name, "file.txt", "--meta", "Color:blue", *header)
    assert "Meta Color: blue" in cli.run("swift", "stat", name, "file.txt", *header).stdout
    cli.run("swift", "download", name, "file.txt", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    cli.run("swift", "upload", name, "file.txt", *header)
    cli.run("swift", "delete", name, "file.txt", *header)
    assert cli.run("swift", "list", name).stdout == ""
    cli.run("swift", "stat", name, *header)
    cli.run("swift", "stat", *header)


def test_stat_works_without_the_key(cli: Cli, file: Path, header: list[str], name: str, key: CustomerKey) -> None:
    cli.run("swift", "upload", name, "file.txt", *header, "--header", "X-Object-Meta-Color: blue")
    stat = cli.run("swift", "stat", name, "file.txt").stdout
    assert "Content Length: 200000" in stat and "Meta Mtime:" in stat and "AES256" in stat
    assert "blue" not in stat and key.base64 not in stat


def test_changed_files_only(cli: Cli, swift: Swift, file: Path, header: list[str], name: str) -> None:
    """`--changed` compares size and mtime, and a HEAD without the key shows both."""
    cli.run("swift", "upload", name, "file.txt", "--changed", *header)
    first = swift.head(name, "file.txt")["X-Timestamp"]
    cli.run("swift", "upload", name, "file.txt", "--changed", *header)
    assert swift.head(name, "file.txt")["X-Timestamp"] == first, "the file was uploaded again"
    file.write_bytes(b"new")
    cli.run("swift", "upload", name, "file.txt", "--changed", *header)
    cli.run("swift", "download", name, "file.txt", "-o", "back", *header)
    assert (cli.folder / "back").read_bytes() == b"new"


def test_upload_a_folder_and_download_all(cli: Cli, name: str, header: list[str]) -> None:
    tree = {"tree/one.txt": b"1", "tree/sub/ü b.bin": b"2" * 70000, "tree/empty": b""}
    for path, body in tree.items():
        (cli.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (cli.folder / path).write_bytes(body)
    cli.run("swift", "upload", name, "tree", *header)
    cli.run("swift", "download", name, "-D", "back", *header)
    for path, body in tree.items():
        assert (cli.folder / "back" / path).read_bytes() == body
    cli.run("swift", "delete", name)


def test_tempauth_with_the_swift_client(cli: Cli, file: Path, swift: Swift, name: str) -> None:
    login = ["-A", f"{cli.server.tls.url}/auth/v1.0", "-U", cli.user.tempauth, "-K", cli.user.password]
    old = cli.without(*(variable for variable in cli.environment if variable.startswith("OS_")))
    old.environment["OS_CACERT"] = cli.environment["OS_CACERT"]
    old.run("swift", *login, "upload", name, "file.txt")
    assert swift.get(name, "file.txt").body == file.read_bytes()


def test_capabilities(cli: Cli) -> None:
    said = cli.run("swift", "capabilities").stdout
    assert "Core: swift" in said and "max_file_size" in said


def test_a_wrong_password_is_refused(cli: Cli) -> None:
    cli.environment["OS_PASSWORD"] = "wrong"
    assert "Unauthorized" in cli.fails("swift", "list")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("X-Object-Meta-Encryption-Key: short", "400"),
        ("X-Object-Meta-Encryption-Algorithm: AES128", "400"),
        ("X-Object-Meta-Encryption-Colour: blue", "400"),
    ],
)
def test_a_bad_header_uploads_nothing(cli: Cli, file: Path, name: str, value: str, sentence: str) -> None:
    assert sentence in cli.fails("swift", "upload", name, "file.txt", "--header", value)
    assert "Not Found" in cli.fails("swift", "stat", name, "file.txt")
