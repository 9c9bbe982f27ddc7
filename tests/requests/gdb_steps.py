"""Where gdb's steps lead: the oracle for those by line."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

SCRIPT = """
import gdb, json
places = []
try:
    for number in range({count} + 1):
        frame = gdb.selected_frame()
        where = frame.find_sal()
        if where.symtab is not None and where.symtab.fullname() == {path!r}:
            places.append(where.line)
        if number < {count}:
            gdb.execute({kind!r}, to_string=True)
except gdb.error:
    pass
print("@", json.dumps(places))
"""


def gdb_steps(program: Path, place: tuple[str, int], order: str, kind: str, count: int) -> list[int]:
    """Run to *place* with *order* on stdin, and step: the lines there and after each of *count* steps.

    *kind* is `next` or `step`. Only the lines of the same file: others depend on what is installed.
    """
    with tempfile.TemporaryDirectory() as directory:
        script, orders = Path(directory) / "script.py", Path(directory) / "orders"
        orders.write_text(order + "\n")
        script.write_text(SCRIPT.format(path=place[0], count=count, kind=kind))
        commands = ["set debuginfod enabled off", "set breakpoint pending off", "set confirm off"]
        after = [f"tbreak {place[0]}:{place[1]}", f"run < {orders} > /dev/null", f"source {script}"]
        words = [word for each in commands for word in ("-iex", each)]
        words += [word for each in after for word in ("-ex", each)]
        printed = subprocess.run(
            ["gdb", "-nx", "-batch", *words, str(program)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    (answer,) = [line for line in printed.stdout.splitlines() if line.startswith("@ ")] or [""]
    assert answer, printed.stdout + printed.stderr
    return list(json.loads(answer[2:]))
