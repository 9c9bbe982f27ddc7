"""How a person sees a value: a line of text, and what it opens into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from dapserver.debugger.values import children as raw
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import view_of
from dapserver.debugger.values.text import DEFAULT, Format, Writer
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import Kind

__all__ = ["Child", "ChildCount", "Format", "child_count", "children", "text"]

ALL = 1000
"""Children given to a client that does not say how many it wants."""


PLAIN = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.CHARACTER, Kind.FLOAT, Kind.ENUM})
"""Kinds that open into nothing."""

KEY = Format(elements=8, characters=80, length=120)
"""How much of a map's key stands in its entry's name."""


@dataclass(frozen=True, slots=True)
class ChildCount:
    """How many children there are; elements are counted apart, so that a client can page them."""

    named: int
    indexed: int


NONE = ChildCount(0, 0)


def text(value: Value, how: Format = DEFAULT) -> str:
    """Write a value in one line, as gdb's `print` does. Never raises: what is not to be had is said."""
    return Writer(how).write(value)


def child_count(value: Value) -> ChildCount:
    """Tell what a value opens into. Never raises."""
    try:
        if value.bare.kind in PLAIN:  # as most are
            return NONE
        value, view = _shown(value)
        if view is not None:
            is_indexed = view.style is Style.ELEMENTS
            return ChildCount(0 if is_indexed else view.count, view.count if is_indexed else 0)
        if value.bare.kind is Kind.ARRAY:
            return ChildCount(0, raw.element_count(value))
        if value.bare.kind is Kind.POINTER:
            # How many, only a look at what it leads to would tell.
            return ChildCount(int(raw.has_children(value)), 0)
        return ChildCount(sum(1 for _ in raw.named_children(value)), 0)
    except (ValueProblem, DwarfError):
        return NONE


def children(
    value: Value, start: int = 0, count: int | None = None, kind: str | None = None
) -> Sequence[Child]:
    """Give *count* children from the *start*th; *kind* `named` or `indexed` counts these alone.

    Named ones come first. Never raises.
    """
    try:
        value, view = _shown(value)
        return list(islice(_from(value, view, max(start, 0), kind), count or ALL))
    except (ValueProblem, DwarfError):
        return []


def _shown(value: Value) -> tuple[Value, View | None]:
    """The value whose children are shown, and the formatter's view of it."""
    value = value.referenced()
    view = view_of(value)
    for _ in range(8):
        if view is None or view.alias is None:
            break
        value = view.alias.referenced()
        view = view_of(value)
    return value, view


def _from(value: Value, view: View | None, start: int, kind: str | None) -> Iterator[Child]:
    if view is not None:
        is_indexed = view.style is Style.ELEMENTS
        if kind in {None, "indexed" if is_indexed else "named"}:
            yield from map(_labelled, islice(view.children(start), max(view.count - start, 0)))
        return
    if value.bare.kind is Kind.ARRAY:
        if kind != "named":
            yield from raw.elements(value, start)
    elif kind != "indexed":
        yield from islice(chain(raw.named_children(value)), start, None)


def _labelled(child: Child) -> Child:
    """With its key as its name, if it has one."""
    if child.key is None:
        return child
    return replace(child, name=f"[{text(child.key, KEY)}]")
