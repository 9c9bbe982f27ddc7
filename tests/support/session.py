"""What most tests do in a debug session."""

from __future__ import annotations

import signal

from dapserver.client import DapClient, Message
from tests.support.tally import tally
from tests.support.target import Target


def attach(client: DapClient, target: Target, **arguments: object) -> None:
    """Attach, and wait until the wire shows the threads that the kernel shows."""
    client.attach(target.pid, **arguments)
    wait_settled(client, target)


def wait_settled(client: DapClient, target: Target) -> None:
    """Wait until the threads alive on the wire are those that the kernel shows."""
    client.wait_until(lambda: tally(client).alive == target.tids() - dead(target))


def dead(target: Target) -> set[int]:
    """Threads that are only still in /proc: a leader that ended before the others."""
    return {tid for tid, state in target.states().items() if state in "ZX"}


def wait_started(client: DapClient, tid: int) -> None:
    client.wait_until(lambda: tally(client).started[tid] > 0)


def wait_exited(client: DapClient, tid: int) -> None:
    client.wait_until(lambda: tally(client).exited[tid] > 0)


def wait_exits(client: DapClient, number: int, timeout: float = 60) -> None:
    """Wait until that many threads have exited since the session began."""
    client.wait_until(lambda: tally(client).exited.total() >= number, timeout)


def pause(client: DapClient, tid: int) -> Message:
    """Pause, and wait for the `stopped` that it leads to."""
    client.request("pause", threadId=tid)
    return client.wait_event("stopped", 20)


def resume(client: DapClient, tid: int) -> Message:
    return client.request("continue", threadId=tid)


def detach(client: DapClient, target: Target) -> None:
    """Leave, and see that nothing of the session is left in the target."""
    client.request("disconnect", terminateDebuggee=False)
    target.wait_for(lambda: target.tracers() <= {0}, what="no thread is traced any more")
    assert not {"T", "t"} & set(target.states().values()), target.states()


def expect_end(client: DapClient, target: Target, code: int) -> None:
    """Wait for the end of session and target. *code*: as subprocess, negative for a signal."""
    reported = client.wait_event("exited")["exitCode"]
    client.wait_event("terminated")
    assert tally(client).alive == set()
    assert target.expect_exit() == code
    assert reported == exit_code(code), f"{signal.Signals(-code) if code < 0 else code}"


def exit_code(code: int) -> int:
    """What `exited` says: as a shell, 128 and the signal's number if one ended the process."""
    return 128 - code if code < 0 else code
