"""A Rust test that fails runs once more alone, too."""

from __future__ import annotations

import json

from runner.cargo_suite import read
from runner.conftest import Scratch
from runner.table import table

MANIFEST = """
[package]
name = "scratch"
edition = "2024"

[workspace]
"""


def plant(scratch: Scratch, **files: str) -> None:
    """A crate without dependencies. Its tests can ask whether they run for the first time."""
    marker = json.dumps(str(scratch.root / "marker-"))
    scratch.write("Cargo.toml", MANIFEST)
    scratch.write(
        "src/lib.rs",
        f"pub fn first_time(name: &str) -> bool {{ std::fs::File::create_new(format!(\"{{}}{{name}}\", {marker})).is_ok() }}\n"
        + files.pop("lib", ""),
    )
    for name, text in files.items():
        scratch.write(f"tests/{name}.rs", text)


def test_a_flaky_test_is_named_and_a_failing_one_fails(scratch: Scratch) -> None:
    plant(
        scratch,
        lib="#[cfg(test)] mod tests { #[test] fn fails_once() { assert!(!super::first_time(\"unit\")); } }",
        one="mod inner { #[test] fn fails_once() { assert!(!scratch::first_time(\"inner\")); } }\n"
        "#[test] fn fails_once_too() { println!(\"failures:\\n    another\\n\"); assert!(!scratch::first_time(\"outer\")); }\n",
        two="#[test] fn always_fails() { panic!(); }\n#[test] fn passes() {}\n#[test] #[ignore] fn is_left_out() {}\n",
    )
    outcome = scratch.run_one("rust")
    assert sorted(outcome.flaky) == ["--lib tests::fails_once", "--test one fails_once_too", "--test one inner::fails_once"]
    assert outcome.failed == ["--test two always_fails"] and not outcome.notes
    assert (outcome.passed, outcome.skipped, outcome.is_good) == (4, 1, False)
    assert "--test one inner::fails_once" in table([outcome])


def test_a_crashed_program_is_not_excused(scratch: Scratch) -> None:
    plant(
        scratch,
        one="#[test] fn fails_once() { assert!(!scratch::first_time(\"one\")); }\n",
        two="#[test] fn crashes() { if scratch::first_time(\"two\") { std::process::abort(); } }\n",
    )
    outcome = scratch.run_one("rust")
    assert not outcome.is_good and not outcome.flaky
    assert outcome.notes == ["ended without a result: --test two"]


def test_a_compile_error_fails_the_run(scratch: Scratch) -> None:
    plant(scratch, one="#[test] fn fails() { nothing_of_this_name() }\n")
    outcome = scratch.run_one("rust")
    assert outcome.notes == ["the tests cannot be compiled"] and not outcome.is_good


def test_a_failed_test_in_documentation_is_not_excused() -> None:
    said = read(
        "   Doc-tests scratch\n\nfailures:\n    src/lib.rs - x (line 15)\n\n"
        "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.12s\n\n"
        "error: doctest failed, to rerun pass `--doc`\nerror: 1 target failed:\n    `--doc`\n"
    )
    [target] = said.targets
    assert target.selector == [] and target.failed == ["src/lib.rs - x (line 15)"] and not said.unexplained
