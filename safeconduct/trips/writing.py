"""Trips, stops, stays and search rows as rows: one trip or hundreds, in the caller's transaction. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.lib import clock
from safeconduct.places.models import Place
from safeconduct.trips import cells
from safeconduct.trips.drafts import SettledStop, StopDraft
from safeconduct.trips.models import Stay, Stop, Trip
from safeconduct.trips.spots import LABEL_LENGTH, segments_of
from safeconduct.trips.whereabouts import Whereabouts, whereabouts

SAID: Final = (
    "kind", "place_id", "to_place_id", "address", "lat", "lon", "arrive_local", "depart_local", "tentative", "note",
)  # fmt: skip
"""What somebody says of a stop; zones and instants follow from it."""

Said = dict[str, Any]


def columns(settled: SettledStop, seq: int) -> dict[str, Any]:
    """Return the columns of a stop's row."""
    draft, depart = settled.draft, settled.depart
    return {
        "seq": seq,
        "kind": draft.kind,
        "place_id": draft.place.pk,
        "to_place_id": draft.to_place.pk if draft.to_place else None,
        "address": draft.address,
        "lat": draft.lat,
        "lon": draft.lon,
        "arrive_local": settled.arrive.local.isoformat(timespec="minutes"),
        "arrive_zone": settled.arrive.zone,
        "arrive_at": settled.arrive.at,
        "depart_local": depart.local.isoformat(timespec="minutes") if depart else "",
        "depart_zone": depart.zone if depart else "",
        "depart_at": depart.at if depart else None,
        "tentative": draft.tentative,
        "note": draft.note,
    }


def said_by(settled: Sequence[SettledStop]) -> list[Said]:
    """Return what the drafts say, stop by stop, as JSON holds it."""
    return [{name: columns(one, 0)[name] for name in SAID} for one in settled]


def said_of(stops: Iterable[Stop]) -> list[Said]:
    """Return what the rows say, in the same form."""
    return [{name: getattr(stop, name) for name in SAID} for stop in stops]


def draft_of(said: Said, places: dict[int, Place], *, public_id: str = "") -> StopDraft:
    """Return the draft that says this. Raises KeyError for a place that is not among `places`."""
    depart = said["depart_local"]
    return StopDraft(
        place=places[said["place_id"]],
        to_place=places[said["to_place_id"]] if said["to_place_id"] else None,
        arrive=datetime.fromisoformat(said["arrive_local"]),
        depart=datetime.fromisoformat(depart) if depart else None,
        public_id=public_id,
        **{name: said[name] for name in ("kind", "address", "lat", "lon", "tentative", "note")},
    )


def write_new(trips: Sequence[tuple[Trip, Sequence[SettledStop]]]) -> None:
    """Write trips that are no rows yet, with all that belongs to them; a draft has no stays, so that nothing finds it."""
    made = Trip.objects.bulk_create([trip for trip, _settled in trips])
    stops: list[Stop] = []
    for trip, (_same, settled) in zip(made, trips, strict=True):
        stops += [new_stop(trip, one, seq) for seq, one in enumerate(settled)]
    Stop.objects.bulk_create(stops)
    grouped: dict[int, list[Stop]] = {}
    for stop in stops:
        grouped.setdefault(stop.trip_id, []).append(stop)
    write_stays([(trip, grouped[trip.pk]) for trip in made if not trip.is_draft])


def new_stop(trip: Trip, settled: SettledStop, seq: int) -> Stop:
    """Return a stop that is no row yet, its places loaded."""
    stop = Stop(organisation_id=trip.organisation_id, trip=trip, **columns(settled, seq))
    stop.place, stop.to_place = settled.draft.place, settled.draft.to_place
    return stop


def write_stays(trips: Iterable[tuple[Trip, Sequence[Stop]]]) -> None:
    """Write the stays of trips that have none, with their search rows: both, or neither.

    Matching looks for a trip by its search rows and judges it by its stays. The stops have their places loaded.
    """
    rows = [
        _stay(trip, stops[one.key], one) for trip, stops in trips for one in whereabouts(segments_of(stops))
    ]
    cells.write(Stay.objects.bulk_create(rows), cells.window(clock.now()))


def _stay(trip: Trip, stop: Stop, one: Whereabouts) -> Stay:
    spot = one.spot
    return Stay(
        organisation_id=trip.organisation_id,
        trip=trip,
        stop=stop,
        user_id=trip.user_id,
        label=spot.label[:LABEL_LENGTH],
        extent_kind=spot.extent_kind,
        lon=spot.lon,
        lat=spot.lat,
        radius_km=spot.radius_km,
        country_code=spot.country_code,
        zone=spot.zone,
        from_at=one.from_at,
        to_at=one.to_at,
        tentative=one.tentative,
        certain=one.certain,
        is_open_end=one.is_open_end,
        west=spot.west,
        south=spot.south,
        east=spot.east,
        north=spot.north,
        geometry=spot.geometry,
    )
