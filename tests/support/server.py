"""Runs the real program."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from . import below, people, places
from .ports import free_ports
from .wire import Address

START_SECONDS = 180
STOP_SECONDS = 180
ANSWER_SECONDS = 60
"""These limits only detect that the whole machine hangs. No test measures speed by them."""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Server:
    """One running gateway: TLS, plain HTTP and management on free ports, data in a folder of its own."""

    def __init__(
        self, folder: Path, *, accounts: bool = True, environment: dict[str, str] | None = None, **settings: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        under = below.place(folder, settings)
        self.environment = {**under.environment, **(environment or {})}
        self.folder, self.data, self.log_file = folder, folder / "data", folder / "log"
        tls, plain, management = free_ports(3)
        self.settings = {
            "listen": f"127.0.0.1:{tls}",
            "plain_listen": f"127.0.0.1:{plain}",
            "management_listen": f"127.0.0.1:{management}",
            "log_level": "trace",
            **under.settings,
            **settings,
        }
        self.ports = {"tls": tls, "plain": plain, "management": management}
        lines = [f"{name} = {_toml(value)}" for name, value in self.settings.items()]
        self.config = folder / "cardea.toml"
        self.config.write_text("\n".join(lines) + "\n" + (people.toml() if accounts else ""))
        self.process: subprocess.Popen[bytes] | None = None

    # Its addresses.

    @property
    def tls(self) -> Address:
        return Address(self.ports["tls"], ca=self.ca)

    @property
    def plain(self) -> Address:
        return Address(self.ports["plain"])

    @property
    def management(self) -> Address:
        return Address(self.ports["management"])

    @property
    def ca(self) -> Path:
        """The CA that the server made on its first start."""
        return self.data / "tls" / "ca.crt"

    def credentials(self) -> dict[str, str]:
        """The variables that `credentials.env` exports."""
        return read_env(self.data / "credentials.env")

    # Starting and stopping.

    def start(self) -> "Server":
        """Starts the server and waits until it is ready."""
        self.spawn()
        return self.wait_until_ready()

    def wait_until_ready(self) -> "Server":
        """Waits until the started server is ready."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.log()[-4000:]}")
            time.sleep(0.02)
        return self

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [places.binary(), "serve", "--config", self.config, "--data", self.data],
                cwd=self.folder,
                env={**clean_environment(), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.process

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.management.url}/readyz", timeout=ANSWER_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def readiness(self) -> tuple[int, str]:
        """The answer of `/readyz`."""
        try:
            with urllib.request.urlopen(f"{self.management.url}/readyz", timeout=ANSWER_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def is_unready(self, why: str) -> bool:
        """Whether `/readyz` reports that the server is not ready, and this reason. On a slow machine the
        reason may be that checks take too long."""
        said = self.readiness()
        return said in [(503, f"not ready: {each}\n") for each in (why, "index or blob store do not answer in time")]

    def metric(self, series: str) -> float:
        """The value of a series, such as `cardea_operations_total{operation="PutObject",outcome="done"}`. It
        is 0 when the series does not exist."""
        values = [line.rpartition(" ")[2] for line in self.metrics().splitlines() if line.rpartition(" ")[0] == series]
        return float(values[0]) if values else 0.0

    def terminate(self) -> None:
        """Asks the server to drain, and does not wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Waits until the server has ended."""
        assert self.process is not None
        return self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """Drains the server and waits."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """Kills the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # Its log, metrics and files.

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def metrics(self) -> str:
        with urllib.request.urlopen(f"{self.management.url}/metrics", timeout=ANSWER_SECONDS) as answer:
            return answer.read().decode()

    def blob_files(self) -> list[Path]:
        """The sealed blobs on disk."""
        return sorted(p for p in files_below(self.data / "blobs") if p.suffix not in (".json", ".lock"))

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


def files_below(folder: Path) -> set[Path]:
    """All files. A gateway removes empty folders of a dead one meanwhile: `rglob` would fail then, `os.walk`
    does not."""
    return {Path(at) / name for at, _, names in os.walk(folder) for name in names}


def read_env(path: Path) -> dict[str, str]:
    """The variables that a shell file exports."""
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if match := re.match(r"\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)", line):
            found[match[1]] = "".join(shlex.split(match[2]))
    return found


def clean_environment() -> dict[str, str]:
    """The environment of this process, without the variables that configure a client or the server."""
    ours = ("AWS_", "AZURE_", "AZURITE_", "GOOGLE_", "OS_", "ST_", "CARDEA_", "SWIFT", "REQUESTS_CA", "SSL_CERT", "CURL_CA")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    kept["PATH"] = os.pathsep.join([str(places.VENV_BIN), str(places.TOOLS_BIN), kept.get("PATH", "")])
    for name in list(kept):
        if name.lower().endswith("_proxy"):
            del kept[name]
    kept["PYTHONWARNINGS"] = "ignore"
    return kept
