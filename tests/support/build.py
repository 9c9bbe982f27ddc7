"""Compile the programs in fixtures/ on the spot, each once per source, command and compiler."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
CACHE = ROOT / ".cache" / "fixtures"

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
COMMANDS = {
    ".c": ["cc", "-std=gnu11", "-O1", "-g", "-pthread", *WARNINGS],
    ".cpp": ["c++", "-std=c++17", "-O1", "-g", "-pthread", *WARNINGS],
    ".rs": ["rustc", "-g", "-D", "warnings"],
    ".go": ["go", "build"],
}
VERSION_QUESTIONS = {"go": "version"}


class BuildError(Exception):
    """A fixture did not compile, or its compiler is missing."""


def build(name: str, *flags: str) -> Path:
    """Compile fixtures/*name* with *flags* added and return the executable.

    The result lies in a cache, so that only the first call of many test runs compiles. Any
    number of test runs may call this at once: an executable appears there whole or not at all.
    """
    source = FIXTURES / name
    command = [*COMMANDS[source.suffix], *flags]
    executable = CACHE / _key(source, command) / source.stem
    if not executable.exists():
        executable.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            fresh = Path(directory) / source.stem
            _compile([*command, "-o", str(fresh), str(source)])
            fresh.rename(executable)
    return executable


def _key(source: Path, command: list[str]) -> str:
    digest = hashlib.sha256(source.read_bytes())
    for header in sorted(FIXTURES.glob("*.h")):
        digest.update(header.read_bytes())
    digest.update("\0".join([*command, _version(command[0])]).encode())
    return digest.hexdigest()[:16]


@functools.cache
def _version(compiler: str) -> str:
    if shutil.which(compiler) is None:
        raise BuildError(f"the fixtures need {compiler}, which is not installed")
    question = VERSION_QUESTIONS.get(compiler, "--version")
    return subprocess.run([compiler, question], capture_output=True, text=True, check=True).stdout


def _compile(command: list[str]) -> None:
    # Go looks for a go.mod only where it is told to: the fixtures are single files.
    environment = {**os.environ, "GO111MODULE": "off"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
