"""What the thread events of a session have told so far, taken in once each.

Conditions to wait for are tried after every read, and a storm makes tens of thousands of events.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from dapserver.client import DapClient, Message


@dataclass
class Tally:
    started: Counter[int] = field(default_factory=Counter)
    exited: Counter[int] = field(default_factory=Counter)
    alive: set[int] = field(default_factory=set)
    newest: int = 0
    """The tid that started last."""
    _taken: int = 0

    def take(self, messages: list[Message]) -> None:
        """Take in the messages that came since the last time."""
        for message in messages[self._taken :]:
            if message["type"] == "event" and message["event"] == "thread":
                self._count(message["body"]["reason"], message["body"]["threadId"])
        self._taken = len(messages)

    def _count(self, reason: str, tid: int) -> None:
        if reason == "started":
            self.started[tid] += 1
            self.newest = tid
            self.alive.add(tid)
        else:
            self.exited[tid] += 1
            self.alive.discard(tid)


_tallies: WeakKeyDictionary[DapClient, Tally] = WeakKeyDictionary()


def tally(client: DapClient) -> Tally:
    """The thread events that *client* has received up to now."""
    current = _tallies.setdefault(client, Tally())
    current.take(client.messages)
    return current
