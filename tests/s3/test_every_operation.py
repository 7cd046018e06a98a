"""A property of every operation in the specification: a caller without rights learns nothing by its body."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
import yaml

from support import people, places
from support.keys import Headers
from support.s3 import S3, error
from support.server import Server
from support.wire import Response

# Operations that name no bucket which could be missing or a stranger's. A preflight needs no credentials, and must not
# show whether a bucket exists.
WITHOUT_A_BUCKET = {"ListBuckets", "CreateBucket", "OptionsObject"}
METHODS = {"get", "head", "put", "post", "delete"}
BODIES = [b"", b"<bad", b"<Other/>", b"any bytes"]


def operations() -> Iterator[tuple[str, str, str, str, tuple[tuple[str, str], ...]]]:
    """Name, method, path with `{Bucket}`, query and headers of each operation on a bucket."""
    specification = yaml.safe_load((places.ROOT / "api-specs" / "s3.yaml").read_text())
    for path, item in specification["paths"].items():
        path, _, marks = path.partition("#")
        query: list[str] = []
        headers: list[tuple[str, str]] = []
        for mark in filter(None, marks.split("&")):
            if mark.startswith("x-amz-"):
                headers.append((mark, "/{Bucket}/source"))
            else:
                value = {"id": "=x", "partNumber": "=1", "uploadId": f"={'0' * 32}"}.get(mark, "")
                query.append(mark + value)
        for method in METHODS & set(item):
            name = item[method]["operationId"]
            more = [("x-amz-object-attributes", "ETag")] if name == "GetObjectAttributes" else []
            if name not in WITHOUT_A_BUCKET:
                yield name, method.upper(), path.replace("{Key}", "object"), "&".join(query), (*headers, *more)


OPERATIONS = sorted(operations())


def md5(body: bytes) -> tuple[str, str]:
    return "Content-MD5", base64.b64encode(hashlib.md5(body).digest()).decode()


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer["x-amz-error-code"] if "x-amz-error-code" in answer else error(answer)["Code"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row[0])
def test_a_caller_without_rights_is_refused_whatever_the_body(server: Server, s3: S3, bucket: str, name: str, operation: tuple) -> None:
    _, method, path, query, marks = operation
    assert s3.put(bucket, "object", b"body").status == 200
    stranger = S3(server.tls, people.OTHER)

    def send(client: S3 | None, into: str, body: bytes, more: Headers = ()) -> tuple[int, str]:
        headers = [(header, value.replace("{Bucket}", into)) for header, value in marks]
        headers += [md5(body), *more]
        target = path.replace("{Bucket}", into)
        if client is not None:
            return code(client.request(method, target, query=query, headers=headers, body=body))
        length = [("Content-Length", str(len(body)))]
        return code(s3.wire.request(method, target + (f"?{query}" if query else ""), headers + length, body))

    for body in BODIES if method in ("PUT", "POST") else [b""]:
        assert send(stranger, bucket, body) == (403, "AccessDenied"), body
        assert send(None, bucket, body) == (403, "AccessDenied"), body
        expected = [("x-amz-expected-bucket-owner", people.OTHER.account)]
        assert send(s3, bucket, body, expected) == (403, "AccessDenied"), body
        for client in (s3, stranger, None):
            assert send(client, f"missing-{bucket}", body) == (404, "NoSuchBucket"), body
    assert s3.get(bucket, "object").body == b"body", "the requests changed nothing"


def test_the_list_contains_the_writes() -> None:
    names = {row[0] for row in OPERATIONS}
    assert {"PutBucketVersioning", "DeleteObjects", "CompleteMultipartUpload", "PutObject"} <= names
