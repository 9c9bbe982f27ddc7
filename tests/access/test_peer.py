"""Whose the other end of a connection is: both ways to ask agree."""

from __future__ import annotations

import os
import socket

import pytest

from dapserver import peer

FAMILIES = {
    "IPv4": (socket.AF_INET, "127.0.0.1", socket.AF_INET),
    "IPv6": (socket.AF_INET6, "::1", socket.AF_INET6),
    "IPv4 within IPv6": (socket.AF_INET6, "::", socket.AF_INET),
}


def connection(kind: str) -> tuple[socket.socket, socket.socket]:
    family, address, client_family = FAMILIES[kind]
    with socket.socket(family) as listener:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        listener.listen()
        client = socket.socket(client_family)
        client.connect(("127.0.0.1" if client_family == socket.AF_INET else "::1", listener.getsockname()[1]))
        return listener.accept()[0], client


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("table_only", [False, True])
def test_the_owner_is_found(kind: str, table_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if table_only:

        def cannot(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(peer, "_ask", cannot)
    ours, client = connection(kind)
    with ours, client:
        assert peer.owner(ours.family, ours.getpeername()[:2], ours.getsockname()[:2]) == os.getuid()


@pytest.mark.parametrize("table_only", [False, True])
def test_a_socket_that_nobody_holds_is_not_roots(table_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel shows uid 0 for it: whoever closes at once must not come in as root."""
    if table_only:
        monkeypatch.setattr(peer, "_ask", lambda *_: None)
    ours, client = connection("IPv4")
    with ours:
        ends = ours.getpeername()[:2], ours.getsockname()[:2]
        client.close()
        assert peer.owner(ours.family, *ends) is None
    assert peer.owner(socket.AF_INET, *ends) is None
