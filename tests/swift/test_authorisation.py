"""The caller's rights are checked before the rest of the request, whatever its body.

The operations come from the specification, so that no new one is forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from support import people, places
from support.server import Server
from support.swift import Swift

OPEN = {"GET", "HEAD", "OPTIONS"}
"""The methods of `/info` and `/healthcheck` need no rights, and OPTIONS needs none on any path."""

TOO_LONG = b"[" * ((8 << 20) + 1)
"""More than any manifest may have."""

BODIES = {
    "none": b"",
    "broken JSON": b"{",
    "broken manifest": b'[{"path": 1}]',
    "missing segment": b'[{"path": "/none/o"}]',
    "no text": b"\xff\x00",
    "too long": TOO_LONG,
}

QUERIES = {
    ("PUT", "object"): ["", "multipart-manifest=put", "multipart-manifest=put&heartbeat=on", "version-id=null"],
    ("DELETE", "object"): ["", "multipart-manifest=delete", "version-id=x"],
    ("GET", "object"): ["", "multipart-manifest=get", "version-id=x"],
    ("GET", "container"): ["", "versions", "limit=10001"],
}
"""Queries that turn a method on a path into another operation."""

BAD = [("X-Object-Meta-Encryption-Other", "x"), ("X-Versions-Enabled", "maybe"), ("X-Delete-At", "soon")]
"""Headers that are wrong on some operations."""


def specified() -> Iterator[tuple[str, str]]:
    """The methods of the storage API and their paths. The file is our own, with an indentation of two."""
    path = ""
    for line in (places.ROOT / "api-specs" / "swift.yaml").read_text().splitlines():
        if match := re.match(r"^  \"?(/[^\s:\"]*)\"?:$", line):
            path = match[1]
        elif match := re.match(r"^    (?:x-)?(get|head|put|post|delete|copy|options):$", line):
            yield match[1].upper(), path
        elif line == "components:":
            return


GUARDED = [(method, path) for method, path in specified() if path.startswith("/v1/") and method != "OPTIONS"]
REPORTS = [(method, path) for method, path in GUARDED if path.endswith("#bulk-delete")]
PLAIN = [line for line in GUARDED if line not in REPORTS]


def queries(method: str, path: str) -> list[str]:
    place = re.findall(r"\{(\w+)\}", path)[-1]
    return QUERIES.get((method, place), [""])


def below(path: str, container: str) -> str:
    return path.removeprefix("/v1/{account}").removeprefix("/").format(container=container, object="o")


@pytest.fixture
def stranger(server: Server) -> Iterator[Swift]:
    swift = Swift(server.tls, people.OTHER)
    yield swift
    swift.close()


@pytest.fixture
def plain(server: Server) -> Iterator[Swift]:
    swift = Swift(server.tls, people.PLAIN)
    yield swift
    swift.close()


@pytest.fixture
def stored(swift: Swift, bucket: str) -> str:
    assert swift.put(bucket, "o", b"hello").status == 201
    return bucket


def test_the_specification_is_read() -> None:
    assert len(PLAIN) == 14 and len(REPORTS) == 2
    assert all(method in OPEN for method, path in specified() if not path.startswith("/v1/"))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("method", "path"), PLAIN)
def test_a_caller_without_rights_is_refused(
    swift: Swift, stranger: Swift, plain: Swift, stored: str, method: str, path: str, body: str
) -> None:
    for query in queries(method, path):
        for headers in ([], BAD):
            target = f"{swift.path}/{below(path, stored)}".rstrip("/") + f"?{query}"
            sent = [*headers, ("Content-Length", str(len(BODIES[body])))]
            for caller in (stranger, plain):
                answer = caller.absolute(method, target, headers=sent, body=BODIES[body])
                assert answer.status == 403, (target, answer.text)
            answer = swift.absolute(method, target, headers=sent, body=BODIES[body], token=None)
            assert answer.status == 401, (target, answer.text)
            assert answer["Www-Authenticate"] == 'Swift realm="AUTH_test"'
    assert swift.get(stored, "o").body == b"hello"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("method", "path"), [line for line in PLAIN if "{container}" in line[1]])
def test_a_missing_container_is_not_found(swift: Swift, name: str, method: str, path: str, body: str) -> None:
    for query in queries(method, path):
        for headers in ([], BAD):
            sent = [*headers, ("Content-Length", str(len(BODIES[body])))]
            if (method, path) == ("PUT", "/v1/{account}/{container}"):
                continue  # It creates the container.
            answer = swift.request(method, below(path, name), query=query, headers=sent, body=BODIES[body])
            if query == "multipart-manifest=delete" and not headers:
                assert answer.status == 200 and "Number Not Found: 1" in answer.text
            else:
                assert answer.status == 404, (query, headers, answer.text)


@pytest.mark.parametrize("body", [*BODIES, "names", "too many names"])
@pytest.mark.parametrize(("method", "path"), REPORTS)
def test_a_report_names_what_the_caller_may_not_delete(
    swift: Swift, stranger: Swift, plain: Swift, stored: str, method: str, path: str, body: str
) -> None:
    lists = {**BODIES, "names": f"{stored}/o\n{stored}".encode(), "too many names": b"c/o\n" * 10_001}
    target = f"{swift.path}?bulk-delete"
    for kind in ("text/plain", "application/json"):
        headers = [("Accept", "application/json"), ("Content-Type", kind), ("Content-Length", str(len(lists[body])))]
        for caller in (stranger, plain):
            answer = caller.absolute(method, target, headers=headers, body=lists[body])
            found = json.loads(answer.body)
            statuses = {found["Response Status"]} | {status for _, status in found["Errors"]}
            assert answer.status == 200 and statuses <= {"403 Forbidden", "400 Bad Request"}, found
            assert "403 Forbidden" in statuses, found
        assert swift.absolute(method, target, headers=headers, body=lists[body], token=None).status == 401
    assert swift.get(stored, "o").body == b"hello"
