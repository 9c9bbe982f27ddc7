"""R47: what cannot be attached to, and the cause and the remedy that the user is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.access.users import (
    OTHER_UID,
    as_other,
    needs_root,
    other_users_environment,
    stdio_client_as_other,
)
from tests.conftest import Connect, Program
from tests.support.build import ROOT, build
from tests.support.server import COMMAND, stdio_client
from tests.support.session import wait_settled
from tests.support.steps import leave, obey, refusal
from tests.support.target import Target, python_target

NOBODY_HAS = Path("/proc/sys/kernel/pid_max")


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


@pytest.fixture
def client(connect: Connect) -> DapClient:
    client = connect()
    client.initialize()
    return client


# -- what is no process, or none that can be traced -------------------------------------------

NO_PROCESS_ID = {
    "zero": 0,
    "negative": -1,
    "int max": 2**31,
    "2^63": 2**63,
    "2^64": 2**64,
    "huge": 10**40,
    "huge text": "9" * 400,
    "text": "main",
    "empty text": "",
    "blank": " ",
    "text with a number": "12abc",
    "digits of another script": "\u0661\u0662",
    "fraction": 1.5,
    "text with a fraction": "1.5",
    "hexadecimal": "0x10",
    "true": True,
    "list": [1],
    "object": {"pid": 1},
}


@pytest.mark.parametrize("pid", NO_PROCESS_ID.values(), ids=NO_PROCESS_ID)
def test_what_is_no_process_id(client: DapClient, crowd: Target, pid: object) -> None:
    sentence = refusal(client, "attach", processId=pid)
    is_number = str(pid).lstrip("-").isdecimal() and str(pid).isascii()
    shown = str(pid)[:10] if is_number else repr(pid)[:10]
    assert shown in sentence
    # The session is as good as new.
    client.request("attach", processId=crowd.pid)
    wait_settled(client, crowd)
    leave(client, crowd)


def test_no_such_process(client: DapClient) -> None:
    unused = int(NOBODY_HAS.read_text()) + 10
    assert str(unused) in refusal(client, "attach", processId=unused)


def test_a_process_that_has_just_gone(client: DapClient, crowd: Target) -> None:
    crowd.close()
    sentence = refusal(client, "attach", processId=crowd.pid)
    assert str(crowd.pid) in sentence
    assert "no process" in sentence


@pytest.mark.parametrize("form", ["{}", " {} ", "0{}"])
def test_a_process_id_as_text(client: DapClient, crowd: Target, form: str) -> None:
    client.request("attach", processId=form.format(crowd.pid))
    wait_settled(client, crowd)
    leave(client, crowd)


def test_pid_is_as_good_as_process_id(client: DapClient, crowd: Target) -> None:
    client.request("attach", pid=crowd.pid)
    wait_settled(client, crowd)
    leave(client, crowd)


def test_the_id_of_any_thread_will_do(client: DapClient, crowd: Target) -> None:
    client.request("attach", processId=max(crowd.tids()))
    assert client.wait_event("process")["systemProcessId"] == crowd.pid
    wait_settled(client, crowd)
    leave(client, crowd)


def kernel_thread() -> int | None:
    """Any of the kernel's: their flags say so (PF_KTHREAD)."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        fields = entry.read_text(errors="replace").rpartition(")")[2].split()
        if int(fields[6]) & 0x00200000:
            return int(entry.parent.name)
    return None


@pytest.mark.skipif(kernel_thread() is None, reason="no kernel thread to be seen: in a container")
def test_a_kernel_thread(client: DapClient) -> None:
    pid = kernel_thread()
    sentence = refusal(client, "attach", processId=pid)
    assert "kernel thread" in sentence
    assert str(pid) in sentence


def test_a_zombie(client: DapClient) -> None:
    code = (
        "import os, signal\n"
        "child = os.fork()\n"
        "if not child: os._exit(0)\n"
        "os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n"
        "print('zombie', child)\n"
        "signal.pause()\n"
    )
    with python_target(code) as parent:
        zombie = int(parent.wait_line("zombie").split()[1])
        sentence = refusal(client, "attach", processId=zombie)
    assert "zombie" in sentence
    assert str(zombie) in sentence
    assert str(parent.pid) in sentence


def test_the_debugger_itself() -> None:
    with stdio_client() as client:
        client.initialize()
        assert client.process is not None
        sentence = refusal(client, "attach", processId=client.process.pid)
        assert "itself" in sentence
        client.request("cancel")


def test_a_pid_wanted_and_none_given(client: DapClient) -> None:
    assert "processId" in refusal(client, "attach")
    assert "processId" in refusal(client, "attach", processId=None)


# -- what may not be traced -----------------------------------------------------------------------


@pytest.fixture
def others_client() -> Iterator[DapClient]:
    """A session of a debugger that the other user runs."""
    with stdio_client_as_other() as client:
        client.initialize()
        yield client


def others_program(*argv: str | os.PathLike[str], capability: str = "") -> Target:
    """A program that the other user runs."""
    command = as_other(*argv, capability=capability)
    return Target(*command, env=other_users_environment())


def expect_untouched(target: Target) -> None:
    assert target.tracers() == {0}
    obey(target, "spawn 1")


@needs_root
def test_R47_the_other_user_may_trace_its_own(others_client: DapClient) -> None:
    with others_program(build("crowd.c"), "3") as target:
        target.wait_line("main")
        others_client.request("attach", processId=target.pid)
        wait_settled(others_client, target)
        leave(others_client, target)
        obey(target, "spawn 1")


@needs_root
def test_R47_root_may_trace_what_another_user_runs(client: DapClient) -> None:
    with others_program(build("crowd.c"), "3") as target:
        target.wait_line("main")
        client.request("attach", processId=target.pid)
        wait_settled(client, target)
        leave(client, target)
        obey(target, "spawn 1")


@needs_root
def test_R47_a_process_of_another_user(others_client: DapClient, crowd: Target) -> None:
    sentence = refusal(others_client, "attach", processId=crowd.pid)
    assert str(crowd.pid) in sentence
    assert f"root (uid {os.getuid()})" in sentence
    assert f"uid {OTHER_UID}" in sentence
    assert "sudo" in sentence
    expect_untouched(crowd)


UNDUMPABLE = """
import ctypes, sys
PR_SET_DUMPABLE = 4
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
print("main")
input()
print("untouched")
"""


@needs_root
def test_R47_a_process_that_is_not_dumpable(others_client: DapClient) -> None:
    with others_program(sys.executable, "-u", "-c", UNDUMPABLE) as target:
        target.wait_line("main")
        sentence = refusal(others_client, "attach", processId=target.pid)
        assert "dumpable" in sentence
        assert "root" in sentence
        assert target.tracers() == {0}
        target.write_line("")
        target.wait_line("untouched")


@needs_root
def test_R47_root_may_trace_what_is_not_dumpable(client: DapClient) -> None:
    with others_program(sys.executable, "-u", "-c", UNDUMPABLE) as target:
        target.wait_line("main")
        client.request("attach", processId=target.pid)
        wait_settled(client, target)
        leave(client, target)


@needs_root
def test_R47_a_process_with_capabilities_that_we_lack(others_client: DapClient) -> None:
    with others_program(build("crowd.c"), "1", capability="net_raw") as target:
        target.wait_line("main")
        sentence = refusal(others_client, "attach", processId=target.pid)
        assert "capabilities" in sentence
        expect_untouched(target)


TRACER_ALLOWED = """
import ctypes
PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616D61, ctypes.c_ulong(-1)
ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
print("main")
input()
"""


@needs_root
def test_R47_a_process_that_lets_anybody_trace_it(others_client: DapClient) -> None:
    """Also where Yama allows only parents to trace; where there is no Yama, nothing hinders."""
    with others_program(sys.executable, "-u", "-c", TRACER_ALLOWED) as target:
        target.wait_line("main")
        others_client.request("attach", processId=target.pid)
        wait_settled(others_client, target)
        leave(others_client, target)


@needs_root
def test_R47_a_debugger_in_a_user_namespace_of_its_own(crowd: Target) -> None:
    """Root there, it has no say out here, though the uid is the same."""
    command = ["unshare", "--user", "--map-root-user", *COMMAND]
    with DapClient.stdio(command, cwd=ROOT) as client:
        client.initialize()
        sentence = refusal(client, "attach", processId=crowd.pid)
        assert "user namespace" in sentence
        client.request("disconnect")
    expect_untouched(crowd)


@pytest.mark.parametrize("user", ["root", pytest.param("other", marks=needs_root)])
def test_R47_a_debugger_that_a_seccomp_filter_forbids_to_trace(user: str) -> None:
    sandboxed = [str(build("no_ptrace.c")), *COMMAND]
    command = as_other(*sandboxed) if user == "other" else sandboxed
    own = as_other(build("crowd.c"), "1") if user == "other" else [str(build("crowd.c")), "1"]
    with Target(*own) as target, DapClient.stdio(command, cwd=ROOT) as client:
        target.wait_line("main")
        client.initialize()
        sentence = refusal(client, "attach", processId=target.pid)
        assert "seccomp" in sentence
        assert "SYS_PTRACE" in sentence
        client.request("disconnect")
        expect_untouched(target)


def test_R47_a_launch_under_a_seccomp_filter_is_refused_too() -> None:
    command = [str(build("no_ptrace.c")), *COMMAND]
    with DapClient.stdio(command, cwd=ROOT) as client:
        client.initialize()
        assert "seccomp" in refusal(client, "launch", program="/bin/true")
        client.request("disconnect")


# What Yama forbids, with its setting in a made file: not every kernel has Yama.
YAMA_TEXT = """
import sys
from pathlib import Path
from dapserver.debugger import refusal
refusal.YAMA = Path(sys.argv[1])
print(refusal.not_permitted(int(sys.argv[2]), int(sys.argv[2])))
"""


def yama_sentence(scope: str, setting: Path, *, as_root: bool) -> str:
    """What is said when Yama with this setting forbids to trace a process of the same user."""
    setting.write_text(scope + "\n")
    setting.chmod(0o644)
    script = [sys.executable, "-c", YAMA_TEXT, str(setting)]
    own = [str(build("crowd.c")), "1"]
    environment = other_users_environment()
    with Target(*(own if as_root else as_other(*own))) as target:
        target.wait_line("main")
        command = [*script, str(target.pid)]
        with Target(*(command if as_root else as_other(*command)), env=environment) as asked:
            return asked.read_line()


@needs_root
@pytest.mark.parametrize(
    "scope, wanted",
    [
        ("1", ["ptrace_scope is 1", "parent", "sysctl kernel.yama.ptrace_scope=0", "PR_SET_PTRACER"]),
        ("2", ["ptrace_scope is 2", "root", "sudo"]),
        ("3", ["ptrace_scope is 3", "boot"]),
    ],
)
def test_R47_what_yama_forbids(scope: str, wanted: list[str], tmp_path: Path) -> None:
    sentence = yama_sentence(scope, tmp_path / "ptrace_scope", as_root=False)
    for words in wanted:
        assert words in sentence


@needs_root
@pytest.mark.parametrize("scope", ["0", "", "unreadable"])
def test_R47_what_yama_does_not_forbid(scope: str, tmp_path: Path) -> None:
    sentence = yama_sentence(scope, tmp_path / "ptrace_scope", as_root=False)
    assert "Yama" not in sentence


@needs_root
def test_R47_what_yama_forbids_even_root(tmp_path: Path) -> None:
    assert "ptrace_scope is 3" in yama_sentence("3", tmp_path / "ptrace_scope", as_root=True)
    assert "Yama" not in yama_sentence("2", tmp_path / "ptrace_scope", as_root=True)


# -- containers -------------------------------------------------------------------------------


def test_R48_a_debugger_and_its_process_in_the_same_container() -> None:
    """Ids are those of the debugger's own pid namespace."""
    namespaces = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    with DapClient.stdio([*namespaces, *COMMAND], cwd=ROOT) as client:
        client.initialize()
        client.request("launch", program=str(build("ticker.c")), args=["5", "1", "5"])
        client.request("configurationDone")
        client.wait_event("exited", 20, exitCode=0)
        text = "".join(event["output"] for event in client.events("output", category="stdout"))
        told = {int(word[4:]) for word in text.split() if word.startswith("tid=")}
        heard = {event["threadId"] for event in client.events("thread")}
        assert told
        assert told <= heard
        assert max(heard) < 100
        client.request("disconnect")
