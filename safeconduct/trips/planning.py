"""What the words of a file of trips mean: places, instants, names. Writes nothing but the problems of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from safeconduct.accounts.models import User
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place
from safeconduct.trips.drafts import SettledStop, StopDraft, StopRefused, checked_title, settled_stops
from safeconduct.trips.imports.table import Problem, StopRow, TripRow, whole
from safeconduct.trips.models import Stop
from safeconduct.trips.typed import Where, moment, where_from_text


@dataclass(frozen=True)
class Planned:
    """A trip of the file with its places and instants."""

    row: TripRow
    settled: tuple[SettledStop, ...]
    title: str


@dataclass
class Run:
    """What one import has done so far."""

    organisation: Organisation
    source: str
    by: User | None
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    kept: list[dict[str, str]] = field(default_factory=list)
    wheres: dict[str, Where | Refused] = field(default_factory=dict)
    admits: dict[str, bool] = field(default_factory=dict)
    is_approved: bool = False
    """The source says that its trips are approved."""

    def is_approved_for(self, traveller_id: int) -> bool:
        """Return whether the source's approval counts for this traveller: nobody approves their own trip by a file."""
        return self.is_approved and (self.by is None or self.by.pk != traveller_id)


def places_of(settled: tuple[SettledStop, ...]) -> dict[int, Place]:
    """Return the places of an itinerary by key."""
    found = [place for one in settled for place in (one.draft.place, one.draft.to_place) if place is not None]
    return {place.pk: place for place in found}


def planned_of(run: Run, row: TripRow) -> Planned | None:
    """Return the trip with its places, or None with its problem noted in the run."""
    drafts: list[StopDraft] = []
    stop = row.stops[0]
    try:
        for stop in row.stops:
            drafts.append(_draft(run, stop))
        settled = settled_stops(drafts)
        return Planned(row, tuple(settled), checked_title(row.title, settled))
    except StopRefused as refusal:
        fault = Problem(row.stops[refusal.index].number, refusal.code, refusal.text)
    except Refused as refusal:
        fault = Problem(stop.number, refusal.code, refusal.text)
    run.problems += whole(fault, row.numbers)
    return None


def _draft(run: Run, stop: StopRow) -> StopDraft:
    where = _where(run, stop.place)
    to = _where(run, stop.to_place) if stop.to_place else None
    arrive, second = moment(stop.arrive, to.place if to else where.place, is_end=False)
    depart, depart_second = (
        moment(stop.depart, where.place, is_end=to is None) if stop.depart else (None, False)
    )
    return StopDraft(
        place=where.place,
        to_place=to.place if to else None,
        kind=stop.kind or (Stop.Kind.OTHER if to else Stop.Kind.STAY),
        arrive=arrive,
        depart=depart,
        address=stop.address or where.address,
        lat=where.lat,
        lon=where.lon,
        tentative=stop.is_tentative,
        note=stop.note,
        arrive_second=second,
        depart_second=depart_second,
    )


def _where(run: Run, text: str) -> Where:
    """What a place's words mean; a file says the same few again and again."""
    if text not in run.wheres:
        try:
            run.wheres[text] = where_from_text(text)
        except Refused as refusal:
            run.wheres[text] = refusal
    found = run.wheres[text]
    if isinstance(found, Refused):
        raise Refused(found.code, found.text)
    return found
