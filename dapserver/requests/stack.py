"""stackTrace and scopes: where a stopped thread is."""

from __future__ import annotations

from dapserver.debugger.modules import Place
from dapserver.debugger.process import Process
from dapserver.handles import Frame, RegistersOf
from dapserver.protocol import types as dap
from dapserver.protocol.wire import request
from dapserver.session import Session


@request("stackTrace")
async def stack_trace(session: Session, arguments: dap.StackTraceArguments) -> dap.StackTraceResponseBody:
    thread = session.require_stopped(arguments.thread_id)
    process: Process = session.require_process()
    if arguments.start_frame:
        return dap.StackTraceResponseBody(stack_frames=[], total_frames=1)
    publisher = session.require_publisher()
    publisher.module_changes()
    pc = process.registers(thread).pc
    place = publisher.modules.place(pc)
    frame = dap.StackFrame(
        id=session.frames.add(thread.tid, Frame(thread.tid, 0)),
        name=_name(place),
        line=0,
        column=0,
        instruction_pointer_reference=f"{pc:#x}",
        module_id=place.module.id if place.module else None,
    )
    return dap.StackTraceResponseBody(stack_frames=[frame], total_frames=1)


def _name(place: Place) -> str:
    """`read+0x14 (libc.so.6)`."""
    if place.symbol is None or place.module is None:
        return str(place)
    return f"{place} ({place.module.name})"


@request("scopes")
async def scopes(session: Session, arguments: dap.ScopesArguments) -> dap.ScopesResponseBody:
    frame = session.frames.get(arguments.frame_id)
    session.require_stopped(frame.tid)
    registers = dap.Scope(
        name="Registers",
        presentation_hint="registers",
        variables_reference=session.variables.add(frame.tid, RegistersOf(frame)),
        expensive=False,
    )
    return dap.ScopesResponseBody(scopes=[registers])
