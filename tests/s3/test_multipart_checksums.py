"""Checksums of multipart uploads: of each part, of the checksums of all parts, and of the whole object."""

from __future__ import annotations

import base64

import pytest

from support.aws_chunked import UNSIGNED_TRAILER, Chunked
from support.checksums import NAMES, checksum, header
from support.keys import CustomerKey
from support.multipart import Upload, listed, piece
from support.s3 import S3, document, error

ALGORITHM, TYPE, ASK = "x-amz-checksum-algorithm", "x-amz-checksum-type", ("x-amz-checksum-mode", "ENABLED")
VALID = [(name, "COMPOSITE") for name in NAMES if name != "CRC64NVME"]
VALID += [(name, "FULL_OBJECT") for name in NAMES if name.startswith("CRC")]
BODIES = [piece("first"), b"second"]
SEALED = pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])


def whole(algorithm: str, kind: str, bodies: list[bytes]) -> str:
    if kind == "FULL_OBJECT":
        return checksum(algorithm, b"".join(bodies))
    raw = b"".join(base64.b64decode(checksum(algorithm, body)) for body in bodies)
    return f"{checksum(algorithm, raw)}-{len(bodies)}"


def element(algorithm: str, value: str) -> str:
    return f"<Checksum{algorithm}>{value}</Checksum{algorithm}>"


def named(upload: Upload, algorithm: str, bodies: list[bytes]) -> bytes:
    rows = enumerate(bodies, 1)
    return listed([(n, upload.parts[n], element(algorithm, checksum(algorithm, body))) for n, body in rows])


def chosen(algorithm: str, kind: str) -> list[tuple[str, str]]:
    return [(ALGORITHM, algorithm), (TYPE, kind)]


@SEALED
@pytest.mark.parametrize(("algorithm", "kind"), VALID)
def test_a_chosen_checksum(s3: S3, bucket: str, key: CustomerKey, algorithm: str, kind: str, sealed: bool) -> None:
    customer = key if sealed else None
    keyed = key.s3() if sealed else []
    upload = Upload.begin(s3, bucket, headers=chosen(algorithm, kind), customer=customer)
    assert (upload.created[ALGORITHM], upload.created[TYPE]) == (algorithm, kind)
    for number, body in enumerate(BODIES, 1):
        value = checksum(algorithm, body)
        part = upload.try_part(number, body, [(header(algorithm), value)])
        assert (part.status, part[header(algorithm)]) == (200, value), part.text
        upload.parts[number] = part["ETag"]
    page = document(upload.list(headers=keyed))
    assert (page.findtext("ChecksumAlgorithm"), page.findtext("ChecksumType")) == (algorithm, kind)
    assert [e.text for e in page.iter(f"Checksum{algorithm}")] == [checksum(algorithm, body) for body in BODIES]
    if sealed:
        assert document(upload.list()).find(f"Part/Checksum{algorithm}") is None, "no checksum without the key"
        refused = upload.complete(named(upload, algorithm, BODIES))
        assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest"), refused.text
    expected = whole(algorithm, kind, BODIES)
    said = [(header(algorithm), expected), (TYPE, kind)]
    done = upload.complete(named(upload, algorithm, BODIES), said, keyed)
    assert done.status == 200, done.text
    answer = document(done)
    assert (answer.findtext(f"Checksum{algorithm}"), answer.findtext("ChecksumType")) == (expected, kind)
    head = s3.head(bucket, "object", [ASK, *keyed])
    assert (head[header(algorithm)], head[TYPE]) == (expected, kind)
    again = upload.complete(named(upload, algorithm, BODIES), said, keyed)
    assert again.body == done.body, "repeated"


@pytest.mark.parametrize(("algorithm", "kind"), VALID)
def test_wrong_checksums_are_refused(s3: S3, bucket: str, algorithm: str, kind: str) -> None:
    upload = Upload.begin(s3, bucket, headers=chosen(algorithm, kind))
    wrong = checksum(algorithm, b"other")
    part = upload.try_part(1, b"body", [(header(algorithm), wrong)])
    assert (part.status, error(part)["Code"]) == (400, "BadDigest")
    assert document(upload.list()).find("Part") is None
    etag = upload.part(1, b"body", [(header(algorithm), checksum(algorithm, b"body"))])
    good = named(upload, algorithm, [b"body"])

    refused = upload.complete(listed([(1, etag, element(algorithm, wrong))]))
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidPart"), refused.text
    for value in ("AAAA", "!", ""):
        refused = upload.complete(listed([(1, etag, element(algorithm, value))]))
        fields = error(refused)
        assert (refused.status, fields["Code"]) == (400, "InvalidArgument"), refused.text
        assert fields["Message"] == "Invalid Base64 or multiple checksums present in request"
        assert (fields["ArgumentName"], fields["ArgumentValue"]) == ("Checksum", f"{algorithm}:{value};")

    refused = upload.complete(good, [(header(algorithm), wrong)])
    assert (refused.status, error(refused)["Code"]) == (400, "BadDigest"), refused.text
    for value in ("AAAA", "!", "", wrong + "-a"):
        refused = upload.complete(good, [(header(algorithm), value)])
        assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest"), refused.text
        assert error(refused)["Message"] == f"Value for {header(algorithm)} header is invalid."
    assert s3.head(bucket, "object").status == 404
    assert upload.complete(good).status == 200


def test_the_checksum_type_is_that_of_the_upload(s3: S3, bucket: str) -> None:
    for kind, other in (("COMPOSITE", "FULL_OBJECT"), ("FULL_OBJECT", "COMPOSITE")):
        upload = Upload.begin(s3, bucket, headers=chosen("CRC32", kind))
        upload.part(1, b"body", [(header("CRC32"), checksum("CRC32", b"body"))])
        refused = upload.complete(named(upload, "CRC32", [b"body"]), [(TYPE, other)])
        assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest")
        assert error(refused)["Message"] == (
            f"The upload was created using the {kind} checksum mode. The complete request must use the same checksum "
            "mode."
        )
        assert upload.complete(named(upload, "CRC32", [b"body"]), [(TYPE, kind)]).status == 200


def test_a_composite_checksum_has_the_number_of_parts(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket, headers=chosen("SHA256", "COMPOSITE"))
    upload.part(1, b"body", [(header("SHA256"), checksum("SHA256", b"body"))])
    value = whole("SHA256", "COMPOSITE", [b"body"]).removesuffix("-1")
    refused = upload.complete(named(upload, "SHA256", [b"body"]), [(header("SHA256"), f"{value}-2")])
    assert (refused.status, error(refused)["Code"]) == (400, "BadDigest"), refused.text
    # Without the number only the value is compared. If the request has the checksum of the whole, the parts
    # need none.
    assert upload.complete(headers=[(header("SHA256"), value)]).status == 200


def test_a_composite_checksum_needs_the_checksum_of_each_part(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket, headers=chosen("SHA256", "COMPOSITE"))
    for number in (2, 3):
        upload.part(number, b"body", [(header("SHA256"), checksum("SHA256", b"body"))])
    refused = upload.complete(listed([(2, upload.parts[2], element("SHA256", checksum("SHA256", b"body")))]))
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidPartOrder"), refused.text
    upload.part(1, b"body", [(header("SHA256"), checksum("SHA256", b"body"))])
    refused = upload.complete(listed([(1, upload.parts[1])]))
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest")
    assert error(refused)["Message"] == (
        "The upload was created using a sha256 checksum. The complete request must include the checksum for each part. "
        "It was missing for part 1 in the request."
    )


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (chosen("SHA1", "FULL_OBJECT"), "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm."),
        (chosen("SHA256", "FULL_OBJECT"), "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm."),
        (chosen("CRC64NVME", "COMPOSITE"), "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."),
        ([(TYPE, "COMPOSITE")], "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."),
        (chosen("CRC32", "BOTH"), "Value for x-amz-checksum-type header is invalid."),
        (
            [(ALGORITHM, "MD4")],
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        ),
    ],
)
def test_invalid_choices_are_refused(s3: S3, bucket: str, headers: list[tuple[str, str]], message: str) -> None:
    refused = s3.request("POST", f"/{bucket}/object", query="uploads", headers=headers)
    assert (refused.status, error(refused)["Code"], error(refused)["Message"]) == (400, "InvalidRequest", message)


def test_a_part_with_another_algorithm_is_refused(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket, headers=[(ALGORITHM, "SHA256")])
    assert upload.created[TYPE] == "COMPOSITE", "CRC64NVME is the default"
    refused = upload.try_part(1, b"body", [(header("CRC32"), checksum("CRC32", b"body"))])
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest")
    assert error(refused)["Message"] == (
        "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32"
    )


@SEALED
@pytest.mark.parametrize("algorithm", [None, *NAMES])
def test_the_default_checksum(s3: S3, bucket: str, key: CustomerKey, algorithm: str | None, sealed: bool) -> None:
    """It is CRC64NVME of the whole, or none under a customer key. Any checksum of a part is verified."""
    keyed = key.s3() if sealed else []
    upload = Upload.begin(s3, bucket, customer=key if sealed else None)
    assert ALGORITHM not in upload.created
    for number, body in enumerate(BODIES, 1):
        sent = [(header(algorithm), checksum(algorithm, body))] if algorithm else []
        upload.part(number, body, sent)
    if algorithm:
        wrong = upload.try_part(3, b"x", [(header(algorithm), checksum(algorithm, b"other"))])
        assert (wrong.status, error(wrong)["Code"]) == (400, "BadDigest")
    done = upload.complete()
    assert done.status == 200, done.text
    head = s3.head(bucket, "object", [ASK, *keyed])
    expected = None if sealed else checksum("CRC64NVME", b"".join(BODIES))
    assert document(done).findtext("ChecksumCRC64NVME") == expected
    assert head.get(header("CRC64NVME")) == expected
    assert s3.get(bucket, "object", [ASK, *keyed]).body == b"".join(BODIES)


@SEALED
@pytest.mark.parametrize("algorithm", NAMES)
def test_checksums_in_trailers(s3: S3, bucket: str, key: CustomerKey, algorithm: str, sealed: bool) -> None:
    """Recent SDKs send them by default."""
    upload = Upload.begin(s3, bucket, headers=[(ALGORITHM, algorithm)], customer=key if sealed else None)

    def send(said: bytes) -> object:
        chunked = Chunked(UNSIGNED_TRAILER, [b"bo", b"dy"], [(header(algorithm), checksum(algorithm, said))])
        headers = [*chunked.headers(), *upload.keyed(), ("x-amz-sdk-checksum-algorithm", algorithm)]
        query = f"partNumber=1&uploadId={upload.id}"
        signed = s3.sign("PUT", upload.path, query=query, headers=headers, payload_hash=UNSIGNED_TRAILER)
        return signed.send(s3.wire, chunked.encode(signed))

    wrong = send(b"other")
    assert (wrong.status, error(wrong)["Code"]) == (400, "BadDigest"), wrong.text
    good = send(b"body")
    assert (good.status, good[header(algorithm)]) == (200, checksum(algorithm, b"body")), good.text
    upload.parts[1] = good["ETag"]
    assert upload.complete(named(upload, algorithm, [b"body"]), keyed=upload.keyed()).status == 200
    assert s3.get(bucket, "object", upload.keyed()).body == b"body"


def test_the_content_md5_of_a_part_is_verified(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    for value, code in (("AAAA", "InvalidDigest"), (base64.b64encode(b"0" * 16).decode(), "BadDigest")):
        refused = upload.try_part(1, b"body", [("Content-MD5", value)])
        assert (refused.status, error(refused)["Code"]) == (400, code)
    assert document(upload.list()).find("Part") is None
