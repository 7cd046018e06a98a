"""Counts kills, losses, and the time until the server was ready again, for the last lines of a session."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

PROPERTY = "kill -9"
"""The property in which a test keeps its tally, and the beginning of the lines."""


@dataclass
class Tally:
    """A tally of one index and store, or of another subject."""

    where: str
    kills: int = 0
    acknowledged: int = 0
    losses: int = 0
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the start of each new process until it was ready."""

    def add(self, other: "Tally") -> None:
        self.kills += other.kills
        self.acknowledged += other.acknowledged
        self.losses += other.losses
        self.recoveries += other.recoveries

    def keep(self, request: pytest.FixtureRequest) -> None:
        """Keeps the tally with the test's result, whether the test passes or fails."""
        request.node.user_properties.append((PROPERTY, asdict(self)))

    def __str__(self) -> str:
        line = f"{self.where}: {self.kills} kills, {self.acknowledged} acknowledged writes, {self.losses} losses"
        if self.recoveries:
            line += f", ready again after {statistics.median(self.recoveries):.2f} s (at most {max(self.recoveries):.2f} s)"
        return line


def lines(reports: Iterable[Any]) -> list[str]:
    """The sums of the tests' tallies: a line for each subject."""
    totals: dict[str, Tally] = {}
    for report in reports:
        if getattr(report, "when", "") != "call":
            continue
        for name, value in report.user_properties:
            if name == PROPERTY:
                more = Tally(**value)
                totals.setdefault(more.where, Tally(more.where)).add(more)
    return [f"{PROPERTY}: {totals[where]}" for where in sorted(totals)]
