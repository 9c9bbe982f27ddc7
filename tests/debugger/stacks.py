"""The stacks of a running program as the unwinder sees them, and as gdb does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dapserver.debugger.modules import Modules
from dapserver.debugger.unwinding import PhysicalFrame, Unwinder
from dapserver.ptrace import api, procfs
from dapserver.ptrace.registers import Registers, native
from dapserver.symbols.abi import ABIS
from tests.support.target import Target

LIMIT = 600
WALL = 0x40000000  # __WALL, waitpid(2)
ABI = ABIS[native().name]
NAMES = {number: name for name, number in ABI.numbers.items()}
GDB_SCRIPT = Path(__file__).with_name("gdb_stacks.py")
# Compared with gdb: what a call keeps. Of the others it may give values that are long gone.
COMPARED = [NAMES[number] for number in (ABI.sp, *ABI.callee_saved)]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A process all of whose threads are held."""

    modules: Modules
    unwinder: Unwinder
    registers: dict[int, Registers]
    memory: Callable[[int, int], bytes]

    def stack(self, tid: int, limit: int = LIMIT) -> list[PhysicalFrame]:
        return self.unwinder.unwind(self.registers[tid], self.memory, limit)

    def where(self, frame: PhysicalFrame) -> str:
        """The function, or the module where that is not known."""
        place = self.modules.place(frame.lookup_pc)
        return place.symbol or (place.module.name if place.module else "?")

    def names(self, tid: int) -> list[str]:
        return [self.where(frame) for frame in self.stack(tid)]


def stop(target: Target) -> None:
    """Stop the program where it is, so that one look after the other sees the same."""
    target.signal(signal.SIGSTOP)
    target.wait_for(lambda: set(target.states().values()) == {"T"}, what="all threads stopped")


@contextmanager
def held(target: Target) -> Iterator[Frozen]:
    """Trace all threads of a stopped program for a while."""
    tids = sorted(target.tids())
    modules = Modules(lambda: target.pid)
    modules.refresh()
    memory = os.open(f"/proc/{target.pid}/mem", os.O_RDONLY)
    try:
        registers = {tid: _hold(tid) for tid in tids}
        unwinder = Unwinder(modules, lambda: target.pid)
        yield Frozen(modules, unwinder, registers, lambda at, size: os.pread(memory, size, at))
    finally:
        os.close(memory)
        for tid in tids:
            with suppress(ProcessLookupError):
                api.detach(tid)


def _hold(tid: int) -> Registers:
    api.seize(tid, 0)
    api.interrupt(tid)
    os.waitpid(tid, WALL)
    return Registers.read(native(), tid)


@dataclass(frozen=True, slots=True)
class GdbFrame:
    pc: int
    is_signal_frame: bool
    registers: dict[str, int]


def gdb_stacks(target: Target) -> dict[int, list[GdbFrame]]:
    """What gdb says of the same stopped program, by tid."""
    settings = ["debuginfod enabled off", "backtrace past-main on", "backtrace past-entry on"]
    command = ["gdb", "-nx", "-batch", *(word for s in settings for word in ("-ex", f"set {s}"))]
    done = subprocess.run(
        [*command, "-p", str(target.pid), "-x", str(GDB_SCRIPT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "STACK_REGISTERS": " ".join(COMPARED)},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"tid"')]
    assert answers, done.stdout + done.stderr
    return {a["tid"]: [GdbFrame(**frame) for frame in a["frames"]] for a in answers}


def in_one_system_call(target: Target) -> bool:
    """Whether all threads are blocked, and in the same system call."""
    calls = {procfs.system_call(target.pid, tid) for tid in target.tids()}
    return len(calls) == 1 and calls != {None}


def named(frames: list[PhysicalFrame]) -> list[dict[str, int]]:
    """The registers of frames by name, those that are compared."""
    return [
        {NAMES[n]: value for n, value in frame.registers.items() if NAMES.get(n) in COMPARED}
        for frame in frames
    ]
