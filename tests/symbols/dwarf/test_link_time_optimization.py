"""Inlined copies in another unit than the function that they are copies of."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.symbols.dwarf.oracle import addresses_in_functions
from tests.symbols.dwarf.split_programs import C_PAIR, RUST, Recipe, built, opened

PROGRAMS = {
    "gcc": Recipe("gcc", C_PAIR, ("-O2", "-flto")),
    "rustc": Recipe("rustc", RUST, ("-C", "opt-level=2", "-C", "lto=fat")),
}


def inlined(program: Path) -> dict[str, set[int]]:
    """Where copies of functions start, by name, as frames show them; not those of templates."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    info = opened(program)
    for address in addresses_in_functions(program, 400):
        for frame in info.frames_at(address):
            is_plain = frame.function is not None and not {"<", "{"} & set(frame.function)
            if frame.is_inlined and frame.function and is_plain and frame.low is not None:
                found[frame.function].add(frame.low)
    return found


@pytest.mark.parametrize("compiler", PROGRAMS)
def test_breakpoints_are_set_in_all_copies(compiler: str) -> None:
    program = built(PROGRAMS[compiler])
    copies = inlined(program)
    assert len(copies) > 3
    info = opened(program)
    for name, starts in sorted(copies.items())[:40]:
        assert len(info.function_addresses(name)) >= len(starts), name
