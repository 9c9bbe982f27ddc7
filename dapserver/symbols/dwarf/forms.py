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

FIXED = {
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
BLOCK_LENGTH_SIZES = {Form.BLOCK1: 1, Form.BLOCK2: 2, Form.BLOCK4: 4}
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


class Record:
    """A sequence of fields: where each is and where the record ends."""

    __slots__ = ("_encoding", "_found", "fields", "fixed_size", "skip")

    def __init__(self, fields: Iterable[Field], encoding: Encoding) -> None:
        self.fields = tuple(fields)
        self._encoding = encoding
        self.fixed_size, self.skip = skipper(tuple(field.form for field in self.fields), encoding)
        self._found: dict[int, tuple[int, Skip | None, Field] | None] = {}

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
        size, skip, field = found
        position = skip(data, position) if skip else position + size
        return read_value(data, position, field, self._encoding)

    def _find(self, name: int) -> tuple[int, Skip | None, Field] | None:
        for index, field in enumerate(self.fields):
            if field.name == name:
                forms = tuple(before.form for before in self.fields[:index])
                return (*skipper(forms, self._encoding), field)
        return None


def read_value(data: Bytes, position: int, field: Field, encoding: Encoding) -> Value:
    """Read one value (DWARF 5, 7.5.5)."""
    form = field.form
    if form == Form.INDIRECT:
        form, position = uleb128(data, position)
        if form in {Form.INDIRECT, Form.IMPLICIT_CONST}:
            raise DwarfError("an indirect form that says no form")
    size = fixed_size(form, encoding)
    raw: int | bytes
    if form == Form.IMPLICIT_CONST:
        raw = field.constant
    elif form == Form.FLAG_PRESENT:
        raw = 1
    elif size is not None:
        raw = unsigned(data, position, size)
    elif form == Form.SDATA:
        raw = sleb128(data, position)[0]
    elif form in LEB128:
        raw = uleb128(data, position)[0]
    elif form == Form.STRING:
        raw = c_string(data, position)
    else:
        raw = _block(data, position, form)
    return Value(form, raw)


def _block(data: Bytes, position: int, form: int) -> bytes:
    start, end = _block_bounds(data, position, form)
    if end > len(data):
        raise DwarfError("a block behind the end of its section")
    return bytes(data[start:end])


def _block_bounds(data: Bytes, position: int, form: int) -> tuple[int, int]:
    if size := BLOCK_LENGTH_SIZES.get(Form(form)):
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
        return FIXED[Form(form)]
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
        by_bytes = f"position = block_bounds(data, position, {int(form)})[1]"
        if form in BLOCK_LENGTH_SIZES:
            return [by_bytes]
        return ["if data[position] < 0x80: position += 1 + data[position]", f"else: {by_bytes}"]
    return ["position = indirect(data, position)"]


def _skip_indirect(data: Bytes, position: int, encoding: Encoding) -> int:
    form, position = uleb128(data, position)
    if form in {Form.INDIRECT, Form.IMPLICIT_CONST}:
        raise DwarfError("an indirect form that says no form")
    return Record([Field(0, form)], encoding).end(data, position)
