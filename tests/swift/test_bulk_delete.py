"""`?bulk-delete`, by POST and by DELETE."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any
from urllib.parse import quote

import pytest

from support import people
from support.cli import Cli
from support.keys import CustomerKey, Headers
from support.server import Server
from support.swift import Swift
from support.wire import Response

JSON = ("Accept", "application/json")
TEXT = ("Content-Type", "text/plain")


@pytest.fixture(params=["POST", "DELETE"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(
    swift: Swift, method: str, *lines: str, headers: Headers = (TEXT, JSON), path: str = "", query: str = "bulk-delete"
) -> Response:
    body = "\n".join(lines).encode()
    length = [] if any(n == "Content-Length" for n, _ in headers) else [("Content-Length", str(len(body)))]
    answer = swift.request(method, path, query=query, headers=[*headers, *length], body=body)
    assert answer.status == 200, answer.text
    return answer


def report(answer: Response) -> dict[str, Any]:
    found = json.loads(answer.body)
    assert set(found) == {"Response Status", "Response Body", "Number Deleted", "Number Not Found", "Errors"}
    return found


def summary(answer: Response) -> tuple[str, int, int, list[list[str]]]:
    found = report(answer)
    return found["Response Status"], found["Number Deleted"], found["Number Not Found"], found["Errors"]


NAMES = ["a", "a b/ü", "x//y", "100%", "a\tb"]


def test_objects_and_their_container_are_deleted(swift: Swift, method: str, bucket: str, key: CustomerKey) -> None:
    for number, name in enumerate(NAMES):
        assert swift.put(bucket, name, b"x", key.swift() if number % 2 else []).status == 201
    lines = [f"/{bucket}/{quote(name)}" for name in NAMES]
    answer = send(swift, method, *lines, "", f"{bucket}/none", f"  {bucket}-none/x  ", bucket)
    assert summary(answer) == ("200 OK", len(NAMES) + 1, 2, [])
    assert swift.request("HEAD", bucket).status == 404


def test_errors_are_in_the_report(swift: Swift, method: str, bucket: str) -> None:
    swift.put(bucket, "stays", b"x")
    swift.put(bucket, "goes", b"x")
    answer = send(swift, method, bucket, f"{bucket}/goes", f"{bucket}/{'k' * 1025}", "%ff/x", f"{bucket}/%00")
    errors = [
        [bucket, "409 Conflict"],
        [f"{bucket}/{'k' * 1025}", "400 Bad Request"],
        ["%FF/x", "412 Precondition Failed"],
        [f"{bucket}/%00", "412 Precondition Failed"],
    ]
    assert summary(answer) == ("400 Bad Request", 1, 0, errors)
    assert swift.head(bucket, "stays").status == 200


def test_a_container_that_keeps_versions(swift: Swift, method: str, bucket: str) -> None:
    assert swift.request("POST", bucket, headers=[("X-Versions-Enabled", "true")]).status == 204
    swift.put(bucket, "o", b"x")
    answer = send(swift, method, f"{bucket}/o", f"{bucket}/none", bucket)
    assert summary(answer) == ("400 Bad Request", 1, 1, [[bucket, "409 Conflict"]])
    assert swift.head(bucket, "o").status == 404


def test_formats(swift: Swift, method: str, bucket: str) -> None:
    answer = send(swift, method, f"{bucket}/none", headers=[TEXT])
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.text == (
        "Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n"
    )
    swift.put(bucket, "o", b"x")
    answer = send(swift, method, bucket, headers=[TEXT, ("Accept", "application/xml")])
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "delete" and root.findtext("response_status") == "400 Bad Request"
    assert (root.findtext("errors/object/name"), root.findtext("errors/object/status")) == (bucket, "409 Conflict")
    refused = swift.request(method, query="bulk-delete", headers=[("Accept", "image/png"), ("Content-Length", "0")])
    assert refused.status == 406


def test_malformed_lists_are_refused(swift: Swift, method: str, bucket: str) -> None:
    found = report(send(swift, method, "", ""))
    assert (found["Response Status"], found["Response Body"]) == ("400 Bad Request", "Invalid bulk delete.")
    found = report(send(swift, method, f"{bucket}/x", headers=[JSON, ("Content-Type", "application/json")]))
    assert found["Response Status"] == "406 Not Acceptable"
    found = report(send(swift, method, *([f"{bucket}/x"] * 10_001)))
    assert found["Response Status"] == "413 Request Entity Too Large"
    assert found["Response Body"] == "Maximum Bulk Deletes: 10000 per request"
    found = report(send(swift, method, "x" * ((16 << 20) + 1)))
    assert found["Response Status"] == "413 Request Entity Too Large"


def test_the_longest_list_that_is_allowed(swift: Swift, method: str, bucket: str) -> None:
    names = [f"{number:05}" for number in range(10_000)]
    for name in names[::500]:
        swift.put(bucket, name, b"x")
    answer = send(swift, method, *(f"{bucket}/{name}" for name in names))
    assert summary(answer) == ("200 OK", 20, 9_980, [])


def test_too_many_failures(swift: Swift, method: str, bucket: str) -> None:
    found = report(send(swift, method, *([f"{bucket}/%00"] * 1500)))
    assert (found["Response Status"], found["Response Body"]) == ("400 Bad Request", "Max delete failures exceeded")
    assert len(found["Errors"]) == 1000


def test_the_path_below_the_account_is_ignored(swift: Swift, method: str, bucket: str) -> None:
    """As in Swift, only the list counts."""
    swift.put(bucket, "o", b"x")
    swift.put(bucket, "listed", b"x")
    for path in (bucket, f"{bucket}/o"):
        summary(send(swift, method, f"{bucket}/listed", path=path, query="bulk-delete=1"))
    assert swift.head(bucket, "o").status == 200 and swift.head(bucket, "listed").status == 404


def test_other_methods_do_not_delete(swift: Swift, bucket: str) -> None:
    swift.put(bucket, "o", b"x")
    assert swift.request("GET", query="bulk-delete").status in (200, 204)
    assert swift.request("PUT", f"{bucket}/new", query="bulk-delete", body=f"{bucket}/o".encode()).status == 201
    assert swift.head(bucket, "o").status == 200


def test_strangers_are_refused(server: Server, swift: Swift, method: str, bucket: str) -> None:
    swift.put(bucket, "o", b"x")
    body = f"{bucket}/o".encode()
    headers = [TEXT, JSON, ("Content-Length", str(len(body)))]
    assert swift.request(method, query="bulk-delete", headers=headers, body=body, token=None).status == 401
    other = Swift(server.tls, people.OTHER)
    target = f"{swift.path}?bulk-delete"
    answer = other.absolute(method, target, headers=headers, body=body)
    assert summary(answer) == ("400 Bad Request", 0, 0, [[f"{bucket}/o", "403 Forbidden"]])
    other.close()
    assert swift.head(bucket, "o").status == 200


def test_info_advertises_it(swift: Swift) -> None:
    info = json.loads(swift.absolute("GET", "/info", token=None).body)
    assert info["bulk_delete"] == {"max_deletes_per_request": 10000, "max_failed_deletes": 1000}


def test_the_client_deletes_a_container_in_bulk(cli: Cli, swift: Swift, name: str, server: Server) -> None:
    """More than twenty objects in a container: the client sends one bulk delete."""
    assert swift.create(name).status == 201
    for number in range(30):
        swift.put(name, f"ü {number}", b"x")
    done = cli.run("swift", "--debug", "delete", name)
    assert "bulk-delete" in done.stderr
    assert swift.request("HEAD", name).status == 404
