"""Why a value cannot be shown or changed, in the words that a user reads."""

from __future__ import annotations

from dapserver.debugger.errors import DebuggerError


class ValueProblem(DebuggerError):
    """A value cannot be read, written, or used as it was asked to be."""


class OptimizedOut(ValueProblem):
    """The compiler keeps the value nowhere at this point of the program."""

    def __init__(self) -> None:
        super().__init__("value has been optimized out")


class NoMemory(ValueProblem):
    """Nothing is mapped where the value would be."""

    def __init__(self, address: int) -> None:
        super().__init__(f"Cannot access memory at address {address:#x}")
        self.address = address
