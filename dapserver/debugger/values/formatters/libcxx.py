"""Strings, containers and wrappers of LLVM's libc++, whose names are in an inline namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.libstdcxx import bit_row, string_view
from dapserver.debugger.values.formatters.libstdcxx_nodes import elements
from dapserver.debugger.values.formatters.parts import (
    NODE_LIMIT,
    aligned,
    argument,
    brief,
    entries,
    first_argument,
    nodes,
    require_count,
    row,
    single,
)
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View
from dapserver.symbols.dwarf.types import RECORDS, Kind, Type

formatter = Registry()

NAMESPACE = r"std::__[a-zA-Z0-9]+::"
HOLDER = "__function::__func<"
POINTER = 8
# struct __tree_node: left, right, parent, is_black
LEFT, RIGHT, PARENT, TREE_NODE = 0, 8, 16, 25
HASH_NODE = 16  # struct __hash_node: next, hash
DEQUE_BLOCK = 4096


def _in_pair(value: Value, name: str) -> Value:
    """What a member holds that may be packed together with an allocator or a deleter."""
    member = value.member(name)
    for _ in range(4):
        if member.bare.kind not in RECORDS:
            break
        inner = member.find_member("__value_")
        if inner is None:
            break
        member = inner
    return member


def _any_in_pair(value: Value, *names: str) -> Value:
    """The first of *names* that there is: versions call it differently."""
    for name in names:
        if value.find_member(name) is not None:
            return _in_pair(value, name)
    raise ValueProblem("a container of an unknown version of libc++")


@formatter(rf"{NAMESPACE}basic_string<.*>")
def string(value: Value) -> View:
    whole = _any_in_pair(value, "__rep_", "__r_")
    long, short = whole.find_member("__l"), whole.find_member("__s")
    if long is None or short is None:
        raise ValueProblem("a string of an unknown version of libc++")
    flag = short.find_member("__is_long_")
    size = short.member("__size_").number()
    is_long = flag.number() if flag is not None else size & 1
    data = short.member("__data_")
    element = data.bare.target
    if element is None:
        raise ValueProblem("a string of unknown characters")
    if is_long:
        return string_view(value, element, long.member("__data_").number(), long.member("__size_").number())
    address = data.address
    if address is None:
        raise ValueProblem("a string that is not in memory")
    return string_view(value, element, address, size if flag is not None else size >> 1)


@formatter(rf"{NAMESPACE}basic_string_view<.*>")
def view_of_string(value: Value) -> View:
    pointer, size = _any_in_pair(value, "__data", "__data_"), _any_in_pair(value, "__size", "__size_")
    return string_view(value, _pointee(pointer), pointer.number(), size.number())


@formatter(rf"{NAMESPACE}vector<.*>")
def vector(value: Value) -> View:
    begin = value.member("__begin_")
    element = _pointee(begin)
    if argument(value, 0).bare.kind is Kind.BOOLEAN:
        count = _any_in_pair(value, "__size_").number()
        return bit_row(f"std::vector<bool> of length {count}", value, begin.number(), count)
    size = element.bare.size or 1
    count = (value.member("__end_").number() - begin.number()) // size
    room = (_any_in_pair(value, "__cap_", "__end_cap_").number() - begin.number()) // size
    return row(f"std::vector of length {count}, capacity {room}", value, element, begin.number(), count)


@formatter(rf"{NAMESPACE}array<.*>")
def array(value: Value) -> View | None:
    inner = value.find_member("__elems_")
    return View(alias=inner) if inner is not None and inner.bare.kind is Kind.ARRAY else None


@formatter(rf"{NAMESPACE}span<.*>")
def span(value: Value) -> View:
    pointer = _any_in_pair(value, "__data_", "__data")
    size = value.find_member("__size_") or value.find_member("__size")
    extent = value.bare.template_arguments[1].value
    count = size.number() if size is not None else extent if isinstance(extent, int) else 0
    return row(f"std::span of length {count}", value, _pointee(pointer), pointer.number(), count)


@formatter(rf"{NAMESPACE}deque<.*>")
def deque(value: Value) -> View:
    element = argument(value, 0)
    size = element.bare.size or 1
    room = DEQUE_BLOCK // size if size < DEQUE_BLOCK // 16 else 16
    blocks = value.member("__map_").member("__begin_").number()
    first = value.member("__start_").number()
    count = require_count(_any_in_pair(value, "__size_").number())

    def children(begin: int) -> Iterator[Child]:
        for index in range(begin, count):
            block, position = divmod(first + index, room)
            address = value.space.word(blocks + POINTER * block) + position * size
            yield Child(f"[{index}]", Value.at(value.space, element, address))

    return View(f"std::deque with {elements(count)}", children, count)


@formatter(rf"{NAMESPACE}bitset<.*>")
def bitset(value: Value) -> View | None:
    size = value.bare.template_arguments[0].value
    address = value.address
    return (
        bit_row(f"std::bitset<{size}>", value, address, size) if isinstance(size, int) and address else None
    )


@formatter(rf"{NAMESPACE}(stack|queue|priority_queue)<.*>")
def adaptor(value: Value) -> View:
    return View(alias=value.member("c"))


@formatter(rf"{NAMESPACE}list<.*>")
def list_(value: Value) -> View:
    header = value.member("__end_")
    end, element = header.address or 0, argument(value, 0)
    count = require_count(_any_in_pair(value, "__size_", "__size_alloc_").number())
    first = header.member("__next_").number()

    def values() -> Iterator[Value]:
        return _chained(value, (first, end), POINTER, element, aligned(2 * POINTER, element))

    return nodes(f"std::list of length {count}", values, count)


@formatter(rf"{NAMESPACE}forward_list<.*>")
def forward_list(value: Value) -> View:
    first, element = _in_pair(value, "__before_begin_").member("__next_").number(), argument(value, 0)

    def values() -> Iterator[Value]:
        return _chained(value, (first, 0), 0, element, aligned(POINTER, element))

    count = sum(1 for _ in values())
    return nodes(f"std::forward_list of length {count}", values, count)


def _chained(
    value: Value, ends: tuple[int, int], next_at: int, element: Type, offset: int
) -> Iterator[Value]:
    """Give the values in nodes from a first one up to another."""
    node, end = ends
    for _ in range(NODE_LIMIT):
        if node in {0, end}:
            return
        yield Value.at(value.space, element, node + offset)
        node = value.space.word(node + next_at)


@formatter(rf"{NAMESPACE}(multi)?(map|set)<.*>")
def tree(value: Value) -> View:
    name = _plain_name(value)
    inner = value.member("__tree_")
    count = require_count(_any_in_pair(inner, "__size_", "__pair3_").number())
    element = argument(inner, 0)
    first = inner.member("__begin_node_").number()
    offset = aligned(TREE_NODE, element)

    def values() -> Iterator[Value]:
        node = first
        for _ in range(count):
            yield Value.at(value.space, element, node + offset)
            node = _next_in_tree(value, node)

    return _pairs_or_values(f"{name} with {elements(count)}", values, count, is_map=name.endswith("map"))


def _next_in_tree(value: Value, node: int) -> int:
    """The node behind another one in order, as __tree_next goes."""
    space = value.space
    if right := space.word(node + RIGHT):
        node = right
        for _ in range(128):
            if not (left := space.word(node + LEFT)):
                break
            node = left
        return node
    for _ in range(128):
        parent = space.word(node + PARENT)
        if space.word(parent + LEFT) == node:
            return parent
        node = parent
    raise ValueProblem("a damaged tree")


@formatter(rf"{NAMESPACE}unordered_(multi)?(map|set)<.*>")
def hash_table(value: Value) -> View:
    name = _plain_name(value)
    table = value.member("__table_")
    count = require_count(_any_in_pair(table, "__size_", "__p2_").number())
    first = _any_in_pair(table, "__first_node_", "__p1_").member("__next_").number()
    element = argument(table, 0)

    def values() -> Iterator[Value]:
        return _chained(value, (first, 0), 0, element, aligned(HASH_NODE, element))

    return _pairs_or_values(f"{name} with {elements(count)}", values, count, is_map=name.endswith("map"))


def _pairs_or_values(title: str, values: Callable[[], Iterator[Value]], count: int, *, is_map: bool) -> View:
    """View the values of a set, or those of a map, which wraps its pairs once more."""
    if not is_map:
        return nodes(title, values, count)

    def pairs() -> Iterator[tuple[Value, Value]]:
        for each in values():
            pair = each.find_member("__cc_") or each.find_member("__cc") or each
            yield pair.member("first"), pair.member("second")

    return entries(title, pairs, count)


@formatter(rf"{NAMESPACE}unique_ptr<.*>")
def unique_ptr(value: Value) -> View:
    return single(f"std::unique_ptr<{_argument_name(value)}>", "get()", _in_pair(value, "__ptr_"))


@formatter(rf"{NAMESPACE}(shared|weak)_ptr<.*>")
def shared_ptr(value: Value) -> View:
    title = f"{_plain_name(value)}<{_argument_name(value)}>"
    pointer, counts = value.member("__ptr_"), value.member("__cntrl_")
    if counts.number() == 0:
        return single(f"{title} (empty)", "get()", pointer)
    block = counts.dereferenced()
    # Both count from 0, and all owners together hold one weak reference.
    uses = block.member("__shared_owners_").number() + 1
    weak = block.member("__shared_weak_owners_").number()
    state = f"use count {uses}" if uses else "expired"
    return single(f"{title} ({state}, weak count {weak})", "get()", pointer)


@formatter(rf"{NAMESPACE}optional<.*>")
def optional(value: Value) -> View:
    name = brief(value.bare.own_name or "")
    if not value.member("__engaged_").number():
        return View(f"{name} [no contained value]")
    return single(name, "[contained value]", value.member("__val_"))


@formatter(rf"{NAMESPACE}variant<.*>")
def variant(value: Value) -> View:
    name = brief(value.bare.own_name or "")
    inner = _any_in_pair(value, "__impl_", "__impl")
    index = inner.member("__index").number()
    if index >= len(value.bare.template_arguments):
        return View(f"{name} [no contained value]")
    union = inner.member("__data")
    for _ in range(index):
        union = union.member("__tail")
    contained = union.member("__head").member("__value")
    return View(
        f"{name} [index {index}]",
        lambda start: iter([Child("[contained value]", contained)][start:]),
        1,
    )


@formatter(rf"{NAMESPACE}tuple<.*>")
def tuple_(value: Value) -> View:
    inner = value.find_member("__base_")
    leaves = [inner.of_base(base) for base in inner.bare.bases] if inner is not None else []
    if not leaves:
        return View("empty std::tuple")
    children = [
        # An empty class is a base of its leaf, not a member.
        Child(f"[{index}]", leaf.find_member("__value_") or leaf)
        for index, leaf in enumerate(leaves)
    ]
    return View("std::tuple containing", lambda start: iter(children[start:]), len(children), Style.MEMBERS)


@formatter(rf"{NAMESPACE}function<.*>")
def function(value: Value) -> View:
    name = brief(value.bare.own_name or "")
    target = _in_pair(value, "__f_").find_member("__f_")
    if target is None:
        raise ValueProblem("a function of an unknown version of libc++")
    address = target.number()
    if address == 0:
        return View(f"{name} [empty]")
    # What it holds has a table of virtual functions of its own kind.
    symbol = value.space.symbol(value.space.word(address)) or "unknown"
    return View(text=f"{name} = {first_argument(symbol.partition(HOLDER)[2]) or symbol}")


@formatter(rf"{NAMESPACE}atomic<.*>")
def atomic(value: Value) -> View | None:
    inner = value.find_member("__a_")
    return View(alias=inner.member("__a_value")) if inner is not None else None


@formatter(rf"{NAMESPACE}reference_wrapper<.*>")
def reference_wrapper(value: Value) -> View:
    return View(alias=value.member("__f_").dereferenced())


def _plain_name(value: Value) -> str:
    name = (value.bare.own_name or "").partition("<")[0]
    return f"std::{name.rpartition('::')[2]}"


def _argument_name(value: Value) -> str:
    arguments = value.bare.template_arguments
    return brief(arguments[0].type.name) if arguments else "?"


def _pointee(pointer: Value) -> Type:
    target = pointer.bare.target
    if target is None:
        raise ValueProblem("a container of unknown elements")
    return target
