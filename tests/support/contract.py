"""The thread contract, checked on the recorded wire of any session.

What a client received, in its order, is enough to tell whether the thread list was always
true: this replays it and keeps the list that an editor would keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

Message = dict[str, Any]

NAME = re.compile(r".* \[(\d+)\]( goroutine \d+( \S+)?)?", re.DOTALL)
INT32_MAX = 2**31 - 1
# What a session may say by itself without having been asked. Anything else is noise to an editor.
KNOWN_EVENTS = {
    "memory",
    "breakpoint",
    "continued",
    "exited",
    "initialized",
    "invalidated",
    "capabilities",
    "module",
    "output",
    "process",
    "stopped",
    "terminated",
    "thread",
}


def check_stream(messages: Iterable[Message]) -> set[int]:
    """Assert that the messages of one session keep the contract; the threads alive at their end.

    A stream that was cut off anywhere is as good as a whole one.
    """
    replay = _Replay()
    for position, message in enumerate(messages):
        try:
            replay.take(message)
        except AssertionError as error:
            raise AssertionError(f"message {position}: {error}; it is {message}") from None
    return replay.alive


def thread_events(messages: Iterable[Message]) -> list[tuple[str, int]]:
    """The thread events alone: ("started", tid) and ("exited", tid)."""
    return [
        (message["body"]["reason"], message["body"]["threadId"])
        for message in messages
        if message["type"] == "event" and message["event"] == "thread"
    ]


def other_events(messages: Iterable[Message]) -> list[Message]:
    """The events that are not about a thread's coming, going or naming."""
    return [
        message
        for message in messages
        if message["type"] == "event" and message["event"] not in ("thread", "invalidated")
    ]


class _Replay:
    def __init__(self) -> None:
        self.alive: set[int] = set()
        self._stopped: set[int] = set()
        self._just_resumed = False  # by a request whose `continued` may follow its response
        self._seq = 0
        self._answered: set[int] = set()
        self._begun = ""  # "attach" or "launch" once that was answered
        self._initialized = False
        self._process_exited = False
        self._terminated = False

    def take(self, message: Message) -> None:
        assert message["seq"] > self._seq, f"seq does not rise above {self._seq}"
        self._seq = message["seq"]
        if message["type"] == "response":
            self._response(message)
        elif message["type"] == "event":
            self._event(message)
        else:
            assert message["type"] == "request", "neither response nor event nor request"

    # -- responses -------------------------------------------------------------------------

    def _response(self, message: Message) -> None:
        request = message["request_seq"]
        assert request not in self._answered, "answered twice"
        self._answered.add(request)
        if not message["success"]:
            assert "internal error" not in str(message), "a bug of the server"
            return
        match message["command"]:
            case "attach" | "launch":
                self._begun = message["command"]
            case "threads":
                self._threads(message["body"]["threads"])
            case "continue":
                self._resumed_by(message.get("body") or {})

    def _threads(self, listed: list[Message]) -> None:
        tids = [thread["id"] for thread in listed]
        assert len(tids) == len(set(tids)), "a thread is listed twice"
        missing, ghosts = self.alive - set(tids), set(tids) - self.alive
        assert not missing, f"started, not exited, but not listed: {sorted(missing)}"
        assert not ghosts, f"listed, but not alive on the wire: {sorted(ghosts)}"
        for thread in listed:
            name = NAME.fullmatch(thread["name"])
            assert name, f"not `comm [tid]`: {thread['name']!r}"
            assert int(name[1]) == thread["id"], f"{thread['id']} is named {thread['name']!r}"

    def _resumed_by(self, body: Message) -> None:
        self._just_resumed = True
        if body.get("allThreadsContinued", True):
            self._stopped.clear()

    # -- events ----------------------------------------------------------------------------

    def _event(self, message: Message) -> None:
        kind, body = message["event"], message.get("body") or {}
        assert kind in KNOWN_EVENTS, "an event that nobody asked for"
        handlers: dict[str, Callable[[Message], None]] = {
            "continued": self._on_continued,
            "exited": self._on_exited,
            "initialized": self._on_initialized,
            "invalidated": self._on_invalidated,
            "output": self._on_output,
            "stopped": self._on_stopped,
            "terminated": self._on_terminated,
            "thread": self._on_thread,
        }
        if kind in handlers:
            handlers[kind](body)

    def _on_thread(self, body: Message) -> None:
        assert self._begun, "before the response to attach or launch"
        assert not self._terminated, "after `terminated`"
        tid, reason = body["threadId"], body["reason"]
        assert 0 < tid <= INT32_MAX, "not a thread id"
        if reason == "started":
            assert tid not in self.alive, "started twice"
            self.alive.add(tid)
            self._process_exited = False  # a restarted program begins anew
        else:
            assert reason == "exited", f"unknown reason {reason}"
            assert tid in self.alive, "exited without having started"
            self.alive.discard(tid)
            self._stopped.discard(tid)

    def _on_stopped(self, body: Message) -> None:
        if body.get("allThreadsStopped"):
            self._stopped |= self.alive
        if "threadId" in body:
            assert body["threadId"] in self.alive, "stopped, but not alive on the wire"
            self._stopped.add(body["threadId"])

    def _on_continued(self, body: Message) -> None:
        assert body["threadId"] in self.alive, "continued, but not alive on the wire"
        assert self._stopped or self._just_resumed, "continued while nothing was stopped"
        self._just_resumed = False
        if body.get("allThreadsContinued"):
            self._stopped.clear()
        self._stopped.discard(body["threadId"])

    def _on_exited(self, body: Message) -> None:
        assert not self.alive, f"the process exited with threads alive: {sorted(self.alive)}"
        assert not self._process_exited, "exited twice"
        assert isinstance(body["exitCode"], int), "no exit code"
        self._process_exited = True

    def _on_terminated(self, _body: Message) -> None:
        assert not self._terminated, "terminated twice"
        self._terminated = True

    def _on_initialized(self, _body: Message) -> None:
        assert not self._initialized, "initialized twice"
        self._initialized = True

    def _on_invalidated(self, body: Message) -> None:
        assert body.get("areas"), "invalidates everything"
        tid = body.get("threadId")
        assert tid is None or tid in self.alive, "of a thread that is not alive on the wire"

    def _on_output(self, body: Message) -> None:
        if self._begun == "attach":
            category = body.get("category", "console")
            assert category not in ("stdout", "stderr"), "the output of a foreign process"
