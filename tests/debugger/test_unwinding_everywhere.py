"""Unwinding at every instruction, and from registers and memory that make no sense."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptrace.binding.func import ptrace

from dapserver.debugger.modules import Modules
from dapserver.debugger.unwinding import Unwinder
from dapserver.ptrace.registers import Registers, native
from dapserver.symbols.expressions import MASK
from tests.conftest import Program
from tests.debugger.stacks import WALL, Frozen, held, in_one_system_call, stop
from tests.support.target import Target

PTRACE_SINGLESTEP = 9
STEP_LIMIT = 50_000
OMITTED = ("-O2", "-fomit-frame-pointer")
NO_TABLES = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
FRAME_POINTERS = ("-O0", "-fno-omit-frame-pointer", "-g0")  # with more, gcc makes leaves without a frame

Outer = list[tuple[int, int]]
"""(pc, sp) of all frames but the innermost."""


def steps(target: Target, frozen: Frozen) -> Iterator[tuple[Registers, Outer, list[str]]]:
    """Step from the wait for input to over(): registers, outer frames, names at each instruction."""
    (tid,) = frozen.registers
    for _ in range(STEP_LIMIT):
        registers = Registers.read(native(), tid)
        frames = frozen.unwinder.unwind(registers, frozen.memory, 100)
        names = [frozen.where(frame) for frame in frames]
        yield registers, [(frame.pc, frame.sp) for frame in frames[1:]], names
        if names[0] == "over":
            return
        ptrace(PTRACE_SINGLESTEP, tid, 0, 0)
        os.waitpid(tid, WALL)
    raise AssertionError(f"not there within {STEP_LIMIT} instructions")


def follows(outer: Outer, old: Outer, old_sp: int) -> bool:
    """Whether one instruction can make these callers of the old ones."""
    if len(outer) > len(old):
        return outer == [(outer[0][0], old_sp), *old]
    # Within longjmp the caller becomes the one that called setjmp: the same, but for its pc.
    (_, sp), *others = outer
    return (sp, others) == (old[-len(outer)][1], old[len(old) - len(others) :])


@pytest.mark.parametrize(
    "flags",
    [
        ("-O0",),
        OMITTED,
        ("-Os",),
        (*OMITTED, "-static"),
        (*OMITTED, "-Wl,-z,now", "-fcf-protection"),
        (*OMITTED, *NO_TABLES, "-g"),
        (*FRAME_POINTERS, *NO_TABLES),
    ],
    ids=" ".join,
)
def test_each_instruction(program: Program, flags: tuple[str, ...]) -> None:
    """An instruction leaves all callers as they are, or calls, or returns (longjmp: by some)."""
    target = program("paces.c", flags=flags)
    target.wait_line("ready")
    stop(target)
    with held(target) as frozen:
        target.write_line("")
        before: tuple[Registers, Outer] | None = None
        seen = set()
        for registers, outer, names in steps(target, frozen):
            assert "main" in names
            seen.add(names[0])
            if before is not None:
                old_registers, old = before
                assert follows(outer, old, old_registers.sp), names
            before = registers, outer
    assert {"leaf", "recurse", "with_alloca", "realigned", "compare", "leap", "paces"} <= seen


def test_code_made_at_run_time(program: Program) -> None:
    target = program("just_in_time.c", flags=FRAME_POINTERS)
    target.wait_line("ready")
    target.wait_for(lambda: in_one_system_call(target), what="the thread in read")
    stop(target)
    with held(target) as frozen:
        (tid,) = frozen.registers
        names = frozen.names(tid)
        made = next(frame for frame in frozen.stack(tid) if frame.module is None)
    at = names.index("wait_here")
    assert names[at : at + 4] == ["wait_here", "?", "call_made_code", "main"]
    assert made.cfa is None


# -- nonsense ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_modules() -> Modules:
    modules = Modules(os.getpid)
    modules.refresh()
    return modules


def words(modules: Modules, choose: Random, stack: range) -> Iterator[int]:
    """What might be in registers and on a stack: return addresses, places on the stack, anything."""
    code = [range(m.start, m.end) for module in modules for m in module.mappings if m.executable]
    while True:
        yield choose.choice(choose.choice([*code, stack, stack, range(1 << 62)]))


@given(seed=st.integers(0, MASK))
@settings(max_examples=200, deadline=None)
def test_registers_and_memory_that_make_no_sense(own_modules: Modules, seed: int) -> None:
    stack = range(0x7000_0000_0000, 0x7000_0000_4000, 8)
    nonsense = words(own_modules, Random(seed), stack)
    content = b"".join(next(nonsense).to_bytes(8, "little") for _ in stack)

    def memory(address: int, size: int) -> bytes:
        if not stack.start <= address < stack.stop:
            raise OSError(errno.EIO, "not mapped")
        return content[address - stack.start :][:size]

    registers = Registers(native(), bytearray(native().size))
    for name in native().registers:
        registers[name] = next(nonsense)
    frames = Unwinder(own_modules, os.getpid).unwind(registers, memory, 100)
    assert 1 <= len(frames) <= 100
    assert len({(frame.pc, frame.sp) for frame in frames}) == len(frames)


def test_a_process_that_is_gone(own_modules: Modules) -> None:
    def memory(_address: int, _size: int) -> bytes:
        raise ProcessLookupError

    registers = Registers(native(), bytearray(native().size))
    (only,) = Unwinder(own_modules, os.getpid).unwind(registers, memory, 100)
    assert (only.pc, only.sp, only.module) == (0, 0, None)
