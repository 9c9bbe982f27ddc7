"""What values are read from: the memory and the modules of one stopped process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dapserver.debugger.modules import Module, Modules
from dapserver.debugger.page_cache import PAGE_SIZE, PageCache
from dapserver.debugger.values.errors import NoMemory
from dapserver.symbols.demangle import demangle
from dapserver.symbols.dwarf.locations_evaluation import NotKnown

if TYPE_CHECKING:
    from dapserver.debugger.memory import Memory

STRING_CHUNK = 256


class Space:
    """The address space of a process as values see it: read through a cache until `refresh`."""

    def __init__(self, memory: Memory, modules: Modules) -> None:
        self.memory = memory
        self.modules = modules
        self.generation = 0
        """Grows when what was read may have changed: values that know their bytes read them again."""
        self._pages = PageCache(memory.read)
        self._nesting = 0

    def refresh(self) -> None:
        """Forget what was read: the process may have run, or something was written."""
        self.generation += 1
        self._pages = PageCache(self.memory.read)

    @contextmanager
    def nested(self, limit: int) -> Iterator[None]:
        """Count how deep looks at one frame lead to looks at others. Raises NotKnown at *limit*."""
        if self._nesting >= limit:
            raise NotKnown("it depends on too many other values")
        self._nesting += 1
        try:
            yield
        finally:
            self._nesting -= 1

    def read(self, address: int, size: int) -> bytes:
        """Give exactly *size* bytes; NoMemory if not all of them are mapped."""
        try:
            read = self._pages.read if size <= PAGE_SIZE else self.memory.read
            data = read(address, size)
        except OSError:
            raise NoMemory(address) from None
        if len(data) < size:
            raise NoMemory(address + len(data))
        return data

    def word(self, address: int) -> int:
        """Read 8 bytes as an unsigned number; NoMemory if they are not mapped."""
        return int.from_bytes(self.read(address, 8), "little")

    def string(self, address: int, limit: int, width: int = 1) -> tuple[bytes, bool]:
        """Read characters of *width* bytes up to a zero, at most *limit* characters.

        Gives what was read, without the zero, and whether the zero was met. What is not mapped
        ends the string too; NoMemory if its first character is not.
        """
        data = b""
        zero = bytes(width)
        while len(data) < limit * width:
            size = min(STRING_CHUNK, limit * width - len(data))
            size = min(size, max(width, PAGE_SIZE - (address + len(data)) % PAGE_SIZE))
            try:
                chunk = self.read(address + len(data), size)
            except NoMemory:
                if not data:
                    raise
                return data, False
            for position in range(0, len(chunk) - width + 1, width):
                if chunk[position : position + width] == zero:
                    return data + chunk[:position], True
            data += chunk
        return data, False

    def write(self, address: int, data: bytes) -> None:
        """Write *data*; NoMemory if it is not mapped."""
        try:
            self.memory.write(address, data)
        except OSError:
            raise NoMemory(address) from None
        finally:
            self.refresh()

    def module_at(self, address: int) -> Module | None:
        """Find the module that maps *address*, as code or as data."""
        return self.modules.at(address)

    def symbol(self, address: int) -> str | None:
        """Say `name+12` for an address in a function or variable of a module, as gdb's `<...>` does."""
        place = self.modules.place(address)
        if place.symbol is None:
            return None
        name = demangle(place.symbol)
        return f"{name}+{place.offset}" if place.offset else name
