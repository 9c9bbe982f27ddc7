"""The names of types as gdb's `whatis` prints them: C's declarators, read from the inside out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.reading import Budget

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.types import Type

SIGILS = {"pointer": "*", "reference": "&", "rvalue reference": "&&"}
POINTING = frozenset({*SIGILS, "pointer to member"})
BEHIND_PARENTHESES = frozenset({"array", "function"})
QUALIFIERS = ("const", "volatile", "restrict", "_Atomic")  # in the order that people write them
RUST = 2  # Language.RUST
DEPTH_LIMIT = 32
PART_LIMIT = 500


def spelled(of: Type) -> str:
    """Spell a type. Raises DwarfError where what it is made of cannot be read, or has no end."""
    return _Spelling().whole(of, "", DEPTH_LIMIT)


class _Spelling:
    """One name. A declarator is what stands where a variable's name would: `*` in `int *`."""

    def __init__(self) -> None:
        self._budget = Budget(PART_LIMIT, "types in one type's name")

    def whole(self, of: Type | None, declarator: str, depth: int) -> str:  # noqa: PLR0911 - one for each kind
        if of is None:
            return f"void{_spaced(declarator)}"
        self._budget.spend(1)
        kind = of.kind.value
        if depth == 0:
            return f"...{_spaced(declarator)}"
        if (name := of.own_name) is not None:
            # C has tags apart from other names; C++, Rust and Go do not.
            tagged = f"{of.keyword} {name}" if of.keyword and of.language == 0 else name
            return tagged + _spaced(declarator)
        if kind in POINTING:
            return self._pointing(of, declarator, depth - 1)
        if kind == "array":
            count = "" if of.count is None else str(of.count)
            if of.language == RUST:
                return f"[{self.whole(of.target, '', depth - 1)}; {count}]{_spaced(declarator)}"
            return self.whole(of.target, f"{declarator or ' '}[{count}]", depth - 1)
        if kind == "function":
            return self.whole(of.target, f" {declarator}({self._parameters(of, depth - 1)})", depth - 1)
        if kind == "qualified":
            return self._qualified(of, declarator, depth - 1)
        return (f"{of.keyword} {{...}}" if of.keyword else "<unknown type>") + _spaced(declarator)

    def _pointing(self, of: Type, declarator: str, depth: int) -> str:
        if of.kind.value in SIGILS:
            around = SIGILS[of.kind.value] + declarator
        else:
            around = f"{self.whole(of.container, '', depth)}::*{declarator}"
        target = of.target
        if target is not None and target.own_name is None and target.kind.value in BEHIND_PARENTHESES:
            return self.whole(target, f"({around})", depth)
        return self.whole(target, around, depth)

    def _qualified(self, of: Type, declarator: str, depth: int) -> str:
        """`const int`, but `int * const`: what qualifies a pointer stands behind its star."""
        qualifiers = {of.qualifier}
        target = of.target
        while target is not None and target.kind.value == "qualified" and len(qualifiers) < len(QUALIFIERS):
            qualifiers.add(target.qualifier)
            target = target.target
        words = " ".join(each for each in QUALIFIERS if each in qualifiers)
        if target is not None and target.own_name is None and target.kind.value in POINTING:
            return self.whole(target, f" {words}{_spaced(declarator)}", depth)
        return f"{words} {self.whole(target, declarator, depth)}"

    def _parameters(self, of: Type, depth: int) -> str:
        names = [self.whole(parameter, "", depth) for parameter in of.parameters]
        if of.is_variadic:
            names.append("...")
        if not names:
            return "void" if of.is_prototyped else ""
        return ", ".join(names)


def _spaced(declarator: str) -> str:
    return f" {declarator}" if declarator and not declarator.startswith(" ") else declarator
