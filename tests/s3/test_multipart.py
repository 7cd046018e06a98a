"""Multipart uploads: the objects that they make, and the rules of their parts."""

from __future__ import annotations

import pytest

from support.keys import CustomerKey
from support.multipart import MIN_PART, Upload, etag_of, listed, piece
from support.s3 import S3, document, error
from support.versions import set_state

NONE = "0" * 32
SEALED = pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])


@SEALED
def test_parts_become_an_object(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    customer = key if sealed else None
    keyed = key.s3() if sealed else []
    described = [("Content-Type", "text/x-parts"), ("x-amz-meta-colour", "blue"), ("Cache-Control", "no-store")]
    upload = Upload.begin(s3, bucket, "folder/ä", described, customer)
    bodies = [piece("one"), piece("two", MIN_PART + 7), piece("three", 11)]
    # Parts may come in any order, and their numbers may have gaps.
    for number, body in ((9, bodies[2]), (1, bodies[0]), (5, bodies[1])):
        upload.part(number, body)
    assert s3.head(bucket, "folder/ä", keyed).status == 404, "there is no object before the upload is completed"
    done = upload.complete()
    assert done.status == 200, done.text
    answer = document(done)
    assert (answer.tag, answer.findtext("Bucket"), answer.findtext("Key")) == (
        "CompleteMultipartUploadResult",
        bucket,
        "folder/ä",
    )
    assert (answer.findtext("Location") or "").endswith(f"/{bucket}/folder/%C3%A4")
    got = s3.get(bucket, "folder/ä", keyed)
    assert (got.status, got.body) == (200, b"".join(bodies))
    assert got["ETag"] == answer.findtext("ETag")
    assert (got["Content-Type"], got["x-amz-meta-colour"], got["Cache-Control"]) == ("text/x-parts", "blue", "no-store")
    assert got["ETag"].endswith('-3"')
    assert (got["ETag"] == etag_of(bodies)) is not sealed, "under a customer key the MD5 is not sent"
    listed = s3.list(bucket)
    assert listed.findtext("Contents/Size") == str(2 * MIN_PART + 18)
    assert listed.findtext("Contents/ETag") == got["ETag"]
    assert upload.list().status == 404, "the upload has ended"


@SEALED
def test_ranges_across_parts(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    upload = Upload.begin(s3, bucket, customer=key if sealed else None)
    whole = piece("a") + piece("b", 100)
    upload.part(1, whole[:MIN_PART])
    upload.part(2, whole[MIN_PART:])
    assert upload.complete().status == 200
    for first, last in ((0, 0), (MIN_PART - 1, MIN_PART), (MIN_PART, MIN_PART + 9), (65535, MIN_PART + 99)):
        got = s3.get(bucket, "object", [("Range", f"bytes={first}-{last}"), *upload.keyed()])
        assert (got.status, got.body) == (206, whole[first : last + 1])
        assert got["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


def test_a_part_replaces_an_earlier_one_of_its_number(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    old = upload.part(1, b"old")
    new = upload.part(1, b"new")
    assert old != new
    refused = upload.complete(listed([(1, old)]))
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidPart")
    assert upload.complete().status == 200, "a refused part leaves the upload as it was"
    assert s3.get(bucket, "object").body == b"new"


def test_parts_that_the_list_leaves_out_are_dropped(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, piece("unwanted"))
    second = upload.part(2, b"wanted")
    assert upload.complete(listed([(2, second)])).status == 200
    got = s3.get(bucket, "object")
    assert (got.body, got["ETag"]) == (b"wanted", etag_of([b"wanted"]))


def test_the_list_of_parts_is_checked(s3: S3, bucket: str) -> None:
    """Each refusal names the mistake, and leaves the upload as it was."""
    upload = Upload.begin(s3, bucket)
    one, two = upload.part(1, piece("one")), upload.part(2, b"two")
    for parts, code in (
        ([(2, two), (1, one)], "InvalidPartOrder"),
        ([(1, one), (1, one)], "InvalidPartOrder"),
        ([(1, two), (2, two)], "InvalidPart"),
        ([(1, one), (2, two), (3, two)], "InvalidPart"),
        ([(1, "&quot;" + "0" * 32 + "&quot;")], "InvalidPart"),
        ([(1, "")], "InvalidPart"),
        ([(10001, one)], "InvalidPart"),
    ):
        refused = upload.complete(listed(parts))
        assert (refused.status, error(refused)["Code"]) == (400, code), (parts, refused.text)
    assert s3.head(bucket, "object").status == 404
    # ETags may come in quotes, in escaped quotes, or without quotes.
    done = upload.complete(listed([(1, one.replace('"', "&quot;")), (2, two.strip('"'))]))
    assert done.status == 200, done.text


def test_a_part_that_is_too_small_is_refused(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, piece("a", MIN_PART - 1))
    upload.part(2, b"last")
    refused = upload.complete()
    assert (refused.status, error(refused)["Code"]) == (400, "EntityTooSmall")
    details = error(refused)
    assert (details["ProposedSize"], details["MinSizeAllowed"]) == (str(MIN_PART - 1), str(MIN_PART))
    assert (details["PartNumber"], details["ETag"]) == ("1", etag.strip('"'))
    assert details["Message"] == "Your proposed upload is smaller than the minimum allowed size"
    upload.part(1, piece("a"))
    assert upload.complete().status == 200


def test_a_last_part_may_be_empty(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"")
    assert upload.complete().status == 200
    got = s3.get(bucket, "object")
    assert (got.status, got.body, got["ETag"]) == (200, b"", etag_of([b""]))


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "", "1.5", "99999999999999999999"])
def test_a_bad_part_number_is_refused(s3: S3, bucket: str, number: str) -> None:
    upload = Upload.begin(s3, bucket)
    refused = upload.try_part(number, b"body")
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidArgument"), refused.text
    assert error(refused)["Message"] == "Part number must be an integer between 1 and 10000, inclusive"
    assert error(refused)["ArgumentName"] == "partNumber"
    assert document(upload.list()).find("Part") is None
    assert upload.try_part(10000, b"the highest").status == 200


@pytest.mark.parametrize("id", ["x", NONE, "..%2Fx", "%00", "A" * 5000])
def test_a_missing_upload_is_not_found(s3: S3, bucket: str, id: str) -> None:
    upload = Upload(s3, bucket, "object", None, id, None)  # type: ignore[arg-type]
    answers = [upload.try_part(1, b"body"), upload.complete(listed([(1, "x")])), upload.abort(), upload.list()]
    assert s3.put(bucket, "source", b"body").status == 200
    answers.append(upload.try_copy(1, f"/{bucket}/source"))
    for answer in answers:
        assert (answer.status, error(answer)["Code"]) == (404, "NoSuchUpload"), answer.text
        assert error(answer)["Message"] == (
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed."
        )


def test_an_upload_belongs_to_its_key_and_bucket(s3: S3, bucket: str, name: str) -> None:
    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, b"body")
    assert s3.create_bucket(f"{name}-other").status == 200
    for where, key in ((bucket, "other"), (f"{name}-other", "object")):
        stray = Upload(s3, where, key, None, upload.id, upload.created)
        for answer in (stray.try_part(1, b"x"), stray.complete(listed([(1, etag)])), stray.abort(), stray.list()):
            assert (answer.status, error(answer)["Code"]) == (404, "NoSuchUpload"), answer.text
    assert upload.complete().status == 200
    assert s3.get(bucket, "object").body == b"body"


def test_a_stranger_is_refused(server, s3: S3, bucket: str) -> None:
    from support import people

    upload = Upload.begin(s3, bucket)
    etag = upload.part(1, b"body")
    other = S3(server.tls, people.OTHER)
    stranger = Upload(other, bucket, "object", None, upload.id, upload.created)
    answers = [
        other.request("POST", f"/{bucket}/object", query="uploads"),
        stranger.try_part(1, b"x"),
        stranger.complete(listed([(1, etag)])),
        stranger.abort(),
        stranger.list(),
        other.request("GET", f"/{bucket}", query="uploads"),
    ]
    for answer in answers:
        assert (answer.status, error(answer)["Code"]) == (403, "AccessDenied"), answer.text
    assert upload.complete().status == 200


def test_an_aborted_upload_is_gone(s3: S3, bucket: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    assert upload.abort().status == 204
    for answer in (upload.complete(), upload.abort(), upload.list(), upload.try_part(2, b"x")):
        assert (answer.status, error(answer)["Code"]) == (404, "NoSuchUpload")
    assert s3.head(bucket, "object").status == 404


def test_a_bucket_with_an_unfinished_upload_can_be_deleted(s3: S3, bucket: str) -> None:
    """As on AWS, its uploads are deleted with the bucket."""
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    assert s3.request("DELETE", f"/{bucket}").status == 204
    assert s3.create_bucket(bucket).status == 200
    assert upload.complete().status == 404


@SEALED
def test_a_repeated_complete_answers_as_the_first(s3: S3, bucket: str, key: CustomerKey, sealed: bool) -> None:
    upload = Upload.begin(s3, bucket, customer=key if sealed else None)
    upload.part(1, b"body")
    first, second = upload.complete(), upload.complete()
    assert (first.status, second.status) == (200, 200), second.text
    assert first.body == second.body
    assert s3.put(bucket, "object", b"newer").status == 200
    third = upload.complete()
    assert (third.status, error(third)["Code"]) == (404, "NoSuchUpload"), "by now the object has other contents"
    assert s3.get(bucket, "object").body == b"newer"


def test_versions(s3: S3, bucket: str) -> None:
    assert set_state(s3, bucket, "Enabled").status == 200
    assert s3.put(bucket, "object", b"old").status == 200
    upload = Upload.begin(s3, bucket)
    assert "x-amz-version-id" not in upload.created
    upload.part(1, b"new")
    done = upload.complete()
    version = done["x-amz-version-id"]
    got = s3.get(bucket, "object", query=f"versionId={version}")
    assert (got.body, got["x-amz-version-id"]) == (b"new", version)
    assert upload.complete()["x-amz-version-id"] == version
    assert s3.get(bucket, "object").body == b"new"


def test_conditions_on_complete(s3: S3, bucket: str) -> None:
    assert s3.put(bucket, "object", b"there").status == 200
    there = s3.head(bucket, "object")["ETag"]
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"new")
    for condition in (("If-None-Match", "*"), ("If-Match", '"other"')):
        refused = upload.complete(headers=[condition])
        assert (refused.status, error(refused)["Code"]) == (412, "PreconditionFailed"), refused.text
        assert error(refused)["Condition"] == condition[0]
    assert s3.get(bucket, "object").body == b"there"
    assert upload.complete(headers=[("If-Match", there)]).status == 200
    assert s3.get(bucket, "object").body == b"new"

    fresh = Upload.begin(s3, bucket, "fresh")
    fresh.part(1, b"first")
    missing = fresh.complete(headers=[("If-Match", there)])
    assert (missing.status, error(missing)["Code"]) == (404, "NoSuchKey"), missing.text
    assert fresh.complete(headers=[("If-None-Match", "*")]).status == 200
    assert fresh.complete().status == 200, "repeated"


@pytest.mark.parametrize("size", ["3", "5", "-1", "x", "99999999999999999999"])
def test_a_wrong_size_of_the_object_is_refused(s3: S3, bucket: str, size: str) -> None:
    upload = Upload.begin(s3, bucket)
    upload.part(1, b"body")
    refused = upload.complete(headers=[("x-amz-mp-object-size", size)])
    assert (refused.status, error(refused)["Code"]) == (400, "InvalidRequest"), refused.text
    assert upload.complete(headers=[("x-amz-mp-object-size", "4")]).status == 200


def test_an_existing_object_is_unchanged_until_complete(s3: S3, bucket: str, key: CustomerKey) -> None:
    """After that it has the mode, metadata and type of the upload."""
    assert s3.put(bucket, "object", b"old", [("Content-Type", "a/a"), *key.s3()]).status == 200
    upload = Upload.begin(s3, bucket, headers=[("Content-Type", "b/b")])
    upload.part(1, b"new")
    assert s3.get(bucket, "object", key.s3()).body == b"old"
    assert upload.complete()["x-amz-server-side-encryption"] == "AES256"
    got = s3.get(bucket, "object")
    assert (got.body, got["Content-Type"], got["x-amz-server-side-encryption"]) == (b"new", "b/b", "AES256")


def test_a_create_request_with_a_body_is_refused(s3: S3, bucket: str) -> None:
    answer = s3.request("POST", f"/{bucket}/object", query="uploads", body=b"<x/>")
    assert answer.status == 400, answer.text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-amz-tagging", "a=b"),
        ("x-amz-acl", "public-read"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-server-side-encryption", "aws:kms"),
    ],
)
def test_headers_that_an_upload_cannot_honour_are_refused_at_once(s3: S3, bucket: str, header: str, value: str) -> None:
    answer = s3.request("POST", f"/{bucket}/object", query="uploads", headers=[(header, value)])
    assert answer.status in (400, 501), answer.text
    assert document(s3.request("GET", f"/{bucket}", query="uploads")).find("Upload") is None
