"""How a formatter shows a value: what it says in one line, and what it opens into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from dapserver.debugger.values.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """Something that a value opens into."""

    name: str
    """`x`, `[3]`, `*p`, `<Base>`."""
    value: Value
    expression: str | None = None
    """How to get from the parent to it, `{}` standing for the parent: `({}).x`; None: not in C."""
    kind: str = "property"
    """As DAP's VariablePresentationHint.kind: `property`, `baseClass`, `virtual`."""
    key: Value | None = None
    """Of an entry of a map: what stands in the brackets of its name."""


class Style(Enum):
    """How the children are written in one line."""

    MEMBERS = "members"
    """`{x = 1, y = 2}`"""
    ELEMENTS = "elements"
    """`{1, 2, 3}`"""
    MAP = "map"
    """`{[1] = 2, [3] = 4}`"""
    WRAPPED = "wrapped"
    """`int(1)`: one child, whose text may begin with the title already."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a formatter makes of a value. Nothing is read before it is asked for."""

    title: str | None = None
    """Stands before the children: `std::vector of length 3, capacity 4`."""
    children: Callable[[int], Iterator[Child]] = lambda _: iter(())
    """Gives the children from a number on."""
    count: int = 0
    """How many children there are."""
    style: Style = Style.ELEMENTS
    string: tuple[bytes, int] | None = None
    """A string instead: its bytes and the width of a character."""
    is_cut: bool = False
    """Whether the string is longer than that."""
    text: str | None = None
    """The whole line, instead of title and children."""
    alias: Value | None = None
    """Another value that is shown in its place."""
