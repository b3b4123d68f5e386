"""What the tests of fetching share."""

from __future__ import annotations

import pytest

from safeconduct.feeds import fetching, hosts
from safeconduct.lib import http
from tests.feeds.network import Install, Server


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make pauses exact, and waiting for a host's turn only written down; return what was written."""
    waited: list[float] = []
    monkeypatch.setattr(fetching, "JITTER", 0.0)
    monkeypatch.setattr(hosts, "sleep", waited.append)
    return waited


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function: answers in turn → the server that gives them."""

    def install(*answers: object) -> Server:
        server = Server(*answers)
        monkeypatch.setattr(http, "get", server.get)
        return server

    return install
