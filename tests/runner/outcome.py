"""The result of a suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .process import Ended


@dataclass(frozen=True)
class Retry:
    """A test that failed once."""

    test: str
    passes: Callable[[], bool]
    """Runs the test by itself."""


@dataclass
class Outcome:
    """The result of a suite. It is good when no test failed twice and no other error occurred."""

    suite: str
    log: Path
    passed: int = 0
    skipped: int = 0
    flaky: list[str] = field(default_factory=list)
    """Tests that failed and then passed alone. They count as passed too."""
    retries: list[Retry] = field(default_factory=list)
    """Tests that failed once. They run again when nothing else does."""
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Errors beside its tests. Each fails the run."""
    seconds: float = 0
    processor_seconds: float = 0
    lane: str = ""

    @property
    def failures(self) -> int:
        """The number of failures. A suite with other errors and without a failed test has one."""
        return len(self.failed) + len(self.retries) or len(self.notes[:1])

    @property
    def is_good(self) -> bool:
        return not self.failures

    def add(self, ended: Ended) -> None:
        """Adds the time of one of its commands."""
        self.seconds += ended.seconds
        self.processor_seconds += ended.processor_seconds

    def retry_log(self, number: int) -> Path:
        return self.log.with_name(f"{self.log.stem}-again-{number}.log")

    def logs(self) -> list[Path]:
        """Its log, and those of the tests that ran again."""
        return [path for path in [self.log, *sorted(self.log.parent.glob(f"{self.log.stem}-again-*.log"))] if path.exists()]

    def retry(self) -> None:
        """Runs the tests again that failed once."""
        while self.retries:
            retry = self.retries.pop(0)
            if retry.passes():
                self.flaky.append(retry.test)
                self.passed += 1
            else:
                self.failed.append(retry.test)

    def __str__(self) -> str:
        counts = f"{self.passed} passed, {self.failures} failed"
        return "; ".join([f"{self.suite}: {counts} in {self.seconds:.0f} s", *self.notes])
