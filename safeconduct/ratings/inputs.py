"""Gathers what the formula counts, for every country at once. It reads; it decides nothing.

Official advice counts while its source is heard, alerts while they are active and are no exercise, facts that are
known. Reading all countries takes a handful of queries, whatever their number, and no text of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max
from django.urls import NoReverseMatch, reverse

from safeconduct.advisories.models import WORLDWIDE, Advisory, Category
from safeconduct.alerts.models import Event
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.models import FactSource
from safeconduct.ratings.formula import FACTS, Advice, AlertCount

SAFETY_TYPES: Final = ("security", "civil", "safety", "hazmat")
"""Kinds of event that are about people's safety from people. Not CAP's categories: authorities write “Safety” on heat,
surf and ice as well, and weather and earthquakes are no rating."""
WARNS_ONLY: Final = frozenset({Source.Format.FCDO, Source.Format.AUSWAERTIGES_AMT})
"""Britain advises against travel or does not, Germany has formal warnings: neither has words for “usual precautions”."""
HEALTH_TYPES: Final = ("health",)
COUNTED: Final = ("Severe", "Extreme")
SILENCE: Final = timedelta(days=3)
"""So long what a source said last still counts when it is not heard: governments change a level every few months, and
a feed that fails over a weekend says nothing about a country."""
SETTLED: Final = timedelta(hours=1)
"""So long after a source was first read its silence about a country says nothing: more of it may still arrive."""


@dataclass
class CountryInputs:
    """Everything that counts for one country."""

    advice: list[Advice] = field(default_factory=list)
    notices: list[Advice] = field(default_factory=list)
    safety_alerts: list[AlertCount] = field(default_factory=list)
    health_alerts: list[AlertCount] = field(default_factory=list)
    facts: list[tuple[str, str, str, str]] = field(default_factory=list)


@dataclass
class Gathered:
    """What counts now, of every country."""

    countries: dict[str, CountryInputs] = field(default_factory=lambda: defaultdict(CountryInputs))
    silent: list[Advice] = field(default_factory=list)
    """“No notice”, of each health authority that is heard."""

    def of(self, code: str) -> CountryInputs:
        """The inputs of a country; a health authority that names it nowhere says so."""
        known = self.countries.get(code) or CountryInputs()
        speaking = {row.source for row in known.notices}
        return replace(
            known, notices=[*known.notices, *(row for row in self.silent if row.source not in speaking)]
        )


def inputs_of_all() -> Gathered:
    """Read what counts for every country now."""
    now = clock.now()
    seen = dict(Advisory.objects.order_by().values_list("source").annotate(Max("fetched_at")))
    heard = {source.pk: source for source in _sources() if is_heard(source, now, seen.get(source.pk))}
    found = Gathered()
    first_seen = _advice(found.countries, heard)
    _alerts(found.countries)
    _facts(found.countries)
    found.silent = [
        Advice(heard[pk].name, 0, 0, source=heard[pk].key)
        for pk, seen_at in sorted(first_seen.items())
        if seen_at <= now - SETTLED
    ]
    return found


def is_heard(source: Source, now: datetime, seen_at: datetime | None = None) -> bool:
    """Whether what a source said last still counts. One that was never polled was handed in by somebody, and its day
    stands beside it. `seen_at`: when an entry of it was last seen in a document, polled or handed in."""
    if source.last_ok_at is None and not source.is_stale:
        return True
    last = max((at for at in (source.last_ok_at, seen_at) if at is not None), default=None)
    return last is not None and now - last <= max(SILENCE, timedelta(seconds=source.limit_seconds))


def _sources() -> list[Source]:
    return list(Source.objects.filter(format__in=Source.ADVICE))


def _advice(found: dict[str, CountryInputs], heard: Mapping[int, Source]) -> dict[int, datetime]:
    """Gather advice and notices; return since when each health authority is read."""
    rows = Advisory.objects.filter(
        state=Advisory.State.ACTIVE, level__isnull=False, source__in=list(heard)
    ).exclude(country_code=WORLDWIDE)
    columns = (
        "source_id", "country_code", "category", "level", "level_max", "changed_at", "level_since", "public_id",
        "number", "first_seen_at",
    )  # fmt: skip
    first_seen: dict[int, datetime] = {}
    for row in rows.order_by("pk").values_list(*columns, named=True):
        source, level = heard[row.source_id], row.level or 1
        country = found[row.country_code]
        advice = Advice(
            issuer=source.name,
            level=level,
            level_max=max(level, row.level_max or 0),
            url=_page("advisories:advisory", row.public_id),
            on=(row.changed_at or row.level_since).date().isoformat(),
            source=source.key,
            entry=row.public_id,
            number=row.number,
            warns_only=source.format in WARNS_ONLY,
        )
        if row.category != Category.HEALTH:
            country.advice.append(advice)
            continue
        country.notices.append(advice)
        first_seen[row.source_id] = min(first_seen.get(row.source_id, row.first_seen_at), row.first_seen_at)
    return first_seen


def _alerts(found: dict[str, CountryInputs]) -> None:
    active = Event.objects.filter(
        state=Event.State.ACTIVE,
        status="Actual",
        event_type__in=(*SAFETY_TYPES, *HEALTH_TYPES),
        current_version__severity__in=COUNTED,
    )
    safety: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    health: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    columns = ("countries", "event_type", "current_version__severity", "incident_id")
    for countries, kind, severity, incident in active.values_list(*columns):
        for code in countries:
            (health if kind in HEALTH_TYPES else safety)[code][severity].add(incident)
    for code, counts in safety.items():
        found[code].safety_alerts = _counted(code, counts)
    for code, counts in health.items():
        found[code].health_alerts = _counted(code, counts)


def _counted(code: str, incidents: Mapping[str, set[int]]) -> list[AlertCount]:
    """Events that are one incident count once, whoever warns of it."""
    page = _page("alerts:list")
    url = f"{page}?country={code}" if page else ""
    return [
        AlertCount(severity, len(incidents[severity]), url) for severity in COUNTED if incidents[severity]
    ]


def alerts_of_all() -> dict[str, CountryInputs]:
    """The active alerts that may count, of every country that has any, without anything else."""
    found: dict[str, CountryInputs] = defaultdict(CountryInputs)
    _alerts(found)
    return found


def says_of(fact: EffectiveFact) -> str:
    """What a fact says in one stable word; empty where it says nothing that counts."""
    value = fact.value if isinstance(fact.value, dict) else {}
    return str(value.get("risk") or value.get("level") or "")


def _facts(found: dict[str, CountryInputs]) -> None:
    titles = dict(FactSource.objects.values_list("src", "title"))
    for fact in effective_facts(fields=FACTS):
        says = says_of(fact)
        if says:
            title = fact.source_title or titles.get(fact.src, fact.src)
            found[fact.country_code].facts.append((fact.field, says, title, fact.checked_on.isoformat()))


def page_of(row: Advisory) -> str:
    """The address of an entry of advice."""
    return _page("advisories:advisory", row.public_id)


def _page(name: str, *args: str) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
