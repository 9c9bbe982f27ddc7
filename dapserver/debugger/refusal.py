"""Why a process cannot be attached to, and what to do about it: for a person to read."""

from __future__ import annotations

import os
from pathlib import Path

from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace import procfs

YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")

_CAP_SYS_PTRACE = 1 << 19


def check_pid(pid: int) -> None:
    """Refuse what cannot be a process's id."""
    if not 0 < pid < 1 << 31:
        raise DebuggerError(f"{pid} is not a process id: those are from 1 to {(1 << 31) - 1}.")


def no_such_process(pid: int) -> DebuggerError:
    return DebuggerError(
        f"There is no process {pid} here. It may have ended, or have another id in this container "
        f"('ps -eo pid,comm' lists those that can be seen)."
    )


def check_process(pid: int) -> None:
    """Refuse, before anything is tried, what no permission would help with."""
    stat = procfs.stat(pid)
    name = procfs.comm(pid)
    if pid == os.getpid():
        raise DebuggerError(f"Process {pid} is dapserver itself, which cannot trace itself.")
    if stat.is_kernel_thread:
        raise DebuggerError(f"{pid} ({name}) is a kernel thread: it has no program to debug.")
    if stat.state in "ZX" and all(_is_dead(pid, tid) for tid in procfs.tasks(pid)) and _is_dead(pid, pid):
        # The last look is for a thread that executed a program and took over the leader's id meanwhile.
        raise DebuggerError(
            f"Process {pid} ({name}) is a zombie: it has ended, and waits for its parent "
            f"{stat.parent} to take note."
        )
    tracer = int(procfs.status(pid)["TracerPid"])
    if tracer:
        raise traced_already(pid, tracer)


def _is_dead(pid: int, tid: int) -> bool:
    try:
        return procfs.state(pid, tid) in "ZX"
    except ProcessLookupError:
        return True


def traced_already(pid: int, tracer: int) -> DebuggerError:
    try:
        name = procfs.comm(tracer)
    except ProcessLookupError:
        name = "in another container"
    return DebuggerError(
        f"Process {pid} is being traced already, by process {tracer} ({name}), and Linux allows "
        f"one tracer only: end that one first ('kill {tracer}', or detach there)."
    )


def not_permitted(pid: int, tid: int) -> DebuggerError:
    """The cause of an EPERM from PTRACE_SEIZE, and the one command that helps."""
    try:
        status = procfs.status(pid, tid)
    except ProcessLookupError:
        return no_such_process(pid)
    if tracer := int(status["TracerPid"]):
        return traced_already(pid, tracer)
    cause, remedy = _cause(pid, status)
    name = status["Name"]
    return DebuggerError(f"Not permitted to trace process {pid} ({name}): {cause}. {remedy}")


def _cause(pid: int, status: dict[str, str]) -> tuple[str, str]:
    ours = procfs.status(os.getpid())
    if int(ours["CapEff"], 16) & _CAP_SYS_PTRACE:
        return _despite_capability(pid, ours)
    my_uid, their_uids = os.getuid(), status["Uid"].split()
    if any(int(uid) != my_uid for uid in their_uids):
        return (
            f"it belongs to user {_user(int(their_uids[0]))}, dapserver runs as {_user(my_uid)}",
            f"Run dapserver as root or as that user: have the editor start it with sudo, or watch in a "
            f"terminal with 'sudo dapserver threads {pid}' or "
            f"'sudo -u \\#{their_uids[0]} dapserver threads {pid}'.",
        )
    if _owner(pid) != my_uid:
        return (
            "it is not dumpable (it changed its user or its capabilities, or asked for it with "
            "PR_SET_DUMPABLE), so only root may trace it",
            _as_root(pid),
        )
    if yama := _yama():
        return yama
    if int(status["CapPrm"], 16) & ~int(ours["CapPrm"], 16):
        return (
            "it has capabilities that dapserver has not",
            _as_root(pid),
        )
    return _sandbox(ours)


def _as_root(pid: int) -> str:
    return (
        f"Run dapserver as root: have the editor start 'sudo dapserver', or watch in a terminal with "
        f"'sudo dapserver threads {pid}'."
    )


def _yama() -> tuple[str, str] | None:
    """What the Yama security module forbids (its documentation: admin-guide/LSM/Yama)."""
    try:
        scope = int(YAMA.read_text())
    except (OSError, ValueError):
        return None
    if scope == 1:
        return (
            "Yama's ptrace_scope is 1, so only a parent may trace a process",
            "Allow it until the next boot with 'sudo sysctl kernel.yama.ptrace_scope=0', or let the "
            "program itself call prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY).",
        )
    if scope == 2:
        return (
            "Yama's ptrace_scope is 2, so only root may trace",
            "Run dapserver as root (have the editor start 'sudo dapserver'), or "
            "'sudo sysctl kernel.yama.ptrace_scope=0'.",
        )
    if scope == 3:
        return (
            "Yama's ptrace_scope is 3: nobody may trace, and it cannot be lowered",
            "Set kernel.yama.ptrace_scope in /etc/sysctl.d to 1 or 0 and boot again.",
        )
    return None


def _despite_capability(pid: int, ours: dict[str, str]) -> tuple[str, str]:
    if (yama := _yama()) and "3" in yama[0]:
        return yama
    if _namespace(pid, "user") != _namespace(os.getpid(), "user"):
        return (
            "it lives in another user namespace, in which dapserver's capabilities do not count",
            f"Enter that namespace: 'nsenter --user --target {pid} dapserver threads {pid}', or run "
            f"dapserver as root outside all containers.",
        )
    return _sandbox(ours)


def _sandbox(ours: dict[str, str]) -> tuple[str, str]:
    if ours.get("Seccomp", "0") != "0":
        return (
            "a seccomp filter on dapserver forbids ptrace, as container engines install it",
            "Start the container with '--cap-add=SYS_PTRACE --security-opt seccomp=unconfined' "
            "(in Kubernetes: securityContext.capabilities.add: [SYS_PTRACE]).",
        )
    return (
        "the kernel gave no reason; a security module (SELinux, AppArmor) may forbid it",
        "Its denials are in 'journalctl -k' or 'ausearch -m avc'; as root it may be allowed: have the "
        "editor start 'sudo dapserver'.",
    )


def _namespace(pid: int, kind: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return "unreadable"


def _owner(pid: int) -> int:
    """Root for a process that is not dumpable (proc(5))."""
    try:
        return os.stat(f"/proc/{pid}/environ").st_uid
    except OSError:
        return -1


def _user(uid: int) -> str:
    import pwd  # noqa: PLC0415 - only when something is refused

    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"
