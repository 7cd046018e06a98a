"""What the real command lines need."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey


@pytest.fixture
def file(cli: Cli) -> Path:
    """A file to upload, named `file.txt` in the command lines' folder."""
    path = cli.folder / "file.txt"
    path.write_bytes(random.Random(7).randbytes(200_000))
    return path


@pytest.fixture
def key_file(cli: Cli, key: CustomerKey) -> str:
    """The key as `aws` takes it."""
    return f"fileb://{key.file(cli.folder)}"


@pytest.fixture
def header(key: CustomerKey) -> list[str]:
    """The key as `swift` takes it."""
    return [word for name, value in key.swift() for word in ("--header", f"{name}: {value}")]
