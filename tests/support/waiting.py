"""Waits for conditions that become true without help."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], seconds: float = 180, pause: float = 0.02) -> None:
    """Waits until a condition is true, and fails when it never is. The limit only detects that the whole
    machine hangs."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(pause)
