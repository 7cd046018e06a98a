"""ListParts and ListMultipartUploads, page by page, compared with a simple model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlencode

import pytest

from support.keys import CustomerKey
from support.multipart import Upload
from support.s3 import S3, document, error

KEYS = ["a", "a", "a b+c", "a/1", "a/2", "a/2", "a/b/3", "b", "b/", "c&<d>", "c&<d>", "é/x", "\U0001f511"]


@pytest.fixture(scope="module")
def uploads(s3: S3) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A bucket and its uploads, ordered by key and then by the time of their creation."""
    bucket = f"uploads-{hashlib.md5(repr(KEYS).encode()).hexdigest()[:8]}"
    assert s3.create_bucket(bucket).status == 200
    begun = [(key, Upload.begin(s3, bucket, key).id) for key in KEYS]
    yield bucket, sorted(begun, key=lambda upload: upload[0].encode())


def page(s3: S3, bucket: str, **query: object) -> object:
    pairs = {name.replace("_", "-"): value for name, value in query.items() if value is not None}
    query = urlencode([("uploads", ""), *sorted(pairs.items())], quote_via=quote)
    answer = s3.request("GET", f"/{bucket}", query=query)
    assert answer.status == 200, answer.text
    return document(answer)


def rows(root) -> list[tuple[str, str]]:
    found = [(e.findtext("Key"), e.findtext("UploadId")) for e in root.iter("Upload")]
    return found + [(e.findtext("Prefix"), "") for e in root.iter("CommonPrefixes")]


def model(uploads: list[tuple[str, str]], prefix: str, delimiter: str | None) -> list[tuple[str, str]]:
    expected: list[tuple[str, str]] = []
    for key, id in uploads:
        if not key.startswith(prefix):
            continue
        rest = key[len(prefix) :]
        if delimiter and delimiter in rest:
            row = (prefix + rest[: rest.index(delimiter) + len(delimiter)], "")
            if row not in expected:
                expected.append(row)
        else:
            expected.append((key, id))
    return expected


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", [None, "/", "b"])
@pytest.mark.parametrize("prefix", ["", "a", "a/", "none"])
def test_pages_of_uploads(s3: S3, uploads, prefix: str, delimiter: str | None, limit: int) -> None:
    bucket, begun = uploads
    found: list[tuple[str, str]] = []
    key_marker = id_marker = None
    for _ in range(len(begun) + 1):
        wish = {"prefix": prefix, "delimiter": delimiter, "max-uploads": limit}
        root = page(s3, bucket, **wish, key_marker=key_marker, upload_id_marker=id_marker)
        got = rows(root)
        assert len(got) <= limit
        assert (root.findtext("MaxUploads"), root.findtext("Prefix")) == (str(limit), prefix)
        assert (root.findtext("KeyMarker"), root.findtext("UploadIdMarker")) == (key_marker or "", id_marker or "")
        found += got
        if root.findtext("IsTruncated") == "false":
            assert root.find("NextKeyMarker") is None
            break
        key_marker, id_marker = root.findtext("NextKeyMarker"), root.findtext("NextUploadIdMarker") or None
        assert key_marker
    else:
        pytest.fail("the pages do not end")
    # Uploads of one key are ordered by the time of their creation, which a page shows without milliseconds.
    assert sorted(found) == sorted(model(begun, prefix, delimiter))
    assert [key for key, _ in found if _] == sorted((key for key, _ in found if _), key=str.encode)


def test_a_page_describes_each_upload(s3: S3, uploads) -> None:
    bucket, _ = uploads
    root = page(s3, bucket)
    upload = root.find("Upload")
    assert upload.findtext("StorageClass") == "STANDARD"
    assert upload.findtext("Owner/ID") and upload.findtext("Initiator/ID")
    assert (upload.findtext("Initiated") or "").endswith("Z")
    assert root.findtext("Bucket") == bucket
    assert upload.find("ChecksumAlgorithm") is None, "the upload has no chosen checksum"


def test_keys_in_url_encoding(s3: S3, uploads) -> None:
    bucket, begun = uploads
    root = page(s3, bucket, encoding_type="url")
    assert root.findtext("EncodingType") == "url"
    assert [unquote(e.findtext("Key")) for e in root.iter("Upload")] == [key for key, _ in begun]
    assert "a%20b%2Bc" in [e.findtext("Key") for e in root.iter("Upload")]


def test_markers(s3: S3, uploads) -> None:
    bucket, begun = uploads
    after = [row for row in begun if row[0].encode() > b"a/2"]
    assert sorted(rows(page(s3, bucket, key_marker="a/2"))) == sorted(after), "all uploads of the marker's key are skipped"
    # An upload id without its key has no effect.
    assert len(rows(page(s3, bucket, upload_id_marker=begun[0][1]))) == len(begun)
    assert rows(page(s3, bucket, max_uploads=0)) == []


@pytest.mark.parametrize(
    "query",
    ["max-uploads=-1", "max-uploads=x", "max-uploads=99999999999", "encoding-type=x", "key-marker=a&upload-id-marker=x"],
)
def test_bad_parameters_of_uploads_are_refused(s3: S3, uploads, query: str) -> None:
    answer = s3.request("GET", f"/{uploads[0]}", query="uploads&" + query)
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument"), answer.text


def test_a_missing_bucket_is_not_found(s3: S3, name: str) -> None:
    answer = s3.request("GET", f"/{name}", query="uploads")
    assert (answer.status, error(answer)["Code"]) == (404, "NoSuchBucket")


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])
def test_pages_of_parts(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    upload = Upload.begin(s3, bucket, customer=key if sealed else None)
    numbers = [1, 2, 7, 8, 100, 9999, 10000]
    for number in numbers:
        upload.part(number, b"x" * number)
    for limit in (1, 2, 7, 8, 1000):
        found, marker = [], "0"
        while True:
            root = document(upload.list(f"max-parts={limit}&part-number-marker={marker}"))
            got = [(int(e.findtext("PartNumber")), e.findtext("ETag"), int(e.findtext("Size"))) for e in root.iter("Part")]
            assert len(got) <= limit and root.findtext("MaxParts") == str(limit)
            assert root.findtext("PartNumberMarker") == marker
            found += got
            if root.findtext("IsTruncated") == "false":
                break
            marker = root.findtext("NextPartNumberMarker") or ""
            assert marker == str(got[-1][0])
        assert found == [(number, upload.parts[number], number) for number in numbers]
    root = document(upload.list())
    assert (root.findtext("Bucket"), root.findtext("Key"), root.findtext("UploadId")) == (bucket, "object", upload.id)
    assert root.findtext("Owner/ID") and root.findtext("Initiator/ID") and root.findtext("StorageClass") == "STANDARD"
    assert document(upload.list("max-parts=2000")).findtext("MaxParts") == "1000"
    assert document(upload.list("max-parts=0")).find("Part") is None
    assert document(upload.list("part-number-marker=10000")).find("Part") is None


@pytest.mark.parametrize("query", ["max-parts=-1", "max-parts=x", "part-number-marker=-1", "part-number-marker=x"])
def test_bad_parameters_of_parts_are_refused(s3: S3, bucket: str, query: str) -> None:
    answer = Upload.begin(s3, bucket).list(query)
    assert (answer.status, error(answer)["Code"]) == (400, "InvalidArgument"), answer.text
