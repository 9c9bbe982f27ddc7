"""modules: the files that the process has mapped."""

from __future__ import annotations

from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.publisher import module_body
from dapserver.session import Session

capability(supports_modules_request=True)


@request("modules")
async def modules(session: Session, arguments: dap.ModulesArguments) -> dap.ModulesResponseBody:
    publisher = session.require_publisher()
    publisher.module_changes()
    mapped = [module_body(module) for module in publisher.modules]
    first = arguments.start_module or 0
    last = first + arguments.module_count if arguments.module_count else None
    return dap.ModulesResponseBody(modules=mapped[first:last], total_modules=len(mapped))
