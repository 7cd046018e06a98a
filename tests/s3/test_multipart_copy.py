"""UploadPartCopy: parts from other objects, whole or in ranges, under every pair of keys."""

from __future__ import annotations

import pytest

from support.checksums import checksum
from support.keys import CustomerKey
from support.multipart import MIN_PART, Upload, listed, piece
from support.s3 import S3, document, error, escape
from support.versions import set_state

RANGE = "x-amz-copy-source-range"
SOURCE = piece("source", MIN_PART + 1000)


def source_key(key: CustomerKey) -> list[tuple[str, str]]:
    return [(name.replace("x-amz-", "x-amz-copy-source-"), value) for name, value in key.s3()]


@pytest.mark.parametrize("target", [False, True], ids=["to-plain", "to-sse-c"])
@pytest.mark.parametrize("origin", [False, True], ids=["from-plain", "from-sse-c"])
def test_every_pair_of_keys(s3: S3, bucket: str, key: CustomerKey, origin: bool, target: bool) -> None:
    own = CustomerKey.new()
    assert s3.put(bucket, "source ä+", SOURCE, own.s3() if origin else []).status == 200
    opener = source_key(own) if origin else []
    upload = Upload.begin(s3, bucket, customer=key if target else None)
    name = f"/{bucket}/{escape('source ä+')}"
    answer = upload.try_copy(1, name, opener)
    assert answer.status == 200, answer.text
    root = document(answer)
    assert root.tag == "CopyPartResult" and root.findtext("LastModified")
    upload.parts[1] = root.findtext("ETag") or ""
    upload.copy(2, name, [(RANGE, f"bytes=10-{MIN_PART + 9}"), *opener])
    upload.part(3, b"and bytes")
    upload.copy(4, name, [(RANGE, "bytes=5-5"), *opener])
    refused = upload.complete()
    assert (refused.status, error(refused)["Code"]) == (400, "EntityTooSmall"), "the third part is not the last one"
    assert upload.complete(listed([(n, upload.parts[n]) for n in (1, 2, 4)])).status == 200
    got = s3.get(bucket, "object", upload.keyed())
    assert got.body == SOURCE + SOURCE[10 : MIN_PART + 10] + SOURCE[5:6]
    assert s3.delete(bucket, "source ä+").status == 204
    assert s3.get(bucket, "object", [("Range", "bytes=0-99"), *upload.keyed()]).body == SOURCE[:100]


def test_the_key_of_the_source_must_be_right(s3: S3, bucket: str, key: CustomerKey) -> None:
    assert s3.put(bucket, "sealed", b"sealed", key.s3()).status == 200
    assert s3.put(bucket, "plain", b"plain").status == 200
    upload = Upload.begin(s3, bucket)
    for name, headers, status, code in (
        ("sealed", [], 400, "InvalidRequest"),
        ("sealed", source_key(CustomerKey.new()), 403, "AccessDenied"),
        ("plain", source_key(key), 400, "InvalidRequest"),
        ("none", [], 404, "NoSuchKey"),
    ):
        answer = upload.try_copy(1, f"/{bucket}/{name}", headers)
        assert (answer.status, error(answer)["Code"]) == (status, code), answer.text
    assert document(upload.list()).find("Part") is None


@pytest.mark.parametrize("value", ["bytes=5-", "bytes=-5", "5-6", "bytes=6-5", "bytes=0-1,3-4", "items=0-1", "", "x"])
def test_a_malformed_range_is_refused(s3: S3, bucket: str, value: str) -> None:
    assert s3.put(bucket, "source", b"0123456789").status == 200
    answer = Upload.begin(s3, bucket).try_copy(1, f"/{bucket}/source", [(RANGE, value)])
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument"), answer.text
    assert error(answer)["Message"] == (
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "
        "offsets of the first and last bytes to copy"
    )


@pytest.mark.parametrize("value", ["bytes=0-10", "bytes=10-10", "bytes=100-200"])
def test_a_range_outside_the_source_is_refused(s3: S3, bucket: str, value: str) -> None:
    assert s3.put(bucket, "source", b"0123456789").status == 200
    answer = Upload.begin(s3, bucket).try_copy(1, f"/{bucket}/source", [(RANGE, value)])
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument"), answer.text
    assert error(answer)["Message"] == "Range specified is not valid for source object of size: 10"


def test_conditions_on_the_source(s3: S3, bucket: str) -> None:
    etag = s3.put(bucket, "source", b"body")["ETag"]
    upload = Upload.begin(s3, bucket)
    for name, value, status in (
        ("if-match", etag, 200),
        ("if-match", '"other"', 412),
        ("if-none-match", etag, 412),
        ("if-none-match", '"other"', 200),
        ("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
        ("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT", 412),
    ):
        answer = upload.try_copy(1, f"/{bucket}/source", [("x-amz-copy-source-" + name, value)])
        assert answer.status == status, (name, value, answer.text)


def test_an_old_version_as_the_source(s3: S3, bucket: str) -> None:
    assert set_state(s3, bucket, "Enabled").status == 200
    old = s3.put(bucket, "source", b"old")["x-amz-version-id"]
    new = s3.put(bucket, "source", b"new")["x-amz-version-id"]
    upload = Upload.begin(s3, bucket)
    answer = upload.try_copy(1, f"/{bucket}/source?versionId={old}")
    assert answer["x-amz-copy-source-version-id"] == old
    answer = upload.try_copy(2, f"/{bucket}/source")
    assert answer["x-amz-copy-source-version-id"] == new
    etag = document(upload.list()).findtext("Part/ETag") or ""
    assert upload.complete(listed([(1, etag)])).status == 200
    assert s3.get(bucket, "object").body == b"old"
    marker = s3.delete(bucket, "source")["x-amz-version-id"]
    again = Upload.begin(s3, bucket)
    assert error(again.try_copy(1, f"/{bucket}/source"))["Code"] == "NoSuchKey"
    assert again.try_copy(1, f"/{bucket}/source?versionId={marker}").status == 400
    assert again.try_copy(1, f"/{bucket}/source?versionId=unknown").status in (400, 404)


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_a_chosen_checksum_is_computed(s3: S3, bucket: str, algorithm: str) -> None:
    assert s3.put(bucket, "source", b"0123456789").status == 200
    upload = Upload.begin(s3, bucket, headers=[("x-amz-checksum-algorithm", algorithm)])
    answer = document(upload.try_copy(1, f"/{bucket}/source", [(RANGE, "bytes=2-4")]))
    assert answer.findtext(f"Checksum{algorithm}") == checksum(algorithm, b"234")


def test_a_part_copy_with_a_body_is_refused(s3: S3, bucket: str) -> None:
    assert s3.put(bucket, "source", b"0123456789").status == 200
    upload = Upload.begin(s3, bucket)
    answer = upload.try_part(1, b"body", [("x-amz-copy-source", f"/{bucket}/source")])
    assert answer.status == 400, answer.text


def test_a_stranger_is_refused(server, s3: S3, bucket: str, name: str) -> None:
    from support import people

    assert s3.put(bucket, "source", b"body").status == 200
    other = S3(server.tls, people.OTHER)
    assert other.create_bucket(f"{name}-own").status == 200
    answer = Upload.begin(other, f"{name}-own").try_copy(1, f"/{bucket}/source")
    assert (answer.status, error(answer)["Code"]) == (403, "AccessDenied")
