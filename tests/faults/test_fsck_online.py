"""`cardea fsck` beside a running gateway: it does not report changes under load, and it reports every kind of
damage."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.crash import Crashes
from faults.test_fsck import blob_of, flip
from support import people, places
from support.fsck import Checked, assert_clean, fsck
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server, clean_environment
from support.waiting import wait_until

KEY = CustomerKey.new()
SIZE = 200_000


@contextmanager
def under_load(crashes: Crashes) -> Iterator[Callable[[], int]]:
    """Writes, overwrites, deletes, copies, uploads in parts and restores versions on both faces, without a
    pause. It yields a function with the number of writes."""
    each = [(actor, crashes.clients()) for actor in crashes.actors]
    threads = [threading.Thread(target=actor.run, args=(clients,)) for actor, clients in each]
    for thread in threads:
        thread.start()
    try:
        yield lambda: sum(actor.acknowledged for actor in crashes.actors)
    finally:
        crashes.server.kill()
        for thread in threads:
            thread.join()
        for actor, clients in each:
            clients.close()
            assert actor.failure is None, actor.failure


def checks(server: Server, seconds: float, *words: str, until: Callable[[], bool] = lambda: True) -> list[Checked]:
    """The results of repeated checks, for so long and until there was load enough."""
    done, end = [fsck(server, *words)], time.monotonic() + seconds
    while (now := time.monotonic()) < end or (not until() and now < end + 180):
        done.append(fsck(server, *words))
    return done


@pytest.mark.parametrize("words", [[], ["--deep"]], ids=["plain", "deep"])
def test_changes_under_load_are_no_findings(fresh: Callable[..., Server], words: list[str]) -> None:
    crashes = Crashes(fresh, seed=31 + len(words))
    with under_load(crashes) as writes:
        wait_until(lambda: writes() > 50)
        before = writes()
        for checked in checks(crashes.server, 8, *words, until=lambda: writes() > before + 100):
            assert (checked.code, checked.report["findings"]) == (0, []), checked.stderr
            assert checked.report["blobs"] > 0
        assert writes() > before + 100, "the checks were not made under load"
    crashes.server.start()
    crashes.stop_and_check()


def test_only_damage_is_found_under_load(fresh: Callable[..., Server]) -> None:
    crashes = Crashes(fresh, seed=37)
    server = crashes.server
    s3 = S3(server.plain, crashes.root)
    assert s3.create_bucket("still").status == 200
    for name in ("missing", "cut", "flipped", "whole"):
        assert s3.put("still", name, os.urandom(SIZE)).status == 200
    assert s3.put("still", "header", os.urandom(SIZE), KEY.s3()).status == 200
    with under_load(crashes) as writes:
        blobs = {name: blob_of(server, name) for name in ("missing", "cut", "flipped", "header")}
        blobs["missing"].unlink()
        blobs["cut"].write_bytes(blobs["cut"].read_bytes()[:-1])
        flip(blobs["flipped"], SIZE // 2)
        flip(blobs["header"], 50)
        folder = server.data / "blobs" / "blobs"
        stray = folder / ("ab" * 8) / "cd" / ("ef" * 15)
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"x" * 500)
        (folder / "notes.txt").write_text("a note")
        before = writes()
        found = {
            "missing-blob": {"".join(blobs["missing"].parts[-3:])},
            "wrong-size": {"".join(blobs["cut"].parts[-3:])},
            "stray-blob": {"".join(stray.parts[-3:])},
            "stranger": {"blobs/notes.txt"},
        }
        for checked in checks(server, 3):
            assert checked.code == 1
            assert named(checked) == found, checked.report["findings"]
        # A read of a missing or a cut blob finds the damage, too.
        found["seal"] = {f'key "{name}"' for name in blobs}
        for checked in checks(server, 3, "--deep", until=lambda: writes() > before + 50):
            assert checked.code == 1
            assert named(checked) == found, checked.report["findings"]
        assert writes() > before + 50


def named(checked: Checked) -> dict[str, set[str]]:
    """The subjects of the findings, by their type."""
    found: dict[str, set[str]] = {}
    for finding in checked.report["findings"]:
        detail = finding["detail"]
        if detail.startswith("blob "):
            detail = detail.removeprefix("blob ").partition(":")[0]
        elif detail.startswith("bucket "):
            detail = detail.split(", ")[1]
        found.setdefault(finding["kind"], set()).add(detail)
    assert checked.report["count"] == sum(map(len, found.values()))
    return found


def test_contradictions_in_a_running_index_are_found(fresh: Callable[..., Server]) -> None:
    server = fresh(log_level="info").start()
    with sqlite3.connect(server.data / "index.db") as index:
        index.execute("PRAGMA ignore_check_constraints = ON")
        assert index.execute("UPDATE install SET one = 2").rowcount == 1
    checked = fsck(server)
    assert (checked.code, checked.kinds) == (1, ["index"])
    assert checked.report["findings"][0]["detail"].startswith("the database is damaged: ")


def test_a_check_changes_nothing_and_needs_no_stop(fresh: Callable[..., Server]) -> None:
    """The gateway does not notice the check, and a check of the stopped gateway has the same result."""
    server = fresh(log_level="info").start()
    s3 = S3(server.tls, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    for name in ("one", "two"):
        assert s3.put("bucket", name, os.urandom(SIZE), KEY.s3()).status == 200
    beside = fsck(server, "--deep")
    assert (beside.code, beside.report["versions"], beside.report["blobs"]) == (0, 2, 2)
    assert s3.put("bucket", "three", os.urandom(SIZE)).status == 200
    assert s3.delete("bucket", "three").status == 204
    # Its blob is deleted, and then forgotten.
    wait_until(lambda: fsck(server, "--deep").report == beside.report)
    assert len(server.blob_files()) == 2
    assert server.stop() == 0
    assert assert_clean(server, "--deep").report == beside.report


def test_a_check_prevents_no_start(fresh: Callable[..., Server]) -> None:
    """Even if it pauses in the middle, it holds nothing that a gateway needs."""
    stopped = fresh(log_level="info").start()
    assert stopped.stop() == 0
    index = sqlite3.connect(stopped.data / "index.db", isolation_level=None)
    index.execute("PRAGMA locking_mode = EXCLUSIVE")
    index.execute("BEGIN EXCLUSIVE")
    command = [places.binary(), "fsck", "--config", stopped.config, "--data", stopped.data]
    check = subprocess.Popen(command, cwd=stopped.folder, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    opened = Path(f"/proc/{check.pid}/fd")
    wait_until(lambda: any(path.resolve() == (stopped.data / "index.db").resolve() for path in opened.iterdir()))
    for name in ("lock", "index.db.lock"):
        with (stopped.data / name).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    index.execute("COMMIT")
    index.close()
    assert "nothing is wrong" in check.communicate(timeout=60)[0] and check.returncode == 0
    stopped.start()


def test_the_progress_of_a_check(fresh: Callable[..., Server]) -> None:
    """On a terminal one line that changes. In a pipe nothing, unless the option asks for it."""
    server = fresh(log_level="info").start()
    command = [places.binary(), "fsck", "--config", server.config, "--data", server.data]
    done = subprocess.run(command, cwd=server.folder, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("nothing is wrong\n")
    terminal, other = os.openpty()
    run = subprocess.Popen([*command, "--progress"], cwd=server.folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=other)
    os.close(other)
    assert b"nothing is wrong" in run.communicate(timeout=60)[0]
    said = b""
    try:
        while piece := os.read(terminal, 10_000):
            said += piece
    except OSError:
        pass  # The other end is closed.
    os.close(terminal)
    assert said.endswith(b"\r\x1b[K") and b"\n" not in said
