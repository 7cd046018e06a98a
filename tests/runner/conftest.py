"""A scratch repository with planted tests, for the runner to run."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from runner.lanes import retry, run_lanes
from runner.outcome import Outcome
from runner.process import Commands
from runner.pytest_suite import Session
from runner.suites import Lane, Suite

TESTS = Path(__file__).resolve().parents[1]

ONCE = '''
    def first_time(name):
        """Whether this is the first run of a test."""
        marker = pathlib.Path({scratch!r}) / name
        if marker.exists():
            return False
        marker.touch()
        return True
'''
"""A helper for flaky tests."""


@dataclass
class Scratch:
    """A repository with planted tests."""

    session: Session

    @property
    def root(self) -> Path:
        return self.session.root

    def write(self, name: str, text: str) -> None:
        """Plants a file. A test of pytest can ask whether it runs for the first time."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            text = "import os, pathlib, signal, time\nimport pytest\n" + textwrap.dedent(
                ONCE.format(scratch=str(self.root))
            ) + textwrap.dedent(text)
        path.write_text(text)

    def run(self, *names: str, minutes: int = 2, workers: int = 2) -> list[Outcome]:
        """Runs suites as `tests/run` does, one after the other."""
        suites = [Suite(name, Lane.COMPUTES, minutes, workers) for name in names]
        outcomes = run_lanes(self.session, suites, print)
        retry(outcomes, print)
        return outcomes

    def run_one(self, name: str, minutes: int = 2, workers: int = 2) -> Outcome:
        [outcome] = self.run(name, minutes=minutes, workers=workers)
        return outcome


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    root = tmp_path / "repository"
    kept = root / "kept"
    for folder in ("results", "tmp"):
        (kept / folder).mkdir(parents=True)
    made = Scratch(Session(root, kept, Commands()))
    (root / "tests").mkdir()
    settings = (TESTS / "pytest.ini").read_text()
    assert "pythonpath = .\n" in settings
    (root / "tests/pytest.ini").write_text(settings.replace("pythonpath = .\n", f"pythonpath = {TESTS}\n"))
    (root / "tests/conftest.py").write_text('pytest_plugins = ["runner.reports"]\n')
    return made


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
