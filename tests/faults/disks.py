"""Small disks for tests. A tmpfs is a real file system: it can fill up, and be mounted read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Disk:
    """A tmpfs that is mounted."""

    def __init__(self, path: Path, mib: int) -> None:
        path.mkdir(parents=True)
        self.path = path
        self._mount("-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "cardea-test", path)

    def _mount(self, *words: str | Path) -> None:
        done = subprocess.run(["mount", *words], capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"this test mounts a disk of its own, and may not: run it as root ({done.stderr.strip()})")

    def writable(self, yes: bool) -> None:
        """Mounts it again, read-only or writable."""
        self._mount("-o", f"remount,{'rw' if yes else 'ro'}", self.path)

    def grow(self, mib: int) -> None:
        self._mount("-o", f"remount,size={mib}m", self.path)

    @property
    def free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self) -> Path:
        """Takes all free space, as another program on the disk would."""
        filler = self.path / "filler"
        with filler.open("ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    if not file.write(b"x" * size):
                        size //= 2
                except OSError:
                    size //= 2
        assert self.free < 8192
        return filler

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.path], check=True)


Mount = Callable[..., Disk]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts disks that are unmounted after the test."""
    disks: list[Disk] = []

    def make(name: str, mib: int) -> Disk:
        disks.append(Disk(tmp_path / name, mib))
        return disks[-1]

    yield make
    for each in disks:
        each.unmount()
