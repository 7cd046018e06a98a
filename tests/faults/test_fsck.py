"""`cardea fsck` reports nothing on whole data, and every kind of damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from support import people
from support.fsck import assert_clean, fsck
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until
from support.wire import Connection

KEY = CustomerKey.new()
SIZE = 200_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a stopped server: objects of all kinds, small and large, with a key and without, from both
    faces."""
    with Server(tmp_path_factory.mktemp("filled"), log_level="info") as server:
        s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
        assert s3.create_bucket("bucket").status == 200
        for size in (0, 100, SIZE):
            for name, key in (("plain", None), ("sealed", KEY)):
                s3_key, swift_key = (key.s3(), key.swift()) if key else ([], [])
                assert s3.put("bucket", f"s3-{name}-{size}", os.urandom(size), s3_key).status == 200
                assert swift.put("bucket", f"swift-{name}-{size}", os.urandom(size), swift_key).status == 201
        s3.close()
        swift.close()
        assert server.stop() == 0
        return server.data


@pytest.fixture
def stopped(fresh: Callable[..., Server], filled: Path) -> Server:
    """A stopped server with a copy of that data."""
    server = fresh(log_level="info")
    shutil.copytree(filled, server.data)
    return server


def blob_of(server: Server, name: str) -> Path:
    """The file of an object with one blob."""
    with sqlite3.connect(server.data / "index.db") as index:
        (blob,) = index.execute(
            "SELECT lower(hex(blob)) FROM parts JOIN versions ON version = nr WHERE key = ?", [name.encode()]
        ).fetchone()
    return server.data / "blobs" / "blobs" / blob[:16] / blob[16:18] / blob[18:]


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_whole_data_has_no_findings(stopped: Server) -> None:
    checked = assert_clean(stopped)
    assert (checked.report["blobs"], checked.report["inline_blobs"], checked.report["versions"]) == (12, 8, 0)
    checked = assert_clean(stopped, "--deep")
    assert checked.report["versions"] == 12
    stopped.start()
    assert S3(stopped.tls, people.OWNER).get("bucket", "s3-plain-100").status == 200
    assert stopped.stop() == 0


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda path: path.unlink(), "missing-blob"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "wrong-size"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "wrong-size"),
        (lambda path: path.write_bytes(b""), "wrong-size"),
    ],
    ids=["removed", "cut", "appended", "emptied"],
)
@pytest.mark.parametrize("name", ["s3-plain", "swift-sealed"])
def test_changed_blobs_are_found(stopped: Server, damage: Callable[[Path], object], kind: str, name: str) -> None:
    path = blob_of(stopped, f"{name}-{SIZE}")
    damage(path)
    checked = fsck(stopped)
    assert (checked.code, checked.kinds, checked.report["count"]) == (1, [kind], 1)
    assert "".join(path.parts[-3:]) in checked.report["findings"][0]["detail"]
    assert checked.stderr.strip().endswith("cardea: 1 findings")


@pytest.mark.parametrize(
    ("name", "at"), [("s3-plain", 120), ("swift-plain", SIZE), ("s3-plain", 50), ("s3-sealed", 50)]
)
def test_flipped_bits_are_found_by_a_deep_check_only(stopped: Server, name: str, at: int) -> None:
    """In chunks under the gateway's keys, and in the header of every blob."""
    flip(blob_of(stopped, f"{name}-{SIZE}"), at)
    assert fsck(stopped).code == 0
    checked = fsck(stopped, "--deep")
    assert (checked.code, checked.kinds, checked.report["count"]) == (1, ["seal"], 1)
    assert f"{name}-{SIZE}" in checked.report["findings"][0]["detail"]


def test_files_of_others_are_reported(stopped: Server) -> None:
    folder = stopped.data / "blobs" / "blobs"
    stray = folder / ("ab" * 8) / "cd" / ("ef" * 15)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x" * 500)
    (folder / "notes.txt").write_text("a note")
    checked = fsck(stopped)
    assert (checked.code, checked.kinds) == (1, ["stranger", "stray-blob"])


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE blobs SET refs = refs + 1 WHERE inline IS NULL", "index"),
        ("UPDATE bucket_usage SET objects = objects + 1", "index"),
        ("UPDATE versions SET size = size + 1 WHERE key = CAST('s3-plain-100' AS BLOB)", "index"),
        ("DELETE FROM parts WHERE version = (SELECT max(nr) FROM versions)", "index"),
        ("UPDATE versions SET key = CAST('other' AS BLOB) WHERE key = CAST('s3-sealed-100' AS BLOB)", "seal"),
        ("UPDATE parts SET wrapped_key = zeroblob(60) WHERE version = 1", "seal"),
        ("UPDATE versions SET envelope = zeroblob(100) WHERE nr = 3", "seal"),
        ("UPDATE inline_blobs SET bytes = zeroblob(length(bytes)) WHERE nr = 1", "seal"),
        ("UPDATE inline_blobs SET bytes = substr(bytes, 2) WHERE nr = 1", "seal"),
        ("DELETE FROM inline_blobs WHERE nr = 1", "index"),
    ],
)
def test_a_changed_index_is_found(stopped: Server, statement: str, kind: str) -> None:
    with sqlite3.connect(stopped.data / "index.db") as index:
        assert index.execute(statement).rowcount > 0
    checked = fsck(stopped, "--deep")
    assert checked.code == 1
    assert kind in checked.kinds
    if kind == "seal":
        assert fsck(stopped).code == 0, "only the seals show it"


def test_a_damaged_database_is_found(stopped: Server) -> None:
    with sqlite3.connect(stopped.data / "index.db") as index:
        index.execute("PRAGMA ignore_check_constraints = ON")
        assert index.execute("UPDATE install SET one = 2").rowcount == 1
    checked = fsck(stopped)
    assert (checked.code, checked.kinds) == (1, ["index"])
    assert checked.report["findings"][0]["detail"].startswith("the database is damaged: ")


def test_leftovers_are_not_findings(fresh: Callable[..., Server]) -> None:
    """Blobs that a killed process did not publish are reported apart. After the next start they are gone."""
    server = fresh(log_level="info").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    assert s3.put("bucket", "kept", b"k" * SIZE).status == 200
    signed = s3.sign("PUT", "/bucket/cut")
    with Connection(server.tls) as upload:
        length = 20_000_000
        head = [("Host", server.tls.authority), *signed.headers, ("Content-Length", str(length))]
        upload.head("PUT", "/bucket/cut", head)
        upload.send(b"c" * (length - 1000))
        wait_until(lambda: len(server.blob_files()) > 1)
        server.kill()
    checked = fsck(server)
    assert (checked.code, checked.report["findings"]) == (0, [])
    assert checked.report["leftovers"]["unfinished"] + checked.report["leftovers"]["blobs"] > 0
    server.start()
    wait_until(lambda: len(server.blob_files()) == 1)
    assert server.stop() == 0
    assert_clean(server, "--deep")


def test_an_empty_folder_cannot_be_checked(fresh: Callable[..., Server]) -> None:
    server = fresh()
    checked = fsck(server)
    assert checked.code == 2 and "no installation in" in checked.stderr
    assert not server.data.exists()
