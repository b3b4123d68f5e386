"""Reads for pages: one's own documents and bookings, and what the operator sees of the road, which names nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse

from safeconduct.inbox.access import own_letters
from safeconduct.inbox.keeping import reservation_of, shown_of
from safeconduct.inbox.models import Booking, Letter, Mailbox
from safeconduct.inbox.receiving import bookings_of
from safeconduct.inbox.words import change_text, kind_text, letter_remarks, problems_of, when_text, where_text
from safeconduct.lib import clock
from safeconduct.orgs.access import Seat
from safeconduct.trips.bookings.model import FLIGHT, LODGING, Reservation
from safeconduct.trips.hooks import BookingsLine
from safeconduct.trips.models import Trip

MOST_SHOWN = 100


@dataclass(frozen=True)
class BookingLine:
    """A booking as it is shown. `asks`: "enter", "change" or "cancel" when it needs its person."""

    booking: Booking
    icon: str
    kind: str
    where: str
    when: str
    reference: str
    level: int
    word: str
    asks: str
    problems: Sequence[str]
    trip_url: str
    letter_url: str
    now_where: str
    now_when: str
    shown: str


@dataclass(frozen=True)
class LetterLine:
    """A document as it is shown, and what it did."""

    letter: Letter
    level: int
    remarks: Sequence[str]
    done: Sequence[tuple[str, str]]
    needs_organisation: bool
    has_open: bool


def booking_line(row: Booking) -> BookingLine:
    """Return a booking for a page."""
    year = clock.now().year
    asks = str(row.offered.get("action", ""))
    offered: dict[str, Any] = row.offered.get("reservation") or {}
    now = reservation_of(row.said)
    shown: Reservation = reservation_of(offered) if offered and asks != "cancel" else now
    needs = row.needs_person
    return BookingLine(
        booking=row,
        icon={FLIGHT: "plane", LODGING: "bed"}.get(row.kind, "route"),
        kind=kind_text(row.kind),
        where=where_text(shown),
        when=when_text(shown, year=year),
        reference=row.reference,
        level=3 if needs else 1 if row.state == Booking.State.ENTERED else 0,
        word=str(Booking.State.WAITING.label if needs else row.get_state_display()),
        asks=asks,
        problems=problems_of(row),
        trip_url=reverse("trips:detail", args=[row.trip.public_id]) if row.trip and row.stop_id else "",
        letter_url=reverse("inbox:letter", args=[row.letter.public_id]) if row.letter else "",
        now_where=where_text(now),
        now_when=when_text(now, year=year),
        shown=shown_of(row.offered),
    )


def own_bookings(seat: Seat) -> list[BookingLine]:
    """Return the person's bookings in the seat's organisation: those that need them first, then by day, the last first."""
    rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user).exclude(state=Booking.State.DISMISSED)
    found = list(rows.select_related("trip", "letter").defer("letter__raw").order_by("-starts_on", "-id")[:MOST_SHOWN])
    return [booking_line(row) for row in sorted(found, key=lambda row: not row.needs_person)]


def own_letter_lines(seat: Seat) -> list[LetterLine]:
    """Return the person's last documents."""
    return [letter_line(letter, seat) for letter in own_letters(seat)[:20]]


def letter_line(letter: Letter, seat: Seat) -> LetterLine:
    """Return a document for a page."""
    bookings = bookings_of(letter)
    year = clock.now().year
    done = []
    for change in letter.changes:
        row = bookings.get(change["booking"])
        said = (row.offered.get("reservation") or row.said) if row is not None else None
        one = reservation_of(said) if said else None
        title = f"{kind_text(one.kind)}: {where_text(one)}, {when_text(one, year=year)}" if one is not None else ""
        done.append((title, change_text(change["code"])))
    has_open = any(row.needs_person for row in bookings.values())
    is_choice = letter.state == Letter.State.NEEDS_YOU and letter.reason == "organisation"
    level = {Letter.State.READ: 1, Letter.State.FAILED: 4, Letter.State.NEEDS_YOU: 3 if has_open or is_choice else 1}
    return LetterLine(letter, level.get(Letter.State(letter.state), 0), letter_remarks(letter), done, is_choice, has_open)


def waiting_in(letter: Letter, seat: Seat) -> list[Booking]:
    """Return the bookings of a document that wait to be entered."""
    rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user, letter=letter)
    return [row for row in rows.order_by("starts_on", "id") if row.offered.get("action") == "enter"]


@dataclass(frozen=True)
class Road:
    """What the operator sees: counts alone."""

    mailbox: Mailbox | None
    counts: Sequence[tuple[str, str, int]]
    reasons: Sequence[tuple[str, int]]
    days: int
    oldest_waiting_seconds: int


def road(*, days: int = 30) -> Road:
    """Return how the road of bookings is doing over so many days."""
    now = clock.now()
    rows = Letter.objects.filter(received_at__gte=now - timedelta(days=days))
    by_state = dict(rows.order_by().values_list("state").annotate(n=Count("id")))
    by_reason = rows.exclude(reason="").order_by().values_list("reason").annotate(n=Count("id"))
    problems: dict[str, int] = {}
    for found in rows.filter(state=Letter.State.FAILED, reason="").values_list("problems", flat=True)[:5000]:
        for code in {each[0] for each in found}:
            problems[code] = problems.get(code, 0) + 1
    reasons = sorted([*((f"={code}", n) for code, n in problems.items()), *by_reason], key=lambda pair: -pair[1])
    oldest = Letter.objects.filter(due_at__isnull=False).order_by("received_at").values_list("received_at", flat=True).first()
    return Road(
        Mailbox.objects.filter(only=1).first(),
        [(code, str(label), by_state.get(code, 0)) for code, label in Letter.State.choices],
        reasons,
        days,
        int((now - oldest).total_seconds()) if oldest else 0,
    )


def bookings_behind(seat: Seat, trip: Trip) -> BookingsLine | None:
    """Return which part of one's own trip came from bookings, None for a trip without any."""
    rows = Booking.objects.for_org(seat.organisation).filter(user_id=seat.user.pk, trip=trip, stop__isnull=False)
    stops = set(rows.values_list("stop_id", flat=True))
    if not stops:
        return None
    is_all = stops >= set(trip.stops.values_list("pk", flat=True))
    return BookingsLine(reverse("inbox:list"), len(stops), is_all)
