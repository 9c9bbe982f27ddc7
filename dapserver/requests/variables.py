"""variables: so far the registers."""

from __future__ import annotations

from dapserver.protocol import types as dap
from dapserver.protocol.wire import request
from dapserver.session import Session


@request("variables")
async def variables(session: Session, arguments: dap.VariablesArguments) -> dap.VariablesResponseBody:
    frame = session.variables.get(arguments.variables_reference).frame
    thread = session.require_stopped(frame.tid)
    registers = session.require_process().registers(thread)
    if arguments.filter == "indexed":
        return dap.VariablesResponseBody(variables=[])
    shown = registers.items()[arguments.start or 0 :]
    if arguments.count:
        shown = shown[: arguments.count]
    return dap.VariablesResponseBody(
        variables=[
            dap.Variable(
                name=name,
                value=f"{value:#x}",
                variables_reference=0,
                presentation_hint=dap.VariablePresentationHint(kind="data", attributes=["readOnly"]),
            )
            for name, value in shown
        ]
    )
