"""Paths of files and programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

VENV_BIN = Path(sys.executable).parent
"""The folder of the real command lines: the environment that runs the tests."""

TOOLS_BIN = ROOT / ".test-env" / "bin"
"""The folder of the command lines that are no Python packages."""


def binary() -> Path:
    """The program under test: `CARDEA_BINARY`, or the release build."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("CARDEA_BINARY", target / "release" / "cardea"))
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no program to test; run `cargo build --release` or set CARDEA_BINARY")
    return path
