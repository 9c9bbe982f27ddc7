"""Choosing the kernel id of the next thread, to have one used again."""

from __future__ import annotations

from pathlib import Path

from tests.support.puppet import Puppet

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def may_choose_tids() -> bool:
    """Whether the tests run with the right to: root, or CAP_CHECKPOINT_RESTORE."""
    try:
        LAST_PID.write_text(LAST_PID.read_text())
    except PermissionError:
        return False
    return True


def until_reused(puppet: Puppet, tid: int) -> None:
    """Have the program start threads until one has the id of *tid*, which has ended."""
    target = puppet.target
    target.wait_for(lambda: tid not in target.tids(), what="the tid is free")

    def taken_again() -> bool:  # unless another process was faster
        LAST_PID.write_text(str(tid - 1))
        puppet.start()
        return tid in target.tids()

    target.wait_for(taken_again, what="the tid is used again")
