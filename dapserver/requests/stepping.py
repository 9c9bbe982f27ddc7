"""next, stepIn, stepOut: one thread goes a bit further, the others run meanwhile unless told not to."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.stepping import Kind

capability(supports_stepping_granularity=True, supports_step_in_targets_request=True)


@request("next")
async def next_(session: Session, arguments: dap.NextArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - not for attaching

    _step(session, arguments, Kind.OVER, arguments.granularity)


@request("stepInTargets")
async def step_in_targets(
    session: Session, arguments: dap.StepInTargetsArguments
) -> dap.StepInTargetsResponseBody:
    from dapserver.debugger.calls import Calls  # noqa: PLC0415 - rarely needed

    frame = session.frames.get(arguments.frame_id)
    thread = session.require_stopped(frame.tid)
    session.wishes().require_control()  # or there are no steps
    is_innermost = frame.stack_frame.registers is None and not frame.stack_frame.inlined
    if frame.goroutine is not None or not is_innermost:
        return dap.StepInTargetsResponseBody(targets=[])  # a step begins in the innermost frame
    calls = Calls(session.require_publisher().modules, session.require_stacks().memory)
    # In a thread of its own: debug information is read.
    found = await asyncio.to_thread(calls.ahead, session.require_process().registers(thread))
    times: Counter[str] = Counter()
    targets = []
    for call in found:
        times[call.function] += 1
        number = times[call.function]
        targets.append(
            dap.StepInTarget(
                id=session.step_in_targets.add(thread.tid, call.address),
                label=call.function if number == 1 else f"{call.function}, call {number}",
                line=call.line or None,
                column=call.column or None,
            )
        )
    return dap.StepInTargetsResponseBody(targets=targets)


@request("stepIn")
async def step_in(session: Session, arguments: dap.StepInArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - as above

    target = arguments.target_id
    into = session.step_in_targets.get(target) if target is not None else None
    _step(session, arguments, Kind.INTO, arguments.granularity if into is None else None, into)


@request("stepOut")
async def step_out(session: Session, arguments: dap.StepOutArguments) -> None:
    from dapserver.debugger.stepping import Kind  # noqa: PLC0415 - as above

    _step(session, arguments, Kind.OUT, None)


def _step(
    session: Session,
    arguments: dap.NextArguments | dap.StepInArguments | dap.StepOutArguments,
    kind: Kind,
    granularity: str | None,
    into: int | None = None,
) -> None:
    thread = session.require_stopped(arguments.thread_id)
    control = session.wishes().require_control()
    session.require_publisher().module_changes(at_a_glance=control.hears_of_libraries)
    alone = session.require_process().non_stop or bool(arguments.single_thread)
    control.abandon_steps(thread if alone else None)
    control.step(thread, kind, by_instruction=granularity == "instruction", into=into)
    session.run_again(thread if alone else None)
