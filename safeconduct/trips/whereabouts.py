"""Where an itinerary says somebody is, from when to when, and what is odd about it.

Pure: no ORM, no clock, no words. Times are aware instants. It refuses nothing: gaps and overlaps are found and
pointed out, and a traveller in a gap is looked for on both sides of it rather than nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from safeconduct.lib.geo import distance_km
from safeconduct.trips.localtime import local_of, nights_between

LEG_BEFORE = timedelta(hours=3)
"""Before a leg the traveller is at its place of departure for this long: check-in, the way to the station."""

LEG_AFTER = timedelta(hours=3)
"""After a leg the traveller is at its place of arrival for this long. Matching adds its own 24 hours."""

OPEN_END = timedelta(days=365)
"""A stay without a departure counts until the next stop begins, and for this long at most."""

GAP_REACH = timedelta(days=7)
"""In a gap the place before it and the place after it each count this far into it."""

GAP_WORTH = timedelta(hours=12)
"""Gaps up to this length are ordinary (a night bus not typed in); longer ones are pointed out."""

OVERLAP_WORTH = timedelta(hours=1)
"""Overlaps up to this length are ordinary (leaving an hotel late); longer ones are pointed out."""

NEAR_KM = 40.0
"""Two places whose edges are this near are one town and its airport."""


@dataclass(frozen=True)
class Spot:
    """A place with its extent. `geometry` is WKB; it is None for a country, whose shape is known elsewhere."""

    label: str
    extent_kind: str
    lon: float
    lat: float
    radius_km: float | None
    country_code: str
    zone: str
    west: float
    south: float
    east: float
    north: float
    geometry: bytes | None = None


@dataclass(frozen=True)
class Segment:
    """One stop in instants. A stay is from arrival to departure (None: open end); a leg, which has `to_spot`,
    from departure to arrival."""

    key: int
    kind: str
    spot: Spot
    from_at: datetime
    to_at: datetime | None
    to_spot: Spot | None = None
    tentative: bool = False

    @property
    def is_leg(self) -> bool:
        """Return whether this goes from one place to another."""
        return self.to_spot is not None

    @property
    def last_spot(self) -> Spot:
        """Return where one is when it is over."""
        return self.to_spot or self.spot


@dataclass(frozen=True)
class Whereabouts:
    """At `spot` from `from_at` to `to_at`. Not `certain`: a gap filled from one of its sides."""

    key: int
    spot: Spot
    from_at: datetime
    to_at: datetime
    tentative: bool = False
    certain: bool = True
    is_open_end: bool = False


@dataclass(frozen=True)
class Gap:
    """The itinerary says nothing between two stops (their keys). `nights` are counted at the place before it."""

    after: int
    before: int
    from_at: datetime
    to_at: datetime
    nights: int


@dataclass(frozen=True)
class Overlap:
    """Two stops (their keys, the earlier first) claim the same time at places that do not go together."""

    first: int
    second: int
    from_at: datetime
    to_at: datetime
    are_lodgings: bool


def whereabouts(segments: Sequence[Segment]) -> list[Whereabouts]:
    """Return where the traveller is, in order of time. Nothing while a leg is on its way."""
    found: list[Whereabouts] = []
    closed = _closed(segments)
    for segment, is_open in closed:
        found += _of(segment, is_open)
    for before, after, start, end in _silences([segment for segment, _ in closed]):
        found += _filled(before, after, start, end)
    return sorted(found, key=lambda one: (one.from_at, one.to_at, one.key))


def remarks(segments: Sequence[Segment]) -> list[Gap | Overlap]:
    """Return the gaps and overlaps worth a word, in order of time."""
    closed = [segment for segment, _ in _closed(segments)]
    found: list[Gap | Overlap] = [
        Gap(before.key, after.key, start, end, nights_between(start, end, before.last_spot.zone))
        for before, after, start, end in _silences(closed)
        if end - start > GAP_WORTH
    ]
    for first, second in combinations(closed, 2):
        start, end = max(first.from_at, second.from_at), min(_end(first), _end(second))
        if end - start > OVERLAP_WORTH and not _go_together(first, second):
            lodgings = first.kind == second.kind == "lodging"
            found.append(Overlap(first.key, second.key, start, end, lodgings))
    return sorted(found, key=lambda one: (one.from_at, one.to_at))


def _closed(segments: Sequence[Segment]) -> list[tuple[Segment, bool]]:
    """The segments in order of time, each with an end, and whether that end was open."""
    ordered = sorted(segments, key=lambda one: (one.from_at, one.key))
    closed: list[tuple[Segment, bool]] = []
    for segment in ordered:
        if segment.to_at is not None:
            closed.append((segment, False))
            continue
        later = [one.from_at for one in ordered if one.from_at > segment.from_at]
        horizon = segment.from_at + OPEN_END
        end = min([*later, horizon])
        closed.append((replace(segment, to_at=end), end == horizon))
    return closed


def _end(segment: Segment) -> datetime:
    return segment.to_at if segment.to_at is not None else segment.from_at + OPEN_END


def _of(segment: Segment, is_open: bool) -> Iterator[Whereabouts]:
    end = _end(segment)
    if segment.to_spot is None:
        yield Whereabouts(
            segment.key, segment.spot, segment.from_at, end, segment.tentative, is_open_end=is_open
        )
        return
    start = segment.from_at
    yield Whereabouts(segment.key, segment.spot, start - LEG_BEFORE, start, segment.tentative)
    yield Whereabouts(segment.key, segment.to_spot, end, end + LEG_AFTER, segment.tentative)


def _silences(ordered: Sequence[Segment]) -> Iterator[tuple[Segment, Segment, datetime, datetime]]:
    """Times between the first and the last stop that no stop covers, with the stops on either side."""
    if not ordered:
        return
    furthest = ordered[0]
    for segment in ordered[1:]:
        reach = _end(furthest)
        if segment.from_at > reach:
            yield furthest, segment, reach, segment.from_at
        if _end(segment) >= reach:
            furthest = segment


def _filled(before: Segment, after: Segment, start: datetime, end: datetime) -> Iterator[Whereabouts]:
    tentative = before.tentative or after.tentative
    here, there = before.last_spot, after.spot
    if here == there and end - start <= 2 * GAP_REACH:
        yield Whereabouts(before.key, here, start, end, tentative, certain=False)
        return
    yield Whereabouts(before.key, here, start, min(end, start + GAP_REACH), tentative, certain=False)
    yield Whereabouts(after.key, there, max(start, end - GAP_REACH), end, tentative, certain=False)


def _go_together(first: Segment, second: Segment) -> bool:
    if first.is_leg and second.is_leg:
        return False
    if first.is_leg or second.is_leg:
        leg, stay = (first, second) if first.is_leg else (second, first)
        return _leg_fits(leg, stay)
    if _same_day_twice(first, second):
        return True
    if first.kind == second.kind == "lodging":
        return False
    return _near(first.spot, second.spot)


def _same_day_twice(first: Segment, second: Segment) -> bool:
    """Whole days typed in: one stop leaves at the end of the day at whose beginning the other arrives."""
    earlier, later = (first, second) if _end(first) <= _end(second) else (second, first)
    leaves = local_of(_end(earlier), earlier.spot.zone)
    arrives = local_of(later.from_at, later.spot.zone)
    return (
        leaves.date() == arrives.date()
        and (leaves.hour, leaves.minute) == (23, 59)
        and (arrives.hour, arrives.minute) == (0, 0)
    )


def _leg_fits(leg: Segment, stay: Segment) -> bool:
    """A leg that begins where the stay is on its last day, or ends there on its first."""
    day = timedelta(days=1)
    leaves = _near(leg.spot, stay.spot) and _end(stay) - leg.from_at <= day
    comes = _near(leg.last_spot, stay.spot) and _end(leg) - stay.from_at <= day
    return leaves or comes


def _near(one: Spot, other: Spot) -> bool:
    if "country" in (one.extent_kind, other.extent_kind):
        return one.country_code == other.country_code
    apart = distance_km(one.lon, one.lat, other.lon, other.lat)
    return apart <= (one.radius_km or 0.0) + (other.radius_km or 0.0) + NEAR_KM
