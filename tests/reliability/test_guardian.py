"""R33: the server is killed while breakpoints are in a program that it has attached to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dapserver.client import DapClient
from dapserver.ptrace import api, procfs
from dapserver.ptrace.wait import Kind, decode, wait_until_stop
from tests.conftest import Connect, Program
from tests.support.breakpoints import set_functions, step
from tests.support.session import attach, detach, resume
from tests.support.steps import expect_untraced, obey
from tests.support.target import Target

NEVER = "number == -1"
INT3 = b"\xcc"
MODES = ["", "blocked", "handled"]


def beats(target: Target) -> int:
    return int(obey(target, "beats").split()[1])


def code_at(target: Target, address: int) -> bytes:
    with Path(f"/proc/{target.pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(16)


def break_at_work(client: DapClient, **more: object) -> int:
    (breakpoint_,) = set_functions(client, "work", **more)
    return int(breakpoint_["instructionReference"], 16)


def stopped_at_work(connect: Connect, target: Target) -> tuple[DapClient, int, int]:
    """Attach and stop at the function; it has no breakpoint then. The client, its address and the thread."""
    target.wait_line("main")
    client = connect()
    attach(client, target)
    address = break_at_work(client)
    tid = client.wait_event("stopped")["threadId"]
    set_functions(client)
    return client, address, tid


def kill_server(target: Target) -> None:
    (tracer,) = target.tracers()
    os.kill(tracer, signal.SIGKILL)
    expect_untraced(target)


def expect_goes_on(target: Target) -> None:
    before = beats(target)
    target.wait_for(lambda: beats(target) > before + 50, what="it goes on")
    assert target.process.poll() is None


def expect_no_breakpoint(target: Target, address: int) -> None:
    target.wait_for(lambda: code_at(target, address)[:1] != INT3, what="the code is as it was")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("pause_us", [50, 1000, 20000])
def test_R33_threads_come_to_a_breakpoint_all_the_time(
    connect: Connect, program: Program, full: bool, mode: str, pause_us: int
) -> None:
    for _ in range(20 if full else 2):
        target = program("beater.c", str(pause_us), *[mode] * bool(mode))
        target.wait_line("main")
        client = connect()
        attach(client, target)
        address = break_at_work(client, condition=NEVER)
        assert code_at(target, address)[:1] == INT3
        expect_goes_on(target)
        kill_server(target)
        expect_no_breakpoint(target, address)
        expect_goes_on(target)


def test_R33_stopped_at_a_breakpoint_and_in_the_middle_of_a_step(connect: Connect, program: Program) -> None:
    for steps in range(4):
        target = program("beater.c")
        client, address, tid = stopped_at_work(connect, target)
        for _ in range(steps):
            step(client, tid)
        break_at_work(client)
        kill_server(target)
        expect_no_breakpoint(target, address)
        expect_goes_on(target)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("granularity", ["line", "instruction"])
def test_R33_stopped_at_the_end_of_a_step(
    connect: Connect, program: Program, mode: str, granularity: str
) -> None:
    """With the trap flag it would trap once more, which a thread may not block; nor is its handler called."""
    for steps in (1, 2, 3):
        target = program("beater.c", "1000", *mode.split())
        client, address, tid = stopped_at_work(connect, target)
        for _ in range(steps):
            step(client, tid, granularity=granularity)
        kill_server(target)
        expect_no_breakpoint(target, address)
        expect_goes_on(target)
        if mode == "handled":
            assert obey(target, "trap") == "trapped 1"


def test_a_program_has_its_own_handler_while_and_after(connect: Connect, program: Program) -> None:
    target = program("beater.c", "1000", "handled")
    target.wait_line("main")
    caught = target.status("SigCgt")
    client = connect()
    attach(client, target)
    break_at_work(client, condition=NEVER)
    assert obey(target, "trap") == "trapped 1"
    detach(client, target)
    assert target.status("SigCgt") == caught
    assert obey(target, "trap") == "trapped 2"


def test_a_program_without_a_handler_ends_by_its_own_trap(connect: Connect, program: Program) -> None:
    target = program("beater.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    break_at_work(client, condition=NEVER)
    expect_goes_on(target)
    target.write_line("trap")
    stopped = client.wait_event("stopped")
    assert "SIGTRAP" in stopped["description"] + stopped.get("text", "")
    resume(client, target.pid)
    assert client.wait_event("exited")["exitCode"] == 128 + signal.SIGTRAP
    assert target.expect_exit() == -signal.SIGTRAP


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_of_it(connect: Connect, program: Program, mode: str) -> None:
    """The code, the handlers of signals and the masks of the threads are as before."""
    target = program("beater.c", "200", *[mode] * bool(mode))
    target.wait_line("main")
    caught = target.status("SigCgt")
    client = connect()
    attach(client, target)
    address = break_at_work(client, condition=NEVER)
    patched = code_at(target, address)
    assert patched[:1] == INT3
    expect_goes_on(target)
    shown = client.request("disassemble", memoryReference=hex(address), instructionCount=1)
    detach(client, target)
    code = code_at(target, address)
    assert code[1:] == patched[1:]
    assert code[:1].hex() == shown["instructions"][0]["instructionBytes"].split()[0]
    assert target.status("SigCgt") == caught
    expect_goes_on(target)


def test_R34_leaving_while_threads_come_to_it(connect: Connect, program: Program, full: bool) -> None:
    """One that has trapped, but was interrupted before it could tell, is not to be ended by that later."""
    target = program("beater.c", "100")
    target.wait_line("main")
    for _ in range(40 if full else 8):
        client = connect()
        attach(client, target)
        break_at_work(client, condition=NEVER)
        expect_goes_on(target)
        detach(client, target)
        client.close()
        expect_goes_on(target)


def test_no_system_call_is_made_where_a_filter_may_end_the_program(
    connect: Connect, program: Program
) -> None:
    target = program("beater.c", "200", "filtered")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    break_at_work(client, condition=NEVER)
    expect_goes_on(target)
    detach(client, target)
    expect_goes_on(target)


def calls_in(client: DapClient, function: str) -> list[str]:
    """The addresses of the calls that a function begins with."""
    (there,) = set_functions(client, function, condition="0")
    shown = client.request("disassemble", memoryReference=there["instructionReference"], instructionCount=40)[
        "instructions"
    ]
    set_functions(client)
    return [each["address"] for each in shown if each["instruction"].startswith("call")]


def test_R32_leaving_in_the_middle_of_a_step_over_a_call(
    connect: Connect, program: Program, full: bool
) -> None:
    """The copy of a call has several instructions: a thread may stand between them."""
    target = program("beater.c", "100")
    target.wait_line("main")
    for round_ in range(60 if full else 12):
        client = connect()
        attach(client, target)
        wanted = [{"instructionReference": address} for address in calls_in(client, "run")]
        client.request("setInstructionBreakpoints", breakpoints=wanted)
        tid = client.wait_event("stopped")["threadId"]
        client.send("next", threadId=tid, singleThread=bool(round_ % 2))
        client.send("disconnect")
        client.wait_closed()
        expect_untraced(target)
        expect_goes_on(target)


@pytest.mark.parametrize(
    ("mode", "stopped"), [*((mode, False) for mode in MODES), ("", True), ("handled", True)]
)
def test_R33_data_is_watched(connect: Connect, program: Program, mode: str, stopped: bool) -> None:
    target = program("beater.c", "200", *[mode] * bool(mode))
    target.wait_line("main")
    client = connect()
    attach(client, target)
    watched = client.request("dataBreakpointInfo", name="beats")["dataId"]
    wanted = [{"dataId": watched, "accessType": "write", "condition": "1" if stopped else "beats < 0"}]
    assert client.request("setDataBreakpoints", breakpoints=wanted)["breakpoints"][0]["verified"]
    if stopped:
        client.wait_event("stopped")
    else:
        expect_goes_on(target)
    guardian = guardian_of(target)
    kill_server(target)
    expect_goes_on(target)
    target.wait_for(lambda: has_ended(guardian), what="the guardian is done")
    assert not any(debug_control(tid) for tid in target.states())
    expect_goes_on(target)


def guardian_of(target: Target) -> int:
    """The process that puts things right: the only child that a session has."""
    (tracer,) = target.tracers()
    (guardian,) = Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
    return int(guardian)


def has_ended(pid: int) -> bool:
    try:
        return procfs.state(pid) in "ZX"
    except ProcessLookupError:
        return True


def debug_control(tid: int) -> int:
    """DR7 of a thread that nobody traces."""
    api.seize(tid, 0)
    api.interrupt(tid)
    _, status = wait_until_stop(tid)
    control = api.peek_user(tid, 848 + 7 * 8)
    decoded = decode(status)
    api.detach(tid, decoded.value if decoded.kind is Kind.SIGNAL_DELIVERY_STOP else 0)
    return control
