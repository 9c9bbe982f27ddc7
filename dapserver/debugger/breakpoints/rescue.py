"""A signal handler of last resort, for threads that are at a breakpoint just when we are killed.

Such a thread has trapped, or will before the guardian has put the code right, and SIGTRAP would end the
program. So it has a handler while breakpoints are in it, which sends the thread back to the instruction,
again and again until that is itself again. While we live it is not called, but for the program's own
traps, which it hands to the handler that was there before.

It knows sites by a list through the copies of their instructions: whoever makes one puts it in front.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Iterable
from signal import SIG_DFL, SIGTRAP
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace import procfs

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.errands import Errands
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.process import Process
    from dapserver.debugger.thread import Thread
    from dapserver.ptrace.injection import SystemCall

log = logging.getLogger(__name__)

NODE = struct.Struct("<QQ")
"""In front of a copy: the address of its site, and that of the next node."""

_RT_SIGACTION = 13
_ACTION = struct.Struct("<QQQQ")  # struct kernel_sigaction: handler, flags, restorer, mask
_SA_SIGINFO, _SA_RESTORER, _SA_ONSTACK = 0x4, 0x04000000, 0x08000000
_BELOW_RED_ZONE = 512

# In front of the code: the head of the list, the former handler, a struct timespec, an action.
_HEAD, _FORMER, _NEW, _CODE = 0, 8, 32, 64
_DATA = struct.Struct("<QQQQ32x")
_NANOSECONDS = 1_000_000
_HANDLER = bytes.fromhex(
    "837e0804"  # cmp dword [rsi + 8], TRAP_HWBKPT    of a data breakpoint: there is nothing to do
    "744a"  # je done
    "488b82a8000000"  # mov rax, [rdx + 168]    uc_mcontext.gregs[REG_RIP]
    "488b0dacffffff"  # mov rcx, [head]
    "4885c9"  # next: test rcx, rcx
    "7438"  # je not_ours
    "488b39"  # mov rdi, [rcx]
    "4839c7"  # cmp rdi, rax    it is back at the instruction already
    "742f"  # je done
    "4c8d4110"  # lea r8, [rcx + 16]
    "4939c0"  # cmp r8, rax    it has been moved to the copy already
    "7426"  # je done
    "4883c701"  # add rdi, 1
    "4839c7"  # cmp rdi, rax    behind int3
    "7406"  # je trapped
    "488b4908"  # mov rcx, [rcx + 8]
    "ebdb"  # jmp next
    "48ff8aa8000000"  # trapped: dec qword [rdx + 168]
    "b823000000"  # mov eax, nanosleep    leave the processor to the guardian
    "488d3d84ffffff"  # lea rdi, [moment]
    "31f6"  # xor esi, esi
    "0f05"  # syscall
    "c3"  # done: ret
    "488b0570ffffff"  # not_ours: mov rax, [former]
    "4883f801"  # cmp rax, SIG_IGN
    "770a"  # ja caught
    "74f0"  # je done
    "837e0802"  # cmp dword [rsi + 8], TRAP_TRACE    a single step of ours
    "74ea"  # je done
    "0f0b"  # ud2    SIG_DFL: it is to end
    "bf05000000"  # caught: mov edi, SIGTRAP
    "ffe0"  # jmp rax
    "b80f000000"  # restorer: mov eax, rt_sigreturn
    "0f05"  # syscall
)
_RESTORER = _CODE + 111

SIZE = _CODE + len(_HANDLER)
"""Bytes of the handler and its data."""


class Rescue:
    """The handler in one process."""

    def __init__(self, process: Process, memory: Memory, errands: Errands) -> None:
        self._process = process
        self._errands = errands
        self._memory = memory
        self._at: int | None = None
        """Where it is; None: nowhere, because it is not wanted yet or could not be."""
        self._former: tuple[int, int, int, int] | None = None
        """The action that was there before; None: ours is not installed."""
        self.head = 0

    @property
    def placed(self) -> bool:
        """Whether it has its room."""
        return self._at is not None

    def place(self, at: int) -> None:
        """Install it, `SIZE` bytes at an address that is executable; nothing if that cannot be."""
        self._at = at
        self._memory.write_raw(at, _DATA.pack(self.head, 0, 0, _NANOSECONDS) + _HANDLER)
        try:
            with self._errands.by_any() as call:
                self._install(call)
        except (DebuggerError, OSError, ValueError) as error:
            log.info("process %d has no handler of last resort yet: %s", self._process.pid, error)

    def chain(self, node: int) -> None:
        """A node was put in front of the list."""
        self.head = node
        if self._at is not None:
            self._memory.write_raw(self._at + _HEAD, struct.pack("<Q", node))

    def chain_anew(self, nodes: Iterable[tuple[int, int]]) -> None:
        """Have just these nodes in the list: (where it is, the address of its site)."""
        self.chain(0)
        for node, address in nodes:
            self._memory.write_raw(node, NODE.pack(address, self.head))
            self.chain(node)

    def look_after(self, thread: Thread) -> None:
        """See, once for each thread that has trapped, that the handler is still there.

        A trap of a thread that blocks SIGTRAP sets the action back to the default (force_sig of the
        kernel). The thread is in a signal-delivery-stop.
        """
        if self._at is None or thread.has_trapped:
            return
        thread.has_trapped = True
        if self._former is not None and _is_caught(self._process.pid, thread.tid):
            return
        with contextlib.suppress(DebuggerError), self._errands.by(thread) as call:
            if self._former is None:  # no thread could install it so far, as right after an exec
                self._install(call)
            else:
                _check(call(_RT_SIGACTION, SIGTRAP, self._address + _NEW, 0, 8))

    def make_way(self, thread: Thread) -> None:
        """Before a trap of the program's own is delivered to a thread: it is to end by it, if it would."""
        if self._former is not None and self._former[0] == SIG_DFL:
            with contextlib.suppress(DebuggerError), self._errands.by(thread) as call:
                self._withdraw(call)

    def withdraw(self) -> None:
        """Have the former handler again."""
        if self._former is not None:
            with contextlib.suppress(DebuggerError, OSError, ValueError), self._errands.by_any() as call:
                self._withdraw(call)

    def forget(self) -> None:
        """The memory is another, or gone."""
        self._at = self._former = None
        self._errands.forget()
        self.head = 0

    # -- with a thread -----------------------------------------------------------------------------

    @property
    def _address(self) -> int:
        assert self._at is not None
        return self._at

    def _install(self, call: SystemCall) -> None:
        former = self._current(call)
        handler, flags, _, mask = former
        if handler <= 1:
            flags, mask = _SA_ONSTACK, 0
        flags |= _SA_SIGINFO | _SA_RESTORER
        action = _ACTION.pack(self._address + _CODE, flags, self._address + _RESTORER, mask)
        self._memory.write_raw(self._address + _FORMER, struct.pack("<Q", handler))
        self._memory.write_raw(self._address + _NEW, action)
        _check(call(_RT_SIGACTION, SIGTRAP, self._address + _NEW, 0, 8))
        self._former = former

    def _withdraw(self, call: SystemCall) -> None:
        former, self._former = self._former, None
        assert former is not None
        if self._current(call)[0] == self._address + _CODE:  # not the program's own by now
            self._memory.write_raw(self._address + _NEW, _ACTION.pack(*former))
            _check(call(_RT_SIGACTION, SIGTRAP, self._address + _NEW, 0, 8))

    def _current(self, call: SystemCall) -> tuple[int, int, int, int]:
        """The action of SIGTRAP; the kernel writes it below the red zone of the thread's stack."""
        at = call.sp - _BELOW_RED_ZONE & ~15
        before = self._memory.read_raw(at, _ACTION.size)
        try:
            _check(call(_RT_SIGACTION, SIGTRAP, 0, at, 8))
            handler, flags, restorer, mask = _ACTION.unpack(self._memory.read_raw(at, _ACTION.size))
        finally:
            self._memory.write_raw(at, before)
        return handler, flags, restorer, mask


def _is_caught(pid: int, tid: int) -> bool:
    return bool(int(procfs.status(pid, tid)["SigCgt"], 16) & 1 << (SIGTRAP - 1))


def _check(result: int) -> None:
    if result < 0:
        raise OSError(-result, "rt_sigaction")
