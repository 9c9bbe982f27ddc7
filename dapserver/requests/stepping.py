"""next, stepIn, stepOut: one thread goes a bit further, the others run meanwhile unless told not to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.stepping import Kind

capability(supports_stepping_granularity=True)


@request("next")
async def next_(session: Session, arguments: dap.NextArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - not for attaching

    _step(session, arguments, Kind.OVER, arguments.granularity)


@request("stepIn")
async def step_in(session: Session, arguments: dap.StepInArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - as above

    _step(session, arguments, Kind.INTO, arguments.granularity)


@request("stepOut")
async def step_out(session: Session, arguments: dap.StepOutArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - as above

    _step(session, arguments, Kind.OUT, None)


def _step(
    session: Session,
    arguments: dap.NextArguments | dap.StepInArguments | dap.StepOutArguments,
    kind: Kind,
    granularity: str | None,
) -> None:
    thread = session.require_stopped(arguments.thread_id)
    session.require_publisher().module_changes()
    control = session.wishes().require_control()
    alone = session.require_process().non_stop or bool(arguments.single_thread)
    control.abandon_steps(thread if alone else None)
    control.step(thread, kind, by_instruction=granularity == "instruction")
    session.run_again(thread if alone else None)
