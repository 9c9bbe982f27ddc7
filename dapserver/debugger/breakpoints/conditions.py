"""Expressions of breakpoints, evaluated where a thread has just arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.wish import Breakpoint
    from dapserver.debugger.evaluation.compiled import Compiled
    from dapserver.debugger.evaluation.hit import Hit, Meanings
    from dapserver.debugger.thread import Thread
    from dapserver.debugger.values.space import Space
    from dapserver.ptrace.registers import Registers


class Expression:
    """An expression that was read."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def truth(self, context: Hit) -> bool:
        """Evaluate it as a condition; DebuggerError if that cannot be."""
        return self._compiled.truth(context)

    def text(self, context: Hit) -> str:
        """Evaluate it and write the value; DebuggerError if that cannot be."""
        from dapserver.debugger.evaluation.rendering import rendered  # noqa: PLC0415 - with the first one
        from dapserver.debugger.values.text import Format  # noqa: PLC0415

        return rendered(self._compiled.value(context), self._compiled.format, Format())


@dataclass(slots=True)
class Moment:
    """A thread has come to a breakpoint: what expressions mean there, and who hears what it says."""

    context: Hit
    log: Callable[[str, Breakpoint], None]
    complain: Callable[[str], None]


class Conditions:
    """Reads expressions, and knows what their names mean in one process."""

    def __init__(self, architecture: str) -> None:
        self._architecture = architecture
        self._meanings: Meanings | None = None

    def compile(self, text: str) -> Expression:
        """Read an expression. Raises DebuggerError if it is wrong, or would change the program."""
        from dapserver.debugger.evaluation.compiled import Compiled  # noqa: PLC0415 - 200 ms of start-up

        compiled = Compiled(text)
        if compiled.assigns:
            raise DebuggerError(f"'{text}' would change the program. To compare, write ==.")
        return Expression(compiled)

    def at(self, space: Space, thread: Thread, registers: Registers, name: Callable[[], str]) -> Hit:
        """What names mean where a thread is; *registers* are those that it shows."""
        from dapserver.debugger.evaluation.hit import Hit, Meanings  # noqa: PLC0415 - with the first one

        if self._meanings is None:
            self._meanings = Meanings(space, self._architecture)
        return Hit(self._meanings, registers, thread.tid, name)

    def forget(self) -> None:
        """What is mapped has changed."""
        if self._meanings is not None:
            self._meanings.forget()

    def renew(self) -> None:
        """Another process, or another program."""
        self._meanings = None
