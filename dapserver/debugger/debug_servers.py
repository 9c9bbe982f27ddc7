"""Debug information and source files from servers (debuginfod(8)), by their client `debuginfod-find`.

The client library knows the servers (DEBUGINFOD_URLS), caches what they gave, and what they do not
have. An answer may take minutes, so nobody waits for it: modules are as without debug information
until it comes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.symbols.dwarf import SourceInfo
    from dapserver.symbols.elf import ElfFile

COMMAND = "debuginfod-find"
AT_ONCE = 4
TIME_LIMIT = 120
"""Seconds for one file."""


def missing() -> str | None:
    """Say what is missing to ask servers; None if nothing is."""
    if shutil.which(COMMAND) is None:
        return f"'debuginfod' is set, but {COMMAND} is not installed: no server is asked."
    if not os.environ.get("DEBUGINFOD_URLS", "").strip():
        return "'debuginfod' is set, but DEBUGINFOD_URLS names no server where dapserver runs."
    return None


class DebugServers:
    """Looks for the debug information of modules, and for source files, in threads of its own."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        """*arrived* is called when there is something to take, in one of these threads."""
        self._arrived = arrived
        self._workers = ThreadPoolExecutor(AT_ONCE, "debuginfod")
        self._found: deque[tuple[Module, str, SourceInfo]] = deque()
        self._sources: deque[tuple[str, str]] = deque()
        self._asked: set[tuple[bytes, str]] = set()
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def ask(self, module: Module, image: ElfFile) -> None:
        """Have the debug information of a module looked for."""
        if image.build_id and not self._closed:
            self._workers.submit(self._look, module, image)

    def ask_source(self, image: ElfFile, path: str) -> None:
        """Have a source file looked for that the debug information of a module names."""
        build_id = image.build_id
        if build_id and not self._closed and (build_id, path) not in self._asked:
            self._asked.add((build_id, path))
            self._workers.submit(self._look_for_source, build_id, path)

    def take_sources(self) -> dict[str, str]:
        """Give the source files that were found since the last call: as they were asked for, and where."""
        found: dict[str, str] = {}
        while self._sources:
            path, here = self._sources.popleft()
            found[path] = here
        return found

    def take(self) -> list[tuple[Module, str, SourceInfo]]:
        """Give what was found since the last call: modules, files and what these say."""
        found = []
        while self._found:
            found.append(self._found.popleft())
        return found

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        self._workers.shutdown(wait=False, cancel_futures=True)
        for process in list(self._running):
            process.kill()

    def _look(self, module: Module, image: ElfFile) -> None:
        from dapserver.symbols.debug_files import DebugFiles  # noqa: PLC0415 - 30 ms of start-up
        from dapserver.symbols.dwarf.reading import DwarfError  # noqa: PLC0415

        path = self._file(image.build_id or b"")
        if path is None:
            return
        with contextlib.suppress(DwarfError, OSError):
            source = DebugFiles().source_info_in(path, image, module.path, self._file)
            if source is not None:
                self._found.append((module, path, source))
                self._arrived()

    def _look_for_source(self, build_id: bytes, path: str) -> None:
        here = self._fetch("source", build_id.hex(), path)
        if here is not None:
            self._sources.append((path, here))
            self._arrived()

    def _file(self, build_id: bytes) -> str | None:
        """The path of a file with debug information; None if no server has it."""
        return self._fetch("debuginfo", build_id.hex())

    def _fetch(self, *question: str) -> str | None:
        if self._closed:
            return None
        try:
            process = subprocess.Popen(
                [COMMAND, *question],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                process_group=0,  # what is sent to our process group is not for it
                cwd="/",
            )
        except OSError:
            return None
        self._running.add(process)
        try:
            output, _ = process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        finally:
            self._running.discard(process)
        # Its exit status may be lost: the tracer waits for all children.
        return output.strip() or None
