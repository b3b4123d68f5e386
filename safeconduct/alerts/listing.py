"""The alerts of the table and of the map: filtered, one row for each incident, in pages that the database cuts.

An incident is found when any of its events fits; its leading event is shown if it fits, else the worst that does.
Reads only. The words of a version are searched in the folded column that wording.py fills.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, Max, Min, Q, QuerySet, Value, When

from safeconduct.alerts import corrections
from safeconduct.alerts.labels import CATEGORIES
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_versions, naming, reaching
from safeconduct.alerts.wording import folded
from safeconduct.feeds.models import Source
from safeconduct.lib import clock

RANKS = {"Extreme": 5, "Severe": 4, "Moderate": 3, "Unknown": 2, "Minor": 1}
"""How urgent a row looks: what may be anything stands above what is said to be minor."""
AT_LEAST = {
    "Extreme": ("Extreme",),
    "Severe": ("Extreme", "Severe"),
    "Moderate": ("Extreme", "Severe", "Moderate"),
    "Minor": ("Extreme", "Severe", "Moderate", "Minor"),
    "Unknown": ("Unknown",),
}
MOST_WORDS = 8
HEAVY = ("impact_area", "possible_area", "references", "search_text", "notes", "unplaced")


@dataclass(frozen=True)
class Filters:
    """Which alerts are wanted; empty means all. `category` is a group ("met") or an event type ("met.flood")."""

    active: bool = True
    severity: str = ""
    country: str = ""
    category: str = ""
    source: str = ""
    sent_within: timedelta | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    words: str = ""
    sort: str = "worst"

    @property
    def narrows(self) -> bool:
        """Whether anything but the default is asked for."""
        return self != Filters(active=self.active, sort=self.sort)


@dataclass(frozen=True)
class Row:
    """One incident: the version that is shown, and who else tells of it."""

    version: AlertVersion
    concerns: bool
    others: tuple[str, ...] = field(default=())
    """Names of the other sources that tell of it."""
    events: frozenset[int] = frozenset()
    """Keys of the incident's events that fit."""


def fitting(filters: Filters, now: datetime | None = None) -> QuerySet[AlertVersion]:
    """Current versions that reach travellers and fit the filters, in no order.

    Events that matter nowhere (an earthquake too small to concern anybody) are left out.
    """
    at = now or clock.now()
    if filters.active:
        rows = active_versions(at)
    else:
        rows = AlertVersion.objects.filter(reaching(), event__current_version=F("pk"))
    rows = rows.exclude(impact_origin=AlertVersion.ImpactOrigin.NONE, countries=[]).exclude(
        event__source__format=Source.Format.USGS, impact_origin=AlertVersion.ImpactOrigin.NONE
    )
    if filters.severity:
        rows = rows.filter(severity__in=AT_LEAST[filters.severity])
    if filters.country:
        rows = _concerning(rows, filters.country)
    if filters.category:
        rows = rows.filter(event_type__in=types_of(filters.category))
    if filters.source:
        rows = rows.filter(event__source__key=filters.source)
    for word in folded(filters.words).split(" ")[:MOST_WORDS]:
        rows = rows.filter(search_text__contains=word) if word else rows
    return _in_time(rows, filters, at).order_by()


def _concerning(rows: QuerySet[AlertVersion], country_code: str) -> QuerySet[AlertVersion]:
    """Versions that concern a country; where an operator corrected the area, the corrected one decides."""
    corrected, there = corrections.moved_to(country_code)
    if not corrected:
        return naming(rows, country_code)
    named = naming(AlertVersion.objects.exclude(pk__in=corrected), country_code)
    return rows.filter(Q(pk__in=there) | Q(pk__in=named.values("pk")))


def types_of(category: str) -> tuple[str, ...]:
    """The event types of a group, or the one that is named."""
    group, _dot, kind = category.partition(".")
    return (kind,) if kind else CATEGORIES[group][1]


def _in_time(rows: QuerySet[AlertVersion], filters: Filters, now: datetime) -> QuerySet[AlertVersion]:
    """Sent lately; in force at any time between two instants."""
    if filters.sent_within is not None:
        rows = rows.filter(sent_at__gte=now - filters.sent_within)
    if filters.to_at is not None:
        rows = rows.filter(event__started_at__lt=filters.to_at)
    if filters.from_at is not None:
        is_over = Q(event__ended_at__isnull=False)
        rows = rows.filter(
            (is_over & Q(event__ended_at__gte=filters.from_at)) | (~is_over & Q(ends_at__gte=filters.from_at))
        )
    return rows


def incidents(
    filters: Filters, *, concerning: Collection[int] = (), now: datetime | None = None
) -> QuerySet[Any, Any]:
    """The incidents that fit, one dictionary each (`event__incident`), what concerns the reader first.

    `concerning` are keys of events. The queryset can be counted and sliced.
    """
    whens = [When(severity=word, then=Value(rank)) for word, rank in RANKS.items()]
    mine = [When(event_id__in=list(concerning), then=Value(1))] if concerning else []
    found = (
        fitting(filters, now)
        .values("event__incident")
        .annotate(
            worst=Max(Case(*whens, default=Value(2), output_field=IntegerField())),
            newest=Max("sent_at"),
            ending=Min("ends_at"),
            mine=Max(Case(*mine, default=Value(0), output_field=IntegerField())),
        )
    )
    order = {"newest": ("-newest",), "ending": ("ending", "-worst")}.get(filters.sort, ("-worst", "-newest"))
    return found.order_by("-mine", *order, "-event__incident")


def rows_of(
    keys: Sequence[int],
    filters: Filters,
    *,
    concerning: Collection[int] = (),
    now: datetime | None = None,
) -> list[Row]:
    """The rows of these incidents in this order, with their texts and without their areas."""
    if not keys:
        return []
    found: dict[int, list[AlertVersion]] = defaultdict(list)
    fits = fitting(filters, now).filter(event__incident__in=keys)
    for version in fits.select_related("event__source", "event__incident").defer(*HEAVY):
        found[version.event.incident_id].append(version)
    names = _sources(keys, filters.active, now)
    rows = []
    for key in keys:
        # Whatever ended between the two questions is left out.
        if versions := found.get(key):
            shown = min(versions, key=_shown_first)
            others = dict.fromkeys(name for pk, name in names[key] if pk != shown.event_id)
            others.pop(shown.event.source.name, None)
            concerns = any(version.event_id in concerning for version in versions)
            rows.append(
                Row(shown, concerns, tuple(others), frozenset(version.event_id for version in versions))
            )
    return rows


def _shown_first(version: AlertVersion) -> tuple[bool, int, float]:
    is_lead = version.event.incident.lead_id == version.event_id
    return not is_lead, -RANKS.get(version.severity, 2), -version.sent_at.timestamp()


def _sources(keys: Sequence[int], active: bool, now: datetime | None) -> dict[int, list[tuple[int, str]]]:
    """Who tells of each incident, whatever else is filtered: (event, name of the source)."""
    fits = fitting(Filters(active=active), now).filter(event__incident__in=keys)
    named: dict[int, list[tuple[int, str]]] = defaultdict(list)
    told = fits.values_list("event__incident", "event_id", "event__source__name")
    for incident, event, name in told.order_by("event__source__name"):
        named[incident].append((event, name))
    return named


def source_choices() -> list[tuple[str, str]]:
    """Sources that told of anything, by name: the choices of the filter."""
    return list(
        Source.objects.filter(events__isnull=False).distinct().order_by("name").values_list("key", "name")
    )
