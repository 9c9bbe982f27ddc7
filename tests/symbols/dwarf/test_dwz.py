"""Programs whose common debug information dwz(1) has moved to a file of its own: all as before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.build import build
from tests.symbols.dwarf.oracle import addresses_in_functions
from tests.symbols.dwarf.split_programs import Told, opened
from tests.symbols.dwarf.variants import CPP, compiled
from tests.symbols.files import read, readelf_symbols, run

PROGRAMS: dict[str, Callable[[str, str], Path]] = {
    "values.c": lambda level, version: build("values.c", level, version),
    "values.cpp": lambda level, version: build("values.cpp", level, version),
    "scopes.cpp": lambda level, version: compiled(CPP, level, version),
}
FLAVOURS = {
    "gnu-4": ("-gdwarf-4", ()),
    "gnu-5": ("-gdwarf-5", ()),
    "standard-5": ("-gdwarf-5", ("--dwarf-5",)),
}
"""With GNU's forms (DW_FORM_GNU_ref_alt) and section, or those of DWARF 5 (DW_FORM_ref_sup4, .debug_sup)."""


class Shared:
    """Two builds of one program, from which dwz has taken what they have in common."""

    def __init__(self, directory: Path, name: str, flavour: str) -> None:
        version, options = FLAVOURS[flavour]
        self.whole = PROGRAMS[name]("-O0", version)
        self.program, self.common = directory / "one", directory / "common"
        shutil.copy(self.whole, self.program)
        shutil.copy(PROGRAMS[name]("-O1", version), directory / "two")
        run("dwz", *options, "-m", self.common, self.program, directory / "two")


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", PROGRAMS)
def test_all_is_as_before(name: str, flavour: str, tmp_path: Path) -> None:
    shared = Shared(tmp_path, name, flavour)
    assert any(read(shared.program).section(each) for each in (".gnu_debugaltlink", ".debug_sup"))
    addresses = addresses_in_functions(shared.whole, 200)
    ours, before = Told(None, shared.program, addresses), Told(None, shared.whole, addresses)
    assert ours.frames() == before.frames()
    assert ours.variables() == before.variables()
    assert len(before.variables()) > 100
    assert ours.statics() == before.statics()
    assert ours.function_breakpoints() == before.function_breakpoints()
    assert ours.types() == before.types()
    assert ours.names() == before.names()
    assert not ours.info.problems


def test_without_the_other_file_there_are_lines(flavour: str, tmp_path: Path) -> None:
    shared = Shared(tmp_path, "scopes.cpp", flavour)
    shared.common.unlink()
    info = opened(shared.program)
    main = next(symbol.start for symbol in readelf_symbols(shared.program) if symbol.name == "main")
    assert info.frames_at(main)[-1].line > 0
    assert any("alternate debug file" in problem for problem in info.problems)
