"""Trips as files: CSV, JSON, schema.org and iCalendar. Reads; what is handed over is what its caller may see.

The CSV has the columns of the file that `trips/importing.py` reads, and some more, so that it can be handed in again.
Every text cell is guarded: somebody's trip name is not to reckon in somebody else's spreadsheet. Names of companions
are in one's own files only; an organisation's tell how many there are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from safeconduct.lib.csvtable import guarded
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.models import Place
from safeconduct.trips.asreservations import reservations_of
from safeconduct.trips.calendars import calendar_of
from safeconduct.trips.imports.table import COLUMNS
from safeconduct.trips.models import Companion, Stop, Trip
from safeconduct.trips.queries import with_stops
from safeconduct.trips.timeline import ends, starts
from safeconduct.trips.typed import trip_row

FORMS: Final = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "json": ("application/json", "json"),
    "jsonld": ("application/ld+json", "jsonld"),
    "ics": ("text/calendar; charset=utf-8", "ics"),
}
"""Content type and ending of each form of file."""
MORE_COLUMNS: Final = (
    "country", "place_key", "to_place_key", "lat", "lon", "arrive_zone", "depart_zone", "starts_utc", "ends_utc", "state",
    "registered_utc", "source", "entered_by", "companions", "minors",
)  # fmt: skip
CHUNK: Final = 500


@dataclass(frozen=True)
class Exported:
    """A trip with what belongs to it."""

    trip: Trip
    stops: Sequence[Stop]
    companions: Sequence[Companion]


def own_for_export(seat: Seat, *, only: Trip | None = None) -> list[Exported]:
    """Return the person's own trips in the seat's organisation, or one of them."""
    rows = Trip.objects.for_org(seat.organisation).filter(user=seat.user)
    if only is not None:
        rows = rows.filter(pk=only.pk)
    return list(_loaded(rows.order_by("starts_at", "id"), seat.organisation))


def organisation_for_export(rows: TenantQuerySet[Trip], organisation: Organisation) -> list[Exported]:
    """Return trips that `trips_of_organisation` gave its managers, drafts of their travellers left out."""
    return list(_loaded(rows.exclude(state=Trip.State.DRAFT), organisation))


def export_of(form: str, trips: Sequence[Exported], *, with_names: bool) -> bytes:
    """Return the file. `form` is a key of FORMS; `with_names` tells companions by name. Raises KeyError."""
    write: Mapping[str, Callable[[Sequence[Exported], bool], bytes]] = {
        "csv": _as_csv, "json": _as_json, "jsonld": _as_json_ld, "ics": _as_calendar,
    }  # fmt: skip
    return write[form](trips, with_names)


def _loaded(rows: TenantQuerySet[Trip], organisation: Organisation) -> Iterator[Exported]:
    companions = Companion.objects.for_org(organisation).order_by("seq")
    found = with_stops(rows, organisation).select_related("user", "organisation", "entered_by")
    for trip in found.prefetch_related(Prefetch("companions", queryset=companions)).iterator(chunk_size=CHUNK):
        yield Exported(trip, list(trip.stops.all()), list(trip.companions.all()))


def _as_csv(trips: Sequence[Exported], with_names: bool) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    head = [*COLUMNS, *MORE_COLUMNS]
    writer.writerow(head)
    for one in trips:
        for stop in one.stops:
            row = _stop_cells(stop) | _trip_cells(one, with_names)
            writer.writerow([_cell(row.get(name)) for name in head])
    # Spreadsheet programs take a file without the mark for one of their own code page.
    return "\ufeff".encode() + out.getvalue().encode()


def _cell(value: Any) -> str:
    """A number is a number, whatever its sign; every text is guarded."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) else guarded(str(value))


def _trip_cells(one: Exported, with_names: bool) -> dict[str, Any]:
    trip, user = one.trip, one.trip.user
    names = ", ".join(each.name for each in one.companions)
    return {
        "id": trip.public_id,
        "email": user.address,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "language": user.language,
        "title": trip.title,
        "status": "cancelled" if trip.is_cancelled else "",
        "state": trip.state,
        "registered_utc": trip.registered_at.isoformat(timespec="seconds"),
        "source": trip.source_name,
        "entered_by": trip.entered_by.name if trip.entered_by else "",
        "companions": names if with_names else len(one.companions),
        "minors": sum(each.is_minor for each in one.companions),
    }


def _stop_cells(stop: Stop) -> dict[str, Any]:
    start, end = starts(stop)[0], ends(stop)[0]
    return {
        "kind": stop.kind,
        "place": _name(stop.place),
        "to_place": _name(stop.to_place) if stop.to_place else "",
        "arrive": stop.arrive_local,
        "depart": stop.depart_local,
        "address": stop.address,
        "tentative": "yes" if stop.tentative else "",
        "note": stop.note,
        "country": stop.place.country_code,
        "place_key": stop.place.key,
        "to_place_key": stop.to_place.key if stop.to_place else "",
        "lat": stop.lat,
        "lon": stop.lon,
        "arrive_zone": stop.arrive_zone,
        "depart_zone": stop.depart_zone,
        "starts_utc": start.isoformat(timespec="minutes"),
        "ends_utc": end.isoformat(timespec="minutes") if end else "",
    }


def _name(place: Place) -> str:
    return place.code if place.kind == Place.Kind.AIRPORT and place.code else place.name


def trip_data(one: Exported, *, with_names: bool) -> dict[str, Any]:
    """Return a trip as data, notes and companions included."""
    notes = {stop.public_id: stop.note for stop in one.stops}
    row = trip_row(one.trip, one.stops)
    row["stops"] = [each | {"note": notes[each["id"]]} for each in row["stops"]]
    row |= {
        "name": one.trip.user.name,
        "source": one.trip.source_name,
        "entered_by": one.trip.entered_by.name if one.trip.entered_by else "",
        "companions": len(one.companions),
        "minors": sum(each.is_minor for each in one.companions),
    }
    if with_names:
        row["companions"] = [{"name": each.name, "minor": each.is_minor} for each in one.companions]
    return row


def _as_json(trips: Sequence[Exported], with_names: bool) -> bytes:
    rows = [trip_data(one, with_names=with_names) for one in trips]
    return json.dumps({"trips": rows}, ensure_ascii=False, indent=2).encode()


def _as_json_ld(trips: Sequence[Exported], with_names: bool) -> bytes:
    graph: list[dict[str, Any]] = []
    for one in trips:
        names = [one.trip.user.name, *(each.name for each in one.companions)] if with_names else []
        graph += reservations_of(one.trip, one.stops, people=names)
    return json.dumps({"@context": "https://schema.org", "@graph": graph}, ensure_ascii=False, indent=2).encode()


def _as_calendar(trips: Iterable[Exported], _with_names: bool) -> bytes:
    return calendar_of([(one.trip, one.stops) for one in trips], name=_("My trips"))
