"""Puts the seat on the request: the session's membership, never the address's."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from safeconduct.accounts.models import User
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import SESSION_KEY, Seat, memberships_of, seat_for


def find_seat(request: HttpRequest) -> Seat | None:
    """Return the chosen membership's seat, else the first one's; None for people in no organisation."""
    if not isinstance(request.user, User):
        return None
    rows = memberships_of(request.user)
    chosen = request.session.get(SESSION_KEY)
    for row in sorted(rows, key=lambda m: m.public_id != chosen):
        try:
            return seat_for(request.user, row)
        except NotFound:
            continue
    return None


def current_membership(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request a `seat_holder`: the seat is found when it is first asked for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.seat_holder = LazySeat(request)  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


class LazySeat:
    """Holds the request until somebody asks; access.seat_of unwraps it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._found = False
        self._seat: Seat | None = None

    def get(self) -> Seat | None:
        """Return the seat, looked up once a request."""
        if not self._found:
            self._seat, self._found = find_seat(self._request), True
        return self._seat
