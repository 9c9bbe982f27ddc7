"""One run: who is measured, how often, what came out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.client import Refused
from tests.bench.debuggers import Dapserver, Debugger, root_of
from tests.bench.figures import OURS, Figure, Goal


@dataclass(slots=True)
class Bench:
    ours: Dapserver
    peers: list[Debugger]
    pairs: int
    progress: Callable[[str], None]
    figures: list[Figure] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, work: str, measure: str, unit: str, goal: Goal | None = None) -> Figure:
        figure = Figure(work, measure, unit, goal or Goal())
        self.figures.append(figure)
        return figure

    def rounds(self, work: str) -> Iterator[int]:
        for number in range(self.pairs):
            self.progress(f"{work}: round {number + 1} of {self.pairs}")
            yield number

    def debuggers(self) -> list[Debugger]:
        """Ours, then the peers that can debug a C program."""
        return [self.ours, *(peer for peer in self.peers if peer.debugs_c)]

    def go_debuggers(self) -> list[Debugger]:
        """Ours, then the peers that debug Go alone."""
        return [self.ours, *(peer for peer in self.peers if not peer.debugs_c)]

    @property
    def root(self) -> Path | None:
        """Where programs live that all are measured on: in the peers' chroot, if they have one.

        Its libraries and their debug files are not those of the machine around it.
        """
        return root_of(self.peers)

    @contextlib.contextmanager
    def attempt(self, debugger: Debugger, work: str) -> Iterator[None]:
        """Go on with the next debugger, or the next step, where one refuses, hangs or breaks."""
        try:
            yield
        except (Refused, TimeoutError, ConnectionError) as error:
            self.complain(debugger, work, f"{error}"[:200])

    def complain(self, debugger: Debugger, work: str, text: str) -> None:
        """Note what is wrong: with ours, the run fails in the end; with a peer, it is told."""
        complaints = self.problems if debugger.name == OURS else self.notes
        line = f"{work}, {debugger.name}: {text}"
        if line not in complaints:
            complaints.append(line)
