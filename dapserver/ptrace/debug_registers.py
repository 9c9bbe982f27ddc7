"""The debug registers of x86: a thread traps when it touches one of four small pieces of memory.

They belong to a thread. A newborn has none, and an exec takes them away (arch/x86/kernel/process.c,
ptrace.c); a thread that is detached keeps them. DR7 says what each of DR0 to DR3 watches for, DR6 which of
them have trapped (Intel SDM, volume 3, 18.2). The trap comes behind the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dapserver.ptrace import api

COUNT = 4

TRAP_HWBKPT = 4
"""si_code of a trap (sigaction(2)). If a single step ends with the same instruction it is TRAP_TRACE."""

_OFFSET = 848  # of u_debugreg in struct user, sys/user.h
_STATUS, _CONTROL = 6, 7
_LENGTHS = {1: 0b00, 2: 0b01, 4: 0b11, 8: 0b10}


class Access(Enum):
    """What traps, as DR7 has it. Nothing but a read cannot be had."""

    WRITE = 0b01
    READ_WRITE = 0b11


@dataclass(frozen=True, slots=True)
class Watched:
    """An aligned piece of memory of 1, 2, 4 or 8 bytes."""

    address: int
    size: int
    access: Access


Settings = tuple[Watched | None, ...]
"""What each of the registers watches."""

NOTHING: Settings = (None,) * COUNT


def write(tid: int, settings: Settings) -> None:
    """Set the registers of a stopped thread. OSError if the machine has no room for them (ENOSPC)."""
    api.poke_user(tid, _offset(_CONTROL), 0)
    for number, watched in enumerate(settings):
        if watched is not None:
            api.poke_user(tid, _offset(number), watched.address)
    if control := _control(settings):
        api.poke_user(tid, _offset(_CONTROL), control)


def take_trapped(tid: int) -> list[int]:
    """The numbers of the registers by which a stopped thread has trapped since this was asked last."""
    status = api.peek_user(tid, _offset(_STATUS))
    trapped = [number for number in range(COUNT) if status & 1 << number]
    if trapped:
        api.poke_user(tid, _offset(_STATUS), 0)  # the kernel only ever adds to it
    return trapped


def pieces(address: int, size: int) -> list[tuple[int, int]]:
    """(address, size) of the aligned pieces that a range is made of, each as long as can be."""
    found = []
    end = address + size
    while address < end:
        length = next(n for n in reversed(_LENGTHS) if address % n == 0 and address + n <= end)
        found.append((address, length))
        address += length
    return found


def _control(settings: Settings) -> int:
    control = 0
    for number, watched in enumerate(settings):
        if watched is not None:
            kind = watched.access.value | _LENGTHS[watched.size] << 2
            control |= 1 << 2 * number | kind << 16 + 4 * number
    return control


def _offset(number: int) -> int:
    return _OFFSET + 8 * number
