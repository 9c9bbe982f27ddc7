"""Records laid out by forms: attributes of an entry, file names of a line table (DWARF 5, 7.5.6).

Nearly all that a reader does with debugging entries is to go past them. So each sequence of forms
is turned into a function of its own, once, that does no more than that: 0.3 us where a loop over
the forms takes 3.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from dapserver.symbols.dwarf.constants import Form
from dapserver.symbols.dwarf.reading import (
    Bytes,
    DwarfError,
    after_string,
    c_string,
    sleb128,
    uleb128,
    unsigned,
)

Skip = Callable[[Bytes, int], int]

FIXED: dict[int, int] = {
    Form.DATA1: 1, Form.FLAG: 1, Form.REF1: 1, Form.STRX1: 1, Form.ADDRX1: 1,
    Form.DATA2: 2, Form.REF2: 2, Form.STRX2: 2, Form.ADDRX2: 2,
    Form.STRX3: 3, Form.ADDRX3: 3,
    Form.DATA4: 4, Form.REF4: 4, Form.REF_SUP4: 4, Form.STRX4: 4, Form.ADDRX4: 4,
    Form.DATA8: 8, Form.REF8: 8, Form.REF_SUP8: 8, Form.REF_SIG8: 8,
    Form.DATA16: 16,
    Form.FLAG_PRESENT: 0, Form.IMPLICIT_CONST: 0,
}  # fmt: skip
OFFSETS = frozenset(
    {Form.STRP, Form.SEC_OFFSET, Form.STRP_SUP, Form.LINE_STRP, Form.GNU_REF_ALT, Form.GNU_STRP_ALT}
)
LEB128 = frozenset(
    {
        Form.UDATA, Form.SDATA, Form.REF_UDATA, Form.STRX, Form.ADDRX, Form.LOCLISTX, Form.RNGLISTX,
        Form.GNU_ADDR_INDEX, Form.GNU_STR_INDEX,
    }
)  # fmt: skip
BLOCK_LENGTH_SIZES: dict[int, int] = {Form.BLOCK1: 1, Form.BLOCK2: 2, Form.BLOCK4: 4}
BLOCKS = frozenset({Form.BLOCK, Form.EXPRLOC, *BLOCK_LENGTH_SIZES})
RECORD_LIMIT = 4096  # forms; a compiler's longest record has some dozens


class Encoding(NamedTuple):
    """What the size of a form depends on. Sizes in bytes."""

    version: int
    offset_size: int
    address_size: int


class Field(NamedTuple):
    """One attribute of a record. `name` is an `At` or `LineContent` number."""

    name: int
    form: int
    constant: int = 0
    """The value of an implicit_const."""


class Value(NamedTuple):
    """A value as it stands there: an offset or index is not followed, a string has its bytes."""

    form: int
    raw: int | bytes


Read = Callable[[Bytes, int], Value]


class Record:
    """A sequence of fields: where each is and where the record ends."""

    __slots__ = ("_encoding", "_found", "fields", "fixed_size", "skip")

    def __init__(self, fields: Iterable[Field], encoding: Encoding) -> None:
        self.fields = tuple(fields)
        self._encoding = encoding
        self.fixed_size, self.skip = skipper(tuple(field.form for field in self.fields), encoding)
        self._found: dict[int, tuple[int, Skip | None, Read] | None] = {}

    def end(self, data: Bytes, position: int) -> int:
        """Tell where the record that starts at *position* ends."""
        return self.skip(data, position) if self.skip else position + self.fixed_size

    def has(self, name: int) -> bool:
        """Tell whether there is a field *name*."""
        return any(field.name == name for field in self.fields)

    def read(self, name: int, data: Bytes, position: int) -> Value | None:
        """Read the field *name* of the record that starts at *position*."""
        if name not in self._found:
            self._found[name] = self._find(name)
        found = self._found[name]
        if found is None:
            return None
        size, skip, read = found
        return read(data, skip(data, position) if skip else position + size)

    def _find(self, name: int) -> tuple[int, Skip | None, Read] | None:
        for index, field in enumerate(self.fields):
            if field.name == name:
                forms = tuple(before.form for before in self.fields[:index])
                return (*skipper(forms, self._encoding), reader(field, self._encoding))
        return None


def reader(field: Field, encoding: Encoding) -> Read:
    """Make the function that reads a value (DWARF 5, 7.5.5). Raises DwarfError for an unknown form."""
    form = field.form
    if form == Form.INDIRECT:
        return lambda data, position: _indirect(data, position, encoding)
    size = fixed_size(form, encoding)
    if form in {Form.IMPLICIT_CONST, Form.FLAG_PRESENT}:
        value = Value(form, field.constant if form == Form.IMPLICIT_CONST else 1)
        return lambda _data, _position: value
    if size is not None:
        return lambda data, position: Value(form, unsigned(data, position, size))
    if form == Form.SDATA:
        return lambda data, position: Value(form, sleb128(data, position)[0])
    if form in LEB128:
        return lambda data, position: Value(form, uleb128(data, position)[0])
    read = c_string if form == Form.STRING else functools.partial(_block, form)
    return lambda data, position: Value(form, read(data, position))


def _indirect(data: Bytes, position: int, encoding: Encoding) -> Value:
    form, position = uleb128(data, position)
    if form in {Form.INDIRECT, Form.IMPLICIT_CONST}:
        raise DwarfError("an indirect form that says no form")
    return reader(Field(0, form), encoding)(data, position)


def _block(form: int, data: Bytes, position: int) -> bytes:
    start, end = _block_bounds(form, data, position)
    if end > len(data):
        raise DwarfError("a block behind the end of its section")
    return bytes(data[start:end])


def _block_bounds(form: int, data: Bytes, position: int) -> tuple[int, int]:
    if size := BLOCK_LENGTH_SIZES.get(form):
        position += size
        return position, position + unsigned(data, position - size, size)
    length, position = uleb128(data, position)
    return position, position + length


def fixed_size(form: int, encoding: Encoding) -> int | None:
    """Tell the size of a form in bytes; None if only its bytes tell. Raises DwarfError if unknown."""
    if form == Form.ADDR:
        return encoding.address_size
    if form == Form.REF_ADDR:
        # 7.5.4: an offset since version 3
        return encoding.address_size if encoding.version == 2 else encoding.offset_size
    if form in OFFSETS:
        return encoding.offset_size
    if form in FIXED:
        return FIXED[form]
    if form in LEB128 or form in BLOCKS or form in {Form.STRING, Form.INDIRECT}:
        return None
    raise DwarfError(f"the unknown form {form:#x}")


@functools.lru_cache(maxsize=1 << 14)
def skipper(forms: tuple[int, ...], encoding: Encoding) -> tuple[int, Skip | None]:
    """Make the function that gives the position behind values of *forms*, or tell their fixed size.

    Raises DwarfError for an unknown form.
    """
    if len(forms) > RECORD_LIMIT:
        raise DwarfError("a record of too many fields")
    sizes = [fixed_size(form, encoding) for form in forms]
    if None not in sizes:
        return sum(size for size in sizes if size is not None), None
    lines = ["def skip(data, position):"]
    run = 0
    for form, size in zip(forms, sizes, strict=True):
        if size is not None:
            run += size
            continue
        if run:
            lines.append(f" position += {run}")
            run = 0
        lines.extend(f" {line}" for line in _skip_source(form))
    lines.append(f" return position + {run}")
    names: dict[str, Any] = {
        "after_string": after_string,
        "block_bounds": _block_bounds,
        "indirect": functools.partial(_skip_indirect, encoding=encoding),
    }
    exec("\n".join(lines), names)  # nothing in it comes from the file but numbers
    skip: Skip = names["skip"]
    return 0, skip


def _skip_source(form: int) -> list[str]:
    """The statements that go past a value of a form whose size its bytes tell."""
    if form in LEB128:
        return ["while data[position] & 0x80: position += 1", "position += 1"]
    if form == Form.STRING:
        return ["position = after_string(data, position)"]
    if form == Form.BLOCK1:
        return ["position += 1 + data[position]"]
    if form in BLOCKS:
        by_bytes = f"position = block_bounds({int(form)}, data, position)[1]"
        if form in BLOCK_LENGTH_SIZES:
            return [by_bytes]
        return ["if data[position] < 0x80: position += 1 + data[position]", f"else: {by_bytes}"]
    return ["position = indirect(data, position)"]


def _skip_indirect(data: Bytes, position: int, encoding: Encoding) -> int:
    form, position = uleb128(data, position)
    if form in {Form.INDIRECT, Form.IMPLICIT_CONST}:
        raise DwarfError("an indirect form that says no form")
    return Record([Field(0, form)], encoding).end(data, position)
