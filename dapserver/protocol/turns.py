"""One thing at a time: what waits for its turn, and what has it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

SLICE = 0.001
"""Seconds after which the loop gets a turn itself, if one thing after the other is done at once."""


Action = Callable[[], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Turn:
    """Something that is to be done in its turn."""

    action: Action
    withdrawn: Callable[[], None]
    """Called instead, if it is cancelled before."""


class Turns:
    """Does things one after the other, in the order in which they were added.

    All are done in one task: a client asks for 500 stacks at once, and a task and a pass through the loop
    for each would be a fifth of the time.
    """

    def __init__(self) -> None:
        self._waiting: deque[Turn] = deque()
        self._task: asyncio.Task[None] | None = None
        self._current: Turn | None = None
        self._closed = False
        self.on_done: Callable[[], None] = lambda: None
        """Called when something is done or withdrawn."""

    def __len__(self) -> int:
        return len(self._waiting) + (self._current is not None)

    def add(self, action: Action, withdrawn: Callable[[], None] = lambda: None) -> Turn:
        """Do something in its turn; *withdrawn* is called if it is cancelled before."""
        turn = Turn(action, withdrawn)
        self._waiting.append(turn)
        if self._closed:
            self.cancel(turn)
        elif self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
        return turn

    def cancel(self, turn: Turn) -> None:
        """Withdraw what waits, or cancel what is being done."""
        if turn in self._waiting:
            self._waiting.remove(turn)
            turn.withdrawn()
            self.on_done()
        elif self._task is not None and self._current is turn:
            self._task.cancel()

    def close(self) -> None:
        """Withdraw all that waits and that is still added, and cancel what is being done."""
        self._closed = True
        for turn in [*self._waiting, *([self._current] if self._current else [])]:
            self.cancel(turn)

    async def finish(self) -> None:
        """Wait until everything is done."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        loop, task = asyncio.get_running_loop(), self._task
        assert task is not None
        begin = loop.time()
        while self._waiting:
            self._current = self._waiting.popleft()
            try:
                await self._current.action()
            except asyncio.CancelledError:
                log.debug("a turn was cancelled")
            except Exception:
                log.exception("a turn ended by an error")
            while task.cancelling():
                task.uncancel()
            self._current = None
            self.on_done()
            if loop.time() - begin > SLICE:
                await asyncio.sleep(0)
                begin = loop.time()
        self._task = None
