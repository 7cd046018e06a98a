"""A program's changes of files, as `strace` reports them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WATCHED = (
    "openat,creat,write,pwrite64,writev,pwritev,pwritev2,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
    "rmdir,mkdir,mkdirat,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,copy_file_range,sync,syncfs,msync,mmap"
)
"""Every call that changes files, or syncs them."""
LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)", re.DOTALL)
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<.*>)?(?: .*)?", re.DOTALL)
FD = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?', re.DOTALL)


def command(strace: str, log: Path) -> list[str]:
    """The words before a command that let strace write its calls to a file."""
    words = [strace, "-f", "-ttt", "-y", "-x", "-s", "8000000", "--seccomp-bpf", "-e", "signal=none"]
    return [*words, "-o", str(log), "-e", f"trace={WATCHED}"]


@dataclass(frozen=True)
class Call:
    """A call, and the time of its line."""

    at: float
    name: str
    arguments: str
    result: int
    thread: str
    started: bool
    """True for the beginning of a call that others overlapped. Its end comes later, with False."""

    @property
    def folder(self) -> str:
        """The path of the first argument, which is a file."""
        found = FD.match(self.arguments)
        assert found, self
        return found[1]

    @property
    def strings(self) -> list[bytes]:
        found = []
        for text, cut in STRING.findall(self.arguments):
            assert not cut, "a string was cut off"
            found.append(literal(text))
        return found

    @property
    def paths(self) -> list[str]:
        """The paths that the call names."""
        return [text.decode() for text in self.strings]

    @property
    def last(self) -> int:
        """The last argument, a number."""
        return int(self.arguments.rpartition(",")[2])


def literal(text: str) -> bytes:
    """The bytes of a string in C's spelling."""
    if text.startswith("\\x") and len(text) % 4 == 0 and text.count("\\x") * 4 == len(text):
        return bytes.fromhex(text.replace("\\x", ""))
    return ast.literal_eval(f'b"{text}"')


def calls(log: Path, within: Path) -> Iterator[Call]:
    """The calls on a folder, in the order of their ends, and the beginnings of syncs."""
    pending: dict[str, str] = {}
    with log.open(errors="surrogateescape", newline="\n") as lines:
        for line in lines:
            found = LINE.match(line.rstrip("\n"))
            if not found:
                continue
            thread, at, text = found[1], float(found[2]), found[3]
            if text.endswith("<unfinished ...>"):
                text = text.removesuffix("<unfinished ...>").rstrip()
                pending[thread] = text
                if text.startswith(("fsync", "fdatasync")) and str(within) in text:
                    name, _, arguments = text.partition("(")
                    yield Call(at, name, arguments, 0, thread, started=True)
                continue
            if text.startswith("<... "):
                text = pending.pop(thread) + text.partition("resumed>")[2]
            if str(within) not in text:
                continue
            call = CALL.fullmatch(text)
            # A killed process leaves a call without an end.
            if call and int(call[3]) >= 0:
                yield Call(at, call[1], call[2], int(call[3]), thread, started=False)
