"""The breakpoints of a session: the client's wishes joined with the process, when there is one."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.conditions import Conditions
from dapserver.debugger.breakpoints.table import Breakpoints
from dapserver.debugger.breakpoints.wish import Breakpoint, SourceLine, Wish
from dapserver.debugger.control import Control, Listener
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.modules import Changes
from dapserver.protocol import types as dap
from dapserver.ptrace import registers

if TYPE_CHECKING:
    from dapserver.debugger.process import Process
    from dapserver.debugger.stack import Stacks
    from dapserver.protocol.wire import Connection
    from dapserver.publisher import Publisher


class Wishes(Listener):
    """Keeps breakpoints from before the process begins, and tells the client what becomes of them."""

    def __init__(self, connection: Connection, to_debug_path: Callable[[str], list[str]]) -> None:
        self._connection = connection
        self._conditions = Conditions(registers.native().name)
        self.breakpoints = Breakpoints(self._conditions, to_debug_path)
        self.control: Control | None = None
        self._publisher: Publisher | None = None

    @property
    def in_code(self) -> bool:
        """Whether something is in the code or in debug registers that must be taken out."""
        return self.control is not None and bool(self.control.sites or self.control.hardware.was_used)

    def require_control(self) -> Control:
        """What sets breakpoints and steps in the process; DebuggerError if there is none."""
        if self.control is None:
            raise DebuggerError("Nothing is being debugged (any more).")
        return self.control

    def attach(self, process: Process, stacks: Stacks, publisher: Publisher) -> None:
        """There is a process now."""
        try:
            self.control = Control(
                process, stacks, publisher.modules, self._conditions, self.breakpoints, self
            )
        except DebuggerError as error:
            for each in self.breakpoints:
                each.message = str(error)
            return
        self._publisher = publisher
        publisher.on_modules = self._modules_changed
        self._tell(self.control.begin())

    async def replace(self, group: str, wishes: list[Wish]) -> list[dap.Breakpoint]:
        """Let a group of breakpoints consist of just these."""
        # In another thread: large programs take seconds, in which the threads of the process must not wait.
        await asyncio.to_thread(self.breakpoints.look_up, wishes)
        breakpoints = self.breakpoints.replace(group, wishes)
        if self.control is not None:
            self.control.watch_loader()  # libraries that are loaded later may matter now
        return [body(each) for each in breakpoints]

    def leave(self) -> None:
        """Take all out of the process, whose threads are stopped."""
        if self.control is not None:
            control, self.control = self.control, None
            control.leave()

    def ended(self) -> None:
        """The process is gone."""
        if self.control is not None:
            control, self.control = self.control, None
            control.ended()

    # -- as a Listener -------------------------------------------------------------------------------

    def log(self, text: str, breakpoint_: Breakpoint) -> None:
        where = body(breakpoint_)
        self._output(text, where.source, where.line)

    def complain(self, text: str) -> None:
        self._output(text)

    def modules_changed(self, go_on: Callable[[], None]) -> bool:
        publisher = self._publisher
        if publisher is None:
            return False
        changes = publisher.announced_modules()
        if not changes.loaded:
            if changes.unloaded:
                self._modules_changed(changes)
            return False
        self._connection.between_requests(functools.partial(self._look_into, changes, go_on))
        return True

    async def _look_into(self, changes: Changes, go_on: Callable[[], None]) -> None:
        """Place what is to be in new modules. In another thread, as in `replace`."""
        try:
            await asyncio.to_thread(self.breakpoints.look_up_in, changes.loaded)
            self._modules_changed(changes)
        finally:
            go_on()

    def breakpoints_changed(self, changed: list[Breakpoint]) -> None:
        self._tell(changed)

    def _output(self, text: str, source: dap.Source | None = None, line: int | None = None) -> None:
        if not self._connection.outbox.overfull:
            said = dap.OutputEventBody(category="console", output=text + "\n", source=source, line=line)
            self._connection.post("output", said)

    def _modules_changed(self, changes: Changes) -> None:
        if self.control is not None:
            self._tell(self.control.modules_changed(changes))

    def _tell(self, changed: list[Breakpoint]) -> None:
        for each in changed:
            event = dap.BreakpointEventBody(reason="changed", breakpoint=body(each))
            self._connection.post("breakpoint", event)


def body(breakpoint_: Breakpoint) -> dap.Breakpoint:
    """A breakpoint as the client sees it."""
    where = breakpoint_.wish.where
    first = min(breakpoint_.locations.values(), key=lambda at: (at.line, at.address), default=None)
    source = line = column = None
    if isinstance(where, SourceLine):
        source, line, column = dap.Source(path=where.path), where.line, where.column
    if first is not None and first.line:
        line = first.line
        if column is not None and first.column:
            column = first.column
        if where is not None and not isinstance(where, SourceLine) and first.path:
            source = dap.Source(path=first.path)
    return dap.Breakpoint(
        id=breakpoint_.id,
        verified=breakpoint_.verified,
        message=breakpoint_.message,
        source=source,
        line=line,
        column=column,
        instruction_reference=f"{first.address:#x}" if first is not None else None,
        reason=None if breakpoint_.verified else "failed" if breakpoint_.failed else "pending",
    )
