"""What is said of a signal."""

from __future__ import annotations

import signal
import struct

import pytest

from dapserver.ptrace import signals
from dapserver.ptrace.signals import SignalInfo


def info(number: int, code: int, *, address: int = 0, sender: int = 0) -> SignalInfo:
    payload = struct.pack("<Q", address) if address else struct.pack("<iI", sender, 0)
    return SignalInfo.parse((struct.pack("<iiii", number, 0, code, 0) + payload).ljust(128, b"\0"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            info(signal.SIGSEGV, 1, address=8),
            "Segmentation fault: address not mapped to object, at 0x8",
        ),
        (
            info(signal.SIGFPE, 1, address=0x401000),
            "Floating point exception: integer divide by zero, at 0x401000",
        ),
        (info(signal.SIGABRT, -6, sender=42), "Aborted, sent by process 42"),
        (info(signal.SIGSEGV, 0x80), "Segmentation fault"),  # SI_KERNEL: a non-canonical address
    ],
)
def test_a_description_says_why_and_where(said: SignalInfo, expected: str) -> None:
    assert said.describe() == expected


def test_names() -> None:
    assert signals.name(11) == "SIGSEGV"
    assert signals.name(signal.SIGRTMIN + 3) == "SIGRTMIN+3"
    assert signals.meaning(signal.SIGTERM) == "Terminated"
