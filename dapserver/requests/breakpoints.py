"""setBreakpoints and its like: answered, so that no editor stumbles; there are none yet."""

from __future__ import annotations

from dapserver.protocol import types as dap
from dapserver.protocol.wire import request
from dapserver.session import Session

NOT_YET = "dapserver has no breakpoints yet"


@request("setBreakpoints")
async def set_breakpoints(
    _session: Session, arguments: dap.SetBreakpointsArguments
) -> dap.SetBreakpointsResponseBody:
    wanted = [b.line for b in arguments.breakpoints or []] or arguments.lines or []
    return dap.SetBreakpointsResponseBody(
        breakpoints=[
            dap.Breakpoint(verified=False, line=line, message=NOT_YET, reason="failed") for line in wanted
        ]
    )


@request("setExceptionBreakpoints")
async def set_exception_breakpoints(
    _session: Session, _arguments: dap.SetExceptionBreakpointsArguments
) -> None:
    """There are no filters to choose from: fatal signals always stop."""
