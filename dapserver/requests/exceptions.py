"""exceptionInfo: which signal, what it means, and where it came from; or what was thrown."""

from __future__ import annotations

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.stop import Reason
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.ptrace import api, signals
from dapserver.session import Session

capability(supports_exception_info_request=True)


@request("exceptionInfo")
async def exception_info(
    session: Session, arguments: dap.ExceptionInfoArguments
) -> dap.ExceptionInfoResponseBody:
    thread = session.require_stopped(arguments.thread_id)
    stop = session.require_publisher().stops.get(thread.tid)
    if stop is not None and stop.reason is Reason.THROWN and not thread.signal:
        label, _, what = (stop.text or "").partition(" of ")
        return dap.ExceptionInfoResponseBody(
            exception_id=what or label,
            description=stop.text,
            break_mode="always",
            details=dap.ExceptionDetails(message=stop.text, type_name=what or None),
        )
    for_signal = stop is not None and stop.reason is Reason.SIGNAL  # perhaps one that it is not to get
    if not thread.signal and not for_signal:
        raise DebuggerError(f"Thread {thread.tid} is not stopped by a signal.")
    info = signals.SignalInfo.parse(api.siginfo(thread.tid))
    name = signals.name(info.number)
    return dap.ExceptionInfoResponseBody(
        exception_id=name,
        description=info.describe(),
        break_mode="unhandled" if info.number in signals.FAULTS else "always",
        details=dap.ExceptionDetails(message=info.describe(), type_name=name, full_type_name=name),
    )
