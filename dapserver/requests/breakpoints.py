"""setBreakpoints and its like: where threads are to stop, under which conditions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests import repl
from dapserver.requests.references import address_of
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.wish import Breakpoint

capability(
    supports_function_breakpoints=True,
    supports_instruction_breakpoints=True,
    supports_conditional_breakpoints=True,
    supports_hit_conditional_breakpoints=True,
    supports_log_points=True,
    supports_breakpoint_locations_request=True,
)


@request("setBreakpoints")
async def set_breakpoints(
    session: Session, arguments: dap.SetBreakpointsArguments
) -> dap.SetBreakpointsResponseBody:
    from dapserver.debugger.breakpoints.wish import SourceLine, Wish  # noqa: PLC0415 - not for attaching

    path = arguments.source.path
    if path is None:
        raise DebuggerError(
            "setBreakpoints: the source has no path, and dapserver knows files by nothing else."
        )
    wanted = arguments.breakpoints
    if wanted is None:
        wanted = [dap.SourceBreakpoint(line=line) for line in arguments.lines or []]
    wishes = [
        Wish(SourceLine(path, each.line, each.column), each.condition, each.hit_condition, each.log_message)
        for each in wanted
    ]
    return dap.SetBreakpointsResponseBody(
        breakpoints=await session.wishes().replace(f"source {path}", wishes)
    )


@request("setFunctionBreakpoints")
async def set_function_breakpoints(
    session: Session, arguments: dap.SetFunctionBreakpointsArguments
) -> dap.SetFunctionBreakpointsResponseBody:
    from dapserver.debugger.breakpoints.wish import FunctionName, Wish  # noqa: PLC0415 - not for attaching

    wishes = [
        Wish(FunctionName(each.name.strip()), each.condition, each.hit_condition)
        for each in arguments.breakpoints
    ]
    return dap.SetFunctionBreakpointsResponseBody(
        breakpoints=await session.wishes().replace("functions", wishes)
    )


@request("setInstructionBreakpoints")
async def set_instruction_breakpoints(
    session: Session, arguments: dap.SetInstructionBreakpointsArguments
) -> dap.SetInstructionBreakpointsResponseBody:
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
        breakpoints=await session.wishes().replace("instructions", wishes)
    )


@request("breakpointLocations")
async def breakpoint_locations(
    session: Session, arguments: dap.BreakpointLocationsArguments
) -> dap.BreakpointLocationsResponseBody:
    path = arguments.source.path
    if path is None:
        return dap.BreakpointLocationsResponseBody(breakpoints=[])
    last = arguments.end_line or arguments.line
    # In a thread of its own: line tables are read.
    found = await asyncio.to_thread(session.wishes().breakpoints.places, path, arguments.line, last)
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
