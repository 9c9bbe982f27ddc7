"""The header of a line table: parameters of its program, directories and files (DWARF 5, 6.2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from dapserver.symbols.dwarf.constants import Form, LineContent
from dapserver.symbols.dwarf.forms import Encoding, Field, Record, Value
from dapserver.symbols.dwarf.reading import (
    I8,
    DwarfError,
    damage,
    initial_length,
    uleb128,
    unsigned,
)

VERSIONS = range(2, 6)
FileEntry = tuple[Value, int]
"""A name, which `Unit.string` reads, and the number of its directory."""


@dataclass(slots=True)
class LineHeader:
    """A header. `data` is the whole contribution of the table; positions are in it."""

    data: bytes
    encoding: Encoding
    program: int
    """Where the program starts."""
    minimum_instruction_length: int = 1
    default_is_statement: bool = True
    line_base: int = 0
    line_range: int = 1
    opcode_base: int = 1
    operand_counts: bytes = b""
    """Of the standard opcodes, from opcode 1 on."""
    directories: EntryTable | None = None
    files: EntryTable | None = None

    @property
    def first_file(self) -> int:
        """Files and directories are numbered from 0 since version 5, from 1 before."""
        return 0 if self.encoding.version >= 5 else 1

    @property
    def file_numbers(self) -> range:
        return range(self.first_file, self.first_file + (len(self.files) if self.files else 0))

    def file(self, number: int) -> FileEntry | None:
        """Find a file by its number."""
        row = self.files.row(number - self.first_file) if self.files else None
        if row is None or row[0] is None:
            return None
        return row[0], row[1]

    def is_unit_directory(self, number: int) -> bool:
        """Tell whether directory *number* is itself the one that the others are relative to (6.2.4)."""
        return self.encoding.version >= 5 and number == 0

    def directory(self, number: int) -> Value | None:
        """Find a directory by its number; None for the unit's own in versions before 5."""
        row = self.directories.row(number - self.first_file) if self.directories else None
        return row[0] if row is not None else None


class EntryTable:
    """Directories or files: records that are read when asked for."""

    def __init__(self, data: bytes, position: int, record: Record, count: int | None) -> None:
        """Find the records' starts; *count* None: they end with an empty string (versions 2 to 4)."""
        self._data = data
        self._record = record
        self._starts: list[int] = []
        while data[position] if count is None else len(self._starts) < count:
            self._starts.append(position)
            end = record.end(data, position)
            if not position < end <= len(data):
                raise DwarfError("a file table that goes on behind its end")
            position = end
        self.end = position + (count is None)

    def __len__(self) -> int:
        return len(self._starts)

    def row(self, index: int) -> tuple[Value | None, int] | None:
        """Read name and directory number of a record; None if there is no such record."""
        if not 0 <= index < len(self._starts):
            return None
        start = self._starts[index]
        name = self._record.read(LineContent.PATH, self._data, start)
        directory = self._record.read(LineContent.DIRECTORY_INDEX, self._data, start)
        number = directory.raw if directory is not None else 0
        return name, number if isinstance(number, int) else 0


def line_header(section: memoryview, offset: int, unit: Encoding) -> LineHeader:
    """Read the header at *offset* of .debug_line for a unit encoded as *unit*. Raises DwarfError."""
    with damage("line table header"):
        length, position, offset_size = initial_length(section, offset)
        data = bytes(section[offset : position + length])
        position -= offset
        version = unsigned(data, position, 2)
        if version not in VERSIONS:
            raise DwarfError(f"a line table of version {version}; 2 to 5 are supported")
        encoding = Encoding(version, offset_size, unit.address_size)
        position += 2 if version < 5 else 4  # sizes of addresses and segment selectors
        program = position + offset_size + unsigned(data, position, offset_size)
        header = LineHeader(data, encoding, program)
        _tables(header, _parameters(header, position + offset_size))
        return header


def _parameters(header: LineHeader, position: int) -> int:
    data = header.data
    header.minimum_instruction_length = data[position]
    # maximum_operations_per_instruction, which is 1 but on VLIW machines
    position += 2 if header.encoding.version >= 4 else 1
    header.default_is_statement = bool(data[position])
    (header.line_base,) = I8(data, position + 1)
    header.line_range = data[position + 2]
    header.opcode_base = data[position + 3]
    end = position + 3 + max(header.opcode_base, 1)
    header.operand_counts = data[position + 4 : end]
    if header.line_range == 0:
        raise DwarfError("a line range of 0")
    return end


def _tables(header: LineHeader, position: int) -> None:
    data, encoding = header.data, header.encoding
    if encoding.version >= 5:
        header.directories = _described_table(data, position, encoding)
        header.files = _described_table(data, header.directories.end, encoding)
        return
    path, number = Field(LineContent.PATH, Form.STRING), Field(LineContent.DIRECTORY_INDEX, Form.UDATA)
    time, size = Field(0, Form.UDATA), Field(0, Form.UDATA)
    header.directories = EntryTable(data, position, Record([path], encoding), None)
    record = Record([path, number, time, size], encoding)
    header.files = EntryTable(data, header.directories.end, record, None)


def _described_table(data: bytes, position: int, encoding: Encoding) -> EntryTable:
    """A table that starts with the description of its records (version 5)."""
    fields = []
    field_count = data[position]
    position += 1
    for _ in range(field_count):
        name, position = uleb128(data, position)
        form, position = uleb128(data, position)
        fields.append(Field(name, form))
    count, position = uleb128(data, position)
    return EntryTable(data, position, Record(fields, encoding), count)
