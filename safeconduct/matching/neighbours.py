"""Warnings of neighbouring districts, from one source: who is told that a place is inside one is not told of the rest.

A city's circle touches the counties around it, and an office that warns its whole region sends one message for each.
What adds nothing for the same stop is not told: the same type of event, no worse, for a time in common, and no surer.
It refuses to keep back what holds the place inside, what is worse, and types of which two are two (an attack and
another attack): those of which `alerts/data/clustering.csv` does not compare areas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q

from safeconduct.alerts.clustering import table
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.matching.actions import Everybody
from safeconduct.matching.models import Exposure
from safeconduct.matching.ranks import rank, rank_of
from safeconduct.orgs.tenancy import TenantQuerySet

SURENESS: Final = {Exposure.Strength.POSSIBLE: 0, Exposure.Strength.TOUCHES: 1, Exposure.Strength.INSIDE: 2}
WEAK: Final = (Exposure.Strength.TOUCHES, Exposure.Strength.POSSIBLE)
MOST_ALSO: Final = 5
"""So many other places a reason names at most (reading.py); with more than that nobody knows which they are."""


def is_of_districts(event_type: str) -> bool:
    """Return whether warnings of a type come district by district, so that two of them may say the same."""
    rule = table().get(event_type)
    return rule is not None and rule.rule == "area"


class Neighbours:
    """What the trips that are told now were told of by the same sources, read under the trips' locks."""

    def __init__(
        self,
        rows: Sequence[Exposure],
        versions: Mapping[int, AlertVersion],
        everybody: Everybody,
        now: datetime,
    ) -> None:
        self._told: dict[tuple[int, int, str], list[Exposure]] = {}
        asked = [
            row
            for row in rows
            if row.strength in WEAK
            and row.told_at is None
            and row.state == Exposure.State.OPEN
            and is_of_districts(versions[row.version_id].event_type)
        ]
        if not asked:
            return
        holding = _holding(everybody, now).filter(
            trip_id__in={row.trip_id for row in asked},
            event__source_id__in={row.event.source_id for row in asked},
        )
        heavy = ("infos", "notes", "references", "impact_area", "possible_area")
        found = holding.select_related("event__source", "told_version").defer(
            *(f"told_version__{column}" for column in heavy)
        )
        for other in found.order_by("told_at", "pk"):
            if other.told_version is not None:
                key = (other.trip_id, other.event.source_id, other.told_version.event_type)
                self._told.setdefault(key, []).append(other)

    def covering(self, row: Exposure, version: AlertVersion) -> Exposure | None:
        """Return what the trip was told to which a warning that is new to it adds nothing, the surest of these."""
        if row.strength not in WEAK or row.stop_id is None:
            return None
        near = self._told.get((row.trip_id, row.event.source_id, version.event_type), ())
        found = [other for other in near if _adds_nothing(row, version, other)]
        return max(found, key=lambda other: SURENESS[Exposure.Strength(other.strength)], default=None)


def _adds_nothing(row: Exposure, version: AlertVersion, other: Exposure) -> bool:
    told = other.told_version
    if told is None or other.stop_id != row.stop_id or other.event.incident_id == row.event.incident_id:
        return False
    is_as_sure = SURENESS[Exposure.Strength(other.strength)] >= SURENESS[Exposure.Strength(row.strength)]
    also = set(row.reason.get("also", ()))
    is_elsewhere = len(also) >= MOST_ALSO or not also <= {*other.reason.get("also", ()), other.place_label}
    is_at_once = version.begins_at < told.ends_at and told.begins_at < version.ends_at
    return is_as_sure and is_at_once and not is_elsewhere and rank(version.severity) <= rank(told.severity)


def _holding(everybody: Everybody, now: datetime) -> TenantQuerySet[Exposure]:
    return everybody.exposures.filter(
        Q(event__ends_at__isnull=True) | Q(event__ends_at__gt=now),
        state=Exposure.State.OPEN,
        told_at__isnull=False,
        event__state=Event.State.ACTIVE,
    )


def still_covered(everybody: Everybody, now: datetime) -> Q:
    """Return the condition, for exposures with their severity as `step`, that a neighbour told instead holds yet.

    It is of another incident, as bad and as sure as what was kept back.
    """
    neighbour = (
        _holding(everybody, now)
        .filter(pk=OuterRef("told_by"), event__source=OuterRef("event__source"))
        .exclude(event__incident=OuterRef("event__incident"))
        .annotate(told_step=rank_of("told_version__severity"))
        .filter(told_step__gte=OuterRef("step"), told_version__event_type=OuterRef("version__event_type"))
    )
    sure = neighbour.exclude(strength=Exposure.Strength.POSSIBLE)
    return (Q(strength=Exposure.Strength.POSSIBLE) & Exists(neighbour)) | (
        Q(strength=Exposure.Strength.TOUCHES) & Exists(sure)
    )


def first_of_all(due: TenantQuerySet[Exposure], part: Sequence[int], trips: set[int]) -> Q:
    """Return the condition for what is due beside a part of the queue, holds its place inside, and so is told first."""
    weak = due.filter(pk__in=part, strength__in=WEAK, told_at__isnull=True).order_by()
    sources = set(weak.filter(trip_id__in=trips).values_list("event__source_id", flat=True).distinct())
    if not sources:
        return Q(pk__in=[])
    return Q(
        trip_id__in=trips,
        event__source_id__in=sources,
        strength=Exposure.Strength.INSIDE,
        told_at__isnull=True,
    )
