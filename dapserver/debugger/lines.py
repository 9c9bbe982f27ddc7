"""Source lines at the addresses of a process: what a step goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dapserver.debugger.modules import Modules

RESOLVER = "_dl_runtime_resolve"
"""Of glibc's dynamic linker."""

Ranges = list[tuple[int, int]]
"""[low, high) each."""


class Region(NamedTuple):
    """The code around an address."""

    line: int
    """0: it belongs to none."""
    code: Ranges
    """All code of the line in its function or inlined copy."""
    function: Ranges
    """All code of the function with a frame."""
    inlined: list[Ranges]
    """Each inlined copy that contains the address, innermost first."""


def within(address: int, ranges: Ranges) -> bool:
    return any(low <= address < high for low, high in ranges)


class Lines:
    """Looks up lines in the modules of one process, and keeps what it found."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._regions: dict[int, Region | None] = {}
        self._of_go: dict[int, bool] = {}

    def forget(self) -> None:
        """What is mapped has changed."""
        self._regions.clear()
        self._of_go.clear()

    def at(self, pc: int) -> Region | None:
        """The line of the code at *pc*; None if no debug information covers it."""
        if pc not in self._regions:
            self._regions[pc] = self._find(pc)
        return self._regions[pc]

    def is_resolver(self, pc: int) -> bool:
        """Whether *pc* is where the dynamic linker looks for a function, to jump to it.

        The first call through an entry of the procedure linkage table comes there (lazy binding). In a
        stripped linker it is the code that has no name.
        """
        module = self._modules.at(pc)
        image = self._modules.image(module) if module is not None else None
        if module is None or image is None or not module.name.startswith("ld-"):
            return False
        symbol = image.symbols.nearest(pc - module.bias)
        return symbol is None or symbol.name.startswith(RESOLVER)

    def is_go(self, pc: int) -> bool:
        """Whether the code at *pc* was made by Go."""
        if pc not in self._of_go:
            module = self._modules.at(pc)
            image = self._modules.image(module) if module is not None else None
            self._of_go[pc] = image is not None and image.section(".gopclntab") is not None
        return self._of_go[pc]

    def body(self, pc: int) -> int | None:
        """Where the body of the function that starts at *pc* begins; None if it has no lines."""
        module = self._modules.at(pc)
        source = self._modules.source_info(module) if module is not None else None
        if module is None or source is None or self.at(pc) is None:
            return None
        return source.after_prologue(pc - module.bias) + module.bias

    def _find(self, pc: int) -> Region | None:
        module = self._modules.at(pc)
        source = self._modules.source_info(module) if module is not None else None
        if module is None or source is None:
            return None
        found = source.line_range_at(pc - module.bias)
        if found is None:
            return None
        bias = module.bias
        return Region(
            found.place.line,
            _moved(found.line, bias),
            _moved(found.function, bias),
            [_moved(copy, bias) for copy in found.inlined],
        )


def _moved(ranges: Ranges, bias: int) -> Ranges:
    return [(low + bias, high + bias) for low, high in ranges]
