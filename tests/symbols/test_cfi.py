"""Call frame information made by hand: entries, augmentations, each instruction."""

from __future__ import annotations

import os

import pytest

from dapserver.symbols.cfi import CallFrames, HeaderTable, IndexTable
from dapserver.symbols.cfi_program import Cfa, Row, Rule, RuleKind
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.elf import ElfFile, SegmentType
from tests.symbols.cfi_bytes import CODE, PC_RELATIVE_4, USUAL, Frames, one_function, sleb, uleb
from tests.symbols.files import libc, read, shapes

RETURN_ADDRESS = Rule(RuleKind.OFFSET, -8)
RBX, RBP, RSP = 3, 6, 7


def row(frames: CallFrames, pc: int) -> Row:
    found = frames.row(pc)
    assert found is not None
    return found


def last_row(instructions: bytes, initial: bytes = USUAL) -> Row:
    return row(one_function(instructions, initial=initial), CODE + 255)


# -- entries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_eh", [True, False])
@pytest.mark.parametrize("is_64", [True, False])
@pytest.mark.parametrize("version", [1, 3, 4])
def test_an_entry_covers_its_addresses(*, is_eh: bool, is_64: bool, version: int) -> None:
    frames = Frames(is_eh, is_64)
    cie = frames.cie(version=version)
    frames.fde(cie, CODE + 0x100, 0x10)
    frames.fde(cie, CODE, 0x20)
    read_back = frames.read()
    for inside in (CODE, CODE + 0x1F, CODE + 0x100, CODE + 0x10F):
        assert row(read_back, inside) == Row(
            Cfa(RSP, 8), {16: RETURN_ADDRESS}, 16, is_signal_frame=False, is_return_address_signed=False
        )
    for outside in (0, CODE - 1, CODE + 0x20, CODE + 0xFF, CODE + 0x110, 1 << 63):
        assert read_back.row(outside) is None


@pytest.mark.parametrize(
    ("augmentation", "data"),
    [
        (b"zR", bytes([PC_RELATIVE_4])),
        (b"zPLR", bytes((0x1B, 1, 2, 3, 4, 0x1B, PC_RELATIVE_4))),
        (b"zPLR", bytes((0x00, *range(8), 0x1B, PC_RELATIVE_4))),
        (b"zRSB", bytes([PC_RELATIVE_4])),
        (b"zRX", bytes((PC_RELATIVE_4, 99))),  # unknown data is skipped by its size
    ],
)
def test_augmentations(augmentation: bytes, data: bytes) -> None:
    frames = Frames()
    cie = frames.cie(augmentation, data)
    frames.fde(cie, CODE, 0x20, bytes((0x0E, 64)), relative=True, data=b"\1\2\3\4")
    found = row(frames.read(), CODE + 4)
    assert found.cfa == Cfa(RSP, 64)
    assert found.is_signal_frame == (b"S" in augmentation)


def test_an_unknown_augmentation_without_a_size_is_refused() -> None:
    frames = Frames()
    cie = frames.cie(b"quaint")
    section = frames.section()
    offset = frames.fde(cie, CODE, 0x20)
    section = frames.section()
    with pytest.raises(DwarfError, match="quaint"):
        section.fde(offset)
    assert frames.read().row(CODE) is None


def test_the_first_file_with_an_entry_tells() -> None:
    first, second = Frames(), Frames(is_eh=False)
    first.fde(first.cie(), CODE, 0x20)
    second.fde(second.cie(instructions=bytes((0x0C, RBP, 16))), CODE, 0x40)
    both = CallFrames([IndexTable(first.section()), IndexTable(second.section())])
    assert row(both, CODE).cfa == Cfa(RSP, 8)
    assert row(both, CODE + 0x30).cfa == Cfa(RBP, 16)


def test_functions_that_the_linker_dropped_are_not_found() -> None:
    frames = Frames(is_eh=False)
    frames.fde(frames.cie(), 0, 0x1000)
    assert frames.read().row(0x10) is None


def test_the_table_of_the_header_and_the_index_agree() -> None:
    elf = read(libc())
    (by_header,) = CallFrames.of(elf)._tables
    assert isinstance(by_header, HeaderTable)
    by_index = IndexTable(by_header.section)
    starts = [start for start, _ in by_header.section.ranges()]
    assert len(starts) > 1000
    for start in starts:
        for pc in (start - 1, start, start + 1):
            assert by_header.offset(pc) == by_index.offset(pc)


def test_the_header_is_found_without_section_headers() -> None:
    data = bytearray(shapes().read_bytes())
    with_sections = ElfFile.parse(bytes(data))
    data[0x28:0x30] = bytes(8)  # e_shoff
    without = ElfFile.parse(bytes(data))
    assert not without.sections
    text = with_sections.section(".text")
    assert text is not None
    addresses = range(text.address, text.address + text.size)
    assert any(CallFrames.of(with_sections).row(pc) for pc in addresses)
    for pc in addresses:
        assert CallFrames.of(without).row(pc) == CallFrames.of(with_sections).row(pc)


def test_the_vdso_of_this_process() -> None:
    with open("/proc/self/maps", encoding="ascii") as maps:
        (line,) = (line for line in maps if line.rstrip().endswith("[vdso]"))
    start, end = (int(number, 16) for number in line.split()[0].split("-"))
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        elf = ElfFile.parse(os.pread(memory.fileno(), end - start, start))
    frames = CallFrames.of(elf)
    addresses = [p.address for p in elf.segments if p.type == SegmentType.LOAD]
    known = {pc for pc in range(addresses[0], addresses[0] + end - start) if frames.row(pc)}
    named = {symbol.name for pc in known if (symbol := elf.symbols.nearest(pc))}
    assert "__vdso_clock_gettime" in named or "__kernel_clock_gettime" in named


# -- instructions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instructions", "cfa"),
    [
        (bytes((0x0C, RBP, 16)), Cfa(RBP, 16)),
        (bytes((0x0D, RBP)), Cfa(RBP, 8)),
        (b"\x0e" + uleb(1000), Cfa(RSP, 1000)),
        (bytes((0x12, RBP)) + sleb(-2), Cfa(RBP, 16)),
        (b"\x13" + sleb(-200), Cfa(RSP, 1600)),
        (bytes((0x0F, 2, 0x77, 8)), Cfa(0, 0, bytes((0x77, 8)))),
    ],
)
def test_rules_of_the_cfa(instructions: bytes, cfa: Cfa) -> None:
    assert last_row(instructions).cfa == cfa


@pytest.mark.parametrize(
    ("instructions", "rule"),
    [
        (bytes((0x80 | RBX, 2)), Rule(RuleKind.OFFSET, -16)),
        (bytes((0x05, RBX, 3)), Rule(RuleKind.OFFSET, -24)),
        (bytes((0x11, RBX)) + sleb(-2), Rule(RuleKind.OFFSET, 16)),
        (bytes((0x2F, RBX, 2)), Rule(RuleKind.OFFSET, 16)),
        (bytes((0x14, RBX, 2)), Rule(RuleKind.VAL_OFFSET, -16)),
        (bytes((0x15, RBX)) + sleb(-2), Rule(RuleKind.VAL_OFFSET, 16)),
        (bytes((0x07, RBX)), Rule(RuleKind.UNDEFINED)),
        (bytes((0x08, RBX)), Rule(RuleKind.SAME_VALUE)),
        (bytes((0x09, RBX, 12)), Rule(RuleKind.REGISTER, 12)),
        (bytes((0x10, RBX, 2, 0x77, 8)), Rule(RuleKind.EXPRESSION, expression=bytes((0x77, 8)))),
        (bytes((0x16, RBX, 2, 0x77, 8)), Rule(RuleKind.VAL_EXPRESSION, expression=bytes((0x77, 8)))),
        (bytes((0x2E, 32, 0x00, 0x83, 2)), Rule(RuleKind.OFFSET, -16)),  # args_size, nop
    ],
)
def test_rules_of_registers(instructions: bytes, rule: Rule) -> None:
    assert last_row(instructions).rules == {16: RETURN_ADDRESS, RBX: rule}


@pytest.mark.parametrize("restore", [bytes([0xC0 | RBX]), bytes((0x06, RBX))])
def test_restore(restore: bytes) -> None:
    saved = bytes((0x83, 2))
    assert RBX not in last_row(saved + restore).rules
    initial = last_row(bytes((0x83, 4)) + restore, USUAL + saved)
    assert initial.rules[RBX] == Rule(RuleKind.OFFSET, -16)


def test_states_are_remembered_with_their_cfa() -> None:
    change = bytes((0x0E, 64, 0x83, 2))
    restored = last_row(b"\x0a" + change + b"\x0b")
    assert restored.cfa == Cfa(RSP, 8)
    assert restored.rules == {16: RETURN_ADDRESS}


@pytest.mark.parametrize(
    "advance",
    [
        bytes([0x40 | 4]),
        bytes((0x02, 4)),
        b"\x03\4\0",
        b"\x04\4\0\0\0",
        b"\x01" + (CODE + 16).to_bytes(8, "little"),
    ],
)
def test_locations(advance: bytes) -> None:
    frames = one_function(advance + bytes((0x0E, 16)) + bytes((0x42, 0x0E, 24)), code_alignment=4)
    offsets = [row(frames, CODE + at).cfa.offset for at in (0, 15, 16, 23, 24)]
    assert offsets == [8, 8, 16, 16, 24]


@pytest.mark.parametrize("negate", [0x2C, 0x2D])
def test_signed_return_addresses(negate: int) -> None:
    assert last_row(bytes([negate])).is_return_address_signed
    assert not last_row(bytes([negate, negate])).is_return_address_signed


@pytest.mark.parametrize(
    "instructions",
    [
        b"\x3f",  # unknown
        b"\x0b",  # nothing was remembered
        b"\x0a" * 1000,
        b"\x0c\x07",  # ends within its operands
        b"\x0e" + b"\xff" * 20,
        b"\x0f\x7f\x00",  # an expression behind its end
        b"\x07" + uleb(1 << 20),  # no such register
        bytes((0x0F, 1, 0x96, 0x0E, 8)),  # an offset to an expression
    ],
)
def test_nonsense_is_refused(instructions: bytes) -> None:
    with pytest.raises(DwarfError, match="damaged call frame information"):
        last_row(instructions)
