"""Runs one command with a time limit, and ends everything that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 10
"""The time that a command has to end after an interrupt."""


class Stopped(Exception):
    """The whole run is being ended, for instance by Ctrl-C."""


@dataclass(frozen=True)
class Ended:
    """The end of a command."""

    code: int
    in_time: bool
    seconds: float
    processor_seconds: float
    """The processor time of the command and of all its children that were waited for."""


class Commands:
    """Runs commands, each in a process group of its own, so that its children end with it. `stop` ends all
    that run."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def raise_if_stopped(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def run(
        self,
        command: list[str],
        log: Path,
        *,
        folder: Path,
        seconds: float,
        environment: dict[str, str] | None = None,
        niceness: int = 0,
    ) -> Ended:
        """Runs a command to its end, and appends its output to the log."""
        self.raise_if_stopped()
        started = time.monotonic()
        if niceness:
            command = ["nice", "-n", str(niceness), *command]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        usage = self._wait(process, started + seconds)
        in_time = usage is not None
        if usage is None:
            usage = _end(process)
        _signal_group(process, signal.SIGKILL)  # Children that it has not ended.
        self.raise_if_stopped()
        return Ended(process.returncode, in_time, time.monotonic() - started, usage)

    def _wait(self, process: subprocess.Popen[bytes], deadline: float) -> float | None:
        """The processor time of the command, or none when it has to be ended."""
        while (usage := _reap(process)) is None:
            if self._stopping.is_set() or time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        return usage


def _reap(process: subprocess.Popen[bytes]) -> float | None:
    """The processor time of a process that has ended."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _end(process: subprocess.Popen[bytes]) -> float:
    """Interrupts the command, so that pytest ends its servers and unmounts its disks. If it does not end, it
    is killed."""
    _signal_group(process, signal.SIGINT)
    deadline = time.monotonic() + GRACE_SECONDS
    while (usage := _reap(process)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal_group(process, signal.SIGKILL)
    while usage is None:
        time.sleep(0.05)
        usage = _reap(process)
    return usage


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
