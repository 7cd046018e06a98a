"""An attacker has the disk and no keys. Damaged, cut, swapped and exchanged blobs never become wrong
bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from support import people
from support.faces import Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server, files_below
from support.swift import Swift
from support.wire import Disconnected, Response

SIZE = 300_000
KEY = CustomerKey.new()
BODY = b"a" * SIZE
OTHER = b"b" * SIZE
DAMAGED = "cardea_damaged_blobs_total"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("tampering")) as server:
        yield server


@pytest.fixture(params=["s3", "swift"])
def face(request: pytest.FixtureRequest, running: Server) -> Face:
    if request.param == "s3":
        return S3Face(S3(running.tls, people.OWNER))
    return SwiftFace(Swift(running.tls, people.OWNER))


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def keyed(request: pytest.FixtureRequest, face: Face) -> list[tuple[str, str]]:
    return face.keyed(KEY) if request.param else []


@pytest.fixture
def blobs(running: Server, face: Face, keyed: list[tuple[str, str]], name: str) -> tuple[str, Path, Path]:
    """A bucket with two objects of the same size under the same key, and the files of their blobs."""
    assert S3(running.tls, people.OWNER).create_bucket(name).status == 200
    files = []
    for key, body in (("object", BODY), ("other", OTHER)):
        before = set(running.blob_files())
        assert face.put(name, key, body, keyed).status in (200, 201)
        (new,) = set(running.blob_files()) - before
        files.append(new)
    return name, files[0], files[1]


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def chunks_exchanged(path: Path, _: Path) -> None:
    """The second and the third sealed chunk are exchanged."""
    data, sealed = path.read_bytes(), 65536 + 16
    tail = len(data) - (SIZE + 16 * -(-SIZE // 65536))
    assert tail > 0, "there is a header"
    one, two, three = tail + sealed, tail + 2 * sealed, tail + 3 * sealed
    path.write_bytes(data[:one] + data[two:three] + data[one:two] + data[three:])


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "first-chunk": lambda path, _: flip(path, 1000),
    "middle": lambda path, _: flip(path, SIZE // 2),
    "last-byte": lambda path, _: flip(path, -1),
    "cut-by-one": lambda path, _: path.write_bytes(path.read_bytes()[:-1]),
    "cut-at-a-chunk": lambda path, _: path.write_bytes(path.read_bytes()[: -(SIZE % 65536 + 16)]),
    "cut-to-nothing": lambda path, _: path.write_bytes(b""),
    "appended": lambda path, _: path.write_bytes(path.read_bytes() + b"x"),
    "chunks-exchanged": chunks_exchanged,
    "another-blob": lambda path, other: path.write_bytes(other.read_bytes()),
    "removed": lambda path, _: path.unlink(),
}


SMALL = 9_000
"""An object whose bytes are in the index."""
INLINE_DAMAGE = {
    "flipped-first": "bytes = CAST(x'00' || substr(bytes, 2) AS BLOB)",
    "flipped-middle": "bytes = CAST(substr(bytes, 1, 4000) || x'5A5A5A5A5A5A5A5A' || substr(bytes, 4009) AS BLOB)",
    "flipped-last": "bytes = CAST(substr(bytes, 1, length(bytes) - 1) || CASE substr(bytes, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)",
    "cut-by-one": "bytes = substr(bytes, 1, length(bytes) - 1)",
    "cut-to-nothing": "bytes = x''",
    "appended": "bytes = CAST(bytes || x'78' AS BLOB)",
    "zeroes": "bytes = zeroblob(length(bytes))",
    "another-blob": "bytes = (SELECT bytes FROM inline_blobs WHERE nr = {other})",
}


def never_wrong(get: Callable[[], Response], whole: bytes) -> None:
    """The answer is an error, or the beginning of the right bytes and then a broken connection."""
    try:
        got = get()
    except Disconnected:
        return
    if got.status == 500:
        assert whole[:100] not in got.body
        return
    assert got.status in (200, 206)
    assert not got.complete, f"{len(got.body)} bytes came in a complete answer"
    assert got.body == whole[: len(got.body)]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_blob(
    running: Server, face: Face, keyed: list[tuple[str, str]], blobs: tuple[str, Path, Path], damage: str
) -> None:
    bucket, file, other = blobs
    DAMAGE[damage](file, other)
    before = running.metric(DAMAGED)
    never_wrong(lambda: face.get(bucket, "object", keyed), BODY)
    assert running.metric(DAMAGED) > before
    assert "".join(file.parts[-3:]) in running.log(), "the log names the blob"
    got = face.get(bucket, "other", keyed)
    assert (got.status, got.body) == (200, OTHER), "the other object is unchanged"
    assert face.delete(bucket, "object").status == 204, "the damaged object can still be deleted"


@pytest.mark.parametrize("damage", [*INLINE_DAMAGE, "removed"])
def test_a_damaged_blob_in_the_index(
    running: Server, face: Face, keyed: list[tuple[str, str]], name: str, damage: str
) -> None:
    assert S3(running.tls, people.OWNER).create_bucket(name).status == 200
    with closing(sqlite3.connect(running.data / "index.db", timeout=30)) as index:
        numbers = []
        for key, text in (("object", b"a"), ("other", b"b")):
            assert face.put(name, key, text * SMALL, keyed).status in (200, 201)
            numbers += index.execute("SELECT max(nr) FROM inline_blobs").fetchone()
        statement = f"UPDATE inline_blobs SET {INLINE_DAMAGE.get(damage, '')} WHERE nr = {numbers[0]}".format(other=numbers[1])
        if damage == "removed":
            statement = f"DELETE FROM inline_blobs WHERE nr = {numbers[0]}"
        assert index.execute(statement).rowcount == 1
        index.commit()
    before = running.metric(DAMAGED)
    for headers in (keyed, [("Range", "bytes=10-20"), *keyed], [("Range", "bytes=-5"), *keyed]):
        assert face.get(name, "object", headers).status == 500
    assert running.metric(DAMAGED) >= before + 3
    assert face.head(name, "object", keyed).status == 200
    got = face.get(name, "other", keyed)
    assert (got.status, got.body) == (200, b"b" * SMALL), "the other object is unchanged"
    assert face.delete(name, "object").status == 204, "the damaged object can still be deleted"
    assert face.sizes(name) == {"other": SMALL}


@pytest.mark.parametrize("at", [0, 5, 40])
def test_a_damaged_header(face: Face, keyed: list[tuple[str, str]], blobs: tuple[str, Path, Path], at: int) -> None:
    """A read of the beginning compares the header on disk with the index. A range further on needs
    neither."""
    bucket, file, _ = blobs
    flip(file, at)
    assert face.get(bucket, "object", keyed).status == 500
    ranged = face.get(bucket, "object", [("Range", "bytes=65536-65545"), *keyed])
    assert (ranged.status, ranged.body) == (206, BODY[65536:65546])


def test_a_range_before_the_damage_is_good(
    face: Face, keyed: list[tuple[str, str]], blobs: tuple[str, Path, Path]
) -> None:
    bucket, file, _ = blobs
    flip(file, SIZE - 10)
    got = face.get(bucket, "object", [("Range", "bytes=10-70000"), *keyed])
    assert (got.status, got.body) == (206, BODY[10:70001])
    never_wrong(lambda: face.get(bucket, "object", [("Range", f"bytes={SIZE - 20}-"), *keyed]), BODY[-20:])


def test_blobs_on_disk_are_sealed(running: Server, face: Face, keyed: list[tuple[str, str]], name: str) -> None:
    assert S3(running.tls, people.OWNER).create_bucket(name).status == 200
    mark = f"a sentence that only {name} has".encode()
    assert face.put(name, "small", mark, keyed).status in (200, 201)
    assert face.put(name, "large", mark * 3000, keyed).status in (200, 201)
    for path in files_below(running.data):
        # Meanwhile the blobs of objects that earlier tests deleted are removed.
        with suppress(FileNotFoundError):
            assert mark not in path.read_bytes(), path
