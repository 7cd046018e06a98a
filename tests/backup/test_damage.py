"""A changed backup is refused, and the error names the damage."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from backup.conftest import Filled

from support import backup
from support.server import Server


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def largest(server: Server) -> Path:
    return max(backup.chunks(server), key=lambda path: path.stat().st_size)


def swap(server: Server) -> None:
    one, other = backup.chunks(server)[:2]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def manifest(server: Server, at: int = 0) -> Path:
    return server.data / "blobs" / "backups" / "sets" / backup.sets(server)[at] / "manifest"


def another_manifest(server: Server) -> None:
    shutil.copy(manifest(server, 0), manifest(server, 1))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda server: flip(largest(server)), "not authentic"),
        (lambda server: cut(largest(server)), "not authentic"),
        (lambda server: largest(server).write_bytes(b""), "malformed"),
        (lambda server: largest(server).unlink(), "is missing"),
        (swap, "not authentic"),
        (lambda server: flip(manifest(server, -1)), "its manifest is not authentic"),
        (lambda server: cut(manifest(server, -1)), "its manifest is not authentic"),
        (another_manifest, "its manifest is not authentic"),
    ],
    ids=["flipped", "cut", "emptied", "missing", "swapped", "manifest-flipped", "manifest-cut", "manifest-swapped"],
)
def test_damage_is_refused(stopped: Server, damage: Callable[[Server], object], says: str) -> None:
    taken = [backup.backup(stopped), backup.backup(stopped)]
    whole = stopped.folder / "whole"
    shutil.copytree(stopped.data / "blobs" / "backups", whole)
    damage(stopped)
    backup.lose_index(stopped)
    ran = backup.run(stopped, "restore")
    assert ran.code == 1 and taken[1].id in ran.line and says in ran.line, ran.line
    # The partly loaded rows are no index.
    serving = backup.run(stopped, "serve")
    assert serving.code == 2 and serving.line.startswith("index: found "), serving.err
    # After a repair the restore goes on.
    shutil.rmtree(stopped.data / "blobs" / "backups")
    shutil.copytree(whole, stopped.data / "blobs" / "backups")
    backup.well(stopped, "restore")


def test_an_unreadable_manifest_keeps_all_chunks(stopped: Server) -> None:
    taken = [backup.backup(stopped), backup.backup(stopped)]
    flip(manifest(stopped, 0))
    before = backup.chunks(stopped)
    ran = backup.run(stopped, "backup", "delete", taken[1].id)
    assert ran.code == 1 and taken[0].id in ran.line
    assert backup.chunks(stopped) == before
    assert "not authentic" in backup.well(stopped, "backup", "list")
    # The damaged backup itself can be deleted.
    backup.well(stopped, "backup", "delete", taken[0].id)


def test_another_key_ring_is_refused(stopped: Server, fresh: Callable[..., Server]) -> None:
    backup.backup(stopped)
    stranger = fresh(log_level="info").start()
    assert stranger.stop() == 0
    other = fresh(log_level="info")
    backup.another_machine(stopped, other)
    shutil.copy(stranger.data / "keyring.toml", other.data / "keyring.toml")
    ran = backup.run(other, "restore")
    assert ran.code == 2 and ran.line.startswith("keyring: found ") and not (other.data / "index.db").exists()
    # With it, backups are neither taken nor listed.
    shutil.copy(stranger.data / "keyring.toml", stopped.data / "keyring.toml")
    ran = backup.run(stopped, "backup")
    assert ran.code == 2 and ran.line.startswith("keyring: found another key ring")
    assert "key that is not in this key ring" in backup.well(stopped, "backup", "list")
    (other.data / "keyring.toml").unlink()
    assert backup.run(other, "restore").line.startswith("keyring: found no file")


def test_a_backup_of_another_installation_is_refused(stopped: Server, fresh: Callable[..., Server]) -> None:
    """It is refused even under the same key ring."""
    backup.backup(stopped)
    other = fresh(log_level="info")
    other.data.mkdir(mode=0o700)
    shutil.copy(stopped.data / "keyring.toml", other.data / "keyring.toml")
    other.start()
    assert other.stop() == 0
    shutil.copytree(stopped.data / "blobs" / "backups", other.data / "blobs" / "backups")
    backup.lose_index(other)
    ran = backup.run(other, "restore")
    assert ran.code == 2 and "is of the installation" in ran.line


def test_a_backup_is_reported_although_old_ones_cannot_be_deleted(stopped: Server) -> None:
    backup.backup(stopped)
    damaged = backup.backup(stopped)
    manifest = stopped.data / "blobs" / "backups" / "sets" / damaged.id / "manifest"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    ran = backup.run(stopped, "backup", "--keep", "2")
    assert ran.code == 1 and damaged.id in ran.line, ran.err
    assert ran.out.partition(":")[0] == backup.sets(stopped)[-1] != damaged.id


def test_a_backup_waits_while_old_ones_are_deleted(stopped: Server) -> None:
    taken = backup.backup(stopped)
    # Another command leaves this while it runs.
    mark = stopped.data / "blobs" / "backups" / "deleting" / taken.id
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    process = backup.start(stopped, "backup")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    mark.unlink()
    assert process.wait(60) == 0 and process.communicate()[0].count("rows in") == 1


def test_a_restore_that_cannot_begin_is_refused(stopped: Server, filled: Filled) -> None:
    assert backup.run(stopped, "restore").line.startswith("store: found the store has no backup")
    taken = backup.backup(stopped)
    ran = backup.run(stopped, "restore")
    assert ran.code == 2 and ran.line.startswith("index: found the index is not empty")
    for word in ("nonsense", "../../x", taken.id[:-1] + "g"):
        for command in (["restore"], ["backup", "delete"]):
            assert backup.run(stopped, *command, word).code == 2
    stopped.start()
    ran = backup.run(stopped, "restore")
    assert ran.code == 2 and "in use" in ran.line
    filled.contents.assert_there(stopped)
