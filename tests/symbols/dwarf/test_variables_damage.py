"""Damaged types, variables and locations: DwarfError or less detail, never anything else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.dwarf import DwarfError, SourceInfo
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.locations import expression_at
from dapserver.symbols.dwarf.locations_evaluation import NotKnown, locate
from dapserver.symbols.dwarf.types import Kind, Type
from dapserver.symbols.dwarf.variables_of_file import Declarations
from dapserver.symbols.elf import ElfError, ElfFile
from tests.support.build import build
from tests.symbols.dwarf.oracle import addresses_in_functions

SECTIONS = (
    *(".debug_info", ".debug_abbrev", ".debug_loc", ".debug_loclists", ".debug_str"),
    *(".debug_str_offsets", ".debug_addr"),
)
ORIGINALS: dict[str, Callable[[], Path]] = {
    "c-dwarf4": lambda: build("values.c", "-O2", "-gdwarf-4"),
    "c-dwarf5": lambda: build("values.c", "-O2"),
    "cpp": lambda: build("values.cpp", "-O0"),
    "rust": lambda: build("values.rs"),
}
PARTS = 300  # types looked at in one program
_read: dict[str, tuple[bytes, dict[str, tuple[int, int]], list[int]]] = {}


class Machine:
    """Registers and memory that hold anything."""

    bias = 0x1000

    def register(self, number: int) -> int:
        return number * 0x1234567

    def register_data(self, number: int) -> bytes:
        return self.register(number).to_bytes(8, "little")

    def read(self, address: int, size: int) -> bytes:
        return bytes((address + i) & 0xFF for i in range(size))

    def frame_base(self) -> int:
        return 0x7FFF0000

    def frame_address(self) -> int:
        return 0x7FFF0010

    def thread_local(self, offset: int) -> int:
        return 0x10000 + offset

    def entry_value(self, expression: bytes) -> int:
        raise NotKnown(str(expression))

    def expression(self, entry: Entry) -> bytes | None:
        return expression_at(entry, 0x1000)


def original(name: str) -> tuple[bytes, dict[str, tuple[int, int]], list[int]]:
    """A program, where its debug sections are in it, and addresses to ask for."""
    if name not in _read:
        path = ORIGINALS[name]()
        data = path.read_bytes()
        sections = {
            section.name: (section.offset, section.size)
            for section in ElfFile.parse(data).sections
            if section.name in SECTIONS and section.size
        }
        _read[name] = data, sections, sorted(set(addresses_in_functions(path, 12)))
    return _read[name]


def look(data: bytes | bytearray, addresses: list[int]) -> int:
    """Look at all that the variables at *addresses* are; how much there was."""
    try:
        info = SourceInfo.open(ElfFile.parse(bytes(data)))
    except (DwarfError, ElfError):
        return 0
    return look_at(info, addresses) if info is not None else 0


def look_at(info: SourceInfo, addresses: list[int]) -> int:
    """Look at all that the variables at *addresses* are; how much there was."""
    seen = 0
    budget = [PARTS]
    for address in addresses:
        for function in info.entries_at(address):
            with suppress(DwarfError):
                for variable in info.declarations.locals(function, address):
                    seen += 1
                    _variable(info.declarations, variable.entry, address, budget)
    for name in ("Point", "struct point", "int", "global_counter", "RED"):
        info.declarations.type(name)
        with suppress(DwarfError):
            info.declarations.variable(name)
        with suppress(DwarfError):
            info.declarations.enumerator(name)
    return seen


def _variable(declarations: Declarations, entry: Entry, address: int, budget: list[int]) -> None:
    with suppress(DwarfError):
        expression = expression_at(entry, address)
        if expression:
            locate(expression, entry.unit, Machine())
    with suppress(DwarfError):
        type_ = declarations.types.of(entry)
        for part in _parts(type_, budget):
            with suppress(DwarfError):
                assert isinstance(part.name, str)
            with suppress(DwarfError):
                assert part.bare.size is None or isinstance(part.bare.size, int)
            with suppress(DwarfError):
                assert all(isinstance(each.value, int) for each in part.bare.enumerators)


def _parts(type_: Type | None, budget: list[int]) -> Iterator[Type]:
    """A type and what it is made of, as far as the budget goes."""
    waiting = [type_]
    while waiting and budget[0] > 0:
        part = waiting.pop()
        if part is None:
            continue
        budget[0] -= 1
        yield part
        with suppress(DwarfError):
            waiting.append(part.target)
        with suppress(DwarfError):
            bare = part.bare
            waiting += [member.type for member in bare.members[:20]]
            waiting += [base.type for base in bare.bases[:20]]
            if bare.kind is Kind.FUNCTION:
                waiting += bare.parameters[:20]
            if (variants := bare.variant_part) is not None:
                waiting += [variant.member.type for variant in variants.variants[:20]]
            waiting += [argument.type for argument in bare.template_arguments[:20]]


@pytest.mark.parametrize("name", ORIGINALS)
def test_undamaged_there_is_much_to_see(name: str) -> None:
    data, _, addresses = original(name)
    assert look(data, addresses) > 10


@pytest.mark.parametrize("name", ORIGINALS)
@given(choices=st.data())
@settings(max_examples=60, deadline=None)
def test_bytes_overwritten(name: str, choices: st.DataObject) -> None:
    data, sections, addresses = original(name)
    damaged = bytearray(data)
    for section in choices.draw(st.lists(st.sampled_from(sorted(sections)), min_size=1, max_size=6)):
        start, size = sections[section]
        at = start + choices.draw(st.integers(0, size - 1))
        piece = choices.draw(st.binary(min_size=1, max_size=8))
        damaged[at : at + len(piece)] = piece
    look(damaged[: len(data)], choices.draw(st.permutations(addresses))[:4])


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("seed", range(6))
def test_many_bytes_flipped(name: str, seed: int) -> None:
    """One byte in 300 of one section after the other."""
    data, sections, addresses = original(name)
    choice = random.Random(seed)
    for start, size in sections.values():
        damaged = bytearray(data)
        for _ in range(size // 300 + 1):
            damaged[start + choice.randrange(size)] = choice.randrange(256)
        look(damaged, addresses[::3])
