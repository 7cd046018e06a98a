"""A program without configuration, in an empty folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bare import Bare


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    server = Bare(tmp_path / "a folder with spaces")
    server.config.unlink()
    yield server
    server.kill()
