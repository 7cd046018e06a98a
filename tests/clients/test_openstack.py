"""`openstack` as people use it."""

from __future__ import annotations

from pathlib import Path

from support.cli import Cli
from support.s3 import S3


def test_tokens(cli: Cli) -> None:
    token = cli.json("openstack", "token", "issue", "-f", "json")
    assert token["id"] and token["project_id"] == cli.user.account
    assert token["user_id"] == f"{cli.user.account}-{cli.user.name}"


def test_the_catalog(cli: Cli) -> None:
    rows = cli.json("openstack", "catalog", "list", "-f", "json")
    assert {row["Type"] for row in rows} == {"object-store", "identity"}


def test_containers_and_objects(cli: Cli, s3: S3, file: Path, name: str) -> None:
    cli.run("openstack", "container", "create", name)
    assert name in cli.run("openstack", "container", "list", "-f", "value").stdout.split()
    cli.run("openstack", "object", "create", name, "file.txt")
    assert s3.get(name, "file.txt").body == file.read_bytes()
    shown = cli.json("openstack", "object", "show", name, "file.txt", "-f", "json")
    assert int(shown["content-length"]) == 200000
    cli.run("openstack", "object", "set", "--property", "Color=blue", name, "file.txt")
    assert s3.head(name, "file.txt")["x-amz-meta-color"] == "blue"
    cli.run("openstack", "object", "save", name, "file.txt", "--file", "back")
    assert (cli.folder / "back").read_bytes() == file.read_bytes()
    assert cli.run("openstack", "object", "list", name, "-f", "value").stdout.split() == ["file.txt"]
    cli.run("openstack", "object", "delete", name, "file.txt")
    cli.run("openstack", "container", "delete", name)
    assert s3.request("HEAD", f"/{name}").status == 404


def test_a_url_without_a_version(cli: Cli) -> None:
    cli.environment["OS_AUTH_URL"] = cli.server.tls.url
    assert cli.json("openstack", "token", "issue", "-f", "json")["id"]


def test_a_wrong_password_is_refused(cli: Cli) -> None:
    cli.environment["OS_PASSWORD"] = "wrong"
    assert "401" in cli.fails("openstack", "token", "issue")
