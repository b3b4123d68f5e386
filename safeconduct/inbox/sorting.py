"""What a document that was read does to the bookings of its person, by the rules of inbox/rules.py.

Everything of one document in one transaction, and the documents of one person one after another. Nothing that is not sure
enters, changes or cancels anything: it is offered to the person and waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from safeconduct.accounts.models import User
from safeconduct.inbox import intotrips, rules
from safeconduct.inbox.intotrips import Item
from safeconduct.inbox.keeping import digest_of, plain_of, reservation_of, with_problems
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.stops import Made, stop_of
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import Seat
from safeconduct.places.models import Place
from safeconduct.trips.bookings.model import Problem, Reservation
from safeconduct.trips.drafts import StopDraft

SLACK = timedelta(days=1)
"""What ended less than this ago may not be over everywhere on earth."""


_ASIDE = (Booking.State.WAITING, Booking.State.NOTED, Booking.State.OVER)
"""In no trip, and only as sure as the document that told of it."""


class Sorting:
    """One document's reservations, sorted into the bookings of one person in one organisation."""

    def __init__(self, seat: Seat, letter: Letter, *, by: User | None) -> None:
        self.seat, self.letter, self.by = seat, letter, by
        self.now = clock.now()
        self.changes: list[dict[str, str]] = []
        rows = Booking.objects.for_org(seat.organisation).filter(user=seat.user)
        self._rows = list(rows.select_related("trip__organisation", "stop__place", "stop__to_place"))
        self._fresh: list[Item] = []

    def sort(self, reservations: Sequence[Reservation]) -> None:
        """Take them in. In the caller's transaction, which holds the person's row."""
        names = [name for one in reservations for name in one.passengers]
        marked = [self._marked(one, names) for one in reservations]
        document = [rules.known_by(one) for one in marked if not rules.is_cancelled(one)]
        for one in marked:
            self._sort_one(one, document)
        refused = intotrips.enter(self.seat, self._fresh, by=self.by)
        for item in self._fresh:
            if text := refused.get(item.booking.pk):
                self._offer(item.booking, "enter", with_problems(item.reservation, Problem("trip.refused", "", text)))
            else:
                self._note("entered", item.booking)

    def _marked(self, one: Reservation, names: Iterable[str]) -> Reservation:
        """With what this room finds unsure: whose it is, and who sent it."""
        problems = []
        user = self.seat.user
        called = one.passengers or tuple(names)
        if not (user.given_name and user.family_name):
            problems.append(Problem("person.unknown"))
        elif not called:
            problems.append(Problem("person.unnamed"))
        elif not rules.is_named(called, user.given_name, user.family_name):
            problems.append(Problem("person.other", "passengers", ", ".join(called)[:200]))
        if not self.letter.is_proved:
            problems.append(Problem("sender.unproved"))
        return with_problems(one, *problems)

    def _sort_one(self, one: Reservation, document: Sequence[rules.Known]) -> None:
        is_cancellation = rules.is_cancelled(one)
        fresh = rules.known_by(one)
        known = [rules.known_by(_latest(row)) for row in self._rows]
        beside = [each for each in document if each != fresh]
        kind, at = rules.counterpart(fresh, known, is_cancellation=is_cancellation, of_document=beside)
        rows = [self._rows[number] for number in at]
        if is_cancellation:
            self._cancel(one, rows if kind == "same" else [])
        elif kind == "other":
            self._begin(one)
        elif rows[0].state == Booking.State.CANCELLED and rows[0].starts_on is None:
            # Everything of this reference was called off before any of it came.
            self._begin(with_problems(one, Problem("was.cancelled")))
        elif kind == "moved":
            moved = with_problems(one, Problem("moved"))
            if rows[0].state in (Booking.State.ENTERED, Booking.State.WAITING):
                self._renew(rows[0], moved)
            else:
                self._begin(one)
        else:
            self._renew(rows[0], one)

    @property
    def _is_unproved(self) -> bool:
        """Whether anybody may have sent it: then it offers things, and neither keeps nor replaces any."""
        return not self.letter.is_proved

    # What is new.

    def _begin(self, one: Reservation) -> None:
        if self._is_unproved and (one.kind not in rules.STOPS or _is_over(one, self.now)):
            self.changes.append({"code": "unproved", "booking": ""})
            return
        booking = Booking(
            organisation=self.seat.organisation, user=self.seat.user, letter=self.letter, made_at=self.now
        )
        intotrips.note(booking, one, self.now)
        booking.save()
        self._rows.append(booking)
        self._take(booking, one)

    def _take(self, booking: Booking, one: Reservation) -> None:
        """Enter what is sure and makes a stop ahead or under way; keep the rest, or ask."""
        booking.letter = self.letter
        intotrips.note(booking, one, self.now)
        if one.kind not in rules.STOPS:
            self._keep(booking, Booking.State.NOTED, "noted")
        elif _is_over(one, self.now):
            self._keep(booking, Booking.State.OVER, "over")
        elif one.problems:
            self._offer(booking, "enter", one)
        else:
            made = stop_of(one)
            if made.draft is None:
                self._offer(booking, "enter", with_problems(one, *made.problems))
            else:
                self._fresh.append(Item(booking, one, made.draft, made.said))

    def _keep(self, booking: Booking, state: str, code: str) -> None:
        booking.state, booking.offered = state, {}
        booking.save()
        self._note(code, booking)

    # What is known.

    def _renew(self, booking: Booking, one: Reservation) -> None:
        latest = _latest(booking)
        if self._is_unproved and booking.state in _ASIDE and not _is_offered_by_anybody(booking):
            self._note("unproved", booking)
            return
        whole = rules.completed(one, latest)
        digest = digest_of(whole)
        is_same = bool(booking.seen) and booking.seen[-1] == digest
        if booking.state == Booking.State.WAITING and not any(item.booking.pk == booking.pk for item in self._fresh):
            # Sure now what was not before (handed in by the person after a mail that nothing proved), or said anew.
            if is_same and whole.problems:
                self._note("same", booking)
            else:
                self._take(booking, whole)
            return
        if booking.state == Booking.State.CANCELLED:
            # The old confirmation again, or booked anew: only the person knows.
            self._offer(booking, "enter", with_problems(whole, Problem("was.cancelled")))
        elif is_same or booking.state == Booking.State.DISMISSED:
            self._note("same", booking)
        elif booking.state == Booking.State.ENTERED:
            if digest in booking.seen:
                whole = with_problems(whole, Problem("older.version"))
            self._change(booking, whole)
        else:
            self._take(booking, whole)

    def _change(self, booking: Booking, one: Reservation) -> None:
        made = stop_of(one)
        if one.problems or made.draft is None:
            self._offer(booking, "change", with_problems(one, *made.problems))
            return
        try:
            self._note(intotrips.change(booking, one, made.said, places_of(made), by=self.by), booking)
        except Refused as refusal:
            self._offer(booking, "change", with_problems(one, Problem("trip.refused", "", refusal.text)))

    def _cancel(self, one: Reservation, rows: Sequence[Booking]) -> None:
        live = [row for row in rows if row.state not in (Booking.State.CANCELLED, Booking.State.DISMISSED)]
        if not rows:
            if not one.problems:
                # It may come before what it calls off; that must not enter then.
                booking = Booking(organisation=self.seat.organisation, user=self.seat.user, letter=self.letter)
                booking.state = Booking.State.CANCELLED
                intotrips.note(booking, one, self.now)
                booking.save()
                self._rows.append(booking)
                self._note("unknown", booking)
            else:
                self.changes.append({"code": "unknown", "booking": ""})
        elif not live:
            self._note("same", rows[0])
        for row in live:
            if self._is_unproved and row.state in _ASIDE:
                self._note("unproved", row)
            elif one.problems and row.offered.get("action") == "enter":
                # It is in no trip yet: whether it enters stays the question, with what this document says of it.
                said = reservation_of(row.offered["reservation"])
                self._offer(row, "enter", with_problems(said, Problem("was.cancelled")))
            elif one.problems:
                self._offer(row, "cancel", one)
            else:
                row.letter = self.letter
                self._note(intotrips.take_out(row, by=self.by), row)

    def _offer(self, booking: Booking, action: str, one: Reservation) -> None:
        """Leave the booking as it is, with what waits for the person beside it."""
        offered = {"action": action, "reservation": plain_of(one)}
        if booking.offered.get("action") == action and booking.letter_id == self.letter.pk and booking.offered == offered:
            return
        booking.offered, booking.letter, booking.changed_at = offered, self.letter, self.now
        if action == "enter" and booking.state not in (Booking.State.CANCELLED, Booking.State.ENTERED):
            booking.state = Booking.State.WAITING
        booking.save()
        self._note("waits", booking)

    def _note(self, code: str, booking: Booking) -> None:
        self.changes.append({"code": code, "booking": booking.public_id})


def places_of(made: Made) -> dict[int, Place]:
    """Return the places of a stop by key."""
    draft: StopDraft | None = made.draft
    found = (draft.place, draft.to_place) if draft is not None else ()
    return {place.pk: place for place in found if place is not None}


def _latest(booking: Booking) -> Reservation:
    """What the booking says: as it was entered, or as it waits to be entered the first time."""
    return reservation_of(booking.said)


def _is_offered_by_anybody(booking: Booking) -> bool:
    """Whether what waits of it came from a sender whom nothing proves."""
    told = booking.offered.get("reservation", {}).get("problems", ())
    return any(problem.get("code") == "sender.unproved" for problem in told)


def _is_over(one: Reservation, now: datetime) -> bool:
    last = one.ends or one.starts
    return last is not None and datetime.combine(last.on, last.at or datetime.max.time(), now.tzinfo) < now - SLACK
