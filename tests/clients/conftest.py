"""Fixtures for the real command lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Cli
from support.keys import CustomerKey


@pytest.fixture
def file(cli: Cli) -> Path:
    """A file to upload, named `file.txt` in the command lines' folder."""
    return cli.file("file.txt", 200_000)


@pytest.fixture
def key_file(cli: Cli, key: CustomerKey) -> str:
    """The key in the form that `aws` reads."""
    return f"fileb://{key.file(cli.folder)}"


@pytest.fixture
def header(key: CustomerKey) -> list[str]:
    """The key in the form that `swift` sends."""
    return [word for name, value in key.swift() for word in ("--header", f"{name}: {value}")]
