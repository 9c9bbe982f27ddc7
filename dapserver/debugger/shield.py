"""Letting signals wait while a thread executes one instruction: a fast timer's leave no time for any."""

from __future__ import annotations

import contextlib

from dapserver.debugger.thread import Thread
from dapserver.ptrace import api, signals


def shield(thread: Thread) -> None:
    """Let a stopped thread block what no instruction causes."""
    thread.undisturbed = False
    thread.mask = api.signal_mask(thread.tid)
    api.set_signal_mask(thread.tid, thread.mask | signals.NOT_FAULTS)


def unshield(thread: Thread) -> None:
    """Give a stopped thread its own signal mask back."""
    mask, thread.mask = thread.mask, None
    if mask is not None:
        with contextlib.suppress(ProcessLookupError):
            api.set_signal_mask(thread.tid, mask)
