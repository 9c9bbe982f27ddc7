"""What a launched program writes, as `output` events.

Its stdout and stderr are pseudo-terminals: so it writes lines as they come rather than blocks
when full, and it does not die of SIGPIPE if it is left running when the session ends.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import termios
from collections.abc import Callable
from typing import Literal

Category = Literal["stdout", "stderr"]
Sink = Callable[[Category, str], None]

READ_SIZE = 1 << 16
READS_AT_ONCE = 16
"""So that a program that never stops writing leaves time for everything else."""

READS_AT_END = 1024
"""Of what its children may still be writing."""


class ProgramOutput:
    """Two pseudo-terminals, read while the loop runs."""

    def __init__(self, sink: Sink) -> None:
        self._streams = {category: _Stream(category, sink) for category in ("stdout", "stderr")}

    @property
    def program_ends(self) -> tuple[int, int]:
        """The descriptors for the program's stdout and stderr."""
        return self._streams["stdout"].slave, self._streams["stderr"].slave

    def started(self) -> None:
        """The program has its ends now: close ours, and read."""
        for stream in self._streams.values():
            stream.start()

    def finish(self) -> None:
        """Read what is still there; the program has ended."""
        for stream in self._streams.values():
            stream.drain()
        self.close()

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()


class _Stream:
    def __init__(self, category: Category, sink: Sink) -> None:
        self._category = category
        self._sink = sink
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.master, self.slave = os.openpty()
        _pass_everything(self.slave)
        os.set_blocking(self.master, False)

    def start(self) -> None:
        os.close(self.slave)
        self.slave = -1
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        for _ in range(READS_AT_ONCE):
            if not self._read_some():
                return

    def drain(self) -> None:
        for _ in range(READS_AT_END):
            if not self._read_some():
                return

    def _read_some(self) -> bool:
        if self.master < 0:
            return False
        try:
            data = os.read(self.master, READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:  # EIO: nobody has the other end any more
            data = b""
        text = self._decoder.decode(data, final=not data)
        if text:
            self._sink(self._category, text)
        if not data:
            self.close()
        return bool(data)

    def close(self) -> None:
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1
        if self.master >= 0:
            asyncio.get_running_loop().remove_reader(self.master)
            os.close(self.master)
            self.master = -1


def _pass_everything(terminal: int) -> None:
    """No translation of newlines, no echo (termios(3))."""
    attributes = termios.tcgetattr(terminal)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
