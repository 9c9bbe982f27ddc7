"""The figures as a table to read and as JSON to keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from tests.bench.bench import Bench
from tests.bench.figures import BARE, OURS, UNTRACED, Figure

UNBOUND = 1_000  # characters
VERDICTS = {True: "[green]ok[/]", False: "[bold red]missed[/]", None: ""}


def table(bench: Bench, title: str) -> Table:
    measured = {who for figure in bench.figures for who in figure.samples}
    peers = [peer.name for peer in bench.peers if peer.name in measured]
    result = Table(box=box.SIMPLE_HEAD, title=title)
    for column in ("work", "measure", "to reach"):
        result.add_column(column, no_wrap=True)
    for column in (OURS, "", BARE, "x bare", UNTRACED, *peers):
        result.add_column(column, justify="right" if column else "left", no_wrap=True)
    work = ""
    for figure in bench.figures:
        if figure.samples:
            result.add_row(*_row(figure, peers, repeated=figure.work == work))
        work = figure.work
    return result


def _row(figure: Figure, peers: list[str], *, repeated: bool) -> list[str]:
    ratio = figure.ratio(BARE)
    return [
        "" if repeated else figure.work,
        f"{figure.measure}, {figure.unit}",
        str(figure.goal),
        _number(figure.median(OURS)),
        VERDICTS[figure.ok],
        _number(figure.median(BARE)),
        "" if ratio is None else f"{ratio:.2f}",
        *(_number(figure.median(who)) for who in (UNTRACED, *peers)),
    ]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(bench: Bench, machine: dict[str, Any]) -> None:
    console = Console()
    title = (
        f"Medians of {bench.pairs} rounds on {machine['processors']} processors, "
        f"load {machine['load']:.1f}, Linux {machine['kernel']}, Python {machine['python']}"
    )
    rows = table(bench, title)
    # As wide as it is, rather than words cut off, also where the output is no terminal.
    whole = Measurement.get(console, console.options.update(width=UNBOUND), rows).maximum
    console.width = max(console.width, whole)
    console.print(rows)
    for note in bench.notes:
        console.print(f"note: {note}", style="dim", markup=False)
    for problem in bench.problems:
        console.print(f"wrong: {problem}", style="bold red", markup=False)


def write_json(bench: Bench, machine: dict[str, Any], file: Path) -> None:
    content = {
        "machine": machine,
        "pairs": bench.pairs,
        "figures": [figure.as_json() for figure in bench.figures if figure.samples],
        "notes": bench.notes,
        "problems": bench.problems,
    }
    file.write_text(json.dumps(content, indent=2) + "\n")
