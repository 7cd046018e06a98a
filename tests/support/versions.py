"""Versions in the listings of both faces."""

from __future__ import annotations

from dataclasses import dataclass

from .s3 import S3, document, escape
from .swift import Swift
from .wire import Response

DELETE_MARKER = "application/x-deleted;swift_versions_deleted=1"
"""The type of a delete marker in Swift's listings."""


@dataclass(frozen=True)
class Row:
    """A version or a delete marker in a listing."""

    name: str
    id: str
    latest: bool
    marker: bool
    size: int


def set_state(s3: S3, bucket: str, status: str) -> Response:
    """PutBucketVersioning."""
    body = f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
    return s3.request("PUT", f"/{escape(bucket)}", query="versioning", body=body.encode())


def state(s3: S3, bucket: str) -> str | None:
    """GetBucketVersioning."""
    answer = s3.request("GET", f"/{escape(bucket)}", query="versioning")
    assert answer.status == 200, answer.text
    return document(answer).findtext("Status")


def by_s3(s3: S3, bucket: str, query: str = "") -> list[Row]:
    """A page of ListObjectVersions."""
    answer = s3.request("GET", f"/{escape(bucket)}", query="versions" + (f"&{query}" if query else ""))
    assert answer.status == 200, answer.text
    return [
        Row(
            row.findtext("Key", ""),
            row.findtext("VersionId", ""),
            row.findtext("IsLatest") == "true",
            row.tag == "DeleteMarker",
            int(row.findtext("Size", "0")),
        )
        for row in document(answer)
        if row.tag in ("Version", "DeleteMarker")
    ]


def by_swift(swift: Swift, container: str, query: str = "") -> list[Row]:
    """A page of the listing with `versions`."""
    return [
        Row(row["name"], row["version_id"], row["is_latest"], row["content_type"] == DELETE_MARKER, row["bytes"])
        for row in swift.list(container, "versions" + (f"&{query}" if query else ""))
        if "name" in row
    ]
