"""evaluate, setExpression, completions: expressions in a frame, and the debug console's commands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.thread import State, Thread
from dapserver.handles import Frame
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests import repl
from dapserver.requests.scopes import scope_of
from dapserver.requests.variables import value_body
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.evaluation.compiled import Compiled
    from dapserver.debugger.evaluation.context import FrameContext
    from dapserver.debugger.values.text import Format
    from dapserver.debugger.values.value import Value

capability(
    supports_evaluate_for_hovers=True,
    supports_clipboard_context=True,
    supports_set_expression=True,
    supports_completions_request=True,
    completion_trigger_characters=[".", ">", "$", ":"],
)

CLIPBOARD_LENGTH = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression is evaluated."""

    context: FrameContext
    frame: Frame | None
    """What the ids of results live and die with; None: no thread is stopped."""


@request("evaluate")
async def evaluate(session: Session, arguments: dap.EvaluateArguments) -> dap.EvaluateResponseBody:
    frame = _frame(session, arguments.frame_id)
    if arguments.context == "repl" and (command := repl.find(arguments.expression)):
        return dap.EvaluateResponseBody(result=await command.run(session, frame), variables_reference=0)
    place = await _place(session, frame)
    compiled = await asyncio.to_thread(_compiled, arguments.expression)
    if not compiled.assigns:
        # In a thread of its own: memory and debug information are read.
        result = await asyncio.to_thread(_result, session, place, compiled, arguments)
    elif arguments.context == "repl":
        result = _result(session, place, compiled, arguments)  # a register's change is a ptrace request
    else:
        raise DebuggerError(
            f"'{arguments.expression}' would change the program: that is for the debug console. "
            "To compare, write ==."
        )
    return dap.EvaluateResponseBody(**result)


@request("setExpression")
async def set_expression(
    session: Session, arguments: dap.SetExpressionArguments
) -> dap.SetExpressionResponseBody:
    place = await _place(session, _frame(session, arguments.frame_id))
    target = await asyncio.to_thread(_compiled, arguments.expression)
    value = await asyncio.to_thread(target.value, place.context)
    # Here and not in another thread: for a register it takes a ptrace request.
    _set(value, arguments.value, place.context)
    written = target.value(place.context)
    shown = _shown(session, place, written, target, _format(arguments.format, None))
    return dap.SetExpressionResponseBody(**shown)


@request("completions")
async def completions(session: Session, arguments: dap.CompletionsArguments) -> dap.CompletionsResponseBody:
    from dapserver.debugger.evaluation.completion import completions as complete  # noqa: PLC0415 - as below

    lines = arguments.text.split("\n")
    line = min(max(0, (arguments.line or 1) - 1), len(lines) - 1)
    before = _left_of(lines[line], arguments.column - 1)
    items = [
        dap.CompletionItem(label=name, type="keyword", start=0, length=len(before))
        for name in repl.names(before)
    ]
    with contextlib.suppress(DebuggerError):  # the frame may be gone: there is just nothing to offer
        place = await _place(session, _frame(session, arguments.frame_id))
        for found in await asyncio.to_thread(complete, before, place.context):
            start = _units(before) - _units(before[len(before) - found.length :])
            items.append(
                dap.CompletionItem(label=found.name, type=found.kind, start=start, length=found.length)  # type: ignore[arg-type] # one of DAP's
            )
    return dap.CompletionsResponseBody(targets=items)


def _left_of(line: str, column: int) -> str:
    """The text left of a column, which counts UTF-16 code units as VS Code does."""
    return line.encode("utf-16-le")[: 2 * max(0, column)].decode("utf-16-le", "ignore")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _frame(session: Session, frame_id: int | None) -> Frame | None:
    return session.frames.get(frame_id) if frame_id is not None else None


async def _place(session: Session, frame: Frame | None) -> _Place:
    """A frame; or, without one, the program's names outside of functions."""
    from dapserver.debugger.evaluation.context import FrameContext, without_frame  # noqa: PLC0415 - as below

    if frame is not None:
        scope = scope_of(session, frame)
        thread = session.require_thread(frame.tid)
        return _Place(FrameContext(scope, frame.tid, lambda: _name(session, thread)), frame)
    process = session.require_process()
    session.require_publisher().module_changes()
    space = session.require_inspector().space
    space.refresh()
    context = FrameContext(without_frame(space), process.pid, lambda: "")
    stopped = next(
        (t for t in process.threads.values() if t.state is State.STOPPED and t.wanted_stopped), None
    )
    if stopped is None:
        return _Place(context, None)
    registers = process.registers(stopped)
    frames, _ = await asyncio.to_thread(session.require_stacks().frames, stopped.tid, registers, 0, 1)
    return _Place(context, Frame(stopped.tid, frames[0]))


def _name(session: Session, thread: Thread) -> str:
    session.require_process().names.read(thread, time.monotonic())
    return thread.name


async def evaluated(session: Session, frame: Frame | None, text: str) -> tuple[Value, Compiled]:
    """Evaluate an expression of the debug console in a frame, or outside of any."""
    place = await _place(session, frame)
    compiled = await asyncio.to_thread(_compiled, text)
    if compiled.assigns:  # a register's change is a ptrace request: not in another thread
        return compiled.value(place.context), compiled
    return await asyncio.to_thread(compiled.value, place.context), compiled


def _compiled(text: str) -> Compiled:
    from dapserver.debugger.evaluation.compiled import compile_expression  # noqa: PLC0415 - 300 ms of start-up

    return compile_expression(text)


def _result(
    session: Session, place: _Place, compiled: Compiled, arguments: dap.EvaluateArguments
) -> dict[str, Any]:
    value = compiled.value(place.context)
    shown = _shown(session, place, value, compiled, _format(arguments.format, arguments.context))
    shown["result"] = shown.pop("value")
    attributes = ["hasSideEffects"] if compiled.assigns else []
    attributes += ["readOnly"] if value.address is None and value.bit_size is None else []
    shown["presentation_hint"] = dap.VariablePresentationHint(kind="data", attributes=attributes or None)
    return shown


def _format(asked: dap.ValueFormat | None, context: str | None) -> Format:
    from dapserver.debugger.values.listing import VIEW, hexadecimal  # noqa: PLC0415 - as above
    from dapserver.debugger.values.text import Format  # noqa: PLC0415

    how = hexadecimal(VIEW, is_hex=bool(asked and asked.hex))
    if context == "clipboard":
        return Format(how.is_hex, CLIPBOARD_LENGTH, CLIPBOARD_LENGTH, length=CLIPBOARD_LENGTH)
    return how


def _shown(session: Session, place: _Place, value: Value, compiled: Compiled, how: Format) -> dict[str, Any]:
    """What is told of a value."""
    from dapserver.debugger.evaluation.rendering import rendered  # noqa: PLC0415 - as above
    from dapserver.debugger.values.listing import line  # noqa: PLC0415

    shown = value_body(session, place.frame, line("", value, compiled.plain_text, how))
    if compiled.format:
        shown["value"] = rendered(value, compiled.format, how)
    return shown


def _set(value: Value, text: str, context: FrameContext) -> None:
    """Change a value to what an expression gives, or to what a name of its type's constants says."""
    from dapserver.debugger.evaluation.access import assign  # noqa: PLC0415 - as above
    from dapserver.debugger.evaluation.context import UnknownName  # noqa: PLC0415
    from dapserver.debugger.values.writing import write_text  # noqa: PLC0415

    try:
        assign(value, _compiled(text).operand(context))
    except UnknownName:
        write_text(value, text, context.scope)
