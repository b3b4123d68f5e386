"""What this room says of documents and bookings, in a person's words. Codes are stable, words are translated."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from safeconduct.inbox.keeping import reservation_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.lib.timewords import day_words
from safeconduct.trips.bookings.model import (
    BOAT,
    BUS,
    CAR,
    EVENT,
    FLIGHT,
    FOOD,
    JOURNEYS,
    LODGING,
    TAXI,
    TRAIN,
    Moment,
    Problem,
    Reservation,
)
from safeconduct.trips.bookingwords import problem_text as reader_text


def problem_text(problem: Problem) -> str:
    """Return a sentence for a problem of a reader or of this room."""
    text = _problems().get(problem.code)
    if text is None:
        return reader_text(problem)
    return _("%(problem)s (“%(text)s”)") % {"problem": text, "text": problem.detail} if problem.detail else text


def _problems() -> dict[str, str]:
    return {
        "moved": _("The same booking stood on another day before"),
        "older.version": _("An earlier document said this, a later one something else"),
        "over": _("It is over already"),
        "person.other": _("It is in another person’s name"),
        "person.unknown": _("Your account has no name to compare with the one on the booking"),
        "person.unnamed": _("It names nobody"),
        "place.unknown": _("We do not know which place this is"),
        "sender.unproved": _("Nothing proves that this mail came from you"),
        "stop.refused": _("It does not fit as a stop of a trip"),
        "trip.refused": _("The trip could not take it"),
        "was.cancelled": _("It was called off before"),
    }


def reason_text(code: str) -> str:
    """Return why a document was ignored, failed or waits as a whole."""
    return {
        "auto": _("Written by a machine"),
        "bounce": _("A mail that was returned"),
        "died": _("Reading it failed three times"),
        "large": _("The mail is larger than 48 MB"),
        "list": _("From a mailing list"),
        "loop": _("One of our own mails"),
        "membership": _("You belong to no organisation here at present"),
        "nothing": _("No booking was found in it"),
        "organisation": _("You belong to several organisations: say for which of them this journey is"),
        "sender": _("From an address that no account has confirmed"),
    }.get(code, code)


def change_text(code: str) -> str:
    """Return what a document did to one booking."""
    return {
        "cancelled": _("Called off, and taken out of its trip"),
        "trip.cancelled": _("Called off, and with it the trip: nothing else was left of it"),
        "changed": _("Changed in its trip"),
        "entered": _("Entered"),
        "gone": _("Its stop was taken out by hand, and stays out"),
        "kept": _("Changed; what you had changed by hand stays"),
        "noted": _("Kept with your bookings; it makes no stop of a trip"),
        "over": _("Over already"),
        "same": _("Nothing new"),
        "unknown": _("Called off; it was in no trip"),
        "unproved": _("Left as it was: nothing proves who sent this"),
        "waits": _("Needs you"),
    }.get(code, code)


def kind_text(kind: str) -> str:
    """Return what kind of booking it is."""
    return {
        FLIGHT: _("Flight"), TRAIN: _("Train"), BUS: _("Bus"), BOAT: _("Ship"), LODGING: _("Lodging"), EVENT: _("Event"),
        FOOD: _("Table"), CAR: _("Hired car"), TAXI: _("Taxi"),
    }.get(kind, kind.removesuffix("Reservation"))  # fmt: skip


def where_text(one: Reservation) -> str:
    """Return where a reservation leads or is."""
    ends = [spot.city or spot.name or spot.iata for spot in (one.origin, one.destination)]
    if one.kind in JOURNEYS:
        shown = [spot.iata or spot.city or spot.name for spot in (one.origin, one.destination)]
        return " – ".join(text for text in shown if text)
    return ", ".join(dict.fromkeys(text for text in (one.name or one.origin.name, ends[0]) if text))


def when_text(one: Reservation, *, year: int) -> str:
    """Return from when to when, in local times, with the weekday."""
    first, last = one.starts, one.ends
    if first is None:
        return _("no day given")
    text = _moment(first, year)
    if last is None or last == first:
        return text
    if last.on == first.on and last.at is not None:
        return f"{text} – {last.at:%H:%M}"
    return f"{text} – {_moment(last, year)}"


def _moment(moment: Moment, year: int) -> str:
    day = day_words(moment.on, this_year=year)
    return f"{day}, {moment.at:%H:%M}" if moment.at is not None else day


def line_of(one: Reservation, *, year: int) -> str:
    """Return dates and places of a reservation in one line: all that a mail says of it."""
    return f"{kind_text(one.kind)}: {where_text(one)} · {when_text(one, year=year)}"


def problems_of(booking: Booking) -> list[str]:
    """Return why what is offered for a booking waits."""
    offered = booking.offered.get("reservation")
    if not offered:
        return []
    return list(dict.fromkeys(problem_text(problem) for problem in reservation_of(offered).problems))


def letter_remarks(letter: Letter) -> Sequence[str]:
    """Return what is to be said of the document itself."""
    texts = [problem_text(Problem(*each)) for each in letter.problems]
    if letter.reason:
        texts.insert(0, reason_text(letter.reason))
    return list(dict.fromkeys(texts))
