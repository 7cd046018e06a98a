"""The resources that a server uses, and many clients at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from support.server import Server
from support.waiting import wait_until
from support.wire import Address


def memory(server: Server, what: str = "VmRSS") -> int:
    """Its memory in bytes: now (`VmRSS`), or at most until now (`VmHWM`)."""
    assert server.process is not None
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(what)


def open_files(server: Server) -> int:
    """The number of its open descriptors."""
    assert server.process is not None
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def cpu_seconds(server: Server) -> float:
    """The processor time that it has used."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connections(server: Server) -> int:
    """The number of client connections in its metrics."""
    for line in server.metrics().splitlines():
        if line.startswith("cardea_http_connections ") or line.startswith("http_connections "):
            return int(line.split()[1])
    raise KeyError("http_connections")


class Crowd:
    """Idle TLS connections in a process of their own: one process has not enough files for both ends."""

    def __init__(self, address: Address, count: int) -> None:
        assert address.ca is not None
        line = [sys.executable, Path(__file__).with_name("idle.py"), str(address.port), address.ca, str(count)]
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Crowd":
        """Waits until all are open."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said == "open\n", said
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def settles(server: Server, count: int) -> None:
    """Waits until the server has so many client connections."""
    wait_until(lambda: connections(server) == count)


def quiet_cpu(server: Server, seconds: float) -> float:
    """The share of one processor that the server uses without requests."""
    before = cpu_seconds(server)
    time.sleep(seconds)
    return (cpu_seconds(server) - before) / seconds
