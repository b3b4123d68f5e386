"""Telling people about destinations they asked for: once per event version, and only while no trip tells them.

A country: the warning's area touches it, or names it. A city: the area reaches it, or, from Severe on, its country
is warned as a whole. Who was told of an event hears of its updates and once of its cancellation, or that its source no
longer lists it. What several sources tell of is one thing (known.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.alerts.labels import SEVERITIES
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_public, reaches_travellers
from safeconduct.lib import clock
from safeconduct.lib.timewords import span_words
from safeconduct.matching import emails, exposures
from safeconduct.matching.actions import Everybody
from safeconduct.matching.help import HelpFinder
from safeconduct.matching.known import Known
from safeconduct.matching.match import Impact, Whereabouts, areas_of, match
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

Change = Literal["new", "updated", "also", "goes_on", "ended"]
"""Of an event nobody told yet; of one that was told; of a further source of an incident that another one told, or of
the source that is left; over."""
RANK: Final = {"Extreme": 4, "Severe": 3, "Moderate": 2, "Unknown": 1, "Minor": 0}
PAGE: Final = 1000
LARGEST_DEGREES: Final = 0.3
"""More than the radius of the largest city, 30 km, in degrees of latitude."""


def reaches(impact: Impact, place: Place) -> bool:
    """Return whether a warning matters at a destination, whenever somebody is there."""
    if place.is_country:
        return place.country_code in (impact.countries or ())
    extent = extent_for(place)
    somebody = Whereabouts(
        extent.kind, place.country_code, impact.onset_at, None, extent.lon, extent.lat, extent.geometry
    )
    return match(impact, somebody) is not None


def tell_subscribers(version: AlertVersion, *, everybody: Everybody, now: datetime) -> int:
    """Tell the subscribers of a version; return how many deliveries are new. Again tells nobody."""
    new, is_held = _tell_version(version, everybody, now)
    if is_held:
        # Somebody did not hear that this one is over, because another source still warns: that one speaks now.
        others = Event.objects.filter(incident__events=version.event_id, state=Event.State.ACTIVE)
        for other in others.exclude(pk=version.event_id).select_related("current_version", "source"):
            if other.current_version is not None:
                other.current_version.event = other
                new += _tell_version(other.current_version, everybody, now)[0]
    return new


def _tell_version(version: AlertVersion, everybody: Everybody, now: datetime) -> tuple[int, bool]:
    """Tell one version; return how many deliveries are new, and whether somebody's “over” was held back."""
    event = version.event
    if event.current_version_id != version.pk:
        return 0, False
    if event.state != Event.State.ACTIVE or version.ends_at <= now:
        return _tell(version, frozenset(), everybody, now) if _is_told_at_the_end(event, now) else (0, False)
    impact = impact_of(version) if reaches_travellers(version) else None
    if impact is None:
        return _tell(version, frozenset(), everybody, now)
    near = _near(impact, everybody)
    return _tell(version, {place.pk for place in near if reaches(impact, place)}, everybody, now)


def _is_told_at_the_end(event: Event, now: datetime) -> bool:
    """Whether people hear that an event is over: not when it ended at the time that it had named."""
    if event.state == Event.State.ACTIVE:
        return False
    reason = exposures.end_reason(event)
    is_early = event.ends_at is None or event.ends_at > now
    return reason == Exposure.Closed.CANCELLED or (reason == Exposure.Closed.VANISHED and is_early)


def reached(version: AlertVersion, places: Collection[Place]) -> frozenset[int]:
    """Return the keys of the places that a version reaches."""
    impact = impact_of(version)
    if impact is None:
        return frozenset()
    return frozenset(place.pk for place in places if reaches(impact, place))


def _near(impact: Impact, everybody: Everybody) -> QuerySet[Place]:
    """The destinations somebody asked for that may be reached: countries by name, cities by latitude as well."""
    asked = everybody.subscriptions.filter(ended_at__isnull=True).order_by().values("place_id").distinct()
    may_be = Q(country_code__in=list(impact.countries or ()))
    for area in areas_of(impact):
        _west, south, _east, north = area.bounds
        may_be |= Q(lat__gte=south - LARGEST_DEGREES, lat__lte=north + LARGEST_DEGREES)
    return Place.objects.filter(may_be, pk__in=asked)


def _tell(
    version: AlertVersion, reached_places: Collection[int], everybody: Everybody, now: datetime
) -> tuple[int, bool]:
    """Go through people in pages, with all their subscriptions: of reached places, and who was told before."""
    new, last = 0, 0
    teller = _Teller(version, frozenset(reached_places), everybody, now)
    concerned = Q(place_id__in=list(reached_places)) | Q(user_id__in=teller.notices().values("user_id"))
    live = everybody.subscriptions.filter(ended_at__isnull=True)
    while True:
        with transaction.atomic():
            found = live.filter(concerned, user_id__gt=last).order_by("user_id")
            users = list(found.values_list("user_id", flat=True).distinct()[:PAGE])
            # Locked: another worker may be telling the same people of the same incident by another source.
            rows = live.filter(user_id__in=users).select_for_update(of=("self",)).order_by("pk")
            new += teller.tell(list(rows.select_related("place", "organisation")))
        if len(users) < PAGE:
            return new, teller.is_held
        last = users[-1]


@dataclass(frozen=True)
class _Due:
    """What one person is to hear: by which subscription, about which places, and the event it follows from."""

    row: Subscription
    change: Change
    shown: int
    places: frozenset[int]
    other: int | None = None
    is_quiet: bool = False


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
        self.is_vanished = self.version.event.state == Event.State.VANISHED
        self.is_restricted = self.version.event.state == Event.State.ACTIVE and not reaches_public(
            self.version.scope, self.version.event.source
        )
        self._spans: dict[tuple[str, str], str] = {}
        self._names: dict[tuple[int, str], str] = {}
        self._members: set[tuple[int, int]] = set()
        self.is_held = False

    def notices(self) -> TenantQuerySet[Notice]:
        """Return what people were told of the event by subscription."""
        return self.everybody.notices.filter(
            subject_key=self.subject, kind=emails.SUBSCRIPTION.code, told=True
        )

    def tell(self, page: list[Subscription]) -> int:
        """Tell one page; one mail a person."""
        people: dict[int, list[Subscription]] = {}
        for row in page:
            people.setdefault(row.user_id, []).append(row)
        places = {row.place_id: row.place for row in page}
        self.known = Known(self.version, people.keys(), places.values(), self.everybody, reached, self.now)
        by_trip = self._told_by_trip(people.keys())
        self._members = self._current_members(page)
        wanted = {pk for user in people if (pk := self.known.own_version(user)) is not None}
        told = AlertVersion.objects.select_related("event__source").defer("impact_area").in_bulk(wanted)
        groups: dict[tuple[Change, int, int | None, bool], list[_Due]] = {}
        for user, rows in people.items():
            due = self._due(user, rows, told) if user not in by_trip else None
            if due is not None:
                groups.setdefault((due.change, due.shown, due.other, due.is_quiet), []).append(due)
        return sum(self._send(dues).new for dues in groups.values())

    def _due(self, user: int, rows: list[Subscription], told: Mapping[int, AlertVersion]) -> _Due | None:
        """What one person is to hear now, None for nothing."""
        known, version = self.known, self.version
        heard = [row for row in rows if row.place_id in self.reached and self._is_heard(row)]
        before = known.own_version(user)
        if not heard:
            return self._ended(user, rows, before) if before is not None else None
        places = frozenset(row.place_id for row in heard)
        if before is not None and before in told and is_recount(told[before], version):
            return None
        covering = known.covering(user, places)
        is_led = before is None or not known.leads(user, covering)
        is_news = known.is_worse(version, covering, user) or known.is_first_official(version, covering, user)
        if covering and is_led and not is_news:
            first = min(covering, key=lambda pk: (pk != known.lead_id, covering[pk].order))
            change: Change = "new" if before is None else "updated"
            return _Due(heard[0], change, version.pk, places, first, is_quiet=True)
        if before is not None:
            return _Due(heard[0], "updated", version.pk, places)
        if covering:
            return _Due(
                heard[0], "also", version.pk, places, min(covering, key=lambda pk: covering[pk].order)
            )
        gone = known.gone(user, places)
        return _Due(heard[0], "new" if gone is None else "goes_on", version.pk, places, gone)

    def _ended(self, user: int, rows: list[Subscription], before: int) -> _Due:
        places = self.known.own_places(user)
        still = self.known.still(places & {row.place_id for row in rows if self._is_heard(row, at_all=True)})
        self.is_held = self.is_held or still is not None
        return _Due(rows[0], "ended", before or self.version.pk, places, still, is_quiet=still is not None)

    def _is_heard(self, row: Subscription, *, at_all: bool = False) -> bool:
        return at_all or RANK.get(self.version.severity, 1) >= RANK[row.from_severity]

    def _told_by_trip(self, users: Collection[int]) -> set[int]:
        """People whom an exposure tells: told already, or due now, and not muted."""
        rows = self.everybody.exposures.filter(
            event_id=self.version.event_id, user_id__in=users, trip__mail_muted_at__isnull=True
        )
        return {
            row.user_id
            for row in rows.only("user_id", "told_at", "told_by_id", "tell_due_at", "state")
            if row.told_at or row.told_by_id or (row.tell_due_at and row.tell_due_at <= self.now)
        }

    def _send(self, dues: list[_Due]) -> Told:
        """Send what is alike for all of these."""
        due, shown = dues[0], self.version
        if due.shown != shown.pk:
            shown = AlertVersion.objects.select_related("event__source").get(pk=due.shown)
        other = self.known.names.get(due.other or 0, "")
        news = News(
            kind=emails.SUBSCRIPTION.code,
            subject_key=self.subject,
            content_key=f"version:{self.version.pk}:{shown.pk}:{due.change}:{due.other or ''}"
            + (":vanished" if self.is_vanished else ""),
            content=lambda language: emails.alert_words(
                shown,
                language,
                now=self.now,
                change=due.change,
                other=other,
                is_vanished=self.is_vanished,
                is_restricted=self.is_restricted,
            ),
            severity=shown.severity,
        )
        return tell_many(news, [self._telling(one, shown) for one in dues])

    def _telling(self, due: _Due, shown: AlertVersion) -> Telling:
        row = due.row
        key = f"{self.version.event_id}:{self.version.pk}:{row.user_id}"
        if due.change == "ended" and shown.pk == self.version.pk:
            # It ended without a message of its own: this version was told when it was new.
            key = f"{key}:over"
        context = {
            "event": shown.event.public_id, "version_id": self.version.pk, "change": due.change,
            "places": sorted(due.places),
        }  # fmt: skip
        if due.is_quiet:
            context["told_by"] = self.known.names.get(due.other or 0, "")
        return Telling(
            # Another key: when the other source falls silent, this very news is told after all.
            key=f"{key}:same" if due.is_quiet else key,
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            slots=self._slots(row, shown),
            stops=(UnsubscribeLink.Purpose.SUBSCRIPTION, row.public_id),
            why_not=self._why_not(due),
            context=context,
        )

    def _current_members(self, page: list[Subscription]) -> set[tuple[int, int]]:
        """(organisation, person) of everybody on the page who is a member today."""
        days = {row.organisation_id: clock.today(row.organisation.zone) for row in page}
        rows = self.everybody.memberships.filter(
            organisation_id__in=list(days), user_id__in={row.user_id for row in page}
        ).select_related("programme")
        return {
            (row.organisation_id, row.user_id) for row in rows if row.is_current_on(days[row.organisation_id])
        }

    def _why_not(self, due: _Due) -> str:
        if (due.row.organisation_id, due.row.user_id) not in self._members:
            return Notice.WhyNot.MEMBERSHIP_ENDED
        if not due.is_quiet:
            return ""
        return Notice.WhyNot.STILL_WARNED if due.change == "ended" else Notice.WhyNot.SAME_EVENT

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
