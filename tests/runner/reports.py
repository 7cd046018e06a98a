"""A pytest plugin that writes the result of each test into a file, and the reader of this file.

`tests/conftest.py` loads it. If pytest-xdist distributes the tests, the process that collects their reports
writes the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any


@dataclass
class Report:
    """The results of the tests of one session, by their ids."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Tests that failed by themselves: a second try shows whether they always fail."""
    broken: list[str] = field(default_factory=list)
    """Failures that no second try excuses: a fixture that fails at its end, because it often checks the whole
    session; a file that cannot be collected; an expected failure that passes."""
    unfinished: list[str] = field(default_factory=list)
    """Tests that had begun when the session ended."""


def read(path: Path) -> Report:
    """Reads the file of the plugin, however the session ended."""
    found = Report()
    begun: set[str] = set()
    for line in _lines(path):
        test, what = line["test"], line["what"]
        if what == "begun":
            begun.add(test)
        elif what == "over":
            begun.discard(test)
        elif test not in (into := getattr(found, what)):
            into.append(test)
    # A test with a failed call and a failed end counts once.
    found.failed = [test for test in found.failed if test not in found.broken]
    found.passed = [test for test in found.passed if test not in found.broken]
    found.unfinished = sorted(begun)
    return found


def _lines(path: Path) -> Iterator[dict[str, str]]:
    """Its complete lines."""
    if path.exists():
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--report-file", help="where the results of the tests are written")


def pytest_configure(config: Any) -> None:
    path = config.getoption("--report-file")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(open(path, "w")))  # noqa: SIM115


class _Writer:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def _write(self, test: str, what: str) -> None:
        self._file.write(json.dumps({"test": test, "what": what}) + "\n")
        self._file.flush()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._write(nodeid, "begun")

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._write(nodeid, "over")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if what := _what(report):
            self._write(report.nodeid, what)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._write(report.nodeid, "broken")


def _what(report: Any) -> str | None:
    """The result of a test in a report on one of its phases, if there is any."""
    if report.failed:
        return "broken" if report.when == "teardown" else "failed"
    if report.skipped:
        return "skipped"
    if report.when != "call":
        return None
    return "broken" if hasattr(report, "wasxfail") else "passed"
