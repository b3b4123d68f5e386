"""Stops as somebody types them, checked and made into instants. Writes nothing.

Refuses what cannot be an itinerary, naming the stop and the field; gaps and overlaps are not refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from safeconduct.lib.errors import Refused
from safeconduct.lib.geo import distance_km
from safeconduct.places.models import Place
from safeconduct.trips.localtime import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    OutOfRange,
    Settled,
    UnknownZone,
    settle,
)
from safeconduct.trips.models import ADDRESS_LENGTH, TITLE_LENGTH, Stop
from safeconduct.trips.whereabouts import OPEN_END

MOST_STOPS = 60
ADDRESS_NEAR_KM = 150.0
"""An address this far from its town is a slip: most often latitude and longitude changed places."""

LEG_KINDS = frozenset({Stop.Kind.FLIGHT, Stop.Kind.RAIL, Stop.Kind.OTHER})


class StopRefused(Refused):
    """A stop cannot be taken as it is. `index` counts from 0; `field` is the name in the draft."""

    def __init__(self, code: str, text: str, *, index: int, field: str) -> None:
        super().__init__(code, text)
        self.index = index
        self.field = field


@dataclass(frozen=True)
class StopDraft:
    """One stop in local times (naive). `public_id` names the stop that is changed; empty: a new one.

    `arrive_second` and `depart_second` choose the second of two equal hours when the clocks go back.
    """

    place: Place
    arrive: datetime
    depart: datetime | None = None
    kind: str = Stop.Kind.STAY
    to_place: Place | None = None
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    tentative: bool = False
    note: str = ""
    arrive_second: bool = False
    depart_second: bool = False
    public_id: str = ""


@dataclass(frozen=True)
class SettledStop:
    """A draft with its instants."""

    draft: StopDraft
    arrive: Settled
    depart: Settled | None

    @property
    def starts_at(self) -> datetime:
        """Return when it begins: a leg with its departure, a stay with its arrival."""
        if self.draft.to_place is not None and self.depart is not None:
            return self.depart.at
        return self.arrive.at

    @property
    def ends_at(self) -> datetime | None:
        """Return when it ends; None for a stay with an open end."""
        if self.draft.to_place is not None:
            return self.arrive.at
        return self.depart.at if self.depart is not None else None


def settled_stops(stops: Sequence[StopDraft]) -> list[SettledStop]:
    """Return the stops with their instants, in order of time. Raises StopRefused or Refused."""
    if not stops:
        raise Refused("trip.no_stops", _("A trip needs at least one place."))
    if len(stops) > MOST_STOPS:
        raise Refused(
            "trip.too_many_stops", _("A trip takes %(most)d stops at most; register two.") % {"most": MOST_STOPS}
        )
    found = [_settled(draft, index) for index, draft in enumerate(stops)]
    # Stable: stops that begin together stay in the order they were typed in.
    return sorted(found, key=lambda one: one.starts_at)


def span_of(stops: Sequence[SettledStop]) -> tuple[datetime, datetime | None]:
    """Return when the first stop begins and the last ends; None when the last has an open end."""
    start = min(one.starts_at for one in stops)
    closed = [one.ends_at for one in stops if one.ends_at is not None]
    latest_open = max((one.starts_at for one in stops if one.ends_at is None), default=None)
    end = max(closed, default=None)
    if latest_open is not None and not any(one.starts_at > latest_open for one in stops):
        return start, None
    return start, end


def checked_title(title: str, stops: Sequence[SettledStop]) -> str:
    """Return the trip's name; without one, the names of its places. Raises Refused when it is too long."""
    words = " ".join(title.split())
    if len(words) > TITLE_LENGTH:
        raise Refused(
            "trip.title_too_long",
            _("The name may have %(most)d characters; this one has %(count)d.")
            % {"most": TITLE_LENGTH, "count": len(words)},
        )
    if words:
        return words
    names: list[str] = []
    for one in stops:
        for place in (one.draft.place, one.draft.to_place):
            if place is not None and (not names or names[-1] != place.name):
                names.append(place.name)
    return ", ".join(names)[:TITLE_LENGTH]


def is_leg_kind(kind: str) -> bool:
    """Return whether this kind goes from one place to another."""
    return kind in LEG_KINDS


def _settled(draft: StopDraft, index: int) -> SettledStop:
    _check_kind(draft, index)
    _check_address(draft, index)
    arrives_in = draft.to_place or draft.place
    arrive = _time(draft.arrive, arrives_in, index, "arrive", second=draft.arrive_second)
    depart = None
    if draft.depart is not None:
        depart = _time(draft.depart, draft.place, index, "depart", second=draft.depart_second)
    _check_order(draft, arrive, depart, index)
    return SettledStop(draft, arrive, depart)


def _check_kind(draft: StopDraft, index: int) -> None:
    if draft.kind not in Stop.Kind.values:
        raise StopRefused("stop.kind", _("Choose what kind of stop this is."), index=index, field="kind")
    if not is_leg_kind(draft.kind):
        if draft.to_place is not None:
            raise StopRefused("stop.kind", _("A stay has one place."), index=index, field="to_place")
        return
    if draft.to_place is None:
        raise StopRefused("stop.no_destination", _("Say where this journey goes."), index=index, field="to_place")
    if draft.depart is None:
        raise StopRefused("stop.no_departure", _("Say when this journey begins."), index=index, field="depart")


def _check_address(draft: StopDraft, index: int) -> None:
    if len(draft.address) > ADDRESS_LENGTH:
        text = _("The address may have %(most)d characters; this one has %(count)d.") % {
            "most": ADDRESS_LENGTH, "count": len(draft.address),
        }  # fmt: skip
        raise StopRefused("stop.address_too_long", text, index=index, field="address")
    if (draft.lat is None) != (draft.lon is None):
        raise StopRefused(
            "stop.half_position", _("Give latitude and longitude, or neither."), index=index, field="lat"
        )
    if draft.lat is None or draft.lon is None:
        return
    if not (-90 <= draft.lat <= 90 and -180 <= draft.lon <= 180):
        raise StopRefused(
            "stop.no_position",
            _("Latitude goes from −90 to 90, longitude from −180 to 180."), index=index, field="lat",
        )  # fmt: skip
    if draft.place.kind not in (Place.Kind.CITY, Place.Kind.AIRPORT):
        return
    apart = distance_km(draft.lon, draft.lat, draft.place.lon, draft.place.lat)
    if apart > ADDRESS_NEAR_KM:
        text = _("This position is %(km)d km from %(place)s. Check latitude and longitude.") % {
            "km": round(apart), "place": draft.place.name,
        }  # fmt: skip
        raise StopRefused("stop.far_position", text, index=index, field="lat")


def _check_order(draft: StopDraft, arrive: Settled, depart: Settled | None, index: int) -> None:
    if depart is None:
        return
    if draft.to_place is not None:
        if arrive.at < depart.at:
            raise StopRefused(
                "stop.ends_before_start",
                _("This journey arrives before it leaves. Both times are local times of their places."),
                index=index,
                field="arrive",
            )
        start, end = depart.at, arrive.at
    else:
        if depart.at < arrive.at:
            raise StopRefused(
                "stop.ends_before_start",
                _("This stop ends before it starts: the departure is earlier than the arrival."),
                index=index,
                field="depart",
            )
        start, end = arrive.at, depart.at
    if end - start > 10 * OPEN_END:
        raise StopRefused(
            "stop.too_long", _("A stop lasts ten years at most. Check the years."), index=index, field="depart"
        )


def _time(local: datetime, place: Place, index: int, field: str, *, second: bool) -> Settled:
    try:
        return settle(local, place.zone, second=second)
    except UnknownZone:
        text = _("We do not know the time zone of %(place)s.") % {"place": place.name}
        raise StopRefused("stop.unknown_zone", text, index=index, field="place") from None
    except OutOfRange:
        text = _("Check the year: it must be from %(first)d to %(last)d.") % {
            "first": EARLIEST_YEAR, "last": LATEST_YEAR,
        }  # fmt: skip
        raise StopRefused("stop.year", text, index=index, field=field) from None
