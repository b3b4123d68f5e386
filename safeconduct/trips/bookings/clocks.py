"""From what a text says of a time to a local time and its zone, with a problem wherever that took a guess.

Local time is what the document shows; a zone comes from the place, and an offset in the document is held against it.
Senders write local times with an offset that is none of the place's, and with a `Z` that means nothing: neither is
believed nor silently dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from safeconduct.trips.bookings.model import Moment, Problem
from safeconduct.trips.bookings.written import Written
from safeconduct.trips.localtime import OutOfRange, is_zone, settle

LATE: Final = timedelta(days=2)
"""A document without a year that came so long after its day still means that day."""


@dataclass(slots=True)
class Clock:
    """What is known around one time: where it is, when the document came, and the day that a ticket says."""

    name: str
    """The schema.org property, for problems."""
    zones: Collection[str] = ()
    context: date | None = None
    day_of_year: int | None = None
    after: date | None = None
    """The day of a departure, which the arrival follows within two."""
    problems: list[Problem] = field(default_factory=list)

    def doubt(self, code: str, detail: str = "") -> None:
        """Note a problem of this time."""
        self.problems.append(Problem(code, self.name, detail))

    def moment(self, said: Written | None) -> Moment | None:
        """The moment, None when there is no day; why it is not sure is in `problems`."""
        if said is None:
            return None
        on = self._day(said)
        if on is None:
            return None
        if said.at is None:
            return self._checked(Moment(on, None, self._only_zone(said)))
        local = datetime.combine(on, said.at)
        if said.is_instant and said.offset is not None:
            return self._checked(self._shown(local, said))
        return self._checked(self._placed(local, said))

    def _day(self, said: Written) -> date | None:
        days = said.days
        if len(days) > 1 and self.day_of_year:
            days = tuple(day for day in days if day.timetuple().tm_yday == self.day_of_year) or days
        if len(days) > 1 and (after := self.after):
            days = tuple(day for day in days if timedelta() <= day - after <= LATE) or days
        if len(days) > 1:
            self.doubt("date.order", said.text)
        if days:
            return days[0]
        if said.without_year:
            return self._with_year(*said.without_year, said.text)
        self.doubt("date.missing" if said.is_read else "date.unreadable", said.text)
        return None

    def _with_year(self, month: int, day: int, text: str) -> date | None:
        """The next such day from when the document came."""
        start = self.context - LATE if self.context else None
        for year in range(start.year, start.year + 9) if start else ():
            try:
                on = date(year, month, day)
            except ValueError:
                continue
            if start and on >= start:
                self.doubt("year.inferred", text)
                return on
        self.doubt("year.missing", text)
        return None

    def _only_zone(self, said: Written) -> str:
        if len(self.zones) == 1:
            return next(iter(self.zones))
        return said.zone if is_zone(said.zone) and not self.zones else ""

    def _shown(self, local: datetime, said: Written) -> Moment:
        """An instant in the clock of the place."""
        at = local.replace(tzinfo=timezone(timedelta(minutes=said.offset or 0)))
        zone = self._only_zone(said) or (said.zone if is_zone(said.zone) else "")
        if not zone:
            self.doubt("zone.unknown", said.text)
            return Moment(local.date(), local.time(), "", said.offset)
        if is_zone(said.zone) and not self._agree(said.zone, zone, at.replace(tzinfo=None)):
            self.doubt("zone.differs", said.zone)
        there = at.astimezone(ZoneInfo(zone))
        return Moment(there.date(), there.time(), zone, _minutes(there))

    def _placed(self, local: datetime, said: Written) -> Moment:
        """A local time with the zone of its place, or with what the document says of it."""
        zones = set(self.zones)
        if is_zone(said.zone):
            if zones and not any(self._agree(said.zone, zone, local) for zone in zones):
                self.doubt("zone.differs", said.zone)
                return self._by_zone(local, zones, said)
            zones = {zone for zone in zones if self._agree(said.zone, zone, local)} or {said.zone}
        if said.offset is None:
            return self._by_zone(local, zones, said)
        fitting = {zone for zone in zones if said.offset in _offsets(local, zone)}
        if zones and not fitting:
            self.doubt("time.utc" if said.offset == 0 else "offset.differs", said.text)
            return self._by_zone(local, zones, said)
        if not zones and said.offset == 0:
            # London in winter, a server's clock, or a letter without meaning: nothing here tells which.
            self.doubt("time.utc", said.text)
        zone = next(iter(fitting)) if len(fitting) == 1 else ""
        return Moment(local.date(), local.time(), zone, said.offset)

    def _by_zone(self, local: datetime, zones: set[str], said: Written) -> Moment:
        """By the clocks of the place; a problem where they leave the time out, have it twice, or are several."""
        if len(zones) == 1:
            zone = next(iter(zones))
            try:
                oddity = settle(local, zone).oddity
            except OutOfRange:
                oddity = ""
            if oddity:
                self.doubt(f"time.{oddity}", said.text)
                return Moment(local.date(), local.time(), zone)
            return Moment(local.date(), local.time(), zone, next(iter(_offsets(local, zone))))
        offsets = {offset for zone in zones for offset in _offsets(local, zone)}
        if len(offsets) == 1:
            return Moment(local.date(), local.time(), "", offsets.pop())
        self.doubt("zone.unknown", said.text)
        return Moment(local.date(), local.time())

    @staticmethod
    def _agree(one: str, other: str, local: datetime) -> bool:
        return one == other or bool(_offsets(local, one) & _offsets(local, other))

    def _checked(self, moment: Moment) -> Moment:
        """With a problem when the year is none that somebody travels in."""
        if not 2000 <= moment.on.year <= 2100:
            self.doubt("date.odd", moment.on.isoformat())
        elif self.day_of_year and moment.on.timetuple().tm_yday != self.day_of_year:
            self.doubt("dates.differ", f"day {self.day_of_year} of the year on the ticket")
        return moment


def _offsets(local: datetime, zone: str) -> set[int]:
    """Minutes east of UTC of a local time at a zone: two in the hour that comes twice, and around the one left out."""
    here = ZoneInfo(zone)
    return {_minutes(local.replace(tzinfo=here, fold=fold)) for fold in (0, 1)}


def _minutes(at: datetime) -> int:
    return round((at.utcoffset() or timedelta()).total_seconds() / 60)
