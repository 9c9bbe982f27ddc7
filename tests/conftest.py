"""Fixtures of all tests: programs to debug, the server, connections; nothing outlives the tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from dapserver.client import DapClient
from tests.support import leftovers
from tests.support.build import FIXTURES, build
from tests.support.contract import check_stream
from tests.support.server import Server, stdio_client
from tests.support.target import Target, python_target


class Program(Protocol):
    """Start fixtures/NAME with arguments; *flags* go to the compiler, the rest to Popen."""

    def __call__(self, name: str, *args: str, flags: tuple[str, ...] = (), **popen: Any) -> Target: ...


Connect = Callable[[], DapClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="repeat races as often as `make soak`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `soak`, visibly, unless all repetitions are wanted."""
    if config.getoption("--full"):
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=soak)
    items[:] = [item for item in items if item not in soak]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: a machine that lacks something there is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether races are to be repeated as often as the reliability matrix wants at the most."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail the run if a process that the tests started outlives them."""
    leftovers.mark_descendants()
    yield
    leftovers.expect_none()


@pytest.fixture
def program() -> Iterator[Program]:
    with contextlib.ExitStack() as stack:

        def start(name: str, *args: str, flags: tuple[str, ...] = (), **popen: Any) -> Target:
            if Path(name).suffix == ".py":
                target = python_target(FIXTURES / name, *args, **popen)
            else:
                target = Target(build(name, *flags), *args, **popen)
            return stack.enter_context(target)

        yield start


@pytest.fixture(scope="session")
def server(nothing_left: None) -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def connect(server: Server, program: Program) -> Iterator[Connect]:
    """Connect over TCP, any number of times. What was received is checked at the end.

    Sessions end before the programs that they trace: hence `program`.
    """
    with _clients(server.connect) as open_client:
        yield open_client


@pytest.fixture(params=["tcp", "stdio"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session_client(transport: str, program: Program, request: pytest.FixtureRequest) -> Iterator[DapClient]:
    """A fresh session over each transport."""
    if transport == "tcp":
        server: Server = request.getfixturevalue("server")
        source = server.connect
    else:
        source = stdio_client
    with _clients(source) as open_client:
        yield open_client()


@contextlib.contextmanager
def _clients(source: Connect) -> Iterator[Connect]:
    clients: list[DapClient] = []
    with contextlib.ExitStack() as stack:

        def open_client() -> DapClient:
            client = stack.enter_context(source())
            clients.append(client)
            return client

        yield open_client
    for client in clients:
        check_stream(client.messages)


def pytest_report_header() -> str:
    return f"kernel {os.uname().release}, {os.cpu_count()} processors, uid {os.getuid()}"
