"""All breakpoints of a session: kept from before there is a process, and found again in each module."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.wish import (
    Breakpoint,
    DataAt,
    FunctionName,
    InstructionAt,
    Location,
    SourceLine,
    Thrown,
    Where,
    Wish,
)
from dapserver.debugger.errors import DebuggerError

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.conditions import Conditions
    from dapserver.debugger.breakpoints.hardware import Hardware
    from dapserver.debugger.breakpoints.sites import Sites
    from dapserver.debugger.modules import Module, Modules
    from dapserver.symbols.dwarf import SourceInfo
    from dapserver.symbols.elf import ElfFile

PENDING = "Not in any file that is loaded so far."
NO_PROCESS = "The program has not begun yet."
GONE = "The memory that this address was in is gone: another program runs now."


class Breakpoints:
    """Wishes, by what they were given with, and the sites that they have in the process."""

    def __init__(self, conditions: Conditions, to_debug_path: Callable[[str], list[str]]) -> None:
        """*to_debug_path* gives the paths by which debug information may know a client's path."""
        self._conditions = conditions
        self._to_debug_path = to_debug_path
        self._ids = itertools.count(1)
        self._groups: dict[str, list[Breakpoint]] = {}
        self._modules: Modules | None = None
        self._sites: Sites | None = None
        self._hardware: Hardware | None = None
        self._ahead: dict[Wish, tuple[list[Module], list[Location]]] = {}
        """What `look_up` has found, and in which modules."""

    def __iter__(self) -> Iterator[Breakpoint]:
        for group in self._groups.values():
            yield from group

    @property
    def pending(self) -> bool:
        """Whether a file that is loaded later may have some."""
        return any(not isinstance(each.wish.where, InstructionAt | DataAt) for each in self)

    def look_up(self, wishes: Iterable[Wish]) -> None:
        """Find where these will be, for `replace`. Takes long, and may be called in another thread."""
        placed = {each.wish for each in self if each.verified}
        self._look_up([wish for wish in wishes if wish not in placed], list(self._modules or ()))

    def look_up_in(self, modules: list[Module]) -> None:
        """The same of all that there are, in modules that are new, for `loaded`."""
        self._look_up([each.wish for each in self], modules)

    def _look_up(self, wishes: list[Wish], modules: list[Module]) -> None:
        for wish in wishes if self._sites is not None else ():
            with contextlib.suppress(DebuggerError, OSError):  # as it will say when it is placed
                self._ahead[wish] = modules, list(self._find(wish.where, modules))

    def replace(self, group: str, wishes: Iterable[Wish]) -> list[Breakpoint]:
        """Let a group consist of just these; those that it had already stay as they are."""
        former = {each.wish: each for each in self._groups.get(group, ())}
        breakpoints = [former.pop(wish) if wish in former else self._new(wish) for wish in wishes]
        for gone in former.values():
            self._withdraw(gone)
        self._groups[group] = breakpoints
        for each in breakpoints:
            if not each.verified:
                self._place(each, list(self._modules or ()))
        self._ahead.clear()
        return breakpoints

    def bind(self, modules: Modules, sites: Sites, hardware: Hardware) -> list[Breakpoint]:
        """There is a process now: place all; those that are verified by that."""
        self._modules, self._sites, self._hardware = modules, sites, hardware
        for each in self:
            each.locations.clear()
        return self.loaded(list(modules))

    def unbind(self) -> None:
        """The process is left, or gone."""
        self._sites = self._hardware = None  # the modules may be searched just now
        for each in self:
            if isinstance(each.wish.where, DataAt) and each.locations:
                each.failed, each.message = True, GONE
            each.locations.clear()

    def loaded(self, modules: list[Module]) -> list[Breakpoint]:
        """Place all in modules that are new; those that have changed by that."""
        self._conditions.forget()
        changed = [each for each in self if self._place(each, modules)]
        self._ahead.clear()
        return changed

    def unloaded(self, module: Module, ranges: list[tuple[int, int]]) -> list[Breakpoint]:
        """Code has gone; the breakpoints that were in it."""
        self._conditions.forget()
        changed = []
        for each in self:
            gone = [address for address, at in each.locations.items() if at.module is module]
            for address in gone:
                del each.locations[address]
            if gone:
                each.message = None if each.verified else PENDING
                changed.append(each)
        if self._sites is not None:
            self._sites.forget_ranges(ranges)
        return changed

    def places(self, path: str, first: int, last: int) -> list[tuple[int, int]]:
        """(line, column) of the places in a file that can have a breakpoint; column 0: the whole line."""
        found: set[tuple[int, int]] = set()
        for module in list(self._modules or ()):
            source = self._modules.source_info(module) if self._modules is not None else None
            if source is None:
                continue
            for debug_path in self._to_debug_path(path):
                found.update(
                    (at.line, at.column) for at in source.breakpoint_locations(debug_path, first, last)
                )
        return sorted(found)

    def _missing(self, breakpoint_: Breakpoint) -> str:
        """Why a breakpoint is nowhere, for a person."""
        where = breakpoint_.wish.where
        for module in list(self._modules or ()):
            assert self._modules is not None
            image, source = self._modules.image(module), self._modules.source_info(module)
            name = where.name if isinstance(where, FunctionName) else None
            if name is not None and image is not None and image.symbols.is_indirect(name):
                return (
                    f"{module.name} chooses one of several functions for {name} when it is loaded. "
                    f"Give the name of the one that is used, such as __{name}_avx2."
                )
            if isinstance(where, SourceLine) and source is not None and self._knows(source, where.path):
                return f"There is no code at line {where.line} of this file, nor behind it in its function."
        return PENDING

    def _knows(self, source: SourceInfo, path: str) -> bool:
        return any(source.breakpoint_locations(each, 1, 1 << 31) for each in self._to_debug_path(path))

    # -- one breakpoint ----------------------------------------------------------------------------

    def _new(self, wish: Wish) -> Breakpoint:
        breakpoint_ = Breakpoint(next(self._ids), wish, message=PENDING)
        try:
            breakpoint_.prepare(self._conditions)
        except DebuggerError as error:
            breakpoint_.failed, breakpoint_.message = True, str(error)
        return breakpoint_

    def _withdraw(self, breakpoint_: Breakpoint) -> None:
        if self._hardware is not None and isinstance(breakpoint_.wish.where, DataAt):
            self._hardware.discard(breakpoint_)
        elif self._sites is not None:
            for address in breakpoint_.locations:
                self._sites.discard(address, breakpoint_)
        breakpoint_.locations.clear()

    def _place(self, breakpoint_: Breakpoint, modules: list[Module]) -> bool:
        """Find a breakpoint in modules; whether it has changed by that."""
        if breakpoint_.failed:
            return False
        if self._sites is None:
            breakpoint_.message = NO_PROCESS
            return False
        before = breakpoint_.message
        try:
            found = self._found(breakpoint_.wish, modules)
            new = [at for at in found if at.address not in breakpoint_.locations]
            for at in new:
                self._watch_at(at, breakpoint_)
                breakpoint_.locations[at.address] = at
        except (DebuggerError, OSError) as error:
            breakpoint_.message = str(error)
            return breakpoint_.message != before
        breakpoint_.message = None if breakpoint_.verified else self._missing(breakpoint_)
        return bool(new) or breakpoint_.message != before

    def _watch_at(self, at: Location, breakpoint_: Breakpoint) -> None:
        assert self._sites is not None
        assert self._hardware is not None
        where = breakpoint_.wish.where
        if isinstance(where, DataAt):
            self._hardware.add(where, breakpoint_)
        else:
            self._sites.add(at.address, breakpoint_)

    def _found(self, wish: Wish, modules: list[Module]) -> list[Location]:
        searched, found = self._ahead.get(wish, ([], []))
        return found if searched == modules else list(self._find(wish.where, modules))

    def _find(self, where: Where, modules: list[Module]) -> Iterator[Location]:
        if isinstance(where, InstructionAt | DataAt):
            assert self._modules is not None
            module = self._modules.at(where.address)
            yield Location(where.address, module, None, 0, 0)
            return
        for module in modules:
            if isinstance(where, SourceLine):
                yield from self._in_source(where, module)
            elif isinstance(where, FunctionName):
                yield from self._of_function(where.name, module)
            else:
                yield from self._of_runtime(where, module)

    def _in_source(self, where: SourceLine, module: Module) -> Iterator[Location]:
        assert self._modules is not None
        source = self._modules.source_info(module)
        if source is None:
            return
        for path in self._to_debug_path(where.path):
            places = source.addresses(path, where.line, where.column)
            for at in places:
                yield Location(at.address + module.bias, module, at.path, at.line, at.column)
            if places:
                return

    def _of_function(self, name: str, module: Module) -> Iterator[Location]:
        assert self._modules is not None
        image = self._modules.image(module)
        if image is not None and image.symbols.is_indirect(name):
            yield from self._chosen(name, module, image)
            return
        source = self._modules.source_info(module)
        places = source.function_addresses(name) if source is not None else []
        for at in places:
            yield Location(at.address + module.bias, module, at.path, at.line, at.column)
        if not places:
            yield from self._of_symbol(name, module)

    def _chosen(self, name: str, module: Module, image: ElfFile) -> Iterator[Location]:
        """What has this name only chooses the function when it is linked; what it has chosen."""
        assert self._sites is not None
        for resolver in image.symbols.addresses_of(name):
            for slot in image.resolved_at(resolver):
                if (address := self._sites.memory.word(slot + module.bias)) is not None:
                    yield Location(address, module, None, 0, 0)

    def _of_symbol(self, name: str, module: Module) -> Iterator[Location]:
        """Without debug information: where the symbol is."""
        assert self._modules is not None
        image = self._modules.image(module)
        for address in image.symbols.addresses_of(name) if image is not None else ():
            yield Location(address + module.bias, module, None, 0, 0)

    def _of_mangled(self, name: str, module: Module) -> Iterator[Location]:
        from dapserver.symbols.demangle import demangle  # noqa: PLC0415 - only for some

        assert self._modules is not None
        image = self._modules.image(module)
        for mangled, address in image.symbols.functions_mentioning(name) if image is not None else ():
            if demangle(mangled).endswith(f"::{name}"):
                yield Location(address + module.bias, module, None, 0, 0)

    def _of_runtime(self, where: Thrown, module: Module) -> Iterator[Location]:
        for name in where.functions:
            if where.filter.startswith("go_"):
                # Go may execute the first instructions again, on a larger stack (runtime.morestack).
                yield from self._of_function(name, module)
                continue
            yield from self._of_symbol(name, module)
            if where.is_mangled:
                yield from self._of_mangled(name, module)
