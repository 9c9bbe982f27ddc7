"""Rust's maps and sets: hash tables of the crate hashbrown, and B-trees."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.enums import active_variant
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import NODE_LIMIT, argument, entries, nodes, require_count
from dapserver.debugger.values.formatters.rust import pointer_in
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import View
from dapserver.symbols.dwarf.types import Type

formatter = Registry()

EMPTY = 0x80  # this bit of a control byte: the bucket is empty or deleted
BUCKET_LIMIT = 1 << 24
CAPACITY = 11  # of a B-tree's node
HEIGHT_LIMIT = 32

Pair = tuple[Value, Value]


@formatter(r"std::collections::hash::map::HashMap<.*>|hashbrown::map::HashMap<.*>")
def hash_map(value: Value) -> View:
    table = _table(value)
    count = require_count(table.member("table").member("items").number())

    def pairs() -> Iterator[Pair]:
        for bucket in _buckets(table):
            key, content = bucket.bare.members[:2]
            yield bucket.of_member(key), bucket.of_member(content)

    return entries(f"HashMap(size={count})", pairs, count)


@formatter(r"std::collections::hash::set::HashSet<.*>|hashbrown::set::HashSet<.*>")
def hash_set(value: Value) -> View:
    inner = value.find_member("base") or value
    table = _table(inner.member("map"))
    count = require_count(table.member("table").member("items").number())

    def values() -> Iterator[Value]:
        for bucket in _buckets(table):
            yield bucket.of_member(bucket.bare.members[0])

    return nodes(f"HashSet(size={count})", values, count)


def _table(value: Value) -> Value:
    """The `RawTable` of a map."""
    inner = value.find_member("base") or value
    return inner.member("table")


def _buckets(table: Value) -> Iterator[Value]:
    """The buckets in use: they lie before the control bytes, the first one last."""
    inner = table.member("table")
    element = argument(table, 0)
    size = element.bare.size or 0
    control = pointer_in(inner.member("ctrl")).number()
    count = inner.member("bucket_mask").number() + 1
    if count > BUCKET_LIMIT:
        raise ValueProblem("not initialized, or damaged")
    for start in range(0, count, 4096):
        states = table.space.read(control + start, min(4096, count - start))
        for index, state in enumerate(states, start):
            if not state & EMPTY:
                yield Value.at(table.space, element, control - (index + 1) * size)


@formatter(r"alloc::collections::btree::map::BTreeMap<.*>")
def tree_map(value: Value) -> View:
    count = require_count(value.member("length").number())
    return entries(f"BTreeMap(size={count})", lambda: _in_tree(value), count)


@formatter(r"alloc::collections::btree::set::BTreeSet<.*>")
def tree_set(value: Value) -> View:
    inner = value.member("map")
    count = require_count(inner.member("length").number())
    return nodes(f"BTreeSet(size={count})", lambda: (key for key, _ in _in_tree(inner)), count)


def _in_tree(tree: Value) -> Iterator[Pair]:
    root = active_variant(tree.member("root"))
    if root is None or not root.bare.members:
        return
    reference = root.of_member(root.bare.members[0])
    height = reference.member("height").number()
    if height > HEIGHT_LIMIT:
        raise ValueProblem("not initialized, or damaged")
    leaf = pointer_in(reference.member("node")).dereferenced()
    internal = _internal_type(leaf)
    left = [NODE_LIMIT]
    yield from _in_node(leaf, height, internal, left)


def _internal_type(leaf: Value) -> Type | None:
    """The type of nodes with edges, which leaves name as that of their parent."""
    some = leaf.member("parent").bare.variant_part
    if some is None:
        return None
    for variant in some.variants:
        members = variant.member.type.bare.members
        if members:
            pointer = members[0].type.bare
            while pointer.members:
                pointer = pointer.members[0].type.bare
            return pointer.target
    return None


def _in_node(leaf: Value, height: int, internal: Type | None, left: list[int]) -> Iterator[Pair]:
    count = leaf.member("len").number()
    left[0] -= 1
    if count > CAPACITY or left[0] < 0:
        raise ValueProblem("not initialized, or damaged")
    keys, values = leaf.member("keys"), leaf.member("vals")
    edges = leaf.as_type(internal).member("edges") if height and internal is not None else None
    for index in range(count + 1):
        if edges is not None:
            child = Value.at(leaf.space, leaf.type, int.from_bytes(edges.element(index).data(), "little"))
            yield from _in_node(child, height - 1, internal, left)
        if index < count:
            yield keys.element(index), values.element(index)
