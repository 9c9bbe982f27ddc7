"""scopes: the groups of variables of a frame."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dapserver.handles import Frame, Group, VariablesOf
from dapserver.protocol import types as dap
from dapserver.protocol.wire import request
from dapserver.requests import goroutines
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.values.scope import Scope

HINTS = {Group.LOCALS: "locals", Group.GLOBALS: "globals", Group.REGISTERS: "registers"}


@request("scopes")
async def scopes(session: Session, arguments: dap.ScopesArguments) -> dap.ScopesResponseBody:
    frame = session.frames.get(arguments.frame_id)
    scope = scope_of(session, frame)
    groups: list[Group]
    of_goroutines: dap.Scope | None = None
    if scope.function is not None and session.require_publisher().modules.of_go() is None:
        groups = _groups(scope)  # what was read for the stack tells it
    else:
        # In a thread of its own, all at once: debug information is read.
        groups, of_goroutines = await asyncio.to_thread(
            lambda: (_groups(scope), goroutines.scope(session, frame))
        )
    shown = [_shown(session, frame, group) for group in groups]
    return dap.ScopesResponseBody(scopes=[*shown, of_goroutines] if of_goroutines else shown)


def _groups(scope: Scope) -> list[Group]:
    if scope.function is not None:
        return list(HINTS)
    if scope.problem or scope.results():
        return [Group.LOCALS, Group.REGISTERS]
    return [Group.REGISTERS]


def scope_of(session: Session, frame: Frame) -> Scope:
    """What names mean in a frame; DebuggerError if its thread runs."""
    thread = session.require_stopped(frame.tid)
    return session.require_inspector().scope(thread, frame.stack_frame)


def _shown(session: Session, frame: Frame, group: Group) -> dap.Scope:
    return dap.Scope(
        name=group.value,
        presentation_hint=HINTS[group],
        variables_reference=session.variables.add(frame.tid, VariablesOf(frame, group)),
        expensive=group is Group.GLOBALS,
    )
