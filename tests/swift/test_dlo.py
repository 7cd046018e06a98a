"""Dynamic large objects: `X-Object-Manifest`."""

from __future__ import annotations

import pytest

from support.keys import CustomerKey, Headers
from support.swift import Swift

PARTS = [b"a" * 70_000, b"b" * 5, b"c" * 100_000]
WHOLE = b"".join(PARTS)


@pytest.fixture
def manifest(swift: Swift, name: str) -> Headers:
    """Segments in a container named `name`, and the header that names them."""
    assert swift.create(name).status == 201
    for index, body in enumerate(PARTS):
        assert swift.put(name, f"s/{index}", body).status == 201
    return [("X-Object-Manifest", f"{name}/s/")]


def test_put_get_head_and_ranges(swift: Swift, name: str, manifest: Headers, keyed: Headers) -> None:
    assert swift.put(name, "dlo", b"", [*manifest, *keyed]).status == 201
    got = swift.get(name, "dlo", keyed)
    assert got.status == 200 and got.body == WHOLE
    assert got["X-Object-Manifest"] == f"{name}/s/" and got["Etag"].startswith('"')
    assert swift.head(name, "dlo", keyed)["Content-Length"] == str(len(WHOLE))
    part = swift.get(name, "dlo", [("Range", "bytes=69990-70010"), *keyed])
    assert part.status == 206 and part.body == WHOLE[69_990:70_011]


def test_the_manifest_may_have_bytes_of_its_own(swift: Swift, name: str, manifest: Headers) -> None:
    assert swift.put(name, "dlo", b"own", manifest).status == 201
    own = swift.request("GET", f"{name}/dlo", query="multipart-manifest=get")
    assert (own.status, own.body, own["X-Object-Manifest"]) == (200, b"own", f"{name}/s/")


def test_a_chunked_manifest_of_no_bytes(swift: Swift, name: str, manifest: Headers) -> None:
    """rclone sends it so."""
    headers = [*manifest, ("Transfer-Encoding", "chunked")]
    assert swift.put(name, "dlo", b"0\r\n\r\n", headers).status == 201
    assert swift.get(name, "dlo").body == WHOLE


def test_keys(swift: Swift, name: str, manifest: Headers, key: CustomerKey) -> None:
    assert swift.put(name, "dlo", b"", [*manifest, *key.swift()]).status == 201
    assert swift.get(name, "dlo").status == 400
    assert swift.get(name, "dlo", CustomerKey.new().swift()).status == 403
    assert swift.get(name, "s/0").status == 400, "without the key a segment can still be read"
    head = swift.head(name, "dlo")
    assert (head.status, head["X-Object-Manifest"]) == (200, f"{name}/s/")


def test_a_post_without_the_header_removes_it(swift: Swift, name: str, manifest: Headers) -> None:
    assert swift.put(name, "dlo", b"own", manifest).status == 201
    assert swift.post(name, "dlo", [("X-Object-Meta-A", "b")]).status == 202
    assert swift.get(name, "dlo").body == b"own"
    assert swift.post(name, "dlo", manifest).status == 202
    assert swift.get(name, "dlo").body == WHOLE


@pytest.mark.parametrize("value", ["c", "/p", "c/", "c//p", "c/p?a=b", "c/p&q"])
def test_a_malformed_header_is_refused(swift: Swift, name: str, value: str) -> None:
    assert swift.create(name).status == 201
    refused = swift.put(name, "o", b"", [("X-Object-Manifest", value)])
    assert refused.status == 400
    assert refused.text == "X-Object-Manifest must be in the format container/prefix"
