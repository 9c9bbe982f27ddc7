"""launch and restart: a program started by us, or in a terminal of the client's."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from pathlib import Path
from typing import Any

from pydantic import Field

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.launch import Holder, start_held, take_over
from dapserver.program_output import Category, ProgramOutput
from dapserver.protocol import types as dap
from dapserver.protocol.model import Model
from dapserver.protocol.wire import request
from dapserver.requests.arguments import LaunchArguments
from dapserver.requests.attach import refuse_second
from dapserver.requests.lifecycle import begin_launched_program
from dapserver.session import Session

TERMINAL_TIMEOUT = 60
"""Seconds for the client to open a terminal and run a command in it."""

START_TIMEOUT = 20
"""Seconds for a process to begin, here."""


@request("launch")
async def launch(session: Session, arguments: LaunchArguments) -> None:
    refuse_second(session)
    await _start(session, arguments)
    # Told only now: an attached program cannot be started again.
    restart = dap.Capabilities(supports_restart_request=True)
    session.connection.post("capabilities", dap.CapabilitiesEventBody(capabilities=restart))


class RestartArguments(Model):
    """The launch arguments again, perhaps changed meanwhile; VS Code sends them."""

    arguments: dict[str, Any] = Field(default_factory=dict)


@request("restart")
async def restart(session: Session, arguments: RestartArguments) -> None:
    launched = session.launched
    if launched is None:
        raise DebuggerError("Only a launched program can be restarted; this one was attached to.")
    if arguments.arguments:
        launched = LaunchArguments.model_validate(arguments.arguments)
    _find(launched)  # or the old one would be ended for nothing
    await session.end_for_restart()
    try:
        await _start(session, launched)
    except DebuggerError:
        session.connection.post("terminated")
        raise


async def _start(session: Session, arguments: LaunchArguments) -> None:
    program = _find(arguments)
    with Holder() as holder:
        command = holder.command(program, arguments.args)
        if arguments.console == "internalConsole":
            connection = await _start_here(session, holder, command, arguments)
        else:
            connection = await _start_in_terminal(session, holder, command, arguments)
        with connection:
            process = take_over(connection, arguments.program, non_stop=arguments.non_stop)
    session.adopt(process, arguments, arguments)
    begin_launched_program(session)


def _find(arguments: LaunchArguments) -> str:
    """The program's path; a bare name is searched in PATH, as a shell does."""
    program = arguments.program
    if "/" not in program:
        found = shutil.which(program, path=arguments.env.get("PATH") or os.environ.get("PATH"))
        if found is None:
            raise DebuggerError(f"Cannot find {program!r} in PATH; give its whole path as 'program'.")
        return found
    path = Path(arguments.cwd or ".", program)
    if path.is_dir():
        raise DebuggerError(f"{program!r} is a directory; give a program as 'program'.")
    if not path.exists():
        raise DebuggerError(f"Cannot run {program!r}: there is no such file. Check 'program' and 'cwd'.")
    if not os.access(path, os.X_OK):
        raise DebuggerError(f"Cannot run {program!r}: it is not executable ('chmod +x' makes it so).")
    return str(path.absolute())


async def _start_here(
    session: Session, holder: Holder, command: list[str], arguments: LaunchArguments
) -> socket.socket:
    def sink(category: Category, text: str) -> None:
        if not session.connection.outbox.overfull:
            session.connection.post("output", dap.OutputEventBody(category=category, output=text))
            session.connection.outbox.flush()

    session.output = output = ProgramOutput(sink)
    env = dict(os.environ)
    for name, value in arguments.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    try:
        start_held(command, arguments.cwd, env, output.program_ends)
    except DebuggerError:
        output.close()
        raise
    output.started()
    return await _accept(holder, START_TIMEOUT, "The program did not start.")


async def _start_in_terminal(
    session: Session, holder: Holder, command: list[str], arguments: LaunchArguments
) -> socket.socket:
    if not (session.client and session.client.supports_run_in_terminal_request):
        raise DebuggerError(
            f"This client opens no terminals, so 'console': {arguments.console!r} cannot be had; "
            f"use 'internalConsole'."
        )
    asked = dap.RunInTerminalRequestArguments(
        kind="integrated" if arguments.console == "integratedTerminal" else "external",
        title=f"dapserver: {Path(arguments.program).name}",
        cwd=arguments.cwd or os.getcwd(),
        args=command,
        env=dict(arguments.env),
    )
    answer = asyncio.create_task(session.connection.ask("runInTerminal", asked))
    accepted = asyncio.create_task(
        _accept(holder, TERMINAL_TIMEOUT, "The client's terminal did not start the program.")
    )
    done, _ = await asyncio.wait({answer, accepted}, return_when=asyncio.FIRST_COMPLETED)
    if answer in done and not answer.result()["success"]:
        accepted.cancel()
        raise DebuggerError(f"The client opened no terminal: {answer.result().get('message')}.")
    return await accepted


async def _accept(holder: Holder, seconds: float, complaint: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        connection, _ = await asyncio.wait_for(loop.sock_accept(holder.listener), seconds)
    except TimeoutError:
        raise DebuggerError(complaint) from None
    return connection
