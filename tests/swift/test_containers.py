"""Containers: create, metadata, listings, delete."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

import pytest

from support.keys import Headers
from support.swift import Swift

NAMES = ["a", "b/1", "b/2", "b/c/3", "d", "é", "z z"]


def test_a_container_is_created_twice_and_deleted(swift: Swift, name: str) -> None:
    assert swift.create(name).status == 201
    assert swift.create(name).status == 202
    assert swift.request("DELETE", name).status == 204
    assert swift.request("DELETE", name).status == 404
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert swift.request(method, name).status == 404
    assert swift.put(name, "object").status == 404


def test_only_an_empty_container_is_deleted(swift: Swift, bucket: str) -> None:
    swift.put(bucket, "object")
    assert swift.request("DELETE", bucket).status == 409
    swift.delete(bucket, "object")
    assert swift.request("DELETE", bucket).status == 204


def test_head(swift: Swift, bucket: str) -> None:
    swift.put(bucket, "object", b"12345")
    head = swift.request("HEAD", bucket)
    assert head.status == 204
    assert (head["X-Container-Object-Count"], head["X-Container-Bytes-Used"]) == ("1", "5")
    assert re.fullmatch(r"\d{10}\.\d{5}", head["X-Timestamp"])
    assert head["Last-Modified"] and head["X-Storage-Policy"]


def test_metadata_is_merged(swift: Swift, name: str) -> None:
    created = swift.create(name, [("X-Container-Meta-Color", "blue"), ("X-Container-Meta-Size", "1")])
    assert created.status == 201
    assert swift.request("POST", name, headers=[("X-Container-Meta-size", "2")]).status == 204
    assert swift.request("HEAD", name).starting("x-container-meta-") == {"color": "blue", "size": "2"}
    assert swift.create(name, [("X-Container-Meta-New", "é")]).status == 202
    assert swift.request("HEAD", name)["X-Container-Meta-New"] == "é"
    swift.request("POST", name, headers=[("X-Container-Meta-Color", ""), ("X-Remove-Container-Meta-Size", "x")])
    assert swift.request("HEAD", name).starting("x-container-meta-") == {"new": "é"}
    assert swift.request("GET", name)["X-Container-Meta-New"] == "é"


def test_a_name_of_any_text(swift: Swift, name: str) -> None:
    for odd in (f"{name} ü", f"{name}+%2F".replace("%2F", "%"), f"{name}?#&"):
        assert swift.create(odd).status == 201
        assert swift.put(odd, "object", b"x").status == 201
        assert swift.get(odd, "object").body == b"x"
        assert odd in [row["name"] for row in swift.list()]


def test_an_unknown_policy_is_refused(swift: Swift, name: str) -> None:
    assert swift.create(name, [("X-Storage-Policy", "none-such")]).status == 400
    assert swift.request("HEAD", name).status == 404


@pytest.fixture
def filled(swift: Swift, bucket: str) -> str:
    for each in NAMES:
        assert swift.put(bucket, each, each.encode(), [("Content-Type", "text/x-a")]).status == 201
    return bucket


def test_an_empty_listing(swift: Swift, bucket: str) -> None:
    assert swift.request("GET", bucket).status == 204
    assert (swift.request("GET", bucket, query="format=json").body) == b"[]"
    xml = swift.request("GET", bucket, query="format=xml")
    assert xml.status == 200 and ElementTree.fromstring(xml.body).attrib == {"name": bucket}


def test_the_listing_in_each_format(swift: Swift, filled: str) -> None:
    plain = swift.request("GET", filled)
    assert plain.text == "".join(f"{each}\n" for each in sorted(NAMES, key=str.encode))
    assert plain["Content-Type"] == "text/plain; charset=utf-8"
    assert plain["X-Container-Object-Count"] == str(len(NAMES))
    row = swift.list(filled)[1]
    assert (row["name"], row["bytes"], row["content_type"]) == ("b/1", 3, "text/x-a")
    assert re.fullmatch("[0-9a-f]{32}", row["hash"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", row["last_modified"])
    xml = swift.request("GET", filled, query="format=xml&delimiter=/")
    root = ElementTree.fromstring(xml.body)
    assert [e.findtext("name") for e in root] == ["a", "b/", "d", "z z", "é"]
    assert [e.tag for e in root] == ["object", "subdir", "object", "object", "object"]
    assert xml["Content-Type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json; charset=utf-8"),
        ("application/xml", "application/xml; charset=utf-8"),
        ("text/xml", "text/xml; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("*/*", "text/plain; charset=utf-8"),
        ("application/json;q=0.1, application/xml;q=0.9", "application/xml; charset=utf-8"),
    ],
)
def test_the_accept_header(swift: Swift, filled: str, accept: str, kind: str) -> None:
    answer = swift.request("GET", filled, headers=[("Accept", accept)])
    assert (answer.status, answer["Content-Type"]) == (200, kind)
    assert "Accept" in answer["Vary"]


def test_the_format_parameter_overrides_accept(swift: Swift, filled: str) -> None:
    answer = swift.request("GET", filled, query="format=json", headers=[("Accept", "application/xml")])
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    answer = swift.request("GET", filled, query="format=nonsense")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert swift.request("GET", filled, headers=[("Accept", "image/png")]).status == 406


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("prefix=b/", ["b/1", "b/2", "b/c/3"]),
        ("prefix=b/&delimiter=/", ["b/1", "b/2", "b/c/"]),
        ("delimiter=/", ["a", "b/", "d", "z z", "é"]),
        ("delimiter=/&marker=b/", ["d", "z z", "é"]),
        ("delimiter=/&marker=b/1", ["d", "z z", "é"]),
        ("delimiter=c/", ["a", "b/1", "b/2", "b/c/", "d", "z z", "é"]),
        ("marker=b/2", ["b/c/3", "d", "z z", "é"]),
        ("marker=bb", ["d", "z z", "é"]),
        ("end_marker=b/2", ["a", "b/1"]),
        ("marker=a&end_marker=d", ["b/1", "b/2", "b/c/3"]),
        ("limit=2", ["a", "b/1"]),
        ("limit=2&delimiter=/", ["a", "b/"]),
        ("limit=nonsense", sorted(NAMES, key=str.encode)),
        ("limit=-1", sorted(NAMES, key=str.encode)),
        ("limit=0", []),
        ("reverse=true", sorted(NAMES, key=str.encode, reverse=True)),
        ("reverse=true&marker=d", ["b/c/3", "b/2", "b/1", "a"]),
        ("reverse=true&end_marker=b/2", ["é", "z z", "d", "b/c/3"]),
        ("reverse=true&delimiter=/", ["é", "z z", "d", "b/", "a"]),
        ("reverse=true&limit=2&delimiter=/&marker=d", ["b/", "a"]),
        ("path=", ["a", "d", "z z", "é"]),
        ("path=b", ["b/1", "b/2"]),
        ("path=b/", ["b/1", "b/2"]),
        ("path=b/c", ["b/c/3"]),
        ("prefix=%C3%A9", ["é"]),
        ("prefix=none", []),
    ],
)
def test_parameters_of_the_listing(swift: Swift, filled: str, query: str, expected: list[str]) -> None:
    rows = json.loads(swift.request("GET", filled, query=f"{query}&format=json").body)
    assert [row.get("subdir") or row["name"] for row in rows] == expected
    plain = swift.request("GET", filled, query=query)
    assert (plain.status, plain.text) == (200 if expected else 204, "".join(f"{each}\n" for each in expected))


@pytest.mark.parametrize("query", ["", "delimiter=/", "reverse=true", "reverse=true&delimiter=/", "prefix=b"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_to_the_whole(swift: Swift, filled: str, query: str, limit: int) -> None:
    def names(extra: str) -> list[str]:
        rows = swift.list(filled, f"{query}&{extra}".strip("&"))
        return [row.get("subdir") or row["name"] for row in rows]

    seen: list[str] = []
    while page := names(f"limit={limit}" + (f"&marker={quote(seen[-1], safe='')}" if seen else "")):
        assert len(page) <= limit
        seen += page
    assert seen == names("")


def test_a_limit_that_is_too_large_is_refused(swift: Swift, filled: str) -> None:
    assert swift.request("GET", filled, query="limit=10000").status == 200
    refused = swift.request("GET", filled, query="limit=10001")
    assert (refused.status, refused.text.strip()) == (412, "Maximum limit is 10000")


def test_names_that_need_escaping(swift: Swift, bucket: str) -> None:
    odd = 'a<b>&"c\'\\d\te'
    assert swift.put(bucket, odd).status == 201
    assert [row["name"] for row in swift.list(bucket)] == [odd]
    xml = ElementTree.fromstring(swift.request("GET", bucket, query="format=xml").body)
    assert xml.findtext("object/name") == odd


@pytest.mark.parametrize("name_of_header", ["Name", "x" * 128, "Unter_Strich"])
def test_metadata_names(swift: Swift, bucket: str, name_of_header: str) -> None:
    assert swift.request("POST", bucket, headers=[(f"X-Container-Meta-{name_of_header}", "v")]).status == 204
    assert len(swift.request("HEAD", bucket).starting("x-container-meta-")) == 1


def test_metadata_limits(swift: Swift, bucket: str) -> None:
    def post(headers: Headers) -> int:
        return swift.request("POST", bucket, headers=headers).status

    assert post([(f"X-Container-Meta-{'n' * 129}", "v")]) == 400
    assert post([("X-Container-Meta-V", "v" * 257)]) == 400
    assert post([("X-Container-Meta-V", "v" * 256)]) == 204
    assert post([(f"X-Container-Meta-N{n}", "v") for n in range(91)]) == 400
    assert post([(f"X-Container-Meta-M{n}", "v" * 250) for n in range(17)]) == 400
    assert swift.request("HEAD", bucket).starting("x-container-meta-") == {"v": "v" * 256}
