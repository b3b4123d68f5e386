"""The kinds of mail of this room, and what they say. Nothing of a booking but dates and places; subjects say nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from safeconduct.accounts import limits
from safeconduct.accounts.models import User
from safeconduct.inbox.keeping import reservation_of
from safeconduct.inbox.mailhead import Head
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.roadsettings import authserv, loop_mark
from safeconduct.inbox.words import change_text, letter_remarks, line_of, reason_text
from safeconduct.lib import clock
from safeconduct.notify.addresses import absolute
from safeconduct.outbox.actions import Row, compose, enqueue_many
from safeconduct.outbox.kinds import Kind, register

ANSWER: Final = register(
    Kind(code="booking.answer", room="inbox", secret=True, priority=20, useful_for=timedelta(days=2))
)
STRANGER: Final = register(
    Kind(code="booking.stranger", room="inbox", secret=True, priority=60, useful_for=timedelta(days=1))
)
A_DAY: Final = timedelta(days=1)
ANSWERS: Final = limits.Limit("booking-answer", 30, A_DAY)
"""For each address: a loop that shows none of its signs ends here."""
STRANGERS: Final = limits.Limit("booking-stranger", 1, A_DAY)
STRANGERS_AT_ALL: Final = limits.Limit("booking-strangers", 200, A_DAY)
"""A sender can be forged: whoever wants to have others mailed by us reaches each once a day, and few."""
MOST_LINES: Final = 20


def answer(letter: Letter, head: Head, user: User, bookings: Mapping[str, Booking]) -> bool:
    """Answer a mail of a known person at the address it came from; return whether one is sent. In the caller's transaction."""
    if not limits.take(ANSWERS, head.sender).is_allowed:
        return False
    with translation.override(user.language):
        outcome = {Letter.State.READ: "parsed", Letter.State.NEEDS_YOU: "needs_you"}.get(Letter.State(letter.state), "failed")
        slots = {"lines": _lines(letter, bookings), "url": _link(letter, bookings), "why": _why(letter)}
        if authserv() and not letter.is_proved:
            # Anybody may have written it in their name: our answer repeats none of its words.
            slots |= {"lines": "", "why": ""}
    _send(ANSWER, letter, head, user.language, {"outcome": outcome, "has_lines": bool(slots["lines"])}, slots)
    return True


def answer_stranger(letter: Letter, head: Head) -> bool:
    """Answer somebody unknown, once a day: the same words whoever it is, nothing of what they sent."""
    if head.is_no_reply or not limits.take(STRANGERS, head.sender).is_allowed:
        return False
    if not limits.take(STRANGERS_AT_ALL, "").is_allowed:
        return False
    _send(STRANGER, letter, head, settings.LANGUAGE_CODE, {}, {})
    return True


def _send(
    kind: Kind, letter: Letter, head: Head, language: str, context: Mapping[str, object], slots: Mapping[str, str]
) -> None:
    headers = {"X-Loop": loop_mark(), "Precedence": "auto_reply"}
    if head.message_id:
        headers |= {"In-Reply-To": head.message_id, "References": " ".join(head.references)}
    message = compose(
        kind, content_key=f"letter:{letter.public_id}", language=language, context=context,
        organisation_id=letter.organisation_id, headers=headers,
    )  # fmt: skip
    # The same mail, however often it comes, is answered once.
    named = hashlib.sha256(f"{head.message_id or letter.public_id}\0{head.sender}".encode()).hexdigest()[:40]
    enqueue_many(message, [Row(f"{kind.code}:{named}", head.sender, slots)])


def _lines(letter: Letter, bookings: Mapping[str, Booking]) -> str:
    year = clock.now().year
    lines = []
    for change in letter.changes[:MOST_LINES]:
        booking = bookings.get(change["booking"])
        done = change_text(change["code"])
        if booking is None:
            lines.append(done)
            continue
        said = booking.offered.get("reservation") or booking.said
        lines.append(f"{line_of(reservation_of(said), year=year)}\n  {done}")
    return "\n".join(lines)


def _why(letter: Letter) -> str:
    remarks: Sequence[str] = letter_remarks(letter)
    if not remarks and letter.state == Letter.State.FAILED:
        remarks = [reason_text("nothing")]
    return "\n".join(remarks[:5])


def _link(letter: Letter, bookings: Mapping[str, Booking]) -> str:
    if letter.state == Letter.State.NEEDS_YOU:
        return absolute(reverse("inbox:letter", args=[letter.public_id]))
    trips = {row.trip.public_id for row in bookings.values() if row.trip is not None and row.stop is not None}
    if len(trips) == 1:
        return absolute(reverse("trips:detail", args=[trips.pop()]))
    return absolute(reverse("inbox:list"))
