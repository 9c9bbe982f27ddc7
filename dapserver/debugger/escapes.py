"""Ways out of functions that do not return: exceptions and panics that end further out, and longjmp(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Modules
    from dapserver.ptrace.registers import Registers

THROW = ("_Unwind_SetIP",)
"""With it every language's personality routine chooses where the thread goes on that throws: with clean-up
or with a handler (Itanium C++ ABI, exception handling, 1.6.3). C++ and Rust, libgcc's and LLVM's unwinder."""

CATCH = ("__cxa_begin_catch",)
"""Called first in each handler of C++, behind what cleans up in the same function (ibidem, 2.5)."""

PANIC = ("runtime.gopanic",)
"""Of Go: deferred functions run, and if one recovers, the function that had deferred it returns."""

LONG_JUMP = ("longjmp", "__longjmp_chk")

_CPP = 0x432B2B
"""What the class of a C++ exception ends with, before one more byte: GNUCC++, CLNGC++ (ibidem, 2.2.1)."""

_STOP_AT, _HANDLER_AT = 16, 24
"""Where _Unwind_Exception has, behind its class, private_1, which is 0 unless the unwinding is forced (as
by pthread_exit(3)), and private_2: in both unwinders the stack pointer of the frame that has the handler,
before arguments are taken off the stack."""

_SP_AT, _PC_AT = 48, 56
"""Where glibc's __jmp_buf has the stack pointer and the address, mangled."""

_GUARD = 0x30
"""Where in the thread control block glibc has what pointers are mangled with (tcbhead_t)."""


class Landing(NamedTuple):
    """Where a thread will come out."""

    pc: int
    sp: int
    is_jump: bool
    """Whether it is where the program had been before, in the middle of a line."""


class Pad(NamedTuple):
    """Where a frame that is thrown through goes on, to clean up or to handle the exception."""

    pc: int


class Panic:
    """Some function further out will return, if any does."""


class Escapes:
    """Where the ways out begin in one process, and where they lead."""

    def __init__(self, modules: Modules, memory: Memory) -> None:
        self._modules = modules
        self._memory = memory
        self._found: dict[int, tuple[str, ...]] | None = None

    def forget(self) -> None:
        """What is mapped has changed."""
        self._found = None

    def addresses(self) -> dict[int, tuple[str, ...]]:
        """The functions to watch: by address, which way it is."""
        if self._found is None:
            self._found = {}
            for module in self._modules:
                image = self._modules.image(module)
                if image is None:
                    continue
                for way in (THROW, CATCH, PANIC, LONG_JUMP):
                    for name in way:
                        for address in image.symbols.addresses_of(name):
                            self._found[address + module.bias] = way
        return self._found

    def landing(self, registers: Registers) -> Landing | Pad | Panic | None:
        """Where a thread will be that has just entered one of the functions; None if that is unknown."""
        way = self.addresses().get(registers.pc)
        word = self._memory.word
        if way is THROW:
            return Pad(registers["rsi"])
        if way is PANIC:
            return Panic()
        if way is CATCH and (returns_to := word(registers.sp)) is not None:  # into the handler
            return Landing(returns_to, registers.sp + 8, is_jump=False)
        if way is LONG_JUMP:
            buffer = registers["rdi"]
            sp, pc = word(buffer + _SP_AT), word(buffer + _PC_AT)
            guard = word(registers["fs_base"] + _GUARD)
            if sp is not None and pc is not None and guard is not None:
                return Landing(_demangled(pc, guard), _demangled(sp, guard), is_jump=True)
        return None

    def is_handler(self, registers: Registers) -> bool:
        """Whether a handler begins where a thread has come to a pad; C++'s begins with CATCH."""
        exception, word = registers["rax"], self._memory.word  # __builtin_eh_return_data_regno(0)
        is_cpp = (word(exception) or 0) >> 8 & 0xFFFFFF == _CPP
        return (
            not is_cpp and word(exception + _STOP_AT) == 0 and word(exception + _HANDLER_AT) == registers.sp
        )


def _demangled(value: int, guard: int) -> int:
    rotated = (value >> 17 | value << 47) & (1 << 64) - 1  # PTR_DEMANGLE: ror $2*8+1; xor %fs:0x30
    return rotated ^ guard
