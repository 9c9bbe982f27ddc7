"""threadDetails, threadLives, threadTrace: beyond DAP, described in docs/custom-requests.md."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from dapserver.debugger.activity import Activity, look
from dapserver.debugger.history import Halt, Life, microseconds, start_time
from dapserver.debugger.trace import trace
from dapserver.protocol.model import Model
from dapserver.protocol.wire import NoArguments, request
from dapserver.session import Session

AT_ONCE = 128
"""Threads looked at before the loop gets a turn: 2 ms."""

RECENTLY = 50


class ThreadDetailsArguments(Model):
    """Which threads; all if not given."""

    thread_ids: list[int] | None = None


class ThreadDetails(Model):
    """A live thread."""

    id: int
    name: str
    state: str
    waiting_for: str | None
    cpu_time: int
    processor: int
    start_time: int


class ThreadLife(Model):
    """A thread, ended if `end_time` is given."""

    id: int
    name: str
    start_time: int
    end_time: int | None = None


class ThreadDetailsBody(Model):
    """What they are doing now, and what has come and gone."""

    time: int
    started: int
    exited: int
    threads: list[ThreadDetails]
    recently_exited: list[ThreadLife]


class ThreadLivesArguments(Model):
    """The cursor of an earlier answer."""

    since: int = Field(0, ge=0)


class StopBody(Model):
    """A stop, over if `end_time` is given."""

    reason: str
    thread_id: int
    all_threads: bool
    start_time: int
    end_time: int | None


class ThreadLivesBody(Model):
    """For a timeline."""

    time: int
    cursor: int
    alive: list[ThreadLife]
    ended: list[ThreadLife]
    stops: list[StopBody]


class ThreadTraceBody(Model):
    """A Chrome Trace Event file."""

    trace_events: list[dict[str, Any]]
    display_time_unit: str


@request("threadDetails")
async def thread_details(session: Session, arguments: ThreadDetailsArguments) -> ThreadDetailsBody:
    process, history = session.require_process(), session.require_publisher().history
    listed = dict(await session.thread_list())
    wanted = arguments.thread_ids if arguments.thread_ids is not None else listed
    details = []
    for count, tid in enumerate([tid for tid in wanted if tid in listed], 1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        thread = process.threads.get(tid)
        if thread is not None and (activity := look(process.pid, thread)) is not None:
            details.append(_details(tid, listed[tid], activity))
    return ThreadDetailsBody(
        time=microseconds(),
        started=history.started,
        exited=history.exited,
        threads=details,
        recently_exited=[_life(life) for life in history.lives[: -RECENTLY - 1 : -1]],
    )


@request("threadLives")
async def thread_lives(session: Session, arguments: ThreadLivesArguments) -> ThreadLivesBody:
    process, history = session.require_process(), session.require_publisher().history
    listed = dict(await session.thread_list())
    return ThreadLivesBody(
        time=microseconds(),
        cursor=history.cursor,
        alive=[
            ThreadLife(id=tid, name=name, start_time=start_time(process.pid, process.threads[tid]))
            for tid, name in listed.items()
            if tid in process.threads
        ],
        ended=[_life(life) for life in history.ended_since(arguments.since)],
        stops=[_stop(halt) for halt in history.halts],
    )


@request("threadTrace")
async def thread_trace(session: Session, _arguments: NoArguments) -> ThreadTraceBody:
    process = session.require_process()
    await session.thread_list()  # so that the names are fresh
    whole = trace(process, session.require_publisher().history)
    return ThreadTraceBody(trace_events=whole["traceEvents"], display_time_unit=whole["displayTimeUnit"])


def _details(tid: int, name: str, activity: Activity) -> ThreadDetails:
    return ThreadDetails(
        id=tid,
        name=name,
        state=activity.state,
        waiting_for=activity.waiting_for,
        cpu_time=activity.cpu_time,
        processor=activity.processor,
        start_time=activity.start_time,
    )


def _life(life: Life) -> ThreadLife:
    return ThreadLife(id=life.tid, name=life.name, start_time=life.start, end_time=life.end)


def _stop(halt: Halt) -> StopBody:
    return StopBody(
        reason=halt.reason.value,
        thread_id=halt.tid,
        all_threads=halt.all_threads,
        start_time=halt.start,
        end_time=halt.end or None,
    )
