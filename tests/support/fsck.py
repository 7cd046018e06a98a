"""Runs `cardea fsck` on a stopped server."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from . import places
from .server import Server, clean_environment


@dataclass
class Checked:
    """What it said."""

    code: int
    report: dict[str, Any]
    stderr: str

    @property
    def kinds(self) -> list[str]:
        return sorted({finding["kind"] for finding in self.report["findings"]})


def fsck(server: Server, *words: str) -> Checked:
    """Checks the server's installation. A report that cannot be made is empty."""
    done = subprocess.run(
        [places.binary(), "fsck", "--json", "--config", server.config, "--data", server.data, *words],
        cwd=server.folder,
        env={**clean_environment(), **server.environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )
    return Checked(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)


def assert_sound(server: Server, *words: str) -> Checked:
    """Nothing is wrong with the installation. Something may be left over in it."""
    checked = fsck(server, *words)
    assert checked.code == 0, f"{checked.stderr}\n{json.dumps(checked.report['findings'][:20], indent=1)}"
    assert checked.report["findings"] == [] and checked.report["count"] == 0
    return checked


def assert_clean(server: Server, *words: str) -> Checked:
    """Nothing is wrong with the installation, and nothing is left over in it."""
    checked = assert_sound(server, *words)
    assert checked.report["leftovers"] == {"blobs": 0, "bytes": 0, "unfinished": 0}, checked.report["leftovers"]
    return checked
