"""The one place in the tests that sleeps: polling a condition with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.002


def wait_until(condition: Callable[[], T], timeout: float = 10, what: str = "") -> T:
    """Poll *condition* until it gives something true, and return that.

    Timeout in seconds; raises TimeoutError with *what* was waited for.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what or condition}")
        time.sleep(PAUSE)
    return value
