"""The history of threads as Chrome Trace Event JSON, which Perfetto opens."""

from __future__ import annotations

from typing import Any

from dapserver.debugger.history import History, microseconds, start_time
from dapserver.debugger.process import Process

TraceEvent = dict[str, Any]


def trace(process: Process, history: History) -> dict[str, Any]:
    """The whole file: a row for each thread with a bar from its start to its end, and the stops."""
    pid, now = process.pid, microseconds()
    events: list[TraceEvent] = []
    for life in history.lives:
        events += _bar(pid, life.tid, life.name, life.start, life.end)
    for thread in process.threads.values():
        events += _bar(pid, thread.tid, thread.name, start_time(pid, thread), now)
    for halt in history.halts:
        events.append(
            {
                "ph": "X",
                "cat": "stop",
                "name": halt.reason.value,
                "pid": pid,
                "tid": halt.tid,
                "ts": halt.start,
                "dur": (halt.end or now) - halt.start,
                "args": {"all threads": halt.all_threads},
            }
        )
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _bar(pid: int, tid: int, name: str, start: int, end: int) -> list[TraceEvent]:
    shown = name or str(tid)
    return [
        {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": shown}},
        {
            "ph": "X",
            "cat": "thread",
            "name": shown,
            "pid": pid,
            "tid": tid,
            "ts": start,
            "dur": max(0, end - start),
        },
    ]
