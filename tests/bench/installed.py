"""Big programs that others wrote, with their debug files: what the machine has of them.

On Debian `apt-get install libpython3.x-dbg ceph-osd ceph-osd-dbg`, in the peers' chroot if they have one.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.bench.bench import Bench

DEBUG_FILES = "usr/lib/debug/.build-id"


def libpython(bench: Bench) -> Path | None:
    """The newest libpython with a debug file, as a path in the bench's root; a note if there is none."""
    return _installed(bench, "usr/lib/*/libpython3.*.so.1.0", "libpython3.x-dbg")


def ceph_osd(bench: Bench) -> Path | None:
    """The same of ceph-osd: no C++ program of Debian has more debug information (500 MB, compressed)."""
    return _installed(bench, "usr/bin/ceph-osd", "ceph-osd-dbg")


def _installed(bench: Bench, pattern: str, package: str) -> Path | None:
    root = bench.root or Path("/")
    found = [file for file in sorted(root.glob(pattern)) if _has_debug_file(root, file)]
    if found:
        return Path("/") / found[-1].relative_to(root)
    note = f"not measured: there is no {pattern} in {root} with its debug file ({package})"
    if note not in bench.notes:
        bench.notes.append(note)
    return None


def _has_debug_file(root: Path, file: Path) -> bool:
    """Whether it is where debuggers look, by the build id."""
    notes = subprocess.run(["readelf", "-n", file], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]{2})([0-9a-f]+)", notes)
    return bool(found and (root / DEBUG_FILES / found[1] / f"{found[2]}.debug").exists())
