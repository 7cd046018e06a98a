"""Runs `cardea backup`, `restore`, `migrate-index` and related commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import places
from .server import Server, clean_environment, files_below


@dataclass
class Ran:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """Its error, which is one line."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("cardea: ")]
        return line.removeprefix("cardea: ")


@dataclass
class Taken:
    """A finished backup."""

    id: str
    rows: int
    chunks: int
    written: int


def start(server: Server, *words: str) -> subprocess.Popen[str]:
    """Starts a command with the server's configuration."""
    return subprocess.Popen(
        [places.binary(), *words, "--config", server.config, "--data", server.data],
        cwd=server.folder,
        env={**clean_environment(), **server.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(server: Server, *words: str) -> Ran:
    """Runs a command with the server's configuration, and accepts any result."""
    process = start(server, *words)
    out, err = process.communicate(timeout=300)
    return Ran(process.returncode, out, err)


def well(server: Server, *words: str) -> str:
    """Runs a command that must succeed, and returns its output."""
    ran = run(server, *words)
    assert ran.code == 0, f"{words} ended with {ran.code}:\n{ran.out}{ran.err}"
    return ran.out


def backup(server: Server, *words: str) -> Taken:
    """Takes a backup."""
    said = well(server, "backup", *words)
    found = re.match(r"(\S+): (\d+) rows in (\d+) chunks, (\d+) of them new", said)
    assert found, said
    return Taken(found[1], int(found[2]), int(found[3]), int(found[4]))


def lose_index(server: Server) -> None:
    """Deletes the index, as a lost disk would."""
    for path in server.data.glob("index.db*"):
        path.unlink()


def another_machine(server: Server, other: Server) -> None:
    """Copies the store and the key ring to an empty machine, and nothing more."""
    other.data.mkdir(mode=0o700)
    shutil.copytree(server.data / "blobs", other.data / "blobs")
    shutil.copy(server.data / "keyring.toml", other.data / "keyring.toml")


def chunks(server: Server) -> list[Path]:
    """The chunks of all backups."""
    return sorted(files_below(server.data / "blobs" / "backups" / "chunks"))


def sets(server: Server) -> list[str]:
    """The backups that the store lists by name."""
    return sorted(path.name for path in (server.data / "blobs" / "backups" / "sets").glob("*") if any(path.iterdir()))


def blobs(server: Server) -> set[Path]:
    """The sealed blobs in the store."""
    return files_below(server.data / "blobs" / "blobs")
