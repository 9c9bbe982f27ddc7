"""The races again and again, with every core busy: `python -m tests.soak [--times 20] [TESTS...]`.

A race that fails once in a hundred runs on an idle machine fails sooner when threads have to wait
for a core. The busy loops end with this program.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

RACES = ["tests/reliability", "tests/contract"]
BUSY = "while True: pass"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("tests", nargs="*", default=RACES)
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(len(os.sched_getaffinity(0)))]
    try:
        for run in range(1, options.times + 1):
            print(f"run {run} of {options.times}", flush=True)
            done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", *options.tests], check=False)
            if done.returncode:
                return done.returncode
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
