"""Ids that the client gets for frames, scopes and variables; they die when their thread runs again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.stack import StackFrame

if TYPE_CHECKING:
    from dapserver.debugger.goroutines import Goroutine
    from dapserver.debugger.values.value import Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a stopped thread; or of a goroutine, looked at from there."""

    tid: int
    stack_frame: StackFrame
    goroutine: Goroutine | None = None
    """Whose frame it is, if it is not the thread's own: what names mean there, they mean there alone."""


class Group(Enum):
    """What is shown together in a frame."""

    LOCALS = "Locals"
    GLOBALS = "Globals"
    REGISTERS = "Registers"
    GOROUTINES = "Goroutines"
    SYSTEM_GOROUTINES = "System goroutines"


@dataclass(frozen=True, slots=True)
class VariablesOf:
    """A group of a frame's variables."""

    frame: Frame
    group: Group


@dataclass(frozen=True, slots=True, eq=False)
class PartsOf:
    """What a value opens into."""

    frame: Frame
    value: Value
    expression: str | None
    """What to evaluate in the frame to get the value; None: nothing does."""


@dataclass(frozen=True, slots=True)
class StackOf:
    """What a goroutine opens into: its frames."""

    frame: Frame
    """From where it is looked at."""
    goroutine: Goroutine


Container = VariablesOf | PartsOf | StackOf


class Handles(Generic[T]):
    """Gives out ids, never one twice, so that an id from before the last resume is noticed."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = 1
        self._values: dict[int, T] = {}
        self._of_thread: dict[int, list[int]] = {}

    def add(self, tid: int, value: T) -> int:
        """Give out an id that lives until this thread is resumed."""
        handle = self._next
        self._next += 1
        self._values[handle] = value
        self._of_thread.setdefault(tid, []).append(handle)
        return handle

    def get(self, handle: int) -> T:
        """The value of an id; DebuggerError if it was never given out or has died."""
        try:
            return self._values[handle]
        except KeyError:
            raise DebuggerError(
                f"{self._what} {handle} is not valid (any more): the program has run since."
            ) from None

    def __len__(self) -> int:
        return len(self._values)

    def forget(self, tid: int) -> None:
        """Let the ids of a thread die: it is resumed."""
        for handle in self._of_thread.pop(tid, ()):
            del self._values[handle]
