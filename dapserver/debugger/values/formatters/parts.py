"""What formatters are made of: elements in a row, chains of nodes, entries of maps."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from itertools import islice

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View
from dapserver.symbols.dwarf.types import RECORDS, Kind, Pointer, Type

COUNT_LIMIT = 1 << 32
"""More elements than a process can hold: what was taken for a container is none, or not made yet."""
NODE_LIMIT = 100_000
"""Nodes that are followed: a damaged chain has no end."""
ALIGNMENT_LIMIT = 16
STRING = re.compile(r"std::(__cxx11::)?basic_string<char, std::char_traits<char>, std::allocator<char> ?>")
DEFAULTS = re.compile(
    r", std::(allocator|less|hash|equal_to|default_delete)<[^<>]*(<[^<>]*>[^<>]*)*>(?= ?[,>])"
)


def require_count(count: int) -> int:
    """Give *count* if a container can have so many elements; ValueProblem otherwise."""
    if not 0 <= count < COUNT_LIMIT:
        raise ValueProblem("not initialized, or damaged")
    return count


def row(title: str | None, like: Value, element: Type, address: int, count: int) -> View:
    """View *count* elements that lie one behind the other in memory."""
    require_count(count)
    size = element.bare.size or 0

    def children(start: int) -> Iterator[Child]:
        for index in range(start, count):
            value = Value.at(like.space, element, address + index * size)
            yield Child(f"[{index}]", value, f"*({element.name} *){address + index * size:#x}")

    return View(title, children, count)


def nodes(title: str, values: Callable[[], Iterator[Value]], count: int) -> View:
    """View the elements of a chain, which are found one by one."""
    require_count(count)

    def children(start: int) -> Iterator[Child]:
        for index, value in enumerate(islice(values(), start, NODE_LIMIT), start):
            yield Child(f"[{index}]", value, expression_of(value))

    return View(title, children, count)


def entries(title: str, pairs: Callable[[], Iterator[tuple[Value, Value]]], count: int) -> View:
    """View the entries of a map, which are found one by one."""
    require_count(count)

    def children(start: int) -> Iterator[Child]:
        for key, value in islice(pairs(), start, NODE_LIMIT):
            yield Child("", value, expression_of(value), key=key)

    return View(title, children, count, Style.MAP)


def single(title: str, name: str, value: Value) -> View:
    """View one thing in another: what a smart pointer points to."""
    return View(
        title, lambda start: iter([Child(name, value, expression_of(value))][start:]), 1, Style.MEMBERS
    )


def expression_of(value: Value) -> str | None:
    """Give what to evaluate to get a value in memory again; None for others."""
    if value.address is None:
        return None
    return f"*({value.type.name} *){value.address:#x}"


def pointer_to(value: Value, address: int) -> Value:
    """Make a pointer of the same target type as the value's."""
    return Value.of_number(value.space, Pointer(value.bare.target), address)


def argument(value: Value, index: int) -> Type:
    """Give a template argument of a value's type; ValueProblem if there is none."""
    arguments = value.bare.template_arguments
    if index >= len(arguments):
        raise ValueProblem("a container of unknown elements")
    return arguments[index].type


@functools.lru_cache(maxsize=1024)
def alignment(type_: Type, depth: int = 8) -> int:
    """Tell what the address of a type is a multiple of; in bytes."""
    bare = type_.bare
    if depth == 0:
        return ALIGNMENT_LIMIT
    if bare.kind in RECORDS:
        inner = [member.type for member in bare.members] + [base.type for base in bare.bases]
        return max((alignment(each, depth - 1) for each in inner), default=1)
    if bare.kind is Kind.ARRAY and bare.target is not None:
        return alignment(bare.target, depth - 1)
    if bare.kind is Kind.COMPLEX:
        return (bare.size or 2) // 2
    return min(bare.size or 1, ALIGNMENT_LIMIT)


def aligned(offset: int, type_: Type) -> int:
    """Give the next offset where a value of a type can lie."""
    unit = max(alignment(type_), 1)
    return -(-offset // unit) * unit


def brief(name: str) -> str:
    """Write the name of a type of C++ as people do: without what its templates add by themselves."""
    name = STRING.sub("std::string", name.replace("std::__1::", "std::"))
    for _ in range(8):
        shorter = DEFAULTS.sub("", name)
        if shorter == name:
            break
        name = shorter
    return name.replace("> >", ">>").replace("std::string >", "std::string>")


def first_argument(text: str) -> str:
    """Give what stands before the first comma or end of a list of template arguments."""
    depth = 0
    for position, character in enumerate(text):
        if character in "<({[":
            depth += 1
        elif character in ">)}]" and depth:
            depth -= 1
        elif character in ",>" and not depth:
            return text[:position]
    return text
