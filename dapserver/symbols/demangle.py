"""From the linker's names to those of the source: C++ (Itanium ABI) and Rust (legacy and v0)."""

from __future__ import annotations

import functools
import re

LENGTH_LIMIT = 4000
"""Characters. The library recurses for each level of nesting, on a stack of perhaps 1 MB."""
CLONE = re.compile(r" \((\.[\w.]+)\)$")
RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")


@functools.lru_cache(maxsize=1 << 14)
def demangle(name: str) -> str:
    """Give the name that *name* stands for, or *name* itself if it is not mangled.

    Functions of C++ come with their parameters, instances of templates with their type first. What
    compilers add for a copy of a function follows in brackets, as c++filt has it: `f(int) [clone .cold]`.
    """
    if not name.startswith(("_Z", "_R", "__Z")) or len(name) > LENGTH_LIMIT:
        return name
    from pydemumble import demangle as library  # noqa: PLC0415 - only programs in C++ and Rust need it

    found = RUST_HASH.sub("", library(name))
    return CLONE.sub(r" [clone \1]", found) or name


def without_parameters(name: str) -> str:
    """Give the qualified name in a demangled one: `int ns::max<int>(int) const` is `ns::max<int>`."""
    name = name.partition(" [clone ")[0]
    end = _parameters(name)
    head = name[:end]
    return head[_last_space(head) :]


def parameters(name: str) -> str | None:
    """Give the parameters in a demangled name, `(int, char)`; None if there are none in it."""
    name = name.partition(" [clone ")[0]
    start = _parameters(name)
    return name[start : name.rindex(")") + 1] if start < len(name) else None


def _parameters(name: str) -> int:
    """Where the parameters start: the last bracket at the top level, or the end."""
    # `operator()`, `(anonymous namespace)` and function types in template arguments have others
    end = len(name)
    if ")" not in name:
        return end
    depth = 0
    for position in range(name.rindex(")"), -1, -1):
        if name[position] == ")":
            depth += 1
        elif name[position] == "(":
            depth -= 1
            if depth == 0:
                before = name[:position]
                is_name = name.startswith(("(anonymous", "({"), position) or before.endswith("operator")
                return end if is_name else position
    return end


def _last_space(head: str) -> int:
    """Where the name starts behind its return type: after the last space outside of brackets."""
    operator = re.search(r"\boperator\b", head)
    depth = 0
    for position in range((operator.start() if operator else len(head)) - 1, -1, -1):
        character = head[position]
        if character in ">)}]":
            depth += 1
        elif character in "<({[":
            depth -= 1
        elif character == " " and depth == 0:
            return position + 1
    return 0
