"""Opening of files whose names come from other files, which may be of unknown origin."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from dapserver.symbols.elf import ElfError


def mapped(path: str) -> mmap.mmap:
    """Map a file. Raises OSError, ElfError or ValueError if that cannot be done."""
    with _opened(path) as descriptor:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)


def read(path: str) -> bytes:
    """Read a file. Raises OSError or ElfError if that cannot be done."""
    with _opened(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return file.read()


@contextmanager
def _opened(path: str) -> Iterator[int]:
    # Such a name may lead to a FIFO, whose opening would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ElfError(f"{path} is no file")
        yield descriptor
    finally:
        os.close(descriptor)
