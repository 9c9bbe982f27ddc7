"""Expressions that are read once and evaluated many times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.closures import Closures, Evaluate, truth
from dapserver.debugger.evaluation.context import Context, UnknownName
from dapserver.debugger.evaluation.operands import Operand, as_value
from dapserver.debugger.values.errors import OptimizedOut
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import SCALARS

if TYPE_CHECKING:
    from dapserver.debugger.values.value import Value

FORMAT = re.compile(r",\s*([xXdutobcsfa]|\d{1,7})\s*$")
"""What may follow an expression: how it is to be written, or how many elements a pointer leads to."""


class Compiled:
    """An expression. Its methods raise DebuggerError, for the user to read, and nothing else."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = FORMAT.search(text)
        self.format = found.group(1) if found else ""
        """`x`, `d`, `u`, `o`, `t` or `b`, `c`, `s`, `f`, `a`; empty: as its type says."""
        self.plain_text = text[: found.start()] if found else text
        """Without the format."""
        if self.format.isdigit():
            self.plain_text = f"({self.plain_text})[0..{self.format}]"
            self.format = ""
        self.assigns = False
        """Whether it changes the program: not for hovers and conditions."""
        self._types: frozenset[str] = frozenset()
        self._evaluate = self._compile()

    def value(self, context: Context) -> Value:
        """Evaluate it in a frame. A scalar is read at once, so that what cannot be read is an error."""
        value = as_value(self.operand(context), context.space)
        try:
            if value.bare.kind in SCALARS:
                value.data()
        except OptimizedOut:
            pass  # not wrong: it is shown as such
        except DwarfError as error:
            raise _damaged(error) from None
        return value

    def truth(self, context: Context) -> bool:
        """Evaluate it as a condition."""
        try:
            return truth(self.operand(context))
        except DwarfError as error:
            raise _damaged(error) from None

    def operand(self, context: Context) -> Operand:
        """Evaluate it, and leave a result that is nowhere in the program as it is."""
        try:
            return self._evaluate(context)
        except UnknownName as error:
            if not self._is_type(error.name, context):
                raise
            return self.operand(context)
        except DwarfError as error:
            raise _damaged(error) from None

    def _is_type(self, name: str, context: Context) -> bool:
        """Whether a name in parentheses is a type after all, so that `(name) - x` is a cast."""
        if name not in self._doubtful or name in self._types or context.find_type(name) is None:
            return False
        self._types |= {name}
        self._evaluate = self._compile()
        return True

    def _compile(self) -> Evaluate:
        from dapserver.debugger.evaluation.parser import parse  # noqa: PLC0415 - 200 ms of start-up

        tree, self._doubtful = parse(self.plain_text, self._types)
        closures = Closures()
        evaluate = closures.of(tree)
        self.assigns = closures.assigns
        return evaluate


def compile_expression(text: str) -> Compiled:
    """Read an expression. DebuggerError says what is wrong with it."""
    return Compiled(text)


def _damaged(error: DwarfError) -> DebuggerError:
    return DebuggerError(f"The debug information about this is damaged: {error}.")
