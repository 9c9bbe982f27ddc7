"""disassemble: machine code around an address, with its symbols and source lines."""

from __future__ import annotations

import asyncio
import os

from dapserver.debugger.disassembly import Disassembler, Instruction
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests.references import address_of
from dapserver.session import Session

capability(supports_disassemble_request=True)


@request("disassemble")
async def disassemble(session: Session, arguments: dap.DisassembleArguments) -> dap.DisassembleResponseBody:
    publisher = session.require_publisher()
    publisher.module_changes()
    disassembler = Disassembler(publisher.modules, session.require_stacks().memory.read)
    address = address_of(arguments.memory_reference, arguments.offset)
    # In a thread of its own: it may have to read debug information first.
    found = await asyncio.to_thread(
        disassembler.instructions,
        address,
        arguments.instruction_offset or 0,
        arguments.instruction_count,
        resolve_symbols=bool(arguments.resolve_symbols),
    )
    shown: list[dap.DisassembledInstruction] = []
    path = None
    for instruction in found:
        shown.append(_shown(session, instruction, told=path))
        path = instruction.path or path
    return dap.DisassembleResponseBody(instructions=shown)


def _shown(session: Session, instruction: Instruction, told: str | None) -> dap.DisassembledInstruction:
    """What DAP makes of it; the source file is told where it is another than *told*, the last one."""
    location = None
    if instruction.path is not None and instruction.path != told:
        path = session.map_source(instruction.path)
        location = dap.Source(name=os.path.basename(path), path=path)
    return dap.DisassembledInstruction(
        address=f"{instruction.address:#x}",
        instruction_bytes=instruction.code.hex(" ") or None,
        instruction=instruction.text,
        symbol=instruction.symbol,
        location=location,
        line=instruction.line or None,
        column=instruction.column or None,
        presentation_hint=None if instruction.is_valid else "invalid",
    )
