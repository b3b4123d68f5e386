"""From what was read in a booking document to rows of the itinerary form, for its traveller to look over.

Nothing is registered here. What is not sure is said beside the row; what was called off, or is neither a journey nor a
stay with a day, makes no row and is said too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.trips.bookings.model import (
    CANCELLED,
    FLIGHT,
    HOLD,
    JOURNEYS,
    LODGING,
    PENDING,
    TRAIN,
    Moment,
    Reading,
    Reservation,
    Spot,
)
from safeconduct.trips.bookingwords import problem_text
from safeconduct.trips.forms import NOTE_LENGTH
from safeconduct.trips.models import ADDRESS_LENGTH, Stop
from safeconduct.trips.placing import placed

KINDS: Final = {FLIGHT: Stop.Kind.FLIGHT, TRAIN: Stop.Kind.RAIL}


@dataclass(frozen=True)
class Row:
    """One row of the form: its values by field, whether it is a journey, and what a person should look at."""

    values: Mapping[str, Any]
    is_leg: bool
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """What a document gives: rows in order of time, and what is to be said of the document."""

    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def offer_of(reading: Reading) -> Offer:
    """Return the rows of a reading."""
    rows: list[tuple[Moment, Row]] = []
    remarks = [problem_text(problem) for problem in reading.problems]
    for one in reading.reservations:
        if one.status == CANCELLED:
            remarks.append(_("Called off, so not entered: %(what)s") % {"what": _what(one)})
        elif one.starts is None or (one.kind in JOURNEYS and one.ends is None):
            remarks.append(_("Not entered, for it has no day and time: %(what)s") % {"what": _what(one)})
        else:
            rows.append((one.starts, _leg(one) if one.kind in JOURNEYS else _stay(one)))
    ordered = sorted(rows, key=lambda pair: pair[0].local)
    return Offer(tuple(row for _start, row in ordered), tuple(dict.fromkeys(remarks)))


def _leg(one: Reservation) -> Row:
    values = {
        "kind": KINDS.get(one.kind, Stop.Kind.OTHER),
        "place": _place(one.origin),
        "to_place": _place(one.destination),
        "depart": _local(one.starts, is_end=False),
        "arrive": _local(one.ends, is_end=True),
        "tentative": one.status in (PENDING, HOLD),
        "note": _what(one)[:NOTE_LENGTH],
    }
    return Row(values, True, _doubts(one))


def _stay(one: Reservation) -> Row:
    house = one.origin
    name = one.name or house.name
    if name == house.city or _is_country(name, house):
        name = ""  # a name that is the town's or the country's own says no more than that
    address = ", ".join(part for part in (name, house.street, house.postal_code) if part)
    values = {
        "kind": Stop.Kind.LODGING if one.kind == LODGING else Stop.Kind.STAY,
        "place": house.city or house.iata or house.country,
        "address": address[:ADDRESS_LENGTH],
        "lat": "" if house.lat is None else round(house.lat, 5),
        "lon": "" if house.lon is None else round(house.lon, 5),
        "arrive": _local(one.starts, is_end=False),
        "depart": _local(one.ends or one.starts, is_end=True),
        "tentative": one.status in (PENDING, HOLD),
        "note": _what(one)[:NOTE_LENGTH],
    }
    return Row(values, False, _doubts(one))


def _is_country(name: str, house: Spot) -> bool:
    if house.city or house.iata or house.street or not house.country:
        return False
    place = placed(name).place
    return place is not None and place.is_country and place.country_code == house.country


def _place(spot: Spot) -> str:
    return spot.iata or spot.city or spot.name


def _local(moment: Moment | None, *, is_end: bool) -> str:
    """The wall clock; a day without a time is the whole day."""
    if moment is None:
        return ""
    if moment.at is None:
        return f"{moment.on.isoformat()}T{'23:59' if is_end else '00:00'}"
    return moment.local.isoformat(timespec="minutes")


def _what(one: Reservation) -> str:
    carrier = " ".join(part for part in (one.provider.iata or one.provider.name, one.trip_number) if part)
    return ", ".join(part for part in (carrier or one.name or one.origin.name, one.number) if part)


def _doubts(one: Reservation) -> tuple[str, ...]:
    return tuple(dict.fromkeys(problem_text(problem) for problem in one.problems))
