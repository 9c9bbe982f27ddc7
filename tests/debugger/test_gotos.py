"""A goto of a thread that stands in the middle of the copy of a call: half of the call has been done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dapserver.debugger.breakpoints.conditions import Conditions
from dapserver.debugger.breakpoints.table import Breakpoints
from dapserver.debugger.control import Control, Listener
from dapserver.debugger.disassembly import decode
from dapserver.debugger.gotos import Gotos
from dapserver.debugger.modules import Modules
from dapserver.debugger.process import Process
from dapserver.debugger.stack import Stacks
from dapserver.debugger.stop import Reason
from dapserver.debugger.thread import Thread
from dapserver.ptrace import api
from dapserver.ptrace.registers import Registers
from tests.conftest import Program
from tests.debugger.stacks import WALL
from tests.support.breakpoints import line_of
from tests.support.build import FIXTURES
from tests.support.target import Target

FIXTURE = "gotos.c"


@contextmanager
def paused(target: Target) -> Iterator[tuple[Process, Thread]]:
    """Trace its only thread, and stop it."""
    process = Process(target.pid)
    process.seize(target.pid)
    (thread,) = process.threads.values()
    process.stopping.begin(Reason.PAUSE, thread)
    process.handle(*os.waitpid(target.pid, WALL))
    yield process, thread
    api.detach(target.pid)


def test_half_of_a_call_is_undone(program: Program) -> None:
    target = program(FIXTURE, flags=("-O0",))
    target.wait_line("main")
    with paused(target) as (process, thread):
        modules = Modules(process.living)
        modules.refresh()
        stacks = Stacks(modules, process.living)
        conditions = Conditions(process.architecture.name)
        breakpoints = Breakpoints(conditions, lambda path: [path])
        control = Control(process, stacks, modules, conditions, breakpoints, Listener())
        gotos = Gotos(process, modules, control.sites)

        call = address_of(modules, stacks, "third")
        while not text_at(stacks, call).startswith("call"):
            call += size_at(stacks, call)
        site = control.sites.add(call, "test")
        before = Registers.read(process.architecture, thread.tid)
        middle = site.slot + size_at(stacks, site.slot, hidden=False)
        before.pc = middle
        before["rsp"], before["orig_rax"] = before.sp - 0x1000 - 8, -1
        before.write(thread.tid)
        assert process.registers(thread).pc == call

        (target_,) = gotos.targets([thread], [str(FIXTURES / FIXTURE)], line_of(FIXTURE, "sum"))
        gotos.go(thread, target_.address)
        after = Registers.read(process.architecture, thread.tid)
        assert after.pc == target_.address
        assert after.sp == before.sp + 8
        control.leave()


def address_of(modules: Modules, stacks: Stacks, marker: str) -> int:
    """Where the code of a line of the program begins."""
    module = next(iter(modules))
    source = modules.source_info(module)
    assert source is not None
    (place,) = source.addresses(str(FIXTURES / FIXTURE), line_of(FIXTURE, marker))
    assert stacks.memory.read(place.address + module.bias, 1)
    return place.address + module.bias


def text_at(stacks: Stacks, address: int) -> str:
    return next(decode(stacks.memory.read(address, 15), address)).text


def size_at(stacks: Stacks, address: int, *, hidden: bool = True) -> int:
    """How long an instruction is; that of a copy is hidden from others."""
    read = stacks.memory.read if hidden else stacks.memory.read_raw
    return len(next(decode(read(address, 15), address)).code)
