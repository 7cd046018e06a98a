"""Accounts: usage, metadata, and the listing of containers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from support import people
from support.server import Server
from support.swift import Swift, escape


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """A server with an account that only these tests use."""
    with Server(tmp_path_factory.mktemp("accounts")) as server:
        yield Swift(server.tls, people.OWNER)


@pytest.fixture
def account(alone: Swift) -> Swift:
    """Its account, without containers and metadata."""
    for row in alone.list():
        for each in alone.list(row["name"]):
            assert alone.delete(row["name"], each["name"]).status == 204
        assert alone.request("DELETE", escape(row["name"])).status == 204
    return alone


def test_an_empty_account(account: Swift) -> None:
    assert account.request("GET").status == 204
    assert account.request("GET", query="format=json").body == b"[]"
    head = account.request("HEAD")
    assert (head.status, head["X-Account-Container-Count"], head["X-Account-Object-Count"]) == (204, "0", "0")
    assert head["X-Account-Bytes-Used"] == "0"


def test_usage(account: Swift) -> None:
    for name in ("a", "b"):
        account.create(name)
    account.put("a", "1", b"x" * 10)
    account.put("a", "2", b"x" * 70000)
    account.put("b", "1", b"")
    account.put("a", "1", b"x" * 5)
    head = account.request("HEAD")
    assert (head["X-Account-Container-Count"], head["X-Account-Object-Count"]) == ("2", "3")
    assert head["X-Account-Bytes-Used"] == "70005"
    assert [(row["name"], row["count"], row["bytes"]) for row in account.list()] == [("a", 2, 70005), ("b", 1, 0)]
    account.delete("a", "2")
    assert account.request("HEAD", "a")["X-Container-Bytes-Used"] == "5"
    assert account.request("HEAD")["X-Account-Bytes-Used"] == "5"


def test_headers(account: Swift) -> None:
    head = account.request("HEAD")
    assert re.fullmatch(r"\d{10}\.\d{5}", head["X-Timestamp"])
    assert head.get("Content-Length") in (None, "0")


def test_the_listing_in_each_format(account: Swift) -> None:
    account.create("b")
    account.create("ä & <b>")
    plain = account.request("GET")
    assert (plain.status, plain.text) == (200, "b\nä & <b>\n")
    assert plain["Content-Type"] == "text/plain; charset=utf-8"
    (row, _) = account.list()
    assert set(row) >= {"name", "count", "bytes", "last_modified"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", row["last_modified"])
    xml = account.request("GET", query="format=xml")
    root = ElementTree.fromstring(xml.body)
    assert (root.tag, root.attrib["name"]) == ("account", "AUTH_test")
    assert [e.findtext("name") for e in root.findall("container")] == ["b", "ä & <b>"]
    assert xml.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "a-b", "a-c", "b", "c"]),
        ("prefix=a-", ["a-b", "a-c"]),
        ("marker=a-b", ["a-c", "b", "c"]),
        ("end_marker=a-c", ["a", "a-b"]),
        ("marker=a&end_marker=b", ["a-b", "a-c"]),
        ("limit=2", ["a", "a-b"]),
        ("limit=2&marker=a-b", ["a-c", "b"]),
        ("reverse=true", ["c", "b", "a-c", "a-b", "a"]),
        ("reverse=true&marker=b", ["a-c", "a-b", "a"]),
        ("reverse=on&limit=1", ["c"]),
    ],
)
def test_parameters_of_the_listing(account: Swift, query: str, expected: list[str]) -> None:
    for name in ("a", "a-b", "a-c", "b", "c"):
        account.create(name)
    answer = account.request("GET", query=f"{query}&format=json")
    assert [row["name"] for row in json.loads(answer.body)] == expected
    assert account.request("GET", query=query).text.split() == expected


def test_a_delimiter(account: Swift) -> None:
    for name in ("a-1", "a-2", "b"):
        account.create(name)
    rows = account.list(query="delimiter=-")
    assert [row.get("subdir") or row["name"] for row in rows] == ["a-", "b"]


def test_a_limit_that_is_too_large_is_refused(account: Swift) -> None:
    assert account.request("GET", query="limit=10000").status in (200, 204)
    refused = account.request("GET", query="limit=10001")
    assert (refused.status, refused.text.strip()) == (412, "Maximum limit is 10000")


def test_metadata_is_merged(account: Swift) -> None:
    post = account.request("POST", headers=[("X-Account-Meta-Color", "blue"), ("X-Account-Meta-Size", "1")])
    assert post.status == 204
    account.request("POST", headers=[("X-Account-Meta-Size", "2")])
    assert account.request("HEAD").starting("x-account-meta-") == {"color": "blue", "size": "2"}
    account.request("POST", headers=[("X-Account-Meta-Color", ""), ("X-Remove-Account-Meta-Size", "x")])
    assert account.request("HEAD").starting("x-account-meta-") == {}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_accounts_cannot_be_created_or_deleted(account: Swift, method: str) -> None:
    assert account.request(method).status in (403, 405)


def test_an_unacceptable_format_is_refused(account: Swift) -> None:
    assert account.request("GET", headers=[("Accept", "image/png")]).status == 406
