"""A thread of a traced process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from dapserver.ptrace.debug_registers import NOTHING, Settings
from dapserver.ptrace.wait import WaitStatus

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Site
    from dapserver.debugger.breakpoints.traps import Verdict
    from dapserver.debugger.stepping import Step


class State(Enum):
    """What a thread *is*, as far as its stops have told."""

    NEWBORN = auto()
    """Cloned; its first stop has not been seen, and before it the thread must not be touched."""
    RUNNING = auto()
    STOPPED = auto()
    """In a ptrace-stop: it stays there until we resume it."""
    LISTENING = auto()
    """In a group-stop, left to job control (PTRACE_LISTEN)."""
    DYING = auto()
    """A request to it failed with ESRCH: only its end is still to come."""


@dataclass(slots=True, eq=False)
class Thread:
    """What a thread is, beside what is wanted of it. Identity is the object: tids are reused."""

    tid: int
    state: State
    born: float
    """When it was first seen, in seconds of the monotonic clock."""
    found: bool = False
    """It was there before us: it is older than `born` says."""
    wanted_stopped: bool = False
    """What is *wanted*: each stop that comes is held if this is set, and resumed if not."""
    waits: bool = False
    """Whether it is wanted stopped only until something is done for it, and nobody was told."""
    status: WaitStatus | None = None
    """Of the ptrace-stop it is in."""
    signal: int = 0
    """To be delivered when it is resumed: it is in a signal-delivery-stop of this signal."""
    interrupted: bool = False
    """We sent PTRACE_INTERRUPT, so its system call may have been cut short. (interruptible_waits.c)"""
    step: Step | None = None
    """What it is to do before it stops again by itself."""
    returned: int | None = None
    """An address in the function that its last step came out of by its return."""
    single_step: bool = False
    """Whether it is to execute but one instruction when it is resumed."""
    undisturbed: bool = False
    """Whether signals are to wait while it executes that instruction."""
    mask: int | None = None
    """Its own signal mask, while they do."""
    stepped: bool = False
    """Whether it was ever told to: a trap of that may come late, when nobody waits for it."""
    trap_flag: bool = False
    """Whether its flags may have TF still, by a single step: if we were killed, it would trap again."""
    has_trapped: bool = False
    """Whether it has ever come to a breakpoint."""
    copy: Site | None = None
    """The site in whose copy it was last seen: it may be there still."""
    unreported: Site | None = None
    """A breakpoint that it met while a stop was made for another reason: judged when it is resumed."""
    late: Verdict | None = None
    """The same of a data breakpoint, judged already: it is to stop when it is resumed."""
    debug_registers: Settings = NOTHING
    """What it has in its debug registers."""
    name: str = ""
    name_read: float = 0.0
    """When its name was read, in seconds of the monotonic clock; 0: never."""
    comm_fd: int = -1
    """/proc/TID/comm, held open: reading is then six times as fast."""
