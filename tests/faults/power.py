"""A disk whose power can be cut. Bytes that were not synced may be lost, all of them or any part.

The bytes of a file are safe once the file is synced, a name once its folder is synced. The model loses more
than most file systems do. What it keeps, every file system keeps.
"""

from __future__ import annotations

import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from faults.recording import Call

SECTOR = 512


@dataclass
class File:
    """A file: its bytes on the disk, and the writes that are not synced. A write is an offset and bytes, or a
    length to which the file was cut."""

    disk: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)
    synced: int = 0

    def sync(self, mark: int) -> None:
        """Makes the changes before a mark safe. The mark counts from the first change of the file."""
        count = max(0, mark - self.synced)
        for change in self.pending[:count]:
            apply(self.disk, change)
        del self.pending[:count]
        self.synced += count

    def after(self, chance: random.Random | None) -> bytes:
        """The bytes after a cut: those that were synced, and by chance some of the others, whole or torn."""
        data = bytearray(self.disk)
        for change in self.pending if chance else ():
            if chance.random() < 0.5:
                continue
            if isinstance(change, tuple) and chance.random() < 0.3:
                offset, written = change
                change = (offset, written[: chance.randrange(len(written) // SECTOR + 1) * SECTOR])
            apply(data, change)
        return bytes(data)


def apply(data: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del data[change:]
        data.extend(bytes(change - len(data)))
        return
    offset, written = change
    data.extend(bytes(max(0, offset - len(data))))
    data[offset : offset + len(written)] = written


@dataclass
class Folder:
    """A folder: its names now, its names on the disk, and the changes between the two. Each change has names
    and their new files."""

    now: dict[str, "File | Folder"] = field(default_factory=dict)
    disk: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[dict[str, "File | Folder | None"]] = field(default_factory=list)
    synced: int = 0

    def change(self, names: dict[str, "File | Folder | None"]) -> None:
        put(self.now, names)
        self.pending.append(names)

    def sync(self, mark: int) -> None:
        count = max(0, mark - self.synced)
        for names in self.pending[:count]:
            put(self.disk, names)
        del self.pending[:count]
        self.synced += count

    def after(self, chance: random.Random | None) -> dict[str, "File | Folder"]:
        entries = dict(self.disk)
        for names in self.pending if chance else ():
            if chance.random() < 0.5:
                put(entries, names)
        return entries


def put(entries: dict, names: dict) -> None:
    for name, entry in names.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry


class Disk:
    """The files of a folder, as the system calls of a program make them."""

    def __init__(self, root: Path) -> None:
        self.root, self.top = str(root), Folder()
        self._positions: dict[tuple[int, str], int] = {}
        self._syncing: dict[str, int] = {}

    def at(self, path: str) -> "File | Folder | None":
        """The file or folder of a path now."""
        entry: File | Folder | None = self.top
        for name in self._names(path):
            entry = entry.now.get(name) if isinstance(entry, Folder) else None
        return entry

    def _names(self, path: str) -> list[str]:
        return [name for name in path.removeprefix(self.root).split("/") if name]

    def _parent(self, path: str) -> tuple[Folder, str]:
        folder = self.at(str(PurePosixPath(path).parent))
        assert isinstance(folder, Folder), path
        return folder, PurePosixPath(path).name

    def _ours(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root + "/")

    def apply(self, call: Call) -> None:
        """Applies one call."""
        if call.name in ("fsync", "fdatasync"):
            self._sync(call)
        elif call.name == "openat":
            self._open(call)
        elif call.name in ("write", "pwrite64"):
            self._write(call)
        elif call.name == "ftruncate":
            if isinstance(file := self._file(call.folder), File):
                file.pending.append(call.last)
        elif call.name in ("mkdir", "mkdirat"):
            folder, name = self._parent(call.paths[0])
            folder.change({name: Folder()})
        elif call.name in ("unlink", "unlinkat", "rmdir"):
            if self._ours(path := self._named(call)[0]):
                folder, name = self._parent(path)
                folder.change({name: None})
        elif call.name in ("rename", "renameat", "renameat2", "link", "linkat"):
            self._rename(call, keeps=call.name.startswith("link"))
        elif call.name == "mmap":
            assert "PROT_WRITE" not in call.arguments or "MAP_PRIVATE" in call.arguments or "-shm>" in call.arguments, call
        else:
            raise AssertionError(f"the model does not know {call.name}({call.arguments[:300]})")

    def _named(self, call: Call) -> list[str]:
        """Paths, which may be relative to an open folder."""
        folders = FOLDERS.findall(call.arguments)
        paths = call.paths
        return [path if path.startswith("/") else f"{folder}/{path}" for path, folder in zip(paths, folders or [""] * len(paths))]

    def _file(self, path: str) -> "File | Folder | None":
        return self.at(path) if self._ours(path) else None

    def _open(self, call: Call) -> None:
        path = self._named(call)[0]
        if not self._ours(path) or path == self.root:
            return
        folder, name = self._parent(path)
        if "O_CREAT" in call.arguments and name not in folder.now:
            folder.change({name: File()})
        entry = folder.now.get(name)
        if "O_TRUNC" in call.arguments and isinstance(entry, File):
            entry.pending.append(0)
        self._positions[(call.result, path)] = 0

    def _write(self, call: Call) -> None:
        file = self._file(call.folder)
        if not isinstance(file, File):
            return
        (data,) = call.strings
        data = data[: call.result]
        if call.name == "pwrite64":
            offset = call.last
        else:
            # A plain write goes on where the one before ended: no program here appends to a file of another.
            key = (int(call.arguments.partition("<")[0]), call.folder)
            offset = self._positions.get(key, 0)
            self._positions[key] = offset + len(data)
        file.pending.append((offset, data))

    def _sync(self, call: Call) -> None:
        entry = self._file(call.folder)
        if entry is None:
            return
        mark = entry.synced + len(entry.pending)
        if call.started:
            self._syncing[call.thread] = mark
            return
        # Writes during the sync are not safe by it.
        entry.sync(self._syncing.pop(call.thread, mark))

    def _rename(self, call: Call, keeps: bool) -> None:
        old, new = self._named(call)
        folder, name = self._parent(old)
        target, wanted = self._parent(new)
        assert folder is target, "the model knows of no renames between folders"
        entry = folder.now[name]
        folder.change({wanted: entry} if keeps else {name: None, wanted: entry})

    def after(self, into: Path, chance: random.Random | None) -> None:
        """Writes the files as they are after a cut: none of the changes without sync, or a random part of
        them."""
        write(self.top, into, chance)


FOLDERS = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, (?=\")")


def write(folder: Folder, into: Path, chance: random.Random | None) -> None:
    into.mkdir(mode=0o700)
    for name, entry in folder.after(chance).items():
        if isinstance(entry, Folder):
            write(entry, into / name, chance)
        elif not name.endswith("-shm"):
            with os.fdopen(os.open(into / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(entry.after(chance))
