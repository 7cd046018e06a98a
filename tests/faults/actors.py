"""Clients that remember their writes. Each works on its own names until the server is gone, and then checks
every acknowledged write."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3, document
from support.swift import Swift
from support.versions import by_s3, by_swift
from support.wire import Disconnected, Headers, Response

OBJECTS, VERSIONS = "objects", "versions"
"""The buckets that they share."""
SOURCE = "source"
"""An object of the size of the smallest part that is not the last."""
SOURCE_SIZE = 5 << 20
SIZES = (0, 100, 15_000, 20_000, 70_000, 200_000)
"""Inline, one chunk, many chunks."""
KEYS = [None, CustomerKey.new(), CustomerKey.new()]


@dataclass(frozen=True)
class Held:
    """The contents of an object, and the key that opens it."""

    body: bytes
    key: CustomerKey | None


@dataclass
class Clients:
    """Both faces of one running server."""

    s3: S3
    swift: Swift

    @property
    def faces(self) -> list[Face]:
        return [S3Face(self.s3), SwiftFace(self.swift)]

    def close(self) -> None:
        self.s3.close()
        self.swift.close()


def source_headers(key: CustomerKey | None) -> Headers:
    """The headers with the key of a copy's source, on S3."""
    if key is None:
        return []
    return [(name.replace("x-amz-", "x-amz-copy-source-"), value) for name, value in key.s3()]


def s3_keyed(key: CustomerKey | None) -> Headers:
    return key.s3() if key else []


def swift_keyed(key: CustomerKey | None) -> Headers:
    return key.swift() if key else []


class Lost(AssertionError):
    """An acknowledged write is missing, or an object is there in part."""


class Actor:
    """Writes and remembers. Until a request is acknowledged its change is pending: it may be there as a
    whole, or not at all."""

    def __init__(self, number: int) -> None:
        self.number, self.chance = number, random.Random(number)
        self.state: dict[str, Held | None] = {}
        self.pending: dict[str, Held | None] = {}
        self.touched: set[str] = set()
        self.acknowledged = self.step_number = 0
        self.failure: BaseException | None = None

    # While the server runs.

    def run(self, clients: Clients) -> None:
        """Works until the server is gone. Any other error is kept."""
        try:
            while True:
                self.step_number += 1
                self.step(clients)
        except (Disconnected, OSError):
            return
        except BaseException as failure:  # noqa: BLE001
            self.failure = failure

    def step(self, clients: Clients) -> None:
        raise NotImplementedError

    def fresh(self, name: str) -> Held:
        """Contents that name their write."""
        mark = f"{name}/{self.number}/{self.step_number:06}/".encode()
        return Held(mark + self.chance.randbytes(self.chance.choice(SIZES)), self.chance.choice(KEYS))

    def change(self, changes: dict[str, Held | None], ask: Callable[[], Response], good: tuple[int, ...]) -> Response:
        """Asks for changes, and remembers them once they are acknowledged."""
        self.pending = changes
        self.touched |= changes.keys()
        answer = self.acknowledge(ask(), good)
        self.state.update(changes)
        self.pending = {}
        return answer

    def acknowledge(self, answer: Response, good: tuple[int, ...]) -> Response:
        """A complete and good answer."""
        if not answer.complete:
            raise Disconnected("within an answer")
        assert answer.status in good and b"<Error>" not in answer.body[:200], f"{answer.status} {answer.text[:500]}"
        self.acknowledged += 1
        return answer

    # After the crash.

    def settle(self, clients: Clients) -> None:
        """Finds out which pending changes were made, and checks every object that was touched."""
        self.settle_pending(clients)
        for name in self.touched:
            self.observe(clients, name, [self.state.get(name)])
        self.touched.clear()

    def settle_pending(self, clients: Clients) -> None:
        changes = {name: new for name, new in self.pending.items() if new != self.state.get(name)}
        seen = {name: self.observe(clients, name, [self.state.get(name), new]) for name, new in changes.items()}
        if len(set(seen.values())) > 1:
            raise Lost(f"changed by half: {seen}")
        if 1 in seen.values():
            self.state.update(changes)
        self.pending = {}

    def observe(self, clients: Clients, name: str, candidates: list[Held | None]) -> int:
        """The state, among these, in which the object is."""
        face = self.chance.choice(clients.faces)
        said = []
        for number, held in enumerate(candidates):
            answer = face.get(OBJECTS, name, face.keyed(held.key) if held else [])
            if held is None and answer.status == 404:
                return number
            if held is not None and answer.status == 200 and answer.complete and answer.body == held.body:
                return number
            wanted = f"{len(held.body)} bytes" if held else "nothing"
            said.append(f"wanted {wanted}, got {answer.status} {answer.body[:60]!r}, {len(answer.body)} bytes")
        raise Lost(f"{name} on {face.name}: {said}")

    def sizes(self) -> dict[str, int]:
        """The names that a listing of the objects must show."""
        return {name: len(held.body) for name, held in self.state.items() if held}


class Writer(Actor):
    """Puts, overwrites, deletes, copies and gives new keys to objects, on one face."""

    def __init__(self, number: int, swift: bool) -> None:
        super().__init__(number)
        self.swift = swift

    def step(self, clients: Clients) -> None:
        face = clients.faces[self.swift]
        name, other = (f"w{self.number}-{self.chance.randrange(8)}" for _ in range(2))
        held, kind = self.state.get(name), self.chance.random()
        if held and kind < 0.15:
            self.change({name: None}, lambda: face.delete(OBJECTS, name), (204,))
        elif held and kind < 0.4:
            self.copy(clients, name, held, other)
        else:
            new = self.fresh(name)
            self.change({name: new}, lambda: face.put(OBJECTS, name, new.body, face.keyed(new.key)), WRITTEN)

    def copy(self, clients: Clients, name: str, held: Held, other: str) -> None:
        if self.swift:
            # One key opens a sealed source, and seals the destination.
            key = held.key or self.chance.choice(KEYS)
            headers = [("Destination", f"/{OBJECTS}/{other}"), *swift_keyed(key)]
            path = f"{OBJECTS}/{name}"
            ask = lambda: clients.swift.request("COPY", path, headers=headers)  # noqa: E731
            self.change({other: Held(held.body, key)}, ask, (201,))
            return
        key = self.chance.choice([key for key in KEYS if other != name or key != held.key])
        # A copy of an object onto itself must ask for a change, even if only for the default.
        sealed = s3_keyed(key) or [("x-amz-server-side-encryption", "AES256")]
        headers = [("x-amz-copy-source", f"/{OBJECTS}/{name}"), *source_headers(held.key), *sealed]
        ask = lambda: clients.s3.request("PUT", f"/{OBJECTS}/{other}", headers=headers)  # noqa: E731
        self.change({other: Held(held.body, key)}, ask, (200,))


@dataclass
class Upload:
    """A multipart upload that has begun."""

    name: str
    key: CustomerKey | None
    parts: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    """By number: ETag and bytes."""
    under_way: tuple[int, bytes] | None = None

    def body(self) -> bytes:
        return b"".join(self.parts[number][1] for number in sorted(self.parts))


class Uploader(Actor):
    """Begins, fills, completes and aborts multipart uploads. Some are aborted only after a crash."""

    def __init__(self, number: int, source: Held) -> None:
        super().__init__(number)
        self.source = source
        self.uploads: dict[str, Upload] = {}
        self.ending: str | None = None
        """The upload of the pending Complete or Abort."""

    def step(self, clients: Clients) -> None:
        if len(self.uploads) < 2:
            return self.begin(clients)
        id = self.chance.choice(sorted(self.uploads))
        upload, kind = self.uploads[id], self.chance.random()
        if kind < 0.1:
            self.end(id, {}, lambda: self.ask(clients, "DELETE", upload, f"uploadId={id}"), (204,))
        elif upload.parts and kind < 0.45:
            self.complete(clients, id, upload)
        else:
            self.part(clients, id, upload)

    def ask(self, clients: Clients, method: str, upload: Upload, query: str, headers: Headers = (), body: bytes = b"") -> Response:
        path = f"/{OBJECTS}/{upload.name}"
        return clients.s3.request(method, path, query=query, headers=headers, body=body, sha256=False)

    def begin(self, clients: Clients) -> None:
        upload = Upload(f"u{self.number}-{self.chance.randrange(6)}", self.chance.choice(KEYS))
        answer = self.ask(clients, "POST", upload, "uploads", s3_keyed(upload.key))
        self.acknowledge(answer, (200,))
        self.uploads[document(answer).findtext("UploadId", "")] = upload

    def part(self, clients: Clients, id: str, upload: Upload) -> None:
        """The last part, of any size. Sometimes a copied part comes before it: only the last may be small."""
        number = 1 if self.chance.random() < 0.15 else 2
        where = f"partNumber={number}&uploadId={id}"
        if number == 1:
            body = self.source.body
            headers = [("x-amz-copy-source", f"/{OBJECTS}/{SOURCE}"), *source_headers(self.source.key)]
            upload.under_way = (number, body)
            answer = self.ask(clients, "PUT", upload, where, [*headers, *s3_keyed(upload.key)])
            self.acknowledge(answer, (200,))
            etag = document(answer).findtext("ETag", "")
        else:
            body = self.fresh(upload.name).body
            upload.under_way = (number, body)
            answer = self.ask(clients, "PUT", upload, where, s3_keyed(upload.key), body)
            etag = self.acknowledge(answer, (200,))["ETag"]
        upload.parts[number] = (etag, body)
        upload.under_way = None

    def complete(self, clients: Clients, id: str, upload: Upload) -> None:
        rows = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, (etag, _) in sorted(upload.parts.items())
        )
        body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
        ask = lambda: self.ask(clients, "POST", upload, f"uploadId={id}", s3_keyed(upload.key), body)  # noqa: E731
        self.end(id, {upload.name: Held(upload.body(), upload.key)}, ask, (200,))

    def end(self, id: str, changes: dict[str, Held | None], ask: Callable[[], Response], good: tuple[int, ...]) -> None:
        self.ending = id
        self.change(changes, ask, good)
        del self.uploads[id]
        self.ending = None

    def settle(self, clients: Clients) -> None:
        answer = clients.s3.request("GET", f"/{OBJECTS}", query=f"prefix=u{self.number}-&uploads=")
        assert answer.status == 200, answer.text
        found = {row.findtext("UploadId", ""): row.findtext("Key", "") for row in document(answer).findall("Upload")}
        if self.ending:
            completed, ended = dict(self.pending), self.ending not in found
            before = {name: self.state.get(name) for name in completed}
            self.settle_pending(clients)
            if any((self.state.get(name) != before[name]) != ended for name in completed if completed[name] != before[name]):
                raise Lost(f"upload {self.ending} is both there and completed, or neither")
            if ended:
                del self.uploads[self.ending]
            self.ending = None
        if missing := self.uploads.keys() - found.keys():
            raise Lost(f"uploads are gone: {missing}")
        for id, upload in self.uploads.items():
            self.settle_parts(clients, id, upload)
        # One may have begun although its answer is missing.
        for id in found.keys() - self.uploads.keys():
            stray = Upload(found[id], None)
            assert self.ask(clients, "DELETE", stray, f"uploadId={id}").status == 204
        super().settle(clients)

    def settle_parts(self, clients: Clients, id: str, upload: Upload) -> None:
        answer = self.ask(clients, "GET", upload, f"uploadId={id}")
        assert answer.status == 200, answer.text
        found = {
            int(row.findtext("PartNumber", "")): (row.findtext("ETag", ""), int(row.findtext("Size", "")))
            for row in document(answer).findall("Part")
        }
        if upload.under_way:
            number, body = upload.under_way
            upload.under_way = None
            old = upload.parts.get(number)
            if number in found and (old is None or found[number][0] != old[0]):
                upload.parts[number] = (found[number][0], body)
        expected = {number: (etag, len(body)) for number, (etag, body) in upload.parts.items()}
        if found != expected:
            raise Lost(f"upload {id} has the parts {found}, not {expected}")


@dataclass(frozen=True)
class Version:
    """A version, or a delete marker, which has no contents."""

    id: str
    held: Held | None


class Historian(Actor):
    """Puts, deletes and restores versions on both faces."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.histories: dict[str, list[Version]] = {f"v{number}-{name}": [] for name in range(3)}
        self.next: tuple[str, list[Version]] | None = None
        """The history of a name after a pending change. An empty id stands for any id."""

    def step(self, clients: Clients) -> None:
        name = self.chance.choice(sorted(self.histories))
        history, kind, swift = self.histories[name], self.chance.random(), self.chance.random() < 0.5
        objects = [version for version in history if version.held]
        if history and (len(history) > 6 or kind < 0.15):
            version = self.chance.choice(history)
            left = [other for other in history if other is not version]
            self.make(name, left, lambda: self.ask(clients, swift, "DELETE", name, version.id), (204,))
        elif kind < 0.3:
            # Behind a delete marker Swift finds nothing to delete.
            swift = swift and bool(history) and history[-1].held is not None
            self.make(name, [*history, Version("", None)], lambda: self.ask(clients, swift, "DELETE", name), (204,))
        elif objects and kind < 0.45:
            version = self.chance.choice(objects)
            restored = [*history, Version("", version.held)]
            self.make(name, restored, lambda: self.ask(clients, True, "PUT", name, version.id), (201,))
        else:
            held = self.fresh(name)
            headers = swift_keyed(held.key) if swift else s3_keyed(held.key)
            ask = lambda: self.ask(clients, swift, "PUT", name, "", headers, held.body)  # noqa: E731
            self.make(name, [*history, Version("", held)], ask, WRITTEN)

    def ask(
        self, clients: Clients, swift: bool, method: str, name: str, version: str = "", headers: Headers = (), body: bytes = b""
    ) -> Response:
        if swift:
            query = f"version-id={version}" if version else ""
            return clients.swift.request(method, f"{VERSIONS}/{name}", query=query, headers=headers, body=body)
        query = f"versionId={version}" if version else ""
        return clients.s3.request(method, f"/{VERSIONS}/{name}", query=query, headers=headers, body=body, sha256=False)

    def make(self, name: str, history: list[Version], ask: Callable[[], Response], good: tuple[int, ...]) -> None:
        self.next = (name, history)
        self.touched.add(name)
        answer = self.acknowledge(ask(), good)
        id = answer.get("x-amz-version-id") or answer.get("X-Object-Version-Id") or ""
        self.histories[name] = [Version(version.id or id, version.held) for version in history]
        self.next = None

    def settle(self, clients: Clients) -> None:
        rows = by_s3(clients.s3, VERSIONS, f"prefix=v{self.number}-")
        if sorted(rows, key=str) != sorted(by_swift(clients.swift, VERSIONS, f"prefix=v{self.number}-"), key=str):
            raise Lost("the faces list other versions")
        found = {name: [row for row in reversed(rows) if row.name == name] for name in self.histories}
        if self.next:
            name, history = self.next
            self.next = None
            if self.matches(found[name], history) and not self.matches(found[name], self.histories[name]):
                ids = [row.id for row in found[name]]
                self.histories[name] = [Version(id, version.held) for id, version in zip(ids, history)]
        for name, history in self.histories.items():
            if not self.matches(found[name], history):
                raise Lost(f"{name} has the versions {found[name]}, not {[(v.id, len(v.held.body) if v.held else None) for v in history]}")
            if name in self.touched:
                for version in history:
                    self.read(clients, name, version)
        self.touched.clear()

    @staticmethod
    def matches(rows: list, history: list[Version]) -> bool:
        """Whether the rows, oldest first, are this history."""
        return len(rows) == len(history) and all(
            version.id in ("", row.id)
            and row.marker == (version.held is None)
            and row.size == len(version.held.body if version.held else b"")
            and row.latest == (row is rows[-1])
            for row, version in zip(rows, history)
        )

    def read(self, clients: Clients, name: str, version: Version) -> None:
        if version.held is None:
            return
        swift = self.chance.random() < 0.5
        headers = swift_keyed(version.held.key) if swift else s3_keyed(version.held.key)
        answer = self.ask(clients, swift, "GET", name, version.id, headers)
        if answer.status != 200 or answer.body != version.held.body:
            raise Lost(f"version {version.id} of {name}: {answer.status} {answer.body[:60]!r}")

    def sizes(self) -> dict[str, int]:
        return {}


class Assembler(Actor):
    """Puts segments without a key, and then a manifest with a key or without. A manifest with a key seals all
    of its segments anew, or none."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.segments: dict[str, list[str]] = {}
        """The segments of each manifest that was asked for."""

    def step(self, clients: Clients) -> None:
        if len(self.segments) >= 4:
            manifest = self.chance.choice(sorted(self.segments))
            doomed = [*self.segments[manifest], manifest]
            # The manifest comes first: without it nobody names the segments.
            for name in reversed(doomed):
                if self.state.get(name):
                    self.change({name: None}, lambda name=name: clients.swift.delete(OBJECTS, name), (204,))
            del self.segments[manifest]
            return
        manifest = f"l{self.number}-{self.step_number}"
        names = [f"{manifest}.{number}" for number in range(self.chance.randint(1, 4))]
        self.segments[manifest] = names
        parts = []
        for name in names:
            body = self.fresh(name).body
            self.change({name: Held(body, None)}, lambda: clients.swift.put(OBJECTS, name, body), (201,))
            parts.append({"path": f"/{OBJECTS}/{name}", "etag": hashlib.md5(body).hexdigest(), "size_bytes": len(body)})
        key = self.chance.choice(KEYS)
        bodies = {name: self.state[name].body for name in names}
        changes: dict[str, Held | None] = {name: Held(body, key) for name, body in bodies.items()}
        changes[manifest] = Held(b"".join(bodies.values()), key)
        path, document = f"{OBJECTS}/{manifest}", json.dumps(parts).encode()
        ask = lambda: clients.swift.request(  # noqa: E731
            "PUT", path, query="multipart-manifest=put", headers=swift_keyed(key), body=document
        )
        self.change(changes, ask, (201,))
