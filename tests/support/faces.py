"""Both protocols behind one small interface, so that a test can take either as a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from .keys import CustomerKey
from .s3 import S3, error
from .swift import Swift
from .wire import Headers, Response


class Face(Protocol):
    """The operations that both protocols have on objects."""

    name: str
    meta: str
    """The beginning of the names of user metadata."""

    def keyed(self, key: CustomerKey | None) -> Headers: ...
    def put(self, bucket: str, name: str, body: bytes = b"", headers: Headers = ()) -> Response: ...
    def get(self, bucket: str, name: str, headers: Headers = ()) -> Response: ...
    def head(self, bucket: str, name: str, headers: Headers = ()) -> Response: ...
    def delete(self, bucket: str, name: str, headers: Headers = ()) -> Response: ...
    def sizes(self, bucket: str) -> dict[str, int]: ...


@dataclass
class _Face:
    """Methods that are the same for both clients."""

    client: S3 | Swift

    def put(self, bucket: str, name: str, body: bytes = b"", headers: Headers = ()) -> Response:
        return self.client.put(bucket, name, body, headers)

    def get(self, bucket: str, name: str, headers: Headers = ()) -> Response:
        return self.client.get(bucket, name, headers)

    def head(self, bucket: str, name: str, headers: Headers = ()) -> Response:
        return self.client.head(bucket, name, headers)

    def delete(self, bucket: str, name: str, headers: Headers = ()) -> Response:
        return self.client.delete(bucket, name, headers)


@dataclass
class S3Face(_Face):
    client: S3
    name: str = "s3"
    meta: str = "x-amz-meta-"

    def keyed(self, key: CustomerKey | None) -> Headers:
        return key.s3() if key else []

    def sizes(self, bucket: str) -> dict[str, int]:
        sizes: dict[str, int] = {}
        more = True
        while more:
            page = self.client.list(bucket, f"start-after={quote(max(sizes), safe='')}" if sizes else "")
            sizes |= {row.findtext("Key", ""): int(row.findtext("Size", "-1")) for row in page.findall("Contents")}
            more = page.findtext("IsTruncated") == "true"
        return sizes


@dataclass
class SwiftFace(_Face):
    client: Swift
    name: str = "swift"
    meta: str = "x-object-meta-"

    def keyed(self, key: CustomerKey | None) -> Headers:
        return key.swift() if key else []

    def sizes(self, bucket: str) -> dict[str, int]:
        return {row["name"]: row["bytes"] for row in self.client.list(bucket)}


WRITTEN = (200, 201)
"""The statuses of a good PUT: of S3 and of Swift."""


def code(face: Face, response: Response) -> str:
    """S3's error code, from the body or a header. Swift has none: its errors are statuses."""
    if face.name != "s3":
        return ""
    return error(response)["Code"] if response.body else response["x-amz-error-code"]
