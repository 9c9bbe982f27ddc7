"""Where gdb sets breakpoints: by file and line, and by function."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

# One gdb a program: setting breakpoints in it, without running it, takes most of a second.
SCRIPT = """
import gdb, json
for place in json.load(open({places!r})):
    try:
        breakpoint = gdb.Breakpoint(place)
    except gdb.error:
        print("@", json.dumps([place, []]))
        continue
    found = [location.address for location in breakpoint.locations]
    print("@", json.dumps([place, sorted(set(found))]))
    breakpoint.delete()
"""


def breakpoints(program: Path, places: Sequence[str]) -> dict[str, list[int]]:
    """Ask gdb for the addresses of breakpoints at *places* (`main.c:12`, `work`); [] for none."""
    with tempfile.TemporaryDirectory() as directory:
        script, wanted = Path(directory) / "script.py", Path(directory) / "places.json"
        wanted.write_text(json.dumps(list(places)))
        script.write_text(SCRIPT.format(places=str(wanted)))
        printed = subprocess.run(
            ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-x", str(script), str(program)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    answers = [json.loads(line[2:]) for line in printed.splitlines() if line.startswith("@ ")]
    return dict(answers)
