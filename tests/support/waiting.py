"""Waiting for what comes true by itself."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], seconds: float = 180, pause: float = 0.02) -> None:
    """Waits, and fails when it never does. The time is a limit on the whole machine being stuck, not an assertion."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(pause)
