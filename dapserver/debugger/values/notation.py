"""How the languages write structures: what stands around and between the parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dapserver.symbols.dwarf.types import Language, Type
from dapserver.symbols.dwarf.variables_index import split


@dataclass(frozen=True, slots=True)
class Notation:
    """Templates have `{}` where the parts go."""

    record: str = "{{{}}}"
    array: str = "{{{}}}"
    map: str = "{{{}}}"
    key: str = "[{}]"
    equals: str = " = "
    map_equals: str = " = "
    has_titles: bool = False
    """Whether a structure's type stands before it."""
    has_plain_titles: bool = False
    """Whether nothing stands between a formatter's title and what follows."""
    has_plain_characters: bool = False
    """Whether characters are code points, not bytes of strings."""

    def join(self, parts: Sequence[str]) -> str:
        return ", ".join(parts)

    def title(self, bare: Type) -> str:
        """What stands before the braces."""
        if not self.has_titles:
            return ""
        name = short_name(bare)
        if bare.language is Language.GO:
            return f"{name} " if name else ""
        return name if is_tuple(bare) else f"{name} "

    def member_names(self, bare: Type) -> list[str]:
        """The names of the members; empty where only their place counts."""
        if bare.language is Language.RUST and is_tuple(bare):
            return [""] * len(bare.members)
        return [member.name or "" for member in bare.members]

    def wrapped(self, bare: Type, parts: Sequence[str]) -> str:
        """The parts in their brackets."""
        if bare.language is Language.RUST and is_tuple(bare):
            return f"({self.join(parts)})" if parts or not short_name(bare) else ""
        return self.record.format(self.join(parts))


def is_tuple(bare: Type) -> bool:
    """Tell whether a Rust struct is a tuple: its members are `__0`, `__1`, ..."""
    members = bare.members
    if not members:
        return True
    return all(member.name == f"__{index}" for index, member in enumerate(members))


def short_name(bare: Type) -> str:
    """`Point<i32>` of `shapes::Point<i32>`; Go keeps its packages."""
    name = bare.own_name or ""
    if bare.language is Language.GO:
        return name
    return "" if name.startswith("(") else split(name)[-1].partition("<")[0]


C = Notation()
RUST = Notation(
    array="[{}]",
    key="{}",
    equals=": ",
    map_equals=": ",
    has_titles=True,
    has_plain_characters=True,
)
GO = Notation(
    array="[{}]",
    map="[{}]",
    key="{}",
    equals=": ",
    map_equals=": ",
    has_titles=True,
    has_plain_titles=True,
    has_plain_characters=True,
)
NOTATIONS = {Language.C: C, Language.CPP: C, Language.RUST: RUST, Language.GO: GO}
