"""setExceptionBreakpoints: what is thrown in the program's language, and signals that arrive."""

from __future__ import annotations

from dapserver.debugger.breakpoints.exceptions import FILTERS, thrown
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.signal_filters import SignalFilters, chosen
from dapserver.protocol import types as dap
from dapserver.protocol.wire import capability, request
from dapserver.requests.breakpoints import loaded_wishes
from dapserver.session import Session

_STOP, _WITHHOLD = "signal", "signal_withheld"
_NAMES = "Names such as SIGUSR1 SIGHUP, or !SIGPIPE for all but that"

EXCEPTION_FILTERS = [
    dap.ExceptionBreakpointsFilter(
        filter=name,
        label=label,
        supports_condition=True,
        condition_description="An expression; tid and thread_name are those of the thread.",
    )
    for name, (label, _) in FILTERS.items()
]
EXCEPTION_FILTERS += [
    dap.ExceptionBreakpointsFilter(
        filter=_STOP,
        label="Signals",
        description="Stop as a signal arrives. One that ends the program with a core dump stops it anyway.",
        supports_condition=True,
        condition_description=f"{_NAMES}; nothing: all but SIGCHLD, SIGALRM and other everyday ones.",
    ),
    dap.ExceptionBreakpointsFilter(
        filter=_WITHHOLD,
        label="Signals withheld from the program",
        description="The program does not get these signals.",
        supports_condition=True,
        condition_description=f"{_NAMES}.",
    ),
]

capability(supports_exception_filter_options=True, exception_breakpoint_filters=EXCEPTION_FILTERS)


@request("setExceptionBreakpoints")
async def set_exception_breakpoints(
    session: Session, arguments: dap.SetExceptionBreakpointsArguments
) -> dap.SetExceptionBreakpointsResponseBody:
    options = list(arguments.filter_options or [])
    options += [dap.ExceptionFilterOptions(filter_id=each) for each in arguments.filters]
    told = iter(await _exceptions(session, [each for each in options if each.filter_id in FILTERS]))
    signals: dict[str, frozenset[int]] = {}
    breakpoints = [next(told) if each.filter_id in FILTERS else _signals(each, signals) for each in options]
    session.filter_signals(
        SignalFilters(signals.get(_STOP, frozenset()), signals.get(_WITHHOLD, frozenset()))
    )
    return dap.SetExceptionBreakpointsResponseBody(breakpoints=breakpoints)


async def _exceptions(session: Session, options: list[dap.ExceptionFilterOptions]) -> list[dap.Breakpoint]:
    if not options and session.has_no_wishes:
        return []  # most sessions: nothing is to be read for this
    all_wishes = await loaded_wishes(session)
    from dapserver.debugger.breakpoints.wish import Wish  # noqa: PLC0415 - not for attaching

    wishes = [Wish(thrown(each.filter_id), each.condition) for each in options]
    return await all_wishes.replace("exceptions", wishes)


def _signals(option: dap.ExceptionFilterOptions, found: dict[str, frozenset[int]]) -> dap.Breakpoint:
    """Note what a filter of signals chooses; what the client is told of it."""
    try:
        found[option.filter_id] = _choice(option.filter_id, (option.condition or "").strip())
    except DebuggerError as error:
        return dap.Breakpoint(verified=False, message=str(error), reason="failed")
    return dap.Breakpoint(verified=True)


def _choice(filter_: str, names: str) -> frozenset[int]:
    if filter_ not in (_STOP, _WITHHOLD):
        known = ", ".join(each.filter for each in EXCEPTION_FILTERS)
        raise DebuggerError(f"There is no exception filter '{filter_}'; there are {known}.")
    if filter_ == _WITHHOLD and not names:
        raise DebuggerError("Name the signals that the program is not to get, as this filter's condition.")
    return chosen(names)
