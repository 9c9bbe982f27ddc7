"""loadedSources: the source files of the modules. There is no `source`: files are told by their paths."""

from __future__ import annotations

import asyncio
import os

from dapserver.debugger.modules import Modules
from dapserver.protocol import types as dap
from dapserver.protocol.wire import NoArguments, capability, request
from dapserver.session import Session

capability(supports_loaded_sources_request=True)


@request("loadedSources")
async def loaded_sources(session: Session, _arguments: NoArguments) -> dap.LoadedSourcesResponseBody:
    publisher = session.require_publisher()
    publisher.module_changes()
    # In a thread of its own: it reads the file tables of all line tables.
    paths = await asyncio.to_thread(_paths, publisher.modules)
    mapped = dict.fromkeys(session.map_source(path) for path in paths)
    return dap.LoadedSourcesResponseBody(
        sources=[dap.Source(name=os.path.basename(path), path=path) for path in mapped]
    )


def _paths(modules: Modules) -> list[str]:
    """All source files that debug information names, each once, those of the program first."""
    sources = (modules.source_info(module) for module in list(modules))
    return list(dict.fromkeys(path for source in sources if source for path in source.source_files()))
