"""Why threads stand still, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a stop was made."""

    PAUSE = "pause"
    SIGNAL = "exception"
    """A signal that is about to end the process."""
    ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop as its user sees it: one thread is the reason, and perhaps all stand still."""

    reason: Reason
    tid: int
    all_threads: bool
    signal: int = 0
