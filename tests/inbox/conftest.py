"""What the tests of the inbox share: a held clock, a warm reader, mails handed in and worked off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from safeconduct.inbox import receiving
from safeconduct.inbox.models import Letter
from safeconduct.lib import clock
from tests.inbox.mails import AUTHSERV

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HandIn = Callable[[bytes], Letter]


@pytest.fixture(autouse=True)
def held() -> Iterator[None]:
    """Hold the clock before the journeys."""
    with clock.held_at(NOW):
        yield


@pytest.fixture(autouse=True)
def vouched(settings: object) -> None:
    """Let the portal's own mail server vouch for senders."""
    settings.SAFECONDUCT_BOOKINGS_AUTHSERV = AUTHSERV  # type: ignore[attr-defined]
    settings.SAFECONDUCT_BOOKINGS_ADDRESS = "bookings@portal.example.org"  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def reader() -> Iterator[receiving.Reader]:
    """One child for all tests."""
    made = receiving.Reader()
    yield made
    made.close()


@pytest.fixture
def hand_in(db: None, reader: receiving.Reader) -> HandIn:
    """Return a function: a mail comes by the mail server and is read; its row as it is then."""

    def come(data: bytes) -> Letter:
        letter, _new = receiving.take_in(data, road=Letter.Road.HTTP)
        receiving.work(5, read=reader)
        return Letter.objects.get(pk=letter.pk)

    return come
