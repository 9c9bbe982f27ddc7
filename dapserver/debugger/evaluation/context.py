"""What names, types and registers mean where an expression is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.operands import Number, Operand, Text
from dapserver.debugger.unwinding import PhysicalFrame
from dapserver.debugger.values.frame import FrameState
from dapserver.debugger.values.registers import register_value, register_values
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import BOOL, INT, Kind, Language, Type

if TYPE_CHECKING:
    from dapserver.debugger.values.space import Space


class Context(Protocol):
    """A frame, as expressions see it."""

    space: Space

    @property
    def problem(self) -> str | None:
        """Why no variables are known here; None if they are."""

    @property
    def truth(self) -> Type:
        """What comparisons give: `int` in C, `bool` elsewhere."""

    def find(self, name: str) -> Operand | None:
        """Find what a name means; None if nothing."""

    def find_type(self, name: str) -> Type | None:
        """Find a type of the program."""

    def register(self, name: str) -> Operand | None:
        """Give a register, or `tid` and the like, by its name without `$`; None if not known here."""

    def names(self) -> Iterable[str]:
        """Give the names in scope, for suggestions."""


class UnknownName(DebuggerError):
    """A name means nothing here."""

    def __init__(self, name: str, context: Context) -> None:
        close = get_close_matches(name, list(context.names()), 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        why = f": {context.problem}" if context.problem else ""
        super().__init__(f"There is no variable {name} here{why}.{hint}")
        self.name = name


def special(name: str, tid: int, thread_name: Callable[[], str]) -> Operand | None:
    """Give what dapserver itself knows by a name: `tid` and `thread_name` of the thread."""
    if name == "tid":
        return Number(INT, tid)
    if name == "thread_name":
        return Text(thread_name().encode("utf-8", "surrogateescape"))
    return None


def hides_nothing(name: str, found: Operand) -> bool:
    """Whether what the program has by a name is only a function, while dapserver knows more by it."""
    return (
        name in ("tid", "thread_name") and isinstance(found, Value) and found.type.bare.kind is Kind.FUNCTION
    )


def truth_type(language: Language) -> Type:
    """Give the type of a comparison."""
    return INT if language is Language.C else BOOL


class FrameContext:
    """A frame of a stopped thread, innermost or not, by its Scope."""

    def __init__(self, scope: Scope, tid: int, thread_name: Callable[[], str]) -> None:
        self.space = scope.space
        self.scope = scope
        self.truth = truth_type(scope.language)
        self._tid, self._thread_name = tid, thread_name

    @property
    def problem(self) -> str | None:
        return self.scope.problem

    def find(self, name: str) -> Operand | None:
        found = self.scope.find(name)
        if found is not None and not hides_nothing(name, found):
            return found
        return special(name, self._tid, self._thread_name)

    def find_type(self, name: str) -> Type | None:
        return self.scope.find_type(name)

    def register(self, name: str) -> Operand | None:
        found = register_value(self.scope.frame, name)
        return found if found is not None else special(name, self._tid, self._thread_name)

    def names(self) -> list[str]:
        scope = self.scope
        variables = [*scope.locals(), *scope.arguments(), *scope.statics()]
        return list(dict.fromkeys(variable.name for variable in variables))

    def registers(self) -> list[str]:
        return [name for name, _ in register_values(self.scope.frame)]


def without_frame(space: Space) -> Scope:
    """Make a scope of the program alone: names outside of functions, no registers."""
    program = next(iter(space.modules), None)
    if program is not None:
        space.modules.source_info(program)
    bias = program.bias if program is not None else 0
    nowhere = PhysicalFrame(bias, 0, None, bias, program, {}, {}, is_signal_frame=False)
    return Scope(space, FrameState(nowhere))
