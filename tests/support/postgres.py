"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import functools
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .places import ROOT
from .ports import free_ports
from .waiting import wait_until

USER = "cardea"
"""The superuser of the tests, whom the server trusts."""


@functools.cache
def programs() -> Path:
    """The folder of PostgreSQL's programs. If they are missing, they are installed."""
    installed = subprocess.run([ROOT / "tests/support/install_postgresql"], stdout=subprocess.PIPE, text=True)
    assert installed.returncode == 0, "PostgreSQL cannot be installed"
    return Path(installed.stdout.strip())


class Postgres:
    """A cluster in a folder of its own. If the tests run as root, its server runs as another user, because
    PostgreSQL demands it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cardea-postgres-", dir="/tmp"))
        self.folder.chmod(0o700)
        self._as: list[str] = []
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        self.log = self.folder / "log"
        self._numbers = itertools.count(1)
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", self.data)
        (self.port,) = free_ports(1)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [*self._as, programs() / program, *arguments], cwd="/", capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{program} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, **settings: str | int) -> "Postgres":
        """Starts the server. A commit survives the end of the process, but not that of the machine."""
        given = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": str(self.folder),
            "max_connections": 300,
            "shared_buffers": "128MB",
            "fsync": "off",
            **settings,
        }
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        with open(os.open(self.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644), "ab") as log:
            self.process = subprocess.Popen(
                [*self._as, programs() / "postgres", "-D", self.data, *words],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        ready = [programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server. By default it stops at once, with its connections. SIGKILL is a crash."""
        if self.process is None or self.process.poll() is not None:
            return
        if how == signal.SIGKILL:
            # The postmaster does not end its children: they end when they notice that it is gone.
            self.process.kill()
        else:
            self.process.send_signal(how)
        self.process.wait(180)
        wait_until(lambda: how != signal.SIGKILL or self._is_alone())

    def _is_alone(self) -> bool:
        """Whether no backend of a killed server is left: beside one, a new server refuses to start."""
        done = subprocess.run(["pgrep", "-f", f"^postgres: .*|{self.data}"], capture_output=True, text=True)
        mine = [pid for pid in done.stdout.split() if _cwd(pid) == self.data]
        return not mine

    def remove(self) -> None:
        """Stops the server and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Runs SQL as the superuser, and returns bare rows."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where, "-c", sql).strip()

    def session(self, database: str) -> subprocess.Popen[str]:
        """A session of the superuser. It reads SQL and writes bare rows."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        words = [*self._as, programs() / "psql", "-X", "-q", "-A", "-t", *where]
        return subprocess.Popen(words, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def database(self) -> str:
        """Makes a database and returns its name."""
        name = f"cardea_{os.getpid()}_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name}")
        return name

    def dump(self, database: str) -> bytes:
        """The whole contents of a database, to be searched. Bytes are raw and not in hexadecimal."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, database]
        text = self._run("pg_dump", "--data-only", *where)
        return re.sub(rb"\\\\x([0-9a-f]*)", lambda found: bytes.fromhex(found[1].decode()), text.encode())

    def url(self, database: str, port: int | None = None) -> str:
        """The URL of a database for a gateway. With a proxy in between, it has the port of the proxy."""
        return f"postgres://{USER}@127.0.0.1:{port or self.port}/{database}?sslmode=disable"


def _cwd(pid: str) -> Path | None:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None
