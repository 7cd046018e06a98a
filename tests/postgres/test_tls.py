"""TLS to the database: certificate and name are verified, and without TLS there is no connection."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from postgres.conftest import Gateway
from postgres.test_start import ended

from support import people
from support.certificates import Pair
from support.postgres import Postgres
from support.s3 import S3


@pytest.fixture
def encrypted(postgres: Postgres, tmp_path: Path) -> tuple[Postgres, Path]:
    """A server that speaks TLS, and the CA's file."""
    pair = Pair.new()
    for name, text in (("server.crt", pair.certificate), ("server.key", pair.key)):
        path = postgres.data / name
        path.write_bytes(text)
        path.chmod(0o600)
        owner = postgres.data.stat()
        shutil.chown(path, owner.st_uid, owner.st_gid)
    (postgres.data / "pg_hba.conf").write_text("local all all trust\nhostssl all all all trust\nhost postgres all all trust\n")
    postgres.start(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(pair.certificate)
    return postgres, ca


def test_a_trusted_server(encrypted: tuple[Postgres, Path], gateway: Gateway) -> None:
    postgres, ca = encrypted
    name = postgres.database()
    there = f"cardea@localhost:{postgres.port}/{name}"
    for url in (f"postgres://{there}?sslmode=require", f"postgres://{there}", f"postgres://{there}?sslmode=verify-full"):
        with gateway(url, index_ca=str(ca)) as server:
            client = S3(server.plain, people.OWNER)
            assert client.create_bucket("bucket").status in (200, 409)
            assert client.put("bucket", "object", b"x").status == 200
            secure = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'cardea'"
            assert postgres.psql(secure) == "t"


def test_an_untrusted_server_is_refused(encrypted: tuple[Postgres, Path], gateway: Gateway, tmp_path: Path) -> None:
    postgres, ca = encrypted
    name = postgres.database()
    here, there = f"cardea@127.0.0.1:{postgres.port}/{name}", f"cardea@localhost:{postgres.port}/{name}"
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Pair.new().certificate)
    for url, settings in (
        (f"postgres://{there}?sslmode=require", {}),
        (f"postgres://{there}?sslmode=require", {"index_ca": str(stranger)}),
        (f"postgres://{here}?sslmode=require", {"index_ca": str(ca)}),
    ):
        code, line = ended(gateway(url, **settings))
        assert code == 1 and "index: " in line and "invalid peer certificate" in line, line
    # The server demands TLS, and the URL excludes it.
    code, line = ended(gateway(f"postgres://{there}?sslmode=disable", index_ca=str(ca)))
    assert code == 1 and "index: " in line, line
    code, line = ended(gateway(f"postgres://{there}", index_ca=str(tmp_path / "none.pem")))
    assert code == 2 and "index_ca: found" in line, line


def test_a_server_without_tls_is_refused(postgres: Postgres, gateway: Gateway) -> None:
    postgres.start()
    name = postgres.database()
    code, line = ended(gateway(f"postgres://cardea@127.0.0.1:{postgres.port}/{name}"))
    assert code == 1 and "server does not support TLS" in line, line
    socket = str(postgres.folder).replace("/", "%2F")
    for url in (
        f"postgres://cardea@127.0.0.1:{postgres.port}/{name}?sslmode=disable",
        f"postgres://cardea@{socket}:{postgres.port}/{name}",
    ):
        with gateway(url) as server:
            assert S3(server.plain, people.OWNER).request("GET", "/").status == 200
