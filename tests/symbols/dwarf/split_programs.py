"""Programs compiled with and without split debug information, and all that a reader tells of one."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dapserver.symbols.debug_files import DebugFiles
from dapserver.symbols.dwarf import DwarfError, SourceInfo
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.locations import expression_at
from dapserver.symbols.dwarf.locations_evaluation import PointerTo, locate
from dapserver.symbols.dwarf.types import Type
from dapserver.symbols.dwarf.variables import LocalVariable
from tests.support.build import FIXTURES, ROOT
from tests.symbols.dwarf.oracle import addresses_in_functions
from tests.symbols.dwarf.test_variables_damage import Machine
from tests.symbols.dwarf.variants import SOURCES
from tests.symbols.files import read

WHERE = tempfile.TemporaryDirectory(prefix="dapserver-split-")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build a program of several units."""

    compiler: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...]
    split: tuple[str, ...] = ()
    """What makes its debug information a split one."""
    packager: str = ""
    """What makes a package of the files; they are removed then."""

    @property
    def loses_pointers(self) -> bool:
        """gcc 12 does not tell what pointers that are optimized out point to, if it splits."""
        return self.compiler in {"gcc", "g++"}

    @property
    def has_short_ranges(self) -> bool:
        """gcc 12 takes two bytes off ranges of locations that start within a call, in DWARF 4."""
        return self.loses_pointers and "-gdwarf-4" in self.flags and "-O0" not in self.flags

    @property
    def whole(self) -> Recipe:
        """The same program with all its debug information in it."""
        return replace(self, split=(), packager="")


@functools.cache
def built(recipe: Recipe) -> Path:
    """Build a program, in a directory of its own."""
    directory = Path(tempfile.mkdtemp(dir=WHERE.name))
    program = directory / "program"
    # All in one place, which is part of the debug information.
    origin = Path(WHERE.name)
    if recipe.compiler == "rustc":
        _run(
            ["rustc", "-g", *recipe.flags, *recipe.split, *map(str, recipe.sources), "-o", str(program)],
            origin,
        )
        return program
    objects = [directory / f"{source.stem}.o" for source in recipe.sources]
    for source, made in zip(recipe.sources, objects, strict=True):
        flags = ["-g", "-w", "-pthread", *recipe.flags, *recipe.split]
        _run([recipe.compiler, *flags, "-c", str(source), "-o", str(made)], origin)
    _run([recipe.compiler, "-pthread", *map(str, objects), "-o", str(program), "-lm"], origin)
    if recipe.packager:
        _run([recipe.packager, "-e", str(program), "-o", f"{program}.dwp"], origin)
        for file in directory.glob("*.dwo"):
            file.unlink()
    return program


def _run(command: list[str], directory: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=60, env=environment)


def opened(program: Path) -> SourceInfo:
    """Open the debug information of a program as a session does."""
    info = DebugFiles().source_info(read(program), str(program))
    assert info is not None
    return info


C_PAIR = (SOURCES / "inlines.c", SOURCES / "beside.c")
VALUES = (FIXTURES / "values.c", SOURCES / "beside.c")
CPP_PAIR = (SOURCES / "scopes.cpp", SOURCES / "beside.cpp")
CPP_VALUES = (FIXTURES / "values.cpp",)
RUST = (SOURCES / "modules.rs",)
SPLIT, TYPES = ("-gsplit-dwarf",), ("-fdebug-types-section",)
PACKED, UNPACKED = ("-C", "split-debuginfo=packed"), ("-C", "split-debuginfo=unpacked")

RECIPES = {
    "gcc-4": Recipe("gcc", C_PAIR, ("-O2", "-gdwarf-4"), SPLIT),
    "gcc-5": Recipe("gcc", C_PAIR, ("-O2", "-gdwarf-5"), SPLIT),
    "gcc-4-O0": Recipe("gcc", VALUES, ("-O0", "-gdwarf-4"), SPLIT),
    "gcc-5-O0": Recipe("gcc", VALUES, ("-O0", "-gdwarf-5"), SPLIT),
    "gcc-5-compressed": Recipe("gcc", VALUES, ("-O2", "-gz"), SPLIT),
    "gcc-4-package": Recipe("gcc", C_PAIR, ("-O2", "-gdwarf-4"), SPLIT, "dwp"),
    "gcc-4-package-llvm": Recipe("gcc", VALUES, ("-O2", "-gdwarf-4"), SPLIT, "llvm-dwp"),
    "clang-4": Recipe("clang", C_PAIR, ("-O2", "-gdwarf-4"), SPLIT),
    "clang-5": Recipe("clang", VALUES, ("-O2", "-gdwarf-5"), SPLIT),
    "clang-5-in-objects": Recipe("clang", C_PAIR, ("-O2", "-gdwarf-5"), ("-gsplit-dwarf=single",)),
    "clang-4-package": Recipe("clang", VALUES, ("-O1", "-gdwarf-4"), SPLIT, "dwp"),
    "clang-5-package": Recipe("clang", C_PAIR, ("-O2", "-gdwarf-5"), SPLIT, "llvm-dwp"),
    "g++-4": Recipe("g++", CPP_PAIR, ("-O2", "-gdwarf-4"), SPLIT),
    "g++-5": Recipe("g++", CPP_PAIR, ("-O0", "-gdwarf-5"), SPLIT),
    "g++-4-types": Recipe("g++", CPP_PAIR, ("-O0", "-gdwarf-4", *TYPES), SPLIT),
    "g++-5-types": Recipe("g++", CPP_PAIR, ("-O2", "-gdwarf-5", *TYPES), SPLIT),
    "g++-4-types-package": Recipe("g++", CPP_PAIR, ("-O0", "-gdwarf-4", *TYPES), SPLIT, "dwp"),
    "clang++-5-types-package": Recipe("clang++", CPP_PAIR, ("-O0", "-gdwarf-5", *TYPES), SPLIT, "llvm-dwp"),
    "g++-values": Recipe("g++", CPP_VALUES, ("-O0",), SPLIT),
    "rustc-4": Recipe("rustc", RUST, (), UNPACKED),
    "rustc-5": Recipe("rustc", RUST, ("-C", "dwarf-version=5"), UNPACKED),
    "rustc-4-package": Recipe("rustc", RUST, (), PACKED),
    "rustc-5-package": Recipe("rustc", RUST, ("-C", "dwarf-version=5"), PACKED),
}


class Told:
    """What a reader tells of a program, in words that do not depend on how it is stored."""

    def __init__(self, recipe: Recipe | None, program: Path, addresses: list[int]) -> None:
        self.recipe = recipe
        self.info = opened(program)
        self.addresses = addresses

    def frames(self) -> list[Any]:
        return [self.info.frames_at(address) for address in self.addresses]

    def variables(self) -> list[Any]:
        """All variables of all frames at the addresses: names, types, places."""
        return [
            self._variable(variable, address)
            for address in self.addresses
            for entry in self.info.entries_at(address)
            for variable in self.info.declarations.locals(entry, address)
        ]

    def _variable(self, variable: LocalVariable, address: int) -> tuple[Any, ...]:
        type_ = self.info.declarations.types.of(variable.entry)
        place = self._place(variable.entry, address)
        return variable.name, _type(type_), variable.line, variable.depth, variable.is_argument, place

    def _place(self, entry: Entry, address: int) -> str:
        for origin in entry.origins():
            value = origin.value(At.CONST_VALUE)
            if value is not None:
                return f"constant {value.raw!r}"
            expression = expression_at(origin, address)
            if expression is not None:
                try:
                    found = locate(expression, origin.unit, Machine())
                except DwarfError as error:
                    return str(error)
                if isinstance(found, PointerTo):
                    is_lost = self.recipe is not None and self.recipe.loses_pointers
                    return NOWHERE if is_lost else found.entry.string(At.NAME) or "a constant"
                return repr(found) if found else NOWHERE
        return NOWHERE

    def statics(self) -> list[Any]:
        """The variables outside of functions, by unit."""
        units = {found[0] for address in self.addresses if (found := self.info.function_at(address))}
        return sorted(
            (name, _type(self.info.declarations.types.of(entry)), self._place(entry, 0))
            for unit in units
            for name, entry in self.info.declarations.statics(unit)
        )

    def line_breakpoints(self) -> list[Any]:
        files = {frame.path for frames in self.frames() for frame in frames if frame.path}
        ours = sorted(file for file in files if file.startswith(str(ROOT)))
        return [
            self.info.addresses(file, line)
            for file in ours
            for line in range(1, len(Path(file).read_text(errors="replace").splitlines()) + 2)
        ]

    def function_breakpoints(self) -> dict[str, Any]:
        names = {frame.function for frames in self.frames() for frame in frames if frame.function}
        chosen = sorted(names)[:: len(names) // 12 + 1]
        return {name: self.info.function_addresses(name) for name in chosen}

    def types(self) -> dict[str, Any]:
        """Types found by name alone."""
        declarations = self.info.declarations
        return {name: _shape(declarations.type(name)) for name in TYPE_NAMES}

    def names(self) -> dict[str, Any]:
        """Variables, functions and enumerators found by name alone."""
        found: dict[str, Any] = {}
        for name in OUTSIDE_NAMES:
            entry = self.info.declarations.variable(name)
            found[name] = entry is not None and self._place(entry, 0)
        return found

    def files(self) -> set[str]:
        """The source files that are no headers of a library: those are told of only if types need them."""
        return {path for path in self.info.source_files() if path.startswith(str(ROOT))}


NOWHERE = "nowhere"
TYPE_NAMES = ("pair", "shade", "int", "point", "outer::inner::Account", "beside::Shape", "unsigned char")
OUTSIDE_NAMES = ("beside_total", "outer::inner::Account::count", "beside::shapes_made", "global_counter")


def _type(type_: Type | None) -> Any:
    return type_ and (type_.name, type_.size)


def _shape(type_: Type | None) -> Any:
    """A type with what it is made of."""
    if type_ is None:
        return None
    bare = type_.bare
    return (
        *_type(type_),
        [(member.name, _type(member.type), member.offset, member.bit_size) for member in bare.members],
        [(each.name, each.value) for each in bare.enumerators],
        [(_type(base.type), base.offset) for base in bare.bases],
    )


def told(recipe: Recipe) -> Iterator[Told]:
    """What is told of a program with split debug information, then of the one without."""
    split, whole = built(recipe), built(recipe.whole)
    addresses = addresses_in_functions(whole, 200)
    yield Told(recipe, split, addresses)
    yield Told(recipe, whole, addresses)
