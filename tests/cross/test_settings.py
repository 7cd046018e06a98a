"""Swift does not show a setting that only S3 has."""

from __future__ import annotations

import time

from support.s3 import S3
from support.swift import Swift

TAGGING = b"<Tagging><TagSet><Tag><Key>project</Key><Value>%d</Value></Tag></TagSet></Tagging>"


def test_tags_of_a_bucket_are_invisible_on_swift(s3: S3, swift: Swift, bucket: str) -> None:
    assert swift.request("POST", bucket, headers=[("X-Container-Meta-Color", "blue")]).status == 204

    def seen() -> list[tuple[str, str]]:
        head = swift.request("HEAD", bucket)
        assert head.status == 204 and "Last-Modified" in head and head["X-Container-Meta-Color"] == "blue"
        own = {"date", "x-trans-id", "x-openstack-request-id", "x-timestamp-of-answer"}
        return sorted((name, value) for name, value in head.headers if name.lower() not in own)

    before = seen()
    # Last-Modified has whole seconds.
    time.sleep(1.1)
    for number in range(2):
        assert s3.request("PUT", f"/{bucket}", query="tagging", body=TAGGING % number).status == 204
        assert seen() == before
    assert s3.request("DELETE", f"/{bucket}", query="tagging").status == 204
    assert seen() == before


def test_a_change_on_swift_leaves_the_tags(s3: S3, swift: Swift, bucket: str) -> None:
    assert s3.request("PUT", f"/{bucket}", query="tagging", body=TAGGING % 7).status == 204
    assert swift.request("POST", bucket, headers=[("X-Container-Meta-Color", "blue")]).status == 204
    assert swift.request("PUT", bucket).status == 202
    assert b"<Value>7</Value>" in s3.request("GET", f"/{bucket}", query="tagging").body
