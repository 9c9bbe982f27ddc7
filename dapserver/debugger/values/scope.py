"""Names in a frame, and the values they stand for there."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.frame import Frame, FrameState
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import entry_low, qualified_name
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import Language, Type
from dapserver.symbols.dwarf.types_encoding import unit_language
from dapserver.symbols.dwarf.variables import LocalVariable
from dapserver.symbols.dwarf.variables_index import split

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.debugger.values.space import Space
    from dapserver.symbols.dwarf.units import Unit
    from dapserver.symbols.dwarf.variables_of_file import Declarations

THIS = ("this", "self")
TAGS = ("struct ", "class ", "union ", "enum ")


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A variable and its value in a frame."""

    name: str
    value: Value
    is_argument: bool = False
    is_shadowed: bool = False
    """Whether another variable of this name hides it from the code there."""
    line: int = 0
    """Where it is declared; 0: not known."""
    entry: Entry | None = None
    """What the debug information says of it."""


class Scope:
    """What names mean in one frame; dies when the thread runs again."""

    def __init__(self, space: Space, state: FrameState, inlined: int = 0) -> None:
        """*inlined*: how many of the functions inlined at that place are further in."""
        self.space = space
        self.frame = state.frame_in(space)
        self._inlined = inlined

    @functools.cached_property
    def function(self) -> Entry | None:
        """The entry of the frame's function; None if no debug information tells of it."""
        entries = self.frame.entries
        return entries[self._inlined] if self._inlined < len(entries) else None

    @functools.cached_property
    def problem(self) -> str | None:
        """Why nothing is known of the frame's variables, where the debug information is elsewhere."""
        if self.function is not None or self.frame.source is None:
            return None
        return self.frame.source.problem_at(self.frame.address)

    @property
    def is_at_hand(self) -> bool:
        """Whether variables at this very place were looked at before, so that no files are read for them."""
        if self.function is None or self._declarations is None:
            return False
        return self._declarations.has_read_locals(self.function, self.frame.address)

    @property
    def language(self) -> Language:
        """What the frame's function is written in."""
        return unit_language(self.function.unit) if self.function is not None else Language.C

    def results(self) -> Sequence[tuple[str, Value]]:
        """Give a label and the value of each result of a function that has just returned here."""
        if self.frame.state.returned is None or self._inlined:
            return ()
        from dapserver.debugger.values.returned import results  # noqa: PLC0415 - behind a stepOut alone

        return results(self.frame)

    def arguments(self) -> Sequence[Variable]:
        """Give the arguments of the frame's function, in their order."""
        return [variable for variable in self._variables if variable.is_argument]

    def locals(self) -> Sequence[Variable]:
        """Give the variables of the blocks that the frame is in, innermost block first."""
        return [variable for variable in self._variables if not variable.is_argument]

    def statics(self) -> Sequence[Variable]:
        """Give the variables of the frame's compilation unit that live outside of functions."""
        try:
            if self.function is None or self._declarations is None:
                return []
            statics = self._declarations.statics(self.function.unit)
        except DwarfError:
            return []
        return [Variable(name, self.frame.value(entry)) for name, entry in statics]

    def find(self, name: str) -> Value | None:
        """Find what *name* means, in this order; None if nothing.

        Locals from the innermost block out, arguments, members of `this`, variables, enumerators
        and functions of the unit, of the module, of the other modules. *name* may be qualified
        (`ns::name`, `pkg.name`, `file.c::name`, `::name`); enclosing namespaces, classes and
        packages are tried too.
        """
        for variable in self._variables:
            if variable.name == name and not variable.is_shadowed:
                return variable.value
        member = self._member_of_this(name)
        if member is not None:
            return member
        if "." in name.partition("::")[0] and "::" in name:
            return self._find_in_file(name)
        for module, declarations in self._all_declarations(name):
            for candidate in self._qualifications(name):
                found = self._find_outside(module, declarations, candidate)
                if found is not None:
                    return found
        return None

    def declared(self, name: str) -> tuple[Frame, Entry] | None:
        """Give the entry of the variable that `find` finds, and the frame that makes its value.

        None: it finds something else, such as a member of `this`, or nothing.
        """
        for variable in self._variables:
            if variable.name == name and not variable.is_shadowed and variable.entry is not None:
                return self.frame, variable.entry
        if self._member_of_this(name) is not None:
            return None
        for module, declarations in self._all_declarations(name):
            for candidate in self._qualifications(name):
                entry = declarations.variable(candidate, self._unit_in(declarations))
                if entry is not None:
                    return self._frame_for(module), entry
                if self._find_outside(module, declarations, candidate) is not None:
                    return None
        return None

    def find_type(self, name: str) -> Type | None:
        """Find a type as `find` finds a variable; `struct x`, `unsigned long` and the like included.

        Pointers and arrays of types are for the caller to make (`types.Pointer`, `types.Array`).
        """
        keyword = next((tag for tag in TAGS if name.startswith(tag)), "")
        plain = name.removeprefix(keyword).strip()
        for _, declarations in self._all_declarations(plain):
            for candidate in self._qualifications(plain):
                try:
                    found = declarations.type(candidate, self._unit_in(declarations))
                except DwarfError:
                    continue
                if found is not None and _is_called(found, keyword.strip()):
                    return found
        return None

    # -- locals ------------------------------------------------------------------------------------

    @functools.cached_property
    def _variables(self) -> list[Variable]:
        """Arguments and locals, innermost block first, each block in its own order."""
        if self.function is None or self._declarations is None:
            return []
        try:
            found = self._declarations.locals(self.function, self.frame.address)
        except DwarfError:
            return []
        seen: dict[str, int] = {}
        for variable in found:
            seen[variable.name] = variable.depth
        ordered = sorted(found, key=lambda variable: -variable.depth)
        return [self._variable(each, is_shadowed=seen[each.name] > each.depth) for each in ordered]

    def _variable(self, local: LocalVariable, *, is_shadowed: bool) -> Variable:
        value = self.frame.value(local.entry)
        name = local.name
        if name.startswith("&") and self.language is Language.GO:
            # Go moves what outlives its function to the heap: there is a pointer to it.
            name, value = name[1:], _or_itself(value)
        return Variable(name, value, local.is_argument, is_shadowed, local.line, local.entry)

    def _member_of_this(self, name: str) -> Value | None:
        for variable in self._variables:
            if variable.name == THIS[0] and variable.is_argument:
                try:
                    return variable.value.dereferenced().find_member(name)
                except (ValueProblem, DwarfError):
                    return None
        return None

    # -- names outside of functions ----------------------------------------------------------------

    @property
    def _declarations(self) -> Declarations | None:
        return self.frame.source.declarations if self.frame.source is not None else None

    def _all_declarations(self, name: str) -> Iterator[tuple[Module, Declarations]]:
        """Those of the frame's module, then those of the others."""
        own = self.frame.module
        if own is not None and self._declarations is not None:
            yield own, self._declarations
        for module in self.space.modules:
            if module is not own and self._may_name(module, name):
                source = self.space.modules.source_info(module)
                if source is not None:
                    yield module, source.declarations

    def _may_name(self, module: Module, name: str) -> bool:
        """Whether it is worth opening a module's debug information: its symbols have the name.

        Mangled names have it within them, so only names of C and Go can be told from symbols.
        """
        image = self.space.modules.image(module)
        if image is None:
            return False
        return "::" in name or bool(image.symbols.addresses_of(name)) or module.source is not None

    def _unit_in(self, declarations: Declarations) -> Unit | None:
        return (
            self.function.unit if self.function is not None and declarations is self._declarations else None
        )

    @functools.cached_property
    def _enclosing(self) -> list[str]:
        """The names of what encloses the frame's function, longest first, with their separators."""
        try:
            name = qualified_name(self.function) if self.function is not None else None
        except DwarfError:
            return []
        if name is None:
            return []
        if self.language is Language.GO:
            package = name.rpartition("/")[2].partition(".")[0]
            return [f"{name.rpartition('/')[0]}/{package}.".lstrip("/")]
        parts = split(name)[:-1]
        return ["::".join(parts[:count]) + "::" for count in range(len(parts), 0, -1)]

    def _qualifications(self, name: str) -> Iterator[str]:
        if name.startswith("::"):
            yield name[2:]
            return
        for enclosing in self._enclosing:
            yield enclosing + name
        yield name

    def _find_outside(self, module: Module, declarations: Declarations, name: str) -> Value | None:
        unit = self._unit_in(declarations)
        try:
            if (entry := declarations.variable(name, unit)) is not None:
                return self._frame_for(module).value(entry)
            if (enumerator := declarations.enumerator(name, unit)) is not None:
                return Value.of_number(self.space, *enumerator)
            return self._function(module, declarations, name, unit)
        except DwarfError:
            return None

    def _function(
        self, module: Module, declarations: Declarations, name: str, unit: Unit | None
    ) -> Value | None:
        entry = declarations.function(name, unit)
        low = entry_low(entry) if entry is not None else None
        if entry is not None and low is not None:
            return Value.at(self.space, declarations.types.at(entry), low + module.bias)
        return self._by_symbol(module, declarations, name)

    def _by_symbol(self, module: Module, declarations: Declarations, name: str) -> Value | None:
        """A function by a name that only the linker knows: `puts`, which glibc has as `_IO_puts`."""
        image, source = self.space.modules.image(module), self.space.modules.source_info(module)
        for address in image.symbols.addresses_of(name) if image is not None and source is not None else ():
            entries = source.entries_at(address) if source is not None else []
            if entries and entry_low(entries[-1]) == address:
                return Value.at(self.space, declarations.types.at(entries[-1]), address + module.bias)
        return None

    def _frame_for(self, module: Module) -> Frame:
        """The frame, for names of its own module, else one that knows the other module's bias."""
        return self.frame if module is self.frame.module else _Elsewhere(self.space, self.frame.state, module)

    def _find_in_file(self, name: str) -> Value | None:
        """`file.c::name`, of the frame's module."""
        file, separator, rest = name.partition("::")
        if not separator or "." not in file or self._declarations is None:
            return None
        try:
            for unit in self._declarations.units_of_file(file.strip("'\"")):
                for static, entry in self._declarations.statics(unit):
                    if static == rest:
                        return self.frame.value(entry)
        except DwarfError:
            return None
        return None


class _Elsewhere(Frame):
    """A frame's thread, seen from another module: for that module's variables."""

    def __init__(self, space: Space, state: FrameState, module: Module) -> None:
        super().__init__(space, state)
        self.module = module
        self.bias = module.bias

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """None: it is in no function there."""
        return []


def _is_called(type_: Type, keyword: str) -> bool:
    """Whether a type may be called `struct x` and the like; classes are structs."""
    alike = ("struct", "class")
    return not keyword or type_.keyword == keyword or (keyword in alike and type_.keyword in alike)


def _or_itself(pointer: Value) -> Value:
    try:
        return pointer.dereferenced()
    except (ValueProblem, DwarfError):
        return pointer
