"""What unwinding needs to know of an architecture: register numbers, and what a call keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abi:
    """Registers by DWARF number, and conventions of Linux."""

    name: str
    numbers: Mapping[str, int]
    """From the kernel's names (ptrace(2), NT_PRSTATUS) to DWARF's numbers."""
    pc: int
    """For x86-64 the number of the return address column, which no other register has."""
    sp: int
    fp: int
    link: int | None
    """The register that a call leaves the return address in; None if it is pushed."""
    callee_saved: tuple[int, ...]
    """A function without a rule for these leaves them as they were; any other may be lost."""
    sigreturn: bytes
    """The instructions that a signal handler returns to: they call rt_sigreturn(2)."""
    no_frame: tuple[tuple[bytes, int], ...]
    """Instructions met only where a function has no frame yet or any more, and how many bytes lie
    on the stack above the return address then."""
    signal_frame: Mapping[int, int]
    """Where the kernel saved each register, from the stack pointer at `sigreturn` on, in bytes."""


# struct sigcontext of asm/sigcontext.h, in its order, at 40 bytes of struct ucontext, which is
# where the stack pointer points when the handler has returned.
_X86_64_SIGCONTEXT = (8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16)

X86_64 = Abi(
    name="x86_64",
    # System V ABI, AMD64 supplement, figure 3.36
    numbers={
        **dict(zip(("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"), range(8), strict=True)),
        **{f"r{n}": n for n in range(8, 16)},
        **dict(zip(("eflags", "es", "cs", "ss", "ds", "fs", "gs"), range(49, 56), strict=True)),
        "rip": 16,
        "fs_base": 58,
        "gs_base": 59,
    },
    pc=16,
    sp=7,
    fp=6,
    link=None,
    callee_saved=(3, 6, 12, 13, 14, 15),
    sigreturn=bytes.fromhex("48c7c00f0000000f05"),  # mov $15, %rax; syscall
    no_frame=(
        (bytes.fromhex("55"), 0),  # push %rbp
        (bytes.fromhex("f30f1efa55"), 0),  # endbr64; push %rbp
        (bytes.fromhex("4889e5"), 8),  # mov %rsp, %rbp
        (bytes.fromhex("c3"), 0),  # ret
        (bytes.fromhex("ff25"), 0),  # jmp *offset(%rip), in the procedure linkage table
        (bytes.fromhex("f2ff25"), 0),  # bnd jmp
        (bytes.fromhex("f30f1efaff25"), 0),  # endbr64; jmp
        (bytes.fromhex("f30f1efaf2ff25"), 0),  # endbr64; bnd jmp
    ),
    signal_frame={number: 40 + 8 * i for i, number in enumerate(_X86_64_SIGCONTEXT)},
)

AARCH64 = Abi(
    name="aarch64",
    # DWARF for the Arm 64-bit Architecture, 4.1
    numbers={**{f"x{n}": n for n in range(31)}, "sp": 31, "pc": 32},
    pc=32,
    sp=31,
    fp=29,
    link=30,
    callee_saved=tuple(range(19, 31)),
    sigreturn=bytes.fromhex("681180d2010000d4"),  # mov x8, #139; svc #0
    # stp x29, x30, [sp, #-size]! has the size in it; before it, and after ldp, the link register holds
    no_frame=((bytes.fromhex("c0035fd6"), 0),),  # ret
    # siginfo_t of 128 bytes; in struct ucontext 176 before sigcontext, in that 8 before x0
    signal_frame={number: 128 + 176 + 8 + 8 * number for number in range(33)},
)

ABIS = {abi.name: abi for abi in (X86_64, AARCH64)}
# The upper bits of a signed return address: a user's addresses have 48.
AARCH64_ADDRESS_MASK = (1 << 48) - 1
