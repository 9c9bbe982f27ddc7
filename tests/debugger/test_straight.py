"""What is executed next in any case: as the processor says, and as real code was executed."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from dapserver.debugger.straight import destination, straight
from tests.conftest import Connect, Program
from tests.support.stepper import C, Stepper, address_of

STEPS = 400
FLAGS = {bit: 1 << at for bit, at in enumerate((0, 2, 6, 7, 11))}
"""CF, PF, ZF, SF and OF, in the order in which straight.c counts."""


def eflags(number: int) -> int:
    return sum(flag for bit, flag in FLAGS.items() if number >> bit & 1)


def test_every_condition_with_all_flags(program: Program) -> None:
    target = program("straight.c")
    target.wait_line("main")
    target.write_line("conditions")
    for number in range(32):
        holds = int(target.wait_line(""))
        for condition in range(16):
            taken = bool(holds >> condition & 1)
            for code in (bytes((0x70 + condition, 16)), bytes((0x0F, 0x80 + condition, 16, 0, 0, 0))):
                to = destination(code, 0x1000, eflags(number))
                assert to == 0x1000 + len(code) + 16 * taken, (code, number)


@pytest.mark.parametrize(
    ("code", "to"),
    [
        (b"\xeb\xfe", 0x1000),
        (b"\xe9\x00\x01\x00\x00", 0x1105),
        (b"\xe9\xf0\xff\xff\xff", 0xFF5),
        (b"\xf2\xeb\x10", 0x1013),  # bnd jmp
        (b"\x3e\x74\x10", 0x1003),  # je, likely
        (b"\x66\xe9\x00\x01\x00\x00", None),  # another length on each make of processor
        (b"\xe8\x00\x01\x00\x00", None),  # call
        (b"\xff\xe0", None),  # jmp rax
        (b"\xe3\x10", None),  # jrcxz
        (b"\xc3", None),
        (b"\xeb", None),  # the end of what is mapped
        (b"\x0f", None),
        (b"", None),
    ],
)
def test_where_branches_lead_and_what_is_none(code: bytes, to: int | None) -> None:
    assert destination(code + b"\x90" * (8 if len(code) > 1 else 0), 0x1000, 0) == to


MOV, CALL, RET, PUSH = b"\x48\x89\xc3", b"\xe8\x10\0\0\0", b"\xc3", b"\x50"


@pytest.mark.parametrize(
    ("code", "size", "calls"),
    [
        (MOV + MOV + RET, 6, False),
        (MOV + CALL + MOV + RET, 11, True),
        (CALL + RET, 5, True),
        (MOV + b"\xff\xd0" + RET, 5, True),  # call rax
        (MOV + MOV + PUSH + MOV + MOV, 6, False),  # the stack pointer is another then
        (MOV + MOV + b"\xe8\0\0\0\0" + MOV, 6, False),  # pushes where it is
        (MOV + MOV + b"\x0f\x05" + MOV, 6, False),  # syscall
        (MOV + MOV + b"\xcc" + MOV, 6, False),  # int3
        (MOV + MOV + b"\xc7\xf8\x05\0\0\0", 6, False),  # xbegin
        (MOV + b"\xf3\xa4" + MOV, 8, False),  # rep movsb
        (MOV + MOV + MOV[:2], 6, False),  # cut off
    ],
)
def test_how_far_it_goes_straight_on(code: bytes, size: int, calls: bool) -> None:
    assert straight(code, with_calls=True) == (size, calls)


STOPS = """
jmp . + 9; je . + 9; jne . + 99999; jrcxz . + 9; jecxz . + 9; jmp *%rax; jmp *(%rax); notrack jmp *%rax
loop . + 9; loope . + 9; loopne . + 9; call . + 9; call *%rax; lcall *(%rax); ljmp *(%rax)
ret; ret $16; lret; iret; iretq; sysret; sysenter; sysexit; syscall; int $0x80; int3; int1
xbegin . + 9; push %rax; push $1; push %fs; push %gs; push (%rax); pop %rax; pop %fs; pop %gs; pop (%rax)
pushf; popf; enter $16, $0; leave; mov %rax, %rsp; mov %eax, %esp; mov %ax, %sp; mov %al, %spl
add $8, %rsp; sub $8, %rsp; lea 8(%rsp), %rsp; xchg %rax, %rsp; xchg %rsp, %rax; and $-16, %rsp
cmovne %rax, %rsp; inc %rsp; dec %spl; neg %rsp; bswap %rsp; movabs $1, %rsp; movzbl %al, %esp
"""
GOES_ON = """
mov %rsp, %rax; mov 8(%rsp), %rax; mov %rax, 8(%rsp); add %rax, (%rsp); lea 8(%rsp), %rax; cmp %rax, %rsp
nop; nopw 0(%rax); endbr64; rep movsb; rep stosq; repne scasb; lock incl (%rax); xchg %rax, (%rax)
cmpxchg %rcx, (%rax); cpuid; rdtsc; pause; mfence; setne %al; cmove %rax, %rbx; imul %rcx, %rax; div %rcx
movaps (%rax), %xmm0; vaddps %ymm0, %ymm1, %ymm2; fld1; cvtsi2sd %eax, %xmm0; xorps %xmm0, %xmm0
"""


def listed(text: str) -> list[str]:
    return [word.strip() for line in text.splitlines() for word in line.split(";") if word.strip()]


def assembled(directory: Path, words: list[str]) -> list[bytes]:
    """The code of each instruction, by the assembler."""
    source, compiled, image = (directory / f"code.{ending}" for ending in ("s", "o", "bin"))
    # Each at a multiple of 32, behind zeros that tell how long it is.
    lines = [f".balign 32, 0\n0: {word}\n1: .balign 16, 0\n.byte 1b - 0b" for word in words]
    source.write_text("\n".join([*lines, ".balign 32, 0", ""]))
    subprocess.run(["as", "-o", compiled, source], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", compiled, image], check=True)
    data = image.read_bytes()
    return [data[at : at + data[at + 16]] for at in range(0, 32 * len(words), 32)]


def test_what_ends_a_run_and_what_does_not(tmp_path: Path) -> None:
    for text, stops in ((STOPS, True), (GOES_ON, False)):
        words = listed(text)
        for word, code in zip(words, assembled(tmp_path, words), strict=True):
            run = straight(b"\x90\x90" + code + b"\x90\x90", with_calls=False)
            assert run is not None
            assert run.size == (2 if stops else 4 + len(code)), word


@pytest.mark.parametrize("code", [b"", MOV, MOV + RET, RET + MOV + MOV, PUSH + MOV + MOV, b"\xeb\x00"])
def test_one_instruction_is_not_worth_it(code: bytes) -> None:
    assert straight(code, with_calls=True) is None


def test_calls_may_be_a_limit() -> None:
    assert straight(MOV + MOV + CALL + MOV, with_calls=False) == (6, False)
    assert straight(MOV + CALL + MOV, with_calls=False) is None


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",)], ids=" ".join)
def test_real_code_goes_as_foreseen(program: Program, connect: Connect, flags: tuple[str, ...]) -> None:
    """Each instruction that a thread executes is followed by the one that was foreseen."""
    stepper = Stepper(program, connect, C, flags=flags)
    stepper.stop("calls", "calls")
    trace = list(instructions(stepper))
    branches = runs = 0
    for (pc, _, code, flags_before), (after, *_) in pairwise(trace):
        if (to := destination(code, pc, flags_before)) is not None:
            branches += 1
            assert to == after
    for at, (pc, sp, code, _) in enumerate(trace[:-15]):
        if run := straight(code, with_calls=False):
            runs += 1
            passed = 0
            while (there := trace[at + passed][0]) != pc + run.size:
                assert pc <= there < pc + run.size
                passed += 1
            assert trace[at + passed][1] == sp
    assert branches > 10
    assert runs > 30


def instructions(stepper: Stepper) -> Iterator[tuple[int, int, bytes, int]]:
    """Step by instruction: of each the address, the stack pointer, 15 bytes of code, and the flags."""
    client = stepper.client
    for _ in range(STEPS):
        frame = stepper.step("stepIn", granularity="instruction")
        pc = address_of(frame)
        data = client.request("readMemory", memoryReference=f"{pc:#x}", count=15)["data"]
        sp, eflags = (
            int(client.request("evaluate", expression=f"(long){name}", frameId=frame["id"])["result"])
            for name in ("$rsp", "$eflags")
        )
        yield pc, sp, base64.b64decode(data), eflags
