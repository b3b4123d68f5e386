"""Whether a trip meets its organisation's rule of approval, and by which levels of which source.

A reason is a row of JSON, as the day it was weighed saw it: `kind` (security, medical, advisory, country, always),
`country`, `rank` (1–5 for ratings, 1–4 for official levels, 0 else), `value`, `from` (what the rule asks), `source`,
`name`, `url`, `since`, `inputs`. Words are made of it when it is shown (trips/approvalwords.py). What is not known
meets nothing. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from safeconduct.advisories.models import WORLDWIDE
from safeconduct.advisories.queries import advice_for
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place
from safeconduct.ratings.models import Kind, Value
from safeconduct.ratings.queries import Explained, explained
from safeconduct.ratings.words import step_of
from safeconduct.trips.approvalmodels import ApprovalRule
from safeconduct.trips.drafts import SettledStop
from safeconduct.trips.models import Stop

Reason = dict[str, Any]
Spans = dict[str, list[list[str]]]
"""Country code → days there, as [first, last] in ISO 8601; an empty last is an open end."""
Ranks = dict[str, int]
"""`kind:country` → the worst rank that met the rule."""

VARIES: Final = 4
"""Medical care that differs within a country counts like High: which part somebody falls ill in is not known."""
FOREVER: Final = date.max
KEPT: Final = ("kind", "country", "rank", "value", "source", "name", "since")


@dataclass(frozen=True)
class Piece:
    """A stop, stored or not yet: where it is on which days of the place."""

    place: Place
    to_place: Place | None
    first_on: date
    last_on: date | None


@dataclass(frozen=True)
class Weighed:
    """What the rule says of an itinerary. `rule` is its version, 0: the organisation has none in force."""

    rule: int
    spans: Spans
    reasons: tuple[Reason, ...]
    said: tuple[Reason, ...] = ()
    """Every level that the rule looked at, whether it met the rule or not."""

    @property
    def is_met(self) -> bool:
        """Return whether somebody has to approve."""
        return bool(self.reasons)

    @property
    def as_json(self) -> dict[str, Any]:
        """Return what a trip keeps, to compare with later."""
        said = [{key: one[key] for key in KEPT} for one in self.said]
        return {"rule": self.rule, "ranks": ranks_of(self.reasons), "countries": sorted(self.spans), "said": said}


def pieces_of(stops: Iterable[Stop]) -> list[Piece]:
    """Return stored stops, their places loaded."""
    found = []
    for stop in stops:
        depart = stop.depart_wall.date() if stop.depart_wall else None
        arrive = stop.arrive_wall.date()
        first, last = (depart or arrive, arrive) if stop.is_leg else (arrive, depart)
        found.append(Piece(stop.place, stop.to_place, first, last))
    return found


def pieces_settled(stops: Iterable[SettledStop]) -> list[Piece]:
    """Return stops that are no rows yet."""
    found = []
    for one in stops:
        depart = one.depart.local.date() if one.depart else None
        arrive = one.arrive.local.date()
        first, last = (depart or arrive, arrive) if one.draft.to_place else (arrive, depart)
        found.append(Piece(one.draft.place, one.draft.to_place, first, last))
    return found


def spans_of(pieces: Sequence[Piece]) -> Spans:
    """Return the days in each country.

    Where a trip begins with a journey, the country it leaves is home: it counts only with a stay there, or when the trip
    goes nowhere else.
    """
    spans: dict[str, list[tuple[date, date]]] = {}
    stayed = set()
    for piece in pieces:
        if piece.to_place is None:
            _add(spans, piece.place, piece.first_on, piece.last_on or FOREVER)
            stayed.add(piece.place.country_code)
        else:
            _add(spans, piece.place, piece.first_on, piece.first_on)
            _add(spans, piece.to_place, piece.last_on or piece.first_on, piece.last_on or piece.first_on)
    begins = min(pieces, key=lambda piece: piece.first_on, default=None)
    if (
        begins is not None
        and begins.to_place is not None
        and begins.place.country_code not in stayed
        and len(spans) > 1
    ):
        spans.pop(begins.place.country_code, None)
    return {
        country: [[first.isoformat(), "" if last == FOREVER else last.isoformat()] for first, last in _merged(days)]
        for country, days in sorted(spans.items())
    }


def _add(spans: dict[str, list[tuple[date, date]]], place: Place, first: date, last: date) -> None:
    if place.country_code:
        spans.setdefault(place.country_code, []).append((first, max(first, last)))


def _merged(days: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    merged: list[tuple[date, date]] = []
    for first, last in sorted(days):
        if merged and (merged[-1][1] == FOREVER or first <= merged[-1][1] + timedelta(days=1)):
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def is_within(spans: Spans, approved: Mapping[str, Sequence[Sequence[str]]]) -> bool:
    """Return whether an itinerary stays within the countries and days of another: less than was approved."""
    for country, days in spans.items():
        allowed = [(first, last or "9999") for first, last in approved.get(country, [])]
        for first, last in days:
            if not any(begin <= first and (last or "9999") <= end for begin, end in allowed):
                return False
    return True


def ranks_of(reasons: Iterable[Reason]) -> Ranks:
    """Return the worst rank by kind and country."""
    ranks: Ranks = {}
    for one in reasons:
        key = f"{one['kind']}:{one['country']}"
        ranks[key] = max(ranks.get(key, 0), one["rank"])
    return ranks


def worse_than(before: Ranks, reasons: Sequence[Reason]) -> list[Reason]:
    """Return the reasons that were not there before, or are there with a worse level."""
    return [one for one in reasons if one["rank"] > before.get(f"{one['kind']}:{one['country']}", -1)]


def rule_of(organisation: Organisation | int) -> ApprovalRule | None:
    """Return the rule in force, None when trips need no approval."""
    rule = ApprovalRule.objects.for_org(organisation).filter(is_on=True).first()
    return rule if rule is not None and rule.says_anything else None


def before_of(trip_weighed: Mapping[str, Any], reasons: Iterable[Reason]) -> list[Reason]:
    """Return what the same sources said of the same countries when a trip was weighed last."""
    said = {(one["kind"], one["country"], one["source"]): one for one in trip_weighed.get("said", [])}
    by_kind = {(one["kind"], one["country"]): one for one in trip_weighed.get("said", []) if one["kind"] != "advisory"}
    found = []
    for one in reasons:
        old = said.get((one["kind"], one["country"], one["source"])) or by_kind.get((one["kind"], one["country"]))
        if old is not None:
            found.append(_reason(**old))
    return found


class Weigher:
    """Weighs trips of one organisation; of each country the levels are read once."""

    def __init__(self, organisation: Organisation, rule: ApprovalRule | None = None) -> None:
        self.organisation = organisation
        self.rule = rule if rule is not None else rule_of(organisation)
        self._by_country: dict[str, list[Reason]] = {}

    def weigh(self, pieces: Sequence[Piece]) -> Weighed:
        """Return what the rule says of an itinerary."""
        return self.weigh_spans(spans_of(pieces))

    def weigh_spans(self, spans: Spans) -> Weighed:
        """Return what the rule says of days in countries."""
        said = self.said(spans)
        return Weighed(
            self.rule.version if self.rule else 0,
            spans,
            tuple(one for one in said if meets(one)),
            tuple(one for one in said if one["from"]),
        )

    def reasons(self, countries: Iterable[str]) -> list[Reason]:
        """Return why trips to these countries need approval; empty when they need none."""
        return [one for one in self.said(countries) if meets(one)]

    def said(self, countries: Iterable[str]) -> list[Reason]:
        """Return every level of these countries that the rule looks at."""
        if self.rule is None:
            return []
        found = [one for code in sorted(countries) for one in self._of(code, self.rule)]
        if self.rule.always:
            found.append(_reason("always"))
        return found

    def _of(self, code: str, rule: ApprovalRule) -> list[Reason]:
        if code not in self._by_country:
            found = [_reason("country", code)] if code in rule.countries else []
            asked = {Kind.SECURITY: rule.security_from, Kind.MEDICAL: rule.medical_from}
            if any(asked.values()):
                rows = explained(code, self.organisation)
                found += [_by_rating(row, asked[Kind(row.kind)]) for row in rows if asked[Kind(row.kind)]]
            self._by_country[code] = found + _by_advice(code, rule)
        return self._by_country[code]


def meets(one: Reason) -> bool:
    """Return whether a level is one that the rule asks about. What is not known is not."""
    if one["kind"] in ("country", "always"):
        return True
    asked = one["from"] if one["kind"] == "advisory" else step_of(one["kind"], one["from"])
    return bool(one["rank"] and one["rank"] >= asked)


def _reason(kind: str, country: str = "", **more: Any) -> Reason:
    base: Reason = {
        "kind": kind, "country": country, "rank": 0, "value": "", "from": "", "source": "", "name": "", "url": "",
        "since": "", "inputs": [],
    }  # fmt: skip
    return base | more


def _by_rating(row: Explained, asked: str) -> Reason:
    """An organisation that has rated a destination itself goes by its own rating."""
    value = row.own.value if row.own is not None else row.value
    since = row.own.made_at if row.own is not None else row.since
    basis = "own" if row.own is not None else "editor" if row.override is not None else "formula"
    return _reason(
        row.kind, row.country_code, value=value, source=basis, since=_day(since),
        rank=VARIES if value == Value.VARIABLE else step_of(row.kind, value),
        inputs=list(row.inputs) if basis == "formula" else [], **{"from": asked},
    )  # fmt: skip


def _by_advice(code: str, rule: ApprovalRule) -> list[Reason]:
    """Levels for the country as a whole; a publisher that states none for it counts by its worst named part."""
    if not rule.advisory_from or code == WORLDWIDE:
        return []
    return [
        _reason(
            "advisory", code, rank=(one.level if one.level is not None else one.level_max) or 0,
            value=one.original_level, source=one.issuer, name=one.issuer_name, url=one.url,
            since=_day(one.changed_at or one.level_since), **{"from": rule.advisory_from},
        )
        for one in advice_for(code, with_sections=False)
        if not one.is_worldwide and rule.advisory_source in ("", one.issuer)
    ]  # fmt: skip


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at is not None else ""
