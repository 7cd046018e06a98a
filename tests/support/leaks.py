"""Searches for customer keys and other secrets in places where none may be."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import quote

_BLOCK = 8 << 20


@dataclass(frozen=True)
class Leak:
    """A form of a key that was found, and its location."""

    form: str
    where: str
    offset: int


class Hidden(Protocol):
    """A secret that may be nowhere."""

    def leaks(self) -> dict[str, bytes]:
        """Every form in which it could be found, by name."""


@dataclass(frozen=True)
class Secret:
    """A secret that is text: a password, a token, a signature."""

    text: str

    def leaks(self) -> dict[str, bytes]:
        """Every form in which it could be found, by name."""
        encoded = quote(self.text, safe="")
        forms = {
            "text": self.text,
            "URL-encoded": encoded,
            "URL-encoded, lower case": re.sub("%..", lambda m: m[0].lower(), encoded),
            "base64": base64.b64encode(self.text.encode()).decode().rstrip("="),
        }
        return {f"{name} of a secret": form.encode() for name, form in forms.items()}


class Search:
    """Searches for all forms of many keys. `grep` finds the forms that are text, in one pass."""

    def __init__(self, keys: Iterable[Hidden]) -> None:
        forms = [(form, name) for key in keys for name, form in key.leaks().items()]
        self._text = {form: name for form, name in forms if "raw" not in name}
        self._raw = {form: name for form, name in forms if "raw" in name}
        self._longest = max(map(len, self._raw), default=1)

    def in_folder(self, folder: Path) -> list[Leak]:
        """Searches every file below a folder, and the names of the files."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        names = "\n".join(map(str, files)).encode()
        return [*self._grep(folder), *self.in_bytes("the files' names", names), *self._raw_in(files)]

    def in_bytes(self, where: str, data: bytes) -> list[Leak]:
        forms = {**self._text, **self._raw}
        return [Leak(name, where, at) for form, name in forms.items() if (at := data.find(form)) >= 0]

    def _grep(self, folder: Path) -> list[Leak]:
        found = _grep(self._text, ["-r", "-H", "-Z", str(folder)])
        leaks = []
        for line in found.splitlines():
            where, _, rest = line.partition(b"\0")
            offset, _, form = rest.partition(b":")
            leaks.append(Leak(self._text[form], os.fsdecode(where), int(offset)))
        return leaks

    def _raw_in(self, files: list[Path]) -> list[Leak]:
        """Raw bytes may contain line ends, which `grep` cannot search for. So it searches the files in
        hexadecimal."""
        forms = {form.hex().encode(): name for form, name in self._raw.items()}
        leaks: list[Leak] = []
        with tempfile.TemporaryFile() as text:
            where = []
            for path in files:
                for block in _blocks(path, overlap=self._longest - 1):
                    text.write(block.hex().encode() + b"\n")
                    where.append(path)
            text.seek(0)
            for line in _grep(forms, ["-n", "-"], stdin=text).splitlines():
                number, offset, form = line.split(b":")
                # A match that begins in the middle of a byte does not count. Offsets include the line ends
                # before it.
                if (int(offset) - (int(number) - 1)) % 2 == 0:
                    leaks.append(Leak(forms[form], str(where[int(number) - 1]), int(offset) // 2))
        return leaks


def _blocks(path: Path, overlap: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        tail = b""
        while block := file.read(_BLOCK):
            yield tail + block
            tail = block[-overlap:]


def _grep(forms: Iterable[bytes], arguments: list[str], stdin: IO[bytes] | None = None) -> bytes:
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(forms) + b"\n")
        patterns.flush()
        done = subprocess.run(
            ["grep", "-a", "-b", "-o", "-F", "-f", patterns.name, *arguments],
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    assert done.returncode in (0, 1), f"grep failed: {done.stderr!r}"
    return done.stdout


def assert_none(keys: Iterable[Hidden], folder: Path, texts: dict[str, bytes]) -> None:
    """Fails when a folder or a text contains any form of a key."""
    search = Search(keys)
    found = search.in_folder(folder)
    for where, text in texts.items():
        found += search.in_bytes(where, text)
    assert not found, f"{len(found)} traces of customer keys or secrets, such as {found[:5]}"
