"""variables: so far the registers."""

from __future__ import annotations

from collections.abc import Mapping

from dapserver.debugger.process import Process
from dapserver.protocol import types as dap
from dapserver.protocol.wire import request
from dapserver.session import Session


@request("variables")
async def variables(session: Session, arguments: dap.VariablesArguments) -> dap.VariablesResponseBody:
    frame = session.variables.get(arguments.variables_reference).frame
    thread = session.require_stopped(frame.tid)
    if arguments.filter == "indexed":
        return dap.VariablesResponseBody(variables=[])
    known = frame.stack_frame.registers
    process = session.require_process()
    registers = process.registers(thread).items() if known is None else _named(process, known)
    shown = registers[arguments.start or 0 :]
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


def _named(process: Process, known: Mapping[int, int]) -> list[tuple[str, int]]:
    """A caller's registers, as far as they can be told, in the order of the innermost frame's."""
    from dapserver.symbols.abi import AARCH64, X86_64  # noqa: PLC0415 - with the unwinder, not before

    abi = X86_64 if process.architecture.name == "x86_64" else AARCH64
    by_name = {name: known[number] for name, number in abi.numbers.items() if number in known}
    return [(name, by_name[name]) for name in process.architecture.registers if name in by_name]
