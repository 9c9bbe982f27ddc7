"""The command line. Modules are imported where they are needed: an editor waits for the first answer."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from dapserver import __version__
from dapserver.debugger.errors import DebuggerError

DESCRIPTION = """\
A debug adapter for native multi-threaded Linux processes whose thread list is always true.
Without a command it speaks the Debug Adapter Protocol: on stdin and stdout, or to any number of
clients with --port or --socket."""

EPILOG = """\
commands (each with --help):
  dapserver threads PID   print the threads of a process, and a line as each starts and ends
  dapserver demo          see it work on a bundled program, as an editor would"""


class _Parser(argparse.ArgumentParser):
    """One line for an error, as everywhere in dapserver, and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see '{self.prog} --help')\n")


def _server_parser() -> _Parser:
    parser = _Parser(
        prog="dapserver",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=_port, metavar="N", help="serve on TCP; 0 picks a free port")
    where.add_argument("--socket", metavar="PATH", help="serve on a Unix socket that only you can open")
    parser.add_argument("--host", default=None, metavar="H", help="address for --port (127.0.0.1); "
                        "another than loopback needs --token-file too")  # fmt: skip
    parser.add_argument("--token-file", metavar="F", help="clients must give the token in this file as "
                        "'token' in their attach or launch arguments")  # fmt: skip
    _add_common(parser)
    return parser


def _threads_parser() -> _Parser:
    parser = _Parser(
        prog="dapserver threads",
        description="Print the threads of a process, then a line as each starts, ends or is renamed, "
        "until Ctrl-C or the process ends. Nothing is stopped. In a terminal: a live table.",
    )
    parser.add_argument("pid", type=_pid, metavar="PID", help="the process, or any of its threads")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--trace", metavar="FILE", help="in the end write the threads' lives as a trace for Perfetto"
    )
    _add_common(parser)
    return parser


def _demo_parser() -> _Parser:
    parser = _Parser(
        prog="dapserver demo",
        description="Start a bundled program with threads, serve DAP on TCP, attach to it with a small "
        "client, and print the thread events as an editor gets them.",
    )
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", metavar="FILE", help="write DAP traffic and decisions to this file")
    parser.add_argument("--version", action="version", version=f"dapserver {__version__}")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: those are from 0 to 65535")
    return port


def _pid(text: str) -> int:
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a process id")
    return int(text)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0, 2 for bad usage, 1 for failure."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands = {"threads": (_threads_parser, _threads), "demo": (_demo_parser, _demo)}
    name = arguments[0] if arguments else ""
    make_parser, run = commands.get(name, (_server_parser, _serve))
    parser = make_parser()
    options = parser.parse_args(arguments[1:] if name in commands else arguments)
    try:
        _start_log(options.log)
        run(parser, options)
    except (DebuggerError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)
    sys.exit(0)


class _OneLine(logging.Formatter):
    """For stderr: tracebacks are for the log."""

    def formatException(self, _error: Any) -> str:  # noqa: N802 - logging's name
        return ""


def _start_log(path: str | None) -> None:
    logging.getLogger("pygls").setLevel(logging.WARNING)  # it tells of each handler registered
    root = logging.getLogger()
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(_OneLine("dapserver: %(message)s"))
    root.addHandler(terminal)
    if path is not None:
        file = logging.FileHandler(path)
        file.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
        root.addHandler(file)
        root.setLevel(logging.DEBUG)


def _serve(parser: _Parser, options: argparse.Namespace) -> None:
    if options.port is None and options.host is not None:
        parser.error("--host goes with --port")
    if options.token_file is not None and options.port is None:
        parser.error("--token-file goes with --port")
    if options.port is None and options.socket is None:
        _serve_stdio()
        return
    from dapserver import access, server  # noqa: PLC0415

    token = access.read_token(options.token_file) if options.token_file else None
    if options.socket is not None:
        listener = server.listen_unix(options.socket)
    else:
        host = options.host or "127.0.0.1"
        if token is None and not access.is_loopback(host):
            parser.error(
                f"--host {host} can be reached from other machines, so it needs --token-file too: "
                f"whoever connects may debug all your processes"
            )
        listener = server.listen_tcp(host, options.port, token)
    server.serve_forever(listener)


def _serve_stdio() -> None:
    if os.isatty(0):
        print(
            "dapserver: speaking the Debug Adapter Protocol on this terminal; editors start it like "
            "this. 'dapserver --help' tells what else it can do, Ctrl-D ends it.",
            file=sys.stderr,
        )
    from dapserver.server import serve_stdio  # noqa: PLC0415

    serve_stdio()


def _threads(_parser: _Parser, options: argparse.Namespace) -> None:
    from dapserver.terminal import threads  # noqa: PLC0415

    threads.run(options.pid, as_json=options.json, trace_file=options.trace)


def _demo(_parser: _Parser, _options: argparse.Namespace) -> None:
    from dapserver.terminal import demo  # noqa: PLC0415

    demo.run()
