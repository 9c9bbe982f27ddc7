"""General registers of the two architectures, behind one interface."""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass, field

from dapserver.ptrace import api

# A system call that a stop interrupts is restarted by the kernel, but for these, which return
# EINTR after any stop (signal(7), "Interruption of system calls by stop signals").
_ERESTARTSYS, _ERESTARTNOINTR, _ERESTARTNOHAND, _ERESTART_RESTARTBLOCK = 512, 513, 514, 516

_RESTARTS = frozenset({_ERESTARTSYS, _ERESTARTNOINTR, _ERESTARTNOHAND, _ERESTART_RESTARTBLOCK})

_WORD = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Architecture:
    """How NT_PRSTATUS is laid out, and what a few registers mean."""

    name: str
    registers: tuple[str, ...]
    pc: str
    sp: str
    fp: str
    result: str
    """Holds a system call's result."""
    syscall: str | None
    """Holds the number of the system call that a thread is in, -1 if none; None: cannot be told."""
    eintr_syscalls: frozenset[int]
    tgkill: int
    """The number of the system call tgkill(2)."""
    kcmp: int
    """The number of the system call kcmp(2)."""
    offsets: dict[str, int] = field(init=False, repr=False, compare=False)
    """Where each register is, in bytes from the start."""
    pc_at: int = field(init=False, repr=False, compare=False)
    sp_at: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        offsets = {name: _WORD.size * index for index, name in enumerate(self.registers)}
        object.__setattr__(self, "offsets", offsets)
        object.__setattr__(self, "pc_at", offsets[self.pc])
        object.__setattr__(self, "sp_at", offsets[self.sp])

    @property
    def size(self) -> int:
        """Bytes of the register set."""
        return _WORD.size * len(self.registers)


X86_64 = Architecture(
    name="x86_64",
    # struct user_regs_struct, sys/user.h
    registers=(
        *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx"),
        *("rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss"),
        *("fs_base", "gs_base", "ds", "es", "fs", "gs"),
    ),
    pc="rip",
    sp="rsp",
    fp="rbp",
    result="rax",
    syscall="orig_rax",
    # Each has done nothing yet when it returns EINTR, so that it can be made again.
    eintr_syscalls=frozenset(
        {
            *(0, 1, 19, 20),  # read, write, readv, writev: sockets with SO_RCVTIMEO, SO_SNDTIMEO
            *(42, 43, 44, 45, 46, 47, 288, 299, 307),  # connect, accept, send*, recv*: the same
            *(65, 220),  # semop, semtimedop
            128,  # rt_sigtimedwait
            *(208, 333),  # io_getevents, io_pgetevents
            *(232, 281, 441),  # epoll_wait, epoll_pwait, epoll_pwait2
            426,  # io_uring_enter
        }
    ),
    tgkill=234,
    kcmp=312,
)

AARCH64 = Architecture(
    name="aarch64",
    # struct user_pt_regs, asm/ptrace.h
    registers=(*(f"x{n}" for n in range(31)), "sp", "pc", "pstate"),
    pc="pc",
    sp="sp",
    fp="x29",
    result="x0",
    # The kernel keeps the number (NT_ARM_SYSTEM_CALL) and the first argument apart, so that a
    # call cannot be restarted from outside: there, EINTR stays EINTR.
    syscall=None,
    eintr_syscalls=frozenset(),
    tgkill=131,
    kcmp=272,
)

ARCHITECTURES = {a.name: a for a in (X86_64, AARCH64)}


def native() -> Architecture:
    """The architecture that this Python runs on; NotImplementedError if it is another."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise NotImplementedError(f"dapserver runs on x86-64 and aarch64, not on {machine}.")
    return ARCHITECTURES[machine]


class Registers:
    """A copy of a stopped thread's general registers, by name."""

    def __init__(self, architecture: Architecture, data: bytearray) -> None:
        self._architecture = architecture
        self._data = data

    @classmethod
    def read(cls, architecture: Architecture, tid: int) -> Registers:
        """Read them from a thread in a ptrace-stop; ValueError if it runs 32-bit code."""
        data = api.register_set(tid)
        if len(data) < architecture.size:
            raise ValueError(f"thread {tid} runs 32-bit code")
        return cls(architecture, data)

    def __getitem__(self, name: str) -> int:
        value: int = _WORD.unpack_from(self._data, self._architecture.offsets[name])[0]
        return value

    def __setitem__(self, name: str, value: int) -> None:
        _WORD.pack_into(self._data, self._architecture.offsets[name], value & (1 << 64) - 1)

    @property
    def restarts(self) -> bool:
        """Whether the kernel will take the thread back to make a system call again, when it is resumed.

        Wherever that is by then: it takes the size of the instruction off the address.
        """
        syscall = self._architecture.syscall
        if syscall is None or self[syscall] >> 63:
            return False
        return (1 << 64) - self[self._architecture.result] in _RESTARTS

    def items(self) -> list[tuple[str, int]]:
        """(name, value) of all, in the order of the kernel's structure."""
        names = self._architecture.registers
        return list(zip(names, struct.unpack_from(f"<{len(names)}Q", self._data), strict=True))

    def write(self, tid: int) -> None:
        api.set_register_set(tid, self._data)

    @property
    def pc(self) -> int:  # asked for twenty times at a stop of a step
        value: int = _WORD.unpack_from(self._data, self._architecture.pc_at)[0]
        return value

    @pc.setter
    def pc(self, value: int) -> None:
        self[self._architecture.pc] = value

    @property
    def sp(self) -> int:
        value: int = _WORD.unpack_from(self._data, self._architecture.sp_at)[0]
        return value


def hide_interruption(architecture: Architecture, tid: int) -> None:
    """Before resuming a thread that we interrupted: let its system call be restarted.

    epoll_wait and a few others return EINTR after any stop, even without a signal. With
    ERESTARTNOHAND in its place, which the kernel still looks at, the call is made again, unless a
    signal handler runs first, in which case it is EINTR: as without a tracer. (interruptible_waits.c)
    """
    if architecture.syscall is None:
        return
    data = api.register_set(tid)
    if len(data) < architecture.size:
        return
    registers = Registers(architecture, data)
    if registers[architecture.result] != (-errno.EINTR) & (1 << 64) - 1:
        return
    if registers[architecture.syscall] in architecture.eintr_syscalls:
        registers[architecture.result] = -_ERESTARTNOHAND
        registers.write(tid)
