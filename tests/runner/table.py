"""The table that closes a run."""

from __future__ import annotations

from collections.abc import Sequence

from .outcome import Outcome

_HEAD = ("suite", "passed", "failed", "flaky", "skipped", "seconds", "processor", "lane")
_ROW = "{:<22} {:>7} {:>7} {:>7} {:>7} {:>8} {:>10}  {:<9}"


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each suite, then every flaky and every failed test by its name."""
    lines = [_ROW.format(*_HEAD).rstrip()]
    for each in outcomes:
        cells = (each.suite, each.passed, each.failures, len(each.flaky), each.skipped)
        times = (f"{each.seconds:.0f}", f"{each.processor_seconds:.0f}", each.lane)
        lines.append(f"{_ROW.format(*cells, *times)}{'; '.join(each.notes)}".rstrip())
    flaky = [f"  {each.suite}: {test}" for each in outcomes for test in each.flaky]
    failed = [f"  {each.suite}: {test}" for each in outcomes for test in each.failed]
    if flaky:
        lines += ["", f"!!! FLAKY: {len(flaky)} failed, and passed when run once more alone. Each is a defect.", *flaky]
    if failed:
        lines += ["", f"!!! FAILED: {len(failed)}", *failed]
    return "\n".join(lines)


def total(outcomes: Sequence[Outcome]) -> str:
    """The last line of the run."""
    passed, skipped = sum(each.passed for each in outcomes), sum(each.skipped for each in outcomes)
    return f"{passed} passed, {sum(each.failures for each in outcomes)} failed, {skipped} skipped"
