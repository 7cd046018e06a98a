"""`cardea migrate-index`: its refusals and its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from backup.conftest import Filled

from support import backup, people
from support.fsck import fsck
from support.s3 import S3
from support.server import Server


def url(path: Path) -> str:
    return f"sqlite://{path}"


def mark_as_loading(path: Path) -> None:
    """Turns a loaded index into one whose loading was interrupted."""
    with sqlite3.connect(path) as index:
        (install,) = index.execute("SELECT lower(hex(id)) FROM install").fetchone()
        index.execute("INSERT INTO marks VALUES ('loading', ?)", [f"the index of the installation {install}"])
    index.close()


def test_the_last_line_names_the_setting_to_change(stopped: Server, filled: Filled, fresh: Callable[..., Server]) -> None:
    to = url(stopped.data / "other.db")
    said = backup.well(stopped, "migrate-index", "--to", to)
    assert f'index = "{to}"' in said and "compared" in said
    moved = fresh(log_level="info", index=to)
    moved.data = stopped.data
    moved.start()
    filled.contents.assert_there(moved)
    s3 = S3(moved.tls, people.OWNER)
    assert s3.request("PUT", "/bucket/copy", headers=[("x-amz-copy-source", "/bucket/s3-plain-200000")]).status == 200
    moved.stop()
    # Both indexes refer to the same blobs: nobody may use the old one by mistake.
    for command in (["serve"], ["fsck"], ["backup"], ["credentials", "reset"]):
        ran = backup.run(stopped, *command)
        assert ran.code == 2 and ran.line.startswith("index: found one that was carried into ") and to in ran.line
        assert "migrate-index --back" in ran.line
    ran = backup.run(stopped, "migrate-index", "--to", url(stopped.data / "third.db"))
    assert ran.code == 2 and "was carried into" in ran.line
    moved.start()
    assert s3.get("bucket", "copy").status == 200
    s3.close()
    moved.stop()
    assert "was not carried" in backup.run(moved, "migrate-index", "--back").line


def test_an_index_is_carried_back(stopped: Server, filled: Filled, fresh: Callable[..., Server]) -> None:
    to = url(stopped.data / "other.db")
    backup.well(stopped, "migrate-index", "--to", to)
    assert to in backup.well(stopped, "migrate-index", "--back")
    stopped.start()
    filled.contents.assert_there(stopped)
    stopped.stop()
    # As long as nothing has been written, `--back` is possible too.
    backup.well(stopped, "migrate-index", "--to", to := url(stopped.data / "third.db"))
    moved = fresh(log_level="info", index=to)
    moved.data = stopped.data
    backup.well(moved, "migrate-index", "--to", url(stopped.data / "index.db"))
    assert "was carried into" in backup.run(moved, "serve").line
    stopped.start()
    filled.contents.assert_there(stopped)


def test_bad_destinations_are_refused(stopped: Server) -> None:
    for to, found in [
        ("nonsense", "nonsense"),
        ("memory://", "memory://"),
        (url(stopped.data / "index.db"), "index.db"),
        (url(stopped.folder / "no" / "folder"), "no/folder"),
    ]:
        ran = backup.run(stopped, "migrate-index", "--to", to)
        assert ran.code == 2 and ran.line.startswith("to: found ") and found in ran.line, ran.err
    stopped.start()
    ran = backup.run(stopped, "migrate-index", "--to", url(stopped.data / "other.db"))
    assert ran.code == 2 and ran.line.startswith("data: found ")
    assert stopped.stop() == 0
    backup.well(stopped, "migrate-index", "--to", url(stopped.data / "other.db"))
    # A second run changes nothing, as long as both indexes are unchanged.
    backup.well(stopped, "migrate-index", "--to", url(stopped.data / "other.db"))
    backup.well(stopped, "migrate-index", "--back")
    stopped.start()
    assert stopped.stop() == 0
    ran = backup.run(stopped, "migrate-index", "--to", url(stopped.data / "other.db"))
    assert ran.code == 2 and ran.line == "to: found an index that holds something, expected an empty index"
    with sqlite3.connect(stopped.data / "foreign.db") as foreign:
        foreign.execute("CREATE TABLE theirs (x)")
    foreign.close()
    ran = backup.run(stopped, "migrate-index", "--to", url(stopped.data / "foreign.db"))
    assert ran.code == 2 and "another program's" in ran.line


def test_a_source_that_changed_meanwhile_is_refused(stopped: Server) -> None:
    """In the middle of the migration, the gateway was started again on the old index."""
    to = stopped.data / "other.db"
    backup.well(stopped, "migrate-index", "--to", url(to))
    mark_as_loading(to)
    with sqlite3.connect(to) as index:
        index.execute("DELETE FROM install")
    index.close()
    with sqlite3.connect(stopped.data / "index.db") as index:
        index.execute("UPDATE users SET epoch = epoch + 1")
    index.close()
    ran = backup.run(stopped, "migrate-index", "--to", url(to))
    assert ran.code == 1 and "users differ" in ran.line, ran.line
    # The old index was in use all the time, and can be used further.
    stopped.start()
    assert stopped.stop() == 0


def test_the_comparison_follows_the_last_write(stopped: Server) -> None:
    """A write comes when the index is marked, and at no other time."""
    write = "CREATE TRIGGER late AFTER INSERT ON marks WHEN NEW.name = 'moved' BEGIN UPDATE users SET epoch = epoch + 1; END"
    with sqlite3.connect(stopped.data / "index.db") as index:
        index.execute(write)
    index.close()
    ran = backup.run(stopped, "migrate-index", "--to", url(stopped.data / "other.db"))
    assert ran.code == 1 and "users differ" in ran.line, ran.err
    stopped.start()
    assert stopped.stop() == 0


@pytest.mark.parametrize("way", ["back", "on"])
def test_a_migration_killed_during_the_comparison(
    stopped: Server, filled: Filled, fresh: Callable[..., Server], way: str
) -> None:
    """The old index is marked, and the new one is not whole."""
    to = stopped.data / "other.db"
    backup.well(stopped, "migrate-index", "--to", url(to))
    mark_as_loading(to)
    assert "was carried into" in backup.run(stopped, "serve").line
    if way == "back":
        backup.well(stopped, "migrate-index", "--back")
        stopped.start()
        return filled.contents.assert_there(stopped)
    backup.well(stopped, "migrate-index", "--to", url(to))
    moved = fresh(log_level="info", index=url(to))
    moved.data = stopped.data
    moved.start()
    filled.contents.assert_there(moved)


def test_an_unaccepted_restore_stays_unaccepted(stopped: Server, fresh: Callable[..., Server]) -> None:
    taken = backup.backup(stopped)
    backup.lose_index(stopped)
    backup.well(stopped, "restore")
    to = url(stopped.data / "other.db")
    backup.well(stopped, "migrate-index", "--to", to)
    moved = fresh(log_level="info", index=to)
    moved.data = stopped.data
    assert fsck(moved, "--accept").report["accepted"] == taken.id
