"""Customer keys of multipart uploads: every part has the key of its upload, and every mistake has its own
answer."""

from __future__ import annotations

import base64
import hashlib

import pytest

from support.keys import S3 as PREFIX
from support.keys import CustomerKey
from support.multipart import MIN_PART, Upload, listed, piece
from support.s3 import S3, document, error
from support.server import Server
from support import people

ARGUMENT = "x-amz-server-side-encryption"
NOT_THE_UPLOADS = (
    "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
    "encryption parameters."
)
OTHER_KEY = "The provided encryption parameters did not match the ones used originally."
WRONG_LENGTH = base64.b64encode(b"0123456789").decode()
WRONG_LENGTH_MD5 = base64.b64encode(hashlib.md5(b"0123456789").digest()).decode()

# A change to a good triple of headers → the code and the message of the answer.
MALFORMED: dict[str, tuple[dict[str, str | None], str, str]] = {
    "algorithm": (
        {"algorithm": "KMS"},
        "InvalidEncryptionAlgorithmError",
        "The Encryption request you specified is not valid. Supported value: AES256.",
    ),
    "no-algorithm": (
        {"algorithm": None},
        "InvalidArgument",
        "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
    ),
    "no-key": (
        {"key": None},
        "InvalidArgument",
        "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
    ),
    "no-md5": (
        {"key-MD5": None},
        "InvalidArgument",
        "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 "
        "of the secret key.",
    ),
    "length": (
        {"key": WRONG_LENGTH, "key-MD5": WRONG_LENGTH_MD5},
        "InvalidArgument",
        "The secret key was invalid for the specified algorithm.",
    ),
    "not-base64": ({"key": "!" * 44}, "InvalidArgument", "The secret key was invalid for the specified algorithm."),
    "md5": (
        {"key-MD5": WRONG_LENGTH_MD5},
        "InvalidArgument",
        "The calculated MD5 hash of the key did not match the hash that was provided.",
    ),
}


def triple(key: CustomerKey, change: dict[str, str | None]) -> list[tuple[str, str]]:
    fields = {"algorithm": "AES256", "key": key.base64, "key-MD5": key.md5} | change
    return [(PREFIX + name, value) for name, value in fields.items() if value is not None]


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_key_is_refused(s3: S3, bucket: str, key: CustomerKey, case: str) -> None:
    change, code, message = MALFORMED[case]
    headers = triple(key, change)
    upload = Upload.begin(s3, bucket, customer=key)
    upload.part(1, b"body")
    assert s3.put(bucket, "source", b"source").status == 200
    answers = {
        "create": s3.request("POST", f"/{bucket}/object", query="uploads", headers=headers),
        "part": upload.try_part(2, b"x", keyed=headers),
        "copy": upload.try_copy(2, f"/{bucket}/source", keyed=headers),
        "complete": upload.complete(keyed=headers),
        "list": upload.list(headers=headers),
    }
    for operation, answer in answers.items():
        fields = error(answer)
        assert (answer.status, fields["Code"], fields["Message"]) == (400, code, message), operation
        assert fields["ArgumentName"] == ARGUMENT, operation
    assert [part.findtext("PartNumber") for part in document(upload.list()).iter("Part")] == ["1"]
    assert upload.complete().status == 200


def test_a_key_together_with_another_method_is_refused(s3: S3, bucket: str, key: CustomerKey) -> None:
    both = [("x-amz-server-side-encryption", "AES256"), *key.s3()]
    answer = s3.request("POST", f"/{bucket}/object", query="uploads", headers=both)
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument")
    assert error(answer)["Message"] == (
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
    )


def test_a_key_on_a_plain_upload_is_refused(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, b"body")
    assert s3.put(bucket, "source", b"source").status == 200
    for answer in (
        upload.try_part(1, b"x", keyed=key.s3()),
        upload.try_copy(1, f"/{bucket}/source", keyed=key.s3()),
        upload.complete(keyed=key.s3()),
    ):
        assert (answer.status, error(answer)["Code"], error(answer)["Message"]) == (400, "InvalidRequest", NOT_THE_UPLOADS)
    assert upload.complete(listed([(1, etag)])).status == 200
    assert s3.get(bucket, "object").body == b"body"


def test_a_missing_key_on_an_sse_c_upload_is_refused(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload = Upload.begin(s3, bucket, customer=key)
    assert s3.put(bucket, "source", b"source").status == 200
    for answer in (upload.try_part(1, b"x", keyed=[]), upload.try_copy(1, f"/{bucket}/source", keyed=[])):
        assert (answer.status, error(answer)["Code"], error(answer)["Message"]) == (400, "InvalidRequest", NOT_THE_UPLOADS)
    assert document(upload.list()).find("Part") is None


def test_another_key_is_refused(s3: S3, bucket: str, key: CustomerKey) -> None:
    other = CustomerKey.new()
    upload = Upload.begin(s3, bucket, customer=key)
    upload.part(1, b"body")
    assert s3.put(bucket, "source", b"source").status == 200
    for answer in (
        upload.try_part(1, b"x", keyed=other.s3()),
        upload.try_copy(1, f"/{bucket}/source", keyed=other.s3()),
        upload.complete(keyed=other.s3()),
    ):
        assert (answer.status, error(answer)["Code"], error(answer)["Message"]) == (400, "InvalidRequest", OTHER_KEY)
        assert other.base64 not in answer.text and other.md5 not in answer.text
    assert upload.complete(keyed=key.s3()).status == 200
    assert s3.get(bucket, "object", key.s3()).body == b"body"


def test_answers_describe_the_key(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload = Upload.begin(s3, bucket, customer=key)
    part = upload.try_part(1, b"body")
    upload.parts[1] = part["ETag"]
    assert part["ETag"].strip('"') != hashlib.md5(b"body").hexdigest()
    done = upload.complete(keyed=key.s3())
    for answer in (upload.created, part, done):
        assert (answer[PREFIX + "algorithm"], answer[PREFIX + "key-MD5"]) == ("AES256", key.md5)
        assert ARGUMENT not in answer and PREFIX + "key" not in answer
    # Without a choice, an upload under a customer key keeps no checksum.
    assert "Checksum" not in done.text
    for keyed, status, code in (([], 400, "InvalidRequest"), (CustomerKey.new().s3(), 403, "AccessDenied")):
        refused = s3.get(bucket, "object", keyed)
        assert (refused.status, error(refused)["Code"]) == (status, code)
    head = s3.head(bucket, "object", key.s3())
    assert (head.status, head["Content-Length"]) == (200, "4")


def test_only_parts_need_the_key(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload = Upload.begin(s3, bucket, customer=key)
    upload.part(1, b"body")
    parts = document(upload.list())
    assert parts.findtext("Part/Size") == "4" and parts.findtext("Part/ETag") == upload.parts[1]
    done = upload.complete()
    assert done.status == 200 and PREFIX + "key-MD5" not in done
    assert s3.get(bucket, "object", key.s3()).body == b"body"
    assert Upload.begin(s3, bucket, customer=key).abort().status == 204


def test_a_key_needs_tls(server: Server, s3: S3, bucket: str, key: CustomerKey) -> None:
    plain = S3(server.plain, people.OWNER)
    upload = Upload.begin(s3, bucket, customer=key)
    upload.part(1, b"body")
    bare = Upload(plain, bucket, "object", key, upload.id, upload.created, upload.parts)
    assert s3.put(bucket, "source", b"source").status == 200
    for answer in (
        plain.request("POST", f"/{bucket}/object", query="uploads", headers=key.s3()),
        bare.try_part(2, b"x"),
        bare.try_copy(2, f"/{bucket}/source"),
        bare.complete(keyed=key.s3()),
    ):
        assert (answer.status, error(answer)["Code"]) == (400, "InvalidRequest"), answer.text
        assert "secure connection" in error(answer)["Message"]
    assert bare.complete().status == 200, "without the key the answer shows nothing of it"
    plain.close()


def test_a_large_object_in_many_parts(s3: S3, bucket: str, key: CustomerKey) -> None:
    upload = Upload.begin(s3, bucket, customer=key)
    bodies = [piece(str(number), MIN_PART + number) for number in range(3)]
    for number, body in enumerate(bodies):
        upload.part(number + 1, body)
    assert upload.complete().status == 200
    assert s3.get(bucket, "object", key.s3()).body == b"".join(bodies)
    for number, body in enumerate(bodies):
        got = s3.get(bucket, "object", key.s3(), query=f"partNumber={number + 1}")
        assert (got.status, got.body, got["x-amz-mp-parts-count"]) == (206, body, "3")
