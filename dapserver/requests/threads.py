"""threads: the list, at any time."""

from __future__ import annotations

from dapserver.protocol import types as dap
from dapserver.protocol.wire import NoArguments, request
from dapserver.requests.goroutines import thread_names
from dapserver.session import Session


@request("threads")
async def threads(session: Session, _arguments: NoArguments) -> dap.ThreadsResponseBody:
    goroutines = await thread_names(session)
    listed = await session.thread_list()
    return dap.ThreadsResponseBody(
        threads=[
            dap.Thread(id=tid, name=f"{name} [{tid}] {goroutines.get(tid, '')}".rstrip(" "))
            for tid, name in listed
        ]
    )
