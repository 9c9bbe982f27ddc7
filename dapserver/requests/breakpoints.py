"""setBreakpoints and its like: where threads are to stop, under which conditions."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests import repl
from dapserver.requests.references import address_of
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.wish import Breakpoint
    from dapserver.wishes import Wishes

WISHES_IMPORT = ("dapserver.wishes", "capstone")

capability(
    supports_function_breakpoints=True,
    supports_instruction_breakpoints=True,
    supports_conditional_breakpoints=True,
    supports_hit_conditional_breakpoints=True,
    supports_log_points=True,
    supports_breakpoint_locations_request=True,
)


async def loaded_wishes(session: Session) -> Wishes:
    """The session's wishes, with what they are made of imported.

    In another thread, as the threads of the program must not wait for that: it takes 0.1 s and more.
    """
    if session.has_no_wishes:
        await asyncio.to_thread(lambda: [importlib.import_module(name) for name in WISHES_IMPORT])
    return session.wishes()


@request("setBreakpoints")
async def set_breakpoints(
    session: Session, arguments: dap.SetBreakpointsArguments
) -> dap.SetBreakpointsResponseBody:
    path = arguments.source.path
    if path is None:
        raise DebuggerError(
            "setBreakpoints: the source has no path, and dapserver knows files by nothing else."
        )
    all_wishes = await loaded_wishes(session)
    from dapserver.debugger.breakpoints.wish import SourceLine, Wish  # noqa: PLC0415 - not for attaching

    wanted = arguments.breakpoints
    if wanted is None:
        wanted = [dap.SourceBreakpoint(line=line) for line in arguments.lines or []]
    wishes = [
        Wish(SourceLine(path, each.line, each.column), each.condition, each.hit_condition, each.log_message)
        for each in wanted
    ]
    return dap.SetBreakpointsResponseBody(breakpoints=await all_wishes.replace(f"source {path}", wishes))


@request("setFunctionBreakpoints")
async def set_function_breakpoints(
    session: Session, arguments: dap.SetFunctionBreakpointsArguments
) -> dap.SetFunctionBreakpointsResponseBody:
    if not arguments.breakpoints and session.has_no_wishes:
        return dap.SetFunctionBreakpointsResponseBody(breakpoints=[])  # most sessions: nothing is to be read
    all_wishes = await loaded_wishes(session)
    from dapserver.debugger.breakpoints.wish import FunctionName, Wish  # noqa: PLC0415 - not for attaching

    wishes = [
        Wish(FunctionName(each.name.strip()), each.condition, each.hit_condition)
        for each in arguments.breakpoints
    ]
    return dap.SetFunctionBreakpointsResponseBody(breakpoints=await all_wishes.replace("functions", wishes))


@request("setInstructionBreakpoints")
async def set_instruction_breakpoints(
    session: Session, arguments: dap.SetInstructionBreakpointsArguments
) -> dap.SetInstructionBreakpointsResponseBody:
    if not arguments.breakpoints and session.has_no_wishes:
        return dap.SetInstructionBreakpointsResponseBody(breakpoints=[])  # as above
    all_wishes = await loaded_wishes(session)
    from dapserver.debugger.breakpoints.wish import InstructionAt, Wish  # noqa: PLC0415 - not for attaching

    wishes = [
        Wish(
            InstructionAt(address_of(each.instruction_reference, each.offset)),
            each.condition,
            each.hit_condition,
        )
        for each in arguments.breakpoints
    ]
    return dap.SetInstructionBreakpointsResponseBody(
        breakpoints=await all_wishes.replace("instructions", wishes)
    )


@request("breakpointLocations")
async def breakpoint_locations(
    session: Session, arguments: dap.BreakpointLocationsArguments
) -> dap.BreakpointLocationsResponseBody:
    path = arguments.source.path
    if path is None:
        return dap.BreakpointLocationsResponseBody(breakpoints=[])
    last = arguments.end_line or arguments.line
    breakpoints = (await loaded_wishes(session)).breakpoints
    # In a thread of its own: line tables are read.
    found = await asyncio.to_thread(breakpoints.places, path, arguments.line, last)
    return dap.BreakpointLocationsResponseBody(
        breakpoints=[dap.BreakpointLocation(line=line, column=column or None) for line, column in found]
    )


def _lines(session: Session) -> list[list[str]]:
    """The rows of `info breakpoints`."""
    return [
        [str(each.id), each.wish.where.described(), str(each.hits), _status(each)]
        for each in session.wishes().breakpoints
    ]


def _status(each: Breakpoint) -> str:
    addresses = ", ".join(f"{address:#x}" for address in sorted(each.locations))
    return addresses or each.message or ""


repl.breakpoint_lines = _lines
