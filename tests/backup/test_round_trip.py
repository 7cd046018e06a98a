"""A backup is taken during writes, and the index is lost. After the restore every earlier acknowledged write
is there."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing

from backup.conftest import Contents, Filled

from support import backup, people
from support.fsck import assert_clean, fsck
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until


class Load:
    """A client that writes, replaces and deletes until it is stopped."""

    def __init__(self, server: Server) -> None:
        self.server, self.ended, self.writes = server, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        swift = Swift(self.server.tls, people.OWNER)
        assert swift.create("load").status in (201, 202)
        while not self.ended.is_set():
            name = f"object-{self.writes % 7}"
            assert swift.put("load", name, os.urandom(50_000 if self.writes % 3 else 10)).status == 201
            if self.writes % 5 == 4:
                assert swift.delete("load", name).status == 204
            self.writes += 1
        swift.close()

    def __enter__(self) -> "Load":
        self.thread.start()
        wait_until(lambda: self.writes > 5)
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def test_everything_comes_back(fresh: Callable[..., Server]) -> None:
    """The whole way: a backup under load, more writes, a new machine, a check, and normal use."""
    server = fresh(log_level="info").start()
    contents = Contents().fill(server)
    # The first backup comes before any blob is freed. From then on the reaper must keep everything that was
    # there.
    taken = [backup.backup(server)]
    with Load(server) as load:
        taken += [backup.backup(server) for _ in range(2)]
        during = load.writes
    assert load.writes > 5 and during > 5
    assert backup.well(server, "backup", "list").count("\n") == 3

    # Objects written after the last backup are lost with the index. Blobs in the backup stay, though their
    # objects are deleted.
    s3 = S3(server.tls, people.OWNER)
    kept = backup.blobs(server)
    for bucket, name in contents.objects:
        assert s3.delete(bucket, name).status == 204
    assert s3.put("bucket", "later", os.urandom(100_000)).status == 200
    later = backup.blobs(server) - kept
    assert len(later) == 1
    # Enough time for a round of the reaper.
    threading.Event().wait(12)
    assert kept <= backup.blobs(server), "a blob that a backup needs was deleted"
    s3.close()
    assert server.stop() == 0

    other = fresh(log_level="info")
    backup.another_machine(server, other)
    said = backup.well(other, "restore")
    assert taken[-1].id in said and "fsck --accept" in said
    # The files beside the index are made again.
    backup.well(other, "credentials", "reset")
    other.start()
    assert "nothing is deleted from the store until" in other.log()
    contents.assert_there(other)
    s3 = S3(other.tls, people.OWNER)
    assert s3.get("bucket", "later").status == 404
    # Nothing is deleted, whatever the index says: neither blobs written after the backup nor blobs freed now.
    stand = backup.blobs(other)
    assert s3.put("bucket", "new", os.urandom(100_000)).status == 200
    assert s3.delete("bucket", "new").status == 204
    threading.Event().wait(12)
    assert stand < backup.blobs(other)
    s3.close()
    assert other.stop() == 0

    checked = fsck(other, "--accept")
    assert checked.code in (0, 1) and checked.report["accepted"] == taken[-1].id, checked.stderr
    assert "missing-blob" not in checked.kinds and "lost" not in checked.report
    for id in (each.id for each in taken):
        backup.well(other, "backup", "delete", id)
    other.start()
    wait_until(lambda: not {path.name for path in later} & {path.name for path in backup.blobs(other)})
    contents.assert_there(other)
    assert other.stop() == 0
    assert "accepted" not in fsck(other, "--accept").report, "there is nothing left to accept"
    assert_clean(other, "--deep")


def test_blobs_go_with_the_last_backup(stopped: Server) -> None:
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    first, second = backup.backup(stopped), backup.backup(stopped)
    assert s3.delete("bucket", "s3-plain-200000").status == 204
    before = backup.blobs(stopped)
    backup.well(stopped, "backup", "delete", second.id)
    threading.Event().wait(12)
    assert backup.blobs(stopped) == before
    said = backup.well(stopped, "backup", "delete", first.id)
    assert "1 backups" in said and not backup.chunks(stopped) and not backup.sets(stopped)
    wait_until(lambda: len(backup.blobs(stopped)) == len(before) - 1)
    s3.close()
    assert stopped.stop() == 0
    assert_clean(stopped)


def test_backups_of_a_stopped_and_of_a_killed_gateway(stopped: Server, filled: Filled) -> None:
    backup.backup(stopped)
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    assert s3.put("bucket", "last", b"words").status == 200
    stopped.kill()
    backup.backup(stopped)
    backup.lose_index(stopped)
    backup.well(stopped, "restore")
    stopped.start()
    assert s3.get("bucket", "last").body == b"words"
    s3.close()
    filled.contents.assert_there(stopped)


def test_the_second_backup_writes_only_changes(stopped: Server) -> None:
    first = backup.backup(stopped)
    assert first.written == first.chunks > 10
    assert backup.backup(stopped).written == 0, "nothing has changed"
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    assert s3.put("bucket", "one", b"more").status == 200
    s3.close()
    third = backup.backup(stopped)
    # Writers, usage of bucket and account, blobs, inline blobs, versions, parts: one chunk of each.
    assert 1 <= third.written <= 8
    assert len(backup.chunks(stopped)) == first.chunks + third.written


def test_older_backups_are_deleted(stopped: Server, filled: Filled) -> None:
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    taken = []
    for number in range(3):
        assert s3.put("bucket", f"object-{number}", b"x").status == 200
        taken.append(backup.backup(stopped, "--keep", "2"))
    assert backup.sets(stopped) == sorted(each.id for each in taken[1:])
    stopped.stop()
    backup.lose_index(stopped)
    ran = backup.run(stopped, "restore", taken[0].id)
    assert ran.code == 2 and taken[0].id in ran.line
    # By its name it is not the newest.
    backup.well(stopped, "restore", taken[1].id)
    stopped.start()
    assert (s3.get("bucket", "object-1").status, s3.get("bucket", "object-2").status) == (200, 404)
    filled.contents.assert_there(stopped)
    s3.close()
    stopped.stop()
    # The later backup needs chunks of it.
    checked = fsck(stopped, "--accept")
    assert checked.code == 2 and taken[2].id in checked.stderr
    backup.well(stopped, "backup", "delete", taken[2].id)
    assert fsck(stopped, "--accept").report["accepted"] == taken[1].id


def test_blobs_of_a_later_process_are_deleted_once_the_restore_is_accepted(stopped: Server, filled: Filled) -> None:
    """The restored index does not know the later process. A backup taken after the restore does not prevent
    the deletion."""
    backup.backup(stopped)
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    before = backup.blobs(stopped)
    assert s3.put("bucket", "later", os.urandom(100_000)).status == 200
    later = backup.blobs(stopped) - before
    assert stopped.stop() == 0
    backup.lose_index(stopped)
    backup.well(stopped, "restore")
    stopped.start()
    nightly = backup.backup(stopped)
    assert stopped.stop() == 0
    checked = fsck(stopped, "--accept")
    assert checked.code == 1 and checked.kinds == ["stray-blob"], checked.stderr
    stopped.start()
    wait_until(lambda: not later & backup.blobs(stopped))
    filled.contents.assert_there(stopped)
    s3.close()
    assert stopped.stop() == 0
    assert_clean(stopped)
    # A backup taken before another restore has another history.
    backup.lose_index(stopped)
    backup.well(stopped, "restore", nightly.id)
    other = backup.backup(stopped)
    backup.lose_index(stopped)
    backup.well(stopped, "restore", nightly.id)
    checked = fsck(stopped, "--accept")
    assert checked.code == 2 and other.id in checked.stderr


def test_an_index_that_was_set_back_is_noticed(stopped: Server, filled: Filled) -> None:
    """It was set back by a snapshot of its volume, and nobody reported it. The store keeps the blobs of later
    writes."""
    stopped.start()
    s3 = S3(stopped.tls, people.OWNER)
    # The snapshot is an hour old: without it many heartbeats would be newer.
    with closing(sqlite3.connect(stopped.data / "index.db")) as index, closing(sqlite3.connect(stopped.folder / "snapshot.db")) as snapshot:
        index.backup(snapshot)
        snapshot.execute("UPDATE writers SET started = started - 360000000, heartbeat = heartbeat - 360000000")
        snapshot.commit()
    assert s3.put("bucket", "later", b"l" * 100_000).status == 200
    assert stopped.stop() == 0
    now = {path: path.read_bytes() for path in stopped.data.glob("index.db*")}
    blobs = backup.blobs(stopped)
    backup.lose_index(stopped)
    shutil.copy(stopped.folder / "snapshot.db", stopped.data / "index.db")

    stopped.start()
    wait_until(lambda: "the index was set back" in stopped.log())
    assert stopped.readiness()[0] == 200
    filled.contents.assert_there(stopped)
    assert s3.get("bucket", "later").status == 404
    assert s3.delete("bucket", "s3-plain-200000").status == 204
    threading.Event().wait(12)
    assert backup.blobs(stopped) == blobs
    assert stopped.stop() == 0
    then = {path: path.read_bytes() for path in stopped.data.glob("index.db*")}

    # The snapshot was a mistake: nothing is lost.
    backup.lose_index(stopped)
    for path, contents in now.items():
        path.write_bytes(contents)
    stopped.start()
    assert s3.get("bucket", "later").body == b"l" * 100_000
    filled.contents.assert_there(stopped)
    assert stopped.stop() == 0

    # Or it was intended, and the operator accepts it.
    backup.lose_index(stopped)
    for path, contents in then.items():
        path.write_bytes(contents)
    assert "set back to" in backup.run(stopped, "fsck", "--accept").out
    stopped.start()
    wait_until(lambda: len(backup.blobs(stopped)) == len(blobs) - 2)
    s3.close()
    assert stopped.stop() == 0
    assert_clean(stopped)


def test_objects_without_their_blobs_are_named(stopped: Server) -> None:
    backup.backup(stopped)
    backup.lose_index(stopped)
    backup.well(stopped, "restore")
    for path in backup.blobs(stopped):
        path.unlink()
    ran = backup.run(stopped, "fsck", "--accept")
    assert ran.code == 1 and "accepted: the index as it was restored" in ran.out
    for name in ("s3-plain-200000", "swift-sealed-200000", "multipart-True", "segments/0"):
        assert f"key {json.dumps(name)}" in ran.out, ran.out
    assert "s3-plain-100" not in ran.out.replace("s3-plain-100000", "")
