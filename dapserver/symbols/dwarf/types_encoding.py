"""Tags and constants of DWARF (chapters 5 and 7) to kinds of types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.types import POINTER_SIZE, Kind, Language

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.units import Unit

KINDS: dict[int, Kind] = {
    Tag.POINTER_TYPE: Kind.POINTER,
    Tag.REFERENCE_TYPE: Kind.REFERENCE,
    Tag.RVALUE_REFERENCE_TYPE: Kind.RVALUE_REFERENCE,
    Tag.PTR_TO_MEMBER_TYPE: Kind.MEMBER_POINTER,
    Tag.ARRAY_TYPE: Kind.ARRAY,
    Tag.STRUCTURE_TYPE: Kind.STRUCT,
    Tag.CLASS_TYPE: Kind.STRUCT,
    Tag.INTERFACE_TYPE: Kind.STRUCT,
    Tag.UNION_TYPE: Kind.UNION,
    Tag.ENUMERATION_TYPE: Kind.ENUM,
    Tag.SUBROUTINE_TYPE: Kind.FUNCTION,
    Tag.SUBPROGRAM: Kind.FUNCTION,
    Tag.TYPEDEF: Kind.TYPEDEF,
    Tag.TEMPLATE_ALIAS: Kind.TYPEDEF,
    Tag.CONST_TYPE: Kind.QUALIFIED,
    Tag.VOLATILE_TYPE: Kind.QUALIFIED,
    Tag.RESTRICT_TYPE: Kind.QUALIFIED,
    Tag.ATOMIC_TYPE: Kind.QUALIFIED,
    Tag.UNSPECIFIED_TYPE: Kind.VOID,
}
KEYWORDS: dict[int, str] = {
    Tag.STRUCTURE_TYPE: "struct",
    Tag.CLASS_TYPE: "class",
    Tag.INTERFACE_TYPE: "class",
    Tag.UNION_TYPE: "union",
    Tag.ENUMERATION_TYPE: "enum",
}
QUALIFIERS: dict[int, str] = {
    Tag.CONST_TYPE: "const",
    Tag.VOLATILE_TYPE: "volatile",
    Tag.RESTRICT_TYPE: "restrict",
    Tag.ATOMIC_TYPE: "_Atomic",
}
# DW_ATE_*, table 7.11: kind and signedness
ENCODINGS: dict[int, tuple[Kind, bool]] = {
    0x01: (Kind.INTEGER, False),  # address
    0x02: (Kind.BOOLEAN, False),
    0x03: (Kind.COMPLEX, False),
    0x04: (Kind.FLOAT, False),
    0x05: (Kind.INTEGER, True),
    0x06: (Kind.CHARACTER, True),
    0x07: (Kind.INTEGER, False),
    0x08: (Kind.CHARACTER, False),
    0x10: (Kind.CHARACTER, False),  # UTF
    0x11: (Kind.CHARACTER, False),  # UCS
    0x12: (Kind.CHARACTER, False),  # ASCII
}
# DW_LANG_*, table 7.17
LANGUAGES = {
    **dict.fromkeys((0x04, 0x1A, 0x21, 0x2B, 0x3A), Language.CPP),
    0x1C: Language.RUST,
    0x16: Language.GO,
}
# Where none is told; of functions and void as GNU C has it
SIZES = {
    Kind.POINTER: POINTER_SIZE,
    Kind.REFERENCE: POINTER_SIZE,
    Kind.RVALUE_REFERENCE: POINTER_SIZE,
    Kind.FUNCTION: 1,
    Kind.VOID: 1,
}
WIDE_CHARACTERS = frozenset({"wchar_t", "char16_t", "char32_t", "char8_t"})
# What gcc calls them, and what people and gdb do
PLAIN_NAMES = {
    "long int": "long",
    "long unsigned int": "unsigned long",
    "long long int": "long long",
    "long long unsigned int": "unsigned long long",
    "short int": "short",
    "short unsigned int": "unsigned short",
    "__int128 unsigned": "unsigned __int128",
}
IMPORTERS_LIMIT = 16  # of which one has the language
STATIC = (At.EXTERNAL, At.DECLARATION)


def unit_language(unit: Unit) -> Language:
    """Tell what a unit is written in, as far as values look different."""
    for _ in range(IMPORTERS_LIMIT):
        number = unit.root.number(At.LANGUAGE)
        if number is not None or unit.importer is None:
            break
        unit = unit.importer
    return LANGUAGES.get(number or 0, Language.C)
