"""The debuggers that are measured: dapserver, and the peers that are installed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dapserver.ptrace import procfs
from tests.bench.client import Message, RawClient
from tests.bench.figures import OURS
from tests.bench.machine import tree
from tests.bench.targets import Program
from tests.support.build import ROOT
from tests.support.server import COMMAND, Server
from tests.support.waiting import wait_until

GDB_WITH_DAP = 14


@dataclass(frozen=True, slots=True)
class Connection:
    client: RawClient
    pid: int  # of the process that serves this session


class Debugger(Protocol):
    """Something that speaks DAP."""

    @property
    def name(self) -> str: ...

    @property
    def root(self) -> Path | None:
        """The chroot that it lives in, and its targets with it: they must share libraries."""

    @property
    def debugs_c(self) -> bool: ...

    def connect(self) -> contextlib.AbstractContextManager[Connection]: ...

    def attach_arguments(self, target: Program) -> Message: ...


@dataclass(frozen=True, slots=True)
class Dapserver:
    """A session on a warm TCP server, one at a time."""

    server: Server
    name: str = OURS
    root: Path | None = None
    debugs_c: bool = True

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        with contextlib.closing(RawClient.tcp(self.server.port)) as client:
            yield Connection(client, wait_until(self._sessions, what="a session process")[0])
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        wait_until(lambda: not self._sessions(), what="the session has ended")

    def _sessions(self) -> list[int]:
        return [pid for pid in tree(self.server.pid)[1:] if _lives(pid)]

    def attach_arguments(self, target: Program) -> Message:
        return {"processId": target.pid}


def _lives(pid: int) -> bool:
    """Whether a process has not ended; its parent may take its time to reap it."""
    try:
        return procfs.state(pid) != "Z"
    except ProcessLookupError:
        return False


@dataclass(frozen=True, slots=True)
class OnStdio:
    """A debugger that is started for each session, and speaks on its stdin and stdout."""

    name: str
    command: tuple[str, ...]
    root: Path | None = None
    debugs_c: bool = True

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=ROOT,
        )
        with ended(process):
            assert process.stdin is not None
            assert process.stdout is not None
            reader, writer = process.stdout, process.stdin
            with contextlib.closing(RawClient(reader.fileno(), writer.fileno(), writer.close)) as client:
                yield Connection(client, process.pid)

    def attach_arguments(self, target: Program) -> Message:
        return {"pid": target.pid, "program": str(target.program)}


@dataclass(frozen=True, slots=True)
class Delve:
    """It debugs Go alone and sends no thread events, so only its start can be compared."""

    command: tuple[str, ...]
    name: str = "dlv"
    root: Path | None = None
    debugs_c: bool = False

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        process = subprocess.Popen(
            [*self.command, "dap", "--listen=127.0.0.1:0", "--check-go-version=false"],
            stdout=subprocess.PIPE,
            text=True,
        )
        with ended(process):
            assert process.stdout is not None
            port = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert port is not None
            with contextlib.closing(RawClient.tcp(int(port[1]))) as client:
                yield Connection(client, process.pid)

    def attach_arguments(self, target: Program) -> Message:
        return {"mode": "local", "processId": target.pid}


@contextlib.contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """See to it that *process* and all below it are gone afterwards."""
    with process:
        try:
            yield
        finally:
            # By pidfd: a storm goes round all process ids, so a number may be another's soon.
            family = list(_opened(tree(process.pid)))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            for member in family:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(member, signal.SIGKILL)
                os.close(member)


def _opened(pids: list[int]) -> Iterator[int]:
    """A pidfd of each process that is there still."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def ours_within(root: Path | None) -> tuple[str, ...]:
    """How dapserver is started: in the peers' chroot if Python can be run there, as they are.

    It can where `sys.prefix`, `sys.base_prefix` and this tree are mounted at the same paths below it.
    """
    needed = (sys.executable, sys.base_prefix, str(ROOT))
    if root is not None and all((root / path.lstrip("/")).exists() for path in needed):
        return ("chroot", str(root), *COMMAND)
    return tuple(COMMAND)


def ours_on_stdio(root: Path | None) -> OnStdio:
    """A dapserver of its own for each session, where the peers are."""
    return OnStdio(OURS, ours_within(root))


def root_of(peers: Sequence[Debugger]) -> Path | None:
    """The chroot that some of them live in."""
    return next((peer.root for peer in peers if peer.root), None)


def peers() -> list[Debugger]:
    """Those in $DAP_PEERS/bin (~/.cache/dap-peers if unset), else those on PATH.

    Where there is $DAP_PEERS/root, the programs in bin are wrappers that enter that chroot.
    """
    home = Path(os.environ.get("DAP_PEERS", Path.home() / ".cache/dap-peers"))
    root = home / "root"

    def find(name: str) -> tuple[str, Path | None] | None:
        if wrapper := shutil.which(name, path=str(home / "bin")):
            return wrapper, root if root.is_dir() else None
        installed = shutil.which(name)
        return (installed, None) if installed else None

    found: list[Debugger] = []
    if gdb := find("gdb-dap"):
        found.append(OnStdio("gdb", (gdb[0],), gdb[1]))
    elif (plain := find("gdb")) and _gdb_version(plain[0]) >= GDB_WITH_DAP:
        found.append(OnStdio("gdb", (plain[0], "-nx", "-q", "-i=dap"), plain[1]))
    if lldb := find("lldb-dap"):
        found.append(OnStdio("lldb-dap", (lldb[0],), lldb[1]))
    if dlv := find("dlv"):
        found.append(Delve((dlv[0],), root=dlv[1]))
    return found


def _gdb_version(executable: str) -> int:
    text = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"(\d+)\.\d+", text.partition("\n")[0])
    return int(version[1]) if version else 0
