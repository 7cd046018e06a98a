"""`kill -9` in the middle of a backup, a restore or a migration: when the command runs again, it goes on."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from backup.conftest import Filled

from support import backup
from support.fsck import assert_clean
from support.server import Server

ROWS = 60_000


@pytest.fixture
def long(stopped: Server) -> Server:
    """An index that takes a while to copy: it has many rows of swept writers."""
    with sqlite3.connect(stopped.data / "index.db") as index:
        row = "INSERT INTO writers (id, started, heartbeat, fenced, swept) VALUES (?, 1, 1, 1, 1)"
        index.executemany(row, ((number.to_bytes(8, "big"),) for number in range(ROWS)))
    index.close()
    return stopped


def dump(path: Path) -> list[str]:
    """All rows of an index, except those about the index itself."""
    with sqlite3.connect(path) as index:
        return [line for line in index.iterdump() if not line.startswith('INSERT INTO "marks"')]


def killed(server: Server, *words: str, settle: Callable[[], None] = lambda: None) -> int:
    """Runs a command again and again, and kills it later each time, until one run ends. Returns the number of
    kills."""
    draw, kills, patience = random.Random(7), 0, 0.02
    while True:
        process = backup.start(server, *words)
        time.sleep(patience * draw.uniform(0.7, 1.0))
        if process.poll() is None:
            process.kill()
        _, err = process.communicate()
        if process.returncode == 0:
            return kills
        assert process.returncode == -9, err
        settle()
        kills += 1
        patience *= 1.15


def test_killed_backups_are_taken_again(long: Server, filled: Filled) -> None:
    assert killed(long, "backup") > 3
    # An interrupted backup does not exist. A whole one does, even if its command was killed before the last
    # line.
    listed = backup.well(long, "backup", "list").splitlines()
    assert any("rows in" in line for line in listed), listed
    assert all("rows in" in line or "not whole" in line for line in listed)
    # Their holds are removed once they are taken for dead. Until then chunks stay, and new backups can be
    # taken.
    backup.backup(long, "--keep", "1")
    backup.lose_index(long)
    backup.well(long, "restore")
    long.start()
    filled.contents.assert_there(long)


def interrupted(server: Server, taken: backup.Taken) -> None:
    """Kills a restore in the middle, as soon as its index exists and is not whole."""
    for _ in range(20):
        backup.lose_index(server)
        process = backup.start(server, "restore", taken.id)
        while process.poll() is None and not is_half_way(server.data / "index.db"):
            time.sleep(0.001)
        process.kill()
        process.communicate()
        if "being loaded" in backup.run(server, "fsck", "--json").err:
            return
    pytest.fail("the restore was never seen in the middle")


def is_half_way(path: Path) -> bool:
    """Whether an index is being loaded, and has some rows."""
    if not path.with_name(f"{path.name}-wal").exists():
        return False
    seen = "SELECT EXISTS (SELECT 1 FROM marks WHERE name = 'loading') AND EXISTS (SELECT 1 FROM writers)"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as index:
            return bool(index.execute(seen).fetchone()[0])
    except sqlite3.OperationalError:
        return False


def test_killed_restores_go_on(long: Server, filled: Filled) -> None:
    taken = [backup.backup(long), backup.backup(long)]
    interrupted(long, taken[0])
    ran = backup.run(long, "serve")
    assert ran.code == 2 and ran.line.startswith("index: found "), ran.err
    assert killed(long, "restore", taken[0].id) > 1
    backup.well(long, "restore", taken[0].id)
    ran = backup.run(long, "restore", taken[1].id)
    assert ran.code == 2 and "not empty" in ran.line
    long.start()
    filled.contents.assert_there(long)
    assert long.stop() == 0
    assert_clean(long)


def test_another_restore_does_not_go_on_with_a_killed_one(long: Server) -> None:
    taken = [backup.backup(long), backup.backup(long)]
    interrupted(long, taken[0])
    ran = backup.run(long, "restore", taken[1].id)
    assert ran.code == 2 and taken[0].id in ran.line
    assert "run the same restore" in backup.run(long, "serve").line
    backup.well(long, "restore", taken[0].id)


def test_killed_migrations_go_on(long: Server, filled: Filled, fresh: Callable[..., Server]) -> None:
    before = dump(long.data / "index.db")
    to = long.data / "other.db"
    ended = killed(long, "migrate-index", "--to", f"sqlite://{to}")
    assert ended > 3
    moved = fresh(log_level="info", index=f"sqlite://{to}")
    moved.data = long.data
    moved.start()
    filled.contents.assert_there(moved)
    assert moved.stop() == 0
    assert_clean(moved)
    assert dump(long.data / "index.db") == before, "the source has changed"
