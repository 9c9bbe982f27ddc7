"""A breakpoint as somebody wishes it: where, under which condition, and what is to happen there."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.stop import Reason
from dapserver.ptrace.debug_registers import Access

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.conditions import Conditions, Expression, Moment
    from dapserver.debugger.modules import Module

_COUNTS: dict[str, Callable[[int, int], bool]] = {
    "": operator.ge,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "%": lambda hits, every: every > 0 and hits % every == 0,
}
_COUNT = re.compile(r"\s*(>=|<=|==|>|<|=|%|)\s*(\d+)\s*$")
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file, by the client's path."""

    path: str
    line: int
    column: int | None = None

    def described(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class FunctionName:
    name: str

    def described(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class InstructionAt:
    address: int

    def described(self) -> str:
        return f"*{self.address:#x}"


@dataclass(frozen=True, slots=True)
class DataAt:
    """A piece of memory, by the name that somebody has for it."""

    address: int
    size: int
    access: Access
    name: str

    def described(self) -> str:
        return f"{self.name} ({self.address:#x}, {self.size} bytes)"


@dataclass(frozen=True, slots=True)
class Thrown:
    """A filter of exceptions: the functions of the language's runtime that mean it."""

    filter: str
    functions: tuple[str, ...]
    is_mangled: bool = False
    """Whether linkers know them by their paths too."""

    def described(self) -> str:
        return self.filter


Where = SourceLine | FunctionName | InstructionAt | DataAt | Thrown

_REASONS = {
    SourceLine: Reason.BREAKPOINT,
    FunctionName: Reason.FUNCTION_BREAKPOINT,
    InstructionAt: Reason.INSTRUCTION_BREAKPOINT,
    DataAt: Reason.DATA_BREAKPOINT,
    Thrown: Reason.THROWN,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for; two that are equal are the same breakpoint."""

    where: Where
    condition: str | None = None
    hit_condition: str | None = None
    log_message: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """An address that a breakpoint has come to. Addresses are the process's."""

    address: int
    module: Module | None
    path: str | None
    line: int
    column: int


@dataclass(slots=True, eq=False)
class Breakpoint:
    """A wish, where it has come to, and how often threads came there."""

    id: int
    wish: Wish
    locations: dict[int, Location] = field(default_factory=dict)
    message: str | None = None
    """Why it does nothing, or not what it should; for a person."""
    failed: bool = False
    """Whether it will never do anything as it is."""
    hits: int = 0
    enough: Callable[[int], bool] | None = None
    condition: Expression | None = None
    log: list[str | Expression] | None = None
    """The parts of the log message; the pieces of text as they are."""

    @property
    def reason(self) -> Reason:
        return _REASONS[type(self.wish.where)]

    @property
    def verified(self) -> bool:
        return bool(self.locations)

    def prepare(self, conditions: Conditions) -> None:
        """Read its expressions. Raises DebuggerError if one is wrong."""
        wish = self.wish
        if wish.condition and wish.condition.strip():
            self.condition = conditions.compile(wish.condition)
        if wish.hit_condition and wish.hit_condition.strip():
            self.enough = hit_count(wish.hit_condition)
        if wish.log_message:
            self.log = log_parts(wish.log_message, conditions.compile)

    def judge(self, moment: Moment) -> bool:
        """Whether a thread that came here is to stop. What is to be logged is told to *moment*."""
        if self.condition is not None:
            try:
                if not self.condition.truth(moment.context):
                    return False
            except DebuggerError as error:
                # Better one stop too many than a condition that is wrong in silence.
                moment.complain(f"The condition '{self.wish.condition}' cannot be evaluated: {error}")
                self.hits += 1
                return True
        self.hits += 1
        if self.enough is not None and not self.enough(self.hits):
            return False
        if self.log is not None:
            moment.log("".join(_said(part, moment) for part in self.log), self)
            return False
        return True


def hit_count(text: str) -> Callable[[int], bool]:
    """Read `5` (from the fifth hit on), `>5`, `==5`, `%3`. Raises DebuggerError if it is none of these."""
    found = _COUNT.match(text)
    if found is None:
        raise DebuggerError(f"'{text}' is no hit count: write 5, >5, >=5, <5, <=5, ==5 or %5.")
    compare, number = _COUNTS[found[1]], int(found[2])
    if found[1] == "%" and number == 0:
        raise DebuggerError("A hit count of '%0' is never reached.")
    return lambda hits: compare(hits, number)


def log_parts(text: str, compile_: Callable[[str], Expression]) -> list[str | Expression]:
    """Split a log message at its {expressions}; `{{` and `}}` stand for braces."""
    parts: list[str | Expression] = []
    at = 0
    for found in _HOLE.finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
        if found[1] is None:
            parts.append(found[0][0])
        elif found[1].strip():
            parts.append(compile_(found[1]))
    return [*parts, text[at:]]


def _said(part: str | Expression, moment: Moment) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.text(moment.context)
    except DebuggerError as error:
        return f"<{error}>"
