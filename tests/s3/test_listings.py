"""ListObjectsV2, and the older ListObjects."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

import pytest

from support.s3 import S3, document, error

KEYS = ["a", "b/1", "b/2", "b/c/3", "d", "é/1", "z z", "z+z"]


@pytest.fixture
def filled(s3: S3, bucket: str) -> str:
    for key in KEYS:
        assert s3.put(bucket, key, key.encode()).status == 200
    return bucket


def keys(page: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in page.findall("Contents/Key")]


def prefixes(page: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in page.findall("CommonPrefixes/Prefix")]


def test_all_objects(s3: S3, filled: str) -> None:
    page = s3.list(filled)
    assert keys(page) == sorted(KEYS, key=str.encode)
    assert page.findtext("Name") == filled
    assert page.findtext("KeyCount") == str(len(KEYS))
    assert page.findtext("MaxKeys") == "1000"
    assert page.findtext("IsTruncated") == "false"
    row = page.find("Contents")
    assert row is not None
    assert row.findtext("StorageClass") == "STANDARD"
    assert row.findtext("Size") == "1"
    assert (row.findtext("LastModified") or "").endswith("Z")
    assert row.find("Owner") is None, "the owner is only sent on request"


@pytest.mark.parametrize(
    ("query", "contents", "common"),
    [
        ("prefix=b%2F", ["b/1", "b/2", "b/c/3"], []),
        ("prefix=b%2F&delimiter=%2F", ["b/1", "b/2"], ["b/c/"]),
        ("delimiter=%2F", ["a", "d", "z z", "z+z"], ["b/", "é/"]),
        ("prefix=nothing", [], []),
        ("prefix=b", ["b/1", "b/2", "b/c/3"], []),
        ("start-after=b%2F2", ["b/c/3", "d", "z z", "z+z", "é/1"], []),
        ("start-after=b%2F2&delimiter=%2F", ["d", "z z", "z+z"], ["b/", "é/"]),
        ("prefix=%C3%A9", ["é/1"], []),
        ("delimiter=%2F&prefix=z%20", ["z z"], []),
        ("delimiter=c%2F", ["a", "b/1", "b/2", "d", "z z", "z+z", "é/1"], ["b/c/"]),
        ("max-keys=0", [], []),
    ],
)
def test_prefixes_and_delimiters(s3: S3, filled: str, query: str, contents: list[str], common: list[str]) -> None:
    page = s3.list(filled, query)
    assert sorted(keys(page)) == sorted(contents)
    assert prefixes(page) == common
    assert page.findtext("IsTruncated") == "false"
    assert page.findtext("KeyCount") == str(len(contents) + len(common))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9])
@pytest.mark.parametrize("delimiter", ["", "delimiter=%2F"])
def test_pages_join_to_the_whole(s3: S3, filled: str, size: int, delimiter: str) -> None:
    seen: list[str] = []
    query = f"max-keys={size}&{delimiter}".rstrip("&")
    token = ""
    while True:
        page = s3.list(filled, query + (f"&continuation-token={quote(token, safe='')}" if token else ""))
        rows = sorted(keys(page) + prefixes(page), key=str.encode)
        assert len(rows) == int(page.findtext("KeyCount") or "") <= size
        seen += rows
        if page.findtext("IsTruncated") == "false":
            break
        token = page.findtext("NextContinuationToken") or ""
        assert token
    whole = s3.list(filled, delimiter)
    assert seen == sorted(keys(whole) + prefixes(whole), key=str.encode)


def test_a_page_has_at_most_a_thousand_rows(s3: S3, filled: str) -> None:
    assert s3.list(filled, "max-keys=5000").findtext("MaxKeys") == "1000"


@pytest.mark.parametrize("query", ["max-keys=-1", "max-keys=x", "continuation-token=%00nonsense", "encoding-type=x"])
def test_bad_parameters_are_refused(s3: S3, filled: str, query: str) -> None:
    refused = s3.request("GET", f"/{filled}", query=f"list-type=2&{query}")
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidArgument")


def test_encoding_type_url(s3: S3, filled: str) -> None:
    page = s3.list(filled, "encoding-type=url&delimiter=%2F")
    assert page.findtext("EncodingType") == "url"
    assert "%C3%A9/" in prefixes(page)
    assert {"z+z", "z%20z"} & set(keys(page)) or {"z%2Bz"} & set(keys(page))


def test_keys_that_xml_cannot_hold_are_listed_in_url_encoding(s3: S3, bucket: str) -> None:
    """XML 1.0 allows no control characters. `encoding-type=url` lists them."""
    assert s3.put(bucket, "a\x01b", b"").status == 200
    assert keys(s3.list(bucket, "encoding-type=url")) == ["a%01b"]


def test_the_owner_on_request(s3: S3, filled: str) -> None:
    page = s3.list(filled, "fetch-owner=true")
    assert page.findtext("Contents/Owner/ID")


def test_version_one_of_the_listing(s3: S3, filled: str) -> None:
    page = document(s3.request("GET", f"/{filled}", query="max-keys=3"))
    assert (keys(page), page.findtext("IsTruncated")) == (["a", "b/1", "b/2"], "true")
    page = document(s3.request("GET", f"/{filled}", query="max-keys=3&marker=b%2F2"))
    assert keys(page) == ["b/c/3", "d", "z z"]
    page = document(s3.request("GET", f"/{filled}", query="delimiter=%2F&max-keys=2"))
    assert page.findtext("NextMarker") == "b/"


def test_a_missing_bucket_is_not_found(s3: S3, name: str) -> None:
    missing = s3.request("GET", f"/{name}", query="list-type=2")
    assert (missing.status, error(missing)["Code"]) == (404, "NoSuchBucket")
