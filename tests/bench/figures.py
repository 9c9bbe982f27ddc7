"""What a figure is: samples of ours and of others for one kind of work, and what to reach."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

OURS, BARE, UNTRACED = "dapserver", "bare tracer", "untraced"
BEST = "best peer"


@dataclass(frozen=True, slots=True)
class Goal:
    """What our median must not exceed; each part only where it is given and was measured."""

    limit: float | None = None  # in the figure's unit
    times_bare: float | None = None
    times_peer: tuple[str, float] | None = None  # of that name, or BEST
    more_is_better: bool = False  # a rate: what our median must not fall below

    def reached(self, value: float, bound: float) -> bool:
        return value >= bound if self.more_is_better else value <= bound

    def __str__(self) -> str:
        sign, parts = "≥" if self.more_is_better else "≤", []
        if self.limit is not None:
            parts.append(f"{sign} {self.limit:g}")
        if self.times_bare is not None:
            parts.append(f"{sign} {self.times_bare:g}x bare")
        if self.times_peer is not None:
            parts.append(f"{sign} {self.times_peer[1]:g}x {self.times_peer[0]}")
        return ", ".join(parts)


@dataclass(slots=True)
class Figure:
    """One row of the table. `samples`: by who was measured, in the order of the rounds."""

    work: str
    measure: str
    unit: str
    goal: Goal
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, who: str, value: float) -> None:
        self.samples.setdefault(who, []).append(value)

    def median(self, who: str = OURS) -> float | None:
        values = self.samples.get(who)
        return statistics.median(values) if values else None

    def ratio(self, other: str) -> float | None:
        """Ours against *other*, or the BEST: the median of the ratios of each round's pair.

        Of each pair, because what else runs on the machine changes from round to round.
        """
        if other == BEST:
            other = self._best_peer()
        pairs = list(zip(self.samples.get(OURS, []), self.samples.get(other, []), strict=False))
        return statistics.median(ours / its for ours, its in pairs) if pairs else None

    def _best_peer(self) -> str:
        peers = self.samples.keys() - {OURS, BARE, UNTRACED}
        best = max if self.goal.more_is_better else min
        return best(peers, key=lambda who: statistics.median(self.samples[who]), default=BEST)

    @property
    def ok(self) -> bool | None:
        """Whether the goal is reached; None if there is nothing to judge."""
        ours = self.median()
        if ours is None:
            return None
        checks = [(ours, self.goal.limit), (self.ratio(BARE), self.goal.times_bare)]
        if self.goal.times_peer:
            peer, times = self.goal.times_peer
            checks.append((self.ratio(peer), times))
        verdicts = [
            self.goal.reached(value, bound)
            for value, bound in checks
            if value is not None and bound is not None
        ]
        return all(verdicts) if verdicts else None

    def as_json(self) -> dict[str, Any]:
        others = [who for who in self.samples if who != OURS]
        return {
            "work": self.work,
            "measure": self.measure,
            "unit": self.unit,
            "to_reach": str(self.goal),
            "ok": self.ok,
            "medians": {who: self.median(who) for who in self.samples},
            "ratios": {who: self.ratio(who) for who in others},
            "samples": self.samples,
        }


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
