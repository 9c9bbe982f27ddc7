"""Whose code an address lies in, and the call frame information there."""

from __future__ import annotations

from collections.abc import Callable

from dapserver.debugger.modules import Module, Modules
from dapserver.ptrace.anonymous_code import anonymous_code
from dapserver.symbols.cfi import CallFrames
from dapserver.symbols.cfi_program import Row
from dapserver.symbols.dwarf.reading import DwarfError

INJECTED = {"runtime.sigpanic", "runtime.asyncPreempt", "runtime.asyncPreempt.abi0"}


class CodeMap:
    """The executable memory of a process, by address."""

    def __init__(self, modules: Modules, living: Callable[[], int]) -> None:
        self._modules = modules
        self._living = living
        self._seen: list[Module] = []
        self._anonymous: list[range] | None = None
        self._frames: dict[Module, CallFrames] = {}

    def refresh(self) -> None:
        """Take over what `Modules.refresh` found, if it looked since."""
        self._anonymous = None
        now = list(self._modules)
        if now != self._seen:
            self._seen = now
            self._frames = {module: frames for module, frames in self._frames.items() if module in now}

    def module(self, address: int) -> Module | None:
        """Find the module that *address* is in the code of; None for data, and what is no file's."""
        found = self._modules.mapping_at(address)
        return found[1] if found is not None and found[0].executable else None

    def is_code(self, address: int) -> bool:
        """Whether *address* can be executed: in a module, or where a compiler put code just in time."""
        if self.module(address) is not None:
            return True
        if self._anonymous is None:
            self._anonymous = anonymous_code(self._living())
        return any(address in part for part in self._anonymous)

    def row(self, module: Module, address: int) -> Row | None:
        """Find how to unwind from *address*; None if the module does not say, or says nonsense."""
        frames = self._frames.get(module)
        if frames is None:
            frames = self._frames[module] = self._load(module)
        try:
            return frames.row(address - module.bias)
        except DwarfError:
            return None

    def is_fault_of_go(self, module: Module, address: int) -> bool:
        """Whether *address* is in a function that Go's signal handler lets the code seem to call.

        It returns to the very instruction that faulted or was preempted, not behind a call.
        """
        image = self._modules.image(module)
        if image is None or image.section(".gopclntab") is None:
            return False
        symbol = image.symbols.nearest(address - module.bias)
        return symbol is not None and symbol.name in INJECTED

    def _load(self, module: Module) -> CallFrames:
        image = self._modules.image(module)
        return CallFrames.of(image) if image is not None else CallFrames([])
