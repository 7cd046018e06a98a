"""Two lanes run side by side, no suite is lost, and no process survives the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from runner import suites
from runner.conftest import TESTS, Scratch, is_alive
from runner.lanes import run_lanes
from runner.outcome import Outcome
from runner.pytest_suite import Session
from runner.suites import FULL_SUITES, SUITES, Lane, Suite, UnknownWord, choose

from support.waiting import wait_until


def some(lane: Lane, *names: str) -> list[Suite]:
    return [Suite(name, lane, minutes=2) for name in names]


def test_both_lanes_run_at_once_and_help_each_other(scratch: Scratch) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def run(session: Session, suite: Suite) -> Outcome:
        meeting.wait()
        return Outcome(suite.name, session.log(suite), passed=1)

    # Of the four suites, two meet at a time: a single lane would wait for ever.
    chosen = [*some(Lane.COMPUTES, "a", "b", "c"), *some(Lane.WAITS, "d")]
    outcomes = run_lanes(scratch.session, chosen, print, run)
    assert [outcome.suite for outcome in outcomes] == ["a", "b", "c", "d"]
    assert all(outcome.is_good for outcome in outcomes) and {outcome.lane for outcome in outcomes} == set(Lane)


def test_an_error_of_the_runner_fails_the_run(scratch: Scratch) -> None:
    def run(session: Session, suite: Suite) -> Outcome:
        if suite.name == "b":
            raise OSError("planted")
        return Outcome(suite.name, session.log(suite), passed=1)

    outcomes = run_lanes(scratch.session, some(Lane.WAITS, "a", "b", "c"), print, run)
    assert [outcome.is_good for outcome in outcomes] == [True, False, True]
    assert "planted" in outcomes[1].notes[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lost_suite_fails_the_run(scratch: Scratch) -> None:
    def run(session: Session, suite: Suite) -> Outcome:
        raise SystemExit("the thread ends, and says nothing")

    [lost] = run_lanes(scratch.session, some(Lane.WAITS, "a"), print, run)
    assert lost.notes == ["did not run"] and not lost.is_good


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_processes(scratch: Scratch, tmp_path: Path, number: signal.Signals) -> None:
    """The suites of both lanes, and the children of their tests, even those that ignore an interrupt."""
    for name in ("a", "b"):
        scratch.write(
            f"tests/{name}/test_{name}.py",
            f"""
            import subprocess
            def test_with_a_child():
                child = subprocess.Popen(["bash", "-c", "trap '' INT TERM; echo $$ >{tmp_path}/pid-{name}; sleep 3600 & wait; wait"])
                child.wait()
            """,
        )
    program = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from pathlib import Path
from runner import __main__ as runner, suites
suites.SUITES = tuple(suites.Suite(name, lane, 5) for name, lane in zip("ab", suites.Lane))
runner.ROOT = Path({str(scratch.root)!r})
sys.exit(runner.main([]))
"""
    environment = {**os.environ, "CARDEA_BINARY": sys.executable}
    running = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
    pids = [tmp_path / f"pid-{name}" for name in ("a", "b")]
    wait_until(lambda: all(pid.exists() and pid.read_text().strip() for pid in pids))
    running.send_signal(number)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 130 and "interrupted" in said, said
    # A killed process takes a moment to end.
    wait_until(lambda: not any(is_alive(int(pid.read_text())) for pid in pids), seconds=60)


def test_every_folder_of_tests_is_a_suite() -> None:
    folders = {path.parent.name for path in TESTS.glob("*/test_*.py")}
    assert folders | {"rust"} == {suite.folder for suite in SUITES}
    names = [suite.name for suite in SUITES + FULL_SUITES]
    assert len(names) == len(set(names))


def test_each_index_and_store_is_met_in_every_run() -> None:
    pairs = [suite.below for suite in SUITES if suite.below]
    assert {index for index, _ in pairs} == {"sqlite", "postgres"}
    assert {store for _, store in pairs} == {"local", "s3", "az"}


def test_the_full_run_has_every_pair() -> None:
    from support.below import INDEXES, STORES

    names = {suite.name for suite in SUITES + FULL_SUITES}
    for folder in ("cross", "s3", "swift", "clients"):
        for index in INDEXES:
            for store in STORES:
                pair = f"{folder}/{index}+{store}"
                assert pair in names or (index, store) == ("sqlite", "local"), pair


def test_words_choose_suites() -> None:
    assert choose([]).suites == SUITES and choose([]).everything
    assert [suite.name for suite in choose(["swift", "cross"]).suites] == ["cross", "swift"]
    [named] = choose(["clients/sqlite+az"]).suites
    assert named.below == ("sqlite", "az") and named.minutes == suites.FULL_MINUTES
    full = choose(["--full"])
    assert full.full and full.suites[-1].name == "fuzz" and {suite.minutes for suite in full.suites} == {suites.FULL_MINUTES}
    for words in (["--fast"], ["crosss"], ["cross", "swift/sqlite+tape"]):
        with pytest.raises(UnknownWord):
            choose(words)
