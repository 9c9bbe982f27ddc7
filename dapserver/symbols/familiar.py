"""Files that were looked into before anybody asked: the C library and the loader, which most programs have.

A server does that while no client waits. Its sessions are forks of it, so each finds what was read, in
memory that all of them share.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.elf import ElfError, ElfFile

if TYPE_CHECKING:
    from dapserver.symbols.dwarf import SourceInfo

C_LIBRARY = re.compile(r"(libc|ld)[-.]")
"""How the names of the C library and of its loader begin: glibc's, old and new, and musl's."""

USUAL = (
    *("clone", "clone3", "start_thread", "__libc_start_main", "__libc_start_call_main"),
    *("clock_nanosleep", "nanosleep", "usleep", "sleep", "pause", "sigwaitinfo", "wait4"),
    *("pthread_cond_wait", "pthread_cond_timedwait", "pthread_join", "pthread_mutex_lock", "sem_wait"),
    *("__futex_abstimed_wait_cancelable64", "__lll_lock_wait", "syscall"),
    *("__syscall_cancel", "__internal_syscall_cancel", "__syscall_cancel_arch"),
    *("read", "write", "recv", "recvfrom", "recvmsg", "accept", "accept4"),
    *("poll", "ppoll", "select", "pselect", "epoll_wait", "epoll_pwait"),
)
"""Functions that most stacks have: where threads and programs begin, and where they wait."""

_Key = tuple[bytes | None, int]

_images: dict[_Key, ElfFile] = {}
_sources: dict[_Key, SourceInfo] = {}


def same(image: ElfFile) -> ElfFile:
    """Give the familiar file that *image* is a copy of, or *image* itself."""
    return _images.get(_key(image), image) if _images else image


def source_info(image: ElfFile) -> SourceInfo | None:
    """Give the debug information of *image* if that is familiar."""
    return _sources.get(_key(image)) if _sources else None


def look_into(path: str) -> Iterator[None]:
    """Look into the file *path*, one step of some milliseconds after the other.

    What cannot be read stays unfamiliar.
    """
    from dapserver.symbols.debug_files import DebugFiles  # noqa: PLC0415 - 30 ms of start-up
    from dapserver.symbols.dwarf.reading import DwarfError  # noqa: PLC0415

    with contextlib.suppress(OSError, ElfError, ValueError, DwarfError):
        with open(path, "rb") as file:
            image = ElfFile.parse(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if image.build_id is None:
            return
        image.symbols.nearest(image.header.entry)  # sorts them
        _images[_key(image)] = image
        yield
        source = DebugFiles().source_info(image, os.path.realpath(path))
        if source is None:
            return
        _sources[_key(image)] = source
        source.info.sections[".debug_loclists"]  # read it: where arguments are
        for name in USUAL:
            for address in source.info.symbols.addresses_of(name):
                source.frames_at(address)
            yield


def _key(image: ElfFile) -> _Key:
    # The build id stays when a file is stripped, the size does not.
    return image.build_id, image.size
