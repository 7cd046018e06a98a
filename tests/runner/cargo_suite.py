"""Runs the Rust tests, and each test that failed once more alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .outcome import Outcome, Retry
from .pytest_suite import MOST_RETRIES, Session
from .suites import Suite

PROFILE = "--release"
"""The profile of the program under test, so that the program and its tests share compiled code."""
COMPILER_NICENESS = 10
"""The compiler uses all processors: programs of the other lane go first."""


@dataclass
class Target:
    """The result of one test program."""

    selector: list[str]
    """The words by which Cargo runs this program alone. Tests in documentation have none."""
    failed: list[str] = field(default_factory=list)


@dataclass
class Said:
    """The output of `cargo test`."""

    targets: list[Target]
    passed: int
    skipped: int
    unexplained: list[str]
    """Programs that failed without a failed test: they crashed."""


def run_cargo(session: Session, suite: Suite) -> Outcome:
    outcome = Outcome(suite.name, session.log(suite))
    outcome.log.unlink(missing_ok=True)
    compiled = _cargo(session, suite, outcome, ["--no-run"], COMPILER_NICENESS)
    if compiled != 0:
        outcome.notes.append("the tests cannot be compiled" if compiled else f"not over after {suite.minutes} minutes: it hangs")
        return outcome
    code = _cargo(session, suite, outcome, ["--no-fail-fast"])
    said = read(outcome.log.read_text(errors="replace"))
    outcome.passed, outcome.skipped = said.passed, said.skipped
    failed = [(target.selector, test) for target in said.targets for test in target.failed]
    if code is None:
        outcome.notes.append(f"not over after {suite.minutes} minutes: it hangs")
    elif len(failed) > MOST_RETRIES:
        outcome.notes.append(f"more than {MOST_RETRIES} tests failed: none runs again")
    elif said.unexplained:
        outcome.notes.append(f"ended without a result: {', '.join(said.unexplained)}")
    elif code != 0 and not failed:
        outcome.notes.append(f"ended with code {code}")
    elif not said.passed and not failed:
        outcome.notes.append("ran no test")
    for number, (selector, test) in enumerate(failed, 1):
        name = " ".join([*selector, test])
        if outcome.notes or not selector:
            outcome.failed.append(name)
        else:
            words = [*selector, "--", "--exact", test]
            outcome.retries.append(Retry(name, partial(_passes_alone, session, suite, outcome, number, words)))
    return outcome


def _passes_alone(session: Session, suite: Suite, outcome: Outcome, number: int, words: list[str]) -> bool:
    log = outcome.retry_log(number)
    log.unlink(missing_ok=True)
    # A test that was not found passes nothing.
    return _cargo(session, suite, outcome, words, log=log) == 0 and read(log.read_text(errors="replace")).passed == 1


def _cargo(
    session: Session, suite: Suite, outcome: Outcome, words: list[str], niceness: int = 0, log: Path | None = None
) -> int | None:
    """The exit code, if the command ended in time."""
    command = ["cargo", "test", PROFILE, *words]
    ended = session.commands.run(
        command, log or outcome.log, folder=session.root, seconds=suite.minutes * 60, niceness=niceness
    )
    outcome.add(ended)
    return ended.code if ended.in_time else None


def read(text: str) -> Said:
    """Reads the output of `cargo test --no-fail-fast`."""
    targets: list[Target] = []
    listing = False
    for line in text.splitlines():
        if running := re.match(r" +Running (?:unittests )?(\S+) \(", line):
            targets.append(Target(_selector(running[1])))
        elif re.match(r" +Doc-tests ", line):
            targets.append(Target([]))
        elif line == "failures:":
            # There are two of these lines: before the output of the failed tests, and at last before their
            # names.
            listing, names = True, []
        elif line.startswith("test result:"):
            if listing and targets:
                targets[-1].failed += names
            listing = False
        elif listing and line.startswith("    "):
            names.append(line.strip())
    counts = {word: sum(map(int, re.findall(rf"\b(\d+) {word}\b", "\n".join(_results(text))))) for word in ("passed", "ignored")}
    explained = {" ".join(target.selector) for target in targets if target.failed}
    unexplained = [target for target in _failed_targets(text) if target not in explained]
    return Said(targets, counts["passed"], counts["ignored"], unexplained)


def _results(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("test result:"))


def _selector(path: str) -> list[str]:
    if path == "src/lib.rs":
        return ["--lib"]
    if path.startswith("src/"):
        return ["--bins"]
    return ["--test", Path(path).stem]


def _failed_targets(text: str) -> Iterator[str]:
    """The targets that Cargo lists at the end, as words that select them."""
    _, _, end = text.rpartition("\nerror: ")
    if re.match(r"\d+ targets? failed:", end):
        for found in re.findall(r"^    `(.*)`$", end, re.MULTILINE):
            yield "--bins" if found.startswith("--bin ") else "" if found == "--doc" else found
