"""Runs the suites of `tests/run`, once everything that they need is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from .lanes import retry, run_lanes
from .process import Commands
from .pytest_suite import Session
from .suites import TOTAL_MINUTES, UnknownWord, choose
from .table import table, total

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130
"""The exit code of an interrupted run, as in shells."""

_lock = threading.Lock()


def say(text: str) -> None:
    with _lock:
        print(text, flush=True)


def main(words: list[str]) -> int:
    started = time.monotonic()
    try:
        choice = choose(words)
    except UnknownWord as error:
        say(f"tests/run: {error}")
        return 2
    # These are set even if the run started with interrupts ignored, as in a shell's background: its commands
    # would inherit that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    session = Session(ROOT, ROOT / ".test-env", Commands(), choice.full)
    _clear(session)
    try:
        _build()
        outcomes = run_lanes(session, choice.suites, say)
        retry(outcomes, say)
    except KeyboardInterrupt:
        say("tests/run: interrupted; every suite was ended")
        return INTERRUPTED
    except subprocess.CalledProcessError:
        say("tests/run: the program cannot be built")
        return 1
    took = time.monotonic() - started
    say("\n" + table(outcomes))
    if choice.everything and not choice.full and took > TOTAL_MINUTES * 60:
        say(f"\n!!! TOO SLOW: the whole took {took / 60:.0f} minutes and should take {TOTAL_MINUTES}. No test failed for that.")
    say(f"\nLogs are in {session.kept.relative_to(ROOT)}/results. The whole took {took:.0f} s.")
    say(total(outcomes))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _clear(session: Session) -> None:
    """Removes the files of the last run."""
    for folder in (session.kept / "results", session.kept / "tmp"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)


def _build() -> None:
    """Builds the program in the profile of its tests, so that they share compiled code."""
    if "CARDEA_BINARY" in os.environ:
        return
    say("Building")
    started = time.monotonic()
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "cardea"], cwd=ROOT, check=True)
    say(f"Built in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
