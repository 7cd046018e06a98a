"""The model of the disk itself. It must lose bytes that a program did not sync: otherwise the tests with it
would prove nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from faults.power import Disk
from faults.recording import calls, command
from faults.strace import strace

PROGRAM = """
import os, sys
at = lambda name: os.path.normpath(os.path.join(sys.argv[1], name))
def write(name, *parts, sync=False):
    fd = os.open(at(name), os.O_WRONLY | os.O_CREAT, 0o600)
    for offset, data in parts:
        os.pwrite(fd, data, offset)
    if sync:
        os.fsync(fd)
    os.close(fd)
def sync(folder):
    fd = os.open(at(folder), os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
os.mkdir(at("lost")); write("lost/file", (0, b"x"), sync=True)
write("named", (0, b"bytes that were not synced"))
write("whole", (0, b"a" * 5000), (2500, b'\\x00"\\\\'), sync=True)
write("renamed.new", (0, b"new"), sync=True); write("renamed", (0, b"old"), sync=True)
write("removed", (0, b"was removed"), sync=True)
write("linked.tmp", (0, b"linked"), sync=True); os.link(at("linked.tmp"), at("linked"))
sync(".")
os.rename(at("renamed.new"), at("renamed"))
os.unlink(at("removed"))
os.unlink(at("linked.tmp"))
write("unnamed", (0, b"synced, but not its name"), sync=True)
write("whole", (0, b"b" * 1024))
"""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_bytes_without_a_sync_may_be_lost(tmp_path: Path) -> None:
    root, log = tmp_path / "disk", tmp_path / "calls"
    root.mkdir()
    subprocess.run([*command(strace(), log), sys.executable, "-c", PROGRAM, root], check=True)
    disk = Disk(root)
    for call in calls(log, root):
        disk.apply(call)
    whole = b"a" * 2500 + b'\x00"\\' + b"a" * 2497
    least = {
        "named": b"",
        "whole": whole,
        "renamed.new": b"new",
        "renamed": b"old",
        "removed": b"was removed",
        "linked.tmp": b"linked",
        "linked": b"linked",
    }
    disk.after(tmp_path / "least", None)
    assert files(tmp_path / "least") == least
    assert (tmp_path / "least" / "lost").is_dir()
    seen: dict[str, set[bytes | None]] = {}
    for number in range(60):
        into = tmp_path / f"by-chance-{number}"
        disk.after(into, random.Random(number))
        found = files(into)
        for name in {*least, "unnamed", "lost/file"}:
            seen.setdefault(name, set()).add(found.get(name))
    assert seen["named"] >= {b"", b"bytes that were not synced"}
    assert seen["unnamed"] == {None, b"synced, but not its name"}
    assert seen["removed"] == {None, b"was removed"}
    assert seen["renamed"] == {b"old", b"new"} and seen["linked"] == {b"linked"} and seen["linked.tmp"] == {None, b"linked"}
    assert {whole, b"b" * 1024 + whole[1024:], b"b" * 512 + whole[512:]} <= seen["whole"], "torn writes too"
