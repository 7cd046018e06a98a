"""Fixtures of the Swift tests."""

from __future__ import annotations

import pytest

from support.keys import CustomerKey, Headers


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def keyed(request: pytest.FixtureRequest, key: CustomerKey) -> Headers:
    """The key headers of an object with a key, or none."""
    return key.swift() if request.param else []
