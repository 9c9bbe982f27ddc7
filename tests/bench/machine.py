"""The machine that is measured on: what it is, and what it must have to be measured on."""

from __future__ import annotations

import compileall
import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.build import ROOT

PID_MAX = Path("/proc/sys/kernel/pid_max")
HIGHEST_PID_MAX = 4_194_304


def description() -> dict[str, Any]:
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "pid_max": int(PID_MAX.read_text()),
        "python": platform.python_version(),
    }


def write_bytecode() -> None:
    """Compile dapserver, as an installer does; else each process would, where Python may not write."""
    compileall.compile_dir(ROOT / "dapserver", quiet=1)


@contextlib.contextmanager
def room_for_pids() -> Iterator[None]:
    """Raise kernel.pid_max meanwhile, if permitted.

    A storm goes round the usual 32,768 in seconds, and finding a free number gets slower with
    every one that is taken.
    """
    before = PID_MAX.read_text()
    try:
        PID_MAX.write_text(str(HIGHEST_PID_MAX))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        PID_MAX.write_text(before)


def tree(pid: int) -> list[int]:
    """*pid* and every process below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def peak_memory(pid: int) -> float:
    """The peak resident memory of *pid* and all below it, in MB."""
    total = 0
    for member in tree(pid):
        for line in Path(f"/proc/{member}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6
