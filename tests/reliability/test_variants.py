"""Processes of other makes: another pid namespace, 32-bit, static, stripped, Go, musl."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dapserver.client import DapClient, RequestFailed
from tests.conftest import Connect, Program
from tests.support.build import BuildError, build
from tests.support.session import attach, pause, resume, wait_exited, wait_settled, wait_started
from tests.support.steps import fields, held_threads, leave, live_children, obey
from tests.support.tally import tally
from tests.support.target import Target
from tests.support.waiting import wait_until


def use(client: DapClient, target: Target) -> None:
    """What every process must be good for: pause, look at each thread, continue."""
    stopped = pause(client, target.pid)
    assert stopped["allThreadsStopped"]
    held = held_threads(target)
    assert set(client.threads()) == held == tally(client).alive
    for tid in sorted(held):
        expect_top_frame(client, tid)
    resume(client, target.pid)


def expect_top_frame(client: DapClient, tid: int) -> None:
    """A frame with an address, and registers that agree with it."""
    frame = client.request("stackTrace", threadId=tid)["stackFrames"][0]
    address = int(frame["instructionPointerReference"], 16)
    scopes = client.request("scopes", frameId=frame["id"])["scopes"]
    (registers,) = [scope for scope in scopes if scope.get("presentationHint") == "registers"]
    variables = client.request("variables", variablesReference=registers["variablesReference"])
    assert address in {number(v["value"]) for v in variables["variables"]}


def number(text: str) -> int | None:
    try:
        return int(text.split(maxsplit=1)[0], 0)
    except (ValueError, IndexError):
        return None


class Contained(Target):
    """A program in pid and mount namespaces of its own; `pid` is its id out here."""

    def __init__(self, program: Path, *args: str) -> None:
        # The program lies on a file system that only the container has.
        script = 'mount -t tmpfs none /mnt && cp "$0" /mnt/contained && cd /mnt && exec /mnt/contained "$@"'
        unshare = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
        super().__init__(*unshare, "/bin/sh", "-c", script, str(program), *args)
        self.wait_line("main pid=1")
        (self.pid,) = live_children(self.process.pid)

    def close(self) -> None:
        self.pid = self.process.pid  # the leader of the group that is to be killed
        super().close()


@pytest.fixture
def contained() -> Iterator[Contained]:
    with Contained(build("crowd.c"), "3") as target:
        yield target


def inner_id(target: Target, tid: int) -> int:
    """The id that the thread has in its own pid namespace."""
    return int(target.status("NSpid", tid).split()[-1])


def test_R48_a_process_in_a_container_shows_the_ids_of_the_outside(
    contained: Contained, connect: Connect
) -> None:
    client = connect()
    attach(client, contained)
    assert client.wait_event("process")["systemProcessId"] == contained.pid
    contained.write_line("visit bob")
    inside = fields(contained.wait_line("visiting"))["tid"]
    outside = next(tid for tid in contained.tids() if inner_id(contained, tid) == inside)
    assert inside != outside
    wait_started(client, outside)
    use(client, contained)
    obey(contained, "leave")
    wait_exited(client, outside)
    obey(contained, "churn 200 8")
    wait_settled(client, contained)
    leave(client, contained)


def test_R48_files_are_those_that_the_container_has(contained: Contained, connect: Connect) -> None:
    client = connect()
    attach(client, contained)
    module = next(
        event["module"] for event in client.events("module") if event["module"]["name"] == "contained"
    )
    assert module["path"] == "/mnt/contained"
    assert not Path("/mnt/contained").exists()
    obey(contained, "visit bob")
    pause(client, contained.pid)
    # The main thread waits in read(), the others in functions of libc; a function of the program
    # itself is on no top frame, but its file has been read if its symbols are there.
    for tid in client.threads():
        frame = client.request("stackTrace", threadId=tid)["stackFrames"][0]
        assert not frame["name"].startswith("0x"), frame
    leave(client, contained)


def test_R48_files_below_another_root(tmp_path: Path, connect: Connect) -> None:
    """chroot(2) alone makes no namespace, so /proc/PID/maps names the files as we would."""
    shutil.copy(build("crowd.c", "-static"), tmp_path)
    with Target("chroot", str(tmp_path), "/crowd", "3") as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        obey(target, "visit bob")
        pause(client, target.pid)
        names = {
            frame["name"].split()[0]
            for tid in client.threads()
            for frame in client.request("stackTrace", threadId=tid)["stackFrames"]
        }
        assert "main" in names
        leave(client, target)


FLAGS = {
    "static": ("-static",),
    "stripped": ("-s",),
    "static-stripped": ("-static", "-s"),
    "static-pie": ("-static-pie",),
    "no-pie": ("-no-pie",),
}


@pytest.mark.parametrize("variant", FLAGS)
def test_R49_however_it_was_linked(program: Program, connect: Connect, variant: str) -> None:
    target = program("crowd.c", "3", flags=FLAGS[variant])
    target.wait_line("main")
    client = connect()
    attach(client, target)
    use(client, target)
    obey(target, "churn 200 8")
    wait_settled(client, target)
    leave(client, target)


TINY32 = (
    "-m32",
    "-nostdlib",
    "-static",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-pie",
    "-no-pie",
)


needs_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 runs 32-bit x86 programs")


@pytest.fixture
def tiny32(program: Program) -> Target:
    target = program("tiny32.c", flags=TINY32)
    for _ in range(3):
        target.read_line()
    return target


@needs_x86
def test_R49_the_threads_of_a_32_bit_process(tiny32: Target, connect: Connect) -> None:
    client = connect()
    attach(client, tiny32)
    for _ in range(3):
        pause(client, tiny32.pid)
        assert set(client.threads()) == held_threads(tiny32)
        resume(client, tiny32.pid)
    tiny32.write_line("")
    assert client.wait_event("exited") == {"exitCode": 7}


@needs_x86
def test_R49_a_32_bit_process_is_called_one(tiny32: Target, connect: Connect) -> None:
    client = connect()
    attach(client, tiny32)
    assert client.wait_event("process")["pointerSize"] == 32


@needs_x86
def test_R49_the_stack_of_a_32_bit_thread_is_shown_or_refused_with_the_reason(
    tiny32: Target, connect: Connect
) -> None:
    client = connect()
    attach(client, tiny32)
    pause(client, tiny32.pid)
    try:
        expect_top_frame(client, tiny32.pid)
    except RequestFailed as refused:
        assert "32-bit" in str(refused)
        assert "nternal error" not in str(refused)
    leave(client, tiny32)


def test_R50_the_preemption_of_goroutines_is_no_news(program: Program, connect: Connect) -> None:
    target = program("goroutines.go")
    target.wait_line("main", 30)
    client = connect()
    client.attach(target.pid)
    for _ in range(5):
        use(client, target)
    assert len(client.events("stopped")) == 5
    target.write_line("")
    assert int(target.wait_line("urged").split()[1]) > 0
    assert client.wait_event("exited") == {"exitCode": 0}
    assert len(client.events("stopped")) == 5


@pytest.fixture(scope="session")
def musl_crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """crowd.c linked with musl."""
    if shutil.which("musl-gcc") is None:
        raise BuildError("the tests need musl-gcc (Debian: musl-tools), which is not installed")
    executable = tmp_path_factory.mktemp("musl") / "crowd"
    source = Path(__file__).parents[2] / "fixtures" / "crowd.c"
    subprocess.run(["musl-gcc", "-O1", "-pthread", "-o", executable, source], check=True)
    return executable


def test_R50_the_threads_of_musl(musl_crowd: Path, connect: Connect) -> None:
    with Target(musl_crowd, "3") as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        use(client, target)
        target.write_line("visit bob")
        tid = fields(target.wait_line("visiting"))["tid"]
        wait_started(client, tid)
        wait_until(lambda: client.threads()[tid] == f"bob [{tid}]")
        obey(target, "leave")
        wait_exited(client, tid)
        obey(target, "churn 200 8")
        wait_settled(client, target)
        leave(client, target)
