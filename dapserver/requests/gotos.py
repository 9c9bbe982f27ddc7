"""gotoTargets and goto: a stopped thread is sent to another line of its function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.events import Stopped
from dapserver.debugger.stop import Reason, Stop
from dapserver.debugger.thread import State
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.gotos import Gotos

capability(supports_goto_targets_request=True)


@request("gotoTargets")
async def goto_targets(session: Session, arguments: dap.GotoTargetsArguments) -> dap.GotoTargetsResponseBody:
    if arguments.source.path is None:
        raise DebuggerError("gotoTargets: the source has no path, and dapserver knows files by nothing else.")
    threads = [
        thread
        for thread in session.require_process().threads.values()
        if thread.state is State.STOPPED and thread.wanted_stopped
    ]
    paths = session.debug_paths(arguments.source.path)
    found = _gotos(session).targets(threads, paths, arguments.line, arguments.column)
    return dap.GotoTargetsResponseBody(
        targets=[
            dap.GotoTarget(
                id=session.goto_targets.add(0, each.address),
                label=f"{each.function} at line {each.line}",
                line=each.line,
                column=each.column or None,
                instruction_pointer_reference=f"{each.address:#x}",
            )
            for each in found
        ]
    )


@request("goto")
async def goto(session: Session, arguments: dap.GotoArguments) -> None:
    thread = session.require_stopped(arguments.thread_id)
    gotos = _gotos(session)
    gotos.go(thread, session.goto_targets.get(arguments.target_id))
    session.abandon_steps(thread)
    session.forget_handles(thread.tid)
    process = session.require_process()
    is_alone = process.non_stop or any(not each.wanted_stopped for each in process.threads.values())
    process.events.append(Stopped(Stop(Reason.GOTO, thread.tid, all_threads=not is_alone)))
    session.wake_soon()


def _gotos(session: Session) -> Gotos:
    from dapserver.debugger.gotos import Gotos  # noqa: PLC0415 - not for attaching

    publisher = session.require_publisher()
    publisher.module_changes()
    control = session.wishes().require_control()
    return Gotos(session.require_process(), publisher.modules, control.sites)
