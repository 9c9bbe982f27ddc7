"""How exception-handling sections store pointers: DW_EH_PE_* (LSB 5.0 Core, 10.5.1)."""

from __future__ import annotations

import struct

from dapserver.symbols.dwarf.reading import Bytes, DwarfError, sleb128, uleb128

OMIT = 0xFF
FORMAT = 0x0F
APPLICATION = 0x70
INDIRECT = 0x80
PC_RELATIVE = 0x10
DATA_RELATIVE = 0x30
ADDRESS_MASK = (1 << 64) - 1

_ULEB128, _SLEB128 = 0x01, 0x09
_FIXED = {
    0x00: struct.Struct("<Q"),
    0x02: struct.Struct("<H"),
    0x03: struct.Struct("<I"),
    0x04: struct.Struct("<Q"),
    0x0A: struct.Struct("<h"),
    0x0B: struct.Struct("<i"),
    0x0C: struct.Struct("<q"),
}


def pointer(
    data: Bytes, position: int, encoding: int, *, address: int = 0, data_address: int = 0
) -> tuple[int, int]:
    """Read a pointer of DW_EH_PE_ *encoding*; gives it and the position behind it.

    *address* is where data[0] is loaded, *data_address* the base of DW_EH_PE_datarel. An indirect
    pointer is given as it stands: the address of the pointer. Raises DwarfError for an encoding
    that is unknown or needs another base, struct.error or IndexError at the data's end.
    """
    value, behind = number(data, position, encoding)
    application = encoding & APPLICATION
    if application == PC_RELATIVE:
        value += address + position
    elif application == DATA_RELATIVE:
        value += data_address
    elif application:
        raise DwarfError(f"the pointer encoding {encoding:#x}")
    return value & ADDRESS_MASK, behind


def number(data: Bytes, position: int, encoding: int) -> tuple[int, int]:
    """Read the number that *encoding* stores, without any base; gives it and the position behind it.

    Raises as `pointer`.
    """
    form = encoding & FORMAT
    if fixed := _FIXED.get(form):
        return int(fixed.unpack_from(data, position)[0]), position + fixed.size
    if form == _ULEB128:
        return uleb128(data, position)
    if form == _SLEB128:
        return sleb128(data, position)
    raise DwarfError(f"the pointer encoding {encoding:#x}")
