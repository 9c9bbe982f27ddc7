"""What all views say alike."""

from __future__ import annotations

from dapserver.debugger.events import ProcessExited
from dapserver.ptrace import signals


def farewell(pid: int, event: ProcessExited) -> str:
    """How the process ended, in words."""
    if event.signal:
        return f"process {pid} was ended by {signals.name(event.signal)} ({signals.meaning(event.signal)})"
    return f"process {pid} ended with exit code {event.exit_code}"
