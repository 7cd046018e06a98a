"""The tags of a bucket on S3."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any
from xml.sax.saxutils import escape

import botocore.exceptions
import pytest

from support import people
from support.cli import Cli
from support.s3 import S3, document, error
from support.server import Server
from support.wire import Headers, Response

Tags = list[tuple[str, str]]
TAGS: Tags = [("project", "one + two"), ("環境", ""), ("a/b:c@d", "=._-"), ("K", "1"), ("k", "2")]


def tagging(tags: Tags) -> bytes:
    rows = "".join(f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>" for key, value in tags)
    return f"<Tagging><TagSet>{rows}</TagSet></Tagging>".encode()


def put(s3: S3, bucket: str, body: bytes, headers: Headers = ()) -> Response:
    return s3.request("PUT", f"/{bucket}", query="tagging", headers=headers, body=body)


def tags(s3: S3, bucket: str) -> Tags | None:
    """The tags of a bucket, or `None` if it has none."""
    answer = s3.request("GET", f"/{bucket}", query="tagging")
    if answer.status == 404:
        fields = error(answer)
        assert (fields["Code"], fields["Message"]) == ("NoSuchTagSet", "The TagSet does not exist")
        assert fields["BucketName"] == bucket
        return None
    assert answer.status == 200, answer.text
    root = document(answer)
    assert root.tag == "Tagging"
    return [(tag.findtext("Key", "?"), tag.findtext("Value", "?")) for tag in root.findall("TagSet/Tag")]


def delete(s3: S3, bucket: str) -> None:
    answer = s3.request("DELETE", f"/{bucket}", query="tagging")
    assert (answer.status, answer.body) == (204, b"")


def test_tags_are_put_read_and_deleted(s3: S3, bucket: str) -> None:
    assert tags(s3, bucket) is None
    for chosen in (TAGS, TAGS[:1], [(f"key {number}", "v" * 256) for number in range(50)]):
        answer = put(s3, bucket, tagging(chosen))
        assert (answer.status, answer.body) == (204, b""), answer.text
        assert tags(s3, bucket) == chosen, "the new tags replace all old ones"
    for _ in range(2):
        delete(s3, bucket)
        assert tags(s3, bucket) is None
    # On S3, an empty set removes the tags.
    assert put(s3, bucket, tagging(TAGS)).status == 204
    assert put(s3, bucket, tagging([])).status == 204
    assert tags(s3, bucket) is None


KEY, VALUE = "The TagKey you have provided is invalid", "The TagValue you have provided is invalid"
RESERVED = 'Invalid Tag. Tags cannot start with "aws:"(case insensitive) unless they are System Tags that start with "aws:"(case sensitive)'


@pytest.mark.parametrize(
    ("refused", "message", "extras"),
    [
        ([("", "v")], KEY, {"TagKey": ""}),
        ([("k" * 129, "v")], KEY, {"TagKey": "k" * 129}),
        ([("a,b", "v")], KEY, {"TagKey": "a,b"}),
        ([("k", "v" * 257)], VALUE, {"TagKey": "k", "TagValue": "v" * 257}),
        ([("k", "<&>")], VALUE, {"TagKey": "k", "TagValue": "<&>"}),
        # Each character has two UTF-16 units.
        ([("𐐀" * 65, "v")], KEY, {"TagKey": "𐐀" * 65}),
        ([("aws:x", "v")], "System tags cannot be added/updated by requester", {"TagKey": "aws:x"}),
        ([("AWS:x", "v")], RESERVED, {"TagKey": "AWS:x"}),
        ([("k", "1"), ("k", "2")], "Cannot provide multiple Tags with the same key", {"TagKey": "k"}),
    ],
)
def test_the_rules_are_those_of_s3(s3: S3, bucket: str, refused: Tags, message: str, extras: dict[str, str]) -> None:
    assert put(s3, bucket, tagging(TAGS)).status == 204
    answer = put(s3, bucket, tagging(refused))
    fields = error(answer)
    assert (answer.status, fields["Code"], fields["Message"]) == (400, "InvalidTag", message)
    assert {name: fields.get(name) for name in ("TagKey", "TagValue") if name in fields} == extras
    assert tags(s3, bucket) == TAGS, "a refused request changes no tags"


def test_fifty_one_tags_are_refused(s3: S3, bucket: str) -> None:
    answer = put(s3, bucket, tagging([(str(number), "") for number in range(51)]))
    fields = error(answer)
    assert (answer.status, fields["Code"]) == (400, "BadRequest")
    assert fields["Message"] == "Bucket tag count cannot be greater than 50"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MissingRequestBodyError"),
        (b"<Tagging", "MalformedXML"),
        (b"<Other><TagSet/></Other>", "MalformedXML"),
        (b"<Tagging/>", "MalformedXML"),
        (b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"),
        (b"<Tagging><TagSet/>" + b" " * 300_000 + b"</Tagging>", "MaxMessageLengthExceeded"),
    ],
)
def test_other_bodies_are_refused(s3: S3, bucket: str, body: bytes, code: str) -> None:
    answer = put(s3, bucket, body)
    assert (answer.status, error(answer)["Code"]) == (400, code)
    assert tags(s3, bucket) is None


def test_digests_are_compared(s3: S3, bucket: str) -> None:
    body = tagging(TAGS)

    def headers(of: bytes) -> list[Headers]:
        crc = base64.b64encode(zlib.crc32(of).to_bytes(4, "big")).decode()
        md5 = base64.b64encode(hashlib.md5(of).digest()).decode()
        return [[("Content-MD5", md5)], [("x-amz-checksum-crc32", crc), ("x-amz-sdk-checksum-algorithm", "CRC32")]]

    for digest in headers(b"another body"):
        answer = put(s3, bucket, body, digest)
        assert (answer.status, error(answer)["Code"]) == (400, "BadDigest"), digest
        assert tags(s3, bucket) is None
    for digest in headers(body):
        assert put(s3, bucket, body, digest).status == 204
        assert tags(s3, bucket) == TAGS
        delete(s3, bucket)


def test_only_the_owner_reads_and_writes_tags(server: Server, s3: S3, bucket: str) -> None:
    assert put(s3, bucket, tagging(TAGS)).status == 204
    stranger = S3(server.tls, people.OTHER)
    for method, body in (("GET", b""), ("PUT", tagging([])), ("DELETE", b"")):
        answer = stranger.request(method, f"/{bucket}", query="tagging", body=body)
        assert (answer.status, error(answer)["Code"]) == (403, "AccessDenied"), method
        expected = [("x-amz-expected-bucket-owner", people.OTHER.account)]
        answer = s3.request(method, f"/{bucket}", query="tagging", headers=expected, body=body)
        assert (answer.status, error(answer)["Code"]) == (403, "AccessDenied"), method
    assert tags(s3, bucket) == TAGS


def test_tags_are_deleted_with_their_bucket(s3: S3, bucket: str) -> None:
    assert put(s3, bucket, tagging(TAGS)).status == 204
    assert s3.request("DELETE", f"/{bucket}").status == 204
    assert s3.request("GET", f"/{bucket}", query="tagging").status == 404
    assert s3.create_bucket(bucket).status == 200
    assert tags(s3, bucket) is None


def test_tags_are_kept_after_a_restart(fresh: Any) -> None:
    server = fresh().start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("tagged").status == 200
    assert put(s3, "tagged", tagging(TAGS)).status == 204
    assert server.stop() == 0
    server.start()
    assert tags(S3(server.tls, people.OWNER), "tagged") == TAGS


def test_boto3_puts_reads_and_deletes_tags(boto: Any, bucket: str) -> None:
    chosen = [{"Key": key, "Value": value} for key, value in TAGS]
    done = boto.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": chosen})
    assert done["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert boto.get_bucket_tagging(Bucket=bucket)["TagSet"] == chosen
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidTag"):
        boto.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "aws:x", "Value": "v"}]})
    boto.delete_bucket_tagging(Bucket=bucket)
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchTagSet"):
        boto.get_bucket_tagging(Bucket=bucket)


def test_the_aws_command_puts_reads_and_deletes_tags(cli: Cli, bucket: str) -> None:
    chosen = {"TagSet": [{"Key": "project", "Value": "one"}]}
    cli.run("aws", "s3api", "put-bucket-tagging", "--bucket", bucket, "--tagging", json.dumps(chosen))
    assert cli.json("aws", "s3api", "get-bucket-tagging", "--bucket", bucket) == chosen
    cli.run("aws", "s3api", "delete-bucket-tagging", "--bucket", bucket)
    assert "NoSuchTagSet" in cli.fails("aws", "s3api", "get-bucket-tagging", "--bucket", bucket)
