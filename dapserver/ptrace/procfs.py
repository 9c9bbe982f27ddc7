"""What /proc tells of processes and threads (proc(5)).

Every function raises ProcessLookupError for a process or thread that is not there (any more).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProcessLookupError(path) from None
    try:
        chunks = []
        while chunk := os.read(fd, 1 << 16):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(fd)


def tasks(pid: int) -> list[int]:
    """The tids of a process, zombies included, in the order of their creation."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None


def thread_count(pid: int) -> int:
    """How many threads `tasks` would list, told by the directory's link count."""
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None


def processes() -> list[int]:
    """The pids of all processes that can be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def status(pid: int, tid: int | None = None) -> dict[str, str]:
    """The fields of /proc/PID/status, or of one thread's."""
    where = f"/proc/{pid}/status" if tid is None else f"/proc/{pid}/task/{tid}/status"
    text = _read(where).decode("utf-8", "replace")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def state(pid: int, tid: int | None = None) -> str:
    """The state letter: R, S, D, T (job-control stop), t (ptrace-stop), Z, X, I."""
    return status(pid, tid)["State"][:1]


def fate(pid: int, tid: int) -> tuple[bool, int]:
    """Whether a thread is dead, if still in the list, and which process traces it; 0: none."""
    fields = status(pid, tid)
    return fields["State"][0] in "ZX", int(fields["TracerPid"])


def comm(pid: int) -> str:
    """The name of a process or, by its tid, of a thread: at most 15 bytes."""
    return _read(f"/proc/{pid}/comm").decode("utf-8", "replace").rstrip("\n")


def command_line(pid: int) -> list[str]:
    """The arguments it was started with; none for a kernel thread or a zombie."""
    return [word.decode("utf-8", "replace") for word in _read(f"/proc/{pid}/cmdline").split(b"\0")[:-1]]


def executable(pid: int) -> str | None:
    """The path of its program as the process itself sees it, if it may be known."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None


def pointer_size(pid: int) -> int | None:
    """32 or 64, by the class of its program's file (elf(5), EI_CLASS); None if it may not be read."""
    try:
        with open(f"/proc/{pid}/exe", "rb") as program:
            return {1: 32, 2: 64}.get(program.read(5)[-1])
    except OSError:
        return None


def thread_group(tid: int) -> int:
    """The pid of the process that a thread belongs to."""
    return int(status(tid)["Tgid"])


@dataclass(frozen=True, slots=True)
class Stat:
    """Some fields of /proc/PID/stat."""

    state: str
    parent: int
    threads: int
    start_time: int
    """Clock ticks since boot."""
    flags: int
    cpu_ticks: int
    """User and system time, in clock ticks."""
    processor: int

    @property
    def is_kernel_thread(self) -> bool:
        return bool(self.flags & 0x00200000)  # PF_KTHREAD, linux/sched.h


def stat(pid: int, tid: int | None = None) -> Stat:
    """Parse /proc/PID/stat; the name in it may hold spaces and parentheses."""
    where = f"/proc/{pid}/stat" if tid is None else f"/proc/{pid}/task/{tid}/stat"
    fields = _read(where).rpartition(b")")[2].split()
    return Stat(
        state=fields[0].decode(),
        parent=int(fields[1]),
        threads=int(fields[17]),
        start_time=int(fields[19]),
        flags=int(fields[6]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        processor=int(fields[36]),
    )


def system_call(pid: int, tid: int) -> int | None:
    """The number of the system call that a thread is blocked in; None if it is in none, or runs.

    OSError if it may not be known.
    """
    number = _read(f"/proc/{pid}/task/{tid}/syscall").split()[0]
    return int(number) if number.isdigit() else None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A line of /proc/PID/maps that maps a file."""

    start: int
    end: int
    executable: bool
    offset: int
    """Of `start` in the file."""
    device: str
    inode: int
    path: str


def ranges(pid: int) -> list[tuple[int, int, str]]:
    """All that a process has mapped, in order: (start, end, name or "")."""
    result = []
    for line in _read(f"/proc/{pid}/maps").splitlines():
        addresses, _, _, _, _, *name = line.split(None, 5)
        start, _, end = addresses.partition(b"-")
        result.append((int(start, 16), int(end, 16), b"".join(name).decode(errors="replace")))
    return result


def maps(pid: int) -> bytes:
    """The text of /proc/PID/maps, for `mappings`.

    Of a process whose leader has ended, give another thread's id: a zombie has no memory.
    """
    return _read(f"/proc/{pid}/maps")


class Size:
    """How much is mapped in a process. Asked at each stop, so that /proc/TID/statm is kept open."""

    def __init__(self, living: Callable[[], int]) -> None:
        """*living* gives the id of a thread that lives."""
        self._living = living
        self._descriptor = -1

    def __del__(self) -> None:
        self._close()

    def pages(self) -> bytes:
        """The number, in digits: read in a twentieth of the time that `maps` takes."""
        if self._descriptor >= 0:
            with contextlib.suppress(ProcessLookupError):
                if (pages := self._read()) != b"0":  # of a leader that is a zombie
                    return pages
        self._close()
        try:
            self._descriptor = os.open(f"/proc/{self._living()}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ProcessLookupError from None
        return self._read()

    def _read(self) -> bytes:
        return os.pread(self._descriptor, 256, 0).partition(b" ")[0]

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def mappings(maps: bytes) -> list[Mapping]:
    """The mapped files of a process, and [vdso], in the order of their addresses."""
    result = []
    for line in maps.splitlines():
        fields = line.split(None, 5)
        if len(fields) == 6 and (fields[5].startswith(b"/") or fields[5] == b"[vdso]"):
            start, _, end = fields[0].partition(b"-")
            result.append(
                Mapping(
                    start=int(start, 16),
                    end=int(end, 16),
                    executable=fields[1][2:3] == b"x",
                    offset=int(fields[2], 16),
                    device=fields[3].decode(),
                    inode=int(fields[4]),
                    path=fields[5].decode("utf-8", "surrogateescape"),
                )
            )
    return result
