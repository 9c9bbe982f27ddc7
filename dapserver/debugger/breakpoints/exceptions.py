"""Exceptions of the program's language: where the runtimes raise them, and what they are of."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dapserver.debugger.breakpoints.wish import Thrown
    from dapserver.debugger.values.space import Space
    from dapserver.ptrace.registers import Registers

NAME_LIMIT = 512
"""Characters of a type's name."""

FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    # Itanium C++ ABI, exception handling, 2.4 and 2.5
    "cpp_throw": ("C++: throw", ("__cxa_throw", "__cxa_rethrow")),
    "cpp_catch": ("C++: catch", ("__cxa_begin_catch",)),
    "rust_panic": ("Rust: panic", ("rust_panic",)),
    "go_panic": ("Go: panic", ("runtime.gopanic",)),
    "go_fatal": ("Go: fatal error", ("runtime.fatalthrow", "runtime.fatalpanic")),
}
"""By the name of the filter: what it is called, and the functions that mean it."""


def thrown(name: str) -> Thrown:
    """The filter of this name."""
    from dapserver.debugger.breakpoints.wish import Thrown  # noqa: PLC0415 - the filters are read by all

    return Thrown(name, FILTERS[name][1], is_mangled=name == "rust_panic")


def described(thrown: Thrown, registers: Registers, space: Space, text: Callable[[str], str]) -> str:
    """Say what is thrown, in the first instruction of a runtime's function.

    *text* gives the value of an expression there, or raises DebuggerError.
    """
    from dapserver.debugger.values.errors import NoMemory  # noqa: PLC0415 - the filters are read by all

    label = FILTERS[thrown.filter][0]
    if thrown.filter == "cpp_throw":
        with contextlib.suppress(NoMemory):
            # __cxa_throw(object, type_info, destructor); type_info: vtable, name
            name, _ = space.string(space.word(registers["rsi"] + 8), NAME_LIMIT)
            return f"{label} of {_type_name(name.decode(errors='replace'))}"
    if thrown.filter == "go_panic":
        with contextlib.suppress(DebuggerError):
            return f"{label}: {text('e')}"  # func gopanic(e any)
    return label


def _type_name(mangled: str) -> str:
    from dapserver.symbols.demangle import demangle  # noqa: PLC0415 - not for attaching

    return demangle(f"_ZTS{mangled.removeprefix('*')}").removeprefix("typeinfo name for ")
