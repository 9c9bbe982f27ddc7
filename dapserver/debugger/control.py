"""Breakpoints and steps of one process: joins the wishes, the sites, the traps and the steps."""

from __future__ import annotations

import contextlib
import functools
import time
from signal import SIGTRAP
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.conditions import Conditions, Moment
from dapserver.debugger.breakpoints.errands import Errands
from dapserver.debugger.breakpoints.exceptions import described
from dapserver.debugger.breakpoints.hardware import Hardware, change
from dapserver.debugger.breakpoints.moving_out import move_out, take_trap
from dapserver.debugger.breakpoints.rescue import Rescue
from dapserver.debugger.breakpoints.sites import Site, Sites
from dapserver.debugger.breakpoints.traps import WAIT, Traps, Verdict
from dapserver.debugger.breakpoints.wish import Breakpoint, Thrown
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.escapes import Escapes
from dapserver.debugger.lines import Lines
from dapserver.debugger.stepping import Caller, Kind, Places, Step
from dapserver.debugger.stop import Reason
from dapserver.debugger.thread import State, Thread
from dapserver.debugger.unwinding import Unwinder
from dapserver.debugger.values.space import Space
from dapserver.ptrace.wait import Kind as WaitKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dapserver.debugger.breakpoints.table import Breakpoints
    from dapserver.debugger.modules import Changes, Module, Modules
    from dapserver.debugger.process import Process
    from dapserver.debugger.stack import Stacks
    from dapserver.ptrace.registers import Registers

LOADER_HOOK = "_dl_debug_state"
"""The function of the dynamic linker that it calls when it has mapped or unmapped something (link.h)."""


class Listener:
    """Who hears what happens at breakpoints that do not stop."""

    def log(self, text: str, breakpoint_: Breakpoint) -> None:
        """A logpoint says something."""

    def complain(self, text: str) -> None:
        """Something is wrong with a breakpoint."""

    def modules_changed(self, go_on: Callable[[], None]) -> bool:  # noqa: ARG002
        """The dynamic linker has mapped or unmapped something.

        True: the thread that it was called in is to wait until what is to be in there is there; then
        *go_on* is called.
        """
        return False

    def breakpoints_changed(self, changed: list[Breakpoint]) -> None:
        """Another program has them in other places, or not at all."""


class Control:
    """What lets the threads of one process stop at places."""

    def __init__(  # noqa: PLR0917 - it joins them
        self,
        process: Process,
        stacks: Stacks,
        modules: Modules,
        conditions: Conditions,
        breakpoints: Breakpoints,
        listener: Listener,
    ) -> None:
        if process.architecture.name != "x86_64":
            raise DebuggerError("dapserver has breakpoints and steps on x86-64 only, so far.")
        self._process = process
        self._modules = modules
        self._conditions = conditions
        self._breakpoints = breakpoints
        self._listener = listener
        self._memory = stacks.memory
        self._space = Space(self._memory, modules)
        self._unwinder = Unwinder(modules, process.living)
        self._lines = Lines(modules)
        self._escapes = Escapes(modules, self._memory)
        self._hook: int | None = None
        self._bygone: set[Module] = set()
        """Modules of former programs of the process: where they were, others are."""
        errands = Errands(process, self._memory, modules)
        rescue = Rescue(process, self._memory, errands)
        self.sites = Sites(self._memory, modules, process.living, errands, rescue)
        process.offspring.sites = self.sites
        self._places = Places(self._lines, self.sites, self._memory, self._callers, self._escapes)
        self.hardware = Hardware(process, self._memory, self.sites)
        self._traps = Traps(process, self.sites, self.hardware, self._judge, self._judge_data)
        self._traps.on_exec = self._executed
        process.traps = self._traps
        conditions.renew()

    def begin(self) -> list[Breakpoint]:
        """Place the breakpoints that are wished already; those that are verified by that."""
        changed = self._breakpoints.bind(self._modules, self.sites, self.hardware)
        self.watch_loader()
        return changed

    @property
    def hears_of_libraries(self) -> bool:
        """Whether the dynamic linker tells of those that come and go: if breakpoints may be in one."""
        return self._hook is not None

    def watch_loader(self) -> None:
        """Notice libraries that are loaded, if a breakpoint may be in one. To be called again later."""
        if self._hook is not None or not self._breakpoints.pending:
            return
        for module in self._modules:
            image = (
                self._modules.image(module) if module.name.startswith(("ld-", "ld.", "libc.musl")) else None
            )
            for address in image.symbols.addresses_of(LOADER_HOOK) if image is not None else ():
                with contextlib.suppress(DebuggerError, OSError):
                    self.sites.add(address + module.bias, self)
                    self._hook = address + module.bias
                    return

    def modules_changed(self, changes: Changes) -> list[Breakpoint]:
        """Take note of what was mapped and unmapped; the breakpoints that have changed by that."""
        self._lines.forget()
        self._escapes.forget()
        # They were looked into meanwhile: after an exec another program's code may be at their addresses.
        loaded = [module for module in self._modules if module in changes.loaded]
        changed = self._breakpoints.loaded(loaded) if loaded else []
        for module in changes.unloaded:
            if module in self._bygone:
                continue
            ranges = [(m.start, m.end) for m in module.mappings]
            changed += self._breakpoints.unloaded(module, ranges)
        self.watch_loader()
        return list(dict.fromkeys(changed))

    # -- threads that come to a site ---------------------------------------------------------------

    def _judge(self, thread: Thread, site: Site, registers: Registers, *, passed: bool) -> Verdict | None:
        verdict: Verdict | None = None
        hit: list[Breakpoint] = []
        moment: Moment | None = None
        waits = False
        for owner in list(site.owners):
            if isinstance(owner, Step):
                verdict = self._reached(owner, thread, registers) or verdict
            elif passed:
                continue
            elif owner is self:
                waits = self._listener.modules_changed(functools.partial(self._traps.go_on, thread))
            elif isinstance(owner, Breakpoint):
                moment = moment or self._moment(thread, registers)
                if owner.judge(moment):
                    hit.append(owner)
        if not hit:
            return verdict or (WAIT if waits else None)
        first = min(hit, key=lambda each: each.id)
        text = None
        if isinstance(first.wish.where, Thrown):
            assert moment is not None
            text = described(first.wish.where, registers, self._space, self._said(moment))
        return Verdict(first.reason, tuple(each.id for each in hit), text)

    def _judge_data(self, thread: Thread, numbers: list[int], registers: Registers) -> Verdict | None:
        moment = self._moment(thread, registers)
        hit = [touch for touch in self.hardware.touched(numbers) if touch.owner.judge(moment)]
        if not hit:
            return None
        first = hit[0]
        text = f"{first.owner.wish.where.described()} {change(first)}".rstrip()
        return Verdict(first.owner.reason, tuple(each.owner.id for each in hit), text)

    def _reached(self, step: Step, thread: Thread, registers: Registers) -> Verdict | None:
        try:
            return step.reached(thread, registers)
        except (DebuggerError, OSError) as error:
            return Verdict(Reason.STEP, text=f"The step ends here: {error}")

    def _said(self, moment: Moment) -> Callable[[str], str]:
        return lambda expression: self._conditions.compile(expression).text(moment.context)

    def _moment(self, thread: Thread, registers: Registers) -> Moment:
        context = self._conditions.at(self._space, thread, registers, lambda: self._name(thread))
        return Moment(context, self._listener.log, self._listener.complain)

    def _name(self, thread: Thread) -> str:
        self._process.names.read(thread, time.monotonic())
        return thread.name

    # -- steps ---------------------------------------------------------------------------------------

    def step(
        self, thread: Thread, kind: Kind, *, by_instruction: bool = False, into: int | None = None
    ) -> None:
        """Let a stopped thread do a step when it is resumed; *into*: the address of the only call to go into.

        Raises DebuggerError if it cannot.
        """
        registers = self._process.registers(thread)
        thread.step = Step(
            thread,
            kind,
            by_instruction=by_instruction,
            places=self._places,
            into=into,
        )
        thread.step.begin(registers)

    def abandon_steps(self, thread: Thread | None = None) -> None:
        """Forget the step of a thread, or all: they are resumed for another purpose."""
        for each in [thread] if thread else list(self._process.threads.values()):
            each.returned = None
            if each.step is not None:
                each.step.end()
                each.step = None

    def _callers(self, registers: Registers) -> Iterator[Caller]:
        frames = self._unwinder.walk(registers, self._memory.read)
        if next(frames).cfa is not None:
            for frame in frames:
                yield Caller(frame.pc, frame.sp)

    # -- the end -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Leave the code as it was. All threads must be stopped."""
        self.abandon_steps()
        for thread in list(self._process.threads.values()):
            thread.unreported = thread.late = None
            if thread.state is State.STOPPED and thread.status is not None:
                with contextlib.suppress(ProcessLookupError, ValueError):
                    self._move_away(thread, thread.status.kind)
        self._process.offspring.gather()
        self._breakpoints.unbind()
        self.hardware.leave()
        self.sites.remove_all()
        self._process.offspring.dismiss()
        self._process.traps = None
        self._memory.patches = None

    def _move_away(self, thread: Thread, kind: WaitKind) -> None:
        """Let a stopped thread be nowhere that is about to change."""
        process = self._process
        where = self.sites, process.architecture, thread.tid
        if kind is WaitKind.EVENT_STOP:
            trap = take_trap(*where, process.handle, is_watched=self.hardware.was_used)
            if trap is not None:
                thread.status, kind = trap, trap.kind
                thread.signal = trap.value if trap.value != SIGTRAP else 0
        move_out(*where, kind, process.handle)

    def ended(self) -> None:
        """The process is gone."""
        self._breakpoints.unbind()
        self.hardware.forget()
        self.sites.forget()

    def _executed(self) -> None:
        """Another program is mapped, and has not executed an instruction yet."""
        self._hook = None
        self._lines.forget()
        self._escapes.forget()
        self._conditions.renew()
        self._breakpoints.unbind()
        self._memory.renew()
        self._bygone.update(self._modules)
        self._modules.forget_all()
        with contextlib.suppress(OSError):  # it is killed just now
            self._modules.look()
        self._space.refresh()
        self.begin()
        self._listener.breakpoints_changed(list(self._breakpoints))
