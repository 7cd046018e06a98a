"""S3's table of bad input for customer keys, as far as these operations go: status, code, message,
argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support import people
from support.keys import S3 as PREFIX
from support.keys import CustomerKey, Headers, b64
from support.s3 import NEEDS_KEY, S3, WRONG_KEY, error
from support.server import Server

KEY = CustomerKey.new()
SHORT = CustomerKey(b"0123456789")
# `aws` sends this when it is given a base64 key without its MD5: base64 of base64, 44 bytes, with a matching
# MD5.
TWICE = CustomerKey(KEY.base64.encode())
SSE = "x-amz-server-side-encryption"

INCOMPATIBLE = (
    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
)
NO_ALGORITHM = (
    "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm."
)
NO_KEY = (
    "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key."
)
NO_MD5 = (
    "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of "
    "the secret key."
)
BAD_KEY = "The secret key was invalid for the specified algorithm."
BAD_MD5 = "The calculated MD5 hash of the key did not match the hash that was provided."
BAD_ALGORITHM = "The Encryption request you specified is not valid. Supported value: AES256."
NOT_APPLICABLE = "The encryption parameters are not applicable to this object."
NOT_SECURE = (
    "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection."
)


def triple(of: CustomerKey = KEY, /, **changes: str | None) -> Headers:
    """The three headers, some of them changed or left out: `algorithm`, `key`, `md5`."""
    values = {"algorithm": "AES256", "key": of.base64, "md5": of.md5} | changes
    names = {"algorithm": "algorithm", "key": "key", "md5": "key-MD5"}
    return [(PREFIX + names[field], value) for field, value in values.items() if value is not None]


@dataclass(frozen=True)
class Row:
    """One row: the headers of the request, and the answer that must come back."""

    id: str
    headers: Headers
    status: int
    code: str
    message: str
    argument: str | None = SSE
    value: str | None = None

    def check(self, fields: dict[str, str]) -> None:
        assert fields["Code"] == self.code
        assert fields["Message"] == self.message
        assert fields.get("ArgumentName") == self.argument
        assert fields.get("ArgumentValue") == self.value


INVALID = (400, "InvalidArgument")
WRITES = [
    Row("with-sse-s3", [*triple(), (SSE, "AES256")], *INVALID, INCOMPATIBLE, value="AES256"),
    Row("with-sse-s3-and-bad-algorithm", [*triple(algorithm="KMS"), (SSE, "AES256")], *INVALID, INCOMPATIBLE, value="AES256"),
    Row("bad-algorithm", triple(algorithm="KMS"), 400, "InvalidEncryptionAlgorithmError", BAD_ALGORITHM, value="KMS"),
    Row("lower-case-algorithm", triple(algorithm="aes256"), 400, "InvalidEncryptionAlgorithmError", BAD_ALGORITHM, value="aes256"),
    Row("no-algorithm", triple(algorithm=None), *INVALID, NO_ALGORITHM),
    Row("no-key", triple(key=None), *INVALID, NO_KEY),
    Row("no-key-no-md5", triple(key=None, md5=None), *INVALID, NO_KEY),
    Row("no-md5", triple(md5=None), *INVALID, NO_MD5),
    Row("only-md5", triple(algorithm=None, key=None), *INVALID, NO_ALGORITHM),
    Row("only-key", triple(algorithm=None, md5=None), *INVALID, NO_ALGORITHM),
    Row("short-key", triple(SHORT), *INVALID, BAD_KEY),
    Row("key-encoded-twice", triple(TWICE), *INVALID, BAD_KEY),
    Row("empty-key", triple(CustomerKey(b"")), *INVALID, NO_KEY),
    Row("not-base64", triple(key="!" * 44), *INVALID, BAD_KEY),
    Row("url-safe-base64", triple(CustomerKey(b"\xff" * 32), key="_" * 42 + "8="), *INVALID, BAD_KEY),
    Row("unpadded", triple(key=KEY.base64.rstrip("=")), *INVALID, BAD_KEY),
    Row("md5-of-another", triple(md5=CustomerKey(b"x" * 32).md5), *INVALID, BAD_MD5),
    Row("md5-not-base64", triple(md5="?"), *INVALID, BAD_MD5),
    Row("short-key-and-bad-md5", triple(SHORT, md5=KEY.md5), *INVALID, BAD_KEY),
]  # fmt: skip

READS_OF_SEALED = [
    Row("no-key", [], 400, "InvalidRequest", NEEDS_KEY, None),
    Row("wrong-key", triple(CustomerKey(b"y" * 32)), 403, "AccessDenied", WRONG_KEY, None),
    Row("key-encoded-twice", triple(TWICE), 403, "AccessDenied", WRONG_KEY, None),
    Row("bad-algorithm", triple(algorithm="KMS"), 400, "InvalidEncryptionAlgorithmError", BAD_ALGORITHM, value="KMS"),
    Row("no-algorithm", triple(algorithm=None), *INVALID, NO_ALGORITHM),
    Row("only-algorithm", triple(key=None, md5=None), *INVALID, NO_KEY),
    Row("no-md5", triple(md5=None), *INVALID, NO_MD5),
    Row("md5-of-another", triple(md5=CustomerKey(b"x" * 32).md5), *INVALID, BAD_MD5),
]

READS_OF_PLAIN = [Row("a-key", triple(), 400, "InvalidRequest", NOT_APPLICABLE, None)]


def ids(row: Row) -> str:
    return row.id


@pytest.mark.parametrize("row", WRITES, ids=ids)
def test_a_bad_put_is_refused(s3: S3, bucket: str, row: Row) -> None:
    refused = s3.put(bucket, "object", b"body", row.headers)
    assert refused.status == row.status, refused.text
    row.check(error(refused))
    assert KEY.base64 not in refused.text
    assert s3.head(bucket, "object").status == 404, "nothing was stored"


@pytest.mark.parametrize("row", WRITES, ids=ids)
def test_a_refused_put_leaves_what_was_there(s3: S3, bucket: str, row: Row) -> None:
    assert s3.put(bucket, "object", b"old").status == 200
    assert s3.put(bucket, "object", b"new", row.headers).status == row.status
    assert s3.get(bucket, "object").body == b"old"


@pytest.mark.parametrize("row", READS_OF_SEALED, ids=ids)
@pytest.mark.parametrize("part", ["whole", "range"])
def test_bad_reads_of_a_sealed_object_are_refused(s3: S3, bucket: str, row: Row, part: str) -> None:
    assert s3.put(bucket, "object", b"body", KEY.s3()).status == 200
    refused = s3.get(bucket, "object", [*row.headers, *([("Range", "bytes=1-2")] if part == "range" else [])])
    assert refused.status == row.status, refused.text
    row.check(error(refused))
    assert PREFIX + "algorithm" not in refused


@pytest.mark.parametrize("row", READS_OF_SEALED, ids=ids)
def test_a_bad_head_of_a_sealed_object_is_refused(s3: S3, bucket: str, row: Row) -> None:
    """A HEAD has no body: the reason is in two headers."""
    assert s3.put(bucket, "object", b"body", KEY.s3()).status == 200
    refused = s3.head(bucket, "object", row.headers)
    assert (refused.status, refused.body) == (row.status, b"")
    assert (refused["x-amz-error-code"], refused["x-amz-error-message"]) == (row.code, row.message)


@pytest.mark.parametrize("row", READS_OF_PLAIN, ids=ids)
def test_a_key_for_a_plain_object_is_refused(s3: S3, bucket: str, row: Row) -> None:
    assert s3.put(bucket, "object", b"body").status == 200
    refused = s3.get(bucket, "object", row.headers)
    assert refused.status == row.status
    row.check(error(refused))
    refused = s3.head(bucket, "object", row.headers)
    assert refused.status == row.status
    assert (refused["x-amz-error-code"], refused["x-amz-error-message"]) == (row.code, row.message)


@pytest.mark.parametrize("row", [row for row in READS_OF_SEALED if row.headers], ids=ids)
def test_a_missing_object_is_reported_before_a_bad_key(s3: S3, bucket: str, row: Row) -> None:
    refused = s3.get(bucket, "none", row.headers)
    assert (refused.status, error(refused)["Code"]) == (404, "NoSuchKey")
    refused = s3.head(bucket, "none", row.headers)
    assert (refused.status, refused["x-amz-error-code"]) == (404, "NoSuchKey")


@pytest.mark.parametrize("header", [PREFIX + "algorithm", PREFIX + "key", PREFIX + "key-MD5"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_repeated_header_is_refused(s3: S3, bucket: str, header: str, method: str) -> None:
    assert s3.put(bucket, "object", b"old", KEY.s3()).status == 200
    headers = KEY.s3()
    headers.append((header, dict(headers)[header]))
    refused = s3.put(bucket, "object", b"new", headers) if method == "PUT" else s3.get(bucket, "object", headers)
    assert refused.status == 400, refused.text
    assert s3.get(bucket, "object", KEY.s3()).body == b"old"


def test_a_key_with_an_unknown_companion_is_refused(s3: S3, bucket: str) -> None:
    refused = s3.put(bucket, "object", b"", [*KEY.s3(), (PREFIX + "key-sha256", b64(b"x" * 32))])
    assert refused.status in (400, 501), refused.text
    assert s3.head(bucket, "object").status == 404


@pytest.mark.parametrize("where", ["listing", "delete", "bucket"])
def test_operations_without_a_key(s3: S3, bucket: str, where: str) -> None:
    assert s3.put(bucket, "object", b"four", KEY.s3()).status == 200
    if where == "listing":
        assert s3.list(bucket).findtext("Contents/Size") == "4"
    elif where == "delete":
        assert s3.delete(bucket, "object").status == 204
        assert s3.head(bucket, "object", KEY.s3()).status == 404
    else:
        assert s3.request("HEAD", f"/{bucket}").status == 200


@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
def test_a_key_over_plain_http_is_refused(server: Server, s3: S3, bucket: str, method: str) -> None:
    assert s3.put(bucket, "object", b"body", KEY.s3()).status == 200
    plain = S3(server.plain, people.OWNER)
    refused = plain.request(method, f"/{bucket}/object", headers=KEY.s3())
    assert refused.status == 400
    if method == "HEAD":
        assert refused["x-amz-error-message"] == NOT_SECURE
    else:
        assert (error(refused)["Code"], error(refused)["Message"]) == ("InvalidRequest", NOT_SECURE)
    assert plain.get(bucket, "object", [("X-Forwarded-Proto", "https"), *KEY.s3()]).status == 400, "the proxy is not trusted"
    assert s3.get(bucket, "object", KEY.s3()).body == b"body"


def test_a_key_over_plain_http_is_accepted_when_the_operator_allows_it(fresh: Callable[..., Server]) -> None:
    server = fresh(require_tls_for_customer_keys=False).start()
    plain = S3(server.plain, people.OWNER)
    assert plain.create_bucket("bucket").status == 200
    assert plain.put("bucket", "object", b"body", KEY.s3()).status == 200
    assert plain.get("bucket", "object", KEY.s3()).body == b"body"
    assert plain.get("bucket", "object").status == 400
    assert "customer" in server.log().lower(), "the start warns of this setting"


def test_a_key_through_a_trusted_proxy_is_accepted(fresh: Callable[..., Server]) -> None:
    server = fresh(trusted_proxies="127.0.0.0/8").start()
    plain = S3(server.plain, people.OWNER)
    assert plain.create_bucket("bucket").status == 200
    over_tls = [("X-Forwarded-Proto", "https")]
    assert plain.put("bucket", "object", b"body", [*over_tls, *KEY.s3()]).status == 200
    assert plain.get("bucket", "object", [*over_tls, *KEY.s3()]).body == b"body"
    for claims in ([], [("X-Forwarded-Proto", "http")], over_tls * 2, [("X-Forwarded-Proto", "https, http")]):
        assert plain.get("bucket", "object", [*claims, *KEY.s3()]).status == 400, claims
