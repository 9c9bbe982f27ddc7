"""Rust's strings, slices, vectors, smart pointers and cells; what comes in nodes is in rust_maps.py."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import argument, require_count, row, single
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, View
from dapserver.symbols.dwarf.types import Kind

formatter = Registry()

STRING_LIMIT = 1 << 16


def _string(value: Value, address: int, length: int) -> View:
    require_count(length)
    read = min(length, STRING_LIMIT)
    data = value.space.read(address, read) if read else b""
    return View(string=(data, 1), is_cut=read < length)


@formatter(r"&(mut )?str|(alloc::boxed::Box|alloc::rc::Rc|alloc::sync::Arc)<str.*>")
def string_slice(value: Value) -> View | None:
    pointer = value.find_member("data_ptr")
    if pointer is None:
        return None
    return _string(value, pointer.number(), value.member("length").number())


@formatter(r"(&(mut )?|\*(const|mut) |alloc::boxed::Box<)\[.*")
def slice_(value: Value) -> View | None:
    pointer = value.find_member("data_ptr")
    if pointer is None or pointer.bare.target is None:
        return None
    return row(None, value, pointer.bare.target, pointer.number(), value.member("length").number())


@formatter(r"alloc::string::String")
def string(value: Value) -> View:
    vector = value.member("vec")
    return _string(value, buffer_address(vector.member("buf")), vector.member("len").number())


@formatter(r"(std::ffi::os_str::OsString|std::path::PathBuf)")
def platform_string(value: Value) -> View:
    inner = value.find_member("inner") or value
    for _ in range(4):
        nested = inner.find_member("inner")
        if nested is None:
            break
        inner = nested
    return _string(value, buffer_address(inner.member("buf")), inner.member("len").number())


def buffer_address(buffer: Value) -> int:
    """Give where a `RawVec` keeps its elements, in whichever version of the library."""
    return pointer_in(buffer.find_member("inner") or buffer).number()


def pointer_in(value: Value) -> Value:
    """Give the pointer in a `Unique` or `NonNull` that is a member `ptr`, or in these themselves."""
    value = value.find_member("ptr") or value
    for _ in range(4):
        if value.bare.kind is Kind.POINTER:
            return value
        value = value.member("pointer")
    raise ValueProblem("a pointer of an unknown version of the library")


@formatter(r"alloc::vec::Vec<.*>")
def vector(value: Value) -> View:
    count = value.member("len").number()
    address = buffer_address(value.member("buf"))
    return row(f"Vec(size={count})", value, argument(value, 0), address, count)


@formatter(r"alloc::collections::vec_deque::VecDeque<.*>")
def deque(value: Value) -> View:
    element = argument(value, 0)
    count = require_count(value.member("len").number())
    head = value.member("head").number()
    buffer = value.member("buf")
    address = buffer_address(buffer)
    capacity = (buffer.find_member("inner") or buffer).member("cap")
    for _ in range(4):  # a number in a type that leaves room for a niche
        if capacity.bare.kind is Kind.INTEGER:
            break
        capacity = capacity.of_member(capacity.bare.members[0])
    room = capacity.number() or 1
    size = element.bare.size or 0

    def children(start: int) -> Iterator[Child]:
        for index in range(start, count):
            place = address + (head + index) % room * size
            yield Child(f"[{index}]", Value.at(value.space, element, place))

    return View(f"VecDeque(size={count})", children, count)


@formatter(r"alloc::(rc::(Rc|Weak)|sync::(Arc|Weak))<.*>")
def counted(value: Value) -> View | None:
    pointer = pointer_in(value)
    name = (value.bare.own_name or "").partition("<")[0].rpartition("::")[2]
    if pointer.number() in {0, (1 << 64) - 1}:  # Weak::new() points nowhere
        return View(f"{name}(strong=0, weak=0)")
    block = pointer.dereferenced()
    strong, weak = _count(block.member("strong")), _count(block.member("weak"))
    content = block.find_member("value") or block.find_member("data")
    if content is None or content.bare.size is None:
        return None
    # All strong references together hold one weak one.
    title = f"{name}(strong={strong}, weak={weak - 1 if strong else weak})"
    return single(title, "value", content) if strong else View(title)


def _count(value: Value) -> int:
    """The number in a `Cell` or an atomic."""
    for _ in range(6):
        if value.bare.kind is Kind.INTEGER:
            return value.number()
        value = value.of_member(value.bare.members[0])
    raise ValueProblem("a counter of an unknown version of the library")


@formatter(r"core::cell::Cell<.*>")
def cell(value: Value) -> View:
    return single("Cell", "value", value.member("value").member("value"))


@formatter(r"core::cell::RefCell<.*>")
def ref_cell(value: Value) -> View:
    state = int.from_bytes(value.member("borrow").data(), "little", signed=True)
    borrowed = f"(borrow={state})" if state > 0 else "(borrow_mut=1)" if state < 0 else ""
    return single(f"RefCell{borrowed}", "value", value.member("value").member("value"))


@formatter(r"std::sync::(poison::)?mutex::Mutex<.*>|std::sync::(poison::)?rwlock::RwLock<.*>")
def lock(value: Value) -> View:
    name = (value.bare.own_name or "").partition("<")[0].rpartition("::")[2]
    return single(name, "data", value.member("data").member("value"))


@formatter(r"core::sync::atomic::Atomic.*")
def atomic(value: Value) -> View:
    cell = value.find_member("v") or value.member("p")  # an AtomicPtr's pointer
    return View(alias=cell.member("value"))


@formatter(r"core::num::nonzero::NonZero.*")
def nonzero(value: Value) -> View:
    inner = value
    for _ in range(3):
        if not inner.bare.members:
            break
        inner = inner.of_member(inner.bare.members[0])
    return View(alias=inner)


@formatter(
    r"core::mem::(maybe_uninit::MaybeUninit|manually_drop::ManuallyDrop|maybe_dangling::MaybeDangling)<.*>"
)
def wrapper(value: Value) -> View | None:
    inner = value.find_member("value") or value.find_member("__0")
    return View(alias=inner) if inner is not None else None
