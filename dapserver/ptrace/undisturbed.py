"""Letting a stopped thread execute single instructions for us, while signals wait."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dapserver.ptrace import api, procfs
from dapserver.ptrace.wait import Kind, decode, wait

QUICK_TRIES, TRIES, MOMENT = 200, 10_000, 0.0001
"""Looks for a thread's next stop: at first without a pause, for it takes microseconds; seconds between."""

_ALL_BUT_SIGTRAP = ~(1 << (signal.SIGTRAP - 1)) & (1 << 64) - 1

Step = Callable[[], None]


@contextmanager
def undisturbed(tid: int, kind: Kind, handle: Callable[[int, int], None]) -> Iterator[Step]:
    """Give a function that lets a stopped thread execute one instruction.

    *kind* is that of its stop. The thread is still stopped afterwards, with its signal mask, and the
    signal that it had. ProcessLookupError if it ends; what the kernel tells of that goes to *handle*.
    """
    mask = api.signal_mask(tid)
    info = api.siginfo(tid) if kind is Kind.SIGNAL_DELIVERY_STOP else None
    api.set_signal_mask(tid, _ALL_BUT_SIGTRAP)
    try:
        yield lambda: _step(tid, handle)
    finally:
        api.set_signal_mask(tid, mask)
        if info is not None:
            api.set_siginfo(tid, info)


def _step(tid: int, handle: Callable[[int, int], None]) -> None:
    passed_on = 0
    while True:
        api.step(tid, passed_on)
        raw = next_status(tid)
        status = decode(raw)
        if status.ended or status.kind is Kind.EXIT:
            handle(tid, raw)
            raise ProcessLookupError(f"thread {tid} has ended")
        is_signal = status.kind is Kind.SIGNAL_DELIVERY_STOP
        if is_signal and status.value == signal.SIGTRAP:
            return
        passed_on = status.value if is_signal else 0


def next_status(tid: int) -> int:
    """Wait for the thread, but not for ever: a leader that is killed tells nothing before the other
    threads have been waited for (ptrace(2), "Death under ptrace").
    """
    for attempt in range(TRIES):
        if taken := wait(tid):
            return taken[1]
        if attempt >= QUICK_TRIES:
            time.sleep(MOMENT)
            try:
                if procfs.state(tid) in "ZX":
                    break
            except ProcessLookupError:
                break
    raise ProcessLookupError(f"thread {tid} has ended")
