"""initialize, configurationDone, cancel, disconnect, terminate: the frame of a session."""

from __future__ import annotations

import signal

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.stop import Reason
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capabilities, capability, request
from dapserver.ptrace import signals
from dapserver.session import Session

capability(
    supports_configuration_done_request=True,
    supports_cancel_request=True,
    supports_terminate_request=True,
    support_terminate_debuggee=True,
    support_suspend_debuggee=True,
)


@request("initialize")
async def initialize(session: Session, arguments: dap.InitializeRequestArguments) -> dap.Capabilities:
    if session.client is not None:
        raise DebuggerError("'initialize' was answered already; it comes once in a session.")
    session.client = arguments
    session.connection.post("initialized")
    return capabilities()


@request("configurationDone")
async def configuration_done(session: Session, _arguments: dap.ConfigurationDoneArguments) -> None:
    if not session.configured:
        session.configured = True
        begin_launched_program(session)


def begin_launched_program(session: Session) -> None:
    """Let a launched program go, or report its stop at entry, once the client is ready for it."""
    process = session.process
    if process is None or process.exited or session.launched is None or not session.configured:
        return
    if session.launched.stop_on_entry:
        process.stopping.begin(Reason.ENTRY, process.threads[process.pid])
        session.wake_soon()
    else:
        session.run_again()


@request("cancel", in_turn=False)
async def cancel(session: Session, arguments: dap.CancelArguments) -> None:
    if arguments.request_id is not None:
        session.connection.cancel(arguments.request_id)


@request("disconnect", in_turn=False)
async def disconnect(session: Session, arguments: dap.DisconnectArguments) -> None:
    kill = arguments.terminate_debuggee
    if kill is None:
        kill = session.launched is not None and not arguments.suspend_debuggee
    await session.leave(kill=kill, suspend=bool(arguments.suspend_debuggee))
    session.connection.hang_up()


@request("terminate")
async def terminate(session: Session, _arguments: dap.TerminateArguments) -> None:
    """Ask the program to end, as `kill PID` does; it may take its time, or refuse."""
    process = session.require_process()
    if not process.exited:
        signals.send(process.pid, signal.SIGTERM)
        session.run_again()
