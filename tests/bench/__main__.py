"""Measure dapserver against a bare C tracer and against the debuggers that are installed.

Ends with 1 if a figure is not reached or a stream of events was not true.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench import machine, report
from tests.bench.bench import Bench
from tests.bench.debuggers import Dapserver, ours_within, peers, root_of
from tests.bench.works import (
    cold_breakpoint,
    conditions,
    crowd,
    first_stop,
    stacks,
    start,
    steps,
    storms,
    ticker,
)
from tests.support.server import Server

WORKS: dict[str, Callable[[Bench], None]] = {
    "storm-1": storms.one_by_one,
    "storm-64": storms.many_alive,
    "storm-crowd": storms.in_a_crowd,
    "ticker": ticker.measure,
    "crowd": crowd.measure,
    "start": start.measure,
    "first-stop": first_stop.measure,
    "breakpoint-python": cold_breakpoint.in_python,
    "breakpoint-biggest": cold_breakpoint.in_the_biggest,
    "conditions": conditions.measure,
    "steps": steps.measure,
    "stacks-500": stacks.of_many,
    "stack-deep": stacks.of_depth,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="also measure gdb, lldb-dap and dlv")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each work (5)")
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS), metavar="WORK")
    return parser.parse_args()


def main() -> int:
    chosen, errors = arguments(), Console(stderr=True)
    machine.write_bytecode()
    debuggers = peers() if chosen.peers else []
    command = ours_within(root_of(debuggers))
    with Server(command=command) as server:
        with machine.room_for_pids(), errors.status("starting") as status:
            bench = Bench(Dapserver(server), debuggers, chosen.pairs, status.update)
            if bench.root and "chroot" not in command:
                bench.notes.append(
                    "dapserver runs outside of the peers' chroot, with other libraries than they"
                )
            about = machine.description()
            for name in chosen.only:
                WORKS[name](bench)
        report.show(bench, about)
        if chosen.json:
            report.write_json(bench, about, chosen.json)
    return int(bool(bench.problems) or any(figure.ok is False for figure in bench.figures))


if __name__ == "__main__":
    sys.exit(main())
