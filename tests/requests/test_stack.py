"""stackTrace, scopes, variables: where a stopped thread really is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import FIXTURES, build
from tests.support.session import attach, pause, resume
from tests.support.steps import fields, leave, obey, refusal
from tests.support.target import Target


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def kernel_view(target: Target, tid: int) -> tuple[int, int]:
    """Stack pointer and program counter of a thread that does not run, by the kernel (proc(5))."""
    words = Path(f"/proc/{target.pid}/task/{tid}/syscall").read_text().split()
    return int(words[-2], 16), int(words[-1], 16)


def top_frame(client: DapClient, tid: int) -> dict[str, Any]:
    answer = client.request("stackTrace", threadId=tid)
    assert answer["totalFrames"] == len(answer["stackFrames"])
    frame: dict[str, Any] = answer["stackFrames"][0]
    return frame


def registers(client: DapClient, frame: dict[str, Any]) -> dict[str, int]:
    reference = registers_of(client, frame)
    variables = client.request("variables", variablesReference=reference)["variables"]
    # Those of floating-point numbers are none of 16 digits.
    return {v["name"]: int(v["value"], 16) for v in variables if v["value"].startswith("0x")}


def registers_of(client: DapClient, frame: dict[str, Any]) -> int:
    """The reference of the scope of registers, which comes last."""
    *_, scope = client.request("scopes", frameId=frame["id"])["scopes"]
    assert scope["name"] == "Registers"
    assert scope["presentationHint"] == "registers"
    return int(scope["variablesReference"])


def symbol_at(executable: Path, offset: int) -> str:
    """The function of an executable's own symbol table that lies at or before an address."""
    nm = subprocess.run(["nm", "-n", executable], capture_output=True, text=True, check=True)
    lines = (line.split() for line in nm.stdout.splitlines())
    functions = [(int(line[0], 16), line[2]) for line in lines if len(line) == 3 and line[1] in "tT"]
    return max(function for function in functions if function[0] <= offset)[1]


def load_address(target: Target, executable: Path) -> int:
    maps = Path(f"/proc/{target.pid}/maps").read_text().splitlines()
    return min(int(line.split("-")[0], 16) for line in maps if line.endswith(str(executable)))


def test_the_top_frame_is_where_the_kernel_says(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    for tid in client.threads():
        frame = top_frame(client, tid)
        sp, pc = kernel_view(crowd, tid)
        assert int(frame["instructionPointerReference"], 16) == pc
        values = registers(client, frame)
        assert pc in values.values()
        assert sp in values.values()
    leave(client, crowd)


def test_the_top_frame_names_module_and_symbol(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", "worker", flags=("-g0",))
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.write_line("")
    fault = fields(target.wait_line("fault"))
    client.wait_event("stopped", 20, reason="exception")

    frame = top_frame(client, fault["tid"])
    executable = build("fatal.c", "-g0")
    pc = int(frame["instructionPointerReference"], 16)
    symbol = symbol_at(executable, pc - load_address(target, executable))
    assert symbol == "segv"
    assert frame["name"].startswith("segv+0x")
    assert executable.name in frame["name"]
    modules = {m["id"]: m["path"] for m in client.request("modules")["modules"]}
    assert modules[frame["moduleId"]] == str(executable)


def test_with_debug_information_it_names_function_file_and_line(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", "worker")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.write_line("")
    fault = fields(target.wait_line("fault"))
    client.wait_event("stopped", 20, reason="exception")
    frame = top_frame(client, fault["tid"])
    source = FIXTURES / "fatal.c"
    assert frame["name"] == "segv"
    assert frame["source"] == {"name": "fatal.c", "path": str(source)}
    assert "@fault" in source.read_text().splitlines()[frame["line"] - 1]


def test_a_source_map_leads_to_the_files(program: Program, connect: Connect, tmp_path: Path) -> None:
    """As if the program had been built elsewhere: the file is where `sourceMap` says."""
    (tmp_path / "fatal.c").write_bytes((FIXTURES / "fatal.c").read_bytes())
    target = program("fatal.c", "segv", flags=(f"-fdebug-prefix-map={FIXTURES}=/elsewhere/src",))
    target.wait_line("main")
    client = connect()
    attach(client, target, sourceMap={"/elsewhere": "/nowhere", "/elsewhere/src": str(tmp_path)})
    target.write_line("")
    fault = fields(target.wait_line("fault"))
    client.wait_event("stopped", 20, reason="exception")
    assert top_frame(client, fault["tid"])["source"]["path"] == str(tmp_path / "fatal.c")


def stack_of(client: DapClient, tid: int, **more: int) -> list[str]:
    body = client.request("stackTrace", threadId=tid, **more)
    return [frame["name"].partition(" ")[0].partition("+")[0] for frame in body["stackFrames"]]


def test_a_whole_stack_and_its_pages(program: Program, connect: Connect) -> None:
    target = program("stacks.c")
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    stacks = {tid: stack_of(client, tid) for tid in client.threads()}
    recursive = next(tid for tid, names in stacks.items() if names.count("recurse") > 2)
    whole = stacks[recursive]
    assert whole.index("block") < whole.index("recurse")
    assert whole[-1] in ("clone3", "clone", "__clone3", "__clone")
    pages = [stack_of(client, recursive, startFrame=n, levels=2) for n in range(0, len(whole), 2)]
    assert [name for page in pages for name in page] == whole
    first = client.request("stackTrace", threadId=recursive, levels=1)
    assert first["totalFrames"] == 2, "there are more"
    assert client.request("stackTrace", threadId=recursive)["totalFrames"] == len(whole)


def test_a_caller_has_registers_of_its_own(program: Program, connect: Connect) -> None:
    target = program("stacks.c")
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    frames = client.request("stackTrace", threadId=target.pid)["stackFrames"]
    pcs = []
    for frame in frames[:3]:
        shown = client.request("variables", variablesReference=registers_of(client, frame))["variables"]
        pcs.append({v["name"]: v["value"] for v in shown}["rip"])
    assert pcs == [frame["instructionPointerReference"] for frame in frames[:3]]


def test_without_symbols_the_offset_in_the_module_is_shown(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", flags=("-s",))
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.write_line("")
    fault = fields(target.wait_line("fault"))
    client.wait_event("stopped", 20, reason="exception")
    frame = top_frame(client, fault["tid"])
    executable = build("fatal.c", "-s")
    pc = int(frame["instructionPointerReference"], 16)
    offset = pc - load_address(target, executable)
    assert frame["name"] == f"{executable.name}+{offset:#x}"


def test_the_program_file_may_be_gone(connect: Connect, tmp_path: Path) -> None:
    copy = tmp_path / "fatal"
    copy.write_bytes(build("fatal.c", "-g0").read_bytes())
    copy.chmod(0o755)
    with Target(copy, "segv") as target:
        target.wait_line("main")
        copy.unlink()
        client = connect()
        attach(client, target)
        target.write_line("")
        fault = fields(target.wait_line("fault"))
        client.wait_event("stopped", 20, reason="exception")
        assert top_frame(client, fault["tid"])["name"].startswith("segv+0x")


def test_a_jump_into_nowhere(connect: Connect) -> None:
    """No module is at the program counter: the bare address is the frame."""
    with Target("/usr/bin/env", "python3", "-c", JUMP) as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        target.write_line("")
        tid = client.wait_event("stopped", 20, reason="exception")["threadId"]
        frame = top_frame(client, tid)
        assert frame["name"] == "0x1234"
        assert frame["instructionPointerReference"] == "0x1234"
        assert "moduleId" not in frame


JUMP = "import ctypes; print('main', flush=True); input(); ctypes.CFUNCTYPE(None)(0x1234)()"


def test_paging_of_frames_and_variables(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    answer = client.request("stackTrace", threadId=crowd.pid, startFrame=0, levels=20)
    total = answer["totalFrames"]
    assert len(answer["stackFrames"]) == min(total, 20)
    behind = client.request("stackTrace", threadId=crowd.pid, startFrame=total, levels=20)
    assert behind["stackFrames"] == []
    reference = registers_of(client, answer["stackFrames"][0])
    everything = client.request("variables", variablesReference=reference)["variables"]
    some = client.request("variables", variablesReference=reference, start=2, count=3)["variables"]
    assert some == everything[2:5]
    leave(client, crowd)


def test_ids_die_with_the_resume(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    frame = top_frame(client, crowd.pid)
    reference = registers_of(client, frame)
    resume(client, crowd.pid)
    pause(client, crowd.pid)
    assert str(frame["id"]) in refusal(client, "scopes", frameId=frame["id"])
    assert str(reference) in refusal(client, "variables", variablesReference=reference)
    leave(client, crowd)


def test_what_has_no_stack_is_refused_with_the_reason(crowd: Target, connect: Connect) -> None:
    client = connect()
    client.initialize()
    assert "attach" in refusal(client, "stackTrace", threadId=crowd.pid)
    client.request("attach", processId=crowd.pid)
    sentence = refusal(client, "stackTrace", threadId=crowd.pid)
    assert str(crowd.pid) in sentence
    assert "running" in sentence
    pause(client, crowd.pid)
    assert "999999" in refusal(client, "stackTrace", threadId=999999)
    assert refusal(client, "scopes", frameId=999999)
    assert refusal(client, "variables", variablesReference=999999)
    leave(client, crowd)


def test_a_worker_is_shown_after_the_leader_has_gone(program: Program, connect: Connect) -> None:
    """A dead leader has no maps in /proc any more; those of a live thread are to be used."""
    target = program("endings.c")
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    target.write_line("leave")
    client.wait_event("thread", 20, reason="exited", threadId=target.pid)
    obey(target, "still")
    worker = max(client.threads())
    pause(client, worker)
    for tid in client.threads():
        frame = top_frame(client, tid)
        assert "moduleId" in frame, frame
        assert not frame["name"].startswith("0x"), frame
    assert client.request("modules")["modules"]
    leave(client, target)


def test_R43_after_an_exec_everything_is_read_from_the_new_program(
    program: Program, connect: Connect
) -> None:
    target = program("exec.c")
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    before = {m["path"] for m in client.request("modules")["modules"]}
    resume(client, target.pid)
    target.write_line(f"become {build('crowd.c')}")
    target.wait_line("main")
    pause(client, target.pid)
    after = {m["path"] for m in client.request("modules")["modules"]}
    assert str(build("exec.c")) in before - after
    assert str(build("crowd.c")) in after - before
    frame = top_frame(client, target.pid)
    sp, pc = kernel_view(target, target.pid)
    assert int(frame["instructionPointerReference"], 16) == pc
    assert sp in registers(client, frame).values()
    assert "moduleId" in frame
    resume(client, target.pid)
    obey(target, "spawn 1")
    leave(client, target)


def test_R43_a_paused_thread_is_readable_while_the_others_come_and_go(
    program: Program, connect: Connect
) -> None:
    target = program("crowd.c", "8")
    target.wait_line("main")
    target.write_line("visit bob")
    visitor = fields(target.wait_line("visiting"))["tid"]
    client = connect()
    attach(client, target, nonStop=True)
    pause(client, visitor)
    target.write_line("churn 3000 8")
    target.write_line("dismiss")
    while "dismiss" not in target.lines:
        frame = top_frame(client, visitor)
        assert int(frame["instructionPointerReference"], 16) == kernel_view(target, visitor)[1]
        assert registers(client, frame)
    resume(client, visitor)
    leave(client, target)
