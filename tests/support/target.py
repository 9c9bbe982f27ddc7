"""A program to be debugged: started by a test, watched through /proc, gone at its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.support.waiting import wait_until

T = TypeVar("T")


class Target:
    """A running program with its stdin and stdout in the test's hands. Timeouts in seconds.

    Its output is always read, by a thread, so that a full pipe never holds up the program. It
    gets a process group of its own (in the same session: in an orphaned group the kernel
    would ignore SIGTSTP), so that children it leaves behind can be killed with it.
    """

    def __init__(self, *argv: str | os.PathLike[str], **popen: Any) -> None:
        options: dict[str, Any] = {"process_group": 0, **popen}
        self.process: subprocess.Popen[str] = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
        )
        self.pid = self.process.pid
        self.lines: list[str] = []
        self._read = 0  # how many of the lines read_line has handed out
        self._ended = False
        self._news = threading.Condition()
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left of the program and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)
        self._collector.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    # -- talking with it -------------------------------------------------------------------

    def read_line(self, timeout: float = 10) -> str:
        """The next line of output, without its newline; EOFError after the last."""
        with self._news:
            there = self._news.wait_for(lambda: self._read < len(self.lines) or self._ended, timeout)
            if self._read < len(self.lines):
                self._read += 1
                return self.lines[self._read - 1]
        if there:
            raise EOFError(f"no more output; all of it: {self.lines[-20:]}")
        raise TimeoutError(f"no line of output within {timeout} s, so far: {self.lines[-20:]}")

    def wait_line(self, prefix: str, timeout: float = 10) -> str:
        """The next line that begins with *prefix*; those before it are passed over."""
        while not (line := self.read_line(timeout)).startswith(prefix):
            pass
        return line

    def write_line(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def reported(self, word: str) -> list[int]:
        """The thread ids of the lines `WORD tid=N ...` so far, in their order."""
        prefix = f"{word} tid="
        said = [line.removeprefix(prefix) for line in self.lines if line.startswith(prefix)]
        return [int(line.split()[0]) for line in said]

    def expect_exit(self, timeout: float = 10) -> int:
        """Wait for its end; the exit code, or the negative number of the signal that ended it."""
        code = self.process.wait(timeout)
        self._collector.join(timeout)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process (to which of its threads, the kernel chooses)."""
        os.kill(self.pid, number)

    # -- looking at it ---------------------------------------------------------------------

    def tids(self) -> set[int]:
        """The kernel ids of its threads; empty once it is gone."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return {int(name) for name in os.listdir(f"/proc/{self.pid}/task")}
        return set()

    def status(self, field: str, tid: int | None = None) -> str:
        """A field of a thread's /proc status (default: the leader's); FileNotFoundError if gone."""
        tid = tid or self.pid
        try:
            text = Path(f"/proc/{self.pid}/task/{tid}/status").read_text()
        except ProcessLookupError as error:  # it went between open and read
            raise FileNotFoundError(*error.args) from error
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return value.strip()
        raise KeyError(field)

    def states(self) -> dict[int, str]:
        """The state letter of each thread: R, S, T (stopped), t (stopped for a tracer), Z..."""
        return dict(self._each("State", lambda value: value[0]))

    def tracers(self) -> set[int]:
        """The TracerPid of its threads: {0} when nobody traces any of them."""
        return {tracer for _, tracer in self._each("TracerPid", int)}

    def wait_for(self, condition: Callable[[], T], timeout: float = 10, what: str = "") -> T:
        """Poll *condition* until it holds; what is known of the program is in the complaint."""
        try:
            return wait_until(condition, timeout, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self.states()}, output {self.lines[-20:]}") from None

    def _each(self, field: str, read: Callable[[str], T]) -> Iterator[tuple[int, T]]:
        for tid in sorted(self.tids()):
            with contextlib.suppress(FileNotFoundError):
                yield tid, read(self.status(field, tid))

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def python_target(code_or_path: str | Path, *args: str, **popen: Any) -> Target:
    """Run a piece of Python, or a script if a Path is given."""
    script = [str(code_or_path)] if isinstance(code_or_path, Path) else ["-c", code_or_path]
    return Target(sys.executable, "-u", *script, *args, **popen)
