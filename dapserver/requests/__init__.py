"""The handlers of DAP requests, one file per topic. Importing this package registers them all.

A handler validates (its arguments' model does), makes one call into the debugger, translates.
"""

from dapserver.requests import (
    attach,
    breakpoints,
    data_breakpoints,
    details,
    disassemble,
    evaluate,
    exception_filters,
    exceptions,
    execution,
    gotos,
    launch,
    lifecycle,
    memory,
    modules,
    repl_goroutines,
    scopes,
    sources,
    stack,
    stepping,
    threads,
    variables,
)

__all__ = [
    "attach",
    "breakpoints",
    "data_breakpoints",
    "details",
    "disassemble",
    "evaluate",
    "exception_filters",
    "exceptions",
    "execution",
    "gotos",
    "launch",
    "lifecycle",
    "memory",
    "modules",
    "repl_goroutines",
    "scopes",
    "sources",
    "stack",
    "stepping",
    "threads",
    "variables",
]
