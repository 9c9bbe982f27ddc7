"""Make call frame information by hand, entry by entry."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from dapserver.symbols.cfi import CallFrames, IndexTable
from dapserver.symbols.cfi_entries import FrameSection

ADDRESS = 0x10000
CODE = 0x400000
PC_RELATIVE_4 = 0x1B
RETURN_COLUMN = 16


def uleb(value: int) -> bytes:
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def sleb(value: int) -> bytes:
    result = bytearray()
    while not -0x40 <= value < 0x40:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value & 0x7F)
    return bytes(result)


# DW_CFA_def_cfa rsp+8; the return address at the CFA less 8
USUAL = bytes((0x0C, 7, 8, 0x90, 1))


@dataclass
class Frames:
    """A section that grows."""

    is_eh: bool = True
    is_64: bool = False
    data: bytearray = field(default_factory=bytearray)

    def entry(self, id_field: int | None, body: bytes) -> int:
        """Append an entry; None makes a CIE, an offset an FDE of the CIE there. Gives its offset."""
        start = len(self.data)
        wide = self.is_64 and not self.is_eh
        id_position = start + (12 if self.is_64 else 4)
        if self.is_eh:
            number = 0 if id_field is None else id_position - id_field
        else:
            number = (1 << (64 if wide else 32)) - 1 if id_field is None else id_field
        whole = number.to_bytes(8 if wide else 4, "little") + body
        length = struct.pack("<IQ", 0xFFFFFFFF, len(whole)) if self.is_64 else struct.pack("<I", len(whole))
        self.data += length + whole
        return start

    def cie(
        self,
        augmentation: bytes = b"",
        data: bytes | None = None,
        *,
        instructions: bytes = USUAL,
        version: int = 1,
        code_alignment: int = 1,
    ) -> int:
        body = bytes([version]) + augmentation + b"\0"
        if version >= 4:
            body += bytes((8, 0))
        body += uleb(code_alignment) + sleb(-8)
        body += bytes([RETURN_COLUMN]) if version == 1 else uleb(RETURN_COLUMN)
        if data is not None:
            body += uleb(len(data)) + data
        return self.entry(None, body + instructions)

    def fde(
        self,
        cie: int,
        start: int,
        size: int,
        instructions: bytes = b"",
        *,
        relative: bool = False,
        data: bytes | None = None,
    ) -> int:
        id_size = 8 if self.is_64 and not self.is_eh else 4
        position = ADDRESS + len(self.data) + (12 if self.is_64 else 4) + id_size
        body = struct.pack("<iI", start - position, size) if relative else struct.pack("<QQ", start, size)
        if data is not None:
            body += uleb(len(data)) + data
        return self.entry(cie, body + instructions)

    def section(self) -> FrameSection:
        return FrameSection(memoryview(bytes(self.data)), ADDRESS, self.is_eh)

    def read(self) -> CallFrames:
        return CallFrames([IndexTable(self.section())])


def one_function(instructions: bytes, *, initial: bytes = USUAL, code_alignment: int = 1) -> CallFrames:
    """A function of 256 bytes at CODE."""
    frames = Frames()
    cie = frames.cie(instructions=initial, code_alignment=code_alignment)
    frames.fde(cie, CODE, 256, instructions)
    return frames.read()
