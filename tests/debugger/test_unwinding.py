"""Physical frames of real stacks: equal to gdb's, and honest where gdb's are not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from dapserver.debugger.unwinding import PhysicalFrame
from tests.conftest import Program
from tests.debugger.stacks import ABI, Frozen, gdb_stacks, held, in_one_system_call, named, stop
from tests.support.build import build
from tests.support.target import Target

OMITTED = ("-O2", "-fomit-frame-pointer")
NO_TABLES = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
# Without sibling calls, so that the frames do not depend on whether there are tables.
FRAME_POINTERS = ("-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls")
# With which a stack of Go begins. The last three switch to the thread's own stack (g0).
GO_FIRST = {
    *("runtime.goexit", "runtime.mstart", "runtime.clone", "runtime.rt0_go"),
    *("runtime.mcall", "runtime.morestack", "runtime.systemstack"),
}

Stacks = Callable[..., Target]


@pytest.fixture
def stacks(program: Program) -> Stacks:
    """Start stacks.c, compiled with flags, and stop it when all its threads wait."""

    def start(*flags: str) -> Target:
        return stopped_when_waiting(program("stacks.c", flags=flags))

    return start


def stopped_when_waiting(target: Target) -> Target:
    target.wait_line("ready")
    target.wait_for(lambda: in_one_system_call(target), what="all threads in read")
    stop(target)
    return target


def compare(target: Target) -> None:
    """Assert that all frames of all threads are gdb's, with their registers."""
    with held(target) as frozen:
        stacks = {tid: frozen.stack(tid) for tid in frozen.registers}
        names = {tid: frozen.names(tid) for tid in frozen.registers}
    expected = gdb_stacks(target)  # the last: it may let the program go on
    assert set(stacks) == set(expected)
    for tid, ours in stacks.items():
        theirs = expected[tid]
        assert [frame.pc for frame in ours] == [frame.pc for frame in theirs], names[tid]
        assert [f.is_signal_frame for f in ours] == [f.is_signal_frame for f in theirs], names[tid]
        for mine, its in zip(named(ours), theirs, strict=True):
            # gdb takes a register that nothing is known of for unchanged.
            assert mine.items() <= its.registers.items()


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("-O0",),
        OMITTED,
        ("-O2", "-static"),
        (*OMITTED, *NO_TABLES, "-g"),  # .debug_frame alone
        (*OMITTED, "-gz=zlib", *NO_TABLES),
        (*OMITTED, "-Wl,--no-eh-frame-hdr"),
    ],
    ids=" ".join,
)
def test_c(stacks: Stacks, flags: tuple[str, ...]) -> None:
    compare(stacks(*flags))


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("threads.cpp", ()),
        ("threads.cpp", ("-O2",)),
        ("threads.rs", ()),
        ("threads.rs", ("-O",)),
        ("threads.py", ()),
    ],
)
def test_other_languages(program: Program, name: str, flags: tuple[str, ...]) -> None:
    target = program(name, "4", "1", "60000", flags=flags)
    target.wait_for(lambda: len(target.reported("started")) == 4, what="four threads")
    stop(target)
    compare(target)


@pytest.mark.parametrize("name", ["threads.go", "goroutines.go"])
def test_go(program: Program, name: str) -> None:
    """gdb goes on with what lies on the stack behind the first function; here it ends there."""
    target = program(name, "4", "1", "60000")
    target.read_line()
    stop(target)
    with held(target) as frozen:
        stacks = {tid: frozen.stack(tid) for tid in frozen.registers}
        names = {tid: frozen.names(tid) for tid in frozen.registers}
    expected = gdb_stacks(target)
    for tid, ours in stacks.items():
        theirs = [frame.pc for frame in expected[tid]]
        assert [frame.pc for frame in ours] == theirs[: len(ours)], names[tid]
        assert names[tid][-1].removesuffix(".abi0") in GO_FIRST


# -- shapes ------------------------------------------------------------------------------------


def stack_with(frozen: Frozen, function: str) -> list[PhysicalFrame]:
    """The stack of the thread that is somewhere in *function*."""
    tid = next(tid for tid in frozen.registers if function in frozen.names(tid))
    return frozen.stack(tid)


def test_a_signal_handler_on_its_own_stack(stacks: Stacks) -> None:
    with held(stacks()) as frozen:
        frames = stack_with(frozen, "other_stack")
        names = [frozen.where(frame) for frame in frames]
    (trampoline,) = (i for i, frame in enumerate(frames) if frame.is_signal_frame)
    handler, interrupted = frames[trampoline - 1], frames[trampoline + 1]
    assert names[trampoline - 1] == "on_signal"
    assert "interrupted" in names[trampoline + 1 :]
    assert abs(handler.sp - interrupted.sp) > 1 << 16, "not on another stack"
    assert handler.lookup_pc == handler.pc - 1
    assert interrupted.lookup_pc == interrupted.pc
    assert frames[0].lookup_pc == frames[0].pc


def test_a_signal_handler_that_returns_to_code_without_information(program: Program) -> None:
    with held(stopped_when_waiting(program("restorer.c"))) as frozen:
        (tid,) = frozen.registers
        frames, names = frozen.stack(tid), frozen.names(tid)
    (trampoline,) = (i for i, frame in enumerate(frames) if frame.is_signal_frame)
    assert names[trampoline - 1] == "on_signal"
    assert names[trampoline + 1 : trampoline + 4] == ["syscall", "interrupted", "main"]
    assert frames[trampoline + 1].lookup_pc == frames[trampoline + 1].pc


def test_calls_through_bad_pointers(stacks: Stacks) -> None:
    with held(stacks()) as frozen:
        bad = [tid for tid in frozen.registers if "bad_call" in frozen.names(tid)]
        found = {}
        for tid in bad:
            frames, names = frozen.stack(tid), frozen.names(tid)
            at = names.index("call_through") - 1
            assert frames[at].module is None
            assert frames[at - 1].is_signal_frame
            found[frames[at].pc] = names[at + 1 : at + 3]
    assert found == {0: ["call_through", "bad_call"], 16: ["call_through", "bad_call"]}


def test_saved_registers_are_where_it_says(stacks: Stacks) -> None:
    with held(stacks(*OMITTED)) as frozen:
        for tid in frozen.registers:
            for frame in frozen.stack(tid):
                for number, address in frame.saved.items():
                    value = int.from_bytes(frozen.memory(address, 8), "little")
                    assert frame.registers[number] == value


def test_a_limit_gives_the_innermost_frames(stacks: Stacks) -> None:
    with held(stacks()) as frozen:
        whole = stack_with(frozen, "recurse")
        tid = next(tid for tid in frozen.registers if frozen.stack(tid) == whole)
        assert len(whole) > 200
        assert frozen.stack(tid, 50) == whole[:50]


def test_a_deep_stack_is_read_page_by_page(stacks: Stacks) -> None:
    with held(stacks()) as frozen:
        tid = next(tid for tid in frozen.registers if "recurse" in frozen.names(tid))
        reads: list[int] = []

        def memory(address: int, size: int) -> bytes:
            reads.append(address)
            return frozen.memory(address, size)

        frames = frozen.unwinder.unwind(frozen.registers[tid], memory, 600)
    stack_pages = (frames[-1].sp - frames[0].sp) // 4096 + 2
    assert len(reads) <= stack_pages + 1  # and a look for the program's maps' end
    assert len(set(reads)) == len(reads)


# -- without call frame information --------------------------------------------------------------


def offsets(frozen: Frozen) -> list[list[tuple[str, int]]]:
    """All stacks as (module, offset in it), which two runs have in common."""
    return sorted(
        [(f.module.name, f.pc - f.module.start) for f in frozen.stack(tid) if f.module]
        for tid in frozen.registers
    )


@pytest.fixture
def stripped(tmp_path: Path) -> Callable[..., Path]:
    """stacks.c without symbols and call frame information."""

    def make(*flags: str) -> Path:
        path = tmp_path / "stacks"
        shutil.copy(build("stacks.c", *flags, *NO_TABLES), path)
        subprocess.run(["strip", path], check=True)
        return path

    return make


def test_stripped_code_by_its_frame_pointers(stacks: Stacks, stripped: Callable[..., Path]) -> None:
    """gdb loses its way here: the oracle is the same code with information."""
    with held(stacks(*FRAME_POINTERS)) as frozen:
        expected = offsets(frozen)
    with Target(stripped(*FRAME_POINTERS)) as target, held(stopped_when_waiting(target)) as frozen:
        assert offsets(frozen) == expected


def test_stripped_code_without_frame_pointers_ends_honestly(stripped: Callable[..., Path]) -> None:
    with Target(stripped(*OMITTED)) as target, held(stopped_when_waiting(target)) as frozen:
        for tid in frozen.registers:
            frames = frozen.stack(tid)
            assert len(frames) > 1  # the C library has information
            seen = {(frame.pc, frame.sp) for frame in frames}
            assert len(seen) == len(frames)
            for before, frame in pairwise(frames):
                assert frame.module is not None or before.is_signal_frame


def test_the_architecture_is_this_ones(stacks: Stacks) -> None:
    with held(stacks()) as frozen:
        for registers in frozen.registers.values():
            frame = frozen.unwinder.unwind(registers, frozen.memory, 1)[0]
            assert (frame.pc, frame.sp) == (registers.pc, registers.sp)
            assert frame.registers[ABI.pc] == frame.pc
