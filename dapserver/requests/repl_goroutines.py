"""The debug console's commands for goroutines."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.goroutines import own_frame
from dapserver.handles import Frame
from dapserver.requests.goroutines import created_by, current, describe, described, frames, held, registers_of
from dapserver.requests.repl import Call, backtrace, command, find
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.goroutines import Goroutine

LINES = 200
"""Goroutines that are written at once."""
SEARCHED = 10_000
"""Goroutines that are looked at for a text: each takes a walk along its stack."""


@command(
    "goroutines",
    usage="goroutines [TEXT]",
    text="goroutines: what they do and where; or those with TEXT in their line (system: the runtime's own)",
)
async def list_goroutines(session: Session, _frame: Frame | None, rest: str) -> str:
    _require_held(session)
    goroutines = current(session)
    users = await asyncio.to_thread(goroutines.all)
    system = await asyncio.to_thread(goroutines.all, of_system=True)
    # Registers take ptrace requests, which must come from this thread.
    running = await asyncio.to_thread(goroutines.running)
    registers = {each.id: registers_of(session, each) for each in running.values()}

    def matching() -> Iterator[str]:
        for each in goroutines.look(each.address for each in [*(system if rest else ()), *users][:SEARCHED]):
            line = f"goroutine {each.id} {describe(goroutines, each, registers.get(each.id))}"
            line += " (system)" if each.is_system else ""
            if rest in line:
                yield line

    lines = await asyncio.to_thread(lambda: list(islice(matching(), LINES + 1)))
    if len(lines) > LINES:
        lines[LINES:] = [f"(more, of {len(users)}: goroutines TEXT shows those with TEXT in their line)"]
    elif len(users) > SEARCHED:
        lines.append(f"(looked at {SEARCHED} of {len(users)})")
    if not rest:
        lines.append(f"(and {len(system)} of the runtime's own: goroutines system)")
    return "\n".join(lines) or f"There is no goroutine with {rest} in its line."


@command(
    "goroutine",
    usage="goroutine ID [#N] [COMMAND]",
    text="one goroutine's stack, or a command in its frame N: goroutine 17 info locals",
)
async def one_goroutine(session: Session, _frame: Frame | None, rest: str) -> str:
    match = re.fullmatch(r"(\d+)(?:\s+#(\d+))?(?:\s+(.*))?", rest, re.DOTALL)
    if match is None:
        raise DebuggerError("Say which goroutine, as in: goroutine 17. The command goroutines lists them.")
    tid = _require_held(session)
    goroutine = await _goroutine(session, int(match.group(1)))
    inner = match.group(3)
    if not inner:
        return await _whole(session, tid, goroutine)
    call = find(inner) or find(f"p {inner}")
    if call is None:
        raise DebuggerError(f"{inner} is no command. The command help lists them.")
    return await _in_frame(session, tid, goroutine, match.group(2), call)


async def _goroutine(session: Session, number: int) -> Goroutine:
    goroutines = current(session)
    known = [
        *await asyncio.to_thread(goroutines.all),
        *await asyncio.to_thread(goroutines.all, of_system=True),
    ]
    found = next(goroutines.look(each.address for each in known if each.id == number), None)
    if found is None:
        raise DebuggerError(f"There is no goroutine {number} (any more). The command goroutines lists them.")
    return found


async def _whole(session: Session, tid: int, goroutine: Goroutine) -> str:
    (line,) = await described(session, [goroutine])
    (top,) = await frames(session, goroutine, slice(0, 1))
    lines = [f"goroutine {goroutine.id} {line}", await backtrace(session, Frame(tid, top, goroutine), "")]
    creation = await asyncio.to_thread(created_by, current(session), goroutine)
    return "\n".join([*lines, f"created by {creation}"] if creation else lines)


async def _in_frame(session: Session, tid: int, goroutine: Goroutine, number: str | None, call: Call) -> str:
    """Run a command in a frame of the goroutine: in the first of the program's own unless told."""
    if number is None:
        selected = own_frame(await frames(session, goroutine, slice(0, LINES)))
    else:
        selected = next(iter(await frames(session, goroutine, slice(int(number), int(number) + 1))), None)
    if selected is None:
        raise DebuggerError(f"Goroutine {goroutine.id} has no such frame.")
    return await call.run(session, Frame(tid, selected, goroutine))


def _require_held(session: Session) -> int:
    """A thread that stands still, from which goroutines can be looked at."""
    found = held(session)
    if not found:
        raise DebuggerError("The program is running: pause it first.", short="notStopped")
    return min(found)
