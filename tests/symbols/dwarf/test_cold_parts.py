"""Functions that optimization has torn apart: lines that are executed have their breakpoints."""

from __future__ import annotations

from tests.symbols.dwarf.variants import SOURCES, compiled, debug_info
from tests.symbols.files import readelf_symbols

NAME = "cold.c"


def test_a_line_in_both_parts_has_a_breakpoint_in_both() -> None:
    """The cold one alone would be hit only when something is wrong; gdb has the hot one alone."""
    program = compiled(NAME, "-O2")
    info = debug_info(program)
    source = (SOURCES / NAME).read_text().splitlines()
    (line,) = [number for number, text in enumerate(source, 1) if "@both" in text]
    start = next(symbol.start for symbol in readelf_symbols(program) if symbol.name == "guarded")
    found = info.function_at(start)
    assert found is not None
    hot, cold = found[1].ranges
    places = [place.address for place in info.addresses(str(SOURCES / NAME), line)]
    assert [low for low, high in (hot, cold) for place in places if low <= place < high] == [hot[0], cold[0]]
