"""variables and setVariable: what is in a scope or a value, as lines that open into more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeGuard

from dapserver.debugger.errors import DebuggerError
from dapserver.handles import Container, Frame, Group, PartsOf, StackOf, VariablesOf
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests import goroutines
from dapserver.requests.memory import tell
from dapserver.requests.scopes import HINTS, scope_of
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.values.listing import Line
    from dapserver.debugger.values.scope import Scope
    from dapserver.debugger.values.text import Format

capability(supports_set_variable=True, supports_value_formatting_options=True)


@request("variables")
async def variables(session: Session, arguments: dap.VariablesArguments) -> dap.VariablesResponseBody:
    container = session.variables.get(arguments.variables_reference)
    scope = scope_of(session, container.frame)
    if _is_of_goroutines(container):
        return dap.VariablesResponseBody(variables=await goroutines.rows(session, container, arguments))
    if _is_of_locals(container) and scope.is_at_hand and session.require_process().stopping.all_held:
        lines = _lines(scope, container, arguments)
    else:
        # In a thread of its own: debug information is read, and other threads of the program may be running.
        lines = await asyncio.to_thread(_lines, scope, container, arguments)
    return dap.VariablesResponseBody(variables=[shown(session, container.frame, each) for each in lines])


@request("setVariable")
async def set_variable(session: Session, arguments: dap.SetVariableArguments) -> dap.SetVariableResponseBody:
    from dapserver.debugger.values.listing import line  # noqa: PLC0415 - with the values, not before
    from dapserver.debugger.values.writing import write_text  # noqa: PLC0415

    container = session.variables.get(arguments.variables_reference)
    scope = scope_of(session, container.frame)
    found = await find(session, container, arguments.name, arguments.format)
    if found.value.address is not None:
        await asyncio.to_thread(write_text, found.value, arguments.value, scope)
        tell(session, found.value.address, found.value.type.size or 1)
    else:  # a register takes a ptrace request, which must come from this thread
        write_text(found.value, arguments.value, scope)
    how = _format(container, arguments.format)
    written = await asyncio.to_thread(line, found.name, found.value, found.expression, how)
    return dap.SetVariableResponseBody(**value_body(session, container.frame, written))


async def find(
    session: Session, container: Container, name: str, format_: dap.ValueFormat | None = None
) -> Line:
    """The line of this name in a scope or a value; DebuggerError if there is none."""
    scope = scope_of(session, container.frame)
    asked = dap.VariablesArguments(variables_reference=0, format=format_)
    lines = await asyncio.to_thread(_lines, scope, container, asked, name)
    found = next((each for each in lines if each.name == name), None)
    if found is None:
        raise DebuggerError(f"There is no variable {name} here (any more).")
    return found


def _lines(
    scope: Scope, container: Container, arguments: dap.VariablesArguments, name: str | None = None
) -> list[Line]:
    """The lines that were asked for; if by *name*, that one alone."""
    from dapserver.debugger.values import listing  # noqa: PLC0415 - with the values, not before
    from dapserver.debugger.values.shown import children  # noqa: PLC0415

    how = _format(container, arguments.format)
    start, count = max(0, arguments.start or 0), arguments.count or None
    if isinstance(container, PartsOf):
        if name is not None:
            found = [child for child in children(container.value) if child.name == name]
        else:
            found = list(children(container.value, start, count, arguments.filter))
        return listing.lines(found, container.expression, how)
    if arguments.filter == "indexed" or isinstance(container, StackOf) or container.group not in HINTS:
        return []
    groups = {Group.LOCALS: listing.local_lines, Group.GLOBALS: listing.static_lines}
    list_group = groups.get(container.group, listing.register_lines)
    return list_group(scope, how, slice(start, start + count if count else None), name)


def _is_of_locals(container: Container) -> bool:
    return isinstance(container, VariablesOf) and container.group is Group.LOCALS


def _is_of_goroutines(container: Container) -> TypeGuard[VariablesOf | StackOf]:
    return isinstance(container, StackOf) or (
        isinstance(container, VariablesOf) and container.group in {Group.GOROUTINES, Group.SYSTEM_GOROUTINES}
    )


def _format(container: Container, asked: dap.ValueFormat | None) -> Format:
    from dapserver.debugger.values.listing import VIEW, hexadecimal  # noqa: PLC0415 - as above

    is_register = isinstance(container, VariablesOf) and container.group is Group.REGISTERS
    return hexadecimal(VIEW, is_hex=is_register or bool(asked and asked.hex))


def shown(session: Session, frame: Frame, line: Line) -> dap.Variable:
    """Make a line the client's, with an id to open it by."""
    attributes = ["readOnly"] if line.is_read_only else None
    return dap.Variable(
        name=line.name,
        # The client would evaluate it in the frame that is selected.
        evaluate_name=line.expression if frame.goroutine is None else None,
        presentation_hint=dap.VariablePresentationHint(kind=line.kind, attributes=attributes),
        **value_body(session, frame, line),
    )


def value_body(session: Session, frame: Frame | None, line: Line) -> dict[str, Any]:
    """What variables, setVariable and evaluate tell of a value, in the names of the models.

    Without a frame, whose end its id would have, it cannot be opened.
    """
    reference = 0
    if frame is not None and (line.named or line.indexed):
        reference = session.variables.add(frame.tid, PartsOf(frame, line.value, line.expression))
    return {
        "value": line.text,
        "type": line.type,
        "variables_reference": reference,
        # A client needs these to page, and counts other children itself.
        "named_variables": line.named if line.indexed else None,
        "indexed_variables": line.indexed or None,
        "memory_reference": f"{line.address:#x}" if line.address is not None else None,
    }
