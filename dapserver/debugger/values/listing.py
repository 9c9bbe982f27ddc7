"""Values as lines of a variables view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.values.registers import register_values
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.shown import Child, Format, child_count, text
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import UNSIGNED_INT128, Kind

VIEW = Format(elements=32, characters=400, length=1000)
"""How much of a value stands in one line: a person opens it to see more."""
SIMPLE = re.compile(r"[\w.\[\]$:]+(->[\w.\[\]]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A value with its name, and what a client needs to show it."""

    name: str
    text: str
    type: str
    value: Value
    expression: str | None
    """What to evaluate in the frame to get it again; None: nothing does."""
    named: int
    """How many children with names it opens into."""
    indexed: int
    """How many elements."""
    address: int | None
    kind: str = "data"
    is_read_only: bool = False


def line(
    name: str, value: Value, expression: str | None = None, how: Format = VIEW, kind: str = "data"
) -> Line:
    """Read and write one value. Never raises."""
    count = child_count(value)
    return Line(
        name,
        text(value, how),
        type_name(value),
        value,
        expression,
        count.named,
        count.indexed,
        _memory_reference(value),
        kind,
        is_read_only=not value.place.is_writable,
    )


def local_lines(scope: Scope, how: Format, part: slice, name: str | None = None) -> list[Line]:
    """Make lines of a frame's arguments and locals, the innermost block's before those around it.

    What a function has just returned there comes before them all. Raises DebuggerError if the debug
    information is in a file that is missing.
    """
    rows: list[tuple[str, Value, str | None]] = [(label, value, None) for label, value in scope.results()]
    if scope.problem is not None and not rows:
        raise DebuggerError(f"There are no variables: {scope.problem}.")
    for each in (*scope.arguments(), *scope.locals()):
        if each.is_shadowed:
            rows.append((f"{each.name} (line {each.line})", each.value, None))
        else:
            rows.append((each.name, each.value, each.name))
    return [
        line(label, value, expression, how)
        for label, value, expression in rows[part]
        if name is None or label == name
    ]


def static_lines(scope: Scope, how: Format, part: slice, name: str | None = None) -> list[Line]:
    """Make lines of the variables of the frame's file."""
    statics = [each for each in scope.statics() if name is None or each.name == name]
    return [line(each.name, each.value, each.name, how) for each in statics[part]]


def register_lines(scope: Scope, how: Format, part: slice, name: str | None = None) -> list[Line]:
    """Make lines of the registers that are known in a frame; *how* should be hexadecimal."""
    registers = [each for each in register_values(scope.frame) if name is None or each[0] == name]
    return [_register_line(name, value, how) for name, value in registers[part]]


def _register_line(name: str, value: Value, how: Format) -> Line:
    """A register's bits; those of vectors open into numbers of all sizes."""
    kind = value.bare.kind
    found = line(name, value, f"${name}", VIEW if kind is Kind.FLOAT else how)
    if kind is Kind.UNION:
        found = replace(found, text=text(value.part(UNSIGNED_INT128, 0), how))
    return replace(found, address=None)


def lines(children: Iterable[Child], parent: str | None, how: Format) -> list[Line]:
    """Make lines of what a value opens into; *parent* is that value's expression."""
    return [
        line(child.name, child.value, joined(parent, child.expression), how, child.kind) for child in children
    ]


def hexadecimal(how: Format, *, is_hex: bool) -> Format:
    """Give a format with its numbers in hexadecimal if that was asked for."""
    return replace(how, is_hex=True) if is_hex else how


def type_name(value: Value) -> str:
    """Give the name of a value's type, empty if it cannot be read."""
    try:
        return value.type.name
    except DwarfError:
        return ""


def _memory_reference(value: Value) -> int | None:
    """Where a memory view should look: at what a pointer leads to, else at the value."""
    try:
        if value.bare.kind is Kind.POINTER and value.place.pointee is None:
            return value.number() or None
        return value.address
    except (DebuggerError, DwarfError):
        return None


def joined(parent: str | None, template: str | None) -> str | None:
    """Put a parent's expression into its child's: `({}).x` and `a` make `a.x`."""
    if parent is None or template is None:
        return None
    if SIMPLE.fullmatch(parent):
        if template.startswith("(*{})."):
            return f"{parent}->{template[6:]}"
        template = template.replace("({})", "{}", 1)
    return template.replace("{}", parent)
