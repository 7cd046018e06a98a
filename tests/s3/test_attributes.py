"""GetObjectAttributes, and reads of parts by their numbers."""

from __future__ import annotations

import pytest

from support.checksums import checksum, header
from support.keys import CustomerKey
from support.multipart import MIN_PART, Upload, piece
from support.s3 import S3, document, error
from support.versions import set_state
from support.wire import Headers, Response

ALL = "ETag,Checksum,ObjectParts,StorageClass,ObjectSize"


def attributes(s3: S3, bucket: str, names: str = ALL, headers: Headers = (), query: str = "") -> Response:
    query = "attributes" + (f"&{query}" if query else "")
    return s3.get(bucket, "object", [("x-amz-object-attributes", names), *headers], query)


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_an_object_of_one_piece(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    keyed = key.s3() if sealed else []
    put = s3.put(bucket, "object", b"body", keyed)
    answer = attributes(s3, bucket, headers=keyed)
    assert answer.status == 200, answer.text
    assert answer["Last-Modified"] == s3.head(bucket, "object", keyed)["Last-Modified"]
    root = document(answer)
    assert root.tag == "GetObjectAttributesResponse"
    assert root.findtext("ETag") == put["ETag"].strip('"'), "without quotes here"
    assert (root.findtext("ObjectSize"), root.findtext("StorageClass")) == ("4", "STANDARD")
    assert root.findtext("Checksum/ChecksumCRC64NVME") == checksum("CRC64NVME", b"body")
    assert root.findtext("Checksum/ChecksumType") == "FULL_OBJECT"
    assert root.find("ObjectParts") is None
    assert [child.tag for child in document(attributes(s3, bucket, "ObjectSize", keyed))] == ["ObjectSize"]


def parts(s3: S3, bucket: str, customer: CustomerKey | None, chosen: bool, count: int = 3) -> tuple[Upload, list[bytes]]:
    choice = [("x-amz-checksum-algorithm", "SHA256")] if chosen else []
    upload = Upload.begin(s3, bucket, headers=choice, customer=customer)
    bodies = [*(piece(str(number)) for number in range(count - 1)), b"last"]
    for number, body in enumerate(bodies, 1):
        upload.part(number, body, [(header("SHA256"), checksum("SHA256", body))] if chosen else [])
    from support.multipart import listed

    rows = [
        (number, upload.parts[number], f"<ChecksumSHA256>{checksum('SHA256', body)}</ChecksumSHA256>" if chosen else "")
        for number, body in enumerate(bodies, 1)
    ]
    done = upload.complete(listed(rows), keyed=upload.keyed())
    assert done.status == 200, done.text
    return upload, bodies


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_parts_with_checksums(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    upload, bodies = parts(s3, bucket, key if sealed else None, chosen=True)
    root = document(attributes(s3, bucket, headers=upload.keyed()))
    assert root.findtext("ObjectSize") == str(sum(map(len, bodies)))
    assert root.findtext("ObjectParts/PartsCount") == "3"
    assert root.findtext("Checksum/ChecksumType") == "COMPOSITE"
    found, marker = [], "0"
    for _ in bodies:
        page = [("x-amz-max-parts", "1"), ("x-amz-part-number-marker", marker), *upload.keyed()]
        root = document(attributes(s3, bucket, "ObjectParts", page))
        assert (root.findtext("ObjectParts/MaxParts"), root.findtext("ObjectParts/PartNumberMarker")) == ("1", marker)
        found += [
            (e.findtext("PartNumber"), e.findtext("Size"), e.findtext("ChecksumSHA256")) for e in root.iter("Part")
        ]
        marker = root.findtext("ObjectParts/NextPartNumberMarker") or ""
    assert root.findtext("ObjectParts/IsTruncated") == "false"
    assert found == [(str(n), str(len(body)), checksum("SHA256", body)) for n, body in enumerate(bodies, 1)]


def test_parts_without_a_requested_checksum(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload, _ = parts(s3, bucket, key, chosen=False)
    root = document(attributes(s3, bucket, headers=upload.keyed()))
    assert root.findtext("ObjectParts/PartsCount") == "3"
    assert root.find("ObjectParts/Part") is None and root.find("Checksum") is None


def test_the_key_is_needed(s3: S3, bucket: str, key: CustomerKey) -> None:
    assert s3.put(bucket, "object", b"body", key.s3()).status == 200
    for headers, status, code in (
        ([], 400, "InvalidRequest"),
        (CustomerKey.new().s3(), 403, "AccessDenied"),
        ([("x-amz-server-side-encryption-customer-algorithm", "KMS"), *key.s3()[1:]], 400, "InvalidEncryptionAlgorithmError"),
    ):
        answer = attributes(s3, bucket, headers=headers)
        assert (answer.status, error(answer)["Code"]) == (status, code), answer.text
    assert s3.put(bucket, "object", b"body").status == 200
    answer = attributes(s3, bucket, headers=key.s3())
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidRequest")


def test_versions_and_markers(s3: S3, bucket: str) -> None:
    assert set_state(s3, bucket, "Enabled").status == 200
    old = s3.put(bucket, "object", b"old")["x-amz-version-id"]
    assert s3.put(bucket, "object", b"newer").status == 200
    answer = attributes(s3, bucket, query=f"versionId={old}")
    assert (answer["x-amz-version-id"], document(answer).findtext("ObjectSize")) == (old, "3")
    marker = s3.delete(bucket, "object")["x-amz-version-id"]
    gone = attributes(s3, bucket)
    assert (gone.status, error(gone)["Code"], gone["x-amz-delete-marker"]) == (404, "NoSuchKey", "true")
    refused = attributes(s3, bucket, query=f"versionId={marker}")
    assert (refused.status, error(refused)["Code"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "InvalidRequest"),
        ([("x-amz-object-attributes", "")], "InvalidRequest"),
        ([("x-amz-object-attributes", "etag")], "InvalidArgument"),
        ([("x-amz-object-attributes", "ETag,Nonsense")], "InvalidArgument"),
        ([("x-amz-object-attributes", "ETag"), ("x-amz-max-parts", "-1")], "InvalidArgument"),
        ([("x-amz-object-attributes", "ETag"), ("x-amz-part-number-marker", "x")], "InvalidArgument"),
    ],
)
def test_bad_requests(s3: S3, bucket: str, headers: Headers, code: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    answer = s3.get(bucket, "object", headers, "attributes")
    assert (answer.status, error(answer)["Code"]) == (400, code), answer.text


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_parts_by_their_numbers(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    upload, bodies = parts(s3, bucket, key if sealed else None, chosen=False)
    size, begin = sum(map(len, bodies)), 0
    for number, body in enumerate(bodies, 1):
        for answer in (
            s3.get(bucket, "object", upload.keyed(), f"partNumber={number}"),
            s3.head(bucket, "object", upload.keyed(), f"partNumber={number}"),
        ):
            assert (answer.status, answer["x-amz-mp-parts-count"]) == (206, "3")
            assert answer["Content-Range"] == f"bytes {begin}-{begin + len(body) - 1}/{size}"
            assert answer["Content-Length"] == str(len(body))
            assert answer.body in (body, b"")
        begin += len(body)
    for number in (4, 10000):
        answer = s3.get(bucket, "object", upload.keyed(), f"partNumber={number}")
        assert (answer.status, error(answer)["Code"]) == (416, "InvalidPartNumber"), answer.text
        assert error(answer)["Message"] == "The requested partnumber is not satisfiable"
        assert s3.head(bucket, "object", upload.keyed(), f"partNumber={number}").status == 416
    for number in ("0", "10001", "x"):
        answer = s3.get(bucket, "object", upload.keyed(), f"partNumber={number}")
        assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument")
    both = s3.get(bucket, "object", [("Range", "bytes=0-1"), *upload.keyed()], "partNumber=1")
    assert (both.status, error(both)["Code"]) == (400, "InvalidRequest")
    assert "x-amz-mp-parts-count" not in s3.get(bucket, "object", upload.keyed()), "as on AWS, the number of parts is only sent beside a part"


def test_an_object_of_one_piece_is_its_own_first_part(s3: S3, bucket: str) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    got = s3.get(bucket, "object", query="partNumber=1")
    assert (got.status, got.body, got["Content-Range"]) == (206, b"body", "bytes 0-3/4")
    assert "x-amz-mp-parts-count" not in got
    refused = s3.get(bucket, "object", query="partNumber=2")
    assert (refused.status, error(refused)["Code"]) == (416, "InvalidPartNumber")
