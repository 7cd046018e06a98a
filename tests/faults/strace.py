"""`strace` reports the system calls of a program, and can make the kernel refuse them."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.places import ROOT


def strace() -> str:
    """The program: that of the system, or Debian's in `.test-env`."""
    if found := shutil.which("strace"):
        return found
    installed = subprocess.run([ROOT / "tests/faults/install_strace"], stdout=subprocess.PIPE, text=True)
    assert installed.returncode == 0, "strace cannot be installed"
    return installed.stdout.strip()


class Refusal:
    """While it exists, the kernel refuses some calls of a running program with an error."""

    def __init__(self, pid: int, calls: str, error: str, paths: Iterable[Path] = ()) -> None:
        where = [word for path in paths for word in ("-P", str(path))]
        refuse = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
        self.process = subprocess.Popen(
            [strace(), "-f", "-p", str(pid), *where, *refuse, "-o", "/dev/null"], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        if "attached" not in said:
            pytest.fail(f"this test watches another process, and may not: run it as root ({said.strip()})")
        time.sleep(0.3)  # Every thread is attached by itself.

    def __enter__(self) -> "Refusal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
