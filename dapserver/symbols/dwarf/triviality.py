"""Which classes of C++ are passed and returned by their bytes (Itanium C++ ABI, 1.1, 3.1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.types import RECORDS, REFERENCES, Kind, Language, Type
from dapserver.symbols.dwarf.types_reading import EntryType

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.entries import Entry

BY_REFERENCE, BY_VALUE = 4, 5
"""DW_CC_pass_by_reference, DW_CC_pass_by_value (DWARF 5, 5.7.2)."""

DEFAULTED_IN_CLASS = 1
"""DW_DEFAULTED_in_class (table 7.24): of a function that does what the compiler's own would."""


def is_trivial(type_: Type) -> bool:
    """Tell whether a type is trivial for the purposes of calls. What has no class in it is.

    Not all compilers say it of a class: then it is what has no destructor and no copy or move constructor
    that somebody wrote, nothing virtual, and only such members and bases.
    """
    return _is_trivial(type_, set())


def _is_trivial(type_: Type, seen: set[Type]) -> bool:
    bare = type_.bare
    if bare.kind is Kind.ARRAY and bare.target is not None and bare not in seen:
        seen.add(bare)
        return _is_trivial(bare.target, seen)
    if bare.kind not in RECORDS or bare.language is not Language.CPP or not isinstance(bare, EntryType):
        return True
    if bare in seen:
        return True  # or the first look at it says otherwise
    seen.add(bare)
    told = bare.entry.number(At.CALLING_CONVENTION)
    if told in {BY_REFERENCE, BY_VALUE}:
        return told == BY_VALUE
    if not _is_trivially_declared(bare) or any(base.is_virtual for base in bare.bases):
        return False
    parts = [*(member.type for member in bare.members), *(base.type for base in bare.bases)]
    return all(_is_trivial(part, seen) for part in parts)


def _is_trivially_declared(of: EntryType) -> bool:
    """Whether nothing that is written in a class itself makes it non-trivial."""
    functions = [child for child in of.entry.children() if child.tag == Tag.SUBPROGRAM]
    if any(child.number(At.VIRTUALITY) for child in functions):
        return False
    written = [child for child in functions if not child.number(At.ARTIFICIAL)]
    if any(_is_written(child) for child in written if (child.string(At.NAME) or "").startswith("~")):
        return False
    copying = [child for child in written if _is_copying(child, of)]
    # One that is deleted only takes the others' place if there is none left.
    left = [child for child in copying if not child.number(At.DELETED)]
    return not any(_is_written(child) for child in left) and bool(left or not copying)


def _is_written(function: Entry) -> bool:
    return function.number(At.DEFAULTED) != DEFAULTED_IN_CLASS


def _is_copying(function: Entry, of: EntryType) -> bool:
    """Whether it is a constructor that makes an object of another."""
    name, own = function.string(At.NAME) or "", of.entry.string(At.NAME) or ""
    if name.partition("<")[0] != own.partition("<")[0]:
        return False
    parameters = list(_parameters(function))
    copied = of.types.of(parameters[0]) if len(parameters) == 1 else None
    if copied is None or copied.bare.kind not in REFERENCES:
        return False
    target = copied.bare.target
    return target is not None and target.bare is of


def _parameters(function: Entry) -> Iterator[Entry]:
    for child in function.children():
        if child.tag == Tag.FORMAL_PARAMETER and not child.number(At.ARTIFICIAL):
            yield child
