"""The variables of a function that the program is in, by block (DWARF 5, 3.3, 3.5 and 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.ranges import entry_ranges
from dapserver.symbols.dwarf.reading import DwarfError

BLOCKS = frozenset({Tag.LEXICAL_BLOCK, Tag.TRY_BLOCK, Tag.CATCH_BLOCK})
CALL_SITES = frozenset({Tag.CALL_SITE, Tag.GNU_CALL_SITE})
BLOCK_LIMIT = 64
VARIABLE_LIMIT = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class LocalVariable:
    """A variable of a function."""

    name: str
    entry: Entry
    """Where its location is told; that it has none means that it is optimized out."""
    is_argument: bool
    is_artificial: bool
    """Not in the source, as `this` and what compilers add."""
    line: int
    """Where it is declared; 0: not known."""
    depth: int
    """Of its block; 0: the function's."""


def local_variables(function: Entry, address: int) -> list[LocalVariable]:
    """Give the variables that code at *address* can name, in the order of the entries.

    *function* is an entry with code, or an inlined subroutine. Those of blocks come behind those
    of what contains these; of two with the same name the last is meant. Raises DwarfError.
    """
    found = []
    for entry, depth in _entries(function, address, 0):
        variable = _variable(entry, depth)
        if variable is not None:
            found.append(variable)
        if len(found) > VARIABLE_LIMIT:
            raise DwarfError("more variables than a function can have")
    return found


def _entries(scope: Entry, address: int, depth: int) -> Iterator[tuple[Entry, int]]:
    """The entries of variables in a scope, then those in the blocks of it that contain the address."""
    if depth > BLOCK_LIMIT:
        raise DwarfError("blocks nested without end")
    inner: list[Entry] = []
    completed: set[int] = set()
    for child in scope.children():
        if child.tag in {Tag.FORMAL_PARAMETER, Tag.VARIABLE}:
            origin = child.reference(At.ABSTRACT_ORIGIN)
            if origin is not None:
                completed.add(origin.offset)
            yield child, depth
        elif child.tag in BLOCKS and _contains(child, address):
            inner.append(child)
    yield from ((entry, depth) for entry in _left_out(scope, completed))
    for block in inner:
        yield from _entries(block, address, depth + 1)


def _left_out(scope: Entry, completed: set[int]) -> Iterator[Entry]:
    """What a copy of a function does not even mention of its abstract instance (3.3.8.2)."""
    origin = scope.reference(At.ABSTRACT_ORIGIN)
    if origin is None:
        return
    for child in origin.children():
        if child.tag in {Tag.FORMAL_PARAMETER, Tag.VARIABLE} and child.offset not in completed:
            yield child


def _contains(block: Entry, address: int) -> bool:
    ranges = entry_ranges(block)
    if not ranges:
        return False
    return any(low <= address < high for low, high in ranges)


def _variable(entry: Entry, depth: int) -> LocalVariable | None:
    name: str | None = None
    line = 0
    is_artificial = False
    for origin in entry.origins():
        name = name or origin.string(At.NAME)
        line = line or origin.number(At.DECL_LINE) or 0
        is_artificial = is_artificial or bool(origin.number(At.ARTIFICIAL))
    if not name or (entry.number(At.DECLARATION) and entry.value(At.LOCATION) is None):
        return None
    is_argument = entry.tag == Tag.FORMAL_PARAMETER
    return LocalVariable(name, entry, is_argument, is_artificial, line, depth)


def call_sites(function: Entry) -> dict[int, Entry]:
    """Give the entries of the calls in a function, by the addresses these return to (3.4)."""
    found: dict[int, Entry] = {}
    for site in _sites(function, BLOCK_LIMIT):
        address = site.address(At.CALL_RETURN_PC)
        if address is None:
            address = site.address(At.LOW_PC)  # GNU's, before version 5
        if address is not None:
            found[address] = site
    return found


def _sites(scope: Entry, depth: int) -> Iterator[Entry]:
    for child in scope.children():
        if child.tag in CALL_SITES:
            yield child
        elif (child.tag in BLOCKS or child.tag == Tag.INLINED_SUBROUTINE) and depth:
            yield from _sites(child, depth - 1)
