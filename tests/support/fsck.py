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
    """The result of a check."""

    code: int
    report: dict[str, Any]
    stderr: str

    @property
    def kinds(self) -> list[str]:
        return sorted({finding["kind"] for finding in self.report["findings"]})


def fsck(server: Server, *words: str) -> Checked:
    """Checks the server's installation. If there is no report, it is empty."""
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
    """The installation has no errors. It may have leftovers."""
    checked = fsck(server, *words)
    assert checked.code == 0, f"{checked.stderr}\n{json.dumps(checked.report['findings'][:20], indent=1)}"
    assert checked.report["findings"] == [] and checked.report["count"] == 0
    return checked


def assert_clean(server: Server, *words: str) -> Checked:
    """The installation has no errors and no leftovers."""
    checked = assert_sound(server, *words)
    assert checked.report["leftovers"] == {"blobs": 0, "bytes": 0, "unfinished": 0}, checked.report["leftovers"]
    return checked
