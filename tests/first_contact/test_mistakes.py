"""A mistake ends the start with code 2 and one line: the setting, its value and the expected values."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support import people, places
from support.s3 import S3
from support.server import Server, clean_environment


def ends(server: Server, *flags: str, variables: dict[str, str] | None = None) -> str:
    """Runs a start that must end with code 2, and returns its one line."""
    done = subprocess.run(
        [places.binary(), "serve", "--config", server.config, "--data", server.data, *flags],
        cwd=server.folder,
        env=clean_environment() | (variables or {}),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, f"{done.returncode}: {done.stdout}{done.stderr}"
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert "panicked" not in line
    return line


MISTAKES = [
    ("log_level", "loud"),
    ("listen", "nowhere"),
    ("inline_bytes", "many"),
    ("max_connections", 0),
    ("header_timeout", "soon"),
    ("require_tls_for_customer_keys", "perhaps"),
    ("trusted_proxies", "10.0.0.0/99"),
    ("store", "ftp://elsewhere"),
    ("index", "mysql://elsewhere"),
]


@pytest.mark.parametrize(("setting", "value"), MISTAKES)
@pytest.mark.parametrize("source", ["file", "variable", "flag"])
def test_a_bad_value_is_refused(fresh: Callable[..., Server], setting: str, value: object, source: str) -> None:
    if source == "file":
        line = ends(fresh(**{setting: value}))
    elif source == "variable":
        line = ends(fresh(), variables={f"CARDEA_{setting.upper()}": str(value)})
    else:
        line = ends(fresh(), f"--{setting.replace('_', '-')}={value}")
    # Only the scheme of a URL is shown: the rest may contain a password.
    shown = str(value).partition("//")[0]
    assert setting in line and shown in line and "expect" in line.lower()


def test_an_unknown_setting_is_refused(fresh: Callable[..., Server]) -> None:
    line = ends(fresh(lisen="127.0.0.1:1"))
    assert "lisen" in line and "listen" in line, "the line suggests a setting"


def test_a_malformed_file_is_refused(fresh: Callable[..., Server]) -> None:
    server = fresh()
    server.config.write_text('password = "unfinished secret\n')
    line = ends(server)
    assert "line 1" in line and "secret" not in line


def test_a_missing_file_is_reported(fresh: Callable[..., Server]) -> None:
    server = fresh()
    server.config.unlink()
    assert "cardea.toml" in ends(server)


def test_an_address_in_use_is_reported(fresh: Callable[..., Server]) -> None:
    first = fresh().start()
    line = ends(fresh(listen=f"127.0.0.1:{first.ports['tls']}"))
    assert "listen" in line and str(first.ports["tls"]) in line


def test_a_data_folder_in_use_is_reported(fresh: Callable[..., Server]) -> None:
    first = fresh().start()
    second = fresh()
    second.data = first.data
    assert "data" in ends(second)


@pytest.mark.parametrize("what", ["missing", "another", "damaged"])
def test_the_key_ring_must_be_that_of_the_installation(fresh: Callable[..., Server], what: str) -> None:
    first, second = fresh().start(), fresh().start()
    assert (first.stop(), second.stop()) == (0, 0)
    ring = first.data / "keyring.toml"
    before = ring.read_bytes()
    if what == "missing":
        ring.unlink()
    elif what == "another":
        shutil.copy(second.data / "keyring.toml", ring)
    else:
        ring.write_text("nonsense")
    line = ends(first)
    assert "keyring" in line and "nonsense" not in line
    assert not ring.exists() if what == "missing" else True, "no new key ring may be made"
    ring.write_bytes(before)
    first.start()


@pytest.mark.parametrize("lost", ["index.db", "blobs"])
def test_index_and_store_must_belong_together(fresh: Callable[..., Server], lost: str) -> None:
    server = fresh().start()
    client = S3(server.tls, people.OWNER)
    client.create_bucket("bucket")
    client.put("bucket", "object", b"x" * 100_000)
    assert server.stop() == 0
    for path in server.data.glob(f"{lost}*"):
        path.rename(server.folder / path.name)
    ends(server)


def test_a_key_ring_is_exported_and_imported(fresh: Callable[..., Server]) -> None:
    server = fresh().start()
    client = S3(server.tls, people.OWNER)
    client.create_bucket("bucket")
    client.put("bucket", "object", b"body")
    assert server.stop() == 0
    (server.folder / "passphrase").write_text("a long passphrase\n")

    def keyring(*words: str) -> subprocess.CompletedProcess[str]:
        command = [places.binary(), "keyring", *words, "--data", server.data, "--passphrase-file", "passphrase"]
        return subprocess.run(
            [str(word) for word in command], cwd=server.folder, env=clean_environment(), capture_output=True, text=True, timeout=120
        )  # fmt: skip

    exported = keyring("export")
    assert exported.returncode == 0, exported.stderr
    (server.folder / "export").write_text(exported.stdout)
    ring = server.data / "keyring.toml"
    assert not any(line in exported.stdout for line in ring.read_text().splitlines() if len(line) > 30)
    assert keyring("import", "export").returncode == 2, "an existing key ring is never overwritten"
    before = ring.read_bytes()
    ring.unlink()
    (server.folder / "passphrase").write_text("another\n")
    assert keyring("import", "export").returncode != 0 and not ring.exists()
    (server.folder / "passphrase").write_text("a long passphrase\n")
    assert keyring("import", "export").returncode == 0
    assert ring.stat().st_mode & 0o777 == 0o600
    assert before != b"" and server.start()
    assert S3(server.tls, people.OWNER).get("bucket", "object").body == b"body"


def test_a_key_ring_is_made_in_advance(fresh: Callable[..., Server]) -> None:
    server = fresh()
    ring = server.folder / "rings" / "keyring.toml"
    command = [places.binary(), "keyring", "generate", "--keyring", ring]
    done = subprocess.run(command, cwd=server.folder, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and str(ring) in done.stdout, done.stderr
    made = ring.read_text()
    assert ring.stat().st_mode & 0o777 == 0o600 and not any(line in done.stdout for line in made.splitlines() if len(line) > 30)
    again = subprocess.run(command, cwd=server.folder, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert again.returncode == 2 and again.stderr.startswith("cardea: keyring: found a file"), "an existing key ring is never overwritten"
    server.config.write_text(server.config.read_text().replace("listen", f'keyring = "{ring}"\nlisten', 1))
    server.start()
    assert ring.read_text() == made and not (server.data / "keyring.toml").exists()


def test_the_settings_are_documented_as_they_are() -> None:
    done = subprocess.run([places.binary(), "config", "docs"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout == (places.ROOT / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_start(fresh: Callable[..., Server], sign: signal.Signals) -> None:
    server = fresh().start()
    assert server.process is not None
    os.kill(server.process.pid, sign)
    assert server.wait() == 0


def test_a_start_without_a_listener_is_refused(fresh: Callable[..., Server]) -> None:
    assert "listen" in ends(fresh(listen="off", plain_listen="off"))


def test_a_data_folder_that_cannot_be_made_is_reported(fresh: Callable[..., Server], tmp_path: Path) -> None:
    server = fresh()
    (tmp_path / "file").write_text("")
    server.data = tmp_path / "file" / "data"
    assert "data" in ends(server)
