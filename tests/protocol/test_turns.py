"""One thing at a time: in order, whatever becomes of each, and never for long without the loop."""

from __future__ import annotations

import asyncio
import functools
import time
from itertools import pairwise

from dapserver.protocol.turns import SLICE, Action, Turns


class Diary:
    """Makes things to do that write down what becomes of them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def action(self, name: str, wait: asyncio.Event | None = None) -> Action:
        async def act() -> None:
            self.lines.append(f"{name} begins")
            if wait is not None:
                try:
                    await wait.wait()
                except asyncio.CancelledError:
                    self.lines.append(f"{name} is cancelled")
                    raise
            self.lines.append(f"{name} ends")

        return act


def test_one_ends_before_the_next_begins() -> None:
    async def scene() -> None:
        turns, diary, gate = Turns(), Diary(), asyncio.Event()
        turns.add(diary.action("first", gate))
        turns.add(diary.action("second"))
        await asyncio.sleep(0)
        assert diary.lines == ["first begins"]
        assert len(turns) == 2
        gate.set()
        await turns.finish()
        assert diary.lines == ["first begins", "first ends", "second begins", "second ends"]
        assert len(turns) == 0
        turns.add(diary.action("third"))  # it can begin anew
        await turns.finish()
        assert diary.lines[-1] == "third ends"

    asyncio.run(scene())


def test_what_is_cancelled_before_its_turn_is_not_done() -> None:
    async def scene() -> None:
        turns, diary, gate = Turns(), Diary(), asyncio.Event()
        turns.add(diary.action("first", gate))
        second = turns.add(diary.action("second"), lambda: diary.lines.append("second is withdrawn"))
        turns.add(diary.action("third"))
        await asyncio.sleep(0)
        for _ in range(2):
            turns.cancel(second)
        gate.set()
        await turns.finish()
        turns.cancel(second)
        assert diary.lines == [
            *("first begins", "second is withdrawn", "first ends", "third begins", "third ends")
        ]

    asyncio.run(scene())


def test_cancelling_meets_only_what_has_its_turn() -> None:
    async def scene() -> None:
        turns, diary, never, gate = Turns(), Diary(), asyncio.Event(), asyncio.Event()
        first = turns.add(diary.action("first", never))
        turns.add(diary.action("second", gate))
        await asyncio.sleep(0)
        over = asyncio.Event()
        turns.on_done = over.set
        for _ in range(2):
            turns.cancel(first)
        await over.wait()
        turns.cancel(first)
        gate.set()
        await turns.finish()
        assert diary.lines == ["first begins", "first is cancelled", "second begins", "second ends"]

    asyncio.run(scene())


def test_at_the_end_nothing_is_left() -> None:
    async def scene() -> None:
        turns, diary, never = Turns(), Diary(), asyncio.Event()
        turns.add(diary.action("first", never))
        for name in ("second", "third"):
            turns.add(diary.action(name), functools.partial(diary.lines.append, f"{name} is withdrawn"))
        await asyncio.sleep(0)
        turns.close()
        turns.add(diary.action("fourth"), functools.partial(diary.lines.append, "fourth is withdrawn"))
        await turns.finish()
        assert len(turns) == 0
        assert diary.lines == [
            *("first begins", "second is withdrawn", "third is withdrawn", "fourth is withdrawn"),
            "first is cancelled",
        ]

    asyncio.run(scene())


def test_an_error_ends_no_other_turn() -> None:
    async def scene() -> None:
        turns, diary = Turns(), Diary()

        async def fail() -> None:
            raise ValueError("on purpose")

        turns.add(fail)
        turns.add(diary.action("second"))
        await turns.finish()
        assert diary.lines == ["second begins", "second ends"]

    asyncio.run(scene())


def test_the_loop_has_a_turn_too() -> None:
    """Stops of the program wait meanwhile: thousands of requests are not one long silence."""

    async def scene() -> None:
        turns, left = Turns(), []

        async def work() -> None:
            end = time.monotonic() + SLICE / 4
            while time.monotonic() < end:
                pass

        for _ in range(64):
            turns.add(work)
        while len(turns):
            left.append(len(turns))
            await asyncio.sleep(0)
        assert max(before - after for before, after in pairwise(left)) <= 8

    asyncio.run(scene())
