"""Requests that no honest client sends. The server answers at once, and goes on."""

from __future__ import annotations

import socket
import time

import pytest

from support.multipart import Upload, listed
from support.s3 import S3, document, error
from support.server import Server
from support.wire import Connection

ROOT = "CompleteMultipartUpload"
PART = "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>"
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {n} "{f"&{p};" * 10}">' for p, n in zip("abcdefgh", "bcdefghi"))
    + f"]><{ROOT}><Part><PartNumber>1</PartNumber><ETag>&i;</ETag></Part></{ROOT}>"
)

ATTRIBUTES = " ".join(f'a{number}="x"' for number in range(50_000))

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blank": b"   \n",
    "garbage": b"\xff\x00\xfe" * 100,
    "not-utf8": f"<{ROOT}>".encode() + b"\xff" + f"</{ROOT}>".encode(),
    "unclosed": f"<{ROOT}>{PART}".encode(),
    "another-root": f"<Parts>{PART}</Parts>".encode(),
    "another-child": f"<{ROOT}><Piece/></{ROOT}>".encode(),
    "no-parts": f"<{ROOT}/>".encode(),
    "no-number": f"<{ROOT}><Part><ETag>x</ETag></Part></{ROOT}>".encode(),
    "no-etag": f"<{ROOT}><Part><PartNumber>1</PartNumber></Part></{ROOT}>".encode(),
    "number-too-large": f"<{ROOT}><Part><PartNumber>{10**30}</PartNumber><ETag>x</ETag></Part></{ROOT}>".encode(),
    "10001-parts": listed([(number, "x" * 32) for number in range(1, 10002)]),
    "external-entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><{ROOT}><Part><PartNumber>1</PartNumber>'
    f"<ETag>&e;</ETag></Part></{ROOT}>".encode(),
    "entities": BOMB.encode(),
    "deep": b"<a>" * 200_000,
    "deep-and-closed": b"<a>" * 100_000 + b"</a>" * 100_000,
    "many-attributes": f"<{ROOT} {ATTRIBUTES}/>".encode(),
    "long-name": b"<" + b"a" * 1_000_000 + b"/>",
    "long-etag": f"<{ROOT}><Part><PartNumber>1</PartNumber><ETag>{'x' * 3_000_000}</ETag></Part></{ROOT}>".encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_list_of_parts_is_refused(server: Server, s3: S3, bucket: str, name: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    began = time.monotonic()
    refused = upload.complete(BODIES[name])
    assert time.monotonic() - began < 60
    assert refused.status == 400, refused.text[:500]
    assert error(refused)["Code"] in ("MalformedXML", "InvalidPart", "InvalidRequest", "InvalidArgument")
    assert b"root:" not in refused.body and len(refused.body) < 10_000
    assert upload.complete().status == 200, "the upload is unchanged"


def test_a_list_of_five_mebibytes_of_garbage_is_refused(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    refused = upload.complete(b"<" + b"x" * (5 << 20))
    assert (refused.status, error(refused)["Code"]) == (400, "MaxMessageLengthExceeded"), refused.text
    assert S3(s3.address, s3.user).request("GET", f"/{bucket}", query="uploads").status == 200
    assert upload.complete().status == 200


def test_a_list_of_ten_thousand_parts_without_most_of_them_is_refused(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    refused = upload.complete(listed([(number, upload.parts[1]) for number in range(1, 10001)]))
    assert (refused.status, error(refused)["Code"]) in ((400, "InvalidPart"), (400, "EntityTooSmall")), refused.text


def test_a_part_number_below_one_is_refused(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, b"body")
    for number in (0, -1):
        refused = upload.complete(listed([(number, etag)]))
        fields = error(refused)
        assert (refused.status, fields["Code"], fields["Message"]) == (400, "InvalidArgument", "PartNumber must be >= 1")
        assert (fields["ArgumentName"], fields["ArgumentValue"]) == ("PartNumber", str(number))


def test_errors_name_the_upload(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, b"body")
    for parts in ([(2, etag)], [(1, etag), (1, etag)]):
        assert error(upload.complete(listed(parts)))["UploadId"] == upload.id
    assert upload.abort().status == 204
    assert error(upload.abort())["UploadId"] == upload.id


def test_an_interrupted_part_leaves_nothing(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    query = f"partNumber=1&uploadId={upload.id}"
    signed = s3.sign("PUT", upload.path, query=query, headers=[("Content-Length", "1000")])
    with Connection(s3.address) as connection:
        connection.head("PUT", signed.target, [("Host", s3.address.authority), *signed.headers, ("Expect", "100-continue")])
        connection.begins()
        connection.send(b"half")
        connection.sock.shutdown(socket.SHUT_WR)
        assert connection.closed_by_peer(), "the server has not seen the end of the part"
    assert document(upload.list()).find("Part") is None
