"""COPY and PUT with `X-Copy-From`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from support import people
from support.keys import CustomerKey, Headers
from support.server import Server
from support.swift import Swift, escape
from support.wire import Response

BODY = b"the quick brown fox " * 5000
MD5 = hashlib.md5(BODY).hexdigest()
Copier = Callable[..., Response]


def source_key(key: CustomerKey) -> Headers:
    """The headers with the key of the source alone."""
    return [("X-Copy-From-Encryption-Key", key.base64), ("X-Copy-From-Encryption-Algorithm", "AES256")]


@pytest.fixture(params=["COPY", "PUT"])
def copy(request: pytest.FixtureRequest, swift: Swift) -> Copier:
    """Copies an object within a container, in either spelling."""

    def run(container: str, source: str, to: str, headers: Headers = (), client: Swift = swift) -> Response:
        if request.param == "COPY":
            destination = ("Destination", f"{container}/{quote(to)}")
            return client.request("COPY", f"{escape(container)}/{escape(source)}", headers=[destination, *headers])
        return client.put(container, to, b"", [("X-Copy-From", f"/{container}/{quote(source)}"), *headers])

    return run


@pytest.fixture
def plain(swift: Swift, bucket: str) -> str:
    """A container with an object that is not under a customer key."""
    headers = [("Content-Type", "text/plain"), ("Content-Encoding", "x"), ("X-Object-Meta-Colour", "blue")]
    assert swift.put(bucket, "object", BODY, headers).status == 201
    return bucket


@pytest.fixture
def sealed(swift: Swift, bucket: str, key: CustomerKey) -> str:
    """A container with an object under the key."""
    assert swift.put(bucket, "object", BODY, [("X-Object-Meta-Colour", "blue"), *key.swift()]).status == 201
    return bucket


def test_a_copy(swift: Swift, copy: Copier, plain: str) -> None:
    source = swift.head(plain, "object")
    answer = copy(plain, "object", "copy")
    assert answer.status == 201 and answer.body == b""
    assert answer["ETag"] == MD5
    assert answer["X-Copied-From"] == f"{plain}/object"
    assert answer["X-Copied-From-Account"] == "AUTH_test"
    assert answer["X-Copied-From-Last-Modified"] == source["Last-Modified"]
    assert answer["X-Object-Meta-Colour"] == "blue"
    got = swift.get(plain, "copy")
    assert got.body == BODY and got["ETag"] == MD5
    assert (got["Content-Type"], got["Content-Encoding"], got["X-Object-Meta-Colour"]) == ("text/plain", "x", "blue")


@pytest.mark.parametrize("spelling", ["a b", "ü/ö", "a+b", "a%2Fb", "x//", "a?b"])
def test_names(swift: Swift, copy: Copier, bucket: str, spelling: str) -> None:
    swift.put(bucket, spelling, b"body")
    answer = copy(bucket, spelling, f"{spelling} copy")
    assert answer.status == 201 and answer["X-Copied-From"] == quote(f"{bucket}/{spelling}")
    assert swift.get(bucket, f"{spelling} copy").body == b"body"


@pytest.mark.parametrize("destination", ["/{c}/copy", "{c}/copy", "%2F{c}%2Fcopy"])
def test_spellings_of_a_destination(swift: Swift, plain: str, destination: str) -> None:
    headers = [("Destination", destination.format(c=plain))]
    assert swift.request("COPY", f"{plain}/object", headers=headers).status == 201
    assert swift.get(plain, "copy").body == BODY


@pytest.mark.parametrize("given", ["{c}", "/{c}", "/{c}/", "//copy", "/", "%ff/copy", "{c}/%00"])
def test_malformed_names_are_refused(swift: Swift, plain: str, given: str) -> None:
    given = given.format(c=plain)
    for answer in (
        swift.request("COPY", f"{plain}/object", headers=[("Destination", given)]),
        swift.put(plain, "copy", b"", [("X-Copy-From", given)]),
    ):
        assert answer.status == 412
    form = "header must be of the form <container name>/<object name>"
    refused = swift.request("COPY", f"{plain}/object", headers=[("Destination", plain)])
    assert refused.text == f"Destination {form}"
    assert swift.put(plain, "copy", b"", [("X-Copy-From", plain)]).text == f"X-Copy-From {form}"
    missing = swift.request("COPY", f"{plain}/object")
    assert (missing.status, missing.text) == (412, "Destination header required")
    assert swift.head(plain, "copy").status == 404


def test_missing_names_are_not_found(swift: Swift, copy: Copier, plain: str) -> None:
    assert copy(plain, "none", "copy").status == 404
    elsewhere = [("Destination", f"{plain}-none/copy")]
    assert swift.request("COPY", f"{plain}/object", headers=elsewhere).status == 404
    assert swift.put(plain, "copy", b"", [("X-Copy-From", f"{plain}-none/object")]).status == 404
    assert swift.put(plain + "-none", "copy", b"", [("X-Copy-From", f"{plain}/object")]).status == 404
    long = [("Destination", f"{plain}/{'k' * 1025}")]
    assert swift.request("COPY", f"{plain}/object", headers=long).status == 400


def test_a_copy_with_a_body_is_refused(swift: Swift, plain: str) -> None:
    answer = swift.put(plain, "copy", b"body", [("X-Copy-From", f"{plain}/object")])
    assert (answer.status, answer.text) == (400, "Copy requests require a zero byte body")
    chunked = [("X-Copy-From", f"{plain}/object"), ("Transfer-Encoding", "chunked")]
    answer = swift.request("PUT", f"{plain}/copy", headers=chunked, body=b"4\r\nbody\r\n0\r\n\r\n")
    assert answer.status == 400
    assert swift.head(plain, "copy").status == 404
    empty = swift.request("PUT", f"{plain}/copy", headers=chunked, body=b"0\r\n\r\n")
    assert empty.status == 201


def test_an_empty_x_copy_from_means_no_copy(swift: Swift, plain: str) -> None:
    assert swift.put(plain, "copy", b"body", [("X-Copy-From", "")]).status == 201
    assert swift.get(plain, "copy").body == b"body"


def test_metadata_is_merged(swift: Swift, copy: Copier, plain: str) -> None:
    headers = [("X-Object-Meta-Size", "small"), ("X-Object-Meta-Colour", "red"), ("Content-Type", "image/png")]
    answer = copy(plain, "object", "copy", [*headers, ("X-Delete-At", "9999999999")])
    assert answer["X-Object-Meta-Size"] == "small" and answer["X-Delete-At"] == "9999999999"
    got = swift.head(plain, "copy")
    assert (got["X-Object-Meta-Size"], got["X-Object-Meta-Colour"]) == ("small", "red")
    assert (got["Content-Type"], got["Content-Encoding"]) == ("image/png", "x")
    again = copy(plain, "copy", "again")
    assert again["X-Delete-At"] == "9999999999", "the expiry is copied too"


def test_fresh_metadata(swift: Swift, copy: Copier, plain: str) -> None:
    answer = copy(plain, "object", "copy", [("X-Fresh-Metadata", "true"), ("X-Object-Meta-Size", "small")])
    assert answer.status == 201 and "X-Object-Meta-Colour" not in answer
    got = swift.head(plain, "copy")
    assert "X-Object-Meta-Colour" not in got and "Content-Encoding" not in got
    assert (got["X-Object-Meta-Size"], got["Content-Type"]) == ("small", "text/plain")


def test_metadata_does_not_grow_without_limit(swift: Swift, copy: Copier, bucket: str) -> None:
    many = lambda letter: [(f"X-Object-Meta-{letter}{n}", "v") for n in range(60)]  # noqa: E731
    swift.put(bucket, "object", b"x", many("a"))
    assert copy(bucket, "object", "copy", many("b")).status == 400
    assert copy(bucket, "object", "copy", many("a")).status == 201


def test_an_object_is_copied_onto_itself(swift: Swift, copy: Copier, plain: str) -> None:
    """Clients changed metadata in this way before POST existed."""
    assert copy(plain, "object", "object", [("X-Object-Meta-New", "1")]).status == 201
    got = swift.get(plain, "object")
    assert got.body == BODY and (got["X-Object-Meta-New"], got["X-Object-Meta-Colour"]) == ("1", "blue")


PAST, FUTURE = "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (("If-Match", MD5), 201),
        (("If-Match", '"x"'), 412),
        (("If-None-Match", '"x"'), 201),
        (("If-None-Match", MD5), 412),
        (("If-None-Match", "*"), 412),
        (("If-Modified-Since", PAST), 201),
        (("If-Modified-Since", FUTURE), 412),
        (("If-Unmodified-Since", FUTURE), 201),
        (("If-Unmodified-Since", PAST), 412),
    ],
)
def test_conditions_apply_to_the_source(
    swift: Swift, copy: Copier, plain: str, header: tuple[str, str], status: int
) -> None:
    assert copy(plain, "object", "copy", [header]).status == status
    assert swift.head(plain, "copy").status == (200 if status == 201 else 404)


def test_ranges(swift: Swift, copy: Copier, plain: str) -> None:
    for value, expected in [
        ("bytes=10-19", BODY[10:20]),
        ("bytes=-7", BODY[-7:]),
        ("bytes=65530-65540", BODY[65530:65541]),
        ("bytes=99990-999999999", BODY[99990:]),
        ("lines=1-2", BODY),
    ]:
        answer = copy(plain, "object", "copy", [("Range", value)])
        assert answer.status == 201, value
        got = swift.get(plain, "copy")
        assert got.body == expected, value
        # The MD5 of a range is unknown, and a client would compare an ETag with it.
        assert ("ETag" in got) == (expected == BODY) == ("ETag" in answer)
    assert copy(plain, "object", "x", [("Range", f"bytes={len(BODY)}-")]).status == 416
    assert copy(plain, "object", "x", [("Range", "bytes=0-1,4-5")]).status == 400
    assert swift.head(plain, "x").status == 404


def test_one_key_for_both_ends(swift: Swift, copy: Copier, sealed: str, key: CustomerKey) -> None:
    answer = copy(sealed, "object", "copy", key.swift(md5=True))
    assert answer.status == 201 and answer["X-Object-Meta-Encryption-Algorithm"] == "AES256"
    assert answer["ETag"] == MD5, "the MD5 is known, and sent to a client with the key"
    assert answer["X-Object-Meta-Colour"] == "blue"
    assert swift.get(sealed, "copy").status == 400
    assert swift.get(sealed, "copy", key.swift()).body == BODY


def test_a_key_for_a_source_without_a_key_is_refused(swift: Swift, copy: Copier, plain: str, key: CustomerKey) -> None:
    assert copy(plain, "object", "copy", key.swift()).status == 201
    assert swift.get(plain, "copy").status == 400
    assert swift.get(plain, "copy", key.swift()).body == BODY
    needless = copy(plain, "object", "x", source_key(key))
    assert needless.status == 400 and "X-Copy-From-Encryption-Key was given" in needless.text


def test_a_new_key_and_no_key(swift: Swift, copy: Copier, sealed: str, key: CustomerKey) -> None:
    other = CustomerKey.new()
    assert copy(sealed, "object", "object", [*source_key(key), *other.swift()]).status == 201
    assert swift.get(sealed, "object", key.swift()).status == 403
    assert swift.get(sealed, "object", other.swift()).body == BODY
    assert copy(sealed, "object", "object", source_key(other)).status == 201
    assert swift.get(sealed, "object").body == BODY


def test_wrong_keys_are_refused(swift: Swift, copy: Copier, sealed: str, key: CustomerKey) -> None:
    other = CustomerKey.new()
    short = CustomerKey(key.raw[:16])
    for headers, status in [
        ([], 400),
        (other.swift(), 403),
        (source_key(other), 403),
        ([*source_key(other), *key.swift()], 403),
        (short.swift(), 400),
        (source_key(short), 400),
        ([*source_key(key), *source_key(key)], 400),
        ([("X-Copy-From-Encryption-Algorithm", "AES256")], 400),
        ([("X-Copy-From-Encryption-Key", key.base64), ("X-Copy-From-Encryption-Algorithm", "AES128")], 400),
        ([("X-Copy-From-Encryption-Key", key.base64), ("X-Copy-From-Encryption-Key-MD5", other.md5)], 400),
        ([("X-Object-Meta-Encryption-Algorithm", "AES256")], 400),
        ([("X_Object_Meta_Encryption_Key", key.base64)], 400),
        ([("X_Copy_From_Encryption_Key", key.base64)], 400),
        ([("X-Copy-From-Encryption-Hint", "x")], 400),
        ([("X-Object-Meta-Encryption-Hint", "x")], 400),
    ]:
        answer = copy(sealed, "object", "copy", headers)
        assert answer.status == status, f"{headers} {answer.text}"
        assert key.base64 not in answer.text and other.base64 not in answer.text
    assert swift.head(sealed, "copy").status == 404


def test_the_key_of_a_source_is_ignored_by_other_operations(swift: Swift, sealed: str, key: CustomerKey) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        answer = swift.request(method, f"{sealed}/object", headers=source_key(key))
        assert answer.status == 400, method
    assert swift.get(sealed, "object", key.swift()).body == BODY


def test_a_key_over_plain_http_is_refused(server: Server, copy: Copier, sealed: str, plain: str, key: CustomerKey) -> None:
    client = Swift(server.plain, people.OWNER)
    for headers in (key.swift(), source_key(key)):
        assert copy(sealed, "object", "copy", headers, client).status == 400
    client.close()


def test_a_downgrade_is_audited(server: Server, copy: Copier, sealed: str, key: CustomerKey) -> None:
    answer = copy(sealed, "object", "copy", source_key(key))
    assert answer.status == 201
    transaction = answer["X-Trans-Id"]
    events = [line for line in server.log().splitlines() if transaction in line and "cardea::audit" in line]
    assert any("customer-key-removed" in line for line in events), events


def test_a_copy_between_accounts(server: Server, swift: Swift, plain: str, name: str) -> None:
    other = Swift(server.tls, people.OTHER)
    theirs = name + "-theirs"
    assert other.create(theirs).status == 201
    to = [("Destination", f"{theirs}/copy"), ("Destination-Account", "AUTH_test2")]
    assert swift.request("COPY", f"{plain}/object", headers=to).status == 403
    here = [("X-Copy-From", f"{plain}/object"), ("X-Copy-From-Account", "AUTH_test")]
    assert other.put(theirs, "copy", b"", here).status == 403
    assert other.head(theirs, "copy").status == 404
    own = [("Destination", f"{plain}/copy"), ("Destination-Account", "AUTH_test")]
    assert swift.request("COPY", f"{plain}/object", headers=own).status == 201
    slash = [("Destination", f"{plain}/copy"), ("Destination-Account", "AUTH_test/x")]
    assert swift.request("COPY", f"{plain}/object", headers=slash).status == 412
    for account in ("test", "nobody"):
        odd = [("Destination", f"{plain}/copy"), ("Destination-Account", account)]
        assert swift.request("COPY", f"{plain}/object", headers=odd).status == 403
    assert swift.request("COPY", f"{plain}/object", headers=own, token=None).status == 401
    other.close()


def test_a_manifest_itself_is_not_copied(swift: Swift, plain: str) -> None:
    headers = [("Destination", f"{plain}/copy")]
    answer = swift.request("COPY", f"{plain}/object", query="multipart-manifest=get", headers=headers)
    assert answer.status == 400
    assert swift.head(plain, "copy").status == 404


def test_a_version_is_copied(swift: Swift, copy: Copier, plain: str) -> None:
    """`version-id` names the version of the source, in the path of either end."""
    assert swift.request("POST", plain, headers=[("X-Versions-Enabled", "true")]).status == 204
    first = swift.put(plain, "object", b"first")["X-Object-Version-Id"]
    assert swift.put(plain, "object", b"second").status == 201
    destination = [("Destination", f"{plain}/copy")]
    answer = swift.request("COPY", f"{plain}/object", query=f"version-id={first}", headers=destination)
    assert answer.status == 201 and answer["X-Object-Version-Id"]
    assert swift.get(plain, "copy").body == b"first"
    source = [("X-Copy-From", f"{plain}/object")]
    answer = swift.request("PUT", f"{plain}/object", query=f"version-id={first}", headers=source)
    assert answer.status == 201 and swift.get(plain, "object").body == b"first"
    assert copy(plain, "object", "again").status == 201
    missing = swift.request("COPY", f"{plain}/object", query="version-id=1000000000.00000", headers=destination)
    assert missing.status == 404
    odd = swift.request("COPY", f"{plain}/object", query="version-id=x", headers=destination)
    assert odd.status == 400
