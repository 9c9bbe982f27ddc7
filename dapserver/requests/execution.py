"""pause and continue: of all threads, or of one."""

from __future__ import annotations

from dapserver.debugger.stop import Reason
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session

capability(supports_single_thread_execution_requests=True)


@request("pause", in_turn=False)
async def pause(session: Session, arguments: dap.PauseArguments) -> None:
    process = session.require_process()
    # Clients pause "the process" by whatever thread they know, or by 0 if they know none.
    thread = process.threads.get(arguments.thread_id)
    if thread is None and process.threads and not process.non_stop:
        thread = next(iter(process.threads.values()))
    if thread is None:
        thread = session.require_thread(arguments.thread_id)
    process.stopping.begin(Reason.PAUSE, thread)
    session.wake_soon()


@request("continue")
async def continue_(session: Session, arguments: dap.ContinueArguments) -> dap.ContinueResponseBody:
    process = session.require_process()
    one = process.non_stop or bool(arguments.single_thread)
    thread = session.require_thread(arguments.thread_id) if one else None
    session.abandon_steps(thread)
    session.run_again(thread)
    some_held = process.some_held
    if arguments.single_thread:
        # Editors take the response of a plain `continue` for this event, but VS Code sends none
        # with `singleThread`: an extension does, behind its back.
        body = dap.ContinuedEventBody(thread_id=arguments.thread_id, all_threads_continued=not some_held)
        session.connection.post("continued", body)
    return dap.ContinueResponseBody(all_threads_continued=not some_held)
