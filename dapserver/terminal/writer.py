"""Writing to a terminal or pipe that may not be read: the tracer must not wait for it."""

from __future__ import annotations

import io
import os
import queue
import threading

MOST_WAITING = 100_000
"""Pieces of text that may wait to be written; more are dropped, and told of."""

LAST_MOMENT = 2
"""Seconds in the end for what still waits."""


class Writer(io.TextIOBase):
    """A text file whose writes never block: a thread of its own does them.

    A debugger that waits for `less` or for Ctrl-Q would let the program wait too, in its next stop.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropped = 0
        self.broken = False
        """Whether nobody reads any more (EPIPE)."""
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        if self._waiting.qsize() >= MOST_WAITING:
            self._dropped += 1
        else:
            if self._dropped:
                self._waiting.put(f"[{self._dropped} lines were dropped: they were not read in time]\n")
                self._dropped = 0
            self._waiting.put(text)
        return len(text)

    @property
    def behind(self) -> bool:
        """Whether something waits to be written."""
        return not self._waiting.empty()

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def finish(self) -> None:
        """Give what waits a moment to be written."""
        self._waiting.put(None)
        self._thread.join(LAST_MOMENT)

    def _work(self) -> None:
        while (text := self._waiting.get()) is not None:
            data = text.encode("utf-8", "replace")
            while data and not self.broken:
                try:
                    data = data[os.write(self._fd, data) :]
                except OSError:
                    self.broken = True
