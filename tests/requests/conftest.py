"""A program that stops at breakpoints, and a client that has attached to it. Files may have others."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.requests.stops import started
from tests.support.session import attach
from tests.support.target import Target


@pytest.fixture
def target(program: Program) -> Target:
    return started(program, "stops.c")


@pytest.fixture
def client(target: Target, connect: Connect) -> DapClient:
    client = connect()
    attach(client, target)
    return client
