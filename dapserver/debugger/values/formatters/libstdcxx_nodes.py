"""Lists, trees and hash tables of libstdc++."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import (
    NODE_LIMIT,
    aligned,
    argument,
    entries,
    nodes,
    require_count,
)
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import View
from dapserver.symbols.dwarf.types import Type

formatter = Registry()

POINTER = 8
TREE_NODE = 32  # struct _Rb_tree_node_base: color, parent, left, right
LEFT, RIGHT, PARENT = 16, 24, 8


def elements(count: int) -> str:
    """`1 element`, `2 elements`."""
    return f"{count} element{'' if count == 1 else 's'}"


def chained(value: Value, first: int, end: int, element: Type, offset: int) -> Iterator[Value]:
    """Give the values in nodes that begin with a pointer to the next one."""
    node = first
    for _ in range(NODE_LIMIT):
        if node in {0, end}:
            return
        yield Value.at(value.space, element, node + offset)
        node = value.space.word(node)


@formatter(r"std::(__cxx11::)?list<.*>")
def list_(value: Value) -> View:
    header = value.member("_M_impl").member("_M_node")
    end = header.address or 0
    element = argument(value, 0)
    size = header.find_member("_M_size")
    first = header.member("_M_next").number()

    def values() -> Iterator[Value]:
        return chained(value, first, end, element, aligned(2 * POINTER, element))

    count = size.number() if size is not None else sum(1 for _ in values())
    return nodes(f"std::list of length {require_count(count)}", values, count)


@formatter(r"std::forward_list<.*>")
def forward_list(value: Value) -> View:
    first = value.member("_M_impl").member("_M_head").member("_M_next").number()
    element = argument(value, 0)

    def values() -> Iterator[Value]:
        return chained(value, first, 0, element, aligned(POINTER, element))

    count = sum(1 for _ in values())
    return nodes(f"std::forward_list of length {count}", values, count)


@formatter(r"std::(multi)?(map|set)<.*>")
def tree(value: Value) -> View:
    name = (value.bare.own_name or "").partition("<")[0]
    inner = value.member("_M_t")
    implementation = inner.member("_M_impl")
    header = implementation.member("_M_header")
    count = require_count(implementation.member("_M_node_count").number())
    element = argument(inner, 1)
    first, end = header.member("_M_left").number(), header.address or 0

    def values() -> Iterator[Value]:
        for node in _in_order(value, first, end):
            yield Value.at(value.space, element, node + aligned(TREE_NODE, element))

    title = f"{name} with {elements(count)}"
    return pairs_or_values(title, values, count, is_map=name.endswith("map"))


def _in_order(value: Value, first: int, end: int) -> Iterator[int]:
    """The nodes of a red-black tree from the leftmost on, as _Rb_tree_increment goes."""
    space = value.space
    node = first
    for _ in range(NODE_LIMIT):
        if node in {0, end}:
            return
        yield node
        right = space.word(node + RIGHT)
        node = _leftmost(value, right) if right else _above(value, node)


def _leftmost(value: Value, node: int) -> int:
    for _ in range(128):
        left = value.space.word(node + LEFT)
        if not left:
            break
        node = left
    return node


def _above(value: Value, node: int) -> int:
    """The first ancestor that *node* is to the left of; the header above the rightmost one."""
    space = value.space
    parent = space.word(node + PARENT)
    for _ in range(128):
        if space.word(parent + RIGHT) != node:
            break
        node, parent = parent, space.word(parent + PARENT)
    # The header's right is the rightmost node, which may be the root.
    return node if space.word(node + RIGHT) == parent else parent


@formatter(r"std::unordered_(multi)?(map|set)<.*>")
def hash_table(value: Value) -> View:
    name = (value.bare.own_name or "").partition("<")[0]
    table = value.member("_M_h")
    count = require_count(table.member("_M_element_count").number())
    first = table.member("_M_before_begin").member("_M_nxt").number()
    element = argument(table, 1)

    def values() -> Iterator[Value]:
        return chained(value, first, 0, element, aligned(POINTER, element))

    title = f"{name} with {elements(count)}"
    return pairs_or_values(title, values, count, is_map=name.endswith("map"))


def pairs_or_values(title: str, values: Callable[[], Iterator[Value]], count: int, *, is_map: bool) -> View:
    """View the values of a set, or those of a map as key and value."""
    if not is_map:
        return nodes(title, values, count)

    def pairs() -> Iterator[tuple[Value, Value]]:
        for pair in values():
            yield pair.member("first"), pair.member("second")

    return entries(title, pairs, count)
