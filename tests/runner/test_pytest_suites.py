"""A test that fails runs once more alone. If it passes then, it is flaky. If it fails again, the run
fails."""

from __future__ import annotations

from runner.conftest import Scratch, is_alive
from runner.pytest_suite import MOST_RETRIES
from runner.table import table, total

from support.waiting import wait_until

FLAKY = """
def test_fails_once():
    assert not first_time("fails-once")
"""
FAILING = """
def test_always_fails():
    assert first_time("tried") and False
"""
PASSING = """
def test_passes():
    pass
"""


def test_a_good_suite(scratch: Scratch) -> None:
    scratch.write("tests/good/test_good.py", PASSING)
    outcome = scratch.run_one("good")
    assert outcome.is_good and (outcome.passed, outcome.failed, outcome.flaky) == (1, [], [])
    assert not scratch.session.temporary(outcome.log).exists(), "the temporary files of a good suite are removed"
    assert total([outcome]) == "1 passed, 0 failed, 0 skipped"


def test_a_flaky_test_is_named_and_passes(scratch: Scratch) -> None:
    scratch.write("tests/mixed/test_mixed.py", FLAKY + PASSING)
    outcome = scratch.run_one("mixed")
    assert outcome.is_good and outcome.passed == 2
    assert outcome.flaky == ["mixed/test_mixed.py::test_fails_once"]
    closing = table([outcome])
    assert "!!! FLAKY: 1" in closing and "mixed/test_mixed.py::test_fails_once" in closing
    assert [log.name for log in outcome.logs()] == ["mixed.log", "mixed-again-1.log"]


def test_a_test_that_fails_twice_fails_the_run(scratch: Scratch) -> None:
    scratch.write("tests/bad/test_bad.py", FAILING + FLAKY)
    outcome = scratch.run_one("bad")
    assert not outcome.is_good
    assert outcome.failed == ["bad/test_bad.py::test_always_fails"]
    assert outcome.flaky == ["bad/test_bad.py::test_fails_once"]
    assert "!!! FAILED: 1" in table([outcome]) and total([outcome]) == "1 passed, 1 failed, 0 skipped"


def test_a_failed_test_runs_alone_the_second_time(scratch: Scratch) -> None:
    """A test that fails because of another test in the same process passes without that one."""
    scratch.write(
        "tests/near/test_near.py",
        """
        def test_that_leaves_something():
            os.environ["LEFT"] = "1"

        def test_that_cannot_bear_it():
            assert "LEFT" not in os.environ
        """,
    )
    outcome = scratch.run_one("near", workers=0)
    assert outcome.is_good and outcome.flaky == ["near/test_near.py::test_that_cannot_bear_it"]


def test_a_flaky_test_may_have_any_parameter(scratch: Scratch) -> None:
    scratch.write(
        "tests/some/test_some.py",
        """
        @pytest.mark.parametrize("name", ["a/b::c d", "é[1]", "good"])
        def test_of_many(name):
            assert name == "good" or not first_time(str(len(name)))
        """,
    )
    outcome = scratch.run_one("some")
    assert outcome.is_good and len(outcome.flaky) == 2 and outcome.passed == 3


def test_a_fixture_that_fails_at_its_end_is_not_excused(scratch: Scratch) -> None:
    """At its end the server of a session is searched for keys. The session of a single test would not find
    them."""
    scratch.write(
        "tests/ends/test_ends.py",
        """
        @pytest.fixture(scope="session")
        def searched():
            yield
            assert not first_time("searched"), "a key was found"

        def test_last(searched):
            pass
        """,
    )
    outcome = scratch.run_one("ends")
    assert outcome.failed == ["ends/test_ends.py::test_last"] and not outcome.flaky and outcome.passed == 0


def test_a_fixture_that_fails_at_its_beginning_is_tried_again(scratch: Scratch) -> None:
    scratch.write(
        "tests/begins/test_begins.py",
        """
        @pytest.fixture
        def started():
            assert not first_time("started")

        def test_with_it(started):
            pass
        """,
    )
    assert scratch.run_one("begins").flaky == ["begins/test_begins.py::test_with_it"]


def test_a_worker_that_dies_is_noticed(scratch: Scratch) -> None:
    scratch.write(
        "tests/dies/test_dies.py",
        """
        def test_that_kills_its_process():
            os.kill(os.getpid(), signal.SIGKILL)

        def test_that_does_so_once():
            if first_time("killed"):
                os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    outcome = scratch.run_one("dies")
    assert outcome.failed == ["dies/test_dies.py::test_that_kills_its_process"]
    assert outcome.flaky == ["dies/test_dies.py::test_that_does_so_once"]


def test_no_test_of_many_failed_ones_runs_again(scratch: Scratch) -> None:
    scratch.write(
        "tests/many/test_many.py",
        f"""
        @pytest.mark.parametrize("number", range({MOST_RETRIES + 1}))
        def test_one_of_many(number):
            assert not first_time(f"number-{{number}}")
        """,
    )
    outcome = scratch.run_one("many")
    assert not outcome.is_good and len(outcome.failed) == MOST_RETRIES + 1 and not outcome.flaky


def test_a_file_that_cannot_be_read_fails_the_run(scratch: Scratch) -> None:
    scratch.write("tests/unread/test_unread.py", "import nothing_of_this_name\n" + PASSING)
    scratch.write("tests/unread/test_read.py", PASSING)
    outcome = scratch.run_one("unread")
    assert not outcome.is_good and "unread/test_unread.py" in outcome.failed


def test_a_suite_without_tests_fails(scratch: Scratch) -> None:
    scratch.write("tests/empty/test_empty.py", "")
    outcome = scratch.run_one("empty")
    assert not outcome.is_good and total([outcome]) == "0 passed, 1 failed, 0 skipped"


def test_an_expected_failure_that_passes_fails_the_run(scratch: Scratch) -> None:
    scratch.write(
        "tests/expected/test_expected.py",
        """
        @pytest.mark.xfail(reason="planted")
        def test_that_passes():
            pass

        @pytest.mark.xfail(reason="planted")
        def test_that_fails():
            assert False
        """,
    )
    outcome = scratch.run_one("expected")
    assert outcome.failed == ["expected/test_expected.py::test_that_passes"] and outcome.skipped == 1


def test_processes_that_a_suite_leaves_are_killed(scratch: Scratch) -> None:
    pid = scratch.root / "pid"
    scratch.write(
        "tests/leaves/test_leaves.py",
        f"""
        import subprocess
        def test_without_a_wait():
            child = subprocess.Popen(["sleep", "3600"])
            pathlib.Path({str(pid)!r}).write_text(str(child.pid))
        """,
    )
    assert scratch.run_one("leaves").is_good
    wait_until(lambda: not is_alive(int(pid.read_text())), seconds=60)


def test_a_suite_that_hangs_is_ended_and_named(scratch: Scratch) -> None:
    scratch.write(
        "tests/hangs/test_hangs.py",
        """
        def test_that_hangs():
            time.sleep(3600)
        """,
    )
    outcome = scratch.run_one("hangs", minutes=0)
    assert not outcome.is_good and "hangs" in outcome.notes[0] and not outcome.flaky
