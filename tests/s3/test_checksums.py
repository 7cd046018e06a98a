"""Checksums are verified, kept, and sent to clients who ask for them."""

from __future__ import annotations

import base64
import hashlib

import pytest

from support.checksums import NAMES, checksum, header
from support.keys import CustomerKey
from support.s3 import S3, error

BODY = b"checked" * 11000
ASK = ("x-amz-checksum-mode", "ENABLED")


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
@pytest.mark.parametrize("algorithm", NAMES)
def test_a_checksum_is_verified_kept_and_returned(
    s3: S3, bucket: str, key: CustomerKey, algorithm: str, sealed: bool
) -> None:
    keyed = key.s3() if sealed else []
    name, value = header(algorithm), checksum(algorithm, BODY)
    put = s3.put(bucket, "object", BODY, [(name, value), *keyed])
    assert (put.status, put.get(name)) == (200, value), put.text
    for response in (s3.get(bucket, "object", [ASK, *keyed]), s3.head(bucket, "object", [ASK, *keyed])):
        assert response[name] == value
        assert response["x-amz-checksum-type"] == "FULL_OBJECT"
    assert name not in s3.get(bucket, "object", keyed), "the request did not ask for it"


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
@pytest.mark.parametrize("algorithm", NAMES)
def test_a_wrong_checksum_is_refused(s3: S3, bucket: str, key: CustomerKey, algorithm: str, sealed: bool) -> None:
    put = s3.put(bucket, "object", BODY, [(header(algorithm), checksum(algorithm, b"other")), *(key.s3() if sealed else [])])
    assert (put.status, error(put)["Code"]) == (400, "BadDigest")
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("value", ["", "!", "AAAA", "AAAAAAAA"])
def test_a_malformed_checksum_is_refused(s3: S3, bucket: str, value: str) -> None:
    put = s3.put(bucket, "object", BODY, [("x-amz-checksum-crc32", value)])
    assert (put.status, error(put)["Code"]) == (400, "InvalidRequest")
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_crc64nvme_is_the_default(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    keyed = key.s3() if sealed else []
    put = s3.put(bucket, "object", BODY, keyed)
    assert put["x-amz-checksum-crc64nvme"] == checksum("CRC64NVME", BODY)
    assert s3.head(bucket, "object", [ASK, *keyed])["x-amz-checksum-crc64nvme"] == checksum("CRC64NVME", BODY)


def test_two_checksums_are_refused(s3: S3, bucket: str) -> None:
    both = [(header(name), checksum(name, BODY)) for name in ("CRC32", "SHA1")]
    put = s3.put(bucket, "object", BODY, both)
    assert (put.status, error(put)["Code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_content_md5(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    keyed = key.s3() if sealed else []
    md5 = base64.b64encode(hashlib.md5(BODY).digest()).decode()
    assert s3.put(bucket, "object", BODY, [("Content-MD5", md5), *keyed]).status == 200
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    put = s3.put(bucket, "other", BODY, [("Content-MD5", wrong), *keyed])
    assert (put.status, error(put)["Code"]) == (400, "BadDigest")
    assert s3.head(bucket, "other").status == 404


@pytest.mark.parametrize("value", ["", "x", "AAAA", hashlib.md5(BODY).hexdigest()])
def test_a_malformed_content_md5_is_refused(s3: S3, bucket: str, value: str) -> None:
    put = s3.put(bucket, "object", BODY, [("Content-MD5", value)])
    assert (put.status, error(put)["Code"]) == (400, "InvalidDigest")


def test_a_part_has_no_checksum_of_the_whole(s3: S3, bucket: str) -> None:
    """A client would compare that checksum with the bytes of the part."""
    assert s3.put(bucket, "object", BODY).status == 200
    got = s3.get(bucket, "object", [ASK, ("Range", "bytes=0-9")])
    assert got.status == 206
    assert not got.starting("x-amz-checksum-crc")
