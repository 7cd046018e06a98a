"""Static large objects: `multipart-manifest` on PUT, GET, HEAD and DELETE."""

from __future__ import annotations

import hashlib
import json

import pytest

from support.keys import CustomerKey, Headers
from support.swift import Swift

PARTS = {"s/1": b"a" * 70_000, "s/2": b"b" * 5, "s/3": b"c" * 100_000}
WHOLE = b"".join(PARTS.values())


@pytest.fixture
def segments(swift: Swift, name: str) -> list[dict[str, object]]:
    """Segments in a container named `name`, in the form of a manifest."""
    assert swift.create(name).status == 201
    for path, body in PARTS.items():
        assert swift.put(name, path, body).status == 201
    return [
        {"path": f"/{name}/{path}", "etag": hashlib.md5(body).hexdigest(), "size_bytes": len(body)}
        for path, body in PARTS.items()
    ]


def put(swift: Swift, name: str, manifest: object, headers: Headers = (), query: str = ""):
    body = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    return swift.request("PUT", f"{name}/slo", query=f"multipart-manifest=put{query}", headers=headers, body=body)


def test_put_get_head_and_ranges(swift: Swift, name: str, segments: list, keyed: Headers) -> None:
    made = put(swift, name, segments, keyed)
    etags = "".join(str(segment["etag"]) for segment in segments)
    assert (made.status, made["Etag"]) == (201, f'"{hashlib.md5(etags.encode()).hexdigest()}"')
    got = swift.get(name, "slo", keyed)
    assert got.status == 200 and got.body == WHOLE
    assert (got["X-Static-Large-Object"], got["Etag"]) == ("True", made["Etag"])
    head = swift.head(name, "slo", keyed)
    assert (head["Content-Length"], head["Etag"]) == (str(len(WHOLE)), made["Etag"])
    for first, last in [(0, 0), (69_999, 70_000), (69_990, 70_010), (100_000, len(WHOLE) - 1)]:
        part = swift.get(name, "slo", [("Range", f"bytes={first}-{last}"), *keyed])
        assert part.status == 206 and part.body == WHOLE[first : last + 1]
    row = next(row for row in swift.list(name) if row["name"] == "slo")
    assert row["bytes"] == len(WHOLE)


def test_the_manifest_needs_no_key(swift: Swift, name: str, segments: list, keyed: Headers) -> None:
    assert put(swift, name, segments, keyed).status == 201
    answer = swift.request("GET", f"{name}/slo", query="multipart-manifest=get")
    assert answer.status == 200 and answer["Content-Type"] == "application/json; charset=utf-8"
    rows = json.loads(answer.body)
    assert [row["name"] for row in rows] == [segment["path"] for segment in segments]
    assert [row["bytes"] for row in rows] == [segment["size_bytes"] for segment in segments]
    hashes = [row["hash"] for row in rows]
    assert (hashes == [segment["etag"] for segment in segments]) is (not keyed)
    opened = json.loads(swift.request("GET", f"{name}/slo", query="multipart-manifest=get", headers=keyed).body)
    assert [row["hash"] for row in opened] == [segment["etag"] for segment in segments]


def test_wrong_and_missing_keys(swift: Swift, name: str, segments: list, key: CustomerKey) -> None:
    assert put(swift, name, segments, key.swift()).status == 201
    other = CustomerKey.new().swift()
    assert swift.get(name, "slo").status == 400
    assert swift.get(name, "slo", other).status == 403
    assert swift.head(name, "slo", other).status == 403
    head = swift.head(name, "slo")
    assert (head.status, head["X-Static-Large-Object"], head["Content-Length"]) == (200, "True", str(len(WHOLE)))
    assert swift.get(name, "s/1").status == 400, "without the key a segment can still be read"
    assert put(swift, name, segments, other).status == 403


def test_a_changed_segment_answers_409(swift: Swift, name: str, segments: list) -> None:
    assert put(swift, name, segments).status == 201
    assert swift.put(name, "s/1", b"other").status == 201
    assert swift.get(name, "slo").status == 409


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"hello", "Manifest must be valid JSON.\n"),
        (b"{}", "Manifest must be a list.\n"),
        (b'[{"path": "/c/o", "foo": 1}]', 'Index 0: extraneous keys "foo"\n'),
        (b'[{"path": "/c"}]', "Index 0: path does not refer to an object. Path must be of the form /container/object.\n"),
        (b'[{"data": "YQ=="}]', "Inline data segments require at least one object-backed segment.\n"),
    ],
)
def test_malformed_manifests_are_refused(swift: Swift, name: str, body: bytes, text: str) -> None:
    assert swift.create(name).status == 201
    refused = put(swift, name, body)
    assert (refused.status, refused.text) == (400, text)


def test_segments_that_differ_from_the_manifest_are_refused(swift: Swift, name: str, segments: list) -> None:
    segments[0]["etag"] = "0" * 32
    segments[1]["size_bytes"] = 6
    refused = put(swift, name, [*segments, {"path": f"/{name}/none"}], [("Accept", "application/json")])
    assert refused.status == 400
    assert json.loads(refused.body)["Errors"] == [
        [f"/{name}/s/1", "Etag Mismatch"],
        [f"/{name}/s/2", "Size Mismatch"],
        [f"/{name}/none", "404 Not Found"],
    ]
    assert swift.head(name, "slo").status == 404
    itself = put(swift, name, [{"path": f"/{name}/slo"}])
    assert itself.text == "Index 0: manifest must not include itself as a segment\n"


def test_heartbeats_are_sent_while_segments_are_checked(swift: Swift, name: str, segments: list) -> None:
    answer = put(swift, name, segments, [("Accept", "application/json")], "&heartbeat=on")
    assert answer.status == 202 and answer.body.startswith(b" ")
    report = json.loads(answer.body)
    assert report["Response Status"] == "201 Created" and report["Errors"] == []
    assert swift.get(name, "slo").body == WHOLE


def test_a_delete_with_the_segments(swift: Swift, name: str, segments: list, keyed: Headers) -> None:
    assert put(swift, name, segments, keyed).status == 201
    answer = swift.request(
        "DELETE", f"{name}/slo", query="multipart-manifest=delete", headers=[("Accept", "application/json")]
    )
    report = json.loads(answer.body)
    assert (answer.status, report["Number Deleted"], report["Errors"]) == (200, 4, [])
    assert swift.list(name) == []


def test_the_flag_of_static_objects_is_reserved(swift: Swift, name: str) -> None:
    assert swift.create(name).status == 201
    refused = swift.put(name, "o", b"", [("X-Static-Large-Object", "True")])
    assert refused.status == 400 and "reserved header" in refused.text


def test_info_shows_the_limits(swift: Swift) -> None:
    slo = json.loads(swift.absolute("GET", "/info", token=None).body)["slo"]
    assert (slo["max_manifest_segments"], slo["max_manifest_size"], slo["min_segment_size"]) == (1000, 8388608, 1)
