"""Getting ready for a journey: begin, answer, read on, tick, acknowledge, keep, forget. Each is one transaction.

What is asked and read is its person's alone. The log says that a briefing was acknowledged or forgotten, never for
where, and nothing of what was asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.advice.asking import about_data, as_data, digest_of, itinerary_of
from safeconduct.advice.briefing import STEPS, Asked, Briefing, checklist
from safeconduct.advice.models import BriefingPolicy, Preparation
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.trips.models import Trip

MOST_OPEN = 50
EMPTY: Mapping[str, Any] = {
    "asked": {}, "step": "", "steps_read": [], "marks": {}, "read_at": None, "acknowledged_marks": {}, "ticked": [],
    "ends_on": None,
}  # fmt: skip
"""What forgetting leaves of a preparation beside that and when it was acknowledged."""


def begin(seat: Seat, asked: Asked, *, trip: Trip | None = None) -> Preparation:
    """Return a new preparation of the seat's person; for a trip the one there is, with what is said of the traveller now.

    Raises Refused for too many at once, NotFound for another person's trip.
    """
    if trip is not None and trip.user_id != seat.user.pk:
        raise NotFound("trip")
    with transaction.atomic():
        # The person's row keeps two presses of one button apart.
        User.objects.select_for_update().get(pk=seat.user.pk)
        mine = Preparation.objects.for_org(seat.organisation).filter(user_id=seat.user.pk)
        row = mine.filter(trip=trip).first() if trip is not None else None
        if row is None and mine.filter(forgotten_at__isnull=True).count() >= MOST_OPEN:
            raise Refused(
                "briefing.many", _("You have %d briefings. Delete one that you no longer need.") % MOST_OPEN
            )
        if row is None:
            row = Preparation(organisation=seat.organisation, user=seat.user, trip=trip)
        row.forgotten_at = None
        _write_asked(row, asked)
        row.step = STEPS[1]
        row.steps_read = list(dict.fromkeys([STEPS[0], *row.steps_read]))
        row.touched_at = clock.now()
        row.save()
    return row


def answer(row: Preparation, asked: Asked) -> Preparation:
    """Store what is asked instead of what was; what was read of the old answers stays, so that changes stand out."""
    with transaction.atomic():
        kept = _locked(row)
        _write_asked(kept, asked)
        kept.touched_at = clock.now()
        kept.save(update_fields=["asked", "ends_on", "touched_at"])
    return kept


def _write_asked(row: Preparation, asked: Asked) -> None:
    """With a trip its places and dates are the trip's own; only where the traveller leaves from may be said besides."""
    if row.trip_id is not None:
        row.asked = {"departure": asked.departure, **about_data(asked)}
        row.ends_on = None
        return
    row.asked = as_data(asked)
    row.ends_on = asked.ends_on


def seen_of(row: Preparation, briefing: Briefing, step: str = "") -> str:
    """Return the digest of what a page shows, of one step or of the whole briefing, and of the trip as it is then.

    A page hands it back when its reader says that it was read: another digest then is another briefing.
    """
    lines = briefing.step(step).lines if step else briefing.lines()
    said = (step, sorted({line.key: line.mark for line in lines}.items()), row.trip.revision if row.trip is not None else None)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def changed_meanwhile() -> Refused:
    """Return why nothing is written of a briefing that is another one by now."""
    return Refused("briefing.changed", _("It changed meanwhile: look again."))


def read_step(row: Preparation, step: str, briefing: Briefing, *, go_to: str) -> Preparation:
    """Write down that a step was read as it stands, and where to go on. `row` is as it was when the briefing was made.

    Raises Refused when the trip or the question is another one by now.
    """
    with transaction.atomic():
        kept = _as_seen(row)
        lines = briefing.step(step).lines
        kept.marks = {key: mark for key, mark in kept.marks.items() if not key.startswith(f"{step}.")}
        kept.marks |= {line.key: line.mark for line in lines}
        kept.steps_read = [one for one in STEPS if one == step or one in kept.steps_read]
        kept.step = go_to
        kept.read_at = kept.touched_at = clock.now()
        kept.save(update_fields=["marks", "steps_read", "step", "read_at", "touched_at"])
    return kept


def read_all(row: Preparation, briefing: Briefing) -> Preparation:
    """Write down that everything was read as it stands: the changes are known now. Raises Refused as `read_step` does."""
    with transaction.atomic():
        kept = _as_seen(row)
        kept.marks = briefing.marks()
        kept.read_at = kept.touched_at = clock.now()
        kept.save(update_fields=["marks", "read_at", "touched_at"])
    return kept


def tick(row: Preparation, briefing: Briefing, *, shown: Collection[str], done: Collection[str]) -> Preparation:
    """Store which of the entries that were shown (`Todo.tick`) are done; those of other steps stay as they are.

    What the briefing does not ask for, or no longer so, is stored by nobody.
    """
    asked_for = {todo.tick for todo in checklist(briefing)}
    with transaction.atomic():
        kept = _locked(row)
        kept.ticked = sorted((set(kept.ticked) & asked_for - set(shown)) | (set(done) & set(shown) & asked_for))
        kept.touched_at = clock.now()
        kept.save(update_fields=["ticked", "touched_at"])
    return kept


def acknowledge(row: Preparation, briefing: Briefing, *, by: User) -> Preparation:
    """Write down that the briefing was read and understood as it stands. Again without any change alters nothing.

    Raises Refused as `read_step` does.
    """
    with transaction.atomic():
        kept = _as_seen(row)
        marks, digest = briefing.marks(), itinerary_of(kept.trip) if kept.trip is not None else digest_of(briefing.asked)
        if kept.acknowledged_at and kept.acknowledged_marks == marks and kept.acknowledged_for == digest:
            return kept
        kept.acknowledged_at = kept.read_at = kept.touched_at = clock.now()
        kept.acknowledged_marks, kept.acknowledged_for, kept.marks = marks, digest, marks
        kept.acknowledged_revision = kept.trip.revision if kept.trip is not None else None
        kept.steps_read = list(STEPS)
        kept.save(update_fields=[
            "acknowledged_at", "read_at", "touched_at", "acknowledged_marks", "acknowledged_for", "acknowledged_revision",
            "marks", "steps_read",
        ])  # fmt: skip
        audit.record("briefing.acknowledged", by=by, subject=kept, organisation=kept.organisation, detail=_of_trip(kept))
    return kept


def keep(row: Preparation, *, is_kept: bool) -> Preparation:
    """Keep what was asked and read after the journey, or no longer."""
    with transaction.atomic():
        kept = _locked(row)
        kept.is_kept, kept.touched_at = is_kept, clock.now()
        kept.save(update_fields=["is_kept", "touched_at"])
    return kept


def forget(row: Preparation, *, by: User | None, now: datetime | None = None) -> None:
    """Erase a preparation; of one that was acknowledged for a trip, that and when stays, since the organisation relies
    on it. `by` None: its time has come, which is no entry in the log."""
    with transaction.atomic():
        kept = _locked(row)
        if by is not None:
            audit.record("briefing.forgotten", by=by, subject=kept, organisation=kept.organisation, detail=_of_trip(kept))
        if kept.trip_id is None or kept.acknowledged_at is None:
            kept.delete()
            return
        for name, value in EMPTY.items():
            setattr(kept, name, value)
        kept.is_kept, kept.forgotten_at = False, now or clock.now()
        kept.save()


def _of_trip(row: Preparation) -> dict[str, str]:
    return {"trip": row.trip.public_id} if row.trip is not None else {}


def set_pre_trip_mail(organisation: Organisation, *, is_on: bool, by: User) -> BriefingPolicy:
    """Switch the mails before trips of an organisation on or off."""
    with transaction.atomic():
        row, _made = BriefingPolicy.objects.for_org(organisation).select_for_update().get_or_create(
            organisation=organisation
        )
        if row.sends_pre_trip_mail != is_on:
            row.sends_pre_trip_mail, row.changed_at = is_on, clock.now()
            row.save(update_fields=["sends_pre_trip_mail", "changed_at"])
            audit.record(
                "briefing.mail_on" if is_on else "briefing.mail_off", by=by, subject=row, organisation=organisation
            )
    return row


def _as_seen(row: Preparation) -> Preparation:
    """The row and its trip, locked. Raises Refused unless both ask what they asked when `row` was read."""
    kept = _locked(row)
    if row.trip is not None:
        trips = Trip.objects.for_org(row.organisation_id).select_for_update()
        if not trips.filter(pk=row.trip.pk, revision=row.trip.revision).exists():
            raise changed_meanwhile()
    if kept.asked != row.asked or kept.trip_id != row.trip_id or (kept.forgotten_at is not None and row.forgotten_at is None):
        raise changed_meanwhile()
    return kept


def _locked(row: Preparation) -> Preparation:
    rows = Preparation.objects.for_org(row.organisation_id).select_related("organisation", "trip", "user")
    return rows.select_for_update(of=("self",)).get(pk=row.pk)
