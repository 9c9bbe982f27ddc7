"""Goroutines, beside the threads that run them: in the threads' names, and as a scope of each frame.

They are no threads of DAP's: those are the kernel's, and come and go with events.
"""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.goroutines import own_frame
from dapserver.debugger.thread import State
from dapserver.handles import Frame, Group, StackOf, VariablesOf
from dapserver.protocol import types as dap
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.goroutines import Goroutine, Goroutines
    from dapserver.debugger.stack import StackFrame
    from dapserver.ptrace.registers import Registers

PAGE = 1000
"""Goroutines or frames given to a client that does not say how many it wants."""


async def thread_names(session: Session) -> dict[int, str]:
    """Say of the threads that stand still which goroutines they run, by tid. Nothing if all run."""
    modules = session.require_publisher().modules
    module = modules.of_go()
    if module is None or not held(session) or await asyncio.to_thread(modules.source_info, module) is None:
        return {}
    goroutines = current(session)
    try:
        running = await asyncio.to_thread(goroutines.running)
    except DebuggerError:  # what the debug console says of it
        return {}
    stopped = held(session)
    registers = {tid: registers_of(session, each) for tid, each in running.items() if tid in stopped}

    def names() -> dict[int, str]:
        functions = {tid: goroutines.function(running[tid], registers[tid]) for tid in registers}
        return {tid: f"goroutine {running[tid].id} {name}".rstrip() for tid, name in functions.items()}

    return await asyncio.to_thread(names)


def current(session: Session) -> Goroutines:
    """The goroutines, as they are now."""
    goroutines = session.require_inspector().goroutines
    if len(held(session)) < len(session.require_process().threads):
        goroutines.forget()  # threads run on
    return goroutines


def held(session: Session) -> set[int]:
    """The threads that stand still."""
    threads = session.require_process().threads
    return {tid for tid, each in threads.items() if each.state is State.STOPPED and each.wanted_stopped}


# -- the scope -------------------------------------------------------------------------------------


def scope(session: Session, frame: Frame) -> dap.Scope | None:
    """Make the scope; None if the program has no goroutines to show. May be done in another thread."""
    goroutines = current(session)
    if not goroutines.can_be_told:
        return None
    try:
        found = goroutines.all()
    except DebuggerError:  # what the debug console says of it
        return None
    return dap.Scope(
        name=Group.GOROUTINES.value,
        variables_reference=session.variables.add(frame.tid, VariablesOf(frame, Group.GOROUTINES)),
        named_variables=1,
        indexed_variables=len(found),
        expensive=True,
    )


async def rows(
    session: Session, container: VariablesOf | StackOf, arguments: dap.VariablesArguments
) -> list[dap.Variable]:
    """Give what the scope, or a goroutine in it, opens into."""
    start, count = max(0, arguments.start or 0), arguments.count or PAGE
    if isinstance(container, StackOf):
        return await _frame_rows(session, container, slice(start, start + count))
    goroutines, of_system = current(session), container.group is Group.SYSTEM_GOROUTINES
    shown: list[dap.Variable] = []
    if not of_system and arguments.filter != "indexed":
        found = await asyncio.to_thread(goroutines.all, of_system=True)
        shown.append(_system_row(session, container.frame, len(found)))
    if arguments.filter != "named":
        found = await asyncio.to_thread(goroutines.all, of_system=of_system)
        wanted = list(goroutines.look(each.address for each in found[start : start + count]))
        shown += await _goroutine_rows(session, container.frame, wanted)
        if not arguments.count and len(found) > start + count:  # it does not page
            shown.append(_more(len(found) - start - count))
    return shown


def _more(count: int) -> dap.Variable:
    text = f"{count}: the debug console's command goroutines TEXT shows those with TEXT in their line"
    return dap.Variable(name="more", value=text, variables_reference=0)


def _system_row(session: Session, frame: Frame, count: int) -> dap.Variable:
    reference = session.variables.add(frame.tid, VariablesOf(frame, Group.SYSTEM_GOROUTINES))
    return dap.Variable(
        name="system",
        value=f"{count} of the runtime's own",
        variables_reference=reference if count else 0,
        indexed_variables=count or None,
        presentation_hint=dap.VariablePresentationHint(kind="virtual"),
    )


async def _goroutine_rows(session: Session, frame: Frame, wanted: list[Goroutine]) -> list[dap.Variable]:
    lines = await described(session, wanted)
    return [
        dap.Variable(
            name=f"goroutine {each.id}",
            value=line,
            variables_reference=session.variables.add(frame.tid, StackOf(frame, each)),
            presentation_hint=dap.VariablePresentationHint(kind="virtual"),
        )
        for each, line in zip(wanted, lines, strict=True)
    ]


async def _frame_rows(session: Session, container: StackOf, part: slice) -> list[dap.Variable]:
    goroutine = container.goroutine
    found = await frames(session, goroutine, part)
    shown = [
        dap.Variable(
            name=f"#{number}",
            value=place(each),
            variables_reference=_locals(session, container, each),
            presentation_hint=dap.VariablePresentationHint(kind="virtual"),
        )
        for number, each in enumerate(found, part.start)
    ]
    creation = await asyncio.to_thread(created_by, current(session), goroutine)
    if creation and len(found) < part.stop - part.start:
        shown.append(dap.Variable(name="created by", value=creation, variables_reference=0))
    return shown


def _locals(session: Session, container: StackOf, each: StackFrame) -> int:
    if each.path is None:
        return 0
    tid = container.frame.tid
    return session.variables.add(tid, VariablesOf(Frame(tid, each, container.goroutine), Group.LOCALS))


# -- in words --------------------------------------------------------------------------------------


async def described(session: Session, wanted: list[Goroutine]) -> list[str]:
    """Say of each goroutine what it does and where: `[chan receive] main.work at work.go:12`."""
    # Registers take ptrace requests, which must come from this thread.
    registers = [registers_of(session, each) for each in wanted]
    goroutines = current(session)

    def lines() -> list[str]:
        return [describe(goroutines, *each) for each in zip(wanted, registers, strict=True)]

    return await asyncio.to_thread(lines)


def describe(goroutines: Goroutines, goroutine: Goroutine, registers: Registers | None) -> str:
    state = f"[{goroutine.state}]"
    if goroutine.tid is not None:
        state = f"[{goroutine.state}, thread {goroutine.tid}]"
        if registers is None:
            return f"{state} {goroutine.started_as}"  # it runs, who knows where
    frame = own_frame(goroutines.frames(goroutine, registers))
    return f"{state} {place(frame) if frame is not None else goroutine.started_as}"


async def frames(session: Session, goroutine: Goroutine, part: slice) -> list[StackFrame]:
    """Give frames of a goroutine's stack. DebuggerError if a thread runs it that does not stand still."""
    registers = registers_of(session, goroutine)
    if goroutine.tid is not None and registers is None:
        session.require_stopped(goroutine.tid)
    return await asyncio.to_thread(_frames, current(session), goroutine, registers, part)


def _frames(
    goroutines: Goroutines, goroutine: Goroutine, registers: Registers | None, part: slice
) -> list[StackFrame]:
    return list(islice(goroutines.frames(goroutine, registers), part.start, part.stop))


def registers_of(session: Session, goroutine: Goroutine) -> Registers | None:
    """The registers of the thread that runs a goroutine; None if none does, or that is running."""
    if goroutine.tid is None or goroutine.tid not in held(session):
        return None
    return session.require_process().registers(session.require_stopped(goroutine.tid))


def created_by(goroutines: Goroutines, goroutine: Goroutine) -> str | None:
    """Say where the `go` statement is: `main.main at work.go:30, in goroutine 1`."""
    found = goroutines.creation(goroutine)
    if found is None:
        return None
    by = f", in goroutine {goroutine.creator}" if goroutine.creator else ""
    return f"{found.function}{_at(found.path, found.line)}{by}"


def place(frame: StackFrame) -> str:
    """`main.work at work.go:12`"""
    return frame.function + _at(frame.path, frame.line)


def _at(path: str | None, line: int) -> str:
    return f" at {os.path.basename(path)}:{line}" if path and line else ""
