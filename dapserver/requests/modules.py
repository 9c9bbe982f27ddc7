"""modules: the files that the process has mapped."""

from __future__ import annotations

from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session, module_body

capability(supports_modules_request=True)


@request("modules")
async def modules(session: Session, arguments: dap.ModulesArguments) -> dap.ModulesResponseBody:
    session.require_process()
    session.refresh_modules()
    mapped = [module_body(module) for module in session.modules or ()]
    first = arguments.start_module or 0
    last = first + arguments.module_count if arguments.module_count else None
    return dap.ModulesResponseBody(modules=mapped[first:last], total_modules=len(mapped))
