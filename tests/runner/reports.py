"""A pytest plugin that writes what each test came to into a file, and the reader of that file.

`tests/conftest.py` loads it. Where pytest-xdist spreads the tests, the process that collects their reports writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any


@dataclass
class Report:
    """What the tests of one session came to, by their ids."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Tests that failed by themselves: another try may show whether they always do."""
    broken: list[str] = field(default_factory=list)
    """What no second try excuses: an end of a fixture that found something, as that is often the session's and not the test's;
    a file that cannot be collected; an expected failure that passes."""
    unfinished: list[str] = field(default_factory=list)
    """Tests that had begun when the session ended."""


def read(path: Path) -> Report:
    """Reads what the plugin wrote, however the session ended."""
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
    # Whoever failed and has a broken end too counts once.
    found.failed = [test for test in found.failed if test not in found.broken]
    found.passed = [test for test in found.passed if test not in found.broken]
    found.unfinished = sorted(begun)
    return found


def _lines(path: Path) -> Iterator[dict[str, str]]:
    """Its lines; a last one that was cut short is none."""
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
    """What a report of a test's phase says of the test, if anything."""
    if report.failed:
        return "broken" if report.when == "teardown" else "failed"
    if report.skipped:
        return "skipped"
    if report.when != "call":
        return None
    return "broken" if hasattr(report, "wasxfail") else "passed"
