"""The programs that are debugged, and the bare C tracer that is the yardstick."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.bench.client import Message
from tests.support.breakpoints import line_of
from tests.support.build import ROOT, build
from tests.support.waiting import wait_until

PROGRAMS = Path(__file__).parent / "programs"
BEATS = struct.Struct("<qq")
SAMPLED_THREADS = 24
OUT = "out"  # among the arguments of a program: the file that it writes its figures to


class Program:
    """A running program. `root`: where it lives, and its debugger with it, if in a chroot."""

    def __init__(self, executable: Path, *arguments: object, root: Path | None = None) -> None:
        # Under /tmp, which a peer's chroot shares, wherever the sources are.
        self._directory = tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp")
        self.out = Path(self._directory.name) / OUT
        self.program, *words = (self._word(word) for word in (executable, *arguments))
        command = [str(word) for word in (self.program, *words)]
        self._process = subprocess.Popen(
            ["chroot", str(root), *command] if root else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid

    def _word(self, word: object) -> Path:
        """A word of the command; for a file of this project, a copy of it."""
        path = self.out if word == OUT else Path(str(word))
        return Path(shutil.copy(path, self.out.parent)) if path.is_relative_to(ROOT) else path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._directory.cleanup()

    def wait_asleep(self, threads: int) -> None:
        """Wait until it has come to rest, with this number of threads."""

        def asleep() -> bool:
            tids = sorted(self.tids())
            return len(tids) == threads and self.states(tids) == {"S"}

        wait_until(asleep, what=f"{self.program.name} sleeps with {threads} threads")

    def tids(self) -> set[int]:
        return {int(task.name) for task in Path(f"/proc/{self.pid}/task").iterdir()}

    def sample(self) -> list[int]:
        """A few threads from all over the list, first and last included."""
        tids = sorted(self.tids())
        return [*tids[:: len(tids) // SAMPLED_THREADS + 1], tids[-1]]

    def states(self, tids: list[int]) -> set[str]:
        """The kernel's state letters of *tids*, `t` while one is in a ptrace stop."""
        stats = (Path(f"/proc/{self.pid}/task/{tid}/stat").read_text() for tid in tids)
        return {stat.rpartition(")")[2].split()[0] for stat in stats}

    def traced(self, tids: list[int]) -> bool:
        statuses = (Path(f"/proc/{self.pid}/task/{tid}/status").read_text() for tid in tids)
        return any("TracerPid:\t0\n" not in status for status in statuses)


class Target(Program):
    """A program of programs/ that says "ready", works when told to, says "done", and ends when told to."""

    def __init__(
        self,
        *arguments: object,
        root: Path | None = None,
        source: str = "workload.c",
        flags: Sequence[str] = ("-O2",),
    ) -> None:
        executable = build(str(PROGRAMS / source), *flags)
        super().__init__(executable, *arguments, OUT, root=root)
        self._expect("ready")

    def work(self) -> None:
        """Let the program do its work and wait until it has."""
        self.begin()
        self.finish()

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def finish(self) -> None:
        self._expect("done")

    def _expect(self, word: str) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if line != word:
            raise RuntimeError(f"the workload said {line!r} instead of {word!r}")

    def results(self) -> list[tuple[int, ...]]:
        """The lines that it wrote when done."""
        lines = self.out.read_text().splitlines()
        return [tuple(int(word) for word in line.split()) for line in lines]


class Loops(Target):
    """programs/loops.c or loops.go, compiled to be debugged."""

    def __init__(self, *arguments: object, root: Path | None = None, language: str = "C") -> None:
        name, flags = {"C": ("loops.c", "-O0"), "Go": ("loops.go", "-gcflags=all=-N -l")}[language]
        super().__init__(*arguments, root=root, source=name, flags=[flags])
        self.source = str(PROGRAMS / name)

    def breakpoints(self, *markers: str, **more: object) -> Message:
        """The arguments of setBreakpoints that have one at just these lines; *more* holds for each."""
        wanted = [{"line": line_of(self.source, marker), **more} for marker in markers]
        return {"source": {"path": self.source}, "breakpoints": wanted}


class Heartbeat:
    """The beats of `workload herd`: whether its main thread ever stands still."""

    def __init__(self, target: Target) -> None:
        with target.out.open("r+b") as file:
            self._beat = mmap.mmap(file.fileno(), BEATS.size)
        self.longest_gap()

    def longest_gap(self) -> float:
        """The longest time between two beats since this was asked last, in milliseconds.

        Waits for two more beats, since a gap that has not ended does not count yet.
        """
        last, _ = BEATS.unpack_from(self._beat)
        wait_until(lambda: BEATS.unpack_from(self._beat)[0] > last + 1, 60, "a heartbeat")
        beats: int
        gap: int
        beats, gap = BEATS.unpack_from(self._beat)
        BEATS.pack_into(self._beat, 0, beats, 0)
        return gap / 1e6


class BareTracer:
    """programs/tracer.c on a target; it ends with the target."""

    def __init__(self, target: Target) -> None:
        self._process = subprocess.Popen(
            [build(str(PROGRAMS / "tracer.c"), "-O2"), str(target.pid)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the bare tracer could not attach")

    def counts(self) -> str:
        """Wait for its end, which is the target's: "started exited"."""
        return self._process.communicate()[0].strip()
