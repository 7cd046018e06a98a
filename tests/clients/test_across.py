"""One key, one object, both faces: `aws` and `swift` read what the other wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey
from support.s3 import S3


def test_aws_writes_swift_reads(
    cli: Cli, file: Path, key_file: str, header: list[str], bucket: str, key: CustomerKey
) -> None:
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/file.txt", "--sse-c", "AES256", "--sse-c-key", key_file)
    cli.run("swift", "download", bucket, "file.txt", "-o", "copy.txt", *header)
    assert (cli.folder / "copy.txt").read_bytes() == file.read_bytes()
    stat = cli.run("swift", "stat", bucket, "file.txt", *header).stdout
    assert "Content Length: 200000" in stat
    assert key.base64 not in stat


def test_swift_writes_aws_reads(cli: Cli, file: Path, key_file: str, header: list[str], name: str) -> None:
    cli.run("swift", "upload", name, "file.txt", *header)
    cli.run("aws", "s3", "cp", f"s3://{name}/file.txt", "copy.txt", "--sse-c", "AES256", "--sse-c-key", key_file)
    assert (cli.folder / "copy.txt").read_bytes() == file.read_bytes()
    listed = cli.json("aws", "s3api", "list-objects-v2", "--bucket", name)
    assert [(row["Key"], row["Size"]) for row in listed["Contents"]] == [("file.txt", 200000)]


def test_both_clients_read_objects_without_a_key(cli: Cli, file: Path, name: str) -> None:
    cli.run("swift", "upload", name, "file.txt")
    cli.run("aws", "s3", "cp", f"s3://{name}/file.txt", "by-swift.txt")
    cli.run("aws", "s3", "cp", file, f"s3://{name}/by-aws.txt")
    cli.run("swift", "download", name, "by-aws.txt")
    for copy in ("by-swift.txt", "by-aws.txt"):
        assert (cli.folder / copy).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("url", ["/v3", "/v2.0", "/v3/", "/v2.0/"])
def test_the_line_that_people_paste(
    cli: Cli, s3: S3, file: Path, header: list[str], name: str, key: CustomerKey, url: str
) -> None:
    """Without a domain option, `swift` sends a v2 login, whatever the version in the URL."""
    pasted = cli.without(*(variable for variable in cli.environment if variable.startswith("OS_")))
    pasted.environment["OS_CACERT"] = cli.environment["OS_CACERT"]
    login = [
        *("--os-auth-url", f"{cli.server.tls.url}{url}"),
        *("--os-username", cli.user.name),
        *("--os-password", cli.user.password),
        *("--os-project-name", cli.user.account),
    ]
    pasted.run("swift", "upload", name, "file.txt", *header, *login)
    assert s3.get(name, "file.txt", key.s3()).body == file.read_bytes()
    pasted.run("swift", "download", name, "file.txt", "-o", "copy.txt", *header, *login)
    assert (cli.folder / "copy.txt").read_bytes() == file.read_bytes()


def test_both_clients_refuse_the_wrong_key(cli: Cli, file: Path, key_file: str, header: list[str], bucket: str) -> None:
    wrong = CustomerKey.new()
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/a", "--sse-c", "AES256", "--sse-c-key", key_file)
    cli.run("swift", "upload", bucket, "file.txt", "--object-name", "b", *header)
    for name in ("a", "b"):
        said = cli.fails("swift", "download", bucket, name, "-o", "bad", *headers_of(wrong))
        assert "403" in said, said
        said = cli.fails("swift", "download", bucket, name, "-o", "bad")
        assert "400" in said, said
        wrong_file = f"fileb://{wrong.file(cli.folder)}"
        said = cli.fails(
            "aws", "s3api", "get-object", "--bucket", bucket, "--key", name,
            "--sse-customer-algorithm", "AES256", "--sse-customer-key", wrong_file, "bad",
        )  # fmt: skip
        assert "(AccessDenied)" in said and "must provide the correct secret key" in said, said
        said = cli.fails("aws", "s3api", "get-object", "--bucket", bucket, "--key", name, "bad")
        assert "(InvalidRequest)" in said and "stored using a form of Server Side Encryption" in said, said
    assert not (cli.folder / "bad").exists() or not (cli.folder / "bad").read_bytes()


def headers_of(key: CustomerKey) -> list[str]:
    return [word for name, value in key.swift() for word in ("--header", f"{name}: {value}")]


def test_both_clients_delete_and_list_objects_of_the_other(
    cli: Cli, file: Path, key_file: str, header: list[str], bucket: str
) -> None:
    cli.run("aws", "s3", "cp", file, f"s3://{bucket}/by-aws", "--sse-c", "AES256", "--sse-c-key", key_file)
    cli.run("swift", "upload", bucket, "file.txt", "--object-name", "by-swift", *header)
    assert cli.run("swift", "list", bucket).stdout.split() == ["by-aws", "by-swift"]
    assert cli.run("aws", "s3", "ls", f"s3://{bucket}").stdout.count("200000") == 2
    cli.run("swift", "delete", bucket, "by-aws")
    cli.run("aws", "s3", "rm", f"s3://{bucket}/by-swift")
    assert cli.run("swift", "list", bucket).stdout == ""
    cli.run("aws", "s3", "rb", f"s3://{bucket}")
    assert bucket not in cli.run("swift", "list").stdout.split()


def test_both_clients_show_the_metadata_of_the_other(cli: Cli, file: Path, key_file: str, header: list[str], bucket: str) -> None:
    cli.run(
        "aws", "s3", "cp", file, f"s3://{bucket}/object", "--sse-c", "AES256", "--sse-c-key", key_file,
        "--metadata", "color=blue,two-words=a b", "--content-type", "text/x-verse",
    )  # fmt: skip
    stat = cli.run("swift", "stat", bucket, "object", *header).stdout
    assert "Meta Color: blue" in stat and "Meta Two-Words: a b" in stat and "text/x-verse" in stat
    cli.run("swift", "post", bucket, "object", "--meta", "Color:red", *header)
    head = cli.json(
        "aws", "s3api", "head-object", "--bucket", bucket, "--key", "object",
        "--sse-customer-algorithm", "AES256", "--sse-customer-key", key_file,
    )  # fmt: skip
    assert head["Metadata"] == {"color": "red"}
    assert head["SSECustomerAlgorithm"] == "AES256"
