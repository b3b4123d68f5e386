"""Tickets: a trip in a list, as home and the list of trips show it.

Made of rows whose stops are loaded; it asks the database for nothing but what concerns a trip (hooks.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.lib.geo import distance_km
from safeconduct.lib.timewords import moment_words
from safeconduct.orgs.access import Seat
from safeconduct.places.models import Place
from safeconduct.trips.hooks import ConcernLine, concerns_of
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.timeline import Count, count_of, ends, remarks_of, short_name, starts
from safeconduct.trips.whereabouts import NEAR_KM, Gap

SEVERITY_LEVELS = {"extreme": "5", "severe": "4", "moderate": "3", "minor": "2"}


@dataclass(frozen=True)
class Point:
    """A place of a ticket: airports by their code, other places by their country's."""

    code: str
    name: str


@dataclass(frozen=True)
class Mark:
    """A badge: a severity level and its words."""

    level: str
    word: str


@dataclass(frozen=True)
class TripCard:
    """A trip in a list, as web/parts/ticket.html shows it. `next_line` is empty when nothing comes next."""

    public_id: str
    url: str
    name: str
    places: list[Point]
    count: Count
    gaps: int
    overlaps: int
    marks: list[Mark]
    next_line: str
    is_mail_muted: bool
    trip: Trip

    @property
    def starts_on(self) -> date:
        """Return the first day, where the trip begins."""
        return self.count.starts_on

    @property
    def ends_on(self) -> date | None:
        """Return the last day, where the trip ends; None for an open end."""
        return self.count.ends_on

    @property
    def status(self) -> str:
        """Return the state in words."""
        return self.count.words


def cards(seat: Seat, trips: Iterable[Trip], at: datetime) -> list[TripCard]:
    """Return tickets of trips; `queries.with_stops` loads what they need. What concerns a trip is asked for while it is
    not over."""
    return [_card(seat, trip, list(trip.stops.all()), at) for trip in trips]


def _card(seat: Seat, trip: Trip, stops: Sequence[Stop], at: datetime) -> TripCard:
    found = remarks_of(stops)
    gaps = sum(isinstance(one, Gap) for one in found)
    count = count_of(trip, stops, at)
    is_open = count.progress in ("under_way", "ahead")
    concerns = concerns_of(seat, trip) if is_open else []
    return TripCard(
        trip.public_id,
        reverse("trips:detail", args=[trip.public_id]),
        trip.title,
        _points(stops),
        count,
        gaps,
        len(found) - gaps,
        _marks(concerns, gaps, len(found) - gaps) if is_open else [],
        next_line(stops, at) if is_open else "",
        trip.is_mail_muted,
        trip,
    )


def _marks(concerns: Sequence[ConcernLine], gaps: int, overlaps: int) -> list[Mark]:
    marks: list[Mark] = []
    if concerns:
        worst = max(SEVERITY_LEVELS.get(one.severity.lower(), "0") for one in concerns)
        words = ngettext("%(count)d alert concerns it", "%(count)d alerts concern it", len(concerns))
        marks.append(Mark(worst, words % {"count": len(concerns)}))
    if gaps:
        marks.append(Mark("3", ngettext("%(count)d gap", "%(count)d gaps", gaps) % {"count": gaps}))
    if overlaps:
        marks.append(Mark("2", ngettext("%(count)d overlap", "%(count)d overlaps", overlaps) % {"count": overlaps}))
    return marks


def next_line(stops: Sequence[Stop], at: datetime) -> str:
    """Return what comes next in words: "Fri 27 Nov, 11:00 (UTC+8): leave Tacloban"; empty when nothing does."""
    events: list[tuple[datetime, str, str]] = []
    for stop in stops:
        start, start_zone = starts(stop)
        end, end_zone = ends(stop)
        leave, arrive = _("leave %(place)s"), _("arrive in %(place)s")
        here, there = {"place": short_name(stop.place)}, {"place": short_name(stop.to_place or stop.place)}
        events.append((start, start_zone, (leave if stop.is_leg else arrive) % here))
        if end is not None:
            events.append((end, end_zone, (arrive if stop.is_leg else leave) % there))
    ahead = sorted((event for event in events if event[0] > at), key=lambda event: event[0])
    if not ahead:
        return ""
    moment, zone, what = ahead[0]
    when = moment_words(moment, zone, this_year=at.year)
    return _("%(when)s: %(what)s") % {"when": when, "what": what}


def _points(stops: Sequence[Stop]) -> list[Point]:
    """The places in order; a town and its airport are one point, with the airport's code and the town's name."""
    visits: list[tuple[Place, Place]] = []  # what names the point, and what gives its code
    for stop in stops:
        for place in (stop.place, stop.to_place):
            if place is None:
                continue
            if not visits or not _is_one_point(visits[-1][0], place):
                visits.append((place, place))
                continue
            name, code = visits[-1]
            if place.kind == Place.Kind.CITY and name.kind == Place.Kind.AIRPORT:
                visits[-1] = (place, code)
            elif place.kind == Place.Kind.AIRPORT and code.kind == Place.Kind.CITY:
                visits[-1] = (name, place)
    return [
        Point(code.code if code.kind == Place.Kind.AIRPORT else code.country_code, short_name(name))
        for name, code in visits
    ]


def _is_one_point(one: Place, other: Place) -> bool:
    if one.pk == other.pk:
        return True
    if one.is_country or other.is_country or one.kind == other.kind:
        return False
    return distance_km(one.lon, one.lat, other.lon, other.lat) <= NEAR_KM
