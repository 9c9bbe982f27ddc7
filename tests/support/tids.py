"""Choosing the kernel id of the next thread, to have one used again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.puppet import Puppet

VICTIMS, ATTEMPTS = 20, 10

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def may_choose_tids() -> bool:
    """Whether the tests run with the right to: root, or CAP_CHECKPOINT_RESTORE."""
    try:
        LAST_PID.write_text(LAST_PID.read_text())
    except PermissionError:
        return False
    return True


def reuse_a_tid(
    puppet: Puppet, alive: Callable[[int], object], ended: Callable[[int], object] = lambda tid: tid
) -> int:
    """Have a thread of the program end and a later one get its id, which is returned.

    *alive* and *ended* are called with the id while its first owner lives and after its end. The
    id may go to another process first, and stay there: then another thread is tried.
    """
    target = puppet.target

    def taken_again(tid: int) -> bool:
        for _ in range(ATTEMPTS):
            LAST_PID.write_text(str(tid - 1))
            puppet.start()
            if tid in target.tids():
                return True
        return False

    for _ in range(VICTIMS):
        tid = puppet.start()
        alive(tid)
        assert puppet.end() == tid
        target.wait_for(lambda: tid not in target.tids(), what="the tid is free")  # noqa: B023
        ended(tid)
        if taken_again(tid):
            return tid
    raise TimeoutError(f"other processes took {VICTIMS} thread ids first")
