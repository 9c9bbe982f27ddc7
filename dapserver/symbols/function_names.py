"""Names of functions as people write them, against those in symbol tables and debug information."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from dapserver.symbols.demangle import demangle, parameters, without_parameters
from dapserver.symbols.elf_symbols import SymbolTable

# Copies that gcc and LLVM make of a function have its name with something behind it; a cold part is
# no function that is ever called by its name.
CLONE = re.compile(r"(\.(isra|constprop|part|lto_priv|llvm)(\.\d+)?)+$")
COLD = re.compile(r"\.cold(\.\d+)?$")
IDENTIFIER = re.compile(r"[^\W\d]\w*")
GO_RECEIVER = re.compile(r"^\(\*?(.*)\)$")
RUST_IMPLEMENTATION = re.compile(r"^<(.*) as (.*)>$")
BRACKETS = {"<": 1, "(": 1, "[": 1, "{": 1, ">": -1, ")": -1, "]": -1, "}": -1}


@dataclass(frozen=True, slots=True)
class FunctionPattern:
    """What a person calls a function: the end of its qualified name, perhaps with parameters."""

    components: tuple[str, ...]
    parameters: str | None
    is_whole: bool
    """It started with `::`: the whole qualified name."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what a person wrote; None if there is no name in it."""
        text = text.strip()
        name = without_parameters(text)
        wanted = parameters(text)
        found = components(name.removeprefix("::"))
        if not found[-1]:
            return None
        return cls(found, _without_spaces(wanted), name.startswith("::"))

    @property
    def identifier(self) -> str:
        """What all names that match have in them, mangled or not."""
        identifiers = IDENTIFIER.findall(_without_arguments(self.components[-1]))
        return max((each for each in identifiers if each != "operator"), key=len, default="")

    def matches(self, name: str) -> bool:
        """Tell whether the function *name*, demangled or qualified, is meant."""
        if self.parameters is not None and _without_spaces(parameters(name)) != self.parameters:
            return False
        found = components(without_parameters(name))
        return any(self._matches(each) for each in (found, *_rust_methods(found)))

    def _matches(self, found: tuple[str, ...]) -> bool:
        wanted = self.components
        if len(found) < len(wanted) or (self.is_whole and len(found) != len(wanted)):
            return False
        return all(map(_same, wanted, found[-len(wanted) :]))

    def matches_symbol(self, name: str) -> bool:
        """Tell whether the linker's name *name* is that of a function that is meant."""
        if COLD.search(name):
            return False
        name = CLONE.sub("", name)
        return self.matches(demangle(name))

    def symbols(self, table: SymbolTable) -> Iterator[tuple[str, int]]:
        """Give the functions of a symbol table that are meant: their names there and addresses."""
        for name, address in table.functions_mentioning(self.identifier):
            if self.matches_symbol(name):
                yield name, address


def components(name: str) -> tuple[str, ...]:
    """Split a qualified name: `ns::Class<a::b>::f`, Go's `example.org/pkg.(*Type).Method`."""
    if "::" in name or "." not in name or name.startswith("."):
        return tuple(_split(name, "::"))
    *folders, last = _split(name, "/")
    parts = [GO_RECEIVER.sub(r"\1", part) for part in _split(last, ".")]
    return (*folders, *parts)


def _split(name: str, separator: str) -> list[str]:
    """Split at separators outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(name):
        depth += BRACKETS.get(character, 0)
        if depth <= 0 and position >= start and name.startswith(separator, position):
            parts.append(name[start:position])
            start = position + len(separator)
    return [*parts, name[start:]]


def _rust_methods(found: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """`<a::Type as b::Trait>::method` is also `a::Type::method` and `b::Trait::method`."""
    for index, component in enumerate(found):
        if implementation := RUST_IMPLEMENTATION.match(component):
            for of in implementation.groups():
                yield (*components(of), *found[index + 1 :])


def _same(wanted: str, found: str) -> bool:
    wanted, found = wanted.replace(" ", ""), found.replace(" ", "")
    return wanted == found or wanted == _without_arguments(found)


def _without_arguments(component: str) -> str:
    """`max` of `max<int>` and of Go's `max[...]`; operators and whole implementations stay."""
    if component.startswith(("operator", "<", "(", "{")):
        return component
    return re.split(r"[<\[]", component, maxsplit=1)[0]


def _without_spaces(text: str | None) -> str | None:
    return None if text is None else text.replace(" ", "")
