"""Strings and sequences of libstdc++; titles are those of its own printers for gdb."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import argument, require_count, row
from dapserver.debugger.values.text import character_prefix
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, View
from dapserver.symbols.dwarf.types import BOOL, CHAR, Kind, Type

formatter = Registry()

STRING_LIMIT = 1 << 16  # bytes of a string that are read
WORD_BITS = 64
REP_LENGTH = -24  # of the old copy-on-write string: its length stands before its characters


def string_view(value: Value, element: Type, address: int, length: int) -> View:
    """View *length* characters at *address*."""
    require_count(length)
    width = element.bare.size or 1
    read = min(length * width, STRING_LIMIT)
    data = value.space.read(address, read) if read else b""
    return View(character_prefix(element), string=(data, width), is_cut=read < length * width)


@formatter(r"std::__cxx11::basic_string<.*>")
def string(value: Value) -> View:
    characters = value.find_member("_M_dataplus")
    pointer = characters.find_member("_M_p") if characters is not None else None
    if pointer is None:
        # clang leaves its members to the library's debug information: a pointer and a length.
        data = value.place.read(value.offset, 16)
        address, length = int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")
        element = argument(value, 0) if value.bare.template_arguments else CHAR
        return string_view(value, element, address, length)
    return string_view(value, _pointee(pointer), pointer.number(), value.member("_M_string_length").number())


@formatter(r"std::basic_string<.*>")
def old_string(value: Value) -> View:
    pointer = value.member("_M_dataplus").member("_M_p")
    length = value.space.word(pointer.number() + REP_LENGTH)
    return string_view(value, _pointee(pointer), pointer.number(), length)


@formatter(r"std::basic_string_view<.*>")
def view_of_string(value: Value) -> View:
    pointer = value.member("_M_str")
    return string_view(value, _pointee(pointer), pointer.number(), value.member("_M_len").number())


@formatter(r"std::vector<.*>")
def vector(value: Value) -> View | None:
    if argument(value, 0).bare.kind is Kind.BOOLEAN:
        return _bits(value)
    implementation = value.member("_M_impl")
    start, finish, end = (implementation.member(f"_M_{n}") for n in ("start", "finish", "end_of_storage"))
    element = _pointee(start)
    size = element.bare.size or 1
    first = start.number()
    count, room = (finish.number() - first) // size, (end.number() - first) // size
    return row(f"std::vector of length {count}, capacity {room}", value, element, first, count)


def _bits(value: Value) -> View:
    implementation = value.member("_M_impl")
    start, finish = implementation.member("_M_start"), implementation.member("_M_finish")
    first, last = start.member("_M_p").number(), finish.member("_M_p").number()
    count = 8 * (last - first) + finish.member("_M_offset").number()
    room = 8 * (implementation.member("_M_end_of_storage").number() - first) if first else 0
    return bit_row(f"std::vector<bool> of length {count}, capacity {room}", value, first, count)


def bit_row(title: str, value: Value, address: int, count: int) -> View:
    """View *count* bits from *address* on."""
    require_count(count)

    def children(start: int) -> Iterator[Child]:
        for index in range(start, count):
            word = value.space.word(address + index // WORD_BITS * 8)
            bit = Value.of_number(value.space, BOOL, word >> index % WORD_BITS & 1)
            yield Child(f"[{index}]", bit)

    return View(title, children, count)


@formatter(r"std::array<.*>")
def array(value: Value) -> View | None:
    elements = value.find_member("_M_elems")
    return View(alias=elements) if elements is not None and elements.bare.kind is Kind.ARRAY else None


@formatter(r"std::span<.*>")
def span(value: Value) -> View:
    pointer = value.member("_M_ptr")
    extent = value.member("_M_extent").find_member("_M_extent_value")
    if extent is not None:
        count = extent.number()
    else:
        size = value.bare.template_arguments[1].value
        count = size if isinstance(size, int) else 0
    return row(f"std::span of length {count}", value, _pointee(pointer), pointer.number(), count)


@formatter(r"std::initializer_list<.*>")
def initializer_list(value: Value) -> View:
    pointer, count = value.member("_M_array"), value.member("_M_len").number()
    return row(f"std::initializer_list of length {count}", value, _pointee(pointer), pointer.number(), count)


@formatter(r"std::deque<.*>")
def deque(value: Value) -> View:
    implementation = value.member("_M_impl")
    start, finish = implementation.member("_M_start"), implementation.member("_M_finish")
    element = _pointee(start.member("_M_cur"))
    size = element.bare.size or 1
    room = 512 // size if size < 512 else 1  # _GLIBCXX_DEQUE_BUF_SIZE
    first_node, last_node = start.member("_M_node").number(), finish.member("_M_node").number()
    skipped = (start.member("_M_cur").number() - start.member("_M_first").number()) // size
    in_last = (finish.member("_M_cur").number() - finish.member("_M_first").number()) // size
    count = require_count((last_node - first_node) // 8 * room - skipped + in_last if first_node else 0)

    def children(begin: int) -> Iterator[Child]:
        for index in range(begin, count):
            node, position = divmod(skipped + index, room)
            block = value.space.word(first_node + 8 * node)
            yield Child(f"[{index}]", Value.at(value.space, element, block + position * size))

    return View(f"std::deque with {count} element{'' if count == 1 else 's'}", children, count)


@formatter(r"std::(stack|queue|priority_queue)<.*>")
def adaptor(value: Value) -> View:
    return View(alias=value.member("c"))


@formatter(r"std::bitset<.*>")
def bitset(value: Value) -> View:
    size = value.bare.template_arguments[0].value
    address = value.address
    if not isinstance(size, int) or address is None:
        raise ValueProblem("a bitset of unknown size")
    return bit_row(f"std::bitset<{size}>", value, address, size)


def _pointee(pointer: Value) -> Type:
    target = pointer.bare.target
    if target is None:
        raise ValueProblem("a container of unknown elements")
    return target
