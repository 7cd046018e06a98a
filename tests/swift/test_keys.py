"""Customer keys on Swift: each verb with a right, a wrong, a malformed and no key."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support import people
from support.keys import SWIFT as PREFIX
from support.keys import CustomerKey, Headers, b64
from support.server import Server
from support.swift import Swift

BODY = b"secret" * 20000
KEY, ALGORITHM, MD5 = PREFIX + "Key", PREFIX + "Algorithm", PREFIX + "Key-MD5"


@pytest.fixture
def sealed(swift: Swift, bucket: str, key: CustomerKey) -> str:
    sent = [("X-Object-Meta-Color", "blue"), ("X-Object-Meta-Mtime", "1234567890.5"), *key.swift()]
    assert swift.put(bucket, "object", BODY, sent).status == 201
    return bucket


@pytest.mark.parametrize("form", ["key", "with-algorithm", "with-md5", "lower-case"])
def test_the_forms_of_a_key(swift: Swift, bucket: str, key: CustomerKey, form: str) -> None:
    sent = {
        "key": [(KEY, key.base64)],
        "with-algorithm": key.swift(),
        "with-md5": key.swift(md5=True),
        "lower-case": [(name.lower(), value) for name, value in key.swift()],
    }[form]
    assert swift.put(bucket, "object", BODY, sent).status == 201
    assert swift.get(bucket, "object").status == 400
    assert swift.get(bucket, "object", sent).body == BODY


def test_no_answer_contains_a_key(swift: Swift, sealed: str, key: CustomerKey) -> None:
    for answer in (
        swift.get(sealed, "object", key.swift(md5=True)),
        swift.head(sealed, "object", key.swift(md5=True)),
        swift.post(sealed, "object", key.swift(md5=True)),
        swift.head(sealed, "object"),
    ):
        assert answer.starting("x-object-meta-encryption-") in ({}, {"algorithm": "AES256"})
        values = " ".join(value for _, value in answer.headers)
        assert key.base64 not in values and key.md5 not in values


def test_head_without_the_key(swift: Swift, sealed: str) -> None:
    """`swift upload` and `swift delete` send HEAD without any key, and give up after a 4xx."""
    head = swift.head(sealed, "object")
    assert head.status == 200
    assert head["Content-Length"] == str(len(BODY))
    assert head.starting("x-object-meta-") == {"mtime": "1234567890.5", "encryption-algorithm": "AES256"}
    assert "Etag" not in head
    assert head["Last-Modified"] and head["X-Timestamp"] and head["Content-Type"]


def test_head_with_the_key(swift: Swift, sealed: str, key: CustomerKey) -> None:
    head = swift.head(sealed, "object", key.swift())
    assert (head.status, head["X-Object-Meta-Color"]) == (200, "blue")
    assert head["Etag"]
    assert swift.head(sealed, "object", CustomerKey.new().swift()).status == 403


@pytest.mark.parametrize("conditions", [[("If-None-Match", "*")], [("If-Match", "x")]])
def test_conditions_reveal_nothing_without_the_key(swift: Swift, sealed: str, conditions: Headers) -> None:
    assert swift.get(sealed, "object", conditions).status == 400
    assert swift.get(sealed, "object", [*conditions, *CustomerKey.new().swift()]).status == 403


MALFORMED: dict[str, Headers] = {
    "empty": [(KEY, "")],
    "not-base64": [(KEY, "!" * 44)],
    "short": [(KEY, b64(b"x" * 31))],
    "long": [(KEY, b64(b"x" * 33))],
    "twice-encoded": [(KEY, b64(b64(b"x" * 32).encode()))],
    "unpadded": [(KEY, b64(b"x" * 32).rstrip("="))],
    "algorithm": [(KEY, b64(b"x" * 32)), (ALGORITHM, "AES128")],
    "md5": [(KEY, b64(b"x" * 32)), (MD5, b64(b"0" * 16))],
    "two-keys": [(KEY, b64(b"x" * 32)), (KEY, b64(b"y" * 32))],
    "same-key-twice": [(KEY, b64(b"x" * 32)), (KEY, b64(b"x" * 32))],
    "unknown": [(PREFIX + "Colour", "blue")],
    "underscore": [("X-Object-Meta-Encryption_Key", b64(b"x" * 32))],
    "underscores": [("X_Object_Meta_Encryption_Key", b64(b"x" * 32))],
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD", "POST"])
def test_malformed_keys_are_refused(swift: Swift, bucket: str, key: CustomerKey, method: str, case: str) -> None:
    assert swift.put(bucket, "object", BODY, key.swift()).status == 201
    headers = MALFORMED[case]
    answer = swift.request(method, f"{bucket}/object", headers=headers, body=b"new" if method == "PUT" else b"")
    assert answer.status == 400, answer.text
    if method != "HEAD":
        assert 10 < len(answer.text.strip()) < 300, "the text is one plain sentence"
        for _, value in headers:
            assert len(value) < 30 or value not in answer.text
    assert swift.get(bucket, "object", key.swift()).body == BODY


@pytest.mark.parametrize("case", MALFORMED)
def test_delete_with_a_malformed_key_deletes_nothing(swift: Swift, sealed: str, key: CustomerKey, case: str) -> None:
    assert swift.delete(sealed, "object", MALFORMED[case]).status == 400
    assert swift.get(sealed, "object", key.swift()).body == BODY


def test_delete_needs_no_key(swift: Swift, sealed: str) -> None:
    """`swift --header` sends a key with every request, whatever the object. A client with the right to delete
    needs no key."""
    assert swift.delete(sealed, "object", CustomerKey.new().swift()).status == 204
    assert swift.head(sealed, "object").status == 404


@pytest.mark.parametrize("case", ["algorithm", "md5"])
def test_an_incomplete_key_is_refused(swift: Swift, bucket: str, case: str) -> None:
    """A client that sends an algorithm wants encryption. Without the key that is an error; the object must
    not be stored without it."""
    half = {"algorithm": [(ALGORITHM, "AES256")], "md5": [(MD5, b64(b"0" * 16))]}[case]
    assert swift.put(bucket, "object", BODY, half).status == 400
    assert swift.head(bucket, "object").status == 404


def test_post_leaves_the_object_sealed(swift: Swift, sealed: str, key: CustomerKey) -> None:
    for headers in ([("X-Object-Meta-A", "1")], [("X-Object-Meta-B", "2"), *key.swift()]):
        assert swift.post(sealed, "object", headers).status == 202
        assert swift.get(sealed, "object").status == 400
        assert swift.get(sealed, "object", key.swift()).body == BODY
    assert swift.post(sealed, "object", CustomerKey.new().swift()).status == 403
    assert swift.head(sealed, "object", key.swift())["X-Object-Meta-B"] == "2"


@pytest.mark.parametrize(
    ("level", "method"),
    [(level, method) for level in ("account", "container") for method in ("GET", "HEAD", "POST")] + [("container", "PUT")],
)
def test_keys_on_accounts_and_containers_are_not_kept(
    swift: Swift, bucket: str, key: CustomerKey, level: str, method: str
) -> None:
    """`swift --header` sends the key with every request. There it has no meaning, and must leave no trace."""
    path = "" if level == "account" else bucket
    assert swift.request(method, path, headers=key.swift(md5=True)).status in (200, 202, 204)
    head = swift.request("HEAD", path)
    values = " ".join(value for _, value in head.headers)
    assert key.base64 not in values and key.md5 not in values
    assert not any("encryption" in name.lower() for name, _ in head.headers)


@pytest.mark.parametrize("header", ["X-Container-Meta-Encryption-Key", "X-Container-Meta-Encryption-Secret"])
def test_reserved_names_on_containers_are_refused(swift: Swift, bucket: str, key: CustomerKey, header: str) -> None:
    answer = swift.request("POST", bucket, headers=[(header, key.base64)])
    assert answer.status == 400
    assert swift.request("HEAD", bucket).starting("x-container-meta-") == {}


@pytest.mark.parametrize("header", ["X-Account-Meta-Encryption-Key", "X-Account-Meta-Encryption-Secret"])
def test_reserved_names_on_accounts_are_refused(swift: Swift, key: CustomerKey, header: str) -> None:
    assert swift.request("POST", headers=[(header, key.base64)]).status == 400
    assert "encryption" not in " ".join(swift.request("HEAD").starting("x-account-meta-"))


@pytest.mark.parametrize("parameter", ["X-Object-Meta-Encryption-Key", "x-object-meta-encryption-key"])
def test_a_key_in_the_query_is_refused(swift: Swift, sealed: str, key: CustomerKey, parameter: str) -> None:
    answer = swift.request("GET", f"{sealed}/object", query=f"{parameter}={quote(key.base64, safe='')}")
    assert answer.status == 400
    assert key.base64 not in answer.text and quote(key.base64, safe="") not in answer.text


def test_a_key_over_plain_http_is_refused(server: Server, swift: Swift, sealed: str, key: CustomerKey) -> None:
    plain = Swift(server.plain, people.OWNER)
    for method in ("GET", "HEAD", "PUT", "POST"):
        assert plain.request(method, f"{sealed}/object", headers=key.swift()).status == 400, method
    assert plain.request("HEAD", f"{sealed}/object").status == 200, "a HEAD without the key is answered as over TLS"
    assert swift.get(sealed, "object", key.swift()).body == BODY


def test_a_copy_loses_its_key_only_on_request(swift: Swift, sealed: str, key: CustomerKey) -> None:
    """A copy without a key is refused. If only the key for the source comes, the copy is to have none."""
    destination = ("Destination", f"{sealed}/copy")
    assert swift.request("COPY", f"{sealed}/object", headers=[destination]).status == 400
    assert swift.head(sealed, "copy").status == 404
    own = [destination, ("X-Copy-From-Encryption-Key", key.base64)]
    assert swift.request("COPY", f"{sealed}/object", headers=own).status == 201
    assert swift.get(sealed, "copy").body == BODY


def test_the_listing_shows_the_size_of_the_plaintext(swift: Swift, sealed: str) -> None:
    (row,) = swift.list(sealed)
    assert row["bytes"] == len(BODY)
