"""Trips written on a command line: `WHERE,ARRIVE,DEPART` made into stops, and trips made into rows of data.

WHERE is a city or IATA code ("Munich", "NBO", "geonames:2867714"), a country ("KE", "iso:KE", "Kenya") or an
address, with its position for the 200-metre extent: "@48.137,11.575 Marienplatz 1, Munich". Without a position
an address counts as its city. ARRIVE and DEPART are local times there; a date alone means the whole day; DEPART
may be empty. An ambiguous name is refused with the keys to choose from; a city goes before a country of its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.geo import distance_km
from safeconduct.places.models import Place
from safeconduct.trips.drafts import ADDRESS_NEAR_KM, StopDraft
from safeconduct.trips.localtime import end_of_day, is_zone
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.placing import nearest_place, placed, told_apart
from safeconduct.trips.spots import bare_spot
from safeconduct.trips.timeline import count_of, ends, remarks_of, starts
from safeconduct.trips.whereabouts import Gap, Overlap

NUMBER = r"[-+]?\d{1,3}(?:\.\d+)?"
PAIR = rf"(?P<lat>{NUMBER})\s*[,;]\s*(?P<lon>{NUMBER})"
POSITION_FIRST = re.compile(rf"^@?\s*{PAIR}(?:[\s,;]+(?P<rest>.*))?$", re.S)
POSITION_LAST = re.compile(rf"^(?P<rest>.*?)[\s,]*(?:@\s*{PAIR}|\(\s*{PAIR.replace('lat', 'lat2').replace('lon', 'lon2')}\s*\))$", re.S)
DOMINANT = 5
"""Commands print the country of what they took, so that less is asked back than in the form."""
DATE_ONLY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
POSTAL_CODE = re.compile(r"\b[A-Z]{0,2}-?\d{3,6}\b\s*")


@dataclass(frozen=True)
class Where:
    """A place, with what makes an address of it."""

    place: Place
    address: str = ""
    lat: float | None = None
    lon: float | None = None


def stop_from_text(text: str) -> StopDraft:
    """Return the stop of one `WHERE,ARRIVE,DEPART`. Raises Refused with the reason."""
    where_text, arrive_text, depart_text = _split(text)
    where = where_from_text(where_text)
    arrive, second = moment(arrive_text, where.place, is_end=False)
    depart, depart_second = (None, False)
    if depart_text:
        depart, depart_second = moment(depart_text, where.place, is_end=True)
    return StopDraft(
        place=where.place, arrive=arrive, depart=depart, address=where.address, lat=where.lat, lon=where.lon,
        arrive_second=second, depart_second=depart_second,
    )  # fmt: skip


def where_from_text(text: str) -> Where:
    """Return what WHERE means. Raises Refused when it is nothing, or several things."""
    words = " ".join(text.split())
    if not words:
        raise Refused("place.missing", _("A stop needs a place before its times."))
    position = POSITION_FIRST.match(words) or POSITION_LAST.match(words)
    if position is not None:
        found = position.groupdict()
        lat, lon = float(found.get("lat") or found["lat2"]), float(found.get("lon") or found["lon2"])
        return _at_position(lat, lon, (found["rest"] or "").strip(" ,;"))
    place = _named(words)
    if place is not None:
        return Where(place)
    town = _town_of(words)
    if town is not None:
        return Where(town, address=words)
    raise Refused("place.unknown", _("We know no place called “%(text)s”.") % {"text": words[:80]})


def _split(text: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in text.rsplit(",", 2)]
    if len(parts) == 3 and _is_moment(parts[1]) and (not parts[2] or _is_moment(parts[2])):
        return parts[0], parts[1], parts[2]
    if len(parts) == 3 and _is_moment(parts[2]) and not _is_moment(parts[1]):
        if any(char.isdigit() for char in parts[1]) and parts[1][:4].isdigit():
            raise Refused("time.unreadable", _("“%(text)s” is no date and time.") % {"text": parts[1][:40]})
        return f"{parts[0]},{parts[1]}", parts[2], ""
    if len(parts) == 2 and _is_moment(parts[1]):
        return parts[0], parts[1], ""
    raise Refused(
        "stop.unreadable",
        _("“%(text)s” is no stop. Write PLACE,ARRIVE,DEPART, for example Munich,2026-11-22T14:00,2026-11-25.")
        % {"text": text[:120]},
    )


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def moment(text: str, place: Place, *, is_end: bool) -> tuple[datetime, bool]:
    """Return the local time, and whether the second of two equal hours is meant (only an offset can say so).

    A date alone means the whole day. Raises Refused when it is no date and time.
    """
    if not _is_moment(text):
        raise Refused("time.unreadable", _("“%(text)s” is no date and time.") % {"text": text[:40]})
    local = datetime.fromisoformat(text)
    if DATE_ONLY.match(text):
        return (end_of_day(local) if is_end else local), False
    if local.tzinfo is None:
        return local, False
    if not is_zone(place.zone):
        raise Refused("stop.unknown_zone", _("We do not know the time zone of %(place)s.") % {"place": place.name})
    try:
        there = local.astimezone(ZoneInfo(place.zone))
    except OverflowError:
        raise Refused("time.unreadable", _("“%(text)s” is no date and time.") % {"text": text[:40]}) from None
    return there.replace(tzinfo=None, fold=0), bool(there.fold)


def _named(words: str) -> Place | None:
    answer = placed(words, dominant=DOMINANT)
    if answer.place is not None:
        return answer.place
    named = [hit for hit in answer.choices if hit.name.casefold() == words.casefold()]
    cities = [hit for hit in named if hit.kind == "city"]
    if len(cities) == 1:
        return placed(cities[0].key).place
    if answer.choices:
        listed = "; ".join(f"{label} = {key}" for key, label in told_apart(answer.choices))
        raise Refused(
            "place.ambiguous",
            _("“%(text)s” may be several places; give the key of one: %(places)s.")
            % {"text": words[:80], "places": listed},
        )
    return None


def _town_of(address: str) -> Place | None:
    """The town that an address ends with: "Hauptstr. 5, 80331 München, Germany" → München."""
    parts = [part.strip() for part in address.split(",")]
    for begin in range(1, len(parts)):
        tail = ", ".join(parts[begin:])
        for text in dict.fromkeys((tail, POSTAL_CODE.sub("", tail, count=1).strip())):
            place = placed(text).place if text else None
            if place is not None:
                return place
    return None


def _at_position(lat: float, lon: float, address: str) -> Where:
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Refused("stop.no_position", _("Latitude goes from −90 to 90, longitude from −180 to 180."))
    town = (placed(address).place or _town_of(address)) if address else None
    if town is not None and not town.is_country and distance_km(lon, lat, town.lon, town.lat) > ADDRESS_NEAR_KM:
        raise Refused(
            "stop.far_position",
            _("The position is %(km)d km from %(place)s. Check latitude and longitude.")
            % {"km": round(distance_km(lon, lat, town.lon, town.lat)), "place": town.name},
        )
    if town is None or town.is_country:
        town = nearest_place(lat, lon) or town
    if town is None:
        raise Refused("place.unknown", _("We know no place near this position."))
    return Where(town, address or f"{lat:g}, {lon:g}", lat, lon)


def trip_row(trip: Trip, stops: Sequence[Stop]) -> dict[str, Any]:
    """Return a trip (its user and organisation loaded) as data."""
    found = remarks_of(stops)
    return {
        "id": trip.public_id,
        "title": trip.title,
        "traveller": trip.user.address,
        "organisation": trip.organisation.name,
        "state": trip.state,
        "progress": count_of(trip, stops, clock.now()).progress,
        "revision": trip.revision,
        "starts": trip.starts_at.isoformat(),
        "ends": trip.ends_at.isoformat() if trip.ends_at else None,
        "mail_muted": trip.is_mail_muted,
        "stops": [_stop_row(stop) for stop in stops],
        "gaps": [_remark_row(one) for one in found if isinstance(one, Gap)],
        "overlaps": [_remark_row(one) for one in found if isinstance(one, Overlap)],
    }


def trip_lines(row: dict[str, Any]) -> list[str]:
    """Return a trip's data as lines to read."""
    end = row["ends"] or "open end"
    lines = [f"{row['id']}  {row['title']}  {row['traveller']}  {row['organisation']}  {row['progress']}"]
    lines.append(f"  {row['starts']} to {end}, {len(row['gaps'])} gaps, {len(row['overlaps'])} overlaps")
    for stop in row["stops"]:
        where = f"{stop['place']} to {stop['to']}" if stop["to"] else stop["place"]
        lines.append(
            f"  {stop['kind']}  {where} ({stop['key']}, {stop['country']}, {stop['extent']})"
            f"  {stop['from']} to {stop['until'] or 'open end'}"
        )
    return lines


def _stop_row(stop: Stop) -> dict[str, Any]:
    spot = bare_spot(stop.place, address=stop.address, lat=stop.lat, lon=stop.lon)
    start, end = starts(stop)[0], ends(stop)[0]
    return {
        "id": stop.public_id,
        "kind": stop.kind,
        "place": stop.place.name,
        "key": stop.place.key,
        "country": stop.place.country_code,
        "to": stop.to_place.name if stop.to_place else None,
        "address": stop.address,
        "lat": spot.lat,
        "lon": spot.lon,
        "extent": spot.extent_kind,
        "radius_km": spot.radius_km,
        "arrive": stop.arrive_local,
        "arrive_zone": stop.arrive_zone,
        "depart": stop.depart_local or None,
        "depart_zone": stop.depart_zone or None,
        "from": start.isoformat(),
        "until": end.isoformat() if end else None,
        "tentative": stop.tentative,
    }


def _remark_row(remark: Gap | Overlap) -> dict[str, Any]:
    return {"from": remark.from_at.isoformat(), "to": remark.to_at.isoformat()}
