"""A sink, a kind of mail with templates, and settings that point at the sink."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import engines
from pytest_django import Settings

from safeconduct.outbox import actions, kinds
from safeconduct.outbox.models import Delivery, Message
from tests.outbox.sink import Sink

TEMPLATES = Path(__file__).parent / "templates"
ALERT = kinds.register(kinds.Kind(code="test.alert", room="testing", unsubscribable=True))
URGENT = kinds.register(kinds.Kind(code="test.urgent", room="testing", urgent=True))
PLAIN = kinds.register(kinds.Kind(code="test.plain", room="testing"))
CODE = kinds.register(kinds.Kind(code="test.code", room="testing", secret=True))


@pytest.fixture(autouse=True)
def mail_templates() -> Iterator[None]:
    """Let the engine find the templates beside the tests."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    engine.dirs.append(TEMPLATES)
    yield
    engine.dirs.remove(TEMPLATES)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server that takes everything until it is told otherwise."""
    server = Sink()
    yield server
    server.close()


@pytest.fixture
def mail_server(sink: Sink, settings: Settings) -> Sink:
    """The sink, entered as the way mail leaves."""
    settings.SAFECONDUCT_EMAIL_URL = f"smtp://127.0.0.1:{sink.port}?tls=none"
    settings.SAFECONDUCT_EMAIL_FROM = "alerts@safeconduct.example"
    settings.SAFECONDUCT_URL = "https://travel.example.edu"
    return sink


def alert(content_key: str = "one") -> Message:
    """A message for many."""
    return actions.compose(
        ALERT,
        content_key=content_key,
        language="en",
        context={"headline": "Typhoon & flood", "organisation": "Northfield"},
        organisation_id=3,
        from_name="Northfield University",
    )


def rows(count: int, start: int = 0) -> list[actions.Row]:
    """Recipients with personal words."""
    return [
        actions.Row(
            f"k{number}",
            f"t{number}@example.edu",
            {"name": f"Maya <{number}>", "reason": "you are in “Leyte”"},
            f"https://travel.example.edu/u/{number}",
        )
        for number in range(start, start + count)
    ]


def one(kind: kinds.Kind = PLAIN, key: str = "one", address: str = "bob@example.edu") -> Delivery:
    """One delivery of a kind."""
    slots = {"code": "482913"} if kind.secret else {}
    return actions.enqueue(kind, key=key, address=address, context={"headline": "Hello"}, slots=slots)
