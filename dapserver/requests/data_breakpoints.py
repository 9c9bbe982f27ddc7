"""dataBreakpointInfo, setDataBreakpoints: threads stop when they change or touch a piece of memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from dapserver.debugger.errors import DebuggerError
from dapserver.handles import PartsOf, VariablesOf
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.ptrace.debug_registers import COUNT, Access, pieces
from dapserver.requests.breakpoints import loaded_wishes
from dapserver.requests.evaluate import evaluated
from dapserver.requests.references import address_of
from dapserver.requests.variables import find
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.values.value import Value

capability(supports_data_breakpoints=True, supports_data_breakpoint_bytes=True)

_ACCESS = {"write": Access.WRITE, "readWrite": Access.READ_WRITE, None: Access.WRITE}
_DATA_ID = re.compile(r"(0x[0-9a-f]+)/(\d+) (.*)", re.DOTALL)


class _Nothing(dap.DataBreakpointInfoResponseBody):
    """Says why there can be none: the one body in which DAP wants a null."""

    @model_serializer(mode="wrap")
    def _with_null(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"dataId": None, **handler(self)}


@request("dataBreakpointInfo")
async def data_breakpoint_info(
    session: Session, arguments: dap.DataBreakpointInfoArguments
) -> dap.DataBreakpointInfoResponseBody:
    (await loaded_wishes(session)).require_control()
    name = arguments.name
    try:
        if arguments.as_address:
            address, size = address_of(name), arguments.bytes or 1
        else:
            value = await _value(session, arguments)
            address, size = _place(name, value)
            size = arguments.bytes or size
        _check(name, address, size)
    except DebuggerError as error:
        return _Nothing(data_id=None, description=str(error))
    return dap.DataBreakpointInfoResponseBody(
        data_id=f"{address:#x}/{size} {name}",
        description=f"{name} ({size} byte{'s' * (size != 1)} at {address:#x})",
        access_types=["write", "readWrite"],
        can_persist=False,
    )


@request("setDataBreakpoints")
async def set_data_breakpoints(
    session: Session, arguments: dap.SetDataBreakpointsArguments
) -> dap.SetDataBreakpointsResponseBody | None:
    if not arguments.breakpoints and session.has_no_wishes:
        return None  # most sessions: nothing is to be read for this
    all_wishes = await loaded_wishes(session)
    from dapserver.debugger.breakpoints.wish import DataAt, Wish  # noqa: PLC0415 - not for attaching

    wishes = []
    for each in arguments.breakpoints:
        parts = _DATA_ID.fullmatch(each.data_id)
        if parts is None:
            raise DebuggerError(f"{each.data_id!r} is no data id that dataBreakpointInfo gave.")
        if each.access_type not in _ACCESS:
            raise DebuggerError(
                "The processor cannot stop at reads alone: choose 'readWrite', which stops at both."
            )
        where = DataAt(int(parts[1], 16), int(parts[2]), _ACCESS[each.access_type], parts[3])
        wishes.append(Wish(where, each.condition, each.hit_condition))
    made = await all_wishes.replace("data", wishes)
    session.wake_soon()  # threads that run were asked to stop for a moment
    return dap.SetDataBreakpointsResponseBody(breakpoints=made)


async def _value(session: Session, arguments: dap.DataBreakpointInfoArguments) -> Value:
    if arguments.variables_reference:
        container = session.variables.get(arguments.variables_reference)
        if not isinstance(container, PartsOf | VariablesOf):
            raise DebuggerError(f"{arguments.name} cannot be watched.")
        return (await find(session, container, arguments.name)).value
    frame = session.frames.get(arguments.frame_id) if arguments.frame_id is not None else None
    value, compiled = await evaluated(session, frame, arguments.name)
    if compiled.assigns:
        raise DebuggerError(f"'{arguments.name}' would change the program.")
    return value


def _place(name: str, value: Value) -> tuple[int, int]:
    if value.bit_size is not None:
        raise DebuggerError(f"{name} is a bit-field, and the processor watches whole bytes.")
    if value.address is None:
        raise DebuggerError(f"{name} is not in memory, so that it cannot be watched.")
    return value.address, value.size


def _check(name: str, address: int, size: int) -> None:
    needed = len(pieces(address, size)) if 0 < size < 1 << 16 else COUNT + 1
    if needed > COUNT:
        raise DebuggerError(
            f"{name} has {size} bytes at {address:#x}, and the processor watches {COUNT} pieces of 8 "
            "at most: watch a part of it."
        )
