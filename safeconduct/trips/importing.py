"""Trips that others enter: a table of an agency, a registry or a group, read row by row.

The same file twice changes nothing; a later file of the source changes its trips, but not what somebody changed by
hand. A trip belongs to an e-mail address in the organisation: to the member who has verified it, else to a row that
keeps their place (trips/attaching.py). A bad row stops nothing and comes back with its reason. Trips that a complete
file no longer lists are cancelled, unless they are suspiciously many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.csvtable import decoded
from safeconduct.lib.errors import Refused
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.orgs.routing import admitting_domains
from safeconduct.trips import approving
from safeconduct.trips.actions import cancel_trip
from safeconduct.trips.attaching import stand_ins
from safeconduct.trips.drafts import (
    SettledStop,
    span_of,
)
from safeconduct.trips.entered import Entered, tell_entered
from safeconduct.trips.imports.table import rejected_csv, trips_in
from safeconduct.trips.models import (
    SOURCE_LENGTH,
    WATCHED,
    Addressee,
    ApprovalRequest,
    Trip,
    TripGroup,
    TripImport,
)
from safeconduct.trips.planning import Planned, Run, planned_of
from safeconduct.trips.renewing import joins, renew, twins_of
from safeconduct.trips.weighing import Weigher, pieces_settled
from safeconduct.trips.writing import said_by, write_new

MOST_BYTES: Final = 5 * 1024 * 1024
TRIPS_AT_ONCE: Final = 250
"""One transaction: short enough for the writers that wait, long enough not to wait for the disk."""
MOST_GONE: Final = 0.3
"""A complete file that lacks a larger part of the trips ahead is taken for half a file."""
FEW_GONE: Final = 3
RUNS_FOR: Final = timedelta(minutes=15)
"""An import that has not finished by then was killed; the next may begin."""


def import_trips(
    organisation: Organisation,
    data: bytes,
    *,
    source: str,
    by: User | None,
    file_name: str = "",
    is_complete: bool = False,
    is_approved: bool = False,
) -> TripImport:
    """Enter the trips of a file and return what became of it.

    `source` names where the file comes from; trips keep their identity by it and the file's own ids. `is_complete`
    says that the file lists every trip the source knows, `is_approved` that they are approved where it comes from: then
    the organisation's rule asks nobody, but about trips of `by` themselves. Raises Refused when the file as a whole
    cannot be read, or while another of the same source is being read.
    """
    name = " ".join(source.split())[:SOURCE_LENGTH]
    if not name:
        raise Refused(
            "import.source", _("Say where the file comes from: the name of the agency or the list.")
        )
    if TripGroup.objects.for_org(organisation).filter(name=name).exists():
        raise Refused("import.source", _("A group has this name. Give the source another one."))
    if len(data) > MOST_BYTES:
        raise Refused("csv.large", _("The file is larger than 5 MB. Split it and try again."))
    read = trips_in(decoded(data))
    done = _begin(
        organisation, name, by=by, file_name=file_name, is_complete=is_complete, is_approved=is_approved
    )
    run = Run(organisation, name, by, problems=list(read.problems), is_approved=is_approved)
    try:
        planned = [one for row in read.trips if (one := planned_of(run, row)) is not None]
        for start in range(0, len(planned), TRIPS_AT_ONCE):
            with transaction.atomic():
                enter_batch(run, planned[start : start + TRIPS_AT_ONCE], subject_key=f"import:{done.public_id}")
        if is_complete:
            # A row without an id may be any of the trips that seem to be missing.
            is_sure = not any(problem.code == "trip.id" for problem in read.problems)
            done.held = _cancel_unlisted(run, read.ids, is_sure=is_sure)
        run.counts["rows"] = len(read.rows)
        run.counts["rejected"] = len(run.problems)
        return _finish(done, run, rejected_csv(read.rows, run.problems))
    finally:
        # Whatever broke it off: what entered has entered, and the next file of the source need not wait.
        if done.finished_at is None:
            TripImport.objects.for_org(organisation).filter(pk=done.pk).update(finished_at=clock.now())


def cancel_held(done: TripImport, *, by: User | None) -> int:
    """Cancel the trips that a complete file did not list and that were too many to cancel unasked; return how many.

    Once a later file of the source was read there are none: what is listed is its to say.
    """
    with transaction.atomic():
        kept = TripImport.objects.for_org(done.organisation_id).select_for_update(of=("self",)).get(pk=done.pk)
        rows = Trip.objects.for_org(done.organisation_id).filter(
            public_id__in=kept.held, state__in=WATCHED
        )
        count = len([cancel_trip(trip, by=by, is_from_source=True) for trip in rows])
        kept.held = []
        kept.counts["unlisted"] = kept.counts.get("unlisted", 0) + count
        kept.save(update_fields=["held", "counts"])
    return count


def _begin(
    organisation: Organisation,
    source: str,
    *,
    by: User | None,
    file_name: str,
    is_complete: bool,
    is_approved: bool,
) -> TripImport:
    now = clock.now()
    mine = TripImport.objects.for_org(organisation)
    mine.filter(source_name=source, finished_at=None, started_at__lt=now - RUNS_FOR).update(finished_at=now)
    try:
        with transaction.atomic():
            return TripImport.objects.create(
                organisation=organisation, source_name=source, file_name=file_name[:200], is_complete=is_complete,
                is_approved=is_approved, imported_by=by, started_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise Refused(
            "import.running", _("Another file of this source is being read just now. Try again in a minute.")
        ) from None


def _finish(done: TripImport, run: Run, rejected: str) -> TripImport:
    done.counts = dict(run.counts)
    done.problems = [
        {"row": one.number, "code": one.code, "text": one.text}
        for one in sorted(run.problems, key=lambda p: p.number)
    ]
    done.kept, done.rejected_csv, done.finished_at = run.kept, rejected, clock.now()
    with transaction.atomic():
        earlier = TripImport.objects.for_org(run.organisation).filter(source_name=run.source)
        earlier.exclude(pk=done.pk).exclude(held=[]).update(held=[])
        done.save()
        audit.record(
            "trips.imported", by=run.by, subject=done, organisation=run.organisation,
            detail={"source": run.source, **done.counts},
        )  # fmt: skip
    return done


# What becomes of the trips.


def enter_batch(run: Run, planned: Sequence[Planned], *, subject_key: str) -> None:
    """Enter trips of a source, at most TRIPS_AT_ONCE, in the caller's transaction; the run counts what became of each.

    `subject_key` names what people are told about.
    """
    mine = Trip.objects.for_org(run.organisation).filter(source_name=run.source)
    # Before the trips, as whoever hands them over does: two who begin at opposite ends would wait for each other.
    addressees = Addressee.objects.for_org(run.organisation).filter(address__in={one.row.email for one in planned})
    list(addressees.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    ids = [one.row.source_id for one in planned]
    known = {
        trip.source_id: trip for trip in mine.filter(source_id__in=ids).select_related("user", "addressee")
    }
    fresh: list[Planned] = []
    for one in planned:
        trip = known.get(one.row.source_id)
        if trip is None:
            fresh.append(one)
        else:
            renew(run, trip, one)
    _enter_new(run, [one for one in fresh if not _passed_over(run, one)], subject_key)


def _passed_over(run: Run, one: Planned) -> bool:
    if one.row.is_cancelled:
        run.counts["cancelled_unknown"] += 1
    return bool(one.row.is_cancelled)


def _enter_new(run: Run, fresh: Sequence[Planned], subject_key: str) -> None:
    if not fresh:
        return
    members = _members(run.organisation, {one.row.email for one in fresh})
    strangers = {one.row.email: one.row for one in reversed(fresh) if one.row.email not in members}
    addressees = stand_ins(run.organisation, list(strangers.values()))
    twins = twins_of(run.organisation, [row.user_id for row in members.values()])
    rows: list[tuple[Trip, Sequence[SettledStop]]] = []
    asked: list[approving.Asked] = []
    weigher = Weigher(run.organisation)
    for one in fresh:
        member = members.get(one.row.email)
        if member is not None and joins(run, one, twins.get(member.user_id, [])):
            continue
        trip = _new_trip(run, one, member, addressees.get(one.row.email))
        weighed = weigher.weigh(pieces_settled(one.settled))
        approving.begin(trip, weighed, is_approved=run.is_approved_for(trip.user_id))
        rows.append((trip, one.settled))
        asked.append((trip, weighed))
    write_new(rows)
    audit.record_all(
        [
            ("trip.entered", trip, {"source": run.source, "traveller": trip.user.public_id})
            for trip, _stops in rows
        ],
        by=run.by,
        organisation=run.organisation,
    )
    for is_approved in (True, False):
        approving.ask(
            run.organisation, [one for one in asked if run.is_approved_for(one[0].user_id) is is_approved],
            cause=ApprovalRequest.Cause.SOURCE, by=run.by, is_approved=is_approved,
        )  # fmt: skip
    run.counts["awaiting"] += sum(trip.state == Trip.State.AWAITING for trip, _stops in rows)
    run.counts["entered"] += len(rows)
    run.counts["without_account"] += sum(trip.addressee_id is not None for trip, _stops in rows)
    now = clock.now()
    news = [
        Entered(trip, stops[0].starts_at.date(), _last_on(stops), _may_sign_up(run, trip))
        for trip, stops in rows
        if trip.ends_at is None or trip.ends_at > now
    ]
    run.counts["told"] += tell_entered(news, source=run.source, subject_key=subject_key)


def _last_on(stops: Sequence[SettledStop]) -> Any:
    _first, last = span_of(stops)
    return last.date() if last else None


def _new_trip(run: Run, one: Planned, member: Membership | None, addressee: Addressee | None) -> Trip:
    person = member.user if member is not None else addressee.stand_in if addressee is not None else None
    assert person is not None  # noqa: S101  # one of the two was looked up or made
    at = clock.now()
    start, end = span_of(one.settled)
    return Trip(
        organisation=run.organisation,
        user=person,
        membership=member,
        addressee=None if member is not None else addressee,
        title=one.title,
        starts_at=start,
        ends_at=end,
        registered_at=at,
        changed_at=at,
        source_name=run.source,
        source_id=one.row.source_id,
        came_as={"title": one.title, "stops": said_by(one.settled)},
    )


def _members(organisation: Organisation, emails: set[str]) -> dict[str, Membership]:
    """The current members who have verified one of these addresses, by address."""
    verified = EmailAddress.objects.filter(email__in=emails, verified=True, user__is_active=True)
    owners = {email.lower(): user_id for email, user_id in verified.values_list("email", "user_id")}
    day = clock.today(organisation.zone)
    rows = Membership.objects.for_org(organisation).filter(user_id__in=set(owners.values()))
    current = {row.user_id: row for row in rows.select_related("user", "programme") if row.is_current_on(day)}
    return {email: current[user_id] for email, user_id in owners.items() if user_id in current}


def _may_sign_up(run: Run, trip: Trip) -> bool:
    domain = trip.user.address.rpartition("@")[2]
    if domain not in run.admits:
        run.admits[domain] = bool(admitting_domains(trip.user.address, run.organisation))
    return run.admits[domain]


# Trips that are no longer listed.


def _cancel_unlisted(run: Run, ids: frozenset[str], *, is_sure: bool) -> list[str]:
    """Cancel the source's trips, not yet over, that a complete file does not list; return those that are held back."""
    rows = Trip.objects.for_org(run.organisation).filter(source_name=run.source, state__in=WATCHED)
    now = clock.now()
    running = [trip for trip in rows.exclude(source_id="") if trip.ends_at is None or trip.ends_at >= now]
    gone = [trip for trip in running if trip.source_id not in ids]
    if not gone:
        return []
    if not is_sure or (len(gone) > FEW_GONE and len(gone) > MOST_GONE * len(running)):
        run.counts["held"] = len(gone)
        return [trip.public_id for trip in gone]
    for start in range(0, len(gone), TRIPS_AT_ONCE):
        with transaction.atomic():
            for trip in gone[start : start + TRIPS_AT_ONCE]:
                cancel_trip(trip, by=run.by, is_from_source=True)
    run.counts["unlisted"] = len(gone)
    return []
