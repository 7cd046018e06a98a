"""Runs suites in two lanes at once. A lane without suites of its own helps the other."""

from __future__ import annotations

import re
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from .cargo_suite import run_cargo
from .outcome import Outcome
from .process import Stopped
from .pytest_suite import Session, run_pytest
from .suites import Lane, Suite

FUZZ_SECONDS = 60
"""The time for each fuzz target."""
TAIL_LINES = 60
"""The part of a log that is shown when its suite fails."""

Say = Callable[[str], None]


def run_suite(session: Session, suite: Suite) -> Outcome:
    match suite.folder:
        case "rust":
            return run_cargo(session, suite)
        case "fuzz":
            return _run_fuzz(session, suite)
        case _:
            return run_pytest(session, suite)


def _run_fuzz(session: Session, suite: Suite) -> Outcome:
    outcome = Outcome(suite.name, session.log(suite))
    outcome.log.unlink(missing_ok=True)
    command = ["fuzz/run", str(FUZZ_SECONDS)]
    ended = session.commands.run(command, outcome.log, folder=session.root, seconds=suite.minutes * 60)
    outcome.add(ended)
    said = re.search(r"^(\d+) passed$", outcome.log.read_text(errors="replace"), re.MULTILINE)
    if not ended.in_time:
        outcome.notes.append(f"not over after {suite.minutes} minutes: it hangs")
    elif ended.code != 0 or said is None:
        outcome.notes.append(f"ended with code {ended.code}")
    else:
        outcome.passed = int(said[1])
    return outcome


class Queues:
    """The suites that are still to run. A lane takes its own from the front, and after them those of the
    other lane from the back."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._lock = threading.Lock()
        self._waiting = {lane: deque(suite for suite in suites if suite.lane is lane) for lane in Lane}

    def take(self, lane: Lane) -> Suite | None:
        with self._lock:
            if self._waiting[lane]:
                return self._waiting[lane].popleft()
            for others in self._waiting.values():
                if others:
                    return others.pop()
        return None


def run_lanes(
    session: Session, suites: Sequence[Suite], say: Say, run: Callable[[Session, Suite], Outcome] = run_suite
) -> list[Outcome]:
    """The outcomes of the suites, in their order. A suite that was lost has an outcome too, which fails the
    run."""
    queues, outcomes = Queues(suites), dict[str, Outcome]()

    def lane(which: Lane) -> None:
        while suite := queues.take(which):
            say(f"--- {suite.name}")
            try:
                outcome = run(session, suite)
            except Stopped:
                return
            except Exception as error:
                outcome = Outcome(suite.name, session.log(suite), notes=[f"the runner failed: {error!r}"])
                say(traceback.format_exc())
            outcome.lane = which
            outcomes[suite.name] = outcome
            say(_account(outcome))

    threads = [threading.Thread(target=lane, args=(which,), name=which) for which in Lane]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            # With a limit, as the main thread handles signals in between.
            thread.join(0.2)
    session.commands.raise_if_stopped()
    return [outcomes.get(suite.name) or _lost(session, suite) for suite in suites]


def retry(outcomes: Sequence[Outcome], say: Say) -> None:
    """Runs failed tests once more. By now nothing else runs."""
    for outcome in outcomes:
        if outcome.retries:
            say(f"--- {outcome.suite}, once more alone: {', '.join(retry.test for retry in outcome.retries)}")
            outcome.retry()
            say(_account(outcome))


def _lost(session: Session, suite: Suite) -> Outcome:
    return Outcome(suite.name, session.log(suite), notes=["did not run"])


def _account(outcome: Outcome) -> str:
    """The report on a finished suite. If it failed, the end of its logs is included."""
    text = outcome.log.read_text(errors="replace") if outcome.log.exists() else ""
    # Lines of suites that kill servers.
    lines = [f"    {outcome}", *(line for line in text.splitlines() if line.startswith("kill -9: "))]
    if not outcome.is_good:
        lines += [f"    {path.name} ends so:\n{_tail(path)}" for path in outcome.logs()]
    return "\n".join(lines)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])
