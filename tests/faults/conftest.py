"""Disks of their own for tests; says at the end how often the server was killed, and what that cost."""

from __future__ import annotations

import pytest
from faults.crash import TALLY
from faults.disks import mount  # noqa: F401


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    totals = [0, 0, 0]
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == TALLY and getattr(report, "when", "") == "call":
                    totals = [total + more for total, more in zip(totals, value)]
    if totals[0]:
        kills, acknowledged, losses = totals
        terminalreporter.write_line(f"kill -9: {kills} kills, {acknowledged} acknowledged writes, {losses} losses")
