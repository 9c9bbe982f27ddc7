"""readMemory, writeMemory: bytes as the program has them, without what breakpoints put there."""

from __future__ import annotations

import asyncio
import base64
import binascii

from dapserver.debugger.errors import DebuggerError
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests.references import address_of
from dapserver.session import Session

MOST = 1 << 22
"""Bytes that one request may read."""

PAGE = 4096

capability(supports_read_memory_request=True, supports_write_memory_request=True)


@request("readMemory")
async def read_memory(session: Session, arguments: dap.ReadMemoryArguments) -> dap.ReadMemoryResponseBody:
    start = address_of(arguments.memory_reference, arguments.offset)
    count = max(0, min(arguments.count, MOST))
    data = await asyncio.to_thread(_read, session, start, count)
    return dap.ReadMemoryResponseBody(
        address=f"{start:#x}",
        unreadable_bytes=arguments.count - len(data) if len(data) < arguments.count else None,
        data=base64.b64encode(data).decode() if data else None,
    )


@request("writeMemory")
async def write_memory(session: Session, arguments: dap.WriteMemoryArguments) -> dap.WriteMemoryResponseBody:
    start = address_of(arguments.memory_reference, arguments.offset)
    try:
        data = base64.b64decode(arguments.data, validate=True)
    except binascii.Error:
        raise DebuggerError("writeMemory: the data is not in base64.") from None
    there = await asyncio.to_thread(_read, session, start, len(data))
    if len(there) < len(data) and not (arguments.allow_partial and there):
        raise DebuggerError(
            f"Only {len(there)} of {len(data)} bytes from {start:#x} on are in memory: none was written."
        )
    data = data[: len(there)]
    try:
        session.require_stacks().memory.write(start, data)
    except OSError as error:
        raise DebuggerError(f"Nothing can be written at {start:#x}: {error}") from None
    changed(session, start, len(data))
    return dap.WriteMemoryResponseBody(bytes_written=len(data))


def changed(session: Session, address: int, count: int) -> None:
    """Memory was written for the client: values that it shows may be others now."""
    session.require_inspector().space.refresh()
    tell(session, address, count)
    client = session.client
    if client is not None and client.supports_invalidated_event:
        session.connection.post("invalidated", dap.InvalidatedEventBody(areas=["variables"]))


def tell(session: Session, address: int, count: int) -> None:
    """Let a client that shows this memory read it again."""
    if session.client is not None and session.client.supports_memory_event:
        body = dap.MemoryEventBody(memory_reference=f"{address:#x}", offset=0, count=count)
        session.connection.post("memory", body)


def _read(session: Session, start: int, count: int) -> bytes:
    """What there is, up to the first page that is not mapped."""
    memory = session.require_stacks().memory
    data = b""
    while len(data) < count:
        at = start + len(data)
        try:
            piece = memory.read(at, min(count - len(data), PAGE * 64 - at % PAGE))
        except OSError:
            break
        if not piece:
            break
        data += piece
    return data
