"""Telling people what their exposures say is due. It decides the kind of mail and who is not told; the outbox sends.

A notice, its delivery and the mark on the exposure are one transaction, at most MOST_AT_ONCE people each, so two
workers never tell twice and a killed one leaves nothing half told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.timewords import span_words
from safeconduct.matching import emails, words
from safeconduct.matching.actions import Everybody
from safeconduct.matching.help import HelpFinder
from safeconduct.matching.models import Exposure
from safeconduct.matching.recalling import key_of, recall
from safeconduct.notify.actions import MOST_AT_ONCE, News, Telling, tell_many
from safeconduct.notify.addresses import addresses_of
from safeconduct.notify.models import Notice, UnsubscribeLink
from safeconduct.notify.queries import Recipient
from safeconduct.outbox.kinds import Kind
from safeconduct.trips.models import Trip

logger = logging.getLogger(__name__)
PAUSE_AFTER_FAILURE = timedelta(minutes=5)

Batch = tuple[str, int, int | None]
"""Kind, the version that is told of, the version that was told of before."""


def kind_of(row: Exposure, event: Event) -> Kind | None:
    """Return the kind of mail that is due, None when there is nothing to say any more."""
    if row.state == Exposure.State.CLOSED:
        return emails.ENDED if row.told_at and row.closed_reason in Exposure.TOLD_AT_THE_END else None
    if event.state != Event.State.ACTIVE:
        return None
    if row.told_at is None:
        return emails.OPENED
    return emails.UPDATED if row.told_version_id != row.version_id else None


def _knows_it_all(row: Exposure, versions: Mapping[int, AlertVersion]) -> bool:
    if row.state != Exposure.State.OPEN or row.told_version_id is None:
        return False
    return is_recount(versions[row.told_version_id], versions[row.version_id])


def is_recount(before: AlertVersion, version: AlertVersion) -> bool:
    """Return whether a version says nothing new to somebody who knows an earlier one.

    USGS revises an earthquake dozens of times, for every felt report and every metre of depth. News is another
    severity, magnitude, PAGER level or area of ours; a CAP sender decides for itself what is worth an update.
    """
    if version.event.source.format != Source.Format.USGS or before.pk == version.pk:
        return False
    return _said(before) == _said(version)


def _said(version: AlertVersion) -> tuple[object, ...]:
    figures = {name: value for info in version.infos for name, value in info["parameters"]}
    return (
        version.msg_type == "Cancel", version.event_type, version.severity, version.impact_note, version.ends_at,
        figures.get("mag"), figures.get("alert"),
    )  # fmt: skip


def why_not(trip: Trip) -> str:
    """Return why the traveller of a trip is not told, or an empty text.

    A membership that ended keeps the trips that were under way then: they are warned until they end.
    """
    if trip.is_mail_muted:
        return Notice.WhyNot.MUTED
    membership = trip.membership
    ends = [day for day in (membership.ends_on, membership.programme.valid_until) if day is not None]
    zone = trip.organisation.zone
    has_ended = bool(ends) and min(ends) < clock.today(zone)
    if has_ended and trip.starts_at.astimezone(ZoneInfo(zone)).date() > min(ends):
        return Notice.WhyNot.MEMBERSHIP_ENDED
    return ""


def tell_due(everybody: Everybody, now: datetime, limit: int) -> int:
    """Tell up to `limit` exposures that are due and return how many were settled. Rows that another worker tells
    just now are passed over."""
    rows = everybody.exposures.filter(tell_due_at__lte=now).order_by("tell_due_at", "id")
    batches: dict[int, list[int]] = {}
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True).values_list("pk", "version_id")
        for pk, version_id in free[: min(limit, MOST_AT_ONCE)]:
            batches.setdefault(version_id, []).append(pk)
        return sum(_isolated(keys, everybody, now) for keys in batches.values())


def _isolated(keys: Sequence[int], everybody: Everybody, now: datetime) -> int:
    """Tell one version's people. When that fails, one by one: whoever fails alone waits, with the reason in the row."""
    try:
        return _tell(keys, everybody, now)
    except Exception as error:
        if len(keys) > 1:
            return sum(_isolated([key], everybody, now) for key in keys)
        logger.exception("an exposure could not be told", extra={"exposure": keys[0]})
        everybody.exposures.filter(pk=keys[0]).update(
            tell_due_at=now + PAUSE_AFTER_FAILURE, tell_error=type(error).__name__[:200]
        )
        return 1


def _tell(keys: Sequence[int], everybody: Everybody, now: datetime) -> int:
    with transaction.atomic():
        rows = list(
            everybody.exposures.filter(pk__in=keys, tell_due_at__lte=now)
            .select_related("trip__organisation", "trip__membership__programme", "event")
            .order_by("id")
        )
        wanted = {version for row in rows for version in (row.version_id, row.told_version_id) if version}
        versions = AlertVersion.objects.select_related("event__source").defer("impact_area").in_bulk(wanted)
        # What they were told, or will be by mail that waits, still holds word for word: that stays as it is.
        done = [row.pk for row in rows if _knows_it_all(row, versions)]
        rest = [row for row in rows if row.pk not in set(done)]
        # What has not left yet is replaced by what is so now.
        unheard = recall([row for row in rest if row.told_version_id != row.version_id])
        everybody.exposures.filter(pk__in=unheard).update(told_at=None, told_version_id=None)
        batches: dict[Batch, list[Exposure]] = {}
        for row in rest:
            kind = kind_of(row, row.event)
            if kind is None:
                done.append(row.pk)
            else:
                batches.setdefault((kind.code, row.version_id, row.told_version_id), []).append(row)
        for (code, version_id, before_id), batch in batches.items():
            teller = _Teller(code, versions[version_id], versions.get(before_id or 0), now)
            _mark(batch, teller.tell(batch), everybody, now)
        everybody.exposures.filter(pk__in=done).update(tell_due_at=None)
        return len(rows)


def _mark(batch: Sequence[Exposure], told: frozenset[str], everybody: Everybody, now: datetime) -> None:
    heard = [row.pk for row in batch if key_of(row, row.version_id) in told]
    shared = {"tell_due_at": None, "tell_error": ""}
    everybody.exposures.filter(pk__in=[row.pk for row in batch]).update(**shared)
    everybody.exposures.filter(pk__in=heard, told_at__isnull=True).update(told_at=now)
    everybody.exposures.filter(pk__in=heard).update(told_version_id=batch[0].version_id)


@dataclass
class _Teller:
    """One version's mail of one kind."""

    kind: str
    version: AlertVersion
    before: AlertVersion | None
    now: datetime

    def __post_init__(self) -> None:
        self.help = HelpFinder()
        self.trip_url = addresses_of("trips:detail")
        self._spans: dict[tuple[str, str], str] = {}

    def tell(self, batch: Sequence[Exposure]) -> frozenset[str]:
        """Tell the travellers of a batch; return the keys of those that have been told, now or before."""
        # A cancel often says nothing itself: its mail repeats what the traveller was told.
        shown = self.before if self.kind == emails.ENDED.code and self.before else self.version
        news = News(
            kind=self.kind,
            subject_key=f"event:{self.version.event_id}",
            content_key=f"version:{self.version.pk}:{shown.pk}",
            content=lambda language: emails.alert_words(shown, language, now=self.now),
            severity=shown.severity,
        )
        return tell_many(news, [self._telling(row, shown) for row in batch]).keys

    def _telling(self, row: Exposure, shown: AlertVersion) -> Telling:
        return Telling(
            key=key_of(row, row.version_id),
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            slots=self._slots(row, shown),
            stops=(UnsubscribeLink.Purpose.TRIP, row.trip.public_id),
            why_not=why_not(row.trip),
            context={
                "event": row.event.public_id, "version": self.version.number, "trip": row.trip.public_id,
                "strength": row.strength,
            },
        )

    def _slots(self, row: Exposure, shown: AlertVersion) -> Callable[[Recipient], Mapping[str, str]]:
        def slots(person: Recipient) -> Mapping[str, str]:
            with translation.override(person.language):
                return {
                    "why": words.sentence(row.reason, this_year=self.now.year, trip_title=row.trip.title),
                    "place": words.place_name(row.reason),
                    "when": self._span(shown, str(row.reason.get("zone") or "UTC"), person.language),
                    "closed": words.closed(row.closed_reason, row.reason),
                    "trip_title": row.trip.title,
                    "trip_url": self.trip_url(row.trip.public_id),
                    **self.help.near(*row.reason.get("at", (0.0, 0.0))),
                }

        return slots

    def _span(self, shown: AlertVersion, zone: str, language: str) -> str:
        key = (zone, language)
        if key not in self._spans:
            self._spans[key] = span_words(shown.begins_at, shown.ends_at, zone, this_year=self.now.year)
        return self._spans[key]
