"""Message framing where pygls' own reading loop is too trusting.

`pygls.io_.run_async` reads header lines and a body of Content-Length bytes. It skips a header
block without a (valid) length, and so takes the body that follows for header lines: from there on
no message can be found. This module stops the connection at that point, with a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

MAX_HEADER = 64 << 10
"""Longest header line, in bytes; asyncio's default limit."""

MAX_BODY = 64 << 20
"""Longest message body, in bytes. An editor's largest (a launch configuration) has thousands."""


class FramingError(Exception):
    """The byte stream is no longer a sequence of messages."""


class CheckedReader:
    """A reader for `run_async` that passes on only header blocks with one sane Content-Length."""

    def __init__(self, reader: asyncio.StreamReader, room: Callable[[], Awaitable[None]]) -> None:
        self._reader = reader
        self._room = room
        self._length: int | None = None

    async def readline(self) -> bytes:
        """The next header line, its field name spelled as pygls expects it; b"" at the end."""
        if self._length is None:
            await self._room()
        try:
            line = await self._reader.readline()
        except ValueError:
            raise FramingError(f"header line of more than {MAX_HEADER} bytes") from None
        if not line.endswith(b"\n"):
            return b""  # the end, perhaps in the middle of a line
        if not line.strip():
            return self._end_of_header()
        name, colon, value = line.partition(b":")
        if not colon:
            raise FramingError(f"expected a header such as 'Content-Length: 12', got {line[:40]!r}")
        if name.strip().lower() != b"content-length":
            return line
        length = _length(value.strip())
        if self._length not in (None, length):
            raise FramingError(f"two Content-Lengths: {self._length} and {length}")
        self._length = length
        return b"Content-Length: %d\r\n" % self._length

    def _end_of_header(self) -> bytes:
        if self._length is None:
            raise FramingError("header without Content-Length")
        self._length = None
        return b"\r\n"

    async def readexactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)


def _length(value: bytes) -> int:
    # bytes.isdigit() is ASCII only; ten digits hold any length that is allowed.
    if not value.isdigit() or len(value) > 10 or not 0 < int(value) <= MAX_BODY:
        raise FramingError(f"Content-Length must be from 1 to {MAX_BODY}, got {value[:40]!r}")
    return int(value)
