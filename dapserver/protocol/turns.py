"""One thing at a time: what waits for its turn, and what has it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

LONGEST = 0.001
"""Seconds after which the loop gets a turn itself, if one thing after the other is done at once."""


Action = Callable[[], Awaitable[None]]


class Turns:
    """Does things one after the other, in the order in which they were added.

    All are done in one task: a client asks for 500 stacks at once, and a task and a pass through the loop
    for each would be a fifth of the time.
    """

    def __init__(self) -> None:
        self._waiting: deque[Action] = deque()
        self._task: asyncio.Task[None] | None = None
        self._current: Action | None = None
        self.on_done: Callable[[], None] = lambda: None
        """Called when something is done."""

    def __len__(self) -> int:
        return len(self._waiting) + (self._current is not None)

    def add(self, action: Action) -> None:
        """Do something in its turn."""
        self._waiting.append(action)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def withdraw(self, action: Action) -> bool:
        """Forget what has not had its turn; whether it was there."""
        found = action in self._waiting
        if found:
            self._waiting.remove(action)
        return found

    def cancel(self, action: Action) -> None:
        """Cancel what has its turn, if it is this."""
        if self._task is not None and self._current is action:
            self._task.cancel()

    async def finish(self) -> None:
        """Wait until everything is done."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        loop, task = asyncio.get_running_loop(), self._task
        assert task is not None
        begin = loop.time()
        while self._waiting:
            self._current = action = self._waiting.popleft()
            try:
                await action()
            except asyncio.CancelledError:
                log.debug("a turn was cancelled")
            except Exception:
                log.exception("a turn ended by an error")
            task.uncancel()
            self._current = None
            self.on_done()
            if loop.time() - begin > LONGEST:
                await asyncio.sleep(0)
                begin = loop.time()
        self._task = None
