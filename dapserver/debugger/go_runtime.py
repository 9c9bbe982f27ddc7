"""What Go's runtime keeps of its goroutines and threads (runtime/runtime2.go), by the program's own DWARF."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.unwinding import PhysicalFrame
from dapserver.debugger.values.frame import FrameState
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import Type
from dapserver.symbols.dwarf.variables_of_file import has_value

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.debugger.values.space import Space
    from dapserver.debugger.values.value import Value

OF_KNOWN = ("atomicstatus", "goid", "startpc")
OF_GOROUTINES = (
    *("atomicstatus", "waitreason", "goid", "m", "startpc", "gopc", "parentGoid"),
    *("stack.lo", "stack.hi", "sched.pc", "sched.sp", "sched.bp", "syscallpc", "syscallsp", "syscallbp"),
)
OF_THREADS = ("procid", "curg", "alllink", "vdsoPC", "vdsoSP")
OF_SOME_VERSIONS = {"parentGoid", "syscallbp", "vdsoPC", "vdsoSP"}
"""What reads as 0 where it is missing."""

SCANNED = 0x1000
"""_Gscan: the garbage collector is looking at its stack. No state of its own."""
UNUSED = {"idle", "dead", "waiting for cgo callback"}
"""States in which a `g` is no goroutine: before its first, between two, and for a thread of C's."""
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
STRING_SIZE, STRING_LIMIT = 16, 200
LIMIT = 1 << 22
"""Goroutines at most: what is read may be damaged."""
BLOCK_SIZE = 1 << 16
ATOMIC_NESTING = 4

Members = dict[str, int]


class Known(NamedTuple):
    """What tells goroutines apart: cheap to get, for there may be 100,000."""

    id: int
    address: int
    """Of its `g`."""
    start: int
    """The address of its function; 0: C made it."""


class Record:
    """Some members of a structure, read in one piece."""

    def __init__(self, type_: Type, names: Sequence[str]) -> None:
        """*names* may be `member.member`. KeyError if there is none of this name, or it is no number."""
        places = {name: _place(type_, name) for name in names}
        found = sorted((place, name) for name, place in places.items() if place is not None)
        layout, end = "<", 0
        for (offset, size), name in found:
            if size not in CODES or offset < end:
                raise KeyError(name)
            layout += f"{offset - end}x{CODES[size]}"
            end = offset + size
        self._struct = struct.Struct(layout)
        self.names = [name for _, name in found]
        """In the order of their places."""
        self._missing = dict.fromkeys(set(names) - set(self.names), 0)
        if lost := self._missing.keys() - OF_SOME_VERSIONS:
            raise KeyError(*lost)

    def read(self, space: Space, address: int) -> Members | None:
        """Give the members by name; None if there is no memory."""
        try:
            data = space.memory.read(address, self._struct.size)
            members = dict(zip(self.names, self._struct.unpack(data), strict=True))
        except (OSError, struct.error):
            return None
        return members | self._missing if self._missing else members

    def read_many(self, space: Space, addresses: Iterable[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Give address and members, in the order of `names`, of each that can be read.

        Neighbours are read together: there may be 100,000.
        """
        unpack = self._struct.unpack_from
        start = last = 0
        block = b""
        for address in sorted(addresses):
            if not start <= address <= last:
                start, block = address, _block(space, address)
                last = start + len(block) - self._struct.size
                if last < start:
                    continue
            yield address, unpack(block, address - start)


class GoRuntime:
    """The runtime in one module. What is in memory is read at each call."""

    def __init__(self, space: Space, module: Module) -> None:
        """Find it. DebuggerError if the debug information was left out, or does not tell."""
        self.module = module
        self._space = space
        source = space.modules.source_info(module)
        if source is None:
            raise DebuggerError(
                f"The goroutines of {module.name} cannot be told: it has no debug information. "
                "Build it without -ldflags=-w or -s, and do not strip it."
            )
        self._declarations = source.declarations
        nowhere = PhysicalFrame(module.bias, 0, None, module.bias, module, {}, {}, is_signal_frame=False)
        self._frame = FrameState(nowhere).frame_in(space)
        try:
            self._find()
        except (DwarfError, KeyError) as error:
            raise DebuggerError(
                f"The goroutines of {module.name} cannot be told: its debug information does not say how "
                f"this version of Go keeps them ({error})."
            ) from None

    def _find(self) -> None:
        self._count = self._variable("runtime.allglen")
        self._first = self._variable("runtime.allgptr")
        self._first_thread = self._variable("runtime.allm")
        goroutine = _target(_target(self._first.bare))
        self._known = Record(goroutine, OF_KNOWN)
        self._goroutine = Record(goroutine, OF_GOROUTINES)
        self._thread = Record(_target(self._first_thread.bare), OF_THREADS)
        self._states = self._strings("runtime.gStatusStrings")
        self._reasons = self._strings("runtime.waitReasonStrings")
        self._unused = {number for number, state in enumerate(self._states) if state in UNUSED}

    def goroutines(self) -> Iterator[Known]:
        """Give all there are, in no order."""
        # The runtime writes the array's address first, and its length, which only grows, last.
        count = min(self._number(self._count), LIMIT)
        try:
            addresses = self._space.memory.read(self._number(self._first), 8 * count)
        except OSError:
            return
        known = (address for (address,) in struct.iter_unpack("<Q", addresses[: len(addresses) // 8 * 8]))
        status, number, start = map(self._known.names.index, OF_KNOWN)
        for address, members in self._known.read_many(self._space, known):
            if members[status] & ~SCANNED not in self._unused:
                yield Known(members[number], address, members[start])

    def goroutine(self, address: int) -> Members | None:
        """Give the members of the goroutine at an address; None if there is none (any more)."""
        members = self._goroutine.read(self._space, address)
        is_one = members is not None and members["atomicstatus"] & ~SCANNED not in self._unused
        return members if is_one else None

    def threads(self) -> dict[int, Members]:
        """Give the members of the runtime's threads, by the addresses of their `m`."""
        found: dict[int, Members] = {}
        address = self._number(self._first_thread)
        while address and address not in found:
            members = self._thread.read(self._space, address)
            if members is None:
                break
            found[address] = members
            address = members["alllink"]
        return found

    def state(self, members: Members) -> str:
        """Say what a goroutine does, in the runtime's own words: `running`, `chan receive`."""
        number, reason = members["atomicstatus"] & ~SCANNED, members["waitreason"]
        state = self._states[number] if number < len(self._states) else f"state {number}"
        if state in {"waiting", "leaked"} and 0 < reason < len(self._reasons):
            return self._reasons[reason]
        return state

    # -- reading ---------------------------------------------------------------------------------

    def _variable(self, name: str) -> Value:
        # Not by the linker's symbols, which `strip` may have taken.
        found = self._declarations.index.variables(name)
        entry = next((entry for entry in found if has_value(entry)), None)
        if entry is None:
            raise KeyError(name)
        return self._frame.value(entry)

    def _number(self, variable: Value) -> int:
        return self._space.memory.word(variable.address or 0) or 0

    def _strings(self, name: str) -> list[str]:
        """An array of strings, each an address and a length."""
        table = self._variable(name)
        size = STRING_SIZE * min(table.bare.count or 0, STRING_LIMIT)
        headers = struct.iter_unpack("<QQ", self._space.read(table.address or 0, size))
        return [self._string(address, min(length, STRING_LIMIT)) for address, length in headers]

    def _string(self, address: int, length: int) -> str:
        return self._space.read(address, length).decode("utf-8", "replace") if length else ""


def _target(pointer: Type) -> Type:
    if pointer.target is None:
        raise KeyError(pointer.name)
    return pointer.target.bare


def _block(space: Space, address: int) -> bytes:
    """Memory from an address on, as much as there is of a block."""
    try:
        return space.memory.read(address, BLOCK_SIZE)
    except OSError:
        return b""


def _place(type_: Type, name: str) -> tuple[int, int] | None:
    """Offset and size of a member; None if there is none. Raises DwarfError."""
    offset = 0
    for part in name.split("."):
        member = next((each for each in type_.bare.members if each.name == part), None)
        if member is None or not isinstance(member.offset, int):
            return None
        offset, type_ = offset + member.offset, member.type
    for _ in range(ATOMIC_NESTING):
        if not type_.bare.members:
            break
        member = type_.bare.members[-1]  # of a structure around an atomic number
        if not isinstance(member.offset, int):
            return None
        offset, type_ = offset + member.offset, member.type
    return offset, type_.bare.size or 0
