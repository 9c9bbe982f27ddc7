"""A process's memory, read a page at a time and kept for one look at a stopped process."""

from __future__ import annotations

import struct
from collections.abc import Callable

ReadMemory = Callable[[int, int], bytes]
"""(address, size) -> bytes, fewer at the end of what is mapped; OSError if there are none."""

PAGE_BITS = 12
PAGE_SIZE = 1 << PAGE_BITS
OFFSET_MASK = PAGE_SIZE - 1
WORD = struct.Struct("<Q")
USER_SPACE_END = 1 << 63  # pread(2) takes no offset from here on


class PageCache:
    """Reads what a stopped process will not change meanwhile. Forget it when it may run."""

    def __init__(self, read: ReadMemory) -> None:
        self._read = read
        self._pages: dict[int, bytes] = {}

    def word(self, address: int) -> int:
        """Read 8 bytes as a number; OSError if they cannot be read."""
        offset = address & OFFSET_MASK
        page = self._pages.get(address >> PAGE_BITS)
        if not page or offset > PAGE_SIZE - WORD.size:
            return int.from_bytes(self.read(address, WORD.size), "little")
        return int(WORD.unpack_from(page, offset)[0])

    def read(self, address: int, size: int) -> bytes:
        """Read *size* bytes, at most a page; OSError if they cannot be read."""
        offset = address & OFFSET_MASK
        number = address >> PAGE_BITS
        data = self._page(number)[offset : offset + size]
        if len(data) < size:
            data += self._page(number + 1)[: size - len(data)]
        return data

    def _page(self, number: int) -> bytes:
        page = self._pages.get(number)
        if page is None:
            page = self._load(number << PAGE_BITS)
            self._pages[number] = page
        if not page:
            raise OSError(f"no memory at {number << PAGE_BITS:#x}")
        return page

    def _load(self, address: int) -> bytes:
        """The page at *address*, empty if it cannot be read: that is remembered too."""
        if not 0 <= address < USER_SPACE_END:
            return b""
        try:
            page = self._read(address, PAGE_SIZE)
        except OSError:
            return b""
        return page if len(page) == PAGE_SIZE else b""
