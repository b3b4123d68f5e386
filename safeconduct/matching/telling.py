"""Telling people what their exposures say is due. It decides the kind of mail and who is not told; the outbox sends.

A notice, its delivery and the mark on the exposure are one transaction, at most MOST_AT_ONCE people each, so two
workers never tell twice and a killed one leaves nothing half told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import translation

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_public
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.timewords import span_words
from safeconduct.matching import emails, words
from safeconduct.matching.actions import Everybody
from safeconduct.matching.help import HelpFinder
from safeconduct.matching.models import Exposure
from safeconduct.matching.neighbours import Neighbours, first_of_all
from safeconduct.matching.recalling import key_of, recall
from safeconduct.matching.together import FULL, Part, Together, Verdict, in_order, shared_incidents
from safeconduct.notify.actions import MOST_AT_ONCE, News, Telling, tell_many
from safeconduct.notify.addresses import addresses_of
from safeconduct.notify.models import Notice, UnsubscribeLink
from safeconduct.notify.queries import Recipient
from safeconduct.outbox.kinds import Kind
from safeconduct.trips.models import Trip

logger = logging.getLogger(__name__)
PAUSE_AFTER_FAILURE = timedelta(minutes=5)

BRIEF: Final = ("also", "goes_on")
QUIET: Final = ("quiet", "heard", "near")
CARRIED: Final = ("quiet", "near")
WINDOW: Final = 4
"""How many batches are looked through for trips that no other worker tells just now."""

Batch = tuple[str, int, int | None, str, int | None]
"""Kind, the version that is told of, the one that was told of before; the manner, and the event it follows from."""


def kind_of(row: Exposure, event: Event) -> Kind | None:
    """Return the kind of mail that is due, None when there is nothing to say any more."""
    if row.state == Exposure.State.CLOSED:
        return emails.ENDED if row.told_at and row.closed_reason in Exposure.TOLD_AT_THE_END else None
    if not event.is_in_force:
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
    A message issued again under a new identifier says what the one before it said, to the letter or with the same
    severity and area; one that is listed again says what it said.
    """
    if before.pk != version.pk and before.content_sha == version.content_sha:
        return True
    if version.is_reissue:
        earlier = version.event.versions.filter(number__lt=version.number, is_reissue=False)
        spoken = earlier.select_related("event__source").order_by("-number").first()
        return spoken is None or spoken.number <= before.number or is_recount(before, spoken)
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
    if membership is None:
        # Entered for somebody who is no member yet: whoever entered it wants them warned.
        return ""
    ends = [day for day in (membership.ends_on, membership.programme.valid_until) if day is not None]
    zone = trip.organisation.zone
    has_ended = bool(ends) and min(ends) < clock.today(zone)
    if has_ended and trip.starts_at.astimezone(ZoneInfo(zone)).date() > min(ends):
        return Notice.WhyNot.MEMBERSHIP_ENDED
    return ""


def tell_due(everybody: Everybody, now: datetime, limit: int) -> int:
    """Tell up to about `limit` exposures that are due and return how many were settled.

    Trips that another worker tells just now are passed over: what one trip hears of one event is decided by one.
    """
    with transaction.atomic():
        batches = _claim(everybody, now, min(limit, MOST_AT_ONCE))
        return sum(_isolated(keys, everybody, now) for keys in batches)


def _claim(everybody: Everybody, now: datetime, most: int) -> list[list[int]]:
    """Lock trips, then their exposures that are due; return the keys of these, version by version, leads first.

    Everything due of an incident comes along, so that its lead is told first whoever was due first; and, beside what
    merely touches a place, what the same source says that holds it inside.
    """
    due = everybody.exposures.filter(tell_due_at__lte=now)
    window = list(due.order_by("tell_due_at", "id").values_list("pk", "trip_id")[: WINDOW * most])
    for start in range(0, len(window), most):
        part = window[start : start + most]
        trips = everybody.trips.select_for_update(skip_locked=True).filter(
            pk__in={trip for _pk, trip in part}
        )
        free = set(trips.order_by("pk").values_list("pk", flat=True))
        if free:
            break
    else:
        return []
    keys = [pk for pk, trip in part if trip in free]
    ours = Q(pk__in=keys)
    incidents = set(due.filter(ours).order_by().values_list("event__incident_id", flat=True).distinct())
    if shared := shared_incidents(incidents):
        ours |= Q(trip_id__in=free, event__incident_id__in=shared)
    ours |= first_of_all(due, keys, free)
    # Not the key: `told_by` of a neighbour refers to these rows, and its check would wait for the whole lock.
    locked = due.filter(ours).select_for_update(of=("self",), no_key=True).order_by("pk")
    batches: dict[Part, list[int]] = {}
    for pk, version_id, strength in locked.values_list("pk", "version_id", "strength"):
        batches.setdefault((version_id, strength == Exposure.Strength.INSIDE), []).append(pk)
    versions = AlertVersion.objects.select_related("event__incident").only(
        "severity", "event__incident__lead_id"
    )
    order = in_order(batches, versions.in_bulk({version_id for version_id, _is_inside in batches}))
    return [batches[part][at : at + most] for part in order for at in range(0, len(batches[part]), most)]


def _isolated(keys: Sequence[int], everybody: Everybody, now: datetime) -> int:
    """Tell one version's people. When that fails, one by one: whoever fails alone waits, with the reason in the row."""
    try:
        return _tell(keys, everybody, now)
    except OperationalError:
        # A deadlock, a lost connection: no fault of theirs. Everything is taken back and due at once again.
        raise
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
        together = Together(rest, everybody, now)
        neighbours = Neighbours(rest, versions, everybody, now)
        others: dict[int | None, Exposure | None] = {None: None}
        carried: dict[int, int] = {}
        for row in rest:
            kind = kind_of(row, row.event)
            if kind is None:
                done.append(row.pk)
                continue
            version, before = versions[row.version_id], versions.get(row.told_version_id or 0)
            verdict = together.verdict(row, version, before, kind.code)
            if verdict == FULL and kind.code == emails.OPENED.code:
                near = neighbours.covering(row, version)
                verdict = Verdict("near", near) if near else verdict
            code = emails.UPDATED.code if verdict.manner in BRIEF else kind.code
            other = verdict.other
            others[other.event_id if other else None] = other
            if verdict.manner in CARRIED and other and row.state == Exposure.State.OPEN:
                carried[row.pk] = other.pk
            batch = (
                code,
                row.version_id,
                row.told_version_id,
                verdict.manner,
                other.event_id if other else None,
            )
            batches.setdefault(batch, []).append(row)
        # In one order everywhere: each batch writes a message, and another worker may be writing the same ones.
        for (code, version_id, before_id, manner, other_id), batch_rows in sorted(
            batches.items(), key=lambda item: tuple(str(part) for part in item[0])
        ):
            before, other = versions.get(before_id or 0), others[other_id]
            teller = _Teller(code, versions[version_id], before, now, manner, other.event if other else None)
            _mark(batch_rows, teller.tell(batch_rows), everybody, now)
        _remember(carried, everybody)
        everybody.exposures.filter(pk__in=done).update(tell_due_at=None)
        return len(rows)


def _remember(carried: Mapping[int, int], everybody: Everybody) -> None:
    """Write by which exposure each was told; most of a batch share none, so they go one by one in groups."""
    groups: dict[int, list[int]] = {}
    for pk, by in carried.items():
        groups.setdefault(by, []).append(pk)
    rows = [Exposure(pk=pk, told_by_id=by) for by, keys in groups.items() for pk in keys]
    if rows:
        everybody.exposures.bulk_update(rows, ["told_by"], batch_size=200)


def _mark(batch: Sequence[Exposure], told: frozenset[str], everybody: Everybody, now: datetime) -> None:
    heard = [row.pk for row in batch if key_of(row, row.version_id) in told]
    shared = {"tell_due_at": None, "tell_error": ""}
    everybody.exposures.filter(pk__in=[row.pk for row in batch]).update(**shared)
    everybody.exposures.filter(pk__in=heard, told_at__isnull=True).update(told_at=now)
    everybody.exposures.filter(pk__in=heard).update(told_version_id=batch[0].version_id, told_by=None)


@dataclass
class _Teller:
    """One version's mail of one kind."""

    kind: str
    version: AlertVersion
    before: AlertVersion | None
    now: datetime
    manner: str = "full"
    other: Event | None = None

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
            content_key=f"version:{self.version.pk}:{shown.pk}:{self._before_key()}",
            content=lambda language: self._words(shown, language),
            severity=shown.severity,
        )
        return tell_many(news, [self._telling(row, shown) for row in batch]).keys

    def _before_key(self) -> str:
        if self.kind != emails.UPDATED.code:
            return ""
        return f"{self.manner}:{self.other.pk if self.other else self.before.pk if self.before else 0}"

    def _words(self, shown: AlertVersion, language: str) -> Mapping[str, Any]:
        if self.kind == emails.ENDED.code:
            event = self.version.event
            hidden = event.state == Event.State.ACTIVE and not reaches_public(
                self.version.scope, event.source
            )
            return emails.alert_words(shown, language, now=self.now, is_restricted=hidden)
        if self.kind != emails.UPDATED.code:
            return emails.alert_words(shown, language, now=self.now)
        other = self.other.source.name if self.other else ""
        return emails.update_words(
            shown, self.before, language, now=self.now, manner=self.manner, other=other
        )

    def _telling(self, row: Exposure, shown: AlertVersion) -> Telling:
        is_quiet = self.manner in QUIET
        # Another key: when the other source falls silent, this very news is told after all.
        key = key_of(row, row.version_id)
        why = why_not(row.trip)
        if is_quiet:
            why = why or self._why_quiet()
            key = f"{key}:near" if self.manner == "near" else f"{key}:same"
        return Telling(
            key=key,
            user_id=row.user_id,
            organisation_id=row.organisation_id,
            slots=self._slots(row, shown),
            stops=(UnsubscribeLink.Purpose.TRIP, row.trip.public_id),
            why_not=why,
            context={
                "event": row.event.public_id,
                "version": self.version.number,
                "trip": row.trip.public_id,
                "strength": row.strength,
                **({"told_by": self.other.source.name} if is_quiet and self.other else {}),
            },
        )

    def _why_quiet(self) -> str:
        if self.manner == "near":
            return Notice.WhyNot.NEIGHBOUR
        is_held = self.kind == emails.ENDED.code and self.manner == "quiet"
        return Notice.WhyNot.STILL_WARNED if is_held else Notice.WhyNot.SAME_EVENT

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
