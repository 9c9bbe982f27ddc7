"""stackTrace: where a stopped thread is, and how it came there."""

from __future__ import annotations

import asyncio
import functools
import os

from dapserver.debugger.stack import StackFrame
from dapserver.handles import Frame
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session

capability(supports_delayed_stack_trace_loading=True)

ALL = 1000
"""Frames given to a client that asks for all; it can ask for what lies behind."""


@request("stackTrace")
async def stack_trace(session: Session, arguments: dap.StackTraceArguments) -> dap.StackTraceResponseBody:
    thread = session.require_stopped(arguments.thread_id)
    session.require_publisher().module_changes()
    registers = session.require_process().registers(thread)
    start, count = max(0, arguments.start_frame or 0), arguments.levels or ALL
    stacks = session.require_stacks()
    if stacks.is_at_hand(thread.tid, registers, start + count):
        frames, more = stacks.frames(thread.tid, registers, start, count)
    else:
        # In a thread of its own: files are read, and other threads of the program may be running.
        frames, more = await asyncio.to_thread(stacks.frames, thread.tid, registers, start, count)
    shown = [_shown(session, thread.tid, frame) for frame in frames]
    # One too many where the stack ends just there: a client that asks for it gets none, as DAP has it.
    return dap.StackTraceResponseBody(stack_frames=shown, total_frames=start + len(frames) + more)


def _shown(session: Session, tid: int, frame: StackFrame) -> dap.StackFrame:
    path = session.map_source(frame.path) if frame.path else None
    there = path is not None and frame.line > 0 and _exists(path)
    if session.served is not None and frame.path and frame.module and not there:
        session.served.ask_for_source(frame.module, frame.path)
    return dap.StackFrame(
        id=session.frames.add(tid, Frame(tid, frame)),
        name=_name(frame, has_source=there),
        # A file from a server has another name in the client library's cache.
        source=dap.Source(name=os.path.basename(frame.path or ""), path=path) if there and path else None,
        line=frame.line if there else 0,
        column=frame.column if there else 0,
        instruction_pointer_reference=f"{frame.pc:#x}",
        module_id=frame.module.id if frame.module else None,
        presentation_hint="normal" if there else "subtle",
    )


def _name(frame: StackFrame, *, has_source: bool) -> str:
    """`work`, or `read+0x14 (libc.so.6)`, or `work at main.c:12 (server)` if the file is not here."""
    if frame.is_signal_frame:
        return "<signal handler called>"
    name = frame.function + (" [inlined]" if frame.is_inlined else "")
    if has_source or frame.module is None:
        return name
    if frame.path and frame.line:
        name += f" at {os.path.basename(frame.path)}:{frame.line}"
    return name if name.startswith(f"{frame.module.name}+") else f"{name} ({frame.module.name})"


@functools.lru_cache(maxsize=1000)
def _exists(path: str) -> bool:
    return os.path.isfile(path)
