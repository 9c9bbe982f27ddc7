"""Line number programs, run (DWARF 5, 6.2.5)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from operator import itemgetter

from dapserver.symbols.dwarf.constants import RowFlag
from dapserver.symbols.dwarf.line_header import LineHeader
from dapserver.symbols.dwarf.reading import U16, sleb128, uleb128, unsigned

RawRow = tuple[int, int, int, int, int]
"""Address, file, line, column, `RowFlag`s: a plain tuple, as there may be 300,000 in a unit."""
ADDRESS = itemgetter(0)
LAST_LINE = (1 << 31) - 1  # more is damage, and no client could show it

# Standard opcodes (7.22) and extended ones
EXTENDED = 0
COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, SET_COLUMN, NEGATE_STMT = 1, 2, 3, 4, 5, 6
BASIC_BLOCK, CONST_ADD_PC, FIXED_ADVANCE_PC, PROLOGUE_END, EPILOGUE_BEGIN = 7, 8, 9, 10, 11
END_SEQUENCE, SET_ADDRESS = 1, 2

IS_STATEMENT, AT_PROLOGUE_END, AT_EPILOGUE_BEGIN = (int(flag) for flag in RowFlag)
ONE_ROW_ONLY = AT_PROLOGUE_END | AT_EPILOGUE_BEGIN


@dataclass(frozen=True, slots=True)
class Sequence:
    """Rows of one stretch of code, `low` to below `high`."""

    low: int
    high: int
    rows: list[RawRow]

    def row_at(self, address: int) -> RawRow:
        """Find the last row that starts at or before *address*, which must lie in the sequence."""
        return self.rows[bisect_right(self.rows, address, key=ADDRESS) - 1]

    def statements(self, files: Collection[int]) -> Iterator[RawRow]:
        """Give the rows of these files where a statement starts, but for those without code.

        A row has none if one of another file follows at its address: code was inlined there.
        """
        rows = self.rows
        for index, row in enumerate(rows):
            if row[1] in files and row[4] & IS_STATEMENT and 0 < row[2] <= LAST_LINE:
                address = row[0]
                following = index + 1
                while following < len(rows) and rows[following][0] == address:
                    if rows[following][1] != row[1] and rows[following][4] & IS_STATEMENT:
                        break
                    following += 1
                else:
                    if address < self.high:
                        yield row

    def between(self, low: int, high: int) -> Iterator[tuple[RawRow, int]]:
        """Give the rows of code from *low* to below *high*, each with the address of the next one.

        The first one may start before *low*. Where two have the same address, the first is empty.
        """
        rows = self.rows
        index = max(bisect_right(rows, low, key=ADDRESS) - 1, 0)
        index = bisect_left(rows, rows[index][0], key=ADDRESS)
        while index < len(rows) and rows[index][0] < high:
            yield rows[index], rows[index + 1][0] if index + 1 < len(rows) else self.high
            index += 1


def run(header: LineHeader) -> Iterator[Sequence]:  # noqa: C901, PLR0912, PLR0915 - an interpreter's loop
    """Run the program and give its sequences; a last one without an end is dropped."""
    data, position, end = header.data, header.program, len(header.data)
    opcode_base, unit_length = header.opcode_base, header.minimum_instruction_length
    specials = _special_opcodes(header)
    const_advance = specials[255][0]
    initial_flags = IS_STATEMENT if header.default_is_statement else 0
    rows: list[RawRow] = []
    address, file, line, column, flags = 0, 1, 1, 0, initial_flags
    while position < end:
        opcode = data[position]
        position += 1
        if opcode >= opcode_base:
            advance, line_advance = specials[opcode]
            address += advance
            line += line_advance
            rows.append((address, file, line, column, flags))
            flags &= IS_STATEMENT
        elif opcode == SET_COLUMN:
            column = data[position]
            position += 1
            if column >= 0x80:
                column, position = uleb128(data, position - 1)
        elif opcode == NEGATE_STMT:
            flags ^= IS_STATEMENT
        elif opcode == ADVANCE_LINE:
            line_advance = data[position]
            position += 1
            if line_advance >= 0x80:
                line_advance, position = sleb128(data, position - 1)
            elif line_advance >= 0x40:
                line_advance -= 0x80
            line += line_advance
        elif opcode == COPY:
            rows.append((address, file, line, column, flags))
            flags &= IS_STATEMENT
        elif opcode == ADVANCE_PC:
            advance = data[position]
            position += 1
            if advance >= 0x80:
                advance, position = uleb128(data, position - 1)
            address += advance * unit_length
        elif opcode == SET_FILE:
            file = data[position]
            position += 1
            if file >= 0x80:
                file, position = uleb128(data, position - 1)
        elif opcode == CONST_ADD_PC:
            address += const_advance
        elif opcode == FIXED_ADVANCE_PC:
            address += U16(data, position)[0]
            position += 2
        elif opcode == PROLOGUE_END:
            flags |= AT_PROLOGUE_END
        elif opcode == EPILOGUE_BEGIN:
            flags |= AT_EPILOGUE_BEGIN
        elif opcode == EXTENDED:
            size, position = uleb128(data, position)
            kind = data[position] if size else 0
            if kind == END_SEQUENCE:
                if rows:
                    yield _sequence(rows, address)
                rows = []
                address, file, line, column, flags = 0, 1, 1, 0, initial_flags
            elif kind == SET_ADDRESS:
                address = unsigned(data, position + 1, size - 1)
            position += size
        else:
            for _ in range(header.operand_counts[opcode - 1]):
                _, position = uleb128(data, position)


def _special_opcodes(header: LineHeader) -> list[tuple[int, int]]:
    """By opcode, what it adds to address and line (6.2.5.1); standard opcodes have a row to no use."""
    return [
        (
            (opcode - header.opcode_base) // header.line_range * header.minimum_instruction_length,
            header.line_base + (opcode - header.opcode_base) % header.line_range,
        )
        for opcode in range(256)
    ]


def _sequence(rows: list[RawRow], high: int) -> Sequence:
    # The order is demanded (6.2.5), but not by everything that writes tables.
    rows.sort(key=ADDRESS)
    return Sequence(rows[0][0], max(high, rows[-1][0]), rows)
