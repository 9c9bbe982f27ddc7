"""From an address to the functions and the places in the source that it stands for."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import (
    Function,
    entry_low,
    linkage_name,
    qualified_name,
    unit_functions,
)
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.line_program import LAST_LINE
from dapserver.symbols.dwarf.lines import LineTable
from dapserver.symbols.dwarf.ranges import RangeMap
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.split import SplitFiles, SplitPlaces
from dapserver.symbols.dwarf.unit_map import UnitMap
from dapserver.symbols.dwarf.units import Unit
from dapserver.symbols.elf import ElfFile

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.code_places import CodeLocation, CodePlace, CodePlaces
    from dapserver.symbols.dwarf.line_ranges import LineRange
    from dapserver.symbols.dwarf.variables_of_file import Declarations

PROBLEM_LIMIT = 100


class Place(NamedTuple):
    """A place in the source. `line` 0: code that belongs to no line. `column` 0: not known."""

    path: str | None
    line: int
    column: int


NOWHERE = Place(None, 0, 0)


class SourceFrame(NamedTuple):
    """A function, and how far it has come; one of several at an address where calls are inlined."""

    function: str | None
    """With its namespaces and classes. None: the debug information names none here."""
    linkage_name: str | None
    """The mangled name, where there is one."""
    path: str | None
    line: int
    """0: code that belongs to no line, or it is not known."""
    column: int
    """0: not known."""
    is_inlined: bool
    """Whether it is inlined into the next one."""
    low: int | None
    """Where the function or its inlined copy starts."""


class _Subroutine(NamedTuple):
    """What an entry tells of all addresses in it."""

    name: str | None
    linkage_name: str | None
    low: int | None
    call: Place


class SourceInfo:
    """What the debug information of one file knows about its code.

    Addresses are the file's own, without load bias. Everything is read when it is first needed,
    unit by unit, and kept.
    """

    def __init__(self, info: DebugInfo) -> None:
        self.info = info
        self.problems: set[str] = set()
        """What could not be read so far and is missing from the answers."""
        self._units = UnitMap(info)
        self._functions: dict[Unit, RangeMap[Function]] = {}
        self._subroutines: dict[Entry, _Subroutine] = {}
        self._line_tables: dict[Unit, LineTable | None] = {}

    @classmethod
    def open(
        cls, elf: ElfFile, alternate: ElfFile | None = None, places: SplitPlaces | None = None
    ) -> Self | None:
        """Take the debug information of *elf*, None if it has none.

        *alternate* is the file that dwz moved the common parts of several programs to, *places* has
        the files of split debug information. Raises DwarfError if there is debug information that
        cannot be read.
        """
        if not any(elf.section(name) for name in (".debug_info", ".zdebug_info")):
            return None
        info = DebugInfo(elf, DebugInfo(alternate) if alternate is not None else None)
        info.split_files = SplitFiles(info, places)
        return cls(info) if info.sections[".debug_info"] else None

    def frames_at(self, address: int) -> list[SourceFrame]:
        """Say what the instruction at *address* belongs to, innermost first; [] if nothing is known.

        Inlined functions come first, then the one that contains them. For a return address ask
        for the byte before it. What is damaged is left out, and named in `problems`.
        """
        without_function: list[Unit] = []
        with self.noting_problems():
            for unit in self._units.at(address):
                with self.noting_problems():
                    for function in self.functions(unit).at(address):
                        return self._frames(unit, function, address)
                without_function.append(unit)
        for unit in without_function:
            place = self.place(unit, address)
            if place != NOWHERE:
                name = self._symbol(address) if self.problem_at(address) else None
                return [SourceFrame(name, None, *place, is_inlined=False, low=None)]
        return []

    def _symbol(self, address: int) -> str | None:
        """What the linker calls the code at *address*, where the entry of its function is missing."""
        nearest = self.info.symbols.nearest(address)
        return nearest.name if nearest is not None else None

    def function_at(self, address: int) -> tuple[Unit, Function] | None:
        """Find the function with a frame that *address* is in, and its unit."""
        with self.noting_problems():
            for unit in self._units.at(address):
                with self.noting_problems():
                    for function in self.functions(unit).at(address):
                        return function.entry.unit, function
        return None

    def entries_at(self, address: int) -> list[Entry]:
        """Give the entries that `frames_at` makes frames of, innermost first; [] if there are none."""
        with self.noting_problems():
            for unit in self._units.at(address):
                with self.noting_problems():
                    for function in self.functions(unit).at(address):
                        return [*function.inlined_at(address), function.entry]
        return []

    def problem_at(self, address: int) -> str | None:
        """Say which file is missing that has the entries of the code at *address*; None if none is."""
        try:
            for unit in self._units.at(address):
                unit.whole  # noqa: B018 - raises where a file is missing
        except DwarfError as error:
            return str(error)
        return None

    def addresses(self, path: str, line: int, column: int | None = None) -> list[CodePlace]:
        """Find where to set a breakpoint on *line* of the source file *path*; [] if there is no code.

        A line without code stands for the next one that has some, but not for one in the next
        function. There is one address for each copy of the code (inlined, of a template), behind the
        prologue on a function's first line. *path* is that of the debug information (absolute,
        normalised) or one that ends like it. *column* chooses among the statements of a line: the
        first at or behind it, else the last.
        """
        return self._code_places.addresses(path, line, column)

    def breakpoint_locations(self, path: str, first_line: int, last_line: int) -> list[CodeLocation]:
        """Give the lines and columns where statements start, from *first_line* to *last_line*."""
        return self._code_places.locations(path, first_line, last_line)

    def function_addresses(self, name: str) -> list[CodePlace]:
        """Find where to set a breakpoint on the functions *name*, behind their prologues.

        *name* is qualified or only the end of the qualified name (`pay`, `Account::pay`), with or
        without parameters and template arguments: without, it stands for all of them. Rust's and
        Go's paths likewise, and the linker's names. Inlined copies have addresses as well.
        """
        from dapserver.symbols.dwarf.function_places import function_addresses  # noqa: PLC0415 - not for stacks

        return function_addresses(self, name)

    def after_prologue(self, low: int) -> int:
        """Give the address behind the prologue of the function that starts at *low*: itself if unknown."""
        from dapserver.symbols.dwarf.prologues import after_prologue  # noqa: PLC0415 - not for stacks

        return after_prologue(self, low)

    def line_range_at(self, address: int) -> LineRange | None:
        """Tell which code belongs to the line that the code at *address* is of; None if unknown."""
        from dapserver.symbols.dwarf.line_ranges import line_range_at  # noqa: PLC0415 - not for stacks

        return line_range_at(self, address)

    def source_files(self) -> Iterator[str]:
        """Give the paths of all files that the line tables name, each once."""
        return self._code_places.source_files()

    @functools.cached_property
    def _code_places(self) -> CodePlaces:
        from dapserver.symbols.dwarf.code_places import CodePlaces  # noqa: PLC0415 - not for stacks

        return CodePlaces(self)

    @functools.cached_property
    def declarations(self) -> Declarations:
        """Its types and its names."""
        from dapserver.symbols.dwarf.variables_of_file import Declarations  # noqa: PLC0415 - not for stacks

        return Declarations(self.info)

    def functions(self, unit: Unit) -> RangeMap[Function]:
        """Give the functions with code in *unit*.

        Raises DwarfError, but only the first time: what cannot be read is then as if not there.
        """
        if unit not in self._functions:
            self._functions[unit] = RangeMap([])
            whole = unit
            with self.noting_problems():
                whole = unit.whole
            self._functions[unit] = unit_functions(whole)
            self.note(whole.outline.problem)
        return self._functions[unit]

    def line_table(self, unit: Unit) -> LineTable | None:
        """Give the line table of *unit*, None if it has none.

        Raises DwarfError, but only the first time: what cannot be read is then as if not there.
        """
        unit = unit.skeleton
        if unit not in self._line_tables:
            self._line_tables[unit] = None
            self._line_tables[unit] = LineTable.of(unit)
        return self._line_tables[unit]

    def _frames(self, unit: Unit, function: Function, address: int) -> list[SourceFrame]:
        """The frames within a function: each but the innermost is at the call of the one before."""
        inlined: list[Entry] = []
        with self.noting_problems():
            inlined = function.inlined_at(address)
        place = self.place(unit, address)
        frames = []
        for entry in (*inlined, function.entry):
            subroutine = self._subroutine(entry)
            is_inlined = entry is not function.entry
            frames.append(
                SourceFrame(subroutine.name, subroutine.linkage_name, *place, is_inlined, subroutine.low)
            )
            place = subroutine.call
        return frames

    def function_name(self, function: Function) -> str | None:
        """Give a function's name as frames have it."""
        return self._subroutine(function.entry).name

    def _subroutine(self, entry: Entry) -> _Subroutine:
        if entry not in self._subroutines:
            name = linker_name = low = None
            with self.noting_problems():
                name = qualified_name(entry)
            with self.noting_problems():
                linker_name = linkage_name(entry)
            with self.noting_problems():
                low = entry_low(entry)
            call = self._call_place(entry)
            self._subroutines[entry] = _Subroutine(name or linker_name, linker_name, low, call)
        return self._subroutines[entry]

    def place(self, unit: Unit, address: int) -> Place:
        """What the line table says of *address*."""
        with self.noting_problems():
            table = self.line_table(unit)
            row = table.row_at(address) if table else None
            self.note(table.problem if table else None)
            if table and row:
                return _place(self._path(table, row.file), row.line, row.column)
        return NOWHERE

    def _call_place(self, inlined: Entry) -> Place:
        """Where the call was that is inlined here (3.3.8.2); nowhere for a function with a frame."""
        with self.noting_problems():
            table, file = self.line_table(inlined.unit), inlined.number(At.CALL_FILE)
            path = self._path(table, file) if table and file is not None else None
            line, column = inlined.number(At.CALL_LINE), inlined.number(At.CALL_COLUMN)
            return _place(path, line or 0, column or 0)
        return NOWHERE

    def _path(self, table: LineTable, file: int) -> str | None:
        with self.noting_problems():
            return table.path(file)
        return None

    @contextmanager
    def noting_problems(self) -> Iterator[None]:
        """Go on without what is damaged, and remember what that was."""
        try:
            yield
        except DwarfError as error:
            self.note(error)

    def note(self, problem: DwarfError | None) -> None:
        if problem and len(self.problems) < PROBLEM_LIMIT:
            self.problems.add(str(problem))


def _place(path: str | None, line: int, column: int) -> Place:
    """A place whose numbers make sense: damaged ones may be of any size."""
    return Place(path, line if 0 < line <= LAST_LINE else 0, column if 0 < column <= LAST_LINE else 0)
