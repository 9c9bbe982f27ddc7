"""Draw docs/threads.svg: the live table of a real program, as a terminal shows it.

python -m tests.docs.picture
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from dapserver.debugger.attach import attach
from dapserver.debugger.tracer import Tracer
from dapserver.ptrace.wait import ChildSignal
from dapserver.terminal.table import LiveTable
from dapserver.terminal.writer import Writer

PICTURE = Path(__file__).parents[2] / "docs" / "threads.svg"
COMMAND = "dapserver threads {}"

PROGRAM = """
import ctypes, sys, threading, time
def work(name, seconds):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
    time.sleep(seconds)
    while name == "indexer": sum(range(99))
ctypes.CDLL(None).prctl(15, b"orders", 0, 0, 0)
for name in ("acceptor", "io-poller", "indexer", "metrics"):
    threading.Thread(target=work, args=(name, 0 if name == "indexer" else 100), daemon=True).start()
print("ready", flush=True)
for n in range(1, 8):
    sys.stdin.readline()
    threading.Thread(target=work, args=(f"request-{n}", 0.3 * n if n < 4 else 60), daemon=True).start()
sys.stdin.readline()
"""


def main() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdout.readline()
    # What is traced here must be waited for here: so watch in a process of its own, whose end
    # lets go of the program.
    if os.fork() == 0:
        PICTURE.write_text(_watch(program).export_svg(title=COMMAND.format(program.pid)))
        os._exit(0)
    os.wait()
    program.kill()
    program.communicate()


def _watch(program: subprocess.Popen[str]) -> Console:
    child_signal = ChildSignal()
    process = attach(program.pid)
    tracer = Tracer(child_signal, process)
    table = LiveTable(process, Writer(2), Console(file=io.StringIO(), force_terminal=True, height=24))
    begin, orders = time.monotonic(), 0
    while time.monotonic() < begin + 3:
        assert program.stdin is not None
        if orders < 7 and time.monotonic() > begin + 0.25 * orders:
            orders += 1
            program.stdin.write("\n")
            program.stdin.flush()
        time.sleep(0.01)
        for event in (*process.take_events(), *tracer.wake()):
            table.show(event, time.monotonic_ns())
        table.tick()
    console = Console(record=True, width=90, file=io.StringIO(), force_terminal=True)
    console.print(table.picture())
    return console


if __name__ == "__main__":
    main()
