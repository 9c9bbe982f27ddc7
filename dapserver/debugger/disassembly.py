"""Machine code in words, forwards and backwards from an address, with its symbols and source lines."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.modules import Module, Modules, Place

if TYPE_CHECKING:
    from capstone import Cs

    from dapserver.symbols.cfi import CallFrames

ReadMemory = Callable[[int, int], bytes]
"""Address and size; gives fewer bytes at the end of what is mapped, OSError for none."""

PAGE = 4096
LONGEST = 15  # bytes of an x86 instruction; Arm's have 4
FUNCTION_LIMIT = 1 << 18
"""Bytes decoded at once on the way backwards."""
INSTRUCTION_LIMIT = 100_000
LAST_ADDRESS = (1 << 64) - 1
# "call 0x401136", "jne 0x401150", "bl #0x401136": what the code goes to
TARGET = re.compile(r"^#?(0x[0-9a-f]+)$")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, or what stands for one where there is none."""

    address: int
    code: bytes
    text: str
    """`(bad)` for bytes that are no instruction, `??` where there is no memory or no knowing."""
    symbol: str | None = None
    """Its function, and how far into it: `work+0x4`."""
    path: str | None = None
    line: int = 0
    """0: not known."""
    column: int = 0

    @property
    def is_valid(self) -> bool:
        return self.text not in {BAD, NOTHING}


BAD, NOTHING = "(bad)", "??"


class Disassembler:
    """Disassembles the code of one process. Makes no ptrace request: may run in a thread of its own."""

    def __init__(self, modules: Modules, read_memory: ReadMemory) -> None:
        self._modules = modules
        self._read_memory = read_memory
        self._call_frames: dict[Module, CallFrames] = {}

    def instructions(
        self, address: int, skip: int, count: int, *, resolve_symbols: bool = False
    ) -> list[Instruction]:
        """Give *count* instructions, from the one that is *skip* (may be negative) after *address*.

        Always so many: what cannot be told is `??`. With *resolve_symbols* the targets of calls and
        jumps are named. Raises DebuggerError if that is not to be done.
        """
        if not 0 <= count <= INSTRUCTION_LIMIT or abs(skip) > INSTRUCTION_LIMIT:
            raise DebuggerError(
                f"{count} instructions, {skip} from here, are too many: ask for {INSTRUCTION_LIMIT} at most."
            )
        before = self._before(address, -skip)[:count] if skip < 0 else []
        wanted = count - len(before)
        unseen = max(skip, 0)
        after = self._after(address, unseen + wanted)[unseen:] if wanted else []
        return [self._explained(each, resolve_symbols=resolve_symbols) for each in (*before, *after)]

    # -- decoding --------------------------------------------------------------------------

    def _after(self, address: int, count: int) -> list[Instruction]:
        """*count* instructions from *address* on."""
        found: list[Instruction] = []
        while len(found) < count:
            wanted = min((count - len(found)) * LONGEST, FUNCTION_LIMIT)
            code = self._read(address, wanted)
            decoded = list(decode(code, address))
            # The last ones may have been cut off, if there is more memory
            if len(code) == wanted and len(decoded) > LONGEST:
                del decoded[-LONGEST:]
            if not decoded:
                break
            found += decoded
            address = decoded[-1].address + len(decoded[-1].code)
        missing = range(count - len(found))
        found += [Instruction(min(address + n, LAST_ADDRESS), b"", NOTHING) for n in missing]
        return found[:count]

    def _before(self, address: int, count: int) -> list[Instruction]:
        """The *count* instructions before *address*: code can only be read forwards, from a known start."""
        pieces: list[list[Instruction]] = []
        left = count
        end = address
        while left > 0:
            start = self._start(end)
            piece = self._between(start, end) if start is not None else []
            if not piece:
                break
            pieces.append(piece[-left:])
            left -= len(pieces[-1])
            end = piece[0].address
        found = [each for piece in reversed(pieces) for each in piece]
        return [Instruction(max(end - n, 0), b"", NOTHING) for n in range(left, 0, -1)] + found

    def _between(self, start: int, end: int) -> list[Instruction]:
        """All instructions from *start* to below *end*; what reaches beyond is no instruction."""
        start = max(start, end - FUNCTION_LIMIT)
        found = []
        for instruction in decode(self._read(start, end - start), start):
            if instruction.address + len(instruction.code) > end:
                break
            found.append(instruction)
        return found if found and found[-1].address + len(found[-1].code) == end else []

    def _read(self, address: int, size: int) -> bytes:
        """The memory from *address* on, as far as it is mapped."""
        parts = []
        while size > 0:
            wanted = min(size, PAGE - address % PAGE)
            try:
                part = self._read_memory(address, wanted)
            except OSError:
                break
            parts.append(part)
            if len(part) < wanted:
                break
            address += wanted
            size -= wanted
        return b"".join(parts)

    # -- where code starts -----------------------------------------------------------------

    def _start(self, end: int) -> int | None:
        """Where what ends at *end*, or contains it, starts: a function or what lies between two."""
        module = self._modules.at(end - 1)
        image = self._modules.image(module) if module is not None else None
        if module is None or image is None:
            return None
        address = end - 1 - module.bias
        source = self._modules.source_info(module)
        function = source.function_at(address) if source is not None else None
        if function is not None:
            for low, high in function[1].ranges:
                if low <= address < high:
                    return low + module.bias
        if nearest := image.symbols.nearest(address):
            return address - nearest.offset + module.bias
        if (start := self._frame_start(module, address)) is not None:
            return start + module.bias
        previous_end = image.symbols.end_before(address + 1)
        if previous_end is not None and end - 1 - PAGE <= previous_end + module.bias < end:
            return previous_end + module.bias
        return None

    def _frame_start(self, module: Module, address: int) -> int | None:
        """Where the call frame information has code around *address* start: stripped code has no more."""
        from dapserver.symbols.cfi import CallFrames  # noqa: PLC0415 - not for attaching
        from dapserver.symbols.cfi_entries import DAMAGE  # noqa: PLC0415

        image = self._modules.image(module)
        if image is None:
            return None
        if module not in self._call_frames:
            self._call_frames[module] = CallFrames.of(image)
        try:
            fde = self._call_frames[module].fde(address)
        except DAMAGE:
            return None
        if fde is None or fde.cie.is_signal_frame:
            return None  # that of a trampoline starts a byte before it (__restore_rt of glibc)
        return fde.start

    # -- in words --------------------------------------------------------------------------

    def _explained(self, instruction: Instruction, *, resolve_symbols: bool) -> Instruction:
        address = instruction.address
        if not instruction.code:
            return instruction
        text = instruction.text
        operation, _, operand = text.partition(" ")
        if resolve_symbols and (target := TARGET.match(operand.strip())):
            text = f"{operation} {target[1]} <{_in_words(self._modules.place(int(target[1], 16)))}>"
        place = self._modules.place(address)
        symbol = _in_words(place) if place.symbol is not None else None
        source = self._modules.source_info(place.module) if place.module is not None else None
        frames = source.frames_at(address - place.module.bias) if source and place.module else []
        if not frames:
            return Instruction(address, instruction.code, text, symbol)
        here = frames[0]
        return Instruction(address, instruction.code, text, symbol, here.path, here.line, here.column)


def _in_words(place: Place) -> str:
    from dapserver.symbols.demangle import demangle, without_parameters  # noqa: PLC0415 - not for attaching

    return str(
        place if place.symbol is None else replace(place, symbol=without_parameters(demangle(place.symbol)))
    )


def decode(code: bytes, address: int) -> Iterator[Instruction]:
    """Give the instructions in *code*, which is at *address*; each byte is in one of them."""
    position = 0
    for at, size, operation, operands in _decoder().disasm_lite(code, address):
        position = at - address
        text = BAD if operation == ".byte" else f"{operation} {operands}".rstrip()
        yield Instruction(at, code[position : position + size], text)


@lru_cache(maxsize=1)
def _decoder() -> Cs:
    import capstone  # noqa: PLC0415 - 40 ms of start-up, for what few sessions ask

    if platform.machine() == "aarch64":
        decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    else:
        decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoder.skipdata = True  # goes on behind bytes that are no instruction
    return decoder
