"""Telling of a change of level: an official advice's, or a rating's. Who goes there, or asked about it, is told once.

A `LevelChange` is finished words about one country; where it comes from is a `Queue` of versions that wait to be told.
Once per destination and change: a traveller by their trip, somebody who subscribed otherwise, never by both. Nobody is
told of a first sight, of a change that was taken back before it was told, or of one that is old when it is first seen.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import F, Model, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from safeconduct.lib import clock, leases
from safeconduct.matching import words
from safeconduct.matching.actions import Everybody
from safeconduct.matching.emails import level_words
from safeconduct.matching.help import HelpFinder
from safeconduct.matching.ranks import rank
from safeconduct.matching.telling import why_not
from safeconduct.notify.actions import News, Telling, tell_many
from safeconduct.notify.addresses import absolute, addresses_of
from safeconduct.notify.models import Notice, Subscription, UnsubscribeLink
from safeconduct.notify.queries import Recipient
from safeconduct.places.queries import localised_name
from safeconduct.trips.models import WATCHED, Stay

logger = logging.getLogger(__name__)
PAGE: Final = 500
"""People in one transaction: with notice, delivery and link still below a thousand rows of each."""
LEASE_SECONDS: Final = 120.0
TOO_OLD: Final = timedelta(days=14)
"""A change that is older when it is first seen, or when it can be told, tells nobody."""

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class LevelChange:
    """A change as it is told. Lazy words are put in each reader's language."""

    kind: str
    """Code of a message kind that is unsubscribable."""
    key: str
    """The same change has the same one; with a person's number at most 160 characters after the kind."""
    subject_key: str
    """What it is about, for the list of notices."""
    country_code: str
    """ISO 3166-1; empty: every destination."""
    old: Words
    new: Words
    heading: Words
    """What changed, in a few words: “Level raised”."""
    reason: Words
    """The publisher's, the formula's or the editor's; empty when there is none."""
    source: Words
    url: str
    """Path of our page about it."""
    severity: str
    """CAP 1.2, of what holds now."""
    reach: str
    """The severity that a subscription compares with: the worse of before and now, so that whoever heard of the one
    hears of the other."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """More for the mail (emails.level_words)."""


@dataclass(frozen=True)
class Queue:
    """Versions that wait to be told. `rows`: with `due_at`, `lease_until`, `lease_by`, `matched_at`; `subject`: the
    column by which versions follow each other; `change_of`: several untold ones of a subject, oldest first, in one
    change, None when it is not to be told."""

    rows: Callable[[], QuerySet[Any]]
    subject: str
    change_of: Callable[[Sequence[Any], datetime], LevelChange | None]


def tell_queue(queue: Queue, everybody: Everybody, now: datetime, limit: int) -> int:
    """Tell what waits in a queue, up to `limit` versions; return how many were settled. A failed one waits for its
    lease to end."""
    by = leases.holder()
    waiting = queue.rows().filter(is_notable=True, matched_at__isnull=True)
    claimed = leases.claim(waiting.order_by("pk"), by=by, limit=limit, seconds=LEASE_SECONDS, now=now)
    done = 0
    for subject in dict.fromkeys(getattr(row, queue.subject) for row in claimed):
        rows = list(waiting.filter(**{queue.subject: subject}).order_by("pk"))
        if any(row.lease_by != by and (row.lease_until or now) > now for row in rows):
            # Somebody is telling an earlier one. What takes it back may only be judged when that has ended.
            leases.release(waiting, [row.pk for row in rows], by=by)
            continue
        done += _isolated(queue, rows, everybody, now)
    return done


def _isolated(queue: Queue, rows: Sequence[Model], everybody: Everybody, now: datetime) -> int:
    try:
        change = queue.change_of(rows, now) if rows else None
        if change is None:
            change = _since_half_told(queue, rows, everybody, now)
        if change is not None:
            tell_change(change, everybody=everybody, now=now)
        settled = queue.rows().filter(pk__in=[row.pk for row in rows])
        return settled.update(matched_at=now, lease_until=None, lease_by="")
    except OperationalError:
        # A deadlock, a lost connection: no fault of the change. It comes up again when its lease has ended.
        raise
    except Exception:
        logger.exception("a change of level could not be told", extra={"rows": [row.pk for row in rows]})
        return 0


def _since_half_told(
    queue: Queue, rows: Sequence[Model], everybody: Everybody, now: datetime
) -> LevelChange | None:
    """What came after a change that some were told of before its telling broke off: they hear that it was taken back."""
    for count in range(len(rows) - 1, 0, -1):
        earlier = queue.change_of(rows[:count], now)
        begins = f"{earlier.kind}:{earlier.key}:" if earlier else ""
        if begins and everybody.notices.filter(key__startswith=begins, told=True).exists():
            return queue.change_of(rows[count:], now)
    return None


def waiting_rows(model: type[Model], since: str) -> Callable[[], QuerySet[Any]]:
    """Return the rows of a table of versions as a queue reads them; `since`: its column of when it was seen."""
    return lambda: model._default_manager.annotate(due_at=F(since))


def tell_change(change: LevelChange, *, everybody: Everybody, now: datetime) -> int:
    """Tell everybody whom a change concerns; return how many deliveries are new. Again tells nobody.

    Somebody who cannot be told keeps nobody else waiting; what was wrong is raised when all others have heard.
    """
    new, last = 0, 0
    trouble: list[Exception] = []
    teller = _Teller(change, everybody, now)
    while True:
        users = teller.people_after(last)
        try:
            with transaction.atomic():
                new += teller.tell(users)
        except OperationalError:
            raise
        except Exception:
            logger.exception("a page of people could not be told at once", extra={"change": change.key})
            new += _one_by_one(teller, users, trouble)
        if len(users) < PAGE:
            break
        last = users[-1]
    if trouble:
        raise trouble[0]
    return new


def _one_by_one(teller: _Teller, users: Sequence[int], trouble: list[Exception]) -> int:
    """Tell a page again, each person in a transaction of their own."""
    new = 0
    for user in users:
        try:
            with transaction.atomic():
                new += teller.tell([user])
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("one person could not be told of a change of level")
            trouble.append(error)
    return new


@dataclass
class _Teller:
    """One change for one page of people after the other."""

    change: LevelChange
    everybody: Everybody
    now: datetime

    def __post_init__(self) -> None:
        self.help = HelpFinder()
        self.trip_url = addresses_of("trips:detail")
        self.stays = self.everybody.stays.filter(to_at__gte=self.now, trip__state__in=WATCHED)
        self.subscriptions = self.everybody.subscriptions.filter(ended_at__isnull=True)
        if self.change.country_code:
            self.stays = self.stays.filter(country_code=self.change.country_code)
            self.subscriptions = self.subscriptions.filter(place__country_code=self.change.country_code)
        heard = [
            word
            for word in ("Extreme", "Severe", "Moderate", "Minor")
            if rank(word) <= rank(self.change.reach)
        ]
        self.subscriptions = self.subscriptions.filter(from_severity__in=heard)

    def people_after(self, last: int) -> list[int]:
        """The next page of people, by number: those who go there, and those who asked."""
        found: set[int] = set()
        for rows in (self.stays, self.subscriptions):
            later = rows.filter(user_id__gt=last).order_by("user_id")
            found.update(later.values_list("user_id", flat=True).distinct()[:PAGE])
        return sorted(found)[:PAGE]

    def tell(self, users: Sequence[int]) -> int:
        """Tell one page of people."""
        # Keys hold for all organisations, and whoever belongs to two hears it once.
        keys = {f"{self.change.kind}:{self._key(user)}": user for user in users}
        known = set(self.everybody.notices.filter(key__in=list(keys)).values_list("key", flat=True))
        fresh = [user for key, user in keys.items() if key not in known]
        stays, asked = self._stays(fresh), self._asked(fresh)
        tellings = [
            telling
            for user in fresh
            if (telling := self._telling(user, stays.get(user, []), asked.get(user, [])))
        ]
        if not tellings:
            return 0
        news = News(
            kind=self.change.kind,
            subject_key=self.change.subject_key,
            content_key=self.change.key,
            content=lambda language: level_words(self.change, language),
            severity=self.change.severity,
        )
        return tell_many(news, tellings).new

    def _key(self, user: int) -> str:
        return f"{self.change.key}:{user}"

    def _stays(self, users: Sequence[int]) -> dict[int, list[Stay]]:
        """Of each person the stays there that are not over, those of trips that may be told of first."""
        related = ("trip__organisation", "trip__membership__programme")
        found: dict[int, list[Stay]] = defaultdict(list)
        for stay in self.stays.filter(user_id__in=users).select_related(*related).order_by("from_at", "pk"):
            found[stay.user_id].append(stay)
        return {user: sorted(rows, key=lambda stay: bool(why_not(stay.trip))) for user, rows in found.items()}

    def _asked(self, users: Sequence[int]) -> dict[int, list[Subscription]]:
        """Of each person the subscriptions, the country itself and current memberships first."""
        rows = (
            self.subscriptions.filter(user_id__in=users)
            .select_related("place", "organisation")
            .order_by("pk")
        )
        found: dict[int, list[Subscription]] = defaultdict(list)
        for row in rows:
            found[row.user_id].append(row)
        self._members = self._current_members([row for mine in found.values() for row in mine])
        return {
            user: sorted(mine, key=lambda row: (not self._is_member(row), not row.place.is_country))
            for user, mine in found.items()
        }

    def _current_members(self, rows: Sequence[Subscription]) -> set[tuple[int, int]]:
        days = {row.organisation_id: clock.today(row.organisation.zone) for row in rows}
        memberships = self.everybody.memberships.filter(
            organisation_id__in=list(days), user_id__in={row.user_id for row in rows}
        ).select_related("programme")
        return {
            (one.organisation_id, one.user_id)
            for one in memberships
            if one.is_current_on(days[one.organisation_id])
        }

    def _is_member(self, row: Subscription) -> bool:
        return (row.organisation_id, row.user_id) in self._members

    def _telling(self, user: int, stays: Sequence[Stay], asked: Sequence[Subscription]) -> Telling | None:
        """By a trip, else by a subscription; else the reason why not, for the record."""
        by_trip = stays[0] if stays else None
        if by_trip is not None and (not why_not(by_trip.trip) or not any(map(self._is_member, asked))):
            return self._by_trip(user, by_trip)
        return self._by_subscription(user, asked[0]) if asked else None

    def _by_trip(self, user: int, stay: Stay) -> Telling:
        trip = stay.trip

        def slots(person: Recipient) -> Mapping[str, str]:
            with translation.override(person.language):
                return {
                    "why": words.sentence(_reason(stay), this_year=self.now.year, trip_title=trip.title),
                    "own_url": self.trip_url(trip.public_id),
                    "own_label": _("Your trip “%(title)s”") % {"title": trip.title},
                    "because": _("You get this because you registered a trip."),
                    "stop": _("Stop e-mail for this trip"),
                    **self.help.near(stay.lon, stay.lat),
                }

        return Telling(
            key=self._key(user), user_id=user, organisation_id=stay.organisation_id, slots=slots,
            stops=(UnsubscribeLink.Purpose.TRIP, trip.public_id), why_not=why_not(trip),
            context={"trip": trip.public_id, "country": self.change.country_code},
        )  # fmt: skip

    def _by_subscription(self, user: int, row: Subscription) -> Telling:
        def slots(person: Recipient) -> Mapping[str, str]:
            with translation.override(person.language):
                place = localised_name(row.place, person.language)
                return {
                    "why": _("You asked for e-mail about %(place)s.") % {"place": place},
                    "own_url": absolute(reverse("notify:subscriptions")),
                    "own_label": _("Your e-mail alerts"),
                    "because": _("You get this because you asked for e-mail about this destination."),
                    "stop": _("End this subscription"),
                    **self.help.near(row.place.lon, row.place.lat),
                }

        return Telling(
            key=self._key(user), user_id=user, organisation_id=row.organisation_id, slots=slots,
            stops=(UnsubscribeLink.Purpose.SUBSCRIPTION, row.public_id),
            why_not="" if self._is_member(row) else Notice.WhyNot.MEMBERSHIP_ENDED,
            context={"subscription": row.public_id, "country": self.change.country_code},
        )  # fmt: skip


def _reason(stay: Stay) -> words.Reason:
    """A stay as `words.sentence` reads it: it says where and when, and nothing of an area."""
    return {
        "place": stay.label, "kind": stay.extent_kind, "country": stay.country_code, "zone": stay.zone,
        "from": stay.from_at.isoformat(), "to": stay.to_at.isoformat(), "open_end": stay.is_open_end,
        "in_a_gap": not stay.certain,
    }  # fmt: skip


def is_too_old(said_at: datetime | None, seen_at: datetime, now: datetime) -> bool:
    """Whether a change is no news any more: it was old when it was first seen, or could not be told for long."""
    return now - seen_at > TOO_OLD or (said_at is not None and seen_at - said_at > TOO_OLD)
