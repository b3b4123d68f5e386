"""Rolling the window of the search rows: each week one more week ahead is taken in, and what is past goes.

A roll looks through all stays once, a page in one transaction under the lock of its trips, and goes on where a killed
worker left it. Trips that got rows are handed to the room above, in the same transaction: they are matched again, since
an alert that lasts so long was matched before they could be found.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Lower

from safeconduct.accounts.models import User
from safeconduct.lib import clock, leases
from safeconduct.lib.cells import first_country_key, first_key, week_begins_at
from safeconduct.orgs.models import Membership
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips import cells, hooks
from safeconduct.trips.attaching import attach_trips
from safeconduct.trips.comparing import compare
from safeconduct.trips.models import (
    Addressee,
    ApprovalRequest,
    ApprovalRule,
    Roll,
    Stay,
    StayCell,
    Trip,
    TripImport,
)
from safeconduct.trips.reminding import remind
from safeconduct.trips.weighing import rule_of

REASON: Final = "search rows exist for the stays of every organisation"
STAND_IN_DAYS: Final = 365
COMPARE_SECONDS: Final = 300
"""How often the trips of an organisation with a rule of approval are compared with the levels of now."""
ATTACHING: Final = "addresses of every organisation that have been verified meanwhile"
LEASE_SECONDS: Final = 300.0
PAGE: Final = 1000
SETTLING: Final = timedelta(hours=1)
"""A week is taken in this long after it came into reach: a trip that was being stored then has its own rows for it."""


def run_due(limit: int = 5000) -> int:
    """Roll up to about `limit` stays into the window and drop up to as many past rows; return how many."""
    now = clock.now()
    _drop_rejected(now)
    _drop_stand_ins(now)
    _drop_drafts(now)
    return _extend(now, limit) + _drop_past(now, limit)


def _drop_rejected(now: datetime) -> None:
    """Forget the rows that did not enter, with what was typed in them: who wanted to mend them has done so."""
    old = now - timedelta(days=TripImport.REJECTED_DAYS)
    TripImport.objects.across_orgs("rows of files are kept for a while").filter(started_at__lt=old).exclude(
        rejected_csv="", problems=[]
    ).update(rejected_csv="", problems=[])


def _drop_stand_ins(now: datetime) -> None:
    """Forget people without an account, with their trips, long after the last of these is over."""
    old = now - timedelta(days=STAND_IN_DAYS)
    reason = "people without an account are kept for a while"
    fresh = Trip.objects.across_orgs(reason).filter(Q(ends_at__isnull=True) | Q(ends_at__gte=old))
    gone = Addressee.objects.across_orgs(reason).filter(
        stand_in__isnull=False, made_at__lt=old, stand_in__joined_at__lt=old
    )
    rows = list(gone.exclude(stand_in__in=fresh.values("user"))[:200])
    with transaction.atomic():
        Addressee.objects.across_orgs(reason).filter(pk__in=[row.pk for row in rows]).delete()
        User.objects.filter(pk__in=[row.stand_in_id for row in rows]).exclude(stands_for="").delete()


def _drop_drafts(now: datetime) -> None:
    """Forget drafts that their travellers have forgotten."""
    old = now - timedelta(days=Trip.DRAFT_DAYS)
    drafts = Trip.objects.across_orgs("drafts are kept for a while").filter(state=Trip.State.DRAFT)
    drafts.filter(changed_at__lt=old).delete()


def approve_due(limit: int = 100) -> int:
    """Compare trips with the levels of now and remind approvers, up to `limit` rows each; return how many trips were
    put back and reminders written."""
    return _compare_due(limit) + _remind_due(limit)


def _compare_due(limit: int) -> int:
    rules = ApprovalRule.objects.across_orgs("levels concern the trips of every organisation")
    by, done = leases.holder(), 0
    ready = rules.filter(is_on=True).select_related("organisation").order_by("pk")
    for rule in leases.claim(ready, by=by, limit=limit, seconds=LEASE_SECONDS):
        try:
            done += compare(rule)
        finally:
            later = clock.now() + timedelta(seconds=COMPARE_SECONDS)
            # A rule that was changed meanwhile is due at once, or not at all: its time stays.
            leases.release(rules.filter(due_at=rule.due_at, version=rule.version), [rule.pk], by=by, due_at=later)
            leases.release(rules, [rule.pk], by=by)
    return done


def _remind_due(limit: int) -> int:
    requests = ApprovalRequest.objects.across_orgs("approvers of every organisation are reminded")
    asked = requests.filter(state=ApprovalRequest.State.OPEN).select_related("organisation").order_by("pk")
    by, done = leases.holder(), 0
    for row in leases.claim(asked, by=by, limit=limit, seconds=LEASE_SECONDS):
        done += remind(row, rule_of(row.organisation), lease_by=by)
    return done


def _extend(now: datetime, limit: int) -> int:
    _plan(now)
    by = leases.holder()
    rolls: QuerySet[Roll] = Roll.objects.order_by("first_week")
    done = 0
    for roll in leases.claim(rolls, by=by, limit=1, seconds=LEASE_SECONDS, now=now):
        weeks = range(roll.first_week, roll.last_week + 1)
        last: int | None = roll.after_stay
        while last is not None and done < limit:
            with transaction.atomic():
                last, count = _page(weeks, last)
                done += count
                mine = leases.held(rolls, by=by).filter(pk=roll.pk)
                if last is None:
                    is_mine = mine.update(done_at=now, due_at=None, lease_until=None, lease_by="")
                else:
                    until = clock.now() + timedelta(seconds=LEASE_SECONDS)
                    is_mine = mine.update(after_stay=last, lease_until=until)
            if not is_mine:
                return done
        leases.release(rolls, [roll.pk], by=by)
    return done


def _plan(now: datetime) -> None:
    """Put the weeks that came into reach since the last roll on the list."""
    reached = cells.window(now - SETTLING).stop - 1
    _set_back(reached)
    newest = Roll.objects.aggregate(newest=Max("last_week"))["newest"]
    first = cells.window(now).start if newest is None else newest + 1
    if first <= reached:
        # Another worker may plan the same; the first week is there once.
        Roll.objects.bulk_create(
            [Roll(first_week=first, last_week=reached, due_at=now)], ignore_conflicts=True
        )


def _set_back(reached: int) -> None:
    """Forget what was rolled while the clock ran ahead: a wrong date, or a demonstration in another year.

    Those weeks count as rolled without the trips that came since, and rows of today went as past. A week ahead is
    rolled again; after more than that all weeks are, which changes nothing where the rows are there.
    """
    ahead = Roll.objects.filter(last_week__gt=reached)
    if ahead.filter(last_week__gt=reached + 1).exists():
        Roll.objects.all().delete()
        return
    ahead.filter(first_week__gt=reached).delete()
    ahead.update(last_week=reached)


def _page(weeks: range, last: int) -> tuple[int | None, int]:
    """Write the rows of the next stays that lie in `weeks`; return the last one's key (None: no more) and how many."""
    stays: TenantQuerySet[Stay] = Stay.objects.across_orgs(REASON)
    lying = stays.filter(
        pk__gt=last,
        from_at__lt=week_begins_at(weeks.stop) + cells.MARGIN,
        to_at__gte=week_begins_at(weeks.start) - cells.MARGIN,
    )
    found = list(lying.order_by("pk").values_list("pk", "trip_id")[:PAGE])
    if not found:
        return None, 0
    keys, trips = {pk for pk, _trip in found}, {trip for _pk, trip in found}
    # Locked first, read afterwards: the stays of a trip that was changed meanwhile are gone and have rows of their own.
    locked = Trip.objects.across_orgs(REASON).select_for_update().filter(pk__in=trips).order_by("pk")
    list(locked.values_list("pk"))
    rows = list(stays.filter(pk__in=keys).defer("geometry", "label"))
    cells.write(rows, weeks)
    if hooks.rolled is not None:
        hooks.rolled(sorted({row.trip_id for row in rows}))
    return found[-1][0], len(found)


def _drop_past(now: datetime, limit: int) -> int:
    """Delete rows of weeks before the window; return how many."""
    week = cells.window(now).start
    rows: TenantQuerySet[StayCell] = StayCell.objects.across_orgs(REASON)
    dropped = 0
    for lowest, bound in ((first_key(0), first_key(week)), (first_country_key(0), first_country_key(week))):
        while dropped < limit:
            past = rows.filter(key__gte=lowest, key__lt=bound).order_by("key")
            upto = list(past.values_list("key", flat=True)[:PAGE])
            if not upto:
                break
            dropped += rows.filter(key__gte=lowest, key__lte=upto[-1])._raw_delete(rows.db)
    return dropped


def attach_due(limit: int = 200) -> int:
    """Attach what was verified while nobody attached it, for up to `limit` addresses; return how many trips."""
    waiting = Addressee.objects.across_orgs(ATTACHING).filter(stand_in__isnull=False)
    verified = EmailAddress.objects.filter(verified=True).annotate(lower=Lower("email"))
    owners = dict(verified.filter(lower__in=waiting.values("address")).values_list("lower", "user_id"))
    houses: dict[int, set[int]] = {}
    for address, organisation_id in waiting.filter(address__in=owners).values_list(
        "address", "organisation_id"
    ):
        houses.setdefault(owners[address], set()).add(organisation_id)
    # Who is no member there waits for an invitation, and must not keep others waiting.
    people = [
        row.user
        for row in Membership.objects.across_orgs(ATTACHING)
        .filter(user_id__in=houses)
        .select_related("user", "programme", "organisation")
        if row.organisation_id in houses[row.user_id]
        and row.is_current_on(clock.today(row.organisation.zone))
    ]
    return sum(attach_trips(user) for user in people[:limit])
