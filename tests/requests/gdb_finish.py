"""What gdb's `finish` says that functions have returned: the oracle for what stepOut shows."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

SCRIPT = """
import gdb
for name in {names!r}:
    gdb.Breakpoint(name, temporary=True)
gdb.execute("run < {orders} > /dev/null")
for name in {names!r}:
    print("\\n@", gdb.newest_frame().name().partition("(")[0], flush=True)
    try:
        gdb.execute("finish")
    except gdb.error:
        pass
    gdb.execute("continue")
"""
SETTINGS = ("debuginfod enabled off", "confirm off", "print frame-arguments none", "print repeats unlimited")


def gdb_finish(program: Path, names: list[str], order: str) -> dict[str, str]:
    """Run a program with *order* on stdin, and out of each of these functions: what gdb says of the value.

    It calls the functions in this order. Those of which gdb says nothing are left out.
    """
    with tempfile.TemporaryDirectory() as directory:
        script, orders = Path(directory) / "script.py", Path(directory) / "orders"
        orders.write_text(order + "\n")
        script.write_text(SCRIPT.format(names=names, orders=orders))
        words = [word for each in SETTINGS for word in ("-iex", f"set {each}")]
        printed = subprocess.run(
            ["gdb", "-nx", "-batch", *words, "-ex", f"source {script}", str(program)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    found: dict[str, str] = {}
    said = printed.stdout.split("\n@ ")
    assert len(said) == len(names) + 1, printed.stdout + printed.stderr
    for each in said[1:]:
        value = re.search(r"^Value returned is \$\d+ = (.*)$", each, re.MULTILINE)
        if value:
            found[each.split()[0]] = value[1]
    return found
