"""A program that stands at a marked line, and whose thread steps from there."""

from __future__ import annotations

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, set_lines, step, top
from tests.support.session import attach, detach, resume

UNOPTIMIZED = ("-O0",)
GO_FLAGS = ("-gcflags=all=-N -l",)
C, CPP, RUST, GO = "steps.c", "steps.cpp", "panics.rs", "panics.go"
FLAGS = {C: UNOPTIMIZED, CPP: UNOPTIMIZED, "stops.c": UNOPTIMIZED, RUST: (), GO: GO_FLAGS}


class Stepper:
    """A program that stands at a marked line; its main thread steps."""

    def __init__(
        self,
        program: Program,
        connect: Connect,
        fixture: str,
        *,
        flags: tuple[str, ...] | None = None,
    ) -> None:
        self.fixture = fixture
        self.target = program(fixture, flags=FLAGS[fixture] if flags is None else flags)
        self.target.wait_line("main")
        self.client = connect()
        attach(self.client, self.target)
        self.tid = self.target.pid

    def stop(self, marker: str, order: str) -> Message:
        """Give an order, and run to a line; its breakpoint is gone by then."""
        set_lines(self.client, self.fixture, marker)
        self.target.write_line(order)
        stopped = self.client.wait_event("stopped")
        self.tid = stopped["threadId"]
        set_lines(self.client, self.fixture)
        frame = top(self.client, self.tid)
        assert frame["line"] == line_of(self.fixture, marker)
        return frame

    def step(self, kind: str = "next", **more: object) -> Message:
        if self.fixture == GO:
            return self._step_of_a_goroutine(kind)
        return step(self.client, self.tid, kind, **more)

    def _step_of_a_goroutine(self, kind: str) -> Message:
        """It may go on in another thread."""
        self.client.request(kind, threadId=self.tid)
        stopped = self.client.wait_event("stopped")
        assert stopped["reason"] == "step", stopped
        self.tid = stopped["threadId"]
        return top(self.client, self.tid)

    def goes(self, *markers: str, kind: str = "next") -> None:
        """Step once to each of these lines."""
        there = [self.step(kind)["line"] for _ in markers]
        assert there == [line_of(self.fixture, marker) for marker in markers]

    def is_at(self, marker: str) -> bool:
        return bool(top(self.client, self.tid)["line"] == line_of(self.fixture, marker))

    def finish(self, answer: str) -> None:
        """Resume, and see that the program has come to the right result."""
        resume(self.client, self.tid)
        assert self.target.wait_line(answer.split(maxsplit=1)[0]) == answer
        detach(self.client, self.target)


def instructions(client: DapClient, frame: Message, count: int) -> list[tuple[int, str]]:
    reference = frame["instructionPointerReference"]
    found = client.request("disassemble", memoryReference=reference, instructionCount=count)["instructions"]
    return [(int(each["address"], 16), each["instruction"]) for each in found]


def address_of(frame: Message) -> int:
    return int(frame["instructionPointerReference"], 16)
