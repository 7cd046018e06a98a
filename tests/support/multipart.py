"""Multipart uploads, request by request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from .keys import CustomerKey
from .s3 import S3, document, escape
from .wire import Headers, Response

MIN_PART = 5 << 20
"""The smallest size of a part that is not the last."""


def piece(seed: str, size: int = MIN_PART) -> bytes:
    """So many bytes, different for each seed."""
    block = hashlib.sha256(seed.encode()).digest() * 64
    return (block * (size // len(block) + 1))[:size]


def listed(parts: list[tuple[int, str]] | list[tuple[int, str, str]]) -> bytes:
    """The list of parts for Complete: numbers, ETags and, if given, elements with checksums."""
    rows = "".join(
        f"<Part><PartNumber>{part[0]}</PartNumber><ETag>{part[1]}</ETag>{''.join(part[2:])}</Part>" for part in parts
    )
    name = "CompleteMultipartUpload"
    return f'<{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}</{name}>'.encode()


def etag_of(bodies: list[bytes]) -> str:
    """The ETag of an upload that is not under a customer key."""
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"'


@dataclass
class Upload:
    """An upload that has begun. Every request that may carry its key does so."""

    s3: S3
    bucket: str
    key: str
    customer: CustomerKey | None
    id: str
    created: Response
    parts: dict[int, str] = field(default_factory=dict)

    @classmethod
    def begin(
        cls, s3: S3, bucket: str, key: str = "object", headers: Headers = (), customer: CustomerKey | None = None
    ) -> "Upload":
        keyed = customer.s3() if customer else []
        created = s3.request("POST", f"/{bucket}/{escape(key)}", query="uploads", headers=[*headers, *keyed])
        assert created.status == 200, created.text
        found = document(created).findtext("UploadId")
        assert found
        return cls(s3, bucket, key, customer, found, created)

    @property
    def path(self) -> str:
        return f"/{self.bucket}/{escape(self.key)}"

    def keyed(self) -> Headers:
        return self.customer.s3() if self.customer else []

    def try_part(self, number: int | str, body: bytes, headers: Headers = (), keyed: Headers | None = None) -> Response:
        """Sends a part, and leaves the check of the answer to the caller."""
        query = f"partNumber={number}&uploadId={self.id}"
        keyed = self.keyed() if keyed is None else keyed
        return self.s3.request("PUT", self.path, query=query, headers=[*headers, *keyed], body=body, sha256=False)

    def part(self, number: int, body: bytes, headers: Headers = ()) -> str:
        """Stores a part, and records its ETag."""
        answer = self.try_part(number, body, headers)
        assert answer.status == 200, answer.text
        self.parts[number] = answer["ETag"]
        return answer["ETag"]

    def try_copy(self, number: int, source: str, headers: Headers = (), keyed: Headers | None = None) -> Response:
        """Copies a part."""
        query = f"partNumber={number}&uploadId={self.id}"
        keyed = self.keyed() if keyed is None else keyed
        headers = [("x-amz-copy-source", source), *headers, *keyed]
        return self.s3.request("PUT", self.path, query=query, headers=headers)

    def copy(self, number: int, source: str, headers: Headers = ()) -> str:
        """Copies a part, and records its ETag."""
        answer = self.try_copy(number, source, headers)
        assert answer.status == 200, answer.text
        self.parts[number] = document(answer).findtext("ETag") or ""
        return self.parts[number]

    def complete(
        self, parts: bytes | None = None, headers: Headers = (), keyed: Headers | None = None
    ) -> Response:
        """Completes the upload, with the recorded parts or with a body of the caller's."""
        body = listed(sorted(self.parts.items())) if parts is None else parts
        keyed = [] if keyed is None else keyed
        return self.s3.request("POST", self.path, query=f"uploadId={self.id}", headers=[*headers, *keyed], body=body)

    def abort(self) -> Response:
        return self.s3.request("DELETE", self.path, query=f"uploadId={self.id}")

    def list(self, query: str = "", headers: Headers = ()) -> Response:
        query = f"uploadId={self.id}" + (f"&{query}" if query else "")
        return self.s3.request("GET", self.path, query=query, headers=headers)
