"""Formatters: what the containers and strings of the languages' libraries mean.

A formatter is a function that makes a `View` of a `Value`, or None if the value is not what it
takes it for. It is registered by a pattern for the name of the type, in the file of its library.
Whatever a process holds must not make it run on: counts are checked, chains are bounded.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.reading import DAMAGE, damaged
from dapserver.symbols.dwarf.types import Kind, Language, Type

if TYPE_CHECKING:
    from dapserver.debugger.values.value import Value
    from dapserver.debugger.values.views import View

Formatter = Callable[["Value"], "View | None"]

LIBRARIES = {
    Language.CPP: ("libstdcxx", "libstdcxx_nodes", "libstdcxx_wrappers", "libcxx"),
    Language.RUST: ("rust", "rust_maps"),
    Language.GO: ("go", "go_maps"),
    Language.C: (),
}
KINDS = frozenset({Kind.STRUCT, Kind.UNION, Kind.POINTER, Kind.FUNCTION})


class Registry:
    """The formatters of one library."""

    def __init__(self) -> None:
        self.patterns: list[tuple[re.Pattern[str], Formatter]] = []

    def __call__(self, pattern: str) -> Callable[[Formatter], Formatter]:
        """Register a formatter for types whose whole name *pattern* matches."""

        def register(formatter: Formatter) -> Formatter:
            self.patterns.append((re.compile(pattern, re.DOTALL), formatter))
            return formatter

        return register


@functools.cache
def _registries(language: Language) -> tuple[Registry, ...]:
    found = []
    for name in LIBRARIES[language]:
        module = importlib.import_module(f"dapserver.debugger.values.formatters.{name}")
        found.append(module.formatter)
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _formatter(name: str, language: Language) -> Formatter | None:
    for registry in _registries(language):
        for pattern, formatter in registry.patterns:
            if pattern.fullmatch(name):
                return formatter
    return None


def view_of(value: Value) -> View | None:
    """Let the formatter for the value's type show it; None if there is none, or it declines.

    Raises ValueProblem and DwarfError.
    """
    bare = value.bare
    if bare.kind not in KINDS or not LIBRARIES[bare.language]:
        return None
    found = (_formatter(name, bare.language) for name in _names(value.type, bare))
    formatter = next((each for each in found if each is not None), None)
    if formatter is None:
        return None
    try:
        return formatter(value)
    except DAMAGE as error:
        raise damaged("a value", error) from None


def _names(type_: Type, bare: Type) -> Iterator[str]:
    """The names a formatter may be for: in Go what a type is declared as, then the bare one."""
    if bare.language is Language.GO:
        for _ in range(8):
            if type_.kind is not Kind.TYPEDEF or type_.target is None:
                break
            if type_.own_name is not None:
                yield type_.own_name
            type_ = type_.target
    if bare.own_name is not None:
        yield bare.own_name
