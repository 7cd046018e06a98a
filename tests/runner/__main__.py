"""Runs the suites of `tests/run`, once everything that they need is installed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from .cargo_suite import PROFILE
from .lanes import retry, run_lanes
from .process import Commands, Stopped
from .pytest_suite import Session
from .suites import TOTAL_MINUTES, UnknownWord, choose
from .table import table, total

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 3600
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
    session = Session(ROOT, ROOT / ".test-env", Commands(), choice.full)
    # These are set even if the run started with interrupts ignored, as in a shell's background: its commands
    # would inherit that. No handler raises: an exception during `join` makes a thread count as ended.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: session.commands.stop())
    _clear(session)
    try:
        if not _build(session):
            return 1
        outcomes = run_lanes(session, choice.suites, say)
        retry(outcomes, say)
    except Stopped:
        say("tests/run: interrupted; every suite was ended")
        return INTERRUPTED
    took = time.monotonic() - started
    say("\n" + table(outcomes))
    if choice.everything and not choice.full and took > TOTAL_MINUTES * 60:
        say(f"\n!!! TOO SLOW: the whole took {took / 60:.0f} minutes and should take {TOTAL_MINUTES}. No test failed for that.")
    say(f"\nLogs are in {session.kept.relative_to(ROOT)}/results. The whole took {took:.0f} s.")
    say(total(outcomes))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _clear(session: Session) -> None:
    """Removes the files of the last run."""
    for folder in (session.kept / "results", session.kept / "tmp"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)


def _build(session: Session) -> bool:
    """Builds the program in the profile of its tests, so that they share compiled code."""
    if "CARDEA_BINARY" in os.environ:
        return True
    say("Building")
    command, log = ["cargo", "build", PROFILE, "--bin", "cardea"], session.kept / "results" / "build.log"
    ended = session.commands.run(command, log, folder=session.root, seconds=BUILD_SECONDS)
    if ended.code != 0:
        say(f"{log.read_text(errors='replace')}\ntests/run: the program cannot be built")
        return False
    say(f"Built in {ended.seconds:.0f} s")
    # The Rust suite builds the program anew, with the helpers of its tests (the feature `testing`). All other suites
    # must meet the program as users have it.
    kept = session.kept / "release" / "cardea"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(session.root / "target" / PROFILE.removeprefix("--") / "cardea", kept)
    os.environ["CARDEA_BINARY"] = str(kept)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
