"""Values of every form: read as they were written, and gone past to the byte behind them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.dwarf.constants import Form
from dapserver.symbols.dwarf.forms import FIXED, LEB128, OFFSETS, Encoding, Field, Record, Value
from dapserver.symbols.dwarf.reading import DwarfError, c_string, initial_length, sleb128, uleb128

ENCODINGS = [
    Encoding(version, offset, address) for version in (2, 4, 5) for offset in (4, 8) for address in (4, 8)
]
NO_BYTES = {Form.FLAG_PRESENT, Form.IMPLICIT_CONST}


def leb128(value: int, *, signed: bool = False) -> bytes:
    """The shortest encoding of a number: the last byte's top bit is its sign."""
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        is_negative = signed and bool(byte & 0x40)
        if value == (-1 if is_negative else 0):
            return bytes([*out, byte])
        out.append(byte | 0x80)


def block(form: Form, content: bytes) -> bytes:
    lengths = {Form.BLOCK1: 1, Form.BLOCK2: 2, Form.BLOCK4: 4}
    if form in lengths:
        return len(content).to_bytes(lengths[form], "little") + content
    return leb128(len(content)) + content


@st.composite
def written(draw: st.DrawFn, encoding: Encoding) -> tuple[Form, int | bytes, bytes]:
    """A form, a value and the bytes of both."""
    form = draw(st.sampled_from([form for form in Form if form != Form.INDIRECT]))
    if form in NO_BYTES:
        return form, 1, b""
    if form in {Form.BLOCK, Form.BLOCK1, Form.BLOCK2, Form.BLOCK4, Form.EXPRLOC}:
        content = draw(st.binary(max_size=200))
        return form, content, block(form, content)
    if form == Form.STRING:
        text = draw(st.binary(max_size=300)).replace(b"\0", b"")
        return form, text, text + b"\0"
    if form == Form.SDATA:
        number = draw(st.integers(-(1 << 63), (1 << 63) - 1))
        return form, number, leb128(number, signed=True)
    if form in LEB128:
        number = draw(st.integers(0, (1 << 64) - 1))
        return form, number, leb128(number)
    size = FIXED.get(form, encoding.offset_size if form in OFFSETS else encoding.address_size)
    if form == Form.REF_ADDR:
        size = encoding.address_size if encoding.version == 2 else encoding.offset_size
    number = draw(st.integers(0, (1 << 8 * size) - 1))
    return form, number, number.to_bytes(size, "little")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(values=st.data())
@settings(deadline=None)
def test_records(encoding: Encoding, values: st.DataObject) -> None:
    """Each field of a record is found behind those before it, and the record ends where it ends."""
    parts = values.draw(st.lists(written(encoding), max_size=8))
    record = Record([Field(name, form, 1) for name, (form, _, _) in enumerate(parts)], encoding)
    data = b"start" + b"".join(each for _, _, each in parts) + b"\0behind"
    for each in (data, memoryview(data)):
        assert record.end(each, 5) == len(data) - 7
        for name, (form, value, _) in enumerate(parts):
            assert record.read(name, each, 5) == Value(form, value)
    assert record.read(len(parts), data, 5) is None


@given(values=st.data())
@settings(deadline=None)
def test_indirect_forms(values: st.DataObject) -> None:
    encoding = ENCODINGS[-1]
    form, value, content = values.draw(written(encoding).filter(lambda part: part[0] not in NO_BYTES))
    record = Record([Field(0, Form.INDIRECT), Field(1, Form.DATA1)], encoding)
    data = leb128(form) + content + b"\x07"
    assert record.end(data, 0) == len(data)
    assert record.read(0, data, 0) == Value(form, value)
    assert record.read(1, data, 0) == Value(Form.DATA1, 7)


@pytest.mark.parametrize("form", [Form.INDIRECT, Form.IMPLICIT_CONST])
def test_indirect_forms_that_say_nothing(form: Form) -> None:
    record = Record([Field(0, Form.INDIRECT)], ENCODINGS[0])
    with pytest.raises(DwarfError):
        record.end(bytes([form]) * 8, 0)
    with pytest.raises(DwarfError):
        record.read(0, bytes([form]) * 8, 0)


def test_unknown_forms_and_records_without_end() -> None:
    with pytest.raises(DwarfError, match="0x7f"):
        Record([Field(0, 0x7F)], ENCODINGS[0])
    with pytest.raises(DwarfError):
        Record([Field(0, Form.UDATA)] * 5000, ENCODINGS[0])


@given(st.integers(0, (1 << 64) - 1), st.integers(-(1 << 63), (1 << 63) - 1))
@settings(deadline=None)
def test_leb128(unsigned: int, signed: int) -> None:
    data = b"\xff" + leb128(unsigned)
    assert uleb128(data, 1) == (unsigned, len(data))
    data = b"\xff" + leb128(signed, signed=True)
    assert sleb128(data, 1) == (signed, len(data))


def test_padded_and_endless_leb128() -> None:
    assert uleb128(b"\x85\x80\x00", 0) == (5, 3)
    assert sleb128(b"\xff\x80\x00", 0) == (127, 3)
    with pytest.raises(DwarfError):
        uleb128(b"\x80" * 100, 0)


@pytest.mark.parametrize("length", [0, 1, 95, 96, 97, 1000])
def test_strings_of_all_lengths(length: int) -> None:
    text = b"x" * length
    assert c_string(memoryview(b"a\0" + text + b"\0z"), 2) == text
    with pytest.raises(DwarfError):
        c_string(b"a\0" + text, 2)


def test_initial_lengths() -> None:
    assert initial_length(b"\x05\0\0\0", 0) == (5, 4, 4)
    assert initial_length(b"\xff\xff\xff\xff" + (7).to_bytes(8, "little"), 0) == (7, 12, 8)
    with pytest.raises(DwarfError):
        initial_length(b"\xf5\xff\xff\xff", 0)
