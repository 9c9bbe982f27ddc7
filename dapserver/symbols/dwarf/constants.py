"""The numbers of DWARF 5, chapter 7, and of the GNU extensions, as far as they are used here."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Tag(IntEnum):
    """Table 7.3."""

    CLASS_TYPE = 0x02
    ENUMERATION_TYPE = 0x04
    COMPILE_UNIT = 0x11
    STRUCTURE_TYPE = 0x13
    UNION_TYPE = 0x17
    INLINED_SUBROUTINE = 0x1D
    MODULE = 0x1E
    SUBPROGRAM = 0x2E
    INTERFACE_TYPE = 0x38
    NAMESPACE = 0x39


class At(IntEnum):
    """Attributes, table 7.5."""

    NAME = 0x03
    STMT_LIST = 0x10
    LOW_PC = 0x11
    HIGH_PC = 0x12
    COMP_DIR = 0x1B
    ABSTRACT_ORIGIN = 0x31
    SPECIFICATION = 0x47
    ENTRY_PC = 0x52
    RANGES = 0x55
    CALL_COLUMN = 0x57
    CALL_FILE = 0x58
    CALL_LINE = 0x59
    LINKAGE_NAME = 0x6E
    STR_OFFSETS_BASE = 0x72
    ADDR_BASE = 0x73
    RNGLISTS_BASE = 0x74
    MIPS_LINKAGE_NAME = 0x2007


class Form(IntEnum):
    """Table 7.6."""

    ADDR = 0x01
    BLOCK2 = 0x03
    BLOCK4 = 0x04
    DATA2 = 0x05
    DATA4 = 0x06
    DATA8 = 0x07
    STRING = 0x08
    BLOCK = 0x09
    BLOCK1 = 0x0A
    DATA1 = 0x0B
    FLAG = 0x0C
    SDATA = 0x0D
    STRP = 0x0E
    UDATA = 0x0F
    REF_ADDR = 0x10
    REF1 = 0x11
    REF2 = 0x12
    REF4 = 0x13
    REF8 = 0x14
    REF_UDATA = 0x15
    INDIRECT = 0x16
    SEC_OFFSET = 0x17
    EXPRLOC = 0x18
    FLAG_PRESENT = 0x19
    STRX = 0x1A
    ADDRX = 0x1B
    REF_SUP4 = 0x1C
    STRP_SUP = 0x1D
    DATA16 = 0x1E
    LINE_STRP = 0x1F
    REF_SIG8 = 0x20
    IMPLICIT_CONST = 0x21
    LOCLISTX = 0x22
    RNGLISTX = 0x23
    REF_SUP8 = 0x24
    STRX1 = 0x25
    STRX2 = 0x26
    STRX3 = 0x27
    STRX4 = 0x28
    ADDRX1 = 0x29
    ADDRX2 = 0x2A
    ADDRX3 = 0x2B
    ADDRX4 = 0x2C
    GNU_ADDR_INDEX = 0x1F01
    GNU_STR_INDEX = 0x1F02
    GNU_REF_ALT = 0x1F20
    GNU_STRP_ALT = 0x1F21


class UnitType(IntEnum):
    """Table 7.2."""

    COMPILE = 1
    TYPE = 2
    PARTIAL = 3
    SKELETON = 4
    SPLIT_COMPILE = 5
    SPLIT_TYPE = 6


class RangeEntry(IntEnum):
    """DW_RLE_*, table 7.30."""

    END_OF_LIST = 0
    BASE_ADDRESSX = 1
    STARTX_ENDX = 2
    STARTX_LENGTH = 3
    OFFSET_PAIR = 4
    BASE_ADDRESS = 5
    START_END = 6
    START_LENGTH = 7


class LineContent(IntEnum):
    """DW_LNCT_*, table 7.27."""

    PATH = 1
    DIRECTORY_INDEX = 2


class RowFlag(IntFlag):
    """What a row of a line table says of its address (6.2.2)."""

    IS_STATEMENT = 1
    PROLOGUE_END = 2
    EPILOGUE_BEGIN = 4
