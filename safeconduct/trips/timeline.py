"""A trip as a page shows it: its stops in order, with gaps and overlaps between them, and how far along it is.

Reads what it is handed (stops with their places loaded); it asks no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.places.models import Place
from safeconduct.trips.localtime import local_of
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.spots import COUNTRY_KINDS, label_of, segments_of
from safeconduct.trips.whereabouts import GAP_REACH, Gap, Overlap, remarks

Phase = Literal["past", "now", "ahead"]
Progress = Literal["draft", "under_way", "ahead", "past", "cancelled"]

ICONS = {"stay": "pin", "lodging": "bed", "flight": "plane", "rail": "train", "other": "boat"}


@dataclass(frozen=True)
class Line:
    """One entry of the timeline. `level` is the severity sign of a remark, empty for a stop."""

    kind: Literal["stop", "gap", "overlap"]
    icon: str
    title: str
    phase: Phase
    from_at: datetime
    from_zone: str
    to_at: datetime | None
    to_zone: str
    text: str = ""
    level: str = ""
    stop: Stop | None = None
    extra: str = ""
    country: str = ""

    @property
    def is_one_zone(self) -> bool:
        """Return whether both times are of the same clock."""
        return self.from_zone == self.to_zone


@dataclass(frozen=True)
class Count:
    """How far along a trip is, in days of the place where the traveller is."""

    progress: Progress
    starts_on: date
    ends_on: date | None
    day: int = 0
    days: int | None = None
    in_days: int = 0

    @property
    def words(self) -> str:
        """Return the state in words."""
        if self.progress == "draft":
            return _("Draft")
        if self.progress == "cancelled":
            return _("Cancelled")
        if self.progress == "past":
            return _("Past")
        if self.progress == "ahead":
            if self.in_days <= 0:
                return _("Today")
            return ngettext("Tomorrow", "In %(count)d days", self.in_days) % {"count": self.in_days}
        if self.days is None:
            return _("Under way, day %(day)d") % {"day": self.day}
        return _("Under way, day %(day)d of %(days)d") % {"day": self.day, "days": self.days}


def starts(stop: Stop) -> tuple[datetime, str]:
    """Return when a stop begins, and the zone of the clock there."""
    if stop.is_leg and stop.depart_at is not None:
        return stop.depart_at, stop.depart_zone
    return stop.arrive_at, stop.arrive_zone


def ends(stop: Stop) -> tuple[datetime | None, str]:
    """Return when a stop ends (None: open) and the zone of the clock there."""
    if stop.is_leg:
        return stop.arrive_at, stop.arrive_zone
    return stop.depart_at, stop.depart_zone or stop.arrive_zone


def count_of(trip: Trip, stops: Sequence[Stop], at: datetime) -> Count:
    """Return how far along the trip is at an instant."""
    first, last = min(stops, key=lambda s: starts(s)[0]), _last(stops)
    here = max((s for s in stops if starts(s)[0] <= at), key=lambda s: starts(s)[0], default=first)
    starts_on = local_of(trip.starts_at, starts(first)[1]).date()
    ends_on = local_of(trip.ends_at, ends(last)[1]).date() if trip.ends_at else None
    today = local_of(at, starts(here)[1] if here is first else ends(here)[1]).date()
    days = (ends_on - starts_on).days + 1 if ends_on else None
    if trip.is_draft:
        return Count("draft", starts_on, ends_on, days=days)
    if trip.is_cancelled:
        return Count("cancelled", starts_on, ends_on, days=days)
    if trip.starts_at > at:
        return Count("ahead", starts_on, ends_on, days=days, in_days=(starts_on - today).days)
    if trip.ends_at is not None and trip.ends_at < at:
        return Count("past", starts_on, ends_on, days=days)
    day = max(1, (today - starts_on).days + 1)
    return Count("under_way", starts_on, ends_on, min(day, days) if days else day, days)


def _last(stops: Sequence[Stop]) -> Stop:
    return max(stops, key=lambda s: (ends(s)[0] or starts(s)[0], s.seq))


def remarks_of(stops: Sequence[Stop]) -> list[Gap | Overlap]:
    """Return the gaps and overlaps of stops; keys are positions in `stops`."""
    return remarks(segments_of(stops, bare=True))


def timeline(stops: Sequence[Stop], at: datetime, *, countries: Mapping[str, str] | None = None) -> list[Line]:
    """Return the lines of a trip's page in order of time; `countries` names them by code."""
    names = countries or {}
    lines = [(starts(stop)[0], 0, seq, _stop_line(stop, at, names)) for seq, stop in enumerate(stops)]
    for number, remark in enumerate(remarks_of(stops)):
        make = _gap_line(remark, stops, at) if isinstance(remark, Gap) else _overlap_line(remark, stops, at)
        lines.append((remark.from_at, 1, number, make))
    return [line for _at, _rank, _seq, line in sorted(lines, key=lambda row: row[:3])]


AIRPORT_WORDS = (" International Airport", " Airport")


def short_name(place: Place) -> str:
    """Return a place's name without the word airport, which its code or sign says."""
    if place.kind != Place.Kind.AIRPORT:
        return place.name
    for words in AIRPORT_WORDS:
        if place.name.endswith(words) and len(place.name) > len(words):
            return place.name.removesuffix(words)
    return place.name


def name_of(place: Place) -> str:
    """Return a place's name, airports with their code."""
    return f"{short_name(place)} {place.code}" if place.kind == Place.Kind.AIRPORT else place.name


def title_of(stop: Stop) -> str:
    """Return what a stop is called."""
    if stop.to_place is not None:
        return _("%(here)s to %(there)s") % {"here": name_of(stop.place), "there": name_of(stop.to_place)}
    if stop.place.kind in COUNTRY_KINDS and not stop.address:
        return _("Somewhere in %(country)s") % {"country": stop.place.name}
    return label_of(stop.place, stop.address) if stop.address else name_of(stop.place)


def _phase(start: datetime, end: datetime | None, at: datetime) -> Phase:
    if start > at:
        return "ahead"
    return "past" if end is not None and end < at else "now"


def _stop_line(stop: Stop, at: datetime, names: Mapping[str, str]) -> Line:
    start, start_zone = starts(stop)
    end, end_zone = ends(stop)
    codes = [place.country_code for place in (stop.place, stop.to_place) if place and not place.is_country]
    country = " – ".join(dict.fromkeys(names.get(code, code) for code in codes))
    return Line(
        "stop", ICONS.get(stop.kind, "pin"), title_of(stop), _phase(start, end, at),
        start, start_zone, end, end_zone, stop.note, stop=stop, country=country,
    )  # fmt: skip


def _gap_line(gap: Gap, stops: Sequence[Stop], at: datetime) -> Line:
    before, after = stops[gap.after], stops[gap.before]
    here, there = short_name(before.to_place or before.place), short_name(after.place)
    is_long = gap.to_at - gap.from_at > 2 * GAP_REACH
    if here == there:
        text = _("Alerts for this time use %(here)s. A place makes them exact.") % {"here": here}
    elif is_long:
        text = _(
            "Alerts use %(here)s for the first week and %(there)s for the last; between them you get none."
        ) % {"here": here, "there": there}
    else:
        text = _("Alerts for this time use %(here)s and %(there)s, both. A place makes them exact.") % {
            "here": here, "there": there,
        }  # fmt: skip
    nights = ngettext("%(count)d night", "%(count)d nights", gap.nights) % {"count": gap.nights}
    return Line(
        "gap", "open", _("We do not know where you are"), _phase(gap.from_at, gap.to_at, at),
        gap.from_at, ends(before)[1], gap.to_at, starts(after)[1], text, "3", before, nights if gap.nights else "",
    )  # fmt: skip


def _overlap_line(overlap: Overlap, stops: Sequence[Stop], at: datetime) -> Line:
    first, second = stops[overlap.first], stops[overlap.second]
    zone = starts(second)[1]
    title = _("Two lodgings overlap") if overlap.are_lodgings else _("Two stops overlap")
    text = _("%(first)s and %(second)s claim the same time. Both are kept until you choose.") % {
        "first": title_of(first), "second": title_of(second),
    }  # fmt: skip
    return Line(
        "overlap", ICONS.get(second.kind, "pin"), title, _phase(overlap.from_at, overlap.to_at, at),
        overlap.from_at, zone, overlap.to_at, zone, text, "2", second,
    )  # fmt: skip
