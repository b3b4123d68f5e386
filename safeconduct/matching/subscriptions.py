"""Telling people about destinations they asked for: once per event version, and only while no trip tells them.

A country: the warning's area touches it, or names it. A city: the area reaches it, or, from Severe on, its country
is warned as a whole. Who was told of an event hears of its updates and of its cancellation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.alerts.labels import SEVERITIES
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_travellers
from safeconduct.lib import clock
from safeconduct.lib.timewords import span_words
from safeconduct.matching import emails, exposures
from safeconduct.matching.actions import Everybody
from safeconduct.matching.help import HelpFinder
from safeconduct.matching.match import Impact, Whereabouts, match
from safeconduct.matching.models import Exposure
from safeconduct.matching.reading import impact_of
from safeconduct.matching.telling import is_recount
from safeconduct.notify.actions import News, Telling, Told, tell_many
from safeconduct.notify.models import Notice, Subscription, UnsubscribeLink
from safeconduct.notify.queries import Recipient
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.extents import extent_for
from safeconduct.places.models import Place
from safeconduct.places.queries import localised_name

Change = Literal["new", "updated", "ended"]
RANK: Final = {"Extreme": 4, "Severe": 3, "Moderate": 2, "Unknown": 1, "Minor": 0}
PAGE: Final = 1000
LARGEST_DEGREES: Final = 0.3
"""More than the radius of the largest city, 30 km, in degrees of latitude."""


def reaches(impact: Impact, place: Place, version: AlertVersion) -> bool:
    """Return whether a warning matters at a destination, whenever somebody is there."""
    if place.is_country:
        return place.country_code in version.countries
    extent = extent_for(place)
    somebody = Whereabouts(
        extent.kind, place.country_code, impact.onset_at, None, extent.lon, extent.lat, extent.geometry
    )
    return match(impact, somebody) is not None


def tell_subscribers(version: AlertVersion, *, everybody: Everybody, now: datetime) -> int:
    """Tell the subscribers of a version; return how many deliveries are new. Again tells nobody."""
    event = version.event
    if event.current_version_id != version.pk:
        return 0
    if event.state != Event.State.ACTIVE or version.ends_at <= now:
        is_told = exposures.end_reason(event) == Exposure.Closed.CANCELLED and event.state != Event.State.ACTIVE
        return _tell(version, frozenset(), everybody, now) if is_told else 0
    impact = impact_of(version) if reaches_travellers(version) else None
    if impact is None:
        return _tell(version, frozenset(), everybody, now)
    near = _near(impact, version, everybody)
    return _tell(version, {place.pk for place in near if reaches(impact, place, version)}, everybody, now)


def _near(impact: Impact, version: AlertVersion, everybody: Everybody) -> QuerySet[Place]:
    """The destinations somebody asked for that may be reached: countries by name, cities by latitude as well."""
    asked = everybody.subscriptions.filter(ended_at__isnull=True).order_by().values("place_id").distinct()
    may_be = Q(country_code__in=version.countries)
    if impact.geometry is not None:
        _west, south, _east, north = impact.geometry.bounds
        may_be |= Q(lat__gte=south - LARGEST_DEGREES, lat__lte=north + LARGEST_DEGREES)
    return Place.objects.filter(may_be, pk__in=asked)


def _tell(version: AlertVersion, reached: Collection[int], everybody: Everybody, now: datetime) -> int:
    """Go through subscriptions in pages: those of reached places, and of people told of the event before."""
    new, last = 0, 0
    teller = _Teller(version, frozenset(reached), everybody, now)
    concerned = Q(place_id__in=list(reached)) | Q(user_id__in=teller.notices().values("user_id"))
    while True:
        with transaction.atomic():
            rows = everybody.subscriptions.filter(concerned, ended_at__isnull=True, pk__gt=last).order_by("pk")
            page = list(rows.select_related("place", "organisation")[:PAGE])
            new += teller.tell(page)
        if len(page) < PAGE:
            return new
        last = page[-1].pk


@dataclass
class _Teller:
    """One version for one page of subscriptions after the other."""

    version: AlertVersion
    reached: frozenset[int]
    everybody: Everybody
    now: datetime

    def __post_init__(self) -> None:
        self.help = HelpFinder()
        self.subject = f"event:{self.version.event_id}"
        self._spans: dict[tuple[str, str], str] = {}
        self._names: dict[tuple[int, str], str] = {}
        self._members: set[tuple[int, int]] = set()

    def notices(self) -> TenantQuerySet[Notice]:
        """Return what people were told of the event by subscription."""
        return self.everybody.notices.filter(subject_key=self.subject, kind=emails.SUBSCRIPTION.code, told=True)

    def tell(self, page: list[Subscription]) -> int:
        """Tell one page; one mail a person."""
        users = {row.user_id for row in page}
        before = self._told_before(users)
        by_trip = self._told_by_trip(users)
        self._members = self._current_members(page)
        told = AlertVersion.objects.defer("impact_area").in_bulk(set(before.values()))
        known = {key for key, version in told.items() if is_recount(version, self.version)}
        groups: dict[tuple[Change, int], dict[int, Subscription]] = {}
        for row in page:
            change = self._change(row, before.get(row.user_id))
            if change == "updated" and before[row.user_id] in known:
                continue
            if change is not None and row.user_id not in by_trip:
                shown = before.get(row.user_id, self.version.pk) if change == "ended" else self.version.pk
                groups.setdefault((change, shown), {}).setdefault(row.user_id, row)
        return sum(self._send(change, shown, list(rows.values())).new for (change, shown), rows in groups.items())

    def _change(self, row: Subscription, before: int | None) -> Change | None:
        is_heard = RANK.get(self.version.severity, 1) >= RANK[row.from_severity]
        if row.place_id in self.reached and is_heard:
            return "new" if before is None else "updated"
        return None if before is None else "ended"

    def _told_before(self, users: Collection[int]) -> dict[int, int]:
        """The last version that each person was told of by subscription, while it still concerned them."""
        told: dict[int, int] = {}
        for notice in self.notices().filter(user_id__in=users).order_by("created_at", "pk"):
            told[notice.user_id] = notice.context.get("version_id", self.version.pk)
            if notice.context.get("change") == "ended":
                del told[notice.user_id]
        return told

    def _told_by_trip(self, users: Collection[int]) -> set[int]:
        """People whom an exposure tells: told already, or due now, and not muted."""
        rows = self.everybody.exposures.filter(
            event_id=self.version.event_id, user_id__in=users, trip__mail_muted_at__isnull=True
        )
        return {
            row.user_id
            for row in rows.only("user_id", "told_at", "tell_due_at", "state")
            if row.told_at or (row.tell_due_at and row.tell_due_at <= self.now)
        }

    def _send(self, change: Change, shown_id: int, rows: list[Subscription]) -> Told:
        shown = self.version
        if shown_id != shown.pk:
            shown = AlertVersion.objects.select_related("event__source").get(pk=shown_id)
        news = News(
            kind=emails.SUBSCRIPTION.code,
            subject_key=self.subject,
            content_key=f"version:{self.version.pk}:{shown.pk}:{change}",
            content=lambda language: emails.alert_words(shown, language, now=self.now, change=change),
            severity=shown.severity,
        )
        context = {"event": shown.event.public_id, "version_id": self.version.pk, "change": change}
        return tell_many(news, [self._telling(row, shown, context) for row in rows])

    def _telling(self, row: Subscription, shown: AlertVersion, context: Mapping[str, Any]) -> Telling:
        return Telling(
            key=f"{self.version.event_id}:{self.version.pk}:{row.user_id}",
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            slots=self._slots(row, shown),
            stops=(UnsubscribeLink.Purpose.SUBSCRIPTION, row.public_id),
            why_not=self._why_not(row),
            context=context,
        )

    def _current_members(self, page: list[Subscription]) -> set[tuple[int, int]]:
        """(organisation, person) of everybody on the page who is a member today."""
        days = {row.organisation_id: clock.today(row.organisation.zone) for row in page}
        rows = self.everybody.memberships.filter(
            organisation_id__in=list(days), user_id__in={row.user_id for row in page}
        ).select_related("programme")
        return {(row.organisation_id, row.user_id) for row in rows if row.is_current_on(days[row.organisation_id])}

    def _why_not(self, row: Subscription) -> str:
        is_member = (row.organisation_id, row.user_id) in self._members
        return "" if is_member else Notice.WhyNot.MEMBERSHIP_ENDED

    def _slots(self, row: Subscription, shown: AlertVersion) -> Callable[[Recipient], Mapping[str, str]]:
        def slots(person: Recipient) -> Mapping[str, str]:
            with translation.override(person.language):
                place = self._name(row.place, person.language)
                return {
                    "why": _("You asked for e-mail about %(place)s, from “%(severity)s” on.")
                    % {"place": place, "severity": SEVERITIES[row.from_severity]},
                    "place": place,
                    "when": self._span(shown, row.place.zone or "UTC", person.language),
                    **self.help.near(row.place.lon, row.place.lat),
                }

        return slots

    def _name(self, place: Place, language: str) -> str:
        key = (place.pk, language)
        if key not in self._names:
            self._names[key] = localised_name(place, language)
        return self._names[key]

    def _span(self, shown: AlertVersion, zone: str, language: str) -> str:
        key = (f"{shown.pk} {zone}", language)
        if key not in self._spans:
            self._spans[key] = span_words(shown.begins_at, shown.ends_at, zone, this_year=self.now.year)
        return self._spans[key]
