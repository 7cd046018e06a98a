"""The five ways in which S3 signs a body: each as it should be, and each with changes."""

from __future__ import annotations

import hashlib

import pytest

from support.aws_chunked import MODES, STREAMING, STREAMING_TRAILER, UNSIGNED_TRAILER, Chunked
from support.checksums import NAMES, checksum, header
from support.keys import CustomerKey
from support.s3 import S3, UNSIGNED, error
from support.wire import Headers, Response

PARTS = [b"a" * 65536, b"b" * 70000, b"c"]
BODY = b"".join(PARTS)


def trailer(mode: str, body: bytes = BODY, algorithm: str = "CRC32") -> list[tuple[str, str]]:
    return [] if mode == STREAMING else [(header(algorithm), checksum(algorithm, body))]


def send(s3: S3, bucket: str, chunked: Chunked, headers: Headers = ()) -> Response:
    """A PUT with an aws-chunked body."""
    signed = s3.sign(
        "PUT", f"/{bucket}/object", headers=[*chunked.headers(), *headers], payload_hash=chunked.mode
    )
    return signed.send(s3.wire, chunked.encode(signed))


def refused(s3: S3, bucket: str, response: Response, status: int, *codes: str) -> None:
    assert response.status == status, response.text
    assert error(response)["Code"] in codes
    assert s3.head(bucket, "object").status == 404, "nothing was stored"


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
@pytest.mark.parametrize("mode", [UNSIGNED, "sha256", *MODES])
def test_each_mode_stores_the_body(s3: S3, bucket: str, key: CustomerKey, mode: str, sealed: bool) -> None:
    headers = key.s3() if sealed else []
    if mode in MODES:
        put = send(s3, bucket, Chunked(mode, PARTS, trailer(mode)), headers)
    else:
        claimed = UNSIGNED if mode == UNSIGNED else hashlib.sha256(BODY).hexdigest()
        put = s3.sign("PUT", f"/{bucket}/object", headers=headers, payload_hash=claimed).send(s3.wire, BODY)
    assert put.status == 200, put.text
    got = s3.get(bucket, "object", headers)
    assert got.body == BODY
    assert "aws-chunked" not in (got.get("Content-Encoding") or ""), "the framing is no part of the object"
    assert "x-amz-decoded-content-length" not in got


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_body(s3: S3, bucket: str, mode: str) -> None:
    assert send(s3, bucket, Chunked(mode, [], trailer(mode, b""))).status == 200
    assert s3.get(bucket, "object").body == b""


@pytest.mark.parametrize("mode", MODES)
def test_a_content_encoding_beside_the_framing_is_kept(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, [b"body"], trailer(mode, b"body"))
    headers = [(name, "gzip,aws-chunked" if name == "Content-Encoding" else value) for name, value in chunked.headers()]
    signed = s3.sign("PUT", f"/{bucket}/object", headers=headers, payload_hash=mode)
    assert signed.send(s3.wire, chunked.encode(signed)).status == 200
    assert s3.get(bucket, "object")["Content-Encoding"] == "gzip"


def test_a_body_that_differs_from_its_hash_is_refused(s3: S3, bucket: str) -> None:
    signed = s3.sign("PUT", f"/{bucket}/object", payload_hash=hashlib.sha256(BODY).hexdigest())
    refused(s3, bucket, signed.send(s3.wire, BODY[:-1] + b"x"), 400, "XAmzContentSHA256Mismatch")


@pytest.mark.parametrize("claimed", ["", "0" * 63, "Z" * 64, "STREAMING-NOTHING"])
def test_a_malformed_hash_is_refused(s3: S3, bucket: str, claimed: str) -> None:
    signed = s3.sign("PUT", f"/{bucket}/object", payload_hash=claimed)
    answer = signed.send(s3.wire, b"body")
    assert answer.status in (400, 403, 501), answer.text
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("mode", [STREAMING, STREAMING_TRAILER])
@pytest.mark.parametrize("number", range(len(PARTS) + 1))
def test_a_chunk_with_a_wrong_signature_is_refused(s3: S3, bucket: str, mode: str, number: int) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode), damage_signature_of=number)
    refused(s3, bucket, send(s3, bucket, chunked), 403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("mode", [STREAMING, STREAMING_TRAILER])
def test_a_changed_byte_in_a_signed_chunk_is_refused(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode))
    signed = s3.sign("PUT", f"/{bucket}/object", headers=chunked.headers(), payload_hash=mode)
    body = chunked.encode(signed).replace(b"b" * 70000, b"b" * 69999 + b"B")
    refused(s3, bucket, signed.send(s3.wire, body), 403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("mode", [STREAMING, STREAMING_TRAILER])
def test_chunks_in_another_order_are_refused(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, [b"1" * 9000, b"2" * 9000, b"3"], trailer(mode, b"1" * 9000 + b"2" * 9000 + b"3"))
    signed = s3.sign("PUT", f"/{bucket}/object", headers=chunked.headers(), payload_hash=mode)
    body = chunked.encode(signed)
    one, two = body.index(b"2328;"), body.index(b"2328;", 100)
    three = body.index(b"1;chunk")
    swapped = body[two:three] + body[one:two] + body[three:]
    refused(s3, bucket, signed.send(s3.wire, swapped), 403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("mode", MODES)
def test_a_body_without_its_last_chunk_is_refused(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode), leave_out_last_chunk=True)
    refused(s3, bucket, send(s3, bucket, chunked), 400, "IncompleteBody", "MalformedTrailerError", "InvalidRequest")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("claim", [-1, 1], ids=["less", "more"])
def test_a_wrong_decoded_length_is_refused(s3: S3, bucket: str, mode: str, claim: int) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode))
    headers = [
        (name, str(int(value) + claim) if name == "x-amz-decoded-content-length" else value)
        for name, value in chunked.headers()
    ]
    signed = s3.sign("PUT", f"/{bucket}/object", headers=headers, payload_hash=mode)
    answer = signed.send(s3.wire, chunked.encode(signed))
    refused(s3, bucket, answer, 400, "IncompleteBody", "InvalidRequest")


@pytest.mark.parametrize("framing", ["zz\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5", "\r\n\r\n", "4;x\r\nbodyXX0\r\n\r\n"])
def test_malformed_framing_is_refused(s3: S3, bucket: str, framing: str) -> None:
    chunked = Chunked(UNSIGNED_TRAILER, [b"body"], trailer(UNSIGNED_TRAILER, b"body"))
    signed = s3.sign("PUT", f"/{bucket}/object", headers=chunked.headers(), payload_hash=chunked.mode)
    answer = signed.send(s3.wire, framing.encode())
    assert answer.status == 400, answer.text
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("mode", [STREAMING_TRAILER, UNSIGNED_TRAILER])
@pytest.mark.parametrize("algorithm", NAMES)
def test_a_checksum_in_the_trailer_is_kept(s3: S3, bucket: str, key: CustomerKey, mode: str, algorithm: str) -> None:
    body = BODY[65530:65600]
    put = send(s3, bucket, Chunked(mode, [body], trailer(mode, body, algorithm)), key.s3())
    assert put.status == 200, put.text
    assert put[header(algorithm)] == checksum(algorithm, body)
    head = s3.head(bucket, "object", [("x-amz-checksum-mode", "ENABLED"), *key.s3()])
    assert head[header(algorithm)] == checksum(algorithm, body)


@pytest.mark.parametrize("mode", [STREAMING_TRAILER, UNSIGNED_TRAILER])
def test_a_wrong_checksum_in_the_trailer_is_refused(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode, b"other"))
    refused(s3, bucket, send(s3, bucket, chunked), 400, "BadDigest")


@pytest.mark.parametrize("mode", [STREAMING_TRAILER, UNSIGNED_TRAILER])
def test_a_missing_trailer_is_refused(s3: S3, bucket: str, mode: str) -> None:
    chunked = Chunked(mode, PARTS, trailer(mode), leave_out_trailers=True)
    refused(s3, bucket, send(s3, bucket, chunked), 400, "MalformedTrailerError", "IncompleteBody")


def test_a_trailer_with_a_wrong_signature_is_refused(s3: S3, bucket: str) -> None:
    chunked = Chunked(STREAMING_TRAILER, PARTS, trailer(STREAMING_TRAILER), damage_trailer_signature=True)
    refused(s3, bucket, send(s3, bucket, chunked), 403, "SignatureDoesNotMatch")


def test_a_changed_signed_trailer_is_refused(s3: S3, bucket: str) -> None:
    chunked = Chunked(STREAMING_TRAILER, [b"body"], trailer(STREAMING_TRAILER, b"body"))
    signed = s3.sign("PUT", f"/{bucket}/object", headers=chunked.headers(), payload_hash=chunked.mode)
    body = chunked.encode(signed).replace(checksum("CRC32", b"body").encode(), checksum("CRC32", b"evil").encode())
    answer = signed.send(s3.wire, body)
    assert (answer.status, error(answer)["Code"]) in [(403, "SignatureDoesNotMatch"), (400, "BadDigest")]
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("header_name", ["x-amz-meta-late", "x-amz-server-side-encryption-customer-key", "content-type"])
def test_a_malformed_checksum_in_the_trailer_is_refused(s3: S3, bucket: str, header_name: str) -> None:
    chunked = Chunked(UNSIGNED_TRAILER, [b"body"], [(header_name, "value")])
    answer = send(s3, bucket, chunked)
    assert answer.status == 400, answer.text
    assert s3.head(bucket, "object").status == 404
