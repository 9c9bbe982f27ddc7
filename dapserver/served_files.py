"""What debuginfod servers give a session: debug information and source files, whenever they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dapserver.debugger.debug_servers import DebugServers, missing
from dapserver.debugger.modules import Module
from dapserver.protocol import types as dap
from dapserver.protocol.wire import Connection

if TYPE_CHECKING:
    from dapserver.debugger.stack import Stacks
    from dapserver.publisher import Publisher


class ServedFiles:
    """Has servers asked for what is not here, and tells the client when it has come."""

    def __init__(
        self,
        connection: Connection,
        publisher: Publisher,
        stacks: Stacks,
        source_map: dict[str, str],
        *,
        refetches: bool,
    ) -> None:
        """*source_map* gains the source files; *refetches*: the client heeds `invalidated` events."""
        self._connection = connection
        self._publisher = publisher
        self._stacks = stacks
        self._source_map = source_map
        self._refetches = refetches
        loop = asyncio.get_running_loop()
        self._servers = DebugServers(lambda: self._arrived(loop))
        self._closed = False
        if (problem := missing()) is not None:
            publisher.tell(problem)
            self.close()
        else:
            publisher.modules.servers = self._servers

    def ask_for_source(self, module: Module, path: str) -> None:
        """Have a source file looked for that is not here; *path* is that of the debug information."""
        image = self._publisher.modules.image(module)
        if image is not None:
            self._servers.ask_source(image, path)

    def close(self) -> None:
        """Ask no more, and tell no more."""
        self._closed = True
        self._servers.close()

    def _arrived(self, loop: asyncio.AbstractEventLoop) -> None:
        """In another thread: something is there to take, once nobody reads what it changes."""
        loop.call_soon_threadsafe(self._connection.between_requests, self._take)

    async def _take(self) -> None:
        if self._closed:
            return
        sources = self._servers.take_sources()
        self._source_map |= sources
        if not self._publisher.served_modules() and not sources:
            return
        self._stacks.renew()  # what was told without them is to be asked for again
        if self._refetches:
            self._connection.post("invalidated", dap.InvalidatedEventBody(areas=["stacks", "variables"]))
