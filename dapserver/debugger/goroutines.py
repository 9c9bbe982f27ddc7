"""Goroutines: the runtime's list of them, whose thread each is on, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace.pid_namespace import ids_here

if TYPE_CHECKING:
    from dapserver.debugger.go_runtime import GoRuntime, Known, Members
    from dapserver.debugger.modules import Module
    from dapserver.debugger.process import Process
    from dapserver.debugger.stack import StackFrame, Stacks
    from dapserver.debugger.values.space import Space
    from dapserver.ptrace.registers import Registers
    from dapserver.symbols.dwarf.source import SourceFrame

USERS = {"runtime.main": "main.main", "runtime.corostart": "", "runtime.handleAsyncEvent": ""}
"""What the runtime starts for the program (isSystemGoroutine in runtime/traceback.go), as users know it."""

FIRST = 1
"""The id of the one that has main.main: the runtime's start has made it."""

WRAPPER = re.compile(r".*\.gowrap\d+")
"""What the compiler makes of `go f(x)`: a function without arguments that calls f."""

DEPTH = 50
"""Frames among which the one that tells most is looked for."""


@dataclass(frozen=True, slots=True)
class Goroutine:
    """One goroutine, at one stop."""

    address: int
    """Of its `g`."""
    id: int
    state: str
    """In the runtime's own words: `running`, `chan receive`."""
    tid: int | None
    """The thread that runs it, if one does."""
    saved: Mapping[str, int]
    """The registers with which it left its stack the last time."""
    stack: range
    started_as: str
    """The function that it begins with; empty if C made it."""
    is_system: bool
    """Whether it is the runtime's own."""
    go_statement: int
    """Where the `go` statement that has started it returns to; 0: none has."""
    creator: int
    """The goroutine that has; 0: not known."""


class Goroutines:
    """The goroutines of a process while it stands still. `forget` when it may run.

    It reads files and memory but makes no ptrace request.
    """

    def __init__(self, process: Process, stacks: Stacks, space: Space) -> None:
        self._process = process
        self._stacks = stacks
        self._space = space
        self._module: Module | None = None
        self._found: GoRuntime | DebuggerError | None = None
        """Of that module; or why there is none."""
        self._all: list[Known] | None = None
        self._running: dict[int, Goroutine] | None = None
        self._functions: dict[int, str] = {}
        self._wrapped: dict[str, str] = {}
        """What is called by wrappers that were seen."""

    def forget(self) -> None:
        self._all = self._running = None

    @property
    def can_be_told(self) -> bool:
        """Whether this is a program in Go with debug information."""
        module = self._space.modules.of_go()
        return module is not None and self._space.modules.source_info(module) is not None

    def all(self, *, of_system: bool = False) -> list[Known]:
        """Give the program's own, or those of the runtime, by id; `look` tells what they do.

        DebuggerError if the program does not tell of them.
        """
        if self._all is None:
            self._all = sorted(self._runtime().goroutines())
        return [each for each in self._all if self._is_system(self._function(each.start)) is of_system]

    def look(self, addresses: Iterable[int]) -> Iterator[Goroutine]:
        """Give those at *addresses*, as far as they (still) exist. DebuggerError as `all`."""
        runtime = self._runtime()
        threads = self._threads(runtime)
        for address in addresses:
            if members := runtime.goroutine(address):
                yield self._goroutine(runtime, address, members, threads)

    def running(self) -> dict[int, Goroutine]:
        """Give those that a thread runs, by its id. DebuggerError as `all`."""
        if self._running is None:
            found = self.look([thread["curg"] for thread in self._threads(self._runtime()).values()])
            self._running = {each.tid: each for each in found if each.tid is not None}
        return self._running

    def frames(self, goroutine: Goroutine, registers: Registers | None = None) -> Iterator[StackFrame]:
        """Walk its stack, innermost frame first. *registers*: its thread's, if that is stopped."""
        if registers is not None:
            # The thread may be on another stack: a signal handler's, the runtime's own, or C's.
            walk = self._stacks.walk_from(registers, has_called=False)
            own = dropwhile(lambda frame: frame.physical.sp not in goroutine.stack, walk)
            if (first := next(own, None)) is not None:
                yield first
                yield from own
                return
        has_called = not self._starts_function(goroutine.saved[self._process.architecture.pc])
        yield from self._stacks.walk_from(goroutine.saved, has_called=has_called)

    def function(self, goroutine: Goroutine, registers: Registers | None = None) -> str:
        """Name the function that its `go` statement calls; empty if C made it. *registers* as in `frames`."""
        name = goroutine.started_as
        if not WRAPPER.fullmatch(name):
            return name
        if name not in self._wrapped:
            functions = [frame.function for frame in islice(self.frames(goroutine, registers), DEPTH)]
            if name in functions[1:]:
                self._wrapped[name] = functions[functions.index(name) - 1]
        return self._wrapped.get(name, name)

    def creation(self, goroutine: Goroutine) -> SourceFrame | None:
        """Find the `go` statement that has started it; None if none has."""
        if goroutine.go_statement == 0 or goroutine.id == FIRST:
            return None
        frames = self._frames_at(goroutine.go_statement - 1)
        return frames[0] if frames else None

    # -- from the runtime's structures -------------------------------------------------------------

    def _runtime(self) -> GoRuntime:
        module = self._space.modules.of_go()
        if module is None:
            raise DebuggerError("There are no goroutines: this is no program in Go.")
        if self._module is not module:
            self._module, self._found = module, self._find(module)
            self._functions.clear()
            self._wrapped.clear()
        if isinstance(self._found, DebuggerError):
            raise self._found
        assert self._found is not None
        return self._found

    def _find(self, module: Module) -> GoRuntime | DebuggerError:
        from dapserver.debugger.go_runtime import GoRuntime  # noqa: PLC0415 - for programs in Go

        try:
            return GoRuntime(self._space, module)
        except DebuggerError as error:
            return error

    def _threads(self, runtime: GoRuntime) -> dict[int, Members]:
        """The runtime's threads that run goroutines, by address, with ids as they are here."""
        here = ids_here(self._process.pid)
        threads = {address: thread for address, thread in runtime.threads().items() if thread["curg"]}
        if here is not None:
            for thread in threads.values():
                thread["procid"] = here.get(thread["procid"], 0)
        return threads

    def _goroutine(
        self, runtime: GoRuntime, address: int, members: Members, threads: dict[int, Members]
    ) -> Goroutine:
        thread = threads.get(members["m"])
        if thread is not None and thread["curg"] != address:
            thread = None
        function = self._function(members["startpc"])
        return Goroutine(
            address,
            members["goid"],
            runtime.state(members),
            (thread["procid"] or None) if thread is not None else None,
            self._saved(members, thread),
            range(members["stack.lo"], members["stack.hi"] + 1),
            USERS.get(function, function),
            self._is_system(function),
            members["gopc"],
            members["parentGoid"],
        )

    @staticmethod
    def _is_system(function: str) -> bool:
        return function.startswith("runtime.") and function not in USERS

    def _saved(self, members: Members, thread: Members | None) -> dict[str, int]:
        """Where it goes on: as the runtime's own tracebacks look for it (runtime/traceback.go)."""
        names = self._process.architecture
        pc, sp, fp = members["sched.pc"], members["sched.sp"], members["sched.bp"]
        if members["syscallsp"]:
            pc, sp, fp = members["syscallpc"], members["syscallsp"], members["syscallbp"]
        elif thread is not None and members["stack.lo"] < thread["vdsoSP"] <= members["stack.hi"]:
            # It has called the vDSO, which is executed on the thread's own stack.
            pc, sp, fp = thread["vdsoPC"], thread["vdsoSP"], 0
        return {names.pc: pc, names.sp: sp, names.fp: fp}

    # -- code --------------------------------------------------------------------------------------

    def _function(self, pc: int) -> str:
        """The name of the function at an address; empty if there is none."""
        if pc not in self._functions:
            frames = self._frames_at(pc) if pc else []
            name = frames[-1].function if frames else None
            self._functions[pc] = name or (str(self._space.modules.place(pc)) if pc else "")
        return self._functions[pc]

    def _frames_at(self, pc: int) -> list[SourceFrame]:
        module = self._space.modules.at(pc)
        source = self._space.modules.source_info(module) if module is not None else None
        return source.frames_at(pc - module.bias) if source is not None and module is not None else []

    def _starts_function(self, pc: int) -> bool:
        """Whether nothing of the function has been executed: there is no call before *pc* then."""
        module, frames = self._space.modules.at(pc), self._frames_at(pc)
        return bool(module and frames and frames[-1].low == pc - module.bias)


def own_frame(frames: Iterable[StackFrame]) -> StackFrame | None:
    """Give the first frame that is not the runtime's, else the innermost; None if there is no frame."""
    looked_at = list(islice(_until_own(frames), DEPTH))
    if not looked_at:
        return None
    return looked_at[-1] if is_own(looked_at[-1]) else looked_at[0]


def _until_own(frames: Iterable[StackFrame]) -> Iterator[StackFrame]:
    for frame in frames:
        yield frame
        if is_own(frame):
            return


def is_own(frame: StackFrame) -> bool:
    """Whether a frame is the program's: neither of the runtime nor of what that has in other packages."""
    package, _, name = frame.function.rpartition("/")[2].partition(".")
    path = frame.function.rpartition("/")[0]
    is_internal = (path or package).split("/")[0] in {"runtime", "internal", "syscall"}
    return not is_internal and not name.startswith("runtime_") and frame.module is not None
