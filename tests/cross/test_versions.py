"""One history of versions, seen from both faces."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from support.keys import CustomerKey, Headers
from support.s3 import S3, document, escape
from support.swift import Swift
from support.versions import Row, by_s3, by_swift, set_state, state
from support.wire import Response

ENABLED = "X-Versions-Enabled"


@dataclass
class Kept:
    """A version in the model. A delete marker has no body."""

    id: str
    body: bytes | None
    key: CustomerKey | None


@dataclass
class Model:
    """The expected contents of a bucket: every name's versions, the oldest first."""

    names: dict[str, list[Kept]] = field(default_factory=dict)
    status: str | None = None

    def push(self, name: str, kept: Kept) -> None:
        versions = self.names.setdefault(name, [])
        if kept.id == "null":
            versions[:] = [version for version in versions if version.id != "null"]
        versions.append(kept)

    def rows(self) -> list[Row]:
        return [
            Row(name, kept.id, back == 0, kept.body is None, len(kept.body or b""))
            for name, versions in sorted(self.names.items())
            for back, kept in enumerate(reversed(versions))
        ]

    def current(self) -> dict[str, Kept]:
        return {name: kept[-1] for name, kept in self.names.items() if kept and kept[-1].body is not None}


class Two:
    """Both faces of one bucket."""

    def __init__(self, s3: S3, swift: Swift, bucket: str) -> None:
        self.s3, self.swift, self.bucket = s3, swift, bucket

    def ask(
        self, face: str, method: str, name: str, version: str = "", headers: Headers = (), body: bytes = b""
    ) -> Response:
        path = f"{self.bucket}/{escape(name)}"
        if face == "s3":
            query = f"versionId={version}" if version else ""
            return self.s3.request(method, f"/{path}", query=query, headers=headers, body=body)
        query = f"version-id={version}" if version else ""
        return self.swift.request(method, path, query=query, headers=headers, body=body)

    def version(self, face: str, answer: Response) -> str:
        """The version that an answer names. In a bucket without versioning it names none."""
        return answer.get("x-amz-version-id" if face == "s3" else "X-Object-Version-Id") or "null"

    def keyed(self, face: str, key: CustomerKey | None) -> Headers:
        if key is None:
            return []
        return key.s3() if face == "s3" else key.swift()

    def set(self, face: str, status: str) -> None:
        if face == "s3":
            assert set_state(self.s3, self.bucket, status).status == 200
        else:
            value = str(status == "Enabled")
            assert self.swift.request("POST", self.bucket, headers=[(ENABLED, value)]).status == 204


NAMES = ["a", "a/b", "a/c/d", "b", "ü//x"]
STEPS = 70


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(3, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_histories(s3: S3, swift: Swift, bucket: str, seed: int) -> None:
    """After any sequence of operations by either face, both faces show the same as a simple model."""
    dice, model, two = random.Random(seed), Model(), Two(s3, swift, bucket)
    keys = [None, None, CustomerKey.new(), CustomerKey.new()]
    for step in range(STEPS):
        face, name = dice.choice(["s3", "swift"]), dice.choice(NAMES)
        versions = model.names.get(name, [])
        match dice.choices(["state", "put", "delete", "delete version", "restore"], [1, 5, 2, 2, 2])[0]:
            case "state":
                model.status = dice.choice(["Enabled", "Suspended"]) if model.status else "Enabled"
                two.set(face, model.status)
            case "put":
                key, body = dice.choice(keys), dice.randbytes(dice.randrange(30))
                answer = two.ask(face, "PUT", name, headers=two.keyed(face, key), body=body)
                assert answer.status in (200, 201), answer.text
                model.push(name, Kept(two.version(face, answer), body, key))
            case "delete":
                answer = two.ask(face, "DELETE", name)
                is_there = name in model.current()
                assert answer.status == (204 if is_there or face == "s3" else 404)
                if model.status:
                    model.push(name, Kept(two.version(face, answer), None, None))
                else:
                    model.names.pop(name, None)
            case "delete version" if versions:
                kept = dice.choice(versions)
                assert two.ask(face, "DELETE", name, kept.id).status == 204
                versions.remove(kept)
            case "restore" if versions:
                kept = dice.choice(versions)
                answer = two.ask("swift", "PUT", name, kept.id)
                assert answer.status == (404 if kept.body is None else 201), answer.text
                if kept.body is not None:
                    model.push(name, Kept(two.version("swift", answer), kept.body, kept.key))
        compare(two, model, contents=step % 10 == 9)
    compare(two, model, contents=True)
    for prefix in ("", "a", "a/", "ü"):
        rolled_up(two, model, prefix)


def encoded(name: str) -> str:
    """A name in the form of a signed query."""
    return quote(name, safe="")


def rolled_up(two: Two, model: Model, prefix: str) -> None:
    """Listings with a delimiter, whole and in pages, equal those of the model."""
    expected: list[Row | str] = []
    for row in model.rows():
        if not row.name.startswith(prefix):
            continue
        head, slash, _ = row.name[len(prefix) :].partition("/")
        entry = prefix + head + slash if slash else row
        if entry not in expected:
            expected.append(entry)
    common = f"prefix={encoded(prefix)}&delimiter=%2F"
    for size in (1, 2, 3, 1000):
        versions, prefixes, marker = [], [], ""
        while True:
            query = f"{common}&max-keys={size}{marker}"
            page = document(two.s3.request("GET", f"/{two.bucket}", query=f"versions&{query}"))
            versions += by_s3(two.s3, two.bucket, query)
            prefixes += [entry.findtext("Prefix", "") for entry in page.findall("CommonPrefixes")]
            if page.findtext("IsTruncated") == "false":
                break
            marker = f"&key-marker={encoded(page.findtext('NextKeyMarker', ''))}"
            if page.find("NextVersionIdMarker") is not None:
                marker += f"&version-id-marker={page.findtext('NextVersionIdMarker')}"
        assert versions == [entry for entry in expected if isinstance(entry, Row)]
        assert prefixes == [entry for entry in expected if isinstance(entry, str)]

        for reverse in (False, True):
            found, marker = [], "&reverse=true" if reverse else ""
            while page := two.swift.list(two.bucket, f"versions&{common}&limit={size}{marker}"):
                found += [row.get("subdir") or (row["name"], row["version_id"]) for row in page]
                last = page[-1]
                marker = ("&reverse=true" if reverse else "") + f"&marker={encoded(last.get('name') or last['subdir'])}"
                marker += f"&version_marker={last.get('version_id', '')}"
            named = [entry if isinstance(entry, str) else (entry.name, entry.id) for entry in expected]
            assert found == (named[::-1] if reverse else named)


def compare(two: Two, model: Model, *, contents: bool) -> None:
    rows, current = model.rows(), model.current()
    assert by_s3(two.s3, two.bucket) == rows
    assert by_swift(two.swift, two.bucket) == rows
    listed = {row["name"]: row["bytes"] for row in two.swift.list(two.bucket)}
    assert listed == {name: len(kept.body or b"") for name, kept in current.items()}
    head = two.swift.request("HEAD", two.bucket)
    used = (int(head["X-Container-Object-Count"]), int(head["X-Container-Bytes-Used"]))
    assert used == (len(current), sum(listed.values())), "usage counts current objects only"
    if not contents:
        return
    pages, marker = [], ""
    while page := by_swift(two.swift, two.bucket, f"limit=3{marker}"):
        pages += page
        marker = f"&marker={escape(page[-1].name)}&version_marker={page[-1].id}"
    assert pages == rows
    for name, versions in model.names.items():
        for kept in versions:
            for face in ("s3", "swift"):
                answer = two.ask(face, "GET", name, kept.id, two.keyed(face, kept.key))
                if kept.body is None:
                    assert answer.status == (405 if face == "s3" else 404)
                else:
                    assert (answer.status, answer.body) == (200, kept.body)
                    assert two.version(face, answer) == kept.id
        if name in current:
            for face in ("s3", "swift"):
                kept = current[name]
                assert two.ask(face, "GET", name, headers=two.keyed(face, kept.key)).body == kept.body


def test_both_faces_share_the_state(s3: S3, swift: Swift, bucket: str) -> None:
    """The other face shows a change of the state at once."""
    shown = lambda: swift.request("HEAD", bucket).get(ENABLED)  # noqa: E731
    two = Two(s3, swift, bucket)
    assert (state(s3, bucket), shown()) == (None, None)
    for face in ("swift", "s3"):
        for status, value in [("Enabled", "True"), ("Suspended", "False")]:
            two.set(face, status)
            assert (state(s3, bucket), shown()) == (status, value)


def test_both_faces_share_markers(s3: S3, swift: Swift, bucket: str) -> None:
    two = Two(s3, swift, bucket)
    two.set("s3", "Enabled")
    for deleter, other in [("s3", "swift"), ("swift", "s3")]:
        first = two.version(other, two.ask(other, "PUT", deleter, body=b"body"))
        marker = two.version(deleter, two.ask(deleter, "DELETE", deleter))
        assert two.ask(other, "GET", deleter).status == 404
        assert two.ask(other, "GET", deleter, first).body == b"body"
        assert two.ask(other, "GET", deleter, marker).status == (405 if other == "s3" else 404)
        assert two.ask(other, "DELETE", deleter, marker).status == 204
        assert two.ask(deleter, "GET", deleter).body == b"body"


def test_each_version_is_read_with_its_own_key_by_both_faces(s3: S3, swift: Swift, bucket: str) -> None:
    two = Two(s3, swift, bucket)
    two.set("swift", "Enabled")
    keys = [CustomerKey.new(), CustomerKey.new()]
    ids = [
        two.version(face, two.ask(face, "PUT", "object", headers=two.keyed(face, key), body=face.encode()))
        for face, key in zip(("s3", "swift"), keys, strict=True)
    ]
    for face in ("s3", "swift"):
        for version, key, other, body in [(ids[0], keys[0], keys[1], b"s3"), (ids[1], keys[1], keys[0], b"swift")]:
            good = two.ask(face, "GET", "object", version, two.keyed(face, key))
            assert (good.status, good.body) == (200, body)
            assert two.ask(face, "GET", "object", version, two.keyed(face, other)).status == 403
            assert two.ask(face, "GET", "object", version).status == 400
    restored = two.ask("swift", "PUT", "object", ids[0])
    assert restored.status == 201
    assert two.ask("s3", "GET", "object", headers=keys[0].s3()).body == b"s3"
    assert two.ask("s3", "GET", "object", headers=keys[1].s3()).status == 403
