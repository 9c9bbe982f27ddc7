"""Addresses as clients give them."""

from __future__ import annotations

from dapserver.debugger.errors import DebuggerError

TOP = 1 << 64


def address_of(reference: str, offset: int | None = None) -> int:
    """Read a memory or instruction reference, such as 0x401136; DebuggerError if it is none."""
    try:
        return (int(reference, 0) + (offset or 0)) % TOP
    except ValueError:
        raise DebuggerError(f"{reference!r} is no address: expected one such as 0x401136.") from None
