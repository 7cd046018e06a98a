"""Versioning on Swift."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import people
from support.cli import Cli
from support.keys import CustomerKey, Headers
from support.server import Server
from support.swift import Swift
from support.versions import DELETE_MARKER, Row, by_swift
from support.waiting import wait_until
from support.wire import Response

ENABLED = "X-Versions-Enabled"
VERSION = "X-Object-Version-Id"
CURRENT = "X-Object-Current-Version-Id"


def ask(swift: Swift, method: str, path: str, version: str, headers: Headers = (), body: bytes = b"") -> Response:
    """A request about a version."""
    return swift.request(method, path, query=f"version-id={version}", headers=headers, body=body)


def put(swift: Swift, container: str, body: bytes, headers: Headers = (), name: str = "object") -> str:
    """Writes an object, and returns the id of its version."""
    answer = swift.put(container, name, body, headers)
    assert answer.status == 201, answer.text
    return answer.get(VERSION) or "null"


@pytest.fixture
def versioned(swift: Swift, name: str) -> str:
    """A container that keeps versions."""
    assert swift.create(name, [(ENABLED, "true")]).status == 201
    return name


def test_the_state_of_a_container(swift: Swift, name: str) -> None:
    assert swift.create(name).status == 201
    state = lambda: swift.request("HEAD", name).get(ENABLED)  # noqa: E731
    assert state() is None
    assert swift.request("POST", name, headers=[(ENABLED, "false")]).status == 204
    assert state() is None, "there is nothing to disable"
    for value, shown in [("true", "True"), ("False", "False"), ("1", "True"), ("off", "False"), ("yes", "True")]:
        assert swift.request("POST", name, headers=[(ENABLED, value)]).status == 204
        assert state() == shown
        assert swift.request("GET", name)[ENABLED] == shown
    assert swift.create(name, [(ENABLED, "false")]).status == 202
    assert state() == "False"
    for value in ("", "maybe", "2"):
        for method in ("PUT", "POST"):
            assert swift.request(method, name, headers=[(ENABLED, value)]).status == 400
    for legacy in ("X-Versions-Location", "X-History-Location"):
        assert swift.create(name, [(ENABLED, "true"), (legacy, "archive")]).status == 400
    assert state() == "False"
    assert swift.request("POST", f"{name}-none", headers=[(ENABLED, "true")]).status == 404
    swift.request("POST", name, headers=[(ENABLED, "true"), ("X-Container-Meta-Color", "blue")])
    head = swift.request("HEAD", name)
    assert (head[ENABLED], head["X-Container-Meta-Color"]) == ("True", "blue")
    assert "object_versioning" in swift.absolute("GET", "/info", token=None).text


def test_answers_name_the_version(swift: Swift, name: str, keyed: Headers) -> None:
    swift.create(name)
    assert VERSION not in swift.put(name, "object", b"0", keyed)
    assert VERSION not in swift.get(name, "object", keyed)
    swift.request("POST", name, headers=[(ENABLED, "true")])
    assert swift.get(name, "object", keyed)[VERSION] == "null"
    first = put(swift, name, b"1", keyed)
    assert first != "null"
    for answer in (swift.get(name, "object", keyed), swift.head(name, "object"), swift.post(name, "object")):
        assert answer.status in (200, 202) and answer[VERSION] == first
    location = f"{swift.path}/{name}/object?version-id={first}"
    for answer in (swift.get(name, "object", keyed), swift.head(name, "object", keyed)):
        assert answer["Content-Location"] == location
    assert "Content-Location" not in ask(swift, "GET", f"{name}/object", first, keyed)
    null = ask(swift, "GET", f"{name}/object", "null", keyed)
    assert (null.status, null.body, null[VERSION]) == (200, b"0", "null")
    assert ask(swift, "GET", f"{name}/object", "", keyed).body == b"1", "an answer without an id is the current object"

    swift.request("POST", name, headers=[(ENABLED, "false")])
    assert VERSION not in swift.put(name, "object", b"2", keyed), "as in Swift, an answer does not name a null version"
    assert swift.get(name, "object", keyed)[VERSION] == "null"
    assert ask(swift, "GET", f"{name}/object", first, keyed).body == b"1"
    assert ask(swift, "GET", f"{name}/object", "null", keyed).body == b"2"
    assert swift.head(name, "object")[VERSION] == "null"


def test_a_post_makes_no_version(swift: Swift, versioned: str) -> None:
    first, second = put(swift, versioned, b"1"), put(swift, versioned, b"2")
    assert swift.post(versioned, "object", [("X-Object-Meta-Color", "blue")])[VERSION] == second
    assert ask(swift, "HEAD", f"{versioned}/object", second)["X-Object-Meta-Color"] == "blue"
    assert "X-Object-Meta-Color" not in ask(swift, "HEAD", f"{versioned}/object", first)
    assert len(by_swift(swift, versioned)) == 2


def test_conditions_and_ranges_of_a_version(swift: Swift, versioned: str) -> None:
    first = put(swift, versioned, b"0123456789")
    etag = swift.head(versioned, "object")["ETag"]
    put(swift, versioned, b"new")
    path = f"{versioned}/object"
    assert ask(swift, "GET", path, first, [("Range", "bytes=2-4")]).body == b"234"
    assert ask(swift, "GET", path, first, [("If-None-Match", etag)]).status == 304
    missed = ask(swift, "GET", path, first, [("If-Match", "other")])
    assert (missed.status, missed["ETag"]) == (412, etag)


def test_deletes_of_versions(swift: Swift, versioned: str) -> None:
    path = f"{versioned}/object"
    first, second = put(swift, versioned, b"1"), put(swift, versioned, b"22")
    deleted = swift.delete(versioned, "object")
    marker = deleted[VERSION]
    assert deleted.status == 204 and marker not in (first, second)
    assert swift.get(versioned, "object").status == 404
    again = swift.delete(versioned, "object")
    assert again.status == 404 and again[VERSION] != marker, "each delete makes a marker"
    never = swift.delete(versioned, "never")
    assert never.status == 404 and never[VERSION]

    for method in ("GET", "HEAD"):
        answer = ask(swift, method, path, marker)
        assert (answer.status, answer[VERSION], answer["Content-Type"]) == (404, marker, DELETE_MARKER)
    undone = ask(swift, "DELETE", path, again[VERSION])
    assert (undone.status, undone[VERSION], undone[CURRENT]) == (204, again[VERSION], "null")
    undone = ask(swift, "DELETE", path, marker)
    assert (undone.status, undone[CURRENT]) == (204, second)
    assert swift.get(versioned, "object").body == b"22"
    old = ask(swift, "DELETE", path, first)
    assert (old.status, old[VERSION], old[CURRENT]) == (204, first, second)
    gone = ask(swift, "DELETE", path, first)
    assert (gone.status, gone[CURRENT]) == (404, second)
    last = ask(swift, "DELETE", path, second)
    assert (last.status, last[CURRENT]) == (204, "null")
    assert swift.get(versioned, "object").status == 404
    assert [row.name for row in by_swift(swift, versioned)] == ["never"]


def test_after_a_delete_the_version_before_is_current(swift: Swift, versioned: str) -> None:
    first, second = put(swift, versioned, b"1"), put(swift, versioned, b"22")
    assert ask(swift, "DELETE", f"{versioned}/object", second)[CURRENT] == first
    assert swift.get(versioned, "object").body == b"1"
    head = swift.request("HEAD", versioned)
    assert (head["X-Container-Object-Count"], head["X-Container-Bytes-Used"]) == ("1", "1")


def test_a_suspended_container(swift: Swift, versioned: str) -> None:
    first = put(swift, versioned, b"1")
    swift.request("POST", versioned, headers=[(ENABLED, "false")])
    deleted = swift.delete(versioned, "object")
    assert deleted.status == 204 and VERSION not in deleted
    put(swift, versioned, b"2")
    put(swift, versioned, b"3")
    assert [(row.id, row.marker) for row in by_swift(swift, versioned)] == [("null", False), (first, False)]


def test_bad_and_unknown_ids_are_refused(swift: Swift, versioned: str, name: str) -> None:
    path = f"{versioned}/object"
    put(swift, versioned, b"1")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        bad = ask(swift, method, path, "bogus")
        assert bad.status == 400
        if method != "HEAD":
            assert bad.text == "Invalid version parameter"
        assert ask(swift, method, path, "1795221191.64806").status == 404
        assert ask(swift, method, path, "null").status == (400 if method == "PUT" else 404)
    assert ask(swift, "PUT", path, "1795221191.64806").text == "The specified version does not exist"
    post = ask(swift, "POST", path, "null")
    assert (post.status, post.text) == (400, "POST to a specific version is not allowed")

    other = f"{versioned}-plain"
    swift.create(other)
    swift.put(other, "object", b"body")
    sentence = "version-aware operations require that the container is versioned"
    for method in ("GET", "PUT", "DELETE"):
        answer = ask(swift, method, f"{other}/object", "1795221191.64806")
        assert (answer.status, answer.text) == (400, sentence)
    assert ask(swift, "GET", f"{other}/object", "null").body == b"body"


def test_a_version_is_restored(swift: Swift, server: Server, versioned: str, keyed: Headers) -> None:
    """No key is needed, even for a version with a key."""
    path = f"{versioned}/object"
    meta = [("X-Object-Meta-Color", "blue"), ("Content-Type", "text/plain"), *keyed]
    first = put(swift, versioned, b"the old body", meta)
    put(swift, versioned, b"new")
    restored = ask(swift, "PUT", path, first)
    assert restored.status == 201, restored.text
    assert 'operation="RestoreVersion"' in server.log(), "the restore is audited"
    assert restored[VERSION] != first
    assert ("ETag" in restored) == (not keyed)
    for version in (restored[VERSION], first, ""):
        got = ask(swift, "GET", path, version, keyed)
        assert (got.status, got.body) == (200, b"the old body")
        assert (got["X-Object-Meta-Color"], got["Content-Type"]) == ("blue", "text/plain")
    if keyed:
        assert swift.get(versioned, "object").status == 400
        assert swift.get(versioned, "object", CustomerKey.new().swift()).status == 403
        assert ask(swift, "PUT", path, first, CustomerKey.new().swift()).status == 403
        assert "ETag" in ask(swift, "PUT", path, first, keyed)
    head = swift.request("HEAD", versioned)
    assert (head["X-Container-Object-Count"], head["X-Container-Bytes-Used"]) == ("1", "12")


def test_a_deleted_object_is_restored(swift: Swift, versioned: str) -> None:
    path = f"{versioned}/object"
    first = put(swift, versioned, b"1")
    marker = swift.delete(versioned, "object")[VERSION]
    assert ask(swift, "PUT", path, marker).status == 404
    assert ask(swift, "PUT", path, first).status == 201
    assert swift.get(versioned, "object").body == b"1"
    assert [row.marker for row in by_swift(swift, versioned)] == [False, True, False]


def test_a_restore_with_a_body_is_refused(swift: Swift, versioned: str) -> None:
    path = f"{versioned}/object"
    first = put(swift, versioned, b"1")
    put(swift, versioned, b"2")
    chunked = [("Transfer-Encoding", "chunked")]
    for headers, body in [((), b"body"), (chunked, b"4\r\nbody\r\n0\r\n\r\n")]:
        answer = ask(swift, "PUT", path, first, headers, body)
        assert (answer.status, answer.text) == (400, "PUT version-id requests require a zero byte body")
    assert swift.get(versioned, "object").body == b"2"
    assert ask(swift, "PUT", path, first, chunked, b"0\r\n\r\n").status == 201
    assert swift.get(versioned, "object").body == b"1"


def test_listing(swift: Swift, versioned: str) -> None:
    ids: dict[str, list[str]] = {}
    for name, body in [("a", b"1"), ("b/x", b"22"), ("a", b"333"), ("b/y", b""), ("c", b"4444")]:
        ids.setdefault(name, []).insert(0, put(swift, versioned, body, [("Content-Type", "text/x")], name))
    ids["a"].insert(0, swift.delete(versioned, "a")[VERSION])
    rows = by_swift(swift, versioned)
    assert rows == [
        Row("a", ids["a"][0], True, True, 0),
        Row("a", ids["a"][1], False, False, 3),
        Row("a", ids["a"][2], False, False, 1),
        Row("b/x", ids["b/x"][0], True, False, 2),
        Row("b/y", ids["b/y"][0], True, False, 0),
        Row("c", ids["c"][0], True, False, 4),
    ]
    assert by_swift(swift, versioned, "reverse=true") == rows[::-1]
    assert by_swift(swift, versioned, "prefix=b/") == rows[3:5]
    assert by_swift(swift, versioned, "marker=a") == rows[3:]
    assert by_swift(swift, versioned, f"marker=a&version_marker={ids['a'][1]}") == rows[2:]
    assert by_swift(swift, versioned, "marker=a&version_marker=") == rows[3:]
    assert by_swift(swift, versioned, "end_marker=b/y") == rows[:4]
    assert by_swift(swift, versioned, "limit=0") == []
    assert swift.list(versioned, "versions&delimiter=/&prefix=b")[0] == {"subdir": "b/"}
    for size in (1, 2, 4):
        for reverse in ("", "&reverse=on"):
            found: list[Row] = []
            query = f"limit={size}{reverse}"
            while page := by_swift(swift, versioned, query):
                found += page
                query = f"limit={size}{reverse}&marker={page[-1].name}&version_marker={page[-1].id}"
            assert found == (rows[::-1] if reverse else rows)

    row = swift.list(versioned, "versions&prefix=c")[0]
    assert set(row) == {"name", "version_id", "is_latest", "hash", "bytes", "content_type", "last_modified"}
    assert (row["hash"], row["content_type"]) == (swift.head(versioned, "c")["ETag"], "text/x")
    marker = swift.list(versioned, "versions&limit=1")[0]
    assert (marker["hash"], marker["content_type"]) == ("d41d8cd98f00b204e9800998ecf8427e", DELETE_MARKER)
    assert swift.request("GET", versioned).text == "b/x\nb/y\nc\n", "current objects only"


def test_the_listing_of_versions_is_json(swift: Swift, versioned: str) -> None:
    put(swift, versioned, b"1")
    plain = swift.request("GET", versioned, query="versions")
    assert plain.status == 200 and plain["Content-Type"].startswith("application/json")
    assert (plain[ENABLED], plain["X-Container-Object-Count"]) == ("True", "1")
    for query, accept in [("versions&format=plain", None), ("versions&format=xml", None), ("versions", "text/plain")]:
        headers = [("Accept", accept)] if accept else []
        assert swift.request("GET", versioned, query=query, headers=headers).status == 406
    for query, text in [
        ("version_marker=null", "version_marker param requires marker"),
        ("marker=a&version_marker=x", "invalid version_marker param"),
    ]:
        answer = swift.request("GET", versioned, query=f"versions&{query}")
        assert (answer.status, answer.text) == (400, text)
    assert swift.request("GET", versioned, query="versions&limit=10001").status == 412
    empty = swift.request("GET", versioned, query="versions&prefix=none")
    assert (empty.status, empty.text) == (200, "[]")


def test_a_container_without_versions_lists_null_ones(swift: Swift, name: str) -> None:
    swift.create(name)
    swift.put(name, "object", b"1")
    assert by_swift(swift, name) == [Row("object", "null", True, False, 1)]


def test_a_container_with_versions_is_not_deleted(swift: Swift, versioned: str) -> None:
    first = put(swift, versioned, b"1")
    marker = swift.delete(versioned, "object")[VERSION]
    for _ in range(2):
        answer = swift.request("DELETE", versioned)
        assert (answer.status, answer.text) == (409, "Delete all versions before deleting container.")
        swift.request("POST", versioned, headers=[(ENABLED, "false")])
    for version in (first, marker):
        assert ask(swift, "DELETE", f"{versioned}/object", version).status == 204
    assert swift.request("DELETE", versioned).status == 204


def test_an_expired_object_gets_a_marker(swift: Swift, versioned: str, name: str) -> None:
    plain = f"{name}-plain"
    swift.create(plain)
    swift.put(plain, "object", b"1", [("X-Delete-After", "1")])
    first = put(swift, versioned, b"1", [("X-Delete-After", "1")])
    wait_until(lambda: swift.head(plain, "object").status == swift.head(versioned, "object").status == 404)
    path = f"{versioned}/object"
    assert ask(swift, "GET", path, first).body == b"1", "the history is kept"
    assert ask(swift, "PUT", path, first).status == 404
    assert swift.delete(plain, "object").status == 404
    assert swift.request("DELETE", plain).status == 204, "the object is deleted all the same"
    deleted = swift.delete(versioned, "object")
    assert deleted.status == 404 and VERSION in deleted


def test_strangers_are_refused(swift: Swift, server: Server, versioned: str) -> None:
    first = put(swift, versioned, b"1")
    put(swift, versioned, b"2")
    for user in (people.OTHER, people.PLAIN):
        client = Swift(server.tls, user)
        client.path = swift.path
        path = f"{versioned}/object"
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            assert ask(client, method, path, first).status == 403
        assert client.request("GET", versioned, query="versions").status == 403
        assert client.request("POST", versioned, headers=[(ENABLED, "false")]).status == 403
        client.close()
    assert len(by_swift(swift, versioned)) == 2 and swift.request("HEAD", versioned)[ENABLED] == "True"


def test_the_command_line(cli: Cli, swift: Swift, name: str, keyed: Headers) -> None:
    """`swift` with `--versions` and `--version-id`."""
    words = [word for header, value in keyed for word in ("--header", f"{header}: {value}")]
    cli.run("swift", "post", name, "--header", f"{ENABLED}: true")
    file = cli.folder / "file.txt"
    bodies = [b"one", b"two two", b"3"]
    for body in bodies:
        file.write_bytes(body)
        cli.run("swift", "upload", name, "file.txt", *words)
    rows = by_swift(swift, name)
    assert [row.size for row in rows] == [1, 7, 3]
    listed = cli.run("swift", "list", name, "--versions").stdout
    for row in rows:
        assert row.id in listed
    for row, body in zip(rows, reversed(bodies), strict=True):
        stat = cli.run("swift", "stat", name, "file.txt", "--version-id", row.id, *words).stdout
        assert f"Content Length: {len(body)}" in stat and row.id in stat
        cli.run("swift", "download", name, "file.txt", "--version-id", row.id, "-o", "back", *words)
        assert Path(cli.folder / "back").read_bytes() == body
    cli.run("swift", "delete", name, "file.txt", "--version-id", rows[0].id, *words)
    assert [row.size for row in by_swift(swift, name)] == [7, 3]
    cli.run("swift", "delete", name, "file.txt", *words)
    assert cli.run("swift", "list", name).stdout == ""
    assert DELETE_MARKER in cli.run("swift", "list", name, "--versions").stdout
    assert "409" in cli.fails("swift", "delete", name)
    cli.run("swift", "delete", name, "--versions")
    assert swift.request("HEAD", name).status == 404
