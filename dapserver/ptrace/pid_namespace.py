"""Ids of threads as the process itself knows them (pid_namespaces(7))."""

from __future__ import annotations

import contextlib

from dapserver.ptrace import procfs


def ids_here(pid: int) -> dict[int, int] | None:
    """Map ids in the process's own pid namespace to those here; None if they are the same ones."""
    with contextlib.suppress(ProcessLookupError):
        if len(_ids(pid, pid)) < 2:
            return None
    found = {}
    with contextlib.suppress(ProcessLookupError):
        for tid in procfs.tasks(pid):
            found[_ids(pid, tid)[-1]] = tid
    return found


def _ids(pid: int, tid: int) -> list[int]:
    """A thread's ids, from this namespace in to its own."""
    return [int(each) for each in procfs.status(pid, tid).get("NSpid", str(tid)).split()]
