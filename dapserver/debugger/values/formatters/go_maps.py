"""Go's maps: Swiss tables since Go 1.24, internal/runtime/maps of its source."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.go import declared_as
from dapserver.debugger.values.formatters.parts import aligned, alignment, entries, require_count
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import View
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.types import Type

formatter = Registry()

SLOTS = 8  # of a group, whose control word comes first
EMPTY = 0x80  # this bit of a slot's control byte: empty or deleted
INLINE_LIMIT = 128  # bytes; larger keys and elements are pointed to
TABLE_LIMIT = 1 << 20

Pair = tuple[Value, Value]


@formatter(r"map\[.*")
def swiss_map(value: Value) -> View | None:
    declared = declared_as(value, At.GO_KEY)
    if declared is None:
        return None
    key, element = declared.reference(At.GO_KEY), declared.reference(At.GO_ELEM)
    if key is None or element is None:
        return None
    name = declared.own_name or ""
    if value.number() == 0:
        return View(text=f"{name} nil")
    header = value.dereferenced()
    if header.find_member("dirPtr") is None:
        return None  # before Go 1.24
    count = require_count(header.member("used").number())
    return entries(f"{name} ", lambda: _pairs(header, _Slot(key, element)), count)


class _Slot:
    """Where key and element are in a slot. Sizes in bytes."""

    def __init__(self, key: Type, element: Type) -> None:
        self.key, self.element = key, element
        key_size, element_size = key.bare.size or 0, element.bare.size or 0
        self.is_key_indirect = key_size > INLINE_LIMIT
        self.is_element_indirect = element_size > INLINE_LIMIT
        key_size = 8 if self.is_key_indirect else key_size
        element_size = 8 if self.is_element_indirect else element_size
        unit = 8 if self.is_element_indirect else max(alignment(element), 1)
        self.element_at = -(-key_size // unit) * unit
        whole = max(unit, 8 if self.is_key_indirect else alignment(key))
        # What ends in something empty gets a byte more, so that its address is within the slot.
        end = self.element_at + (element_size or 1 if element_size or key_size else 0)
        self.size = -(-end // whole) * whole

    def pair(self, header: Value, address: int) -> Pair:
        key = self._part(header, self.key, address, is_indirect=self.is_key_indirect)
        at = address + self.element_at
        return key, self._part(header, self.element, at, is_indirect=self.is_element_indirect)

    @staticmethod
    def _part(header: Value, type_: Type, address: int, *, is_indirect: bool) -> Value:
        return Value.at(header.space, type_, header.space.word(address) if is_indirect else address)


def _pairs(header: Value, slot: _Slot) -> Iterator[Pair]:
    directory, length = header.member("dirPtr").number(), header.member("dirLen").number()
    if length == 0:
        yield from _in_group(header, slot, directory)
        return
    if not 0 < length <= TABLE_LIMIT:
        raise ValueProblem("not initialized, or damaged")
    previous = 0
    table_pointer = header.member("dirPtr").dereferenced()
    for index in range(length):
        address = header.space.word(directory + 8 * index)
        # A table may stand in several places of the directory, one behind the other.
        if address != previous:
            table = Value.at(header.space, table_pointer.bare.target or table_pointer.type, address)
            yield from _in_table(header, slot, table)
        previous = address


def _in_table(header: Value, slot: _Slot, table: Value) -> Iterator[Pair]:
    groups = table.member("groups")
    data, last = groups.member("data").number(), groups.member("lengthMask").number()
    if last >= TABLE_LIMIT:
        raise ValueProblem("not initialized, or damaged")
    size = aligned(8, slot.key) + SLOTS * slot.size
    for index in range(last + 1):
        yield from _in_group(header, slot, data + index * size)


def _in_group(header: Value, slot: _Slot, group: int) -> Iterator[Pair]:
    if group == 0:
        return
    control = header.space.read(group, SLOTS)
    for index, state in enumerate(control):
        if not state & EMPTY:
            yield slot.pair(header, group + 8 + index * slot.size)
