"""The ELF files that a process has mapped, and what they say about an address."""

from __future__ import annotations

import contextlib
import mmap
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dapserver.ptrace import procfs
from dapserver.ptrace.procfs import Mapping

if TYPE_CHECKING:
    from dapserver.debugger.debug_servers import DebugServers
    from dapserver.symbols.dwarf import SourceInfo
    from dapserver.symbols.elf import ElfFile

VDSO = "[vdso]"
DELETED = " (deleted)"


@dataclass(slots=True, eq=False)
class Module:
    """One file and where it is mapped. Addresses are the process's."""

    id: int
    path: str
    """As the process sees it; a deleted file's has " (deleted)" at the end, as in /proc."""
    key: tuple[str, int, int]
    mappings: list[Mapping]
    image: ElfFile | None = None
    problem: str | None = None
    """Why the file cannot be read, or is no ELF file."""
    bias: int = 0
    """What to add to the file's own addresses."""
    source: SourceInfo | None = None
    source_looked_for: bool = False
    symbol_file: str | None = None
    """Where the debug information is, if it came from a server."""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = os.path.basename(self.path)

    @property
    def start(self) -> int:
        return self.mappings[0].start

    @property
    def end(self) -> int:
        return self.mappings[-1].end


@dataclass(frozen=True, slots=True)
class Place:
    """An address in words: module, offset from its start, and the symbol it lies in, if any."""

    address: int
    module: Module | None
    symbol: str | None
    offset: int
    """From the symbol, or from the module's start where there is no symbol; bytes."""

    def __str__(self) -> str:
        if self.symbol is not None:
            return f"{self.symbol}+{self.offset:#x}" if self.offset else self.symbol
        if self.module is not None:
            return f"{self.module.name}+{self.offset:#x}"
        return f"{self.address:#x}"


@dataclass(slots=True)
class Changes:
    """What came and went between two looks."""

    loaded: list[Module] = field(default_factory=list)
    unloaded: list[Module] = field(default_factory=list)


class Modules:
    """The modules of one process."""

    def __init__(self, living: Callable[[], int]) -> None:
        """*living* gives the id of a thread that lives: a leader that has ended has no memory."""
        self._living = living
        self._next_id = 1
        self._modules: dict[tuple[str, int, int], Module] = {}
        self._spans: tuple[list[int], list[tuple[Mapping, Module]]] = [], []
        """Where each mapping starts, in order; and the mappings, and whose they are."""
        self._changes = Changes()
        self._text = b""
        """What was read the last time."""
        self._size = procfs.Size(living)
        self._pages = b""
        """How much was mapped then."""
        self.servers: DebugServers | None = None
        """Whom to ask for debug information that is not here."""

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def at(self, address: int) -> Module | None:
        """The module that has an address."""
        found = self.mapping_at(address)
        return found[1] if found is not None else None

    def mapping_at(self, address: int) -> tuple[Mapping, Module] | None:
        """The part of a module's file that is mapped at an address."""
        starts, mapped = self._spans
        index = bisect_right(starts, address) - 1
        return mapped[index] if index >= 0 and address < mapped[index][0].end else None

    def of_go(self) -> Module | None:
        """The module with Go's runtime: the program, or a file that was read already; None: there is none."""
        for number, module in enumerate(self._modules.values()):
            image = self.image(module) if number == 0 else module.image
            if image is not None and image.section(".gopclntab") is not None:
                return module
        return None

    def seem_changed(self) -> bool:
        """Whether more or less is mapped than at the last look; what replaced a file may be as large."""
        return self._size.pages() != self._pages

    def refresh(self) -> Changes:
        """Look again; what has changed since the last call."""
        self.look()
        changes, self._changes = self._changes, Changes()
        return changes

    def look(self) -> None:
        """Look at /proc/PID/maps again. A file has one module, wherever its parts are mapped."""
        self._pages = self._size.pages()
        text = procfs.maps(self._living())
        if text == self._text:
            return
        self._text = text
        grouped: dict[tuple[str, int, int], list[Mapping]] = {}
        for mapping in procfs.mappings(text):
            grouped.setdefault(_key(mapping), []).append(mapping)
        modules: dict[tuple[str, int, int], Module] = {}
        for key, mappings in grouped.items():
            if known := self._modules.get(key):
                known.mappings = mappings
                modules[key] = known
            elif any(m.executable for m in mappings):
                modules[key] = module = Module(self._next_id, mappings[0].path, key, mappings)
                self._next_id += 1
                self._changes.loaded.append(module)
        self._changes.unloaded += [module for key, module in self._modules.items() if key not in modules]
        # All at once: a stack may be walked in another thread meanwhile.
        self._modules, self._spans = modules, _spans(modules.values())

    def forget_all(self) -> None:
        """After an exec nothing is mapped that was."""
        self._changes.unloaded += self._modules.values()
        self._modules, self._spans = {}, ([], [])
        self._text = self._pages = b""

    def place(self, address: int) -> Place:
        """Say in words where an address is."""
        module = self.at(address)
        if module is None:
            return Place(address, None, None, 0)
        image = self.image(module)
        if image is not None and (nearest := image.symbols.nearest(address - module.bias)):
            return Place(address, module, nearest.name, nearest.offset)
        return Place(address, module, None, address - module.start)

    def source_info(self, module: Module) -> SourceInfo | None:
        """The module's debug information, looked for when first asked for."""
        if not module.source_looked_for:
            module.source_looked_for = True
            if (image := self.image(module)) is not None and module.path != VDSO:
                from dapserver.symbols import familiar  # noqa: PLC0415 - has been imported for the image

                module.source = familiar.source_info(image) or self._source_on_disk(module, image)
                if module.source is None and self.servers is not None:
                    self.servers.ask(module, image)
        return module.source

    def _source_on_disk(self, module: Module, image: ElfFile) -> SourceInfo | None:
        from dapserver.symbols.debug_files import DebugFiles  # noqa: PLC0415 - 30 ms of start-up
        from dapserver.symbols.dwarf.reading import DwarfError  # noqa: PLC0415

        files = DebugFiles(roots=(f"/proc/{self._living()}/root", ""))
        with contextlib.suppress(DwarfError, OSError):
            return files.source_info(image, module.path.removesuffix(DELETED))
        return None

    def served(self) -> list[Module]:
        """Give the modules whose debug information has come from a server since the last call."""
        found = []
        for module, file, source in self.servers.take() if self.servers is not None else ():
            if module.source is None and module in self._modules.values():
                module.source, module.symbol_file = source, file
                found.append(module)
        return found

    def image(self, module: Module) -> ElfFile | None:
        """The module's file, read when first asked for; None if it cannot be read."""
        if module.image is None and module.problem is None:
            from dapserver.symbols import familiar  # noqa: PLC0415 - 10 ms of start-up
            from dapserver.symbols.elf import ElfError, ElfFile  # noqa: PLC0415 - as above

            first = module.mappings[0]
            try:
                module.image = familiar.same(ElfFile.parse(self._contents(module)))
                bias = module.image.load_bias(first.start, first.offset)
                module.bias = bias if bias is not None else first.start - first.offset
            except (ElfError, OSError, ValueError) as error:
                module.problem = str(error)
        return module.image

    def _contents(self, module: Module) -> memoryview:
        first = module.mappings[0]
        tid = self._living()
        if module.path == VDSO:
            with open(f"/proc/{tid}/mem", "rb", buffering=0) as memory:
                return memoryview(os.pread(memory.fileno(), first.end - first.start, first.start))
        # Through the process's root: it may live in a container, with other files of that name. After
        # a mere chroot(2) the names in maps are ours: they begin at the reader's root (d_path).
        path = f"/proc/{tid}/root{module.path}"
        if not os.path.exists(path):
            path = module.path
        if module.path.endswith(DELETED):
            path = f"/proc/{tid}/map_files/{first.start:x}-{first.end:x}"
        with open(path, "rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _spans(modules: Iterable[Module]) -> tuple[list[int], list[tuple[Mapping, Module]]]:
    mapped = [(mapping, module) for module in modules for mapping in module.mappings]
    mapped.sort(key=lambda each: each[0].start)
    return [mapping.start for mapping, _ in mapped], mapped


def _key(mapping: Mapping) -> tuple[str, int, int]:
    return (mapping.device, mapping.inode, mapping.start if mapping.path == VDSO else 0)
