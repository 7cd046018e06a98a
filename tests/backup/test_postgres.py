"""Over PostgreSQL: an index is carried there and back, a backup is taken there, and a backup is restored
there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backup.conftest import Contents, Filled
from backup.test_kills import killed

from support import backup, below, people
from support.fsck import assert_clean, fsck
from support.s3 import S3
from support.server import Server
from support.waiting import wait_until


@pytest.fixture
def database() -> Iterator[str]:
    """A database for one test."""
    server = below.postgres()
    name = server.database()
    yield name
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


def url(database: str) -> str:
    return str(below.postgres().url(database))


def over(fresh: Callable[..., Server], index: str, data: Path) -> Server:
    """A server on an existing data folder, over an index."""
    server = fresh(log_level="info", index=index, keyring=str(data / "keyring.toml"))
    server.data = data
    return server


def settled(database: str) -> None:
    """Waits until no session of a killed command is in its commit."""
    left = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cardea' AND datname = '{database}'"
    wait_until(lambda: below.postgres().psql(left) == "0")


def long_silent(database: str) -> None:
    """Changes the database as if a minute had passed since its gateways ended."""
    below.postgres().psql("UPDATE writers SET heartbeat = 1", database)


def test_an_index_is_carried_to_postgres_and_back(stopped: Server, filled: Filled, fresh: Callable[..., Server], database: str) -> None:
    """The commands are killed again and again. Writes over PostgreSQL are in the index that comes back."""
    assert killed(stopped, "migrate-index", "--to", url(database), settle=lambda: settled(database)) > 3
    shared = over(fresh, url(database), stopped.data).start()
    filled.contents.assert_there(shared)
    s3 = S3(shared.tls, people.OWNER)
    for number in range(20):
        assert s3.put("bucket", f"new-{number}", b"n" * 1000).status == 200
    assert s3.create_bucket("another").status == 200
    to = f"sqlite://{stopped.data / 'other.db'}"
    ran = backup.run(shared, "migrate-index", "--to", to)
    assert ran.code == 2 and ran.line.startswith("index: found one that a gateway uses"), ran.err
    assert shared.stop() == 0
    long_silent(database)
    assert_clean(shared)
    assert killed(shared, "migrate-index", "--to", to) > 3
    back = over(fresh, to, stopped.data).start()
    filled.contents.assert_there(back)
    s3 = S3(back.tls, people.OWNER)
    assert s3.get("bucket", "new-19").body == b"n" * 1000
    assert back.stop() == 0
    assert_clean(back, "--deep")


def test_the_clock_of_the_database_shows_whether_a_gateway_runs(
    fresh: Callable[..., Server], database: str, tmp_path: Path
) -> None:
    """It is two hours behind ours."""
    clock = "SELECT pg_catalog.clock_timestamp() - interval '2 hours'"
    below.postgres().psql(
        f"CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $${clock}$$", database
    )
    index = f"{url(database)}&options=-c%20search_path%3Dpublic%2Cpg_catalog"
    running = fresh(index=index, keyring=str(below.keyring(tmp_path))).start()
    ran = backup.run(running, "migrate-index", "--to", f"sqlite://{tmp_path / 'other.db'}")
    assert ran.code == 2 and ran.line.startswith("index: found one that a gateway uses"), ran.err
    assert running.stop() == 0
    below.postgres().psql("UPDATE writers SET heartbeat = heartbeat - 6100000", database)
    backup.well(running, "migrate-index", "--to", f"sqlite://{tmp_path / 'other.db'}")


def when(database: str, table: str, condition: str, then: str) -> None:
    """Lets the database run SQL whenever a row is added to a table."""
    body = f"BEGIN IF {condition} THEN {then}; END IF; RETURN NULL; END"
    below.postgres().psql(f"CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $${body}$$", database)
    trigger = f"CREATE TRIGGER meanwhile AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION meanwhile()"
    below.postgres().psql(trigger, database)


def test_a_gateway_that_starts_during_a_migration_is_noticed(
    fresh: Callable[..., Server], database: str, tmp_path: Path
) -> None:
    """The gateway looked for the mark just before it was set."""
    server = fresh(index=url(database), keyring=str(below.keyring(tmp_path))).start()
    assert server.stop() == 0
    long_silent(database)
    comes = "INSERT INTO writers (id, started, heartbeat, unbroken) VALUES ('\\x0102030405060708', 1, 9223372036854775807, 1)"
    when(database, "marks", "NEW.name = 'moved'", comes)
    to = f"sqlite://{tmp_path / 'other.db'}"
    ran = backup.run(server, "migrate-index", "--to", to)
    assert ran.code == 2 and ran.line.startswith("index: found one that a gateway uses"), ran.err
    assert below.postgres().psql("SELECT count(*) FROM marks", database) == "0"
    below.postgres().psql("DROP FUNCTION meanwhile CASCADE; DELETE FROM writers WHERE started = 1", database)
    backup.well(server, "migrate-index", "--to", to)


def test_a_gateway_notices_that_its_index_was_carried_away(
    fresh: Callable[..., Server], database: str, tmp_path: Path
) -> None:
    """It looks when it has registered, and after each heartbeat."""
    server = fresh(index=url(database), keyring=str(below.keyring(tmp_path))).start()
    carried = "INSERT INTO marks VALUES ('moved', 'sqlite:///elsewhere.db')"
    below.postgres().psql(carried, database)
    assert server.wait() == 2 and "carried into sqlite:///elsewhere.db" in server.log()
    below.postgres().psql("DELETE FROM marks", database)
    when(database, "writers", "true", carried)
    server.spawn()
    assert server.wait() == 2 and server.log().count("carried into sqlite:///elsewhere.db") == 2
    assert below.postgres().psql("SELECT count(*) FROM writers", database) == "2"


def test_a_partly_carried_index_is_refused(stopped: Server, fresh: Callable[..., Server], database: str) -> None:
    backup.well(stopped, "migrate-index", "--to", url(database))
    below.postgres().psql("INSERT INTO marks VALUES ('loading', 'somewhere'); DELETE FROM install", database)
    shared = over(fresh, url(database), stopped.data)
    ran = backup.run(shared, "serve")
    assert ran.code == 2 and "being loaded from somewhere" in ran.line
    ran = backup.run(stopped, "migrate-index", "--to", url(database))
    assert ran.code == 2 and "somewhere" in ran.line
    below.postgres().psql("DELETE FROM marks", database)
    ran = backup.run(stopped, "migrate-index", "--to", url(database))
    assert ran.code == 2 and "holds something" in ran.line


def test_a_backup_is_restored_into_another_database(fresh: Callable[..., Server], database: str, tmp_path: Path) -> None:
    keyring = below.keyring(tmp_path)
    server = fresh(log_level="info", index=url(database), keyring=str(keyring)).start()
    contents = Contents().fill(server)
    taken = backup.backup(server)
    s3 = S3(server.tls, people.OWNER)
    assert s3.put("bucket", "one", b"more").status == 200
    assert 1 <= backup.backup(server).written <= 10
    s3.close()
    assert server.stop() == 0
    other = below.postgres().database()
    restored = over(fresh, url(other), server.data)
    restored.config.write_text(restored.config.read_text().replace(str(server.data / "keyring.toml"), str(keyring)))
    backup.well(restored, "restore", taken.id)
    restored.start()
    contents.assert_there(restored)
    assert S3(restored.tls, people.OWNER).get("bucket", "one").status == 404
    # A gateway over a shared index notices without a restart.
    checked = fsck(restored, "--accept")
    assert checked.code == 2 and "later than" in checked.stderr
    for each in backup.sets(server)[1:]:
        backup.well(restored, "backup", "delete", each)
    assert fsck(restored, "--accept").report["accepted"] == taken.id
    contents.assert_there(restored)
    assert restored.stop() == 0


def test_a_backup_carries_the_index_to_postgres(stopped: Server, filled: Filled, fresh: Callable[..., Server], database: str) -> None:
    """A backup of one type of index is restored into the other."""
    backup.backup(stopped)
    shared = over(fresh, url(database), stopped.data)
    assert killed(shared, "restore", settle=lambda: settled(database)) > 3
    shared.start()
    filled.contents.assert_there(shared)
    assert shared.stop() == 0
