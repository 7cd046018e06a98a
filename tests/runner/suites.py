"""All suites, the time and the lane of each.

`python -m runner.suites WORD…` prints the names of the suites that these words of `tests/run` choose.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from enum import StrEnum


class Lane(StrEnum):
    """Two suites run at once: one that computes, and one that mostly waits for disks, timeouts and
    restarts."""

    COMPUTES = "computes"
    WAITS = "waits"


@dataclass(frozen=True)
class Suite:
    """A folder of tests. As FOLDER/INDEX+STORE its gateways run over another index and store than the
    embedded ones."""

    name: str
    lane: Lane
    minutes: int
    """After so many minutes the suite hangs and is ended. It is several times the usual time on two cores,
    for slower machines."""
    workers: int = 2

    @property
    def folder(self) -> str:
        return self.name.partition("/")[0]

    @property
    def below(self) -> tuple[str, str] | None:
        """Its index and store, if it names them."""
        _, _, below = self.name.partition("/")
        index, _, store = below.partition("+")
        return (index, store) if below else None

    @property
    def file_name(self) -> str:
        return self.name.replace("/", "-").replace("+", "-")


def _computes(name: str, minutes: int) -> Suite:
    return Suite(name, Lane.COMPUTES, minutes)


def _waits(name: str, minutes: int, workers: int) -> Suite:
    return Suite(name, Lane.WAITS, minutes, workers)


# In the order in which each lane runs them: long ones first, so that the lanes end at about the same time.
SUITES = (
    _computes("rust", 80),
    _computes("cross", 24),
    _computes("clients", 40),
    _computes("helm", 40),
    _computes("s3", 20),
    _computes("swift", 20),
    _computes("identity", 12),
    _computes("hygiene", 12),
    # One suite for each index and each store that is not embedded; all other pairs are in the full run.
    # `cross` writes and reads by both faces, so it uses most of a store. `swift` has listings, bulk requests
    # and versions, which use most of an index. Moreover `stores`, `postgres`, `replicas` and `kills` always
    # run over other indexes and stores.
    _computes("cross/postgres+s3", 24),
    _computes("cross/sqlite+az", 24),
    _computes("swift/postgres+local", 24),
    _computes("runner", 8),
    _waits("faults", 40, workers=4),
    _waits("kills", 30, workers=2),
    _waits("replicas", 30, workers=2),
    _waits("backup", 30, workers=3),
    _waits("first_contact", 16, workers=2),
    # These run Rust tests too. By now Cargo has compiled everything, so they need not wait for it.
    _waits("stores", 30, workers=4),
    _waits("postgres", 30, workers=3),
)

# All other suites over every index and store.
FULL_SUITES = (
    *(_computes(f"{folder}/postgres+local", 0) for folder in ("cross", "s3", "identity", "hygiene", "clients")),
    *(_computes(f"{folder}/sqlite+s3", 0) for folder in ("cross", "s3", "swift", "clients")),
    *(_computes(f"{folder}/sqlite+az", 0) for folder in ("s3", "swift", "clients")),
    *(_computes(f"{folder}/postgres+s3", 0) for folder in ("s3", "swift", "clients")),
    *(_computes(f"{folder}/postgres+az", 0) for folder in ("cross", "s3", "swift", "clients")),
    _computes("fuzz", 0),
)

TOTAL_MINUTES = 45
"""The expected time of the whole. A longer run says so, and passes all the same."""
FULL_MINUTES = 180
"""The minutes of each suite with `--full`. The whole has no limit then."""


class UnknownWord(ValueError):
    """A word on the command line that names no suite and no option."""


@dataclass(frozen=True)
class Choice:
    """The request of the command line."""

    suites: tuple[Suite, ...]
    full: bool
    everything: bool


def choose(words: list[str]) -> Choice:
    """Reads the words of the command line. A suite of the full run may be named without `--full`."""
    for option in words:
        if option.startswith("-") and option != "--full":
            raise UnknownWord(f"unknown option {option}")
    full, names = "--full" in words, [word for word in words if not word.startswith("-")]
    known = SUITES + FULL_SUITES
    for name in names:
        if name not in {suite.name for suite in known}:
            raise UnknownWord(f"no suite {name}")
    among = known if full or names else SUITES
    chosen = [suite for suite in among if not names or suite.name in names]
    limited = (replace(suite, minutes=FULL_MINUTES if full or not suite.minutes else suite.minutes) for suite in chosen)
    return Choice(tuple(limited), full, everything=not names)


if __name__ == "__main__":
    try:
        print(*(suite.name for suite in choose(sys.argv[1:]).suites))
    except UnknownWord as error:
        print(f"tests/run: {error}", file=sys.stderr)
        sys.exit(2)
