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
    BREAKPOINT = "breakpoint"
    FUNCTION_BREAKPOINT = "function breakpoint"
    INSTRUCTION_BREAKPOINT = "instruction breakpoint"
    DATA_BREAKPOINT = "data breakpoint"
    THROWN = "thrown"
    """An exception of the program's language, as it is thrown or caught."""
    STEP = "step"
    GOTO = "goto"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop as its user sees it: one thread is the reason, and perhaps all stand still."""

    reason: Reason
    tid: int
    all_threads: bool
    signal: int = 0
    breakpoints: tuple[int, ...] = ()
    """The ids of those that made it."""
    text: str | None = None
    """More about it, for a person."""
