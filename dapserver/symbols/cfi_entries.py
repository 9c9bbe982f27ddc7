"""The entries of .eh_frame and .debug_frame: CIEs and FDEs.

DWARF 5, 6.4.1, and for .eh_frame the Linux Standard Base 5.0 Core, 10.6.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dapserver.symbols import encoding
from dapserver.symbols.dwarf.reading import (
    DwarfError,
    after_string,
    c_string,
    initial_length,
    sleb128,
    uleb128,
    unsigned,
)

ADDRESS_SIZE = 8
PLAIN_ADDRESS = 0x00  # DW_EH_PE_absptr
DAMAGE = (LookupError, ValueError, struct.error)
"""What reading damaged bytes may raise; DwarfError is a ValueError."""


@dataclass(frozen=True, slots=True)
class Cie:
    """A common information entry: what its FDEs share."""

    code_alignment: int
    data_alignment: int
    return_column: int
    """The DWARF number of the register whose rule gives the return address."""
    pointer_encoding: int
    has_augmentation_data: bool
    is_signal_frame: bool
    instructions: bytes


@dataclass(frozen=True, slots=True)
class Fde:
    """A frame description entry: how to unwind from the addresses `start` to `end`, exclusive."""

    start: int
    end: int
    cie: Cie
    instructions: bytes


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where an entry's parts are in its section; `cie` is None in a CIE."""

    body: int
    end: int
    cie: int | None


@dataclass(frozen=True, slots=True)
class FrameSection:
    """A section of entries, loaded at `address`. Addresses are the file's own."""

    data: memoryview
    address: int
    is_eh: bool
    """.eh_frame, else .debug_frame: ids and pointers to CIEs differ."""
    _cies: dict[int, Cie] = field(default_factory=dict, repr=False, compare=False)

    def fde(self, offset: int) -> Fde:
        """Read the FDE at *offset* of the section.

        Raises one of `DAMAGE` if it is damaged or no FDE.
        """
        extent = self._extent(offset)
        if extent.cie is None:
            raise DwarfError("a CIE where an FDE should be")
        cie = self._cie(extent.cie)
        start, end, position = self._range(extent.body, cie)
        if cie.has_augmentation_data:
            size, position = uleb128(self.data, position)
            position += size
        return Fde(start, end, cie, bytes(self.data[position : extent.end]))

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Give (start address, offset) of all FDEs that can be read, in the order of the section."""
        offset = 0
        while offset + 4 <= len(self.data):
            try:
                length, body, _ = initial_length(self.data, offset)
                if length == 0 and self.is_eh:  # the terminator that crtend.o brings
                    return
                if length and (start := self._start(offset)):
                    yield start, offset
            except DAMAGE:
                return
            offset = body + length

    def _start(self, offset: int) -> int:
        """The address that the FDE at *offset* begins at, 0 if it is none or covers nothing."""
        try:
            extent = self._extent(offset)
            if extent.cie is None:
                return 0
            start, end, _ = self._range(extent.body, self._cie(extent.cie))
        except DAMAGE:
            return 0
        # --gc-sections leaves FDEs of dropped functions at 0 in .debug_frame.
        return start if end > start else 0

    def _range(self, position: int, cie: Cie) -> tuple[int, int, int]:
        how = cie.pointer_encoding
        if how & encoding.INDIRECT:
            raise DwarfError("an FDE of an indirect address")
        start, position = encoding.pointer(self.data, position, how, address=self.address)
        size, position = encoding.number(self.data, position, how)
        return start, start + size, position

    def _extent(self, offset: int) -> _Extent:
        length, position, offset_size = initial_length(self.data, offset)
        end = position + length
        if length == 0 or end > len(self.data):
            raise DwarfError("a frame entry behind the end of its section")
        if self.is_eh:
            back = unsigned(self.data, position, 4)  # 4 bytes, also after a 64-bit length
            return _Extent(position + 4, end, position - back if back else None)
        cie = unsigned(self.data, position, offset_size)
        is_cie = cie == (1 << 8 * offset_size) - 1
        return _Extent(position + offset_size, end, None if is_cie else cie)

    def _cie(self, offset: int) -> Cie:
        if offset not in self._cies:
            if offset < 0:
                raise DwarfError("a CIE before the beginning of its section")
            self._cies[offset] = self._read_cie(offset)
        return self._cies[offset]

    def _read_cie(self, offset: int) -> Cie:
        extent = self._extent(offset)
        if extent.cie is not None:
            raise DwarfError("an FDE where a CIE should be")
        version = self.data[extent.body]
        augmentation = c_string(self.data, extent.body + 1)
        position = after_string(self.data, extent.body + 1)
        if version >= 4:
            if self.data[position] != ADDRESS_SIZE or self.data[position + 1]:
                raise DwarfError("call frame information of another architecture")
            position += 2
        if augmentation.startswith(b"eh"):  # gcc 2: a pointer to a table of handlers
            position += ADDRESS_SIZE
        code_alignment, position = uleb128(self.data, position)
        data_alignment, position = sleb128(self.data, position)
        if version == 1:
            return_column, position = self.data[position], position + 1
        else:
            return_column, position = uleb128(self.data, position)
        pointer_encoding, position = self._augmentation(augmentation, position)
        return Cie(
            code_alignment,
            data_alignment,
            return_column,
            pointer_encoding,
            augmentation.startswith(b"z"),
            b"S" in augmentation,
            bytes(self.data[position : extent.end]),
        )

    def _augmentation(self, letters: bytes, position: int) -> tuple[int, int]:
        """Read a CIE's augmentation data: (encoding of its FDEs' addresses, position behind it).

        Without a size ("z") only what has no data can be skipped. (LSB 5.0 Core, 10.6.1.1.1)
        """
        if not letters.startswith(b"z"):
            if letters.strip(b"SB") not in (b"", b"eh"):
                raise DwarfError(f"the augmentation {letters!r}")
            return PLAIN_ADDRESS, position
        size, position = uleb128(self.data, position)
        end = position + size
        pointer_encoding = PLAIN_ADDRESS
        for letter in letters[1:].decode("latin-1"):
            match letter:
                case "R":
                    pointer_encoding, position = self.data[position], position + 1
                case "P":  # the personality routine, not needed here
                    _, position = encoding.number(self.data, position + 1, self.data[position])
                case "L":
                    position += 1
                case "S" | "B" | "G":  # signal frame; aarch64: B key, tagged memory
                    pass
                case _:  # what follows it is unknown
                    break
        return pointer_encoding, end
