"""A multi-threaded program in any language that does what it is told: see fixtures/ticker.c."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.target import Target

PROGRAMS = {
    "c": "ticker.c",
    "cpp": "threads.cpp",
    "rust": "threads.rs",
    "go": "threads.go",
    "python": "threads.py",
}


@dataclass(frozen=True)
class Puppet:
    """Each order waits until the program has told, or /proc shows, that it was obeyed."""

    target: Target

    @property
    def pid(self) -> int:
        return self.target.pid

    def start(self) -> int:
        """Start a thread; its tid."""
        return self._told("start", "started")

    def end(self) -> int:
        """End the youngest thread; its tid. It may still be on its way out of the kernel."""
        return self._told("end", "exited")

    def start_and_end(self, count: int) -> list[int]:
        """Order *count* threads to start, then all of them to end; their tids, once all run."""
        before = len(self.target.reported("started"))
        self.target.write_line("\n".join(["start"] * count + ["end"] * count))
        self.target.wait_for(
            lambda: len(self.target.reported("started")) >= before + count, what="threads run"
        )
        return self.target.reported("started")[before:]

    def name(self, tid: int, name: str) -> None:
        """Name the youngest thread, which is *tid*."""
        self.target.write_line(f"name {name}")
        self.target.wait_for(lambda: self.target.status("Name", tid) == name, what="the new name")

    def leave(self) -> None:
        """The main thread ends; another one takes the orders."""
        self.target.write_line("leave")

    def exec(self) -> None:
        """A thread that is not the leader executes the program anew."""
        self.target.write_line("exec")
        self.target.wait_line("main pid=")

    def quit(self, code: int) -> None:
        self.target.write_line(f"quit {code}")

    def _told(self, order: str, word: str) -> int:
        before = len(self.target.reported(word))
        self.target.write_line(order)
        self.target.wait_for(lambda: len(self.target.reported(word)) > before, what=word)
        return self.target.reported(word)[before]
