"""Which signals stop a thread as they arrive, and which the program is not to get."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace import signals

EVERYDAY = frozenset(
    {
        *(signal.SIGALRM, signal.SIGCHLD, signal.SIGURG, signal.SIGIO, signal.SIGVTALRM, signal.SIGPROF),
        signal.SIGWINCH,
        *(32, 33),  # glibc's own: nptl(7), "NPTL and signals"
    }
)
"""What arrives all the time and means no trouble: stopped at only if named."""

_LAST = 64
_SEPARATORS = re.compile(r"[\s,|]+")
_REAL_TIME = re.compile(r"SIGRTM(IN|AX)(?:([+-])(\d+))?")


@dataclass(frozen=True, slots=True)
class SignalFilters:
    """What the user wants of signals that do not end the program anyway."""

    stops: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()


def chosen(text: str) -> frozenset[int]:
    """Read `SIGUSR1 SIGHUP`; or `!SIGUSR1`, all but these; or nothing: all that are not everyday's.

    DebuggerError if a word is no signal that can be filtered.
    """
    words = [word for word in _SEPARATORS.split(text.strip()) if word]
    named = {_number(word.removeprefix("!")) for word in words if not word.startswith("!")}
    but = {_number(word.removeprefix("!")) for word in words if word.startswith("!")}
    if not named:
        named = set(range(1, _LAST + 1)) - EVERYDAY - {signal.SIGKILL, signal.SIGSTOP}
    return frozenset(named - but)


def _number(word: str) -> int:
    number = _by_name(word.upper())
    if number is None:
        raise DebuggerError(f"'{word}' is no signal: write names such as SIGUSR1 SIGHUP, or !SIGALRM.")
    if number in (signal.SIGKILL, signal.SIGSTOP):
        raise DebuggerError(f"{signals.name(number)} cannot be filtered: no program can handle it.")
    return number


def _by_name(word: str) -> int | None:
    if word.isdecimal():
        number = int(word)
        return number if 1 <= number <= _LAST else None
    if found := _REAL_TIME.fullmatch(word):
        base = signal.SIGRTMIN if found[1] == "IN" else signal.SIGRTMAX
        number = base + int(f"{found[2] or '+'}{found[3] or 0}")
        return number if signal.SIGRTMIN <= number <= signal.SIGRTMAX else None
    known = signal.Signals.__members__.get(word if word.startswith("SIG") else f"SIG{word}")
    return int(known) if known is not None else None
