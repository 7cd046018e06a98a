"""Swift's large objects through S3: whole, in ranges over the bounds of segments, and with keys."""

from __future__ import annotations

import json
import os

import pytest

from support.faces import Face
from support.keys import CustomerKey
from support.s3 import S3, document
from support.server import Server
from support.swift import Swift
from support.wire import Connection, Response

PARTS = [b"a" * 70_000, b"b" * 5, b"c" * 100_000]
WHOLE = b"".join(PARTS)


@pytest.fixture(params=["static", "dynamic"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def key_of_it(key: CustomerKey, sealed: bool) -> CustomerKey | None:
    return key if sealed else None


@pytest.fixture
def large(swift: Swift, faces: dict[str, Face], bucket: str, kind: str, key_of_it: CustomerKey | None) -> str:
    """A large object that Swift made of segments without a key."""
    for index, body in enumerate(PARTS):
        assert swift.put(bucket, f"s/{index}", body).status == 201
    headers = faces["swift"].keyed(key_of_it)
    if kind == "static":
        manifest = json.dumps([{"path": f"/{bucket}/s/{index}"} for index in range(len(PARTS))]).encode()
        query = "multipart-manifest=put"
        made = swift.request("PUT", f"{bucket}/large", query=query, headers=headers, body=manifest)
    else:
        made = swift.put(bucket, "large", b"", [("X-Object-Manifest", f"{bucket}/s/"), *headers])
    assert made.status == 201, made.text
    return "large"


def test_reads(reader: Face, bucket: str, large: str, kind: str, key_of_it: CustomerKey | None) -> None:
    keyed = reader.keyed(key_of_it)
    got = reader.get(bucket, large, keyed)
    assert got.status == 200 and got.body == WHOLE
    assert reader.head(bucket, large, keyed)["Content-Length"] == str(len(WHOLE))
    for first, last in [(69_999, 70_000), (69_990, 70_010), (0, len(WHOLE) - 1)]:
        part = reader.get(bucket, large, [("Range", f"bytes={first}-{last}"), *keyed])
        assert part.status == 206 and part.body == WHOLE[first : last + 1]
    # As in Swift, a dynamic large object is listed with the size of its manifest.
    assert reader.sizes(bucket)[large] == (len(WHOLE) if kind == "static" else 0)


@pytest.mark.parametrize("sealed", [True], ids=["sse-c"])
def test_wrong_and_missing_keys(reader: Face, bucket: str, large: str) -> None:
    assert reader.get(bucket, large).status == 400
    assert reader.get(bucket, large, reader.keyed(CustomerKey.new())).status == 403
    assert reader.head(bucket, large, reader.keyed(CustomerKey.new())).status == 403
    assert reader.head(bucket, large).status == (200 if reader.name == "swift" else 400)
    assert reader.get(bucket, "s/0").status == 400, "without the key a segment can still be read"


@pytest.mark.parametrize("kind", ["static"])
def test_a_delete_by_s3_deletes_the_manifest_alone(
    faces: dict[str, Face], bucket: str, large: str, key_of_it: CustomerKey | None
) -> None:
    assert faces["s3"].delete(bucket, large).status == 204
    assert set(faces["swift"].sizes(bucket)) == {f"s/{index}" for index in range(len(PARTS))}


def test_a_download_outlives_its_small_segments(server: Server, swift: Swift, bucket: str) -> None:
    """One segment is overwritten and one deleted while a client still reads the large segment before them."""
    large, small, damaged = os.urandom(12 << 20), os.urandom(9000), server.metric("cardea_damaged_blobs_total")
    for name, body in [("large", large), ("small", small), ("tiny", b"tiny")]:
        assert swift.put(bucket, name, body).status == 201
    paths = [f"/{bucket}/{name}" for name in ["large"] * 4 + ["small", "tiny"]]
    manifest = json.dumps([{"path": path} for path in paths]).encode()
    assert swift.request("PUT", f"{bucket}/slo", query="multipart-manifest=put", body=manifest).status == 201
    headers = [("Host", server.tls.authority), ("X-Auth-Token", swift.token)]
    with Connection(server.tls) as connection:
        connection.head("GET", f"{swift.path}/{bucket}/slo", headers)
        connection.begins()
        assert swift.put(bucket, "small", b"other").status == 201
        assert swift.delete(bucket, "tiny").status == 204
        got = connection.answer()
    assert got.status == 200 and got.complete and got.body == large * 4 + small + b"tiny"
    assert server.metric("cardea_damaged_blobs_total") == damaged


def test_copies_of_copies_have_a_limit(s3: S3, swift: Swift, bucket: str) -> None:
    """An object has at most 20,000 parts, however it is put together. An object of so many parts is read like
    any other."""
    segment = os.urandom(600)
    assert swift.put(bucket, "segment", segment).status == 201

    def static(name: str, segments: list[str]) -> Response:
        manifest = json.dumps([{"path": f"/{bucket}/{segment}"} for segment in segments]).encode()
        return swift.request("PUT", f"{bucket}/{name}", query="multipart-manifest=put", body=manifest)

    assert static("thousand", ["segment"] * 1000).status == 201
    assert static("all", ["thousand"] * 10).status == 201
    upload = document(s3.request("POST", f"/{bucket}/object", query="uploads=")).findtext("UploadId")

    def copy(number: int) -> Response:
        query, source = f"partNumber={number}&uploadId={upload}", [("x-amz-copy-source", f"/{bucket}/all")]
        return s3.request("PUT", f"/{bucket}/object", query=query, headers=source)

    def complete(etags: list[str]) -> Response:
        parts = [f"<PartNumber>{n}</PartNumber><ETag>{etag}</ETag>" for n, etag in enumerate(etags, 1)]
        whole = "".join(f"<Part>{part}</Part>" for part in parts)
        body = f"<CompleteMultipartUpload>{whole}</CompleteMultipartUpload>".encode()
        return s3.request("POST", f"/{bucket}/object", query=f"uploadId={upload}", body=body)

    etags = [document(copy(number)).findtext("ETag") or "" for number in (1, 2)]
    last = s3.request("PUT", f"/{bucket}/object", query=f"partNumber=3&uploadId={upload}", body=b"last")
    for refused in [copy(4), complete([*etags, last["ETag"]])]:
        said = document(refused)
        assert refused.status == 400 and said.findtext("Code") == "InvalidRequest"
        assert "more than 20000 parts" in (said.findtext("Message") or "")
    assert complete(etags).status == 200

    whole = segment * 20_000
    assert s3.head(bucket, "object")["Content-Length"] == str(len(whole))
    middle = len(whole) // 2
    part = swift.get(bucket, "object", [("Range", f"bytes={middle - 1000}-{middle + 999}")])
    assert part.status == 206 and part.body == whole[middle - 1000 : middle + 1000]
    refused = static("large", ["object", "segment"])
    assert refused.status == 413 and "more than 20000 parts" in refused.text
