"""The first start over PostgreSQL, of one gateway and of several at once."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from postgres.conftest import Gateway

from support import below, people
from support.fsck import assert_clean
from support.places import binary
from support.postgres import Postgres
from support.s3 import S3
from support.server import Server, clean_environment
from support.waiting import wait_until

DECLARED = """
[[accounts]]
name = "lab"
[[accounts.users]]
name = "ann"
password = "secret of ann"
roles = ["admin"]
tempauth = "lab:ann"
access_keys = [{ access = "ANN", secret = "secret-of-ann" }]
"""


@dataclass(frozen=True)
class Keyed(people.User):
    """A user with an S3 key that differs from those of the declared people."""

    access: str = ""
    secret: str = ""

    @property
    def access_key(self) -> str:
        return self.access

    @property
    def secret_key(self) -> str:
        return self.secret


ANN = Keyed("lab", "ann", "secret of ann", ("admin",), "ANN", "secret-of-ann")


def root_of(server: Server) -> Keyed:
    """The root account in the file of a gateway."""
    found = server.credentials()
    return Keyed("root", "root", "", ("admin",), found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])


def ended(server: Server) -> tuple[int, str]:
    """The exit code of a gateway, and its last line."""
    server.spawn()
    code = server.wait()
    *_, line = server.log().splitlines()
    return code, line


def test_gateways_that_start_at_once(gateway: Gateway) -> None:
    database = below.postgres().database()
    replicas = [gateway(below.postgres().url(database)) for _ in range(4)]
    for each in replicas:
        with each.config.open("a") as file:
            file.write(DECLARED)
        each.spawn()
    for each in replicas:
        each.wait_until_ready()

    def count(table: str) -> int:
        return int(below.postgres().psql(f"SELECT count(*) FROM {table}", database))

    accounts = {user.account for user in people.EVERYONE} | {"root", "lab"}
    assert (count("install"), count("accounts"), count("users")) == (1, len(accounts), len(people.EVERYONE) + 2)
    made = [each for each in replicas if (each.data / "credentials.env").exists()]
    assert len(made) == 1, "one gateway has made the root account"
    assert not list(replicas[0].folder.parent.rglob("credentials.env.new"))

    # The declared users of each gateway are valid on every gateway, and so are root's credentials.
    assert S3(replicas[0].plain, ANN).create_bucket("shared").status == 200
    for number, each in enumerate(replicas):
        assert S3(each.plain, ANN).put("shared", f"object-{number}", b"x" * 100_000).status == 200
        assert S3(replicas[number - 1].plain, ANN).get("shared", f"object-{number}").body == b"x" * 100_000
        assert S3(each.plain, root_of(made[0])).request("GET", "/").status == 200
    # Restarts change nothing.
    before = below.postgres().psql("SELECT id, password_hash, epoch FROM users ORDER BY id", database)
    for each in replicas:
        assert each.stop() == 0
        each.start()
    assert below.postgres().psql("SELECT id, password_hash, epoch FROM users ORDER BY id", database) == before


def test_an_interrupted_root_account_is_completed(gateway: Gateway) -> None:
    """The gateway that began it completes it, unless another gateway has set new credentials since."""
    database = below.postgres().database()
    began, other = (gateway(below.postgres().url(database)) for _ in range(2))
    assert began.start().stop() == 0
    made, coming = began.data / "credentials.env", began.data / "credentials.env.new"
    # A kill between the user and its key leaves this state.
    access = root_of(began).access
    made.rename(coming)
    before = below.postgres().psql("SELECT password_hash, epoch FROM users WHERE name = 'root'", database)
    assert below.postgres().psql(f"DELETE FROM access_keys WHERE access = '{access}' RETURNING 1", database) == "1"
    other.start()
    assert not (other.data / "credentials.env").exists()
    began.start()
    assert began.log().count(f"root credentials were written to {made}") == 2 and not coming.exists()
    assert below.postgres().psql("SELECT password_hash, epoch FROM users WHERE name = 'root'", database) == before
    for each in (began, other):
        assert S3(each.plain, root_of(began)).request("GET", "/").status == 200

    assert began.stop() == 0
    made.rename(coming)
    reset = [binary(), "credentials", "reset", "--config", other.config, "--data", other.data]
    done = subprocess.run(reset, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    began.start()
    assert not made.exists() and not coming.exists()
    assert S3(began.plain, root_of(other)).request("GET", "/").status == 200


def test_commands_beside_running_gateways(gateway: Gateway) -> None:
    server = gateway(below.postgres().url(below.postgres().database())).start()
    client = S3(server.plain, root_of(server))
    assert client.create_bucket("bucket").status == 200
    assert client.put("bucket", "object", b"x" * 100_000).status == 200
    assert_clean(server)
    reset = [binary(), "credentials", "reset", "--config", server.config, "--data", server.data]
    done = subprocess.run(reset, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: client.get("bucket", "object").status == 403)
    assert S3(server.plain, root_of(server)).get("bucket", "object").status == 200


def test_commands_beside_gateways_do_not_change_the_schema(gateway: Gateway) -> None:
    """The gateways may be older than the command."""
    database = below.postgres().database()
    server = gateway(below.postgres().url(database))
    commands = (["fsck"], ["fsck", "--accept"], ["backup"], ["credentials", "reset"], ["migrate-index", "--back"])

    def refused(words: list[str]) -> str:
        command = [binary(), *words, "--config", server.config, "--data", server.data]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        return done.stderr

    for command in commands:
        assert "index: found an empty database, expected the index of a gateway" in refused(command)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert below.postgres().psql(tables, database) == "0"
    server.start()
    version = "UPDATE schema_version SET version = version {} RETURNING version"
    older = below.postgres().psql(version.format("- 1"), database)
    for command in commands:
        assert "start the new gateway first" in refused(command)
    assert below.postgres().psql("SELECT version FROM schema_version", database) == older
    below.postgres().psql(version.format("+ 1"), database)
    assert_clean(server)


def test_a_shared_index_needs_a_given_key_ring(gateway: Gateway, tmp_path: Path) -> None:
    index, ring = below.postgres().url(below.postgres().database()), tmp_path / "ring" / "keyring.toml"
    code, line = ended(gateway(index, keyring=str(ring)))
    assert code == 2 and f"keyring: found no file {ring}" in line and "cardea keyring generate" in line, line
    made = subprocess.run([binary(), "keyring", "generate", "--keyring", ring], capture_output=True, text=True)
    assert made.returncode == 0 and ring.stat().st_mode & 0o777 == 0o600
    again = subprocess.run([binary(), "keyring", "generate", "--keyring", ring], capture_output=True, text=True)
    assert again.returncode == 2 and "so that no ring is lost" in again.stderr
    first = gateway(index, keyring=str(ring)).start()
    assert first.stop() == 0
    code, line = ended(gateway(index))
    assert code == 2 and "keyring: found another key ring" in line, line


def test_index_store_and_key_ring_must_belong_together(gateway: Gateway, tmp_path: Path) -> None:
    index = below.postgres().url(below.postgres().database())
    first = gateway(index).start()
    client = S3(first.plain, people.OWNER)
    assert client.create_bucket("bucket").status == 200
    assert client.put("bucket", "object", b"x" * 100_000).status == 200
    assert first.stop() == 0
    code, line = ended(gateway(below.postgres().url(below.postgres().database())))
    assert code == 2 and "index: found an empty index" in line, line
    code, line = ended(gateway(index, store=f"file://{tmp_path}/others"))
    assert code == 2 and "store: found a folder without cardea.json" in line, line
    other = Server(tmp_path / "other", index=index, store="memory://")
    code, line = ended(other)
    assert code == 2 and "store: found memory://" in line, line


def test_a_url_with_a_password_is_refused(gateway: Gateway) -> None:
    for secret in (
        "postgres://cardea:hidden@127.0.0.1/cardea",
        "postgres://cardea@127.0.0.1/cardea?password=hidden",
        "postgres://cardea@127.0.0.1/cardea?sslmode=disable&%70assword=hidden",
    ):
        server = gateway(secret)
        code, line = ended(server)
        assert code == 2 and "PGPASSWORD or PGPASSFILE" in line, line
        assert "hidden" not in server.log()


def test_passwords(postgres: Postgres, gateway: Gateway, tmp_path: Path) -> None:
    postgres.start()
    (postgres.data / "pg_hba.conf").write_text("host all keeper 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")
    postgres.psql("SELECT pg_reload_conf()")
    postgres.psql("CREATE ROLE keeper LOGIN PASSWORD 'it''s:a\\secret'")
    database = postgres.database()
    postgres.psql(f"ALTER DATABASE {database} OWNER TO keeper")
    url = postgres.url(database).replace("cardea@", "keeper@")
    file = tmp_path / "pgpass"
    file.write_text(f"# ours\nelsewhere:*:*:*:no\n127.0.0.1:{postgres.port}:*:keeper:it's\\:a\\\\secret\n")
    file.chmod(0o600)
    for environment in ({"PGPASSWORD": "it's:a\\secret"}, {"PGPASSFILE": str(file)}):
        server = gateway(url, environment=environment).start()
        assert server.stop() == 0
        assert "secret" not in server.log()
    for environment in ({}, {"PGPASSWORD": "wrong"}):
        code, line = ended(gateway(url, environment=environment))
        assert code == 1 and "index: " in line and "password" in line, line
    file.chmod(0o644)
    code, line = ended(gateway(url, environment={"PGPASSFILE": str(file)}))
    assert code == 2 and "PGPASSFILE: found" in line and "mode 0644" in line, line


def test_a_gateway_waits_for_its_database(postgres: Postgres, gateway: Gateway) -> None:
    server = gateway(postgres.url("postgres"), index_timeout="3s")
    server.spawn()
    wait_until(lambda: server.log().count("waiting for the index") >= 2)
    assert "Connection refused" in server.log()
    postgres.start()
    server.wait_until_ready()
    assert server.stop() == 0
    postgres.stop()
    before = server.log().count("waiting for the index")
    server.spawn()
    wait_until(lambda: server.log().count("waiting for the index") >= before + 2)
    server.terminate()
    assert server.wait() == 0, "a signal ends a gateway that waits"
    # A gateway does not wait for an error that stays.
    postgres.start()
    code, line = ended(gateway(postgres.url("nowhere")))
    assert code == 1 and "index: " in line and "nowhere" in line, line


def test_the_database_of_another_program_is_refused(gateway: Gateway) -> None:
    database = below.postgres().database()
    below.postgres().psql("CREATE TABLE ledger (id bigint)", database)
    code, line = ended(gateway(below.postgres().url(database)))
    assert code == 1 and "another program's tables" in line, line
