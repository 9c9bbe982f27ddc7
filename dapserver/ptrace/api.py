"""ptrace(2) requests, typed. The only module that imports python-ptrace.

Every function raises ProcessLookupError when the tracee is gone, dying, or not in the ptrace-stop
that the request needs (ESRCH), and PermissionError when it may not be traced (EPERM).
"""

from __future__ import annotations

import ctypes
import os
import warnings
from ctypes import addressof
from enum import IntEnum, IntFlag
from typing import NoReturn

with warnings.catch_warnings():
    # It calls datetime.utcfromtimestamp when imported, deprecated since Python 3.12.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ptrace import PtraceError
    from ptrace.binding.func import ptrace
    from ptrace.binding.linux_struct import iovec_struct


class Request(IntEnum):
    """What python-ptrace lacks or gets wrong is named here too: linux/ptrace.h."""

    PEEKUSER = 3
    POKEUSER = 6
    DETACH = 17
    SETSIGINFO = 0x4203
    GETREGSET = 0x4204
    SETREGSET = 0x4205
    SEIZE = 0x4206
    INTERRUPT = 0x4207
    LISTEN = 0x4208
    GETSIGMASK = 0x420A
    SETSIGMASK = 0x420B


class Option(IntFlag):
    """PTRACE_O_*: set per tracee, and inherited by the tracees it creates."""

    TRACEFORK = 1 << 1
    TRACEVFORK = 1 << 2
    TRACECLONE = 1 << 3
    TRACEEXEC = 1 << 4
    TRACEEXIT = 1 << 6
    EXITKILL = 1 << 20


# Plain integers for the requests that a storm of threads, or of steps, makes by the ten thousand: an
# enum member costs a tenth of a microsecond more each time.
_CONT, _SINGLESTEP, _SETOPTIONS, _GETEVENTMSG, _GETSIGINFO, _GETREGSET = 7, 9, 0x4200, 0x4201, 0x4202, 0x4204
NT_PRSTATUS = 1

# ptrace_geteventmsg of python-ptrace hands the kernel 4 bytes where it writes 8.
_message = ctypes.c_ulong()
_message_address = addressof(_message)

# What every stop of a step asks for goes into buffers that are there already.
_SET_SIZE, _SIGINFO_SIZE = 1024, 128
_set = bytearray(_SET_SIZE)
_set_iovec = iovec_struct()
_set_iovec.buf = addressof((ctypes.c_char * _SET_SIZE).from_buffer(_set))
_set_iovec_address = addressof(_set_iovec)
_siginfo = ctypes.create_string_buffer(_SIGINFO_SIZE)
_siginfo_address = addressof(_siginfo)
_signal_code = ctypes.c_int.from_buffer(_siginfo, 8)


def _fail(error: PtraceError) -> NoReturn:
    raise OSError(error.errno, os.strerror(error.errno)) from None


def seize(tid: int, options: int) -> None:
    """Trace a thread without stopping it."""
    try:
        ptrace(Request.SEIZE, tid, 0, options)
    except PtraceError as error:
        _fail(error)


def interrupt(tid: int) -> None:
    """Ask a seized thread to stop: it will give a PTRACE_EVENT_STOP, unless another stop comes first."""
    try:
        ptrace(Request.INTERRUPT, tid)
    except PtraceError as error:
        _fail(error)


def cont(tid: int, signal: int = 0) -> None:
    """Resume a thread from a ptrace-stop, delivering *signal* if it is in a signal-delivery-stop."""
    try:
        ptrace(_CONT, tid, 0, signal)
    except PtraceError as error:
        _fail(error)


def step(tid: int, signal: int = 0) -> None:
    """Execute one instruction, delivering *signal*: a SIGTRAP stop with code TRAP_TRACE follows."""
    try:
        ptrace(_SINGLESTEP, tid, 0, signal)
    except PtraceError as error:
        _fail(error)


def listen(tid: int) -> None:
    """Leave a thread in its group-stop, while hearing of its end (ptrace(2), "Group-stop")."""
    try:
        ptrace(Request.LISTEN, tid)
    except PtraceError as error:
        _fail(error)


def detach(tid: int, signal: int = 0) -> None:
    """Stop tracing a thread that is in a ptrace-stop, delivering *signal*."""
    try:
        ptrace(Request.DETACH, tid, 0, signal)
    except PtraceError as error:
        _fail(error)


def event_message(tid: int) -> int:
    """The message of a PTRACE_EVENT stop: new tid (CLONE), former tid (EXEC), exit status (EXIT)."""
    try:
        ptrace(_GETEVENTMSG, tid, 0, _message_address)
    except PtraceError as error:
        _fail(error)
    return _message.value


def set_options(tid: int, options: int) -> None:
    """Replace the options of a thread that is in a ptrace-stop."""
    try:
        ptrace(_SETOPTIONS, tid, 0, options)
    except PtraceError as error:
        _fail(error)


def siginfo(tid: int) -> bytes:
    """The 128 bytes of siginfo_t of a signal-delivery-stop (sigaction(2))."""
    signal_code(tid)
    return _siginfo.raw


def signal_code(tid: int) -> int:
    """The si_code of that alone: it is what each stop of a step asks for."""
    try:
        ptrace(_GETSIGINFO, tid, 0, _siginfo_address)
    except PtraceError as error:
        _fail(error)
    return _signal_code.value


def set_siginfo(tid: int, info: bytes) -> None:
    """Replace the siginfo_t of a signal-delivery-stop."""
    try:
        ptrace(Request.SETSIGINFO, tid, 0, addressof(ctypes.create_string_buffer(info, len(info))))
    except PtraceError as error:
        _fail(error)


def signal_mask(tid: int) -> int:
    """The signals that a stopped thread blocks: bit N - 1 for signal N."""
    mask = ctypes.c_uint64()
    try:
        ptrace(Request.GETSIGMASK, tid, ctypes.sizeof(mask), addressof(mask))
    except PtraceError as error:
        _fail(error)
    return mask.value


def set_signal_mask(tid: int, mask: int) -> None:
    """Let a stopped thread block just these signals."""
    try:
        ptrace(Request.SETSIGMASK, tid, 8, addressof(ctypes.c_uint64(mask)))
    except PtraceError as error:
        _fail(error)


def register_set(tid: int) -> bytearray:
    """The general registers (NT_PRSTATUS) of a stopped thread, as the kernel lays them out.

    Its length tells the thread's word size: 68 bytes are an i386's, 216 an x86-64's.
    """
    _set_iovec.len = _SET_SIZE
    try:
        ptrace(_GETREGSET, tid, NT_PRSTATUS, _set_iovec_address)
    except PtraceError as error:
        _fail(error)
    return _set[: _set_iovec.len]


def set_register_set(tid: int, registers: bytearray) -> None:
    """Write back what `register_set` returned, changed."""
    iovec = _iovec(registers)
    try:
        ptrace(Request.SETREGSET, tid, NT_PRSTATUS, addressof(iovec))
    except PtraceError as error:
        _fail(error)


def other_register_set(tid: int, kind: int, size: int) -> bytearray:
    """Another register set of a stopped thread: *kind* is an NT_ number of elf.h, *size* at most."""
    buffer = bytearray(size)
    iovec = _iovec(buffer)
    try:
        ptrace(Request.GETREGSET, tid, kind, addressof(iovec))
    except PtraceError as error:
        _fail(error)
    return buffer[: iovec.len]


def set_other_register_set(tid: int, kind: int, registers: bytearray) -> None:
    """Write back what `other_register_set` returned, changed."""
    iovec = _iovec(registers)
    try:
        ptrace(Request.SETREGSET, tid, kind, addressof(iovec))
    except PtraceError as error:
        _fail(error)


def peek_user(tid: int, offset: int) -> int:
    """A word of a stopped thread's struct user (sys/user.h)."""
    try:
        return int(ptrace(Request.PEEKUSER, tid, offset, 0, check_errno=True))
    except PtraceError as error:
        _fail(error)


def poke_user(tid: int, offset: int, word: int) -> None:
    """Write what `peek_user` reads; OSError if the kernel has no use for this word there."""
    try:
        ptrace(Request.POKEUSER, tid, offset, word)
    except PtraceError as error:
        _fail(error)


def system_call_name(number: int) -> str:
    """`futex` for 202 on x86-64."""
    from ptrace.syscall.names import SYSCALL_NAMES  # noqa: PLC0415 - 5 ms of start-up

    return str(SYSCALL_NAMES.get(number, f"system call {number}"))


def _iovec(buffer: bytearray) -> iovec_struct:
    iovec = iovec_struct()
    iovec.buf = addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
    iovec.len = len(buffer)
    return iovec
