"""launch: what a launched program gets, what it says, and what cannot be launched."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect
from tests.support.build import build
from tests.support.session import resume
from tests.support.steps import end_of, expect_gone, fields, launch, refusal
from tests.support.tally import tally

SHELL = "/bin/sh"


def output(client: DapClient, category: str) -> str:
    return "".join(event["output"] for event in client.events("output", category=category))


def run(client: DapClient, script: str, *args: str, **more: object) -> str:
    """Launch a shell script and wait for its successful end; what it wrote to stdout."""
    launch(client, SHELL, "-c", script, *args, **more)
    assert end_of(client) == 0
    return output(client, "stdout")


def test_output_and_exit_code(session_client: DapClient) -> None:
    client = session_client
    launch(client, SHELL, "-c", "echo out; echo err >&2; exit 3")
    assert end_of(client) == 3
    assert output(client, "stdout") == "out\n"
    assert output(client, "stderr") == "err\n"
    kinds = [message.get("event") for message in client.messages]
    assert kinds.index("exited") > max(i for i, kind in enumerate(kinds) if kind == "output")
    assert not client.events("stopped")


def test_the_process_event_tells_what_was_launched(connect: Connect) -> None:
    client = connect()
    client.initialize()
    client.request("launch", program="/bin/sleep", args=["1000"])
    process = client.wait_event("process")
    assert process["startMethod"] == "launch"
    assert process["isLocalProcess"] is True
    assert Path(process["name"]).samefile("/bin/sleep")
    assert tally(client).alive == {process["systemProcessId"]}


def test_the_program_waits_for_configuration_done(connect: Connect) -> None:
    client = connect()
    client.initialize()
    client.request("launch", program=SHELL, args=["-c", "echo begun"])
    pid = client.wait_event("process")["systemProcessId"]
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert state == "t"
    assert list(client.threads()) == [pid]
    assert not client.events("output")
    client.request("configurationDone")
    assert end_of(client) == 0
    assert output(client, "stdout") == "begun\n"


def test_arguments_come_through_as_they_are(connect: Connect) -> None:
    odd = ["", "a b", "*", "$HOME", '"', "'", "\\", "ä", "new\nline", "-c"]
    text = run(connect(), 'for one; do printf "[%s]" "$one"; done', "sh", *odd)
    assert text == "".join(f"[{one}]" for one in odd)


def test_directory_and_environment(connect: Connect, tmp_path: Path) -> None:
    text = run(
        connect(),
        'pwd; echo "$ADDED"; echo "${HOME-none}"; echo "${PATH+inherited}"',
        cwd=str(tmp_path),
        env={"ADDED": "a value", "HOME": None},
    )
    assert text.splitlines() == [str(tmp_path), "a value", "none", "inherited"]


def test_a_program_in_path_or_relative_to_its_directory(connect: Connect, tmp_path: Path) -> None:
    client = connect()
    launch(client, "true")
    assert end_of(client) == 0
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)
    client = connect()
    launch(client, "./script", cwd=str(tmp_path))
    assert end_of(client) == 0
    assert output(client, "stdout") == "here\n"


def test_nothing_of_the_debugger_leaks_into_the_program(connect: Connect) -> None:
    script = (
        "grep -E '^Sig(Blk|Ign|Cgt)|^TracerPid' /proc/self/status; ulimit -n; exec /bin/ls -1 /proc/self/fd"
    )
    lines = run(connect(), script).splitlines()
    status = dict(line.split(":\t") for line in lines if ":" in line)
    assert int(status["SigBlk"], 16) == 0
    # Signals 32 and 33 are the C library's own: posix_spawn leaves them ignored, make uses it,
    # and no program can set them back.
    assert int(status["SigIgn"], 16) & ~(0b11 << 31) == 0
    # grep is a child of the program, and nobody traces it.
    assert status["TracerPid"] == "0"
    limit, *descriptors = [line for line in lines if ":" not in line]
    assert int(limit) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # The fourth is the directory that ls itself reads.
    assert descriptors == ["0", "1", "2", "3"]


def test_its_stdin_is_empty(connect: Connect) -> None:
    assert run(connect(), "cat; echo end") == "end\n"


def test_much_output_comes_whole_and_in_order(connect: Connect) -> None:
    assert run(connect(), "seq 1 50000") == "".join(f"{i}\n" for i in range(1, 50001))


def test_characters_survive_being_cut(connect: Connect) -> None:
    text = run(connect(), r"for i in $(seq 2000); do printf '\303'; printf '\244'; done")
    assert text == "ä" * 2000


def test_output_that_is_no_text_is_shown_as_far_as_possible(connect: Connect) -> None:
    text = run(connect(), r"printf 'a\377b\n'")
    assert text.startswith("a")
    assert text.endswith("b\n")


def test_a_child_that_keeps_the_output_open_holds_nothing_up(connect: Connect) -> None:
    client = connect()
    launch(client, SHELL, "-c", "sleep 1000 & echo $!")
    assert end_of(client) == 0
    child = int(output(client, "stdout"))
    client.request("disconnect")
    client.wait_closed()
    os.kill(child, signal.SIGKILL)
    expect_gone(child)


def test_the_threads_of_a_launched_program(connect: Connect) -> None:
    client = connect()
    launch(client, build("ticker.c"), "20", "1", "3")
    assert end_of(client) == 0
    lines = output(client, "stdout").splitlines()
    for word, counted in (("started", tally(client).started), ("exited", tally(client).exited)):
        told = {fields(line)["tid"] for line in lines if line.startswith(word)}
        assert len(told) == 20
        assert told <= set(counted)


def test_stop_at_entry(connect: Connect) -> None:
    client = connect()
    # Linked statically, it begins at a place of its own rather than in the dynamic loader.
    pid = launch(client, build("crowd.c", "-static"), stopOnEntry=True)
    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "entry"
    assert stopped["threadId"] == pid
    assert stopped["allThreadsStopped"]
    frame = client.request("stackTrace", threadId=pid)["stackFrames"][0]
    assert frame["name"].split()[0] == "_start"
    assert not client.events("output")
    resume(client, pid)
    assert end_of(client) == 0
    assert output(client, "stdout") == f"main pid={pid}\n"


def test_no_stop_at_entry_before_the_client_is_ready(connect: Connect) -> None:
    client = connect()
    client.initialize()
    client.request("launch", program="/bin/true", stopOnEntry=True)
    client.threads()
    assert not client.events("stopped")
    client.request("configurationDone")
    client.wait_event("stopped", 20, reason="entry")


BAD = {
    "missing file": ({"program": "/no/such/file"}, "/no/such/file"),
    "missing name": ({"program": "no-such-program-anywhere"}, "PATH"),
    "directory": ({"program": "/usr"}, "directory"),
    "not executable": ({"program": "/etc/passwd"}, "executable"),
    "missing directory": (
        {"program": "/bin/true", "cwd": "/no/such/directory"},
        "/no/such/directory",
    ),
    "no program": ({}, "program"),
    "number for program": ({"program": 7}, "program"),
    "number in args": ({"program": "/bin/true", "args": [7]}, "args"),
    "text for stopOnEntry": ({"program": "/bin/true", "stopOnEntry": "yes"}, "stopOnEntry"),
    "unknown console": ({"program": "/bin/true", "console": "paper"}, "console"),
}


@pytest.mark.parametrize("arguments, named", BAD.values(), ids=BAD)
def test_what_cannot_be_launched_is_refused_by_name(
    connect: Connect, arguments: dict[str, object], named: str
) -> None:
    client = connect()
    client.initialize()
    assert named in refusal(client, "launch", **arguments)
    # The session is as good as new.
    client.request("launch", program="/bin/true")
    client.request("configurationDone")
    assert end_of(client) == 0


def test_a_file_that_is_no_program(connect: Connect, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("just words")
    text.chmod(0o755)
    client = connect()
    client.initialize()
    assert str(text) in refusal(client, "launch", program=str(text))
    client.request("launch", program="/bin/true")
    client.request("configurationDone")
    assert end_of(client) == 0


def test_one_session_launches_once(connect: Connect) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "1000")
    assert str(pid) in refusal(client, "launch", program="/bin/true")
    assert str(pid) in refusal(client, "attach", processId=os.getpid())
    client.request("disconnect", terminateDebuggee=True)
    client.wait_closed()
    expect_gone(pid)
