"""Care beside the requests: garbage and only garbage is deleted, expired objects are deleted, and damage is
found."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from faults.actors import OBJECTS, VERSIONS
from faults.crash import Crashes
from faults.test_fsck import blob_of, flip
from faults.test_fsck_online import under_load
from support import people
from support.cli import Cli
from support.fsck import assert_clean
from support.keys import CustomerKey
from support.s3 import S3, document
from support.server import Server
from support.swift import Swift
from support.versions import by_s3
from support.waiting import wait_until
from support.wire import Connection

KEY = CustomerKey.new()
SIZE = 200_000
LARGE = 64 << 20
"""More than a download's read-ahead and both ends of a connection can hold."""


def counted(server: Server, name: str, **labels: str) -> float:
    """A metric's value."""
    found = shown(server, name, **labels)
    assert found is not None, f"{name} is not among the metrics"
    return found


def shown(server: Server, name: str, **labels: str) -> float | None:
    """A metric's value, or none if the metric is absent."""
    of = "".join(f'{key}="{value}"' for key, value in labels.items())
    wanted = f"cardea_{name}{{{of}}}" if of else f"cardea_{name}"
    found = re.search(rf"^{re.escape(wanted)} (\S+)$", server.metrics(), re.MULTILINE)
    return float(found[1]) if found else None


def rounds(server: Server, task: str) -> None:
    """Waits until a task has run after now."""
    now = time.time()
    wait_until(lambda: (shown(server, "care_last_success_timestamp_seconds", task=task) or 0) > now)


def known_blobs(server: Server) -> int:
    """Blobs in the index, with those that are freed."""
    with closing(sqlite3.connect(server.data / "index.db", timeout=30)) as index:
        return sum(index.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("blobs", "inline_blobs"))


def test_downloads_end_whole_whatever_happens_to_the_object(fresh: Callable[..., Server]) -> None:
    server = fresh(log_level="info", body_timeout="10m").start()
    s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    body = os.urandom(LARGE)
    begun = []
    for name, key in (("overwritten", None), ("deleted", KEY), ("copied over", None)):
        headers = key.s3() if key else []
        assert s3.put("bucket", name, body, headers).status == 200
        signed = s3.sign("GET", f"/bucket/{name.replace(' ', '%20')}", headers=headers)
        download = Connection(server.tls, timeout=120)
        download.head("GET", signed.target, [("Host", server.tls.authority), *signed.headers])
        begun.append(download)
        first = download._reader.until(b"\r\n\r\n")
        assert b" 200 " in first.split(b"\r\n")[0], first
    assert swift.put("bucket", "overwritten", b"other").status == 201
    assert s3.delete("bucket", "deleted").status == 204
    assert s3.put("bucket", "other", b"other").status == 200
    copied = [("x-amz-copy-source", "/bucket/other")]
    assert s3.request("PUT", "/bucket/copied%20over", headers=copied).status == 200
    for _ in range(3):
        rounds(server, "reaper")
    wanted = hashlib.sha256(body).digest()
    for download in begun:
        assert hashlib.sha256(download._reader.exactly(LARGE)).digest() == wanted
        download.close()
    # The blobs without readers are deleted. The others are small, and in the index.
    wait_until(lambda: server.blob_files() == [])
    assert server.stop() == 0
    assert_clean(server, "--deep")


def test_load_leaves_no_blobs(fresh: Callable[..., Server], tmp_path) -> None:
    """After load on both faces everything is deleted. Then neither the store nor the index has a blob."""
    crashes = Crashes(fresh, seed=41)
    server = crashes.server
    with under_load(crashes) as writes:
        wait_until(lambda: writes() > 300)
    server.start()
    clients = crashes.clients()
    for row in by_s3(clients.s3, VERSIONS):
        assert clients.s3.request("DELETE", f"/{VERSIONS}/{row.name}", query=f"versionId={row.id}").status == 204
    for name in clients.faces[0].sizes(OBJECTS):
        assert clients.s3.delete(OBJECTS, name).status == 204
    # Uploads go with their bucket. One of them is aborted.
    uploads = document(clients.s3.request("GET", f"/{OBJECTS}", query="uploads=")).findall("Upload")
    for row in uploads[:1]:
        where = f"/{OBJECTS}/{row.findtext('Key', '')}"
        assert clients.s3.request("DELETE", where, query=f"uploadId={row.findtext('UploadId', '')}").status == 204
    for bucket in (OBJECTS, VERSIONS):
        assert clients.s3.request("DELETE", f"/{bucket}").status == 204
    wait_until(lambda: server.blob_files() == [])
    # The reaper forgets blobs once the store has deleted them. It finds the rest in its next rounds.
    wait_until(lambda: known_blobs(server) == 0)
    rounds(server, "reaper")
    wait_until(lambda: crashes.unswept() == 1)
    assert counted(server, "care_items_total", task="reaper") > 0
    assert counted(server, "care_failures_total", task="reaper") == 0
    assert server.stop() == 0
    checked = assert_clean(server, "--deep")
    assert (checked.report["blobs"], checked.report["freed_blobs"], checked.report["versions"]) == (0, 0, 0)
    with sqlite3.connect(server.data / "index.db") as index:
        for table in ("blobs", "inline_blobs", "parts", "versions", "uploads", "upload_refs"):
            assert index.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_expired_objects_are_deleted(fresh: Callable[..., Server], tmp_path) -> None:
    """With the real client: an expired object is not found, and shortly after it is neither listed nor
    counted."""
    server = fresh(log_level="info").start()
    cli, swift = Cli(server, people.OWNER, tmp_path), Swift(server.tls, people.OWNER)
    s3 = S3(server.tls, people.OWNER)
    for container in ("plain", "versioned"):
        assert swift.create(container).status == 201
    assert swift.request("POST", "versioned", headers=[("X-Versions-Enabled", "true")]).status == 204
    (tmp_path / "body").write_bytes(os.urandom(SIZE))
    for container in ("plain", "versioned"):
        cli.run("swift", "upload", container, "body", "--object-name", "soon", "--header", "X-Delete-After: 4")
    assert swift.put("plain", "stays", b"s" * SIZE).status == 201
    wait_until(lambda: swift.head("plain", "soon").status == 404)
    wait_until(lambda: [row["name"] for row in swift.list("plain")] == ["stays"])
    wait_until(lambda: swift.list("versioned") == [])
    told = swift.request("HEAD", "plain")
    assert (told["X-Container-Object-Count"], told["X-Container-Bytes-Used"]) == ("1", str(SIZE))
    assert swift.request("HEAD", "")["X-Account-Bytes-Used"] == str(SIZE)
    # Expiry is like a DELETE: where versions are kept, the version stays behind a delete marker.
    rows = by_s3(s3, "versioned")
    assert [(row.name, row.marker, row.latest) for row in rows] == [("soon", True, True), ("soon", False, False)]
    wait_until(lambda: counted(server, "care_items_total", task="expirer") == 2)
    wait_until(lambda: len(server.blob_files()) == 2)
    assert server.stop() == 0
    assert_clean(server, "--deep")


def test_the_scrubber_finds_and_reports_damage(fresh: Callable[..., Server]) -> None:
    """It reports damage once, by ids alone, in the metrics and in the log. It does not begin again at each
    start."""
    server = fresh(log_level="info", scrub_rate=0).start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    for name, key in (("whole", None), ("flipped secret-name", None), ("header secret-name", KEY), ("gone secret-name", KEY)):
        assert s3.put("bucket", name, os.urandom(SIZE), key.s3() if key else []).status == 200
    assert server.stop() == 0
    flip(blob_of(server, "flipped secret-name"), SIZE // 2)
    flip(blob_of(server, "header secret-name"), 50)
    blob_of(server, "gone secret-name").unlink()

    config = server.config.read_text()
    server.config.write_text(config.replace("scrub_rate = 0", 'scrub_rate = "1GiB"'))
    server.start()
    wait_until(lambda: counted(server, "scrub_passes_total") == 1)
    assert counted(server, "scrub_findings_total", kind="damaged") == 3
    assert counted(server, "scrub_findings_total", kind="stray") == 0
    assert counted(server, "scrub_read_bytes_total") >= SIZE
    assert counted(server, "care_held", task="scrubber") == 1
    assert server.stop() == 0
    said = [line for line in server.log().splitlines() if "the scrubber found damage" in line]
    assert len(said) == 3
    assert "secret-name" not in "".join(line for line in said)

    server.start()
    wait_until(lambda: shown(server, "care_last_success_timestamp_seconds", task="scrubber") is not None)
    assert (counted(server, "scrub_passes_total"), counted(server, "scrub_read_bytes_total")) == (0, 0)
