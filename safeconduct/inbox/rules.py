"""The rules by which bookings are known again, sorted into trips and changed (docs/bookings.md). Pure: no ORM, no clock.

1. **The same booking.** Of one person, organisation and kind. A journey with a number: the same carrier, number and day of
   departure, and no two references that differ. Otherwise the same reference and carrier (or house), and the same day
   and, of a journey, the same number or the same route. The same reference and number on another day is that booking
   *moved*, which a person is asked about. A cancellation without a day is of everything with its reference.
2. **The same words.** What says the same as the booking already does changes nothing. What says the same as an earlier
   state of it is asked about: it may be the old mail again, or a change back.
3. **The same trip.** Bookings of one reference at most `REFERENCE_GAP` apart; else what overlaps, or begins or ends at
   most `GAP` before or after, unless the trip has come back to where it set out by then.
4. **Whose it is.** Sure only when one of the people it names is the person (`is_named`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal

from safeconduct.trips.bookings.model import (
    BOAT,
    BUS,
    CANCELLED,
    EVENT,
    FLIGHT,
    JOURNEYS,
    LODGING,
    TRAIN,
    Reservation,
    Spot,
)

GAP: Final = timedelta(hours=48)
REFERENCE_GAP: Final = timedelta(days=180)
STOPS: Final = frozenset({FLIGHT, TRAIN, BUS, BOAT, LODGING, EVENT})
"""Kinds that say where somebody is. A hired car, a taxi or a table is kept with the bookings and makes no stop."""
_PLAIN: Final = re.compile(r"[\W_]+")

Relation = Literal["same", "moved", "other"]


@dataclass(frozen=True)
class Known:
    """What a booking is known again by. `day`: None when the document names none; `route`: two ends, folded."""

    kind: str
    reference: str = ""
    carrier: str = ""
    number: str = ""
    day: date | None = None
    route: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Span:
    """When something begins and ends; `ends_at` None: open. `has_returned`: it ends where it began."""

    starts_at: datetime
    ends_at: datetime | None
    references: frozenset[str] = frozenset()
    has_returned: bool = False


def plain(text: str) -> str:
    """Return a text without case, accents and punctuation."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _PLAIN.sub("", bare).casefold()


def known_by(one: Reservation) -> Known:
    """Return what a reservation is known again by."""
    is_journey = one.kind in JOURNEYS
    carrier = one.provider.iata or one.provider.name
    if not is_journey:
        carrier = one.name or one.origin.name or carrier
    number = plain(one.trip_number)
    if is_journey and one.provider.iata and number.startswith(one.provider.iata.casefold()):
        number = number[len(one.provider.iata) :] or number
    ends = (one.origin, one.destination)
    return Known(
        kind=one.kind,
        reference=plain(one.number),
        carrier=plain(carrier),
        number=number.lstrip("0") if is_journey else "",
        day=one.starts.on if one.starts else None,
        route=(plain(ends[0].iata or ends[0].name), plain(ends[1].iata or ends[1].name)) if is_journey else ("", ""),
    )


def relation(known: Known, fresh: Known, *, is_cancellation: bool = False) -> Relation:
    """Return whether what came is the booking that is known, that one moved to another day, or another one."""
    if known.kind != fresh.kind or _differ(known.reference, fresh.reference) or _differ(known.carrier, fresh.carrier):
        return "other"
    has_reference = bool(known.reference and fresh.reference)
    if is_cancellation and fresh.day is None:
        is_leg = not (fresh.number and known.number) or fresh.number == known.number
        return "same" if has_reference and is_leg else "other"
    if known.day is None and has_reference and (not known.number or known.number == fresh.number):
        return "same"
    is_one_day = known.day is not None and known.day == fresh.day
    if known.kind in JOURNEYS:
        has_number = bool(known.number and fresh.number)
        is_number = has_number and known.number == fresh.number
        is_route = bool(all(known.route)) and known.route == fresh.route
        if is_one_day and is_number and (has_reference or bool(known.carrier and fresh.carrier)):
            return "same"
        if is_one_day and is_route and has_reference:
            return "same"
        return "moved" if has_reference and is_number and not is_one_day else "other"
    if not has_reference:
        is_house = bool(known.carrier) and known.carrier == fresh.carrier
        return "same" if is_one_day and is_house else "other"
    return "same" if is_one_day else "moved"


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def counterpart(
    fresh: Known, known: Sequence[Known], *, is_cancellation: bool, of_document: Iterable[Known] = ()
) -> tuple[Relation, list[int]]:
    """Return how what came relates to what is known, and to which of it (positions).

    `of_document`: everything in the same document. A booking that stands there for itself has not moved to another
    day. Of several that may have moved none can be told to be the one: what came is another one.
    """
    related = [(relation(one, fresh, is_cancellation=is_cancellation), number) for number, one in enumerate(known)]
    same = [number for kind, number in related if kind == "same"]
    if same:
        return "same", same
    beside = list(of_document)
    moved = [
        number
        for kind, number in related
        if kind == "moved" and not any(relation(known[number], other) == "same" for other in beside)
    ]
    return ("moved", moved) if len(moved) == 1 else ("other", [])


def is_named(names: Iterable[str], given: str, family: str) -> bool:
    """Return whether one of these names is the person's: every word of the family name, and of the given names one or
    its first letter. Boarding passes write names together and cut them off: that is not enough here."""
    first, last = _words(given), _words(family)
    if not first or not last:
        return False
    for name in names:
        words = _words(name)
        if set(last) <= set(words):
            rest = [word for word in words if word not in last] or words
            if any(word == mine or (len(word) == 1 and mine.startswith(word)) for word in rest for mine in first):
                return True
    return False


def _words(name: str) -> list[str]:
    folded = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    return [word for word in re.split(r"[\W_]+", folded) if word]


def fits(span: Span, trip: Span) -> tuple[int, timedelta] | None:
    """Return how well something belongs into a trip, the best is the smallest; None: not at all."""
    gap = _between(span, trip)
    if span.references & trip.references and gap <= REFERENCE_GAP:
        return (0, gap)
    if gap == timedelta():
        return (1, gap)
    is_after = trip.ends_at is not None and span.starts_at >= trip.ends_at
    if gap <= GAP and not (trip.has_returned and is_after):
        return (2, gap)
    return None


def best(span: Span, trips: Sequence[Span]) -> int | None:
    """Return the position of the trip that something belongs into, None for none."""
    fitting = [(fit, number) for number, trip in enumerate(trips) if (fit := fits(span, trip)) is not None]
    return min(fitting)[1] if fitting else None


def clusters(spans: Sequence[Span]) -> list[list[int]]:
    """Return which of several new things make one trip: positions, in order of time."""
    groups: list[tuple[Span, list[int]]] = []
    for number in sorted(range(len(spans)), key=lambda n: spans[n].starts_at):
        at = best(spans[number], [span for span, _members in groups])
        if at is None:
            groups.append((spans[number], [number]))
        else:
            groups[at] = (_joined(groups[at][0], spans[number]), [*groups[at][1], number])
    return [members for _span, members in groups]


def _joined(one: Span, other: Span) -> Span:
    ends = None if one.ends_at is None or other.ends_at is None else max(one.ends_at, other.ends_at)
    return Span(min(one.starts_at, other.starts_at), ends, one.references | other.references)


def _between(one: Span, other: Span) -> timedelta:
    """The time from the end of the earlier to the begin of the later; none when they overlap."""
    first, second = sorted((one, other), key=lambda span: span.starts_at)
    if first.ends_at is None:
        return timedelta()
    return max(timedelta(), second.starts_at - first.ends_at)


def completed(fresh: Reservation, known: Reservation) -> Reservation:
    """Return what came with what it leaves open taken from what is known of the same booking: a boarding pass has no
    arrival, and leaves the one of the confirmation as it is."""
    starts, ends = fresh.starts, fresh.ends
    if starts is not None and known.starts is not None and starts.at is None and starts.on == known.starts.on:
        starts = known.starts
    if ends is None or (ends.at is None and known.ends is not None and ends.on == known.ends.on):
        ends = known.ends if starts == known.starts else ends
    return replace(
        fresh,
        starts=starts or known.starts,
        ends=ends,
        number=fresh.number or known.number,
        trip_number=fresh.trip_number or known.trip_number,
        name=fresh.name or known.name,
        provider=fresh.provider if fresh.provider.iata or fresh.provider.name else known.provider,
        origin=fresh.origin if _is_place(fresh.origin, known.origin) else known.origin,
        destination=fresh.destination if _is_place(fresh.destination, known.destination) else known.destination,
    )


def _is_place(fresh: Spot, known: Spot) -> bool:
    """Whether what came says of a place what the other does not: the same airport by its code alone says less."""
    return fresh.is_known and not (fresh.iata and fresh.iata == known.iata)


def is_cancelled(one: Reservation) -> bool:
    """Return whether a reservation says that it is called off."""
    return one.status == CANCELLED
