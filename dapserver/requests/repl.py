"""Short commands of the debug console: what DAP has no words for, or a person types faster.

One table, a small function each. What is no command is an expression.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.activity import look
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.thread import State
from dapserver.handles import Frame
from dapserver.ptrace import signals
from dapserver.requests import goroutines
from dapserver.requests.scopes import scope_of
from dapserver.session import Session

if TYPE_CHECKING:
    from dapserver.debugger.stack import StackFrame

FRAMES = 50
"""Frames that `bt` writes unless told otherwise."""
NAMES_WIDTH = 100
SOURCE_LINES = 10
UNIT_SIZES = {"b": 1, "h": 2, "w": 4, "g": 8}
EXAMINED = 4096  # units at most

Run = Callable[[Session, Frame | None, str], Awaitable[str]]

breakpoint_lines: Callable[[Session], list[list[str]]] | None = None
"""Gives the rows of `info breakpoints`: set by what knows them."""


@dataclass(frozen=True, slots=True)
class Command:
    usage: str
    help: str
    function: Run


@dataclass(frozen=True, slots=True)
class Call:
    """A command with what stands behind it."""

    command: Command
    rest: str

    async def run(self, session: Session, frame: Frame | None) -> str:
        return await self.command.function(session, frame, self.rest)


COMMANDS: dict[str, Command] = {}
INFO: dict[str, Command] = {}


def command(*names: str, usage: str, text: str, table: dict[str, Command] = COMMANDS) -> Callable[[Run], Run]:
    """Register a command under its name and its short forms."""

    def register(function: Run) -> Run:
        for name in names:
            table[name] = Command(usage, text, function)
        return function

    return register


def find(text: str) -> Call | None:
    """Tell whether the console's input is a command: its first word, not followed by an operator."""
    match = re.match(r"\s*([a-z]+)(/\w+)?(?:\s+(.*?))?\s*$", text, re.DOTALL)
    if match is None or match.group(1) not in COMMANDS:
        return None
    name, suffix, rest = match.group(1), match.group(2) or "", match.group(3) or ""
    if suffix and name not in {"p", "print", "x"}:
        return None
    if re.match(r"([-+*/%&|^<>=!]?=|[.?:,)\]@]|->|[-+/%|^<>]\s)", rest):
        return None  # a variable of that name
    return Call(COMMANDS[name], f"{suffix} {rest}" if suffix else rest)


def names(before: str) -> list[str]:
    """The commands that the line may be the beginning of."""
    return [name for name in COMMANDS if len(name) > 1 and name.startswith(before)] if before.strip() else []


def table(rows: Iterable[Iterable[str]]) -> str:
    """Align columns with spaces; the last one is left as it is."""
    cells = [[str(cell) for cell in row] for row in rows]
    columns = max(map(len, cells), default=0)
    widths = [max((len(row[i]) for row in cells if i < len(row)), default=0) for i in range(columns)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in cells
    )
    return "\n".join(lines)


# -- threads and stacks --------------------------------------------------------------------------


@command("threads", usage="threads", text="all threads: id, state, name, where they are")
async def threads(session: Session, _frame: Frame | None, _rest: str) -> str:
    process = session.require_process()
    rows = [["id", "state", "name", "where"]]
    for tid, name in await session.thread_list():
        thread = process.threads.get(tid)
        activity = look(process.pid, thread) if thread is not None else None
        top = await _stack(session, tid, 1) if _is_held(session, tid) else []
        where = _place(top[0]) if top else (activity.waiting_for or "" if activity else "")
        rows.append([str(tid), activity.state if activity else "ended", name, where])
    return table(rows)


@command("thread", usage="thread ID [COMMAND]", text="one thread, or a command about it: thread 1234 bt")
async def thread(session: Session, frame: Frame | None, rest: str) -> str:
    number, _, inner = rest.partition(" ")
    if not rest:
        if frame is None:
            raise DebuggerError("No thread is selected: say which, as in: thread 1234.")
        number = str(frame.tid)
    if not number.isdigit():
        raise DebuggerError(f"{number} is no thread's id. The command threads lists them.")
    tid = int(number)
    session.require_thread(tid)
    if not inner:
        listed = await threads(session, None, "")
        title, *rows = listed.splitlines()
        return "\n".join([title, *(row for row in rows if row.split()[0] == number)])
    call = find(inner)
    if call is None:
        raise DebuggerError(f"{inner} is no command. The command help lists them.")
    session.require_stopped(tid)
    (top,) = await _stack(session, tid, 1)
    return await call.run(session, Frame(tid, top))


@command(
    "bt", "backtrace", usage="bt [N]", text=f"the stack of the selected frame's thread ({FRAMES} frames)"
)
async def backtrace(session: Session, frame: Frame | None, rest: str) -> str:
    if rest and not rest.isdigit():
        raise DebuggerError(f"{rest} is no number of frames.")
    limit = int(rest or FRAMES)
    selected = _selected(frame)
    if selected.goroutine is not None:
        frames = await goroutines.frames(session, selected.goroutine, slice(0, limit + 1))
    else:
        frames = await _stack(session, selected.tid, limit + 1)
    rows = [[f"#{n}", _place(each)] for n, each in enumerate(frames[:limit])]
    return table(rows) + ("\n(more)" if len(frames) > limit else "")


def _is_held(session: Session, tid: int) -> bool:
    found = session.require_process().threads.get(tid)
    return found is not None and found.state is State.STOPPED and found.wanted_stopped


async def _stack(session: Session, tid: int, count: int) -> list[StackFrame]:
    registers = session.require_process().registers(session.require_stopped(tid))
    frames, _ = await asyncio.to_thread(session.require_stacks().frames, tid, registers, 0, count)
    return frames


def _selected(frame: Frame | None) -> Frame:
    if frame is None:
        raise DebuggerError("No frame is selected: pause the program and select one in the call stack.")
    return frame


def _place(frame: StackFrame) -> str:
    at = f" at {frame.path}:{frame.line}" if frame.path and frame.line else ""
    module = f" ({frame.module.name})" if frame.module is not None and not at else ""
    return f"{frame.pc:#x} {frame.function}{at}{module}"


# -- info ----------------------------------------------------------------------------------------


@command(
    "info", usage="info WHAT", text="breakpoints, threads, registers, locals, args, sharedlibrary, signals"
)
async def info(session: Session, frame: Frame | None, rest: str) -> str:
    what, _, more = rest.partition(" ")
    matching = sorted({name for name in INFO if what and name.startswith(what)}, key=len)
    if not matching:
        raise DebuggerError(f"info needs one of: {', '.join(INFO)}.")
    return await INFO[matching[0]].function(session, frame, more)


command("threads", usage="info threads", text="as threads", table=INFO)(threads)


@command("registers", usage="info registers [NAME]", text="the registers of the frame", table=INFO)
async def registers(session: Session, frame: Frame | None, rest: str) -> str:
    from dapserver.debugger.values import listing  # noqa: PLC0415 - with the values, not before

    scope = scope_of(session, _selected(frame))
    how = listing.hexadecimal(listing.VIEW, is_hex=True)
    lines = await asyncio.to_thread(listing.register_lines, scope, how, slice(None), rest.lstrip("$") or None)
    if rest and not lines:
        raise DebuggerError(f"There is no register {rest} in this frame.")
    return table([line.name, line.text] for line in lines)


@command("locals", usage="info locals", text="the local variables of the frame", table=INFO)
async def local_variables(session: Session, frame: Frame | None, _rest: str) -> str:
    return await _variables(session, frame, are_arguments=False)


@command("args", usage="info args", text="the arguments of the frame's function", table=INFO)
async def arguments(session: Session, frame: Frame | None, _rest: str) -> str:
    return await _variables(session, frame, are_arguments=True)


async def _variables(session: Session, frame: Frame | None, *, are_arguments: bool) -> str:
    from dapserver.debugger.values.shown import text  # noqa: PLC0415 - with the values, not before

    scope = scope_of(session, _selected(frame))

    def lines() -> list[str]:
        found = scope.arguments() if are_arguments else scope.locals()
        return [f"{each.name} = {text(each.value)}" for each in found]

    return "\n".join(await asyncio.to_thread(lines)) or f"No {'arguments' if are_arguments else 'locals'}."


@command("sharedlibrary", usage="info sharedlibrary", text="the files that are mapped", table=INFO)
async def shared_libraries(session: Session, _frame: Frame | None, _rest: str) -> str:
    modules = session.require_publisher().modules
    session.require_publisher().module_changes()
    rows = [["from", "to", "debug information", "file"]]
    for module in modules:
        has = await asyncio.to_thread(modules.source_info, module) is not None
        rows.append([f"{module.start:#x}", f"{module.end:#x}", "yes" if has else "no", module.path])
    return table(rows)


@command("breakpoints", usage="info breakpoints", text="all breakpoints", table=INFO)
async def breakpoints(session: Session, _frame: Frame | None, _rest: str) -> str:
    rows = breakpoint_lines(session) if breakpoint_lines is not None else []
    return table(rows) or "No breakpoints."


@command("signals", usage="info signals", text="the signals by number and name", table=INFO)
async def signal_names(_session: Session, _frame: Frame | None, _rest: str) -> str:
    return table([str(number), signals.name(number)] for number in range(1, 65) if number not in {32, 33})


# -- looking at memory and source ------------------------------------------------------------------


@command("p", "print", usage="p[/FORMAT] EXPRESSION", text="evaluate; FORMAT is x, d, u, o, t, c, s, f or a")
async def print_value(session: Session, frame: Frame | None, rest: str) -> str:
    from dapserver.debugger.evaluation.rendering import rendered  # noqa: PLC0415 - 300 ms of start-up
    from dapserver.debugger.values.shown import Format  # noqa: PLC0415 - as above
    from dapserver.requests.evaluate import evaluated  # noqa: PLC0415 - it needs this module

    letter, expression = _suffix(rest)
    value, compiled = await evaluated(session, frame, expression)
    letter = letter or compiled.format
    return await asyncio.to_thread(rendered, value, letter, Format())


def _suffix(rest: str) -> tuple[str, str]:
    """The letters of `/x expr`, and the expression."""
    if not rest.startswith("/"):
        return "", rest
    letters, _, expression = rest[1:].partition(" ")
    return letters, expression


@command("x", usage="x[/NFU] ADDRESS", text="N units at an address; F as of p, U is b, h, w or g")
async def examine(session: Session, frame: Frame | None, rest: str) -> str:
    from dapserver.requests.evaluate import evaluated  # noqa: PLC0415 - it needs this module

    letters, expression = _suffix(rest)
    match = re.fullmatch(r"(\d*)([xduotcsa]?)([bhwg]?)|(\d*)([bhwg])([xduotcsa])", letters)
    if match is None:
        raise DebuggerError(f"/{letters} is not understood: a number, a format and a unit, as in x/8xg $rsp.")
    count, letter, unit = match.group(1) or match.group(4), match.group(2) or match.group(6), match.group(3)
    unit = unit or match.group(5) or ("b" if letter in {"c", "s"} else "g" if letter == "a" else "w")
    value, _ = await evaluated(session, frame, expression)
    from dapserver.debugger.evaluation.operands import scalar  # noqa: PLC0415 - 300 ms of start-up

    address = int(scalar(value).number) & (1 << 64) - 1
    space = session.require_inspector().space
    if letter == "s":
        data, _ = await asyncio.to_thread(space.string, address, EXAMINED)
        return f'{address:#x}: "{data.decode("utf-8", "backslashreplace")}"'
    size, number = UNIT_SIZES[unit], min(int(count or 1), EXAMINED)
    data = await asyncio.to_thread(space.read, address, size * number)
    return dump(address, data, size, letter or "x")


def dump(address: int, data: bytes, size: int, letter: str) -> str:
    """Write memory in lines of 16 bytes."""
    rows = []
    for start in range(0, len(data), 16):
        part = data[start : start + 16]
        units = [part[i : i + size] for i in range(0, len(part), size)]
        rows.append([f"{address + start:#x}:", *(_unit(unit, letter) for unit in units)])
    return table(rows)


def _unit(data: bytes, letter: str) -> str:
    number = int.from_bytes(data, "little", signed=letter == "d")
    if letter in {"d", "u"}:
        return str(number)
    if letter == "c":
        return f"{number} {chr(number)!r}"
    forms = {"o": f"0{number:o}", "t": f"{number:0{8 * len(data)}b}", "a": f"{number:#x}"}
    return forms.get(letter, f"0x{number:0{2 * len(data)}x}")


@command("list", "l", usage="list [LINE]", text="the source around the selected frame's line, or around LINE")
async def source(session: Session, frame: Frame | None, rest: str) -> str:
    at = _selected(frame).stack_frame
    if at.path is None:
        raise DebuggerError(f"No source is known for {at.function}.")
    if rest and not rest.isdigit():
        raise DebuggerError(f"{rest} is no line.")
    path, line = session.map_source(at.path), int(rest or at.line)
    lines = await asyncio.to_thread(_source_lines, path)
    first = max(1, line - SOURCE_LINES // 2)
    numbered = enumerate(lines[first - 1 : first - 1 + SOURCE_LINES], first)
    return "\n".join(f"{n:5}{'>' if n == at.line else ' '} {text}" for n, text in numbered)


def _source_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError as error:
        raise DebuggerError(
            f"{path} cannot be read: {error.strerror}. A sourceMap tells where it is."
        ) from None


@command("help", usage="help", text="this list; what is no command is evaluated as an expression")
async def show_help(_session: Session, _frame: Frame | None, _rest: str) -> str:
    shown = {id(each): each for each in [*COMMANDS.values(), *INFO.values()]}
    return table([each.usage, each.help] for each in shown.values())
