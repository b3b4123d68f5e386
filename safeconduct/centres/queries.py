"""Which centre to call, and the list of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from safeconduct.centres import hooks
from safeconduct.centres.details import Located
from safeconduct.centres.hours import is_open, openings
from safeconduct.centres.models import Centre
from safeconduct.lib import clock
from safeconduct.lib.geo import distance_km
from safeconduct.orgs.access import Seat
from safeconduct.places.folding import fold
from safeconduct.places.queries import place_by_key, search


@dataclass(frozen=True)
class HelpCentre:
    """The centre of the help strip. `is_nearest`: to where the person is now, not merely a default."""

    name: str
    phone: str
    place: str
    is_nearest: bool
    centre: Centre


@dataclass(frozen=True)
class ListedCentre:
    """A centre of the public list with whether it is open now, by its own clock."""

    centre: Centre
    open_now: bool
    local_time: datetime


def all_centres() -> QuerySet[Centre]:
    """Return the centres that travellers may call."""
    return Centre.objects.filter(is_active=True)


def nearest(lon: float, lat: float) -> Centre | None:
    """Return the nearest centre to a point, one that is open day and night before others."""
    return _nearest(list(all_centres()), lon, lat)


def _nearest(centres: list[Centre], lon: float, lat: float) -> Centre | None:
    return min(
        centres, key=lambda c: (not c.is_24_hours, distance_km(lon, lat, c.lon, c.lat), c.pk), default=None
    )


def help_centre(seat: Seat | None, *, at: tuple[float, float] | None = None) -> HelpCentre | None:
    """Return the centre whose number stands on the page: nearest to `at` (lon, lat) or to the trip under way,
    else one in the organisation's country, else the first that is open day and night."""
    centres = list(all_centres())
    if not centres:
        return None
    where = at or (hooks.position(seat) if seat is not None else None)
    if where is not None:
        found = _nearest(centres, *where)
        return _help(found, is_nearest=True) if found else None
    return _help(_first(centres, seat.organisation.home_country if seat is not None else ""), is_nearest=False)


def _first(centres: list[Centre], home: str) -> Centre:
    """The one for people who are not under way."""
    return min(centres, key=lambda c: (not c.is_24_hours, c.country_code != home, c.name.lower(), c.pk))


def centres_for(
    lon: float, lat: float, home_country: str, centres: list[Centre] | None = None
) -> list[HelpCentre]:
    """Return the centre nearest to a place, then the one that people at home are given, when it is another.

    `centres`: all of them, where somebody has looked them up already.
    """
    if centres is None:
        centres = list(all_centres())
    near = _nearest(centres, lon, lat)
    if near is None:
        return []
    first = _first(centres, home_country)
    rest = [] if first == near else [_help(first, is_nearest=False)]
    return [_help(near, is_nearest=True), *rest]


def _help(centre: Centre, *, is_nearest: bool) -> HelpCentre:
    return HelpCentre(centre.name, centre.phone, centre.place_name, is_nearest, centre)


def open_at(centre: Centre, now: datetime) -> bool:
    """Return whether somebody answers at `now`, by the hours entered."""
    return centre.is_24_hours or is_open(openings(centre.hours), now.astimezone(ZoneInfo(centre.zone)))


def listed() -> list[ListedCentre]:
    """Return the public list: open day and night first, then by name."""
    now = clock.now()
    rows = sorted(all_centres(), key=lambda c: (not c.is_24_hours, c.name.lower()))
    return [
        # Naive on purpose: templates would turn an aware time back into the reader's zone.
        ListedCentre(row, open_at(row, now), now.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None))
        for row in rows
    ]


def locate(place_name: str, country_code: str) -> Located | None:
    """Return where a city is by the shipped list of places, or None when it does not know it by this whole name."""
    for hit in search(place_name, limit=50):
        names = {fold(hit.name), fold(hit.native_name), *(fold(name) for name in hit.names)}
        if hit.kind == "city" and hit.country == country_code and fold(place_name) in names:
            place = place_by_key(hit.key)
            return Located(place.lat, place.lon, place.zone)
    return None
