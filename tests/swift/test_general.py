"""Properties of every answer, and the meaning of paths, methods and tokens."""

from __future__ import annotations

import json
import re

import pytest

from support.swift import Swift
from support.wire import Connection

TRANSACTION = re.compile(r"tx[0-9a-f]{21}-[0-9a-f]{10}.*")


def test_every_answer_has_a_transaction_id(swift: Swift, bucket: str) -> None:
    for method, path, status in [
        ("GET", "", 200),
        ("HEAD", bucket, 204),
        ("PUT", f"{bucket}/object", 201),
        ("GET", f"{bucket}/none", 404),
        ("GET", "no-such-container", 404),
        ("FOO", bucket, 405),
    ]:
        answer = swift.request(method, path)
        assert answer.status == status, (method, path, answer.text)
        assert TRANSACTION.fullmatch(answer["X-Trans-Id"])
        assert answer["X-Openstack-Request-Id"] == answer["X-Trans-Id"]
        assert answer["Date"]
    for target in ("/info", "/healthcheck", "/v1", "/v1//x", "/v1/AUTH_test", "/auth/v1.0", "/v3/none"):
        assert TRANSACTION.fullmatch(swift.absolute("GET", target, token=None)["X-Trans-Id"]), target


def test_transaction_ids_differ_and_end_as_the_client_wants(swift: Swift) -> None:
    first = swift.request("HEAD", headers=[("X-Trans-Id-Extra", "from-here")])["X-Trans-Id"]
    second = swift.request("HEAD")["X-Trans-Id"]
    assert first != second
    assert first.endswith("-from-here")
    long = swift.request("HEAD", headers=[("X-Trans-Id-Extra", "y" * 100)])["X-Trans-Id"]
    assert long.endswith("-" + "y" * 32) and "y" * 33 not in long


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1", 412),
        ("/v1/", 412),
        ("/v1/AUTH_test/%ff", 412),
        ("/v1/AUTH_test/c/%00", 412),
        ("/v1//c/o", 404),
        ("/v1/AUTH_test//o", 404),
    ],
)
def test_malformed_paths_are_refused(swift: Swift, target: str, status: int) -> None:
    answer = swift.absolute("GET", target)
    assert answer.status == status, answer.text


def test_names_that_are_too_long_are_refused(swift: Swift, bucket: str) -> None:
    answer = swift.request("PUT", f"{bucket}/{'o' * 1025}")
    assert answer.status == 400
    assert "Object name length of 1025 longer than 1024" in answer.text
    answer = swift.request("PUT", "c" * 257)
    assert answer.status == 400
    assert "Container name length of 257 longer than 256" in answer.text
    assert swift.request("PUT", f"{bucket}/{'%C3%BC' * 513}").status == 400, "the limit is in bytes, not in characters"


@pytest.mark.parametrize("path", ["", "container", "container/object"])
@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c", "Ä"])
def test_a_request_without_a_good_token_is_refused(swift: Swift, path: str, token: str | None) -> None:
    answer = swift.request("GET", path, token=token)
    assert answer.status == 401
    assert answer["Www-Authenticate"] == 'Swift realm="AUTH_test"'


def test_the_older_header_of_the_token(swift: Swift) -> None:
    headers = [("X-Storage-Token", swift.token)]
    assert swift.request("HEAD", token=None, headers=headers).status == 204


@pytest.mark.parametrize(("path", "method"), [("", "FOO"), ("{}", "COPY"), ("{}/object", "PATCH")])
def test_unknown_methods_are_refused(swift: Swift, bucket: str, path: str, method: str) -> None:
    answer = swift.request(method, path.format(bucket))
    assert answer.status == 405
    assert "GET" in answer["Allow"]


def test_options(swift: Swift, bucket: str) -> None:
    answer = swift.request("OPTIONS", f"{bucket}/object", token=None)
    assert answer.status == 200
    assert {"GET", "PUT", "DELETE"} <= set(re.split(r",\s*", answer["Allow"]))


def test_info(swift: Swift) -> None:
    answer = swift.absolute("GET", "/info", token=None)
    assert answer.status == 200 and answer["Content-Type"].startswith("application/json")
    info = json.loads(answer.body)
    assert info["swift"]["max_object_name_length"] == 1024
    assert info["swift"]["max_container_name_length"] == 256
    assert info["swift"]["container_listing_limit"] == 10000
    assert info["swift"]["max_file_size"] == 5 << 30
    assert [policy for policy in info["swift"]["policies"] if policy.get("default")]
    for later in ("tempurl", "bulk_upload", "symlink", "staticweb"):
        assert later not in info, f"{later} is not there"
    assert swift.absolute("HEAD", "/info", token=None).status == 200


def test_healthcheck(swift: Swift) -> None:
    answer = swift.absolute("GET", "/healthcheck", token=None)
    assert (answer.status, answer.text.strip()) == (200, "OK")


def test_expect_100_continue(swift: Swift, bucket: str) -> None:
    for path, interim, status in [(f"{bucket}/object", [100], 201), (f"{bucket}-none/object", [], 404)]:
        with Connection(swift.address) as connection:
            connection.head(
                "PUT",
                f"{swift.path}/{path}",
                [
                    ("Host", swift.address.authority),
                    ("X-Auth-Token", swift.token),
                    ("Content-Length", "4"),
                    ("Expect", "100-continue"),
                ],
            )
            if interim:
                connection.send(b"body")
            answer = connection.answer("PUT")
        assert (answer.status, answer.interim) == (status, interim)


# Features of Swift that this gateway does not have. The answer is never 5xx, which the client retries for
# half a minute, and nothing is done in part.
LATER = [
    ("PUT", "{c}/other", "", [("X-Symlink-Target", "{c}/object")], b""),
    ("PUT", "", "extract-archive=tar", [], b""),
    ("POST", "{c}", "", [("X-Container-Read", ".r:*")], b""),
    ("POST", "{c}", "", [("X-Container-Write", "*:*")], b""),
    ("POST", "{c}", "", [("X-Versions-Location", "archive")], b""),
    ("POST", "{c}", "", [("X-History-Location", "archive")], b""),
    ("POST", "{c}", "", [("X-Container-Meta-Quota-Bytes", "1")], b""),
    ("POST", "", "", [("X-Account-Access-Control", '{{"admin": ["x"]}}')], b""),
]


@pytest.mark.parametrize(("method", "path", "query", "headers", "body"), LATER)
def test_missing_features_are_refused(
    swift: Swift, bucket: str, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    assert swift.put(bucket, "object", b"body", [("X-Object-Meta-Color", "blue")]).status == 201
    answer = swift.request(
        method,
        path.format(c=bucket),
        query=query,
        headers=[(name, value.format(c=bucket)) for name, value in headers],
        body=body.decode().format(c=bucket).encode(),
    )
    assert 400 <= answer.status < 500, f"{answer.status} {answer.text}"
    assert swift.get(bucket, "object").body == b"body"
    assert swift.head(bucket, "object")["X-Object-Meta-Color"] == "blue"
    assert swift.head(bucket, "other").status == 404


def test_a_temporary_url_is_refused(swift: Swift, bucket: str) -> None:
    swift.put(bucket, "object", b"body")
    answer = swift.request("GET", f"{bucket}/object", query="temp_url_sig=0&temp_url_expires=4102444800", token=None)
    assert answer.status in (400, 401) and b"body" not in answer.body
