"""Every index over every store, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from support import below


@pytest.fixture(params=itertools.product(below.INDEXES, below.STORES), ids="+".join)
def over(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each of them. The servers of the test use it."""
    with below.over(*request.param) as place:
        yield place


@pytest.fixture(params=below.STORES)
def over_shared(request: pytest.FixtureRequest) -> Iterator[str]:
    """A shared index over each store."""
    with below.over("postgres", request.param) as place:
        yield place
