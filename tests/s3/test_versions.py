"""Versioning on S3."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest

from support import people
from support.cli import Cli
from support.keys import CustomerKey
from support.s3 import S3, document, error
from support.server import Server
from support.versions import Row, by_s3, set_state, state
from support.wire import Headers, Response


def put(s3: S3, bucket: str, name: str, body: bytes, headers: Headers = ()) -> str | None:
    """Writes an object, and returns the id of its version."""
    answer = s3.put(bucket, name, body, headers)
    assert answer.status == 200, answer.text
    return answer.get("x-amz-version-id")


def delete(s3: S3, bucket: str, name: str, version: str | None = None) -> Response:
    answer = s3.request("DELETE", f"/{bucket}/{name}", query=f"versionId={version}" if version else "")
    assert answer.status == 204, answer.text
    return answer


@pytest.fixture
def versioned(s3: S3, bucket: str) -> str:
    """A bucket that keeps versions."""
    assert set_state(s3, bucket, "Enabled").status == 200
    return bucket


def test_the_state_of_a_bucket(s3: S3, bucket: str) -> None:
    assert state(s3, bucket) is None
    for status in ("Enabled", "Enabled", "Suspended", "Enabled", "Suspended"):
        answer = set_state(s3, bucket, status)
        assert (answer.status, answer.body) == (200, b"")
        assert state(s3, bucket) == status, "no cache is in between"
    assert set_state(s3, f"{bucket}-none", "Enabled").status == 404


XML = "<VersioningConfiguration>{}</VersioningConfiguration>"
REFUSED = [
    (XML.format("<Status>Off</Status>"), 400, "MalformedXML"),
    (XML.format("<Status>enabled</Status>"), 400, "MalformedXML"),
    (XML.format("<Status>Enabled</Status><Status>Enabled</Status>"), 400, "MalformedXML"),
    (XML.format("<Other/>"), 400, "MalformedXML"),
    (XML.format(""), 400, "IllegalVersioningConfigurationException"),
    (XML.format("<Status/>"), 400, "IllegalVersioningConfigurationException"),
    (XML.format("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"), 501, "NotImplemented"),
    ("<Versioning", 400, "MalformedXML"),
    ("", 400, "MissingRequestBodyError"),
    ("x" * 70_000, 400, "MaxMessageLengthExceeded"),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED, ids=lambda value: str(value)[:60])
def test_malformed_documents_are_refused(s3: S3, bucket: str, body: str, status: int, code: str) -> None:
    answer = s3.request("PUT", f"/{bucket}", query="versioning", body=body.encode())
    assert (answer.status, error(answer)["Code"]) == (status, code)
    if code == "IllegalVersioningConfigurationException":
        assert error(answer)["Message"] == "The Versioning element must be specified"
    assert state(s3, bucket) is None


def test_the_checksum_of_the_document_is_verified(s3: S3, bucket: str) -> None:
    body = XML.format("<Status>Enabled</Status>").encode()
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    for headers, code in [
        ([("Content-MD5", base64.b64encode(bytes(16)).decode())], "BadDigest"),
        ([("Content-MD5", "x")], "InvalidDigest"),
        ([("x-amz-checksum-crc32", "AAAAAA==")], "BadDigest"),
        ([("x-amz-mfa", "serial 123456")], "NotImplemented"),
    ]:
        answer = s3.request("PUT", f"/{bucket}", query="versioning", headers=headers, body=body)
        assert error(answer)["Code"] == code
        assert state(s3, bucket) is None
    good = [("Content-MD5", md5), ("x-amz-checksum-crc32", crc)]
    assert s3.request("PUT", f"/{bucket}", query="versioning", headers=good, body=body).status == 200


def test_answers_name_the_version(s3: S3, bucket: str) -> None:
    assert put(s3, bucket, "object", b"0") is None
    assert "x-amz-version-id" not in s3.get(bucket, "object")
    assert "x-amz-version-id" not in s3.request("DELETE", f"/{bucket}/object")
    put(s3, bucket, "object", b"0")

    set_state(s3, bucket, "Enabled")
    assert s3.get(bucket, "object")["x-amz-version-id"] == "null"
    first = put(s3, bucket, "object", b"1")
    assert first and first != "null" and len(first.partition(".")[2]) == 5
    for answer in (s3.get(bucket, "object"), s3.head(bucket, "object"), s3.get(bucket, "object", query="tagging")):
        assert (answer.status, answer["x-amz-version-id"]) == (200, first)
    assert s3.get(bucket, "object", query=f"acl&versionId={first}")["x-amz-version-id"] == first
    assert s3.get(bucket, "object", query="versionId=null").body == b"0"
    assert s3.head(bucket, "object", query="versionId=null")["x-amz-version-id"] == "null"

    set_state(s3, bucket, "Suspended")
    assert put(s3, bucket, "object", b"2") == "null"
    assert s3.get(bucket, "object")["x-amz-version-id"] == "null"
    assert s3.get(bucket, "object", query=f"versionId={first}").body == b"1"
    deleted = delete(s3, bucket, "object")
    assert (deleted["x-amz-version-id"], deleted["x-amz-delete-marker"]) == ("null", "true")
    assert [(row.id, row.marker) for row in by_s3(s3, bucket)] == [("null", True), (first, False)]


def test_delete_markers(s3: S3, versioned: str) -> None:
    first = put(s3, versioned, "object", b"1")
    deleted = delete(s3, versioned, "object")
    marker = deleted["x-amz-version-id"]
    assert deleted["x-amz-delete-marker"] == "true" and marker != first

    for gone in (s3.get(versioned, "object"), s3.head(versioned, "object")):
        assert (gone.status, gone["x-amz-delete-marker"], gone["x-amz-version-id"]) == (404, "true", marker)
    for named in (s3.get, s3.head):
        answer = named(versioned, "object", query=f"versionId={marker}")
        assert (answer.status, answer["x-amz-delete-marker"], answer["x-amz-version-id"]) == (405, "true", marker)
        assert answer["Allow"] == "DELETE"
    named = s3.get(versioned, "object", query=f"versionId={marker}")
    assert error(named)["Code"] == "MethodNotAllowed"
    assert s3.get(versioned, "object", query=f"versionId={first}").body == b"1"
    assert s3.list(versioned).findtext("KeyCount") == "0"

    back = delete(s3, versioned, "object", marker)
    assert (back["x-amz-delete-marker"], back["x-amz-version-id"]) == ("true", marker)
    assert s3.get(versioned, "object").body == b"1"
    never = delete(s3, versioned, "never")
    assert never["x-amz-delete-marker"] == "true"


def test_deleting_versions(s3: S3, versioned: str) -> None:
    versions = [put(s3, versioned, "object", body) for body in (b"1", b"22", b"333")]
    answer = delete(s3, versioned, "object", versions[2])
    assert answer["x-amz-version-id"] == versions[2] and "x-amz-delete-marker" not in answer
    assert s3.get(versioned, "object").body == b"22", "the version before is current again"
    assert delete(s3, versioned, "object", versions[2]).status == 204, "again"
    assert delete(s3, versioned, "other", "1795221191.64806").status == 204
    delete(s3, versioned, "object", versions[0])
    assert s3.request("DELETE", f"/{versioned}").status == 409
    delete(s3, versioned, "object", versions[1])
    assert s3.request("DELETE", f"/{versioned}").status == 204


def test_bad_and_unknown_ids_are_refused(s3: S3, versioned: str) -> None:
    put(s3, versioned, "object", b"1")
    for method in ("GET", "DELETE"):
        for bad in ("x", "1", "1795221191.6480", "%20"):
            answer = s3.request(method, f"/{versioned}/object", query=f"versionId={bad}")
            said = error(answer)
            assert (answer.status, said["Code"]) == (400, "InvalidArgument")
            assert said["Message"] == "Invalid version id specified"
            assert said["ArgumentName"] == "versionId"
        empty = s3.request(method, f"/{versioned}/object", query="versionId=")
        assert error(empty)["Message"] == "Version id cannot be the empty string"
    for unknown in ("1795221191.64806", "null"):
        answer = s3.get(versioned, "object", query=f"versionId={unknown}")
        assert (answer.status, error(answer)["Code"]) == (404, "NoSuchVersion")
        assert error(answer)["VersionId"] == unknown
        assert s3.head(versioned, "object", query=f"versionId={unknown}").status == 404


def test_each_version_has_its_own_key(s3: S3, versioned: str) -> None:
    keys = [CustomerKey.new(), None, CustomerKey.new()]
    wrong = CustomerKey.new()
    versions = [
        put(s3, versioned, "object", b"%d" % number, key.s3() if key else [])
        for number, key in enumerate(keys)
    ]
    for number, (version, key) in enumerate(zip(versions, keys, strict=True)):
        query = f"versionId={version}"
        for other in [*keys, wrong]:
            answer = s3.get(versioned, "object", other.s3() if other else [], query=query)
            if other == key:
                assert (answer.status, answer.body) == (200, b"%d" % number)
            else:
                assert answer.status == (403 if key and other else 400)
    answer = s3.get(versioned, "object", wrong.s3(), query=f"versionId={versions[0]}")
    assert error(answer)["Code"] == "AccessDenied"


def test_listing(s3: S3, versioned: str) -> None:
    ids: dict[str, list[str]] = {}
    for name, body in [("a", b"1"), ("b/x", b"22"), ("a", b"333"), ("b/y", b""), ("c&d", b"4444")]:
        ids.setdefault(name, []).insert(0, put(s3, versioned, name, body) or "")
    ids["a"].insert(0, delete(s3, versioned, "a")["x-amz-version-id"])
    rows = by_s3(s3, versioned)
    assert rows == [
        Row("a", ids["a"][0], True, True, 0),
        Row("a", ids["a"][1], False, False, 3),
        Row("a", ids["a"][2], False, False, 1),
        Row("b/x", ids["b/x"][0], True, False, 2),
        Row("b/y", ids["b/y"][0], True, False, 0),
        Row("c&d", ids["c&d"][0], True, False, 4),
    ]
    # Page by page, of every size.
    for size in (1, 2, 3, 5):
        found, query = [], ""
        while True:
            answer = s3.request("GET", f"/{versioned}", query=f"versions&max-keys={size}{query}")
            page = document(answer)
            found += by_s3(s3, versioned, f"max-keys={size}{query}")
            if page.findtext("IsTruncated") == "false":
                assert page.find("NextKeyMarker") is None
                break
            key, version = page.findtext("NextKeyMarker", ""), page.findtext("NextVersionIdMarker", "")
            query = f"&key-marker={key.replace('/', '%2F').replace('&', '%26')}&version-id-marker={version}"
        assert found == rows, size
    assert by_s3(s3, versioned, "prefix=b%2F") == rows[3:5]
    assert by_s3(s3, versioned, "key-marker=a") == rows[3:]
    assert by_s3(s3, versioned, f"key-marker=a&version-id-marker={ids['a'][1]}") == rows[2:]
    assert by_s3(s3, versioned, "max-keys=0") == []


def test_the_listing_as_a_document(s3: S3, versioned: str) -> None:
    """The elements and their order are those of AWS."""
    put(s3, versioned, "a b/1", b"1")
    put(s3, versioned, "c d", b"2")
    delete(s3, versioned, "c%20d")
    page = document(s3.request("GET", f"/{versioned}", query="versions&delimiter=%2F&encoding-type=url&max-keys=2"))
    assert page.tag == "ListVersionsResult"
    assert [child.tag for child in page] == [
        "Name",
        "Prefix",
        "KeyMarker",
        "VersionIdMarker",
        "NextKeyMarker",
        "NextVersionIdMarker",
        "MaxKeys",
        "Delimiter",
        "EncodingType",
        "IsTruncated",
        "DeleteMarker",
        "CommonPrefixes",
    ]
    assert page.findtext("CommonPrefixes/Prefix") == "a%20b/"
    assert page.findtext("NextKeyMarker") == "c%20d"
    marker = page.find("DeleteMarker")
    assert marker is not None
    assert [child.tag for child in marker] == ["Key", "VersionId", "IsLatest", "LastModified", "Owner"]
    assert marker.findtext("Key") == "c%20d" and marker.findtext("Owner/ID") == "test"
    page = document(s3.request("GET", f"/{versioned}", query="versions&prefix=c"))
    version = page.find("Version")
    assert version is not None
    expected = ["Key", "VersionId", "IsLatest", "LastModified", "ETag", "Size", "StorageClass", "Owner"]
    assert [child.tag for child in version] == expected
    assert version.findtext("IsLatest") == "false" and version.findtext("StorageClass") == "STANDARD"
    # After a page that ends with a common prefix, the next page starts after the whole prefix.
    page = document(s3.request("GET", f"/{versioned}", query="versions&delimiter=%2F&max-keys=1"))
    assert page.findtext("NextKeyMarker") == "a b/" and page.find("NextVersionIdMarker") is None
    rest = by_s3(s3, versioned, "delimiter=%2F&key-marker=a%20b%2F")
    assert [row.name for row in rest] == ["c d", "c d"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("version-id-marker=null", "A version-id marker cannot be specified without a key marker."),
        ("version-id-marker=", "A version-id marker cannot be specified without a key marker."),
        ("key-marker=a&version-id-marker=", "A version-id marker cannot be empty."),
        ("key-marker=a&version-id-marker=x", "Invalid version id specified"),
        ("max-keys=x", "Provided max-keys not an integer or within integer range"),
        ("encoding-type=base64", "Invalid Encoding Method specified in Request"),
    ],
)
def test_bad_parameters_of_the_listing_are_refused(s3: S3, bucket: str, query: str, message: str) -> None:
    answer = s3.request("GET", f"/{bucket}", query=f"versions&{query}")
    said = error(answer)
    assert (answer.status, said["Code"], said["Message"]) == (400, "InvalidArgument", message)


def test_a_bucket_without_versioning_lists_null_versions(s3: S3, bucket: str) -> None:
    put(s3, bucket, "object", b"1")
    assert by_s3(s3, bucket) == [Row("object", "null", True, False, 1)]


def test_strangers_are_refused(s3: S3, server: Server, versioned: str) -> None:
    version = put(s3, versioned, "object", b"1")
    for user in (people.OTHER, people.PLAIN):
        client = S3(server.tls, user)
        for method, path, query in [
            ("PUT", f"/{versioned}", "versioning"),
            ("GET", f"/{versioned}", "versioning"),
            ("GET", f"/{versioned}", "versions"),
            ("GET", f"/{versioned}/object", f"versionId={version}"),
            ("DELETE", f"/{versioned}/object", f"versionId={version}"),
        ]:
            body = XML.format("<Status>Suspended</Status>").encode() if method == "PUT" else b""
            assert client.request(method, path, query=query, body=body).status == 403, f"{method} {query}"
        client.close()
    assert state(s3, versioned) == "Enabled" and len(by_s3(s3, versioned)) == 1


def test_boto3(boto: Any, bucket: str) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert boto.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    keys = [CustomerKey.new(), CustomerKey.new()]
    ids = [
        boto.put_object(Bucket=bucket, Key="a/ü", Body=b"%d" % number, **key.s3_parameters())["VersionId"]
        for number, key in enumerate(keys)
    ]
    for number, (version, key) in enumerate(zip(ids, keys, strict=True)):
        got = boto.get_object(Bucket=bucket, Key="a/ü", VersionId=version, **key.s3_parameters())
        assert (got["Body"].read(), got["VersionId"]) == (b"%d" % number, version)
    deleted = boto.delete_object(Bucket=bucket, Key="a/ü")
    assert deleted["DeleteMarker"] is True
    pages = boto.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    pages = list(pages)
    assert [row["VersionId"] for page in pages for row in page.get("DeleteMarkers", [])] == [deleted["VersionId"]]
    assert [row["VersionId"] for page in pages for row in page.get("Versions", [])] == ids[::-1]
    assert {row["Key"] for page in pages for row in page.get("Versions", [])} == {"a/ü"}
    with pytest.raises(boto.exceptions.NoSuchKey):
        boto.get_object(Bucket=bucket, Key="a/ü")


def test_aws_command_line(cli: Cli, bucket: str, key: CustomerKey) -> None:
    where = ["--bucket", bucket, "--key", "object"]
    cli.run("aws", "s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
    assert cli.json("aws", "s3api", "get-bucket-versioning", "--bucket", bucket) == {"Status": "Enabled"}
    (cli.folder / "body").write_bytes(b"one")
    sealed = ["--sse-customer-algorithm", "AES256", "--sse-customer-key", f"fileb://{key.file(cli.folder)}"]
    first = cli.json("aws", "s3api", "put-object", *where, "--body", "body", *sealed)["VersionId"]
    (cli.folder / "body").write_bytes(b"two")
    second = cli.json("aws", "s3api", "put-object", *where, "--body", "body")["VersionId"]
    marker = cli.json("aws", "s3api", "delete-object", *where)["VersionId"]
    listed = cli.json("aws", "s3api", "list-object-versions", "--bucket", bucket)
    assert [row["VersionId"] for row in listed["Versions"]] == [second, first]
    assert [row["VersionId"] for row in listed["DeleteMarkers"]] == [marker]
    cli.run("aws", "s3api", "get-object", *where, "--version-id", first, *sealed, "back")
    assert (cli.folder / "back").read_bytes() == b"one"
    assert "InvalidRequest" in cli.fails("aws", "s3api", "get-object", *where, "--version-id", first, "back")
    for version in (marker, first, second):
        cli.run("aws", "s3api", "delete-object", *where, "--version-id", version)
    cli.run("aws", "s3", "rb", f"s3://{bucket}")
