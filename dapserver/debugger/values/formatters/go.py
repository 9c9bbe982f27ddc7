"""Go's strings, slices, channels, functions and interfaces; maps are in go_maps.py."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import require_count, row
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.types import Kind, Type
from dapserver.symbols.dwarf.types_reading import EntryType

formatter = Registry()

STRING_LIMIT = 1 << 16
TYPE_IN_ITAB = 8  # struct internal/abi.ITab: Inter, Type
# reflect.Kind of types whose values are pointers: an interface holds these themselves
DIRECT = frozenset({18, 19, 21, 22, 26})  # Chan, Func, Map, Pointer, UnsafePointer
KIND_MASK = 0x1F
KIND_DIRECT = 0x20


def declared_as(value: Value, attribute: At) -> EntryType | None:
    """Give the type in a chain of names that tells of key or element, as those of maps do."""
    type_: Type | None = value.type
    for _ in range(8):
        if isinstance(type_, EntryType) and type_.attribute(attribute) is not None:
            return type_
        type_ = type_.target if type_ is not None and type_.kind is Kind.TYPEDEF else None
    return None


@formatter(r"string")
def string(value: Value) -> View:
    length = require_count(value.member("len").number())
    read = min(length, STRING_LIMIT)
    data = value.space.read(value.member("str").number(), read) if read else b""
    return View(string=(data, 1), is_cut=read < length)


@formatter(r"\[\].*")
def slice_(value: Value) -> View | None:
    pointer = value.find_member("array")
    if pointer is None or pointer.bare.target is None:
        return None
    length, room = value.member("len").number(), value.member("cap").number()
    name = value.bare.own_name
    if pointer.number() == 0:
        return View(text=f"{name} nil")
    title = f"{name} len: {length}, cap: {room}, "
    return row(title, value, pointer.bare.target, pointer.number(), length)


@formatter(r"runtime\.[ei]face")
def interface(value: Value) -> View:
    header = value.find_member("tab")
    if header is not None:
        table = header.number()
        type_address = value.space.word(table + TYPE_IN_ITAB) if table else 0
    else:
        type_address = value.member("_type").number()
    if type_address == 0:
        return View(text="nil")
    data = value.member("data")
    type_ = _dynamic_type(value, type_address)
    if type_ is None:
        return View(text=f"<unknown type>({data.number():#x})")
    if _is_direct(type_):
        held = value.part(type_, data.offset - value.offset)
    else:
        held = Value.at(value.space, type_, data.number())
    return View(f"{type_.name}", lambda start: iter([Child("data", held)][start:]), 1, Style.WRAPPED)


def _dynamic_type(value: Value, address: int) -> Type | None:
    """The type that the runtime knows at an address; DWARF numbers them from `runtime.types` on."""
    bare = value.bare
    module = value.space.module_at(address)
    if not isinstance(bare, EntryType) or module is None:
        return None
    own = address - module.bias
    image = value.space.modules.image(module)
    starts = image.symbols.addresses_of("runtime.types") if image is not None else []
    for number in (*(own - start for start in starts), own):
        found = bare.types.with_number(At.GO_RUNTIME_TYPE, number)
        if found is not None:
            return found
    return None


def _is_direct(type_: Type) -> bool:
    for _ in range(4):
        if isinstance(type_, EntryType):
            kind = type_.attribute(At.GO_KIND)
            if kind is not None:
                return kind & KIND_MASK in DIRECT or bool(kind & KIND_DIRECT)
        if type_.target is None or type_.kind is not Kind.TYPEDEF:
            break
        type_ = type_.target
    return type_.bare.kind is Kind.POINTER


@formatter(r"func\(.*")
def function(value: Value) -> View:
    """A function is a pointer to its closure, which starts with the address of the code."""
    closure = int.from_bytes(value.place.read(value.offset, 8), "little")
    if closure == 0:
        return View(text="nil")
    code = value.space.word(closure)
    return View(text=value.space.symbol(code) or f"{code:#x}")


@formatter(r"(<-)?chan(<-)? .*")
def channel(value: Value) -> View | None:
    """View what waits in a channel's buffer."""
    declared = declared_as(value, At.GO_ELEM)
    element = declared.reference(At.GO_ELEM) if declared is not None else None
    if declared is None or element is None:
        return None
    name = declared.own_name or ""
    if value.number() == 0:
        return View(text=f"{name} nil")
    head = value.dereferenced()
    count = require_count(head.member("qcount").number())
    room = head.member("dataqsiz").number()
    first, buffer = head.member("recvx").number(), head.member("buf").number()
    size = element.bare.size or 0

    def children(start: int) -> Iterator[Child]:
        for index in range(start, count):
            address = buffer + (first + index) % (room or 1) * size
            yield Child(f"[{index}]", Value.at(value.space, element, address))

    closed = ", closed" if head.member("closed").number() else ""
    return View(f"{name} {count}/{room}{closed} ", children, count)
