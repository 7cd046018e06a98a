"""Runs a suite of pytest, and each test that failed once more alone."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import reports
from .outcome import Outcome, Retry
from .process import Commands, Ended
from .suites import Suite

MOST_RETRIES = 10
"""If more tests failed, the cause is not chance: none of them runs again."""


@dataclass(frozen=True)
class Session:
    """The parts of a run that all suites share."""

    root: Path
    """The repository, whose tests are in `tests`."""
    kept: Path
    """The folder of logs, and of files that failed tests leave."""
    commands: Commands
    full: bool = False

    def log(self, suite: Suite) -> Path:
        return self.kept / "results" / f"{suite.file_name}.log"

    def temporary(self, log: Path) -> Path:
        """The folder for the temporary files of the tests in a log."""
        return self.kept / "tmp" / log.stem


def run_pytest(session: Session, suite: Suite) -> Outcome:
    outcome = Outcome(suite.name, session.log(suite))
    ended, found = _pytest(session, suite, outcome.log, [f"tests/{suite.folder}"], suite.workers)
    outcome.add(ended)
    outcome.passed, outcome.skipped = len(found.passed), len(found.skipped)
    outcome.failed += found.broken
    if not ended.in_time:
        outcome.notes.append(f"not over after {suite.minutes} minutes: it hangs")
        outcome.failed += found.failed + found.unfinished
    elif len(found.failed) > MOST_RETRIES:
        outcome.notes.append(f"more than {MOST_RETRIES} tests failed: none runs again")
        outcome.failed += found.failed
    else:
        for number, test in enumerate(found.failed, 1):
            outcome.retries.append(Retry(test, partial(_passes_alone, session, suite, outcome, number, test)))
        # 0 is a pass, 1 a failed test.
        if ended.code not in (0, 1) or (ended.code == 1 and outcome.is_good):
            outcome.notes.append(f"ended with code {ended.code}")
        elif not found.passed and outcome.is_good:
            outcome.notes.append("ran no test")
    if outcome.is_good:
        shutil.rmtree(session.temporary(outcome.log), ignore_errors=True)
    return outcome


def _passes_alone(session: Session, suite: Suite, outcome: Outcome, number: int, test: str) -> bool:
    """Whether a test passes with nothing else in its process, and the process ends well."""
    log = outcome.retry_log(number)
    ended, found = _pytest(session, suite, log, [f"tests/{test}"], workers=0)
    outcome.add(ended)
    return ended.code == 0 and found.passed == [test]


def _pytest(session: Session, suite: Suite, log: Path, what: list[str], workers: int) -> tuple[Ended, reports.Report]:
    log.unlink(missing_ok=True)
    report = log.with_suffix(".report")
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--rootdir", "tests", "-c", "tests/pytest.ini"]
    command += ["--report-file", str(report), "--basetemp", str(session.temporary(log))]
    if suite.below:
        index, store = suite.below
        command += ["--index", index, "--store", store]
    if session.full:
        command.append("--full")
    report.unlink(missing_ok=True)
    ended = session.commands.run([*command, *what], log, folder=session.root, seconds=suite.minutes * 60)
    return ended, reports.read(report)
