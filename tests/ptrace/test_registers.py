"""Both architectures' register sets, as bytes: what can be checked without running them."""

from __future__ import annotations

import struct

import pytest

from dapserver.ptrace.registers import AARCH64, ARCHITECTURES, X86_64, Architecture, Registers


def register_set(architecture: Architecture) -> bytearray:
    """Each register holds its own number, times 256."""
    count = len(architecture.registers)
    return bytearray(struct.pack(f"<{count}Q", *(n << 8 for n in range(count))))


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_names_are_in_the_order_of_the_kernels_structure(architecture: Architecture) -> None:
    registers = Registers(architecture, register_set(architecture))
    assert registers.items() == [(name, n << 8) for n, name in enumerate(architecture.registers)]
    assert registers.pc == registers[architecture.pc]
    assert registers.sp == registers[architecture.sp]
    assert architecture.fp in architecture.registers
    assert architecture.result in architecture.registers


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_a_change_is_where_it_belongs(architecture: Architecture) -> None:
    data = register_set(architecture)
    registers = Registers(architecture, data)
    registers[architecture.result] = -514
    assert registers[architecture.result] == (1 << 64) - 514
    changed = [n for n in range(len(architecture.registers)) if data[8 * n : 8 * n + 8] != _bytes(n << 8)]
    assert [architecture.registers[n] for n in changed] == [architecture.result]


def _bytes(value: int) -> bytes:
    return struct.pack("<Q", value)


def test_sizes_and_places_are_the_kernels() -> None:
    """struct user_regs_struct of x86-64: 216 bytes, rip at 128. struct user_pt_regs: 272, pc at 256."""
    assert (X86_64.size, 8 * X86_64.registers.index("rip")) == (216, 128)
    assert (AARCH64.size, 8 * AARCH64.registers.index("pc")) == (272, 256)
    assert 8 * X86_64.registers.index("orig_rax") == 120
    assert 8 * AARCH64.registers.index("sp") == 248
