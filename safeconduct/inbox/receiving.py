"""Documents come in as rows and are read from there. State before effect, result after it.

`take_in` writes the row; whoever asks then may forget it. `work` claims it under a lease, reads it in a child with limits,
and stores in one transaction what became of it, the trips and the answer mail: a killed process leaves a lease that runs
out, and nothing is done twice.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction

from safeconduct.accounts.models import User
from safeconduct.inbox import emails, roadsettings
from safeconduct.inbox.mailhead import Head, head_of, is_proved
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.sorting import Sorting
from safeconduct.lib import clock, leases
from safeconduct.orgs.access import Seat, memberships_of, seat_for
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.outbox.models import Delivery
from safeconduct.trips.bookingatlas import PlacesAtlas
from safeconduct.trips.bookings.containers import MOST_DOCUMENT
from safeconduct.trips.bookings.model import Problem, Reading
from safeconduct.trips.bookings.reading import DocumentReader

LEASE_SECONDS: Final = 120.0
"""A document may take 30 s, and its trips a transaction."""
MOST_TRIES: Final = 3
AFTER_ERROR: Final = timedelta(minutes=1)
Read = Callable[[bytes], Reading]
log = logging.getLogger(__name__)


def take_in(
    data: bytes, *, road: str, user: User | None = None, organisation: Organisation | None = None, is_proved: bool = False
) -> tuple[Letter, bool]:
    """Store a document to be read; return its row and whether it is new. The same one of the same person is one row.

    `user` and `organisation`: whose it is, where the road says so; of a mail its sender does.
    """
    digest = hashlib.sha256(data).hexdigest()
    whose = f"{user.pk}:{organisation.pk if organisation else 0}" if user is not None else "mail"
    is_large = len(data) > MOST_DOCUMENT
    letter, is_new = Letter.objects.get_or_create(
        key=f"{whose}:{digest}",
        defaults={
            "sha256": digest, "road": road, "user": user, "organisation_id": organisation.pk if organisation else None,
            "is_proved": is_proved, "size": len(data), "due_at": clock.now(), "received_at": clock.now(),
            # Of what is too large its head is kept: somebody has to be told.
            "raw": zlib.compress(data[: 256 * 1024] if is_large else data, 6 if len(data) < 1_000_000 else 1),
            "reason": "large" if is_large else "",
        },
    )  # fmt: skip
    return letter, is_new


def read_again(letter: Letter, *, organisation: Organisation) -> None:
    """Put a kept document back on the list, now that it is known for which organisation it is."""
    Letter.objects.filter(pk=letter.pk, raw__isnull=False).update(
        organisation_id=organisation.pk, state=Letter.State.WAITING, reason="", due_at=clock.now(), tries=0
    )


class Reader:
    """Reads one document after another in a warm child."""

    def __init__(self) -> None:
        self._reader = DocumentReader()

    def __call__(self, data: bytes) -> Reading:
        """Return what the document holds."""
        return self._reader.read(data, atlas=PlacesAtlas(), context=clock.now().date())

    def close(self) -> None:
        """End the child."""
        self._reader.close()


def work(limit: int, *, read: Read, only: Letter | None = None) -> int:
    """Read up to so many documents that are due, those first that failed least; return how many.

    What goes wrong with one is no matter of the others: it is tried again later, and given up after three times.
    """
    rows = Letter.objects.order_by("tries", "due_at", "id")
    if only is not None:
        rows = rows.filter(pk=only.pk)
    done = 0
    while done < limit:
        by = leases.holder()
        claimed = leases.claim(rows, by=by, limit=1, seconds=LEASE_SECONDS)
        if not claimed:
            break
        # Counted before the work: what kills its reader each time is given up, not tried for ever.
        Letter.objects.filter(pk=claimed[0].pk, lease_by=by).update(tries=claimed[0].tries + 1)
        try:
            _Work(claimed[0], by, read).do()
        except Exception as error:  # noqa: BLE001  # whatever it was, the others are read
            # Its kind alone: what a database says of a value repeats the value.
            log.error("a document could not be worked off: %s of %s", type(error).__name__, claimed[0].public_id)
            Letter.objects.filter(pk=claimed[0].pk, lease_by=by).update(
                due_at=clock.now() + AFTER_ERROR, lease_until=None, lease_by=""
            )
        done += 1
    return done


class _Work:
    """One document under its lease."""

    def __init__(self, letter: Letter, by: str, read: Read) -> None:
        self.letter, self.by, self.read = letter, by, read
        self.data = b""
        self.head = Head()

    def do(self) -> None:
        """Read it; after the last try say so, and when even that fails, give it up without a word."""
        if self.letter.tries < MOST_TRIES:
            self._do()
            return
        if self.letter.tries == MOST_TRIES:
            try:
                self._do()
                return
            except Exception as error:  # noqa: BLE001  # the end of it, whatever it was
                log.error("a document is given up: %s of %s", type(error).__name__, self.letter.public_id)
        Letter.objects.filter(pk=self.letter.pk, lease_by=self.by).update(
            state=Letter.State.FAILED, reason="died", done_at=clock.now(), due_at=None, lease_until=None, lease_by=""
        )

    def _do(self) -> None:
        letter = self.letter
        self.data = zlib.decompress(bytes(letter.raw)) if letter.raw is not None else b""
        if letter.is_mail or letter.user is None:
            self.head = head_of(self.data, loop_marks=frozenset((roadsettings.loop_mark(),)))
            if letter.is_mail and self.head.authservs:
                roadsettings.note_authserv(self.head.authservs[0])
            if reason := self._machine():
                return self._ignore(reason)
        user = letter.user or _owner_of(self.head.sender)
        if user is None:
            return self._ignore("sender", is_stranger=True)
        if letter.user is None:
            letter.is_proved = is_proved(self.head, roadsettings.authserv())
        letter.user = user
        if letter.reason == "large":
            letter.found_count = 0
            return self._finish(Letter.State.FAILED, "large", None, Reading())
        if letter.tries >= MOST_TRIES:
            return self._finish(Letter.State.FAILED, "died", None, Reading())
        seat, reason = _seat_of(user, letter.organisation_id)
        if seat is None:
            is_choice = reason == "organisation"
            return self._finish(Letter.State.NEEDS_YOU if is_choice else Letter.State.FAILED, reason, None, Reading())
        letter.organisation_id = seat.organisation.pk
        reading = self.read(self.data)
        is_reply_to_us = not reading.reservations and self._is_ours(self.head.answers_to)
        if is_reply_to_us:
            return self._ignore("loop")
        return self._finish("", "", seat, reading)

    def _machine(self) -> str:
        if self.head.machine:
            return self.head.machine
        if self.head.sender in roadsettings.own_addresses() or self._is_ours((self.head.message_id,)):
            return "loop"
        return ""

    @staticmethod
    def _is_ours(ids: tuple[str, ...]) -> bool:
        wanted = [one for one in ids if one]
        return bool(wanted) and Delivery.objects.filter(rfc_message_id__in=wanted).exists()

    def _ignore(self, reason: str, *, is_stranger: bool = False) -> None:
        """Do nothing with it. What strangers wrote is not kept."""
        letter = self.letter
        with transaction.atomic():
            if not self._hold():
                return
            letter.state, letter.reason, letter.raw = Letter.State.IGNORED, reason, None
            letter.user = letter.user if letter.user_id and not letter.is_mail else None
            self._store()
            # Who pretends to be somebody else gets no answer sent to that other person.
            wanted = roadsettings.authserv()
            is_believed = not wanted or is_proved(self.head, wanted)
            if is_stranger and letter.is_mail and self.head.sender and is_believed:
                emails.answer_stranger(letter, self.head)

    def _finish(self, state: str, reason: str, seat: Seat | None, reading: Reading) -> None:
        letter, user = self.letter, self.letter.user
        assert user is not None  # noqa: S101  # looked up before
        with transaction.atomic():
            # One person's documents one after another, so that two of one booking do not both enter it.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if not self._hold():
                return
            letter.problems = [[one.code, one.field, one.detail] for one in _told(reading)]
            letter.found_count = len(reading.reservations)
            letter.changes = []
            if seat is not None:
                sorting = Sorting(seat, letter, by=user if letter.road in (Letter.Road.UPLOAD, Letter.Road.PASTE) else None)
                sorting.sort(reading.reservations)
                letter.changes = sorting.changes
                state = _state_of(letter)
                reason = "nothing" if state == Letter.State.FAILED and not letter.problems else ""
            letter.state, letter.reason = state, reason
            self._store()
            if letter.is_mail and self.head.sender:
                emails.answer(letter, self.head, user, bookings_of(letter))

    def _hold(self) -> bool:
        """Whether the lease is still ours; its row is locked until the transaction ends."""
        return Letter.objects.select_for_update(no_key=True).filter(pk=self.letter.pk, lease_by=self.by).exists()

    def _store(self) -> None:
        letter = self.letter
        letter.done_at, letter.due_at, letter.lease_until, letter.lease_by = clock.now(), None, None, ""
        letter.save(update_fields=[
            "state", "reason", "problems", "found_count", "changes", "user", "organisation_id", "is_proved", "raw",
            "done_at", "due_at", "lease_until", "lease_by",
        ])  # fmt: skip


def bookings_of(letter: Letter) -> dict[str, Booking]:
    """Return the bookings that a document did something to, by their public id."""
    if letter.organisation_id is None or letter.user is None:
        return {}
    wanted = [change["booking"] for change in letter.changes if change["booking"]]
    rows = Booking.objects.for_org(letter.organisation_id).filter(public_id__in=wanted, user=letter.user)
    return {row.public_id: row for row in rows.select_related("trip", "stop")}


def _told(reading: Reading) -> list[Problem]:
    """The problems of the document; that nothing is in it is its state."""
    return [one for one in reading.problems if one.code != "nothing"]


def _state_of(letter: Letter) -> str:
    if any(change["code"] == "waits" for change in letter.changes):
        return Letter.State.NEEDS_YOU
    return Letter.State.READ if letter.found_count else Letter.State.FAILED


def _owner_of(sender: str) -> User | None:
    """The person who has verified this address and may log in."""
    if not sender:
        return None
    rows = EmailAddress.objects.filter(email__iexact=sender, verified=True, user__is_active=True).select_related("user")
    people = [row.user for row in rows[:2]]
    return people[0] if len(people) == 1 and isinstance(people[0], User) and not people[0].is_stand_in else None


def _seat_of(user: User, organisation_id: int | None) -> tuple[Seat | None, str]:
    """The seat for which a document counts: the one that was chosen, else the only one. Without: why not."""
    current: list[Membership] = [
        row for row in memberships_of(user)
        if row.organisation.is_active and row.is_current_on(clock.today(row.organisation.zone))
    ]  # fmt: skip
    if organisation_id is not None:
        current = [row for row in current if row.organisation_id == organisation_id]
    houses = {row.organisation_id for row in current}
    if not houses:
        return None, "membership"
    if len(houses) > 1:
        return None, "organisation"
    return seat_for(user, current[0]), ""


