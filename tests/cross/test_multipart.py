"""S3's multipart uploads, read through both protocols: whole, in ranges over the bounds of parts, and with
keys."""

from __future__ import annotations

import json

import pytest

from support.faces import Face
from support.keys import CustomerKey
from support.multipart import MIN_PART, Upload, piece
from support.s3 import S3
from support.swift import Swift

PARTS = [piece("first"), piece("second"), piece("last", 70_000)]
WHOLE = b"".join(PARTS)
BOUNDS = [MIN_PART, 2 * MIN_PART]


@pytest.fixture
def key_of_it(key: CustomerKey, sealed: bool) -> CustomerKey | None:
    return key if sealed else None


@pytest.fixture
def upload(s3: S3, bucket: str, key_of_it: CustomerKey | None) -> Upload:
    """A completed upload."""
    begun = Upload.begin(s3, bucket, "large", [("x-amz-meta-color", "blue")], key_of_it)
    for number, body in enumerate(PARTS, start=1):
        begun.part(number, body)
    completed = begun.complete()
    assert completed.status == 200, completed.text
    return begun


def test_reads(reader: Face, bucket: str, upload: Upload, key_of_it: CustomerKey | None) -> None:
    keyed = reader.keyed(key_of_it)
    got = reader.get(bucket, "large", keyed)
    assert got.status == 200 and got.body == WHOLE
    assert got[f"{reader.meta}color"] == "blue"
    for bound in BOUNDS:
        for first, last in [(bound - 1, bound), (bound, bound), (bound - 70_000, bound + 69_999)]:
            part = reader.get(bucket, "large", [("Range", f"bytes={first}-{last}"), *keyed])
            assert part.status == 206 and part.body == WHOLE[first : last + 1]
    assert reader.sizes(bucket) == {"large": len(WHOLE)}


@pytest.mark.parametrize("sealed", [True], ids=["sse-c"])
def test_wrong_and_missing_keys(reader: Face, bucket: str, upload: Upload) -> None:
    for headers in [[], [("Range", f"bytes={BOUNDS[0]}-")]]:
        assert reader.get(bucket, "large", headers).status == 400
        assert reader.get(bucket, "large", [*headers, *reader.keyed(CustomerKey.new())]).status == 403
    assert reader.head(bucket, "large", reader.keyed(CustomerKey.new())).status == 403
    assert reader.head(bucket, "large").status == (200 if reader.name == "swift" else 400)


def test_swift_shows_an_object_of_parts(swift: Swift, bucket: str, upload: Upload, key_of_it: CustomerKey | None) -> None:
    keyed = key_of_it.swift() if key_of_it else []
    head = swift.head(bucket, "large", keyed)
    # With quotes, the client does not compare the tag with an MD5.
    assert head["X-Static-Large-Object"] == "True" and head["Etag"].endswith('-3"')
    # After a new upload the client deletes every segment that this header names.
    assert json.loads(swift.request("GET", f"{bucket}/large", query="multipart-manifest=get").body) == []


@pytest.mark.parametrize("query", ["", "multipart-manifest=delete"])
def test_a_delete_by_swift_deletes_everything(s3: S3, swift: Swift, bucket: str, upload: Upload, query: str) -> None:
    assert swift.request("DELETE", f"{bucket}/large", query=query).status in (200, 204)
    assert s3.head(bucket, "large").status == 404
    assert upload.list().status == 404
