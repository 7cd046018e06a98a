"""Listings of one bucket by both faces, compared with a simple model: random keys, random parameters, pages
of every size."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import pytest

from support.s3 import S3, document
from support.swift import Swift

PIECES = [
    "a", "b", "/", "//", "-", ".", "..", "0", " ", "+", "%", "%2F", "&", "<", "\"", "ab", "::", ":", "é", "ü", "z",
    "\U0001f600", "\U0010fffd", "\uffee", "\u2028", "\n", "\t", "~", "A", "=", "?", "#", "'", "\\", "\u00a0",
]  # fmt: skip
"""Pieces of keys: bytes around delimiters, special characters of XML and of URLs, planes beyond the first."""
DELIMITERS = ["", "/", "//", "::", ":", "a", "é", "\U0001f600", "/a", "b/", " "]


@dataclass(frozen=True)
class Query:
    """The part of a listing that a request asks for."""

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    """Rows after this key; in a reversed listing rows before it."""
    end: str = ""
    reverse: bool = False


@dataclass(frozen=True)
class Row:
    """An object's key, or a common prefix."""

    name: str
    rolled: bool


def model(keys: set[str], query: Query, *, swift: bool) -> list[Row]:
    """Every key between the bounds, rolled up. On Swift, a marker in a common prefix skips the whole
    prefix."""
    low, high = (query.end, query.after) if query.reverse else (query.after, query.end)
    rows: list[Row] = []
    for key in sorted(keys, key=str.encode):
        data = key.encode()
        if not key.startswith(query.prefix) or (low and data <= low.encode()) or (high and data >= high.encode()):
            continue
        at = key.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
        row = Row(key, False) if at < 0 else Row(key[: at + len(query.delimiter)], True)
        if row.rolled and low and (low == row.name or (swift and low.startswith(row.name))):
            continue
        if row not in rows:
            rows.append(row)
    return rows[::-1] if query.reverse else rows


def in_directory(keys: set[str], path: str) -> list[str]:
    """The names that `path=` shows: names directly in the directory, and names that mean a subdirectory; not
    the directory itself."""
    prefix = path.rstrip("/") + "/" if path else ""
    inside = [key for key in keys if key.startswith(prefix) and key != prefix]
    level = [key for key in inside if "/" not in key[len(prefix) : -1] or key[len(prefix) :].index("/") == len(key) - len(prefix) - 1]
    return sorted(level, key=str.encode)


def random_key(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 7)))


def random_query(chance: random.Random, keys: set[str]) -> Query:
    ordered = sorted(keys)

    def near() -> str:
        """A key, a prefix of a key, one of its common prefixes, a string next to one, or nothing."""
        key = chance.choice(ordered)
        cut = key[: chance.randint(0, len(key))]
        return chance.choice([key, cut, cut + chance.choice(PIECES), random_key(chance), "", ""])

    delimiter = chance.choice(DELIMITERS)
    query = Query(prefix=chance.choice(["", "", near()]), delimiter=delimiter, after=near(), end=near())
    rolled = [row.name for row in model(keys, replace(query, after="", end=""), swift=False) if row.rolled]
    if rolled and chance.random() < 0.4:
        query = replace(query, after=chance.choice(rolled))
    return query


def parameters(**given: str) -> str:
    return "&".join(f"{name.replace('_', '-')}={quote(value, safe='')}" for name, value in given.items() if value)


# S3.


def s3_rows(page: ElementTree.Element) -> list[Row]:
    """The rows of a page, in order. The answer has objects and prefixes apart."""
    text = lambda name: unquote(name or "") if page.findtext("EncodingType") == "url" else (name or "")  # noqa: E731
    rows = [Row(text(each.text), False) for each in page.findall("Contents/Key")]
    rows += [Row(text(each.text), True) for each in page.findall("CommonPrefixes/Prefix")]
    return sorted(rows, key=lambda row: row.name.encode())


def s3_pages(s3: S3, bucket: str, query: Query, size: int, version: int, encoded: bool) -> Iterator[list[Row]]:
    more = ""
    given = {"prefix": query.prefix, "delimiter": query.delimiter, "max_keys": str(size)}
    given["encoding_type"] = "url" if encoded else ""
    while True:
        if version == 2:
            start = {"start_after": query.after, "continuation_token": more, "list_type": "2"}
        else:
            start = {"marker": more or query.after}
        answer = s3.request("GET", f"/{bucket}", query=parameters(**given, **start))
        assert answer.status == 200, answer.text
        page = document(answer)
        rows = s3_rows(page)
        assert len(rows) <= size
        echoed = {"Prefix": query.prefix, "Delimiter": query.delimiter}
        echoed |= {"StartAfter": query.after} if version == 2 else {"Marker": more or query.after}
        for name, value in echoed.items():
            said = page.findtext(name) or ""
            assert (unquote(said) if encoded else said) == value, name
        if version == 2:
            assert page.findtext("KeyCount") == str(len(rows))
        yield rows
        if page.findtext("IsTruncated") == "false":
            assert page.find("NextMarker") is None and page.find("NextContinuationToken") is None
            return
        assert len(rows) == size, "a page before the last one is full"
        if version == 2:
            more = page.findtext("NextContinuationToken") or ""
        elif query.delimiter:
            said = page.findtext("NextMarker") or ""
            more = unquote(said) if encoded else said
        else:
            assert page.find("NextMarker") is None
            more = rows[-1].name
        assert more


# Swift.


def swift_page(swift: Swift, container: str, query: Query, size: int, form: str) -> list[Row]:
    given = parameters(
        prefix=query.prefix, delimiter=query.delimiter, marker=query.after, limit=str(size), format=form,
        reverse="true" if query.reverse else "",
    )  # fmt: skip
    given += f"&end_marker={quote(query.end, safe='')}" if query.end else ""
    if form == "json":
        return [Row(row.get("subdir", row.get("name")), "subdir" in row) for row in swift.list(container, given)]
    answer = swift.request("GET", container, query=given)
    if form == "plain":
        assert answer.status == (200 if answer.body else 204)
        # Names may contain line ends, and nothing marks the rows that are rolled up.
        return [Row(answer.text, False)]
    assert answer.status == 200, answer.text
    root = ElementTree.fromstring(answer.body)
    assert (root.tag, root.get("name")) == ("container", container)
    return [Row(each.findtext("name") or "", each.tag == "subdir") for each in root]


def swift_pages(swift: Swift, container: str, query: Query, size: int, form: str) -> Iterator[list[Row]]:
    while True:
        rows = swift_page(swift, container, query, size, form)
        assert len(rows) <= size
        yield rows
        if len(rows) < size:
            return
        query = replace(query, after=rows[-1].name)


def fill(s3: S3, swift: Swift, bucket: str, keys: set[str]) -> None:
    """Puts the keys, in turn by each face."""
    for number, key in enumerate(sorted(keys)):
        answer = (s3 if number % 2 else swift).put(bucket, key, b"")
        assert answer.status in (200, 201), (key, answer.text)


def world(seed: int, count: int) -> tuple[random.Random, set[str]]:
    chance = random.Random(seed)
    keys = {random_key(chance) for _ in range(count)}
    # Keys that are prefixes of others, and the longest keys that are allowed.
    keys |= {key[: chance.randint(1, len(key))] for key in sorted(keys)[::5]}
    keys |= {key + chance.choice(PIECES) for key in sorted(keys)[::7]}
    keys.add("\U0001f600" * 256)
    return chance, keys


def check(s3: S3, swift: Swift, bucket: str, seed: int, *, keys: int, queries: int) -> None:
    chance, names = world(seed, keys)
    fill(s3, swift, bucket, names)
    for _ in range(queries):
        query, size = random_query(chance, names), chance.choice([1, 2, 3, 5, 8, 1000])
        plain = replace(query, end="")
        expected = model(names, plain, swift=False)
        for version in (1, 2):
            encoded = chance.random() < 0.7
            pages = list(s3_pages(s3, bucket, plain, size, version, encoded))
            assert [row for page in pages for row in page] == expected, (seed, plain, size, version, encoded)
        query = replace(query, reverse=chance.random() < 0.5)
        expected = model(names, query, swift=True)
        for form in ("json", "xml"):
            pages = list(swift_pages(swift, bucket, query, size, form))
            assert [row for page in pages for row in page] == expected, (seed, query, size, form)
        lines = "".join(f"{row.name}\n" for row in expected)
        assert swift_page(swift, bucket, query, 10_000, "plain") == [Row(lines, False)]


@pytest.mark.parametrize("seed", range(6))
def test_both_faces_list_as_the_model_does(s3: S3, swift: Swift, bucket: str, seed: int) -> None:
    check(s3, swift, bucket, seed, keys=60, queries=40)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 130))
def test_both_faces_list_as_the_model_does_many_times(s3: S3, swift: Swift, bucket: str, seed: int) -> None:
    check(s3, swift, bucket, seed, keys=400, queries=300)


@pytest.mark.parametrize("seed", range(3))
def test_pseudo_directories(s3: S3, swift: Swift, bucket: str, seed: int) -> None:
    chance = random.Random(seed)
    pieces = ["a", "b", "/", "//", "é", "0", " "]
    keys = {"".join(chance.choice(pieces) for _ in range(chance.randint(1, 6))) for _ in range(60)}
    keys |= {"d/", "d/x", "d/y/", "d/y/z", "d/w/v", "d//", "d//q"}
    fill(s3, swift, bucket, keys)
    paths = ["", "d", "d/", "d/y", "nothing", *(key[: chance.randint(1, len(key))] for key in sorted(keys)[::3])]
    for path in paths:
        answer = swift.list(bucket, f"path={quote(path, safe='')}")
        assert [row["name"] for row in answer] == in_directory(keys, path), path
        rows, marker = [], ""
        while page := swift.list(bucket, f"path={quote(path, safe='')}&limit=2&marker={quote(marker, safe='')}"):
            rows += [row["name"] for row in page]
            marker = rows[-1]
        assert rows == in_directory(keys, path), path


def test_keys_that_xml_cannot_hold_are_listed_in_url_encoding(s3: S3, swift: Swift, bucket: str) -> None:
    keys = {"a\x01", "\x7f/b", "\ufffe", "c\x1f/d", "\r", "x\r\ny"}
    fill(s3, swift, bucket, keys)
    for query in (Query(), Query(delimiter="/"), Query(after="a\x01"), Query(prefix="c\x1f")):
        for version in (1, 2):
            pages = list(s3_pages(s3, bucket, query, 2, version, True))
            assert [row for page in pages for row in page] == model(keys, query, swift=False)
        rows = swift_page(swift, bucket, query, 100, "json")
        assert rows == model(keys, query, swift=True)


@pytest.mark.parametrize("form", ["", "plain", "json", "xml"])
def test_an_empty_container(swift: Swift, bucket: str, form: str) -> None:
    """Only a plain listing can have no content."""
    answer = swift.request("GET", bucket, query=f"format={form}")
    assert answer.status == (200 if form in ("json", "xml") else 204)
    assert answer.text.strip().endswith({"json": "[]", "xml": "</container>"}.get(form, ""))


@pytest.mark.parametrize(
    ("accept", "status", "kind"),
    [
        ("", 200, "text/plain"),
        ("*/*", 200, "text/plain"),
        ("application/json", 200, "application/json"),
        ("application/xml", 200, "application/xml"),
        ("text/xml", 200, "text/xml"),
        ("text/xml;q=0.5, application/json", 200, "application/json"),
        ("application/*", 200, "application/json"),
        ("text/*", 200, "text/plain"),
        ("image/png", 406, "text/html"),
        ("image/png, application/json;q=0.1", 200, "application/json"),
        ("application/json;q=0", 406, "text/html"),
        ("nonsense", 400, "text/plain"),
    ],
)
def test_the_format_of_the_accept_header(swift: Swift, bucket: str, accept: str, status: int, kind: str) -> None:
    assert swift.put(bucket, "object", b"").status == 201
    answer = swift.request("GET", bucket, headers=[("Accept", accept)] if accept else [])
    assert (answer.status, answer["Content-Type"].split(";")[0]) == (status, kind)
    if status == 200:
        assert answer["Vary"] == "Accept"
        by_parameter = swift.request("GET", bucket, query="format=json", headers=[("Accept", accept)])
        assert by_parameter["Content-Type"].startswith("application/json") and "Vary" not in by_parameter


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 204), ("limit=0&format=json", 200), ("limit=10000", 200), ("limit=10001", 412), ("limit=-1", 200),
        ("limit=x", 200), ("limit=", 200), ("limit=99999999999999999999", 412), ("limit=10001&format=xml", 412),
        ("marker=zzz", 204), ("marker=zzz&format=json", 200), ("prefix=%00", 400), ("marker=%FF", 400),
    ],
)  # fmt: skip
def test_limits_of_swift(swift: Swift, bucket: str, query: str, status: int) -> None:
    assert swift.put(bucket, "object", b"").status == 201
    answer = swift.request("GET", bucket, query=query)
    assert answer.status == status, answer.text
    if status == 412 and query.startswith("limit"):
        assert answer.text == "Maximum limit is 10000"
