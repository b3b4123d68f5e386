"""What the readers of bookings say of a document, in a person's words. The codes are those of `trips/bookings`."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.trips.bookings.model import Problem, Reservation


def problem_text(problem: Problem) -> str:
    """A sentence, with the document's own text where there is one."""
    text = _texts().get(problem.code, problem.code)
    return (
        _("%(problem)s (“%(text)s”)") % {"problem": text, "text": problem.detail} if problem.detail else text
    )


def _texts() -> dict[str, str]:
    return {
        "airport.differs": _("The airport of this code is in another country than the document says"),
        "airport.unknown": _("We do not know an airport of this code"),
        "airport.unnamed": _("The airport has a name and no code"),
        "archive.broken": _("The wallet pass is damaged"),
        "archive.large": _("The wallet pass holds more than any pass does, and was not unpacked"),
        "archive.unknown": _("The archive holds no wallet pass"),
        "attachment.large": _("An attachment is too large to be read"),
        "calendar.incomplete": _("A calendar entry has no name or no begin"),
        "calendar.recurring": _("A calendar entry that recurs is no booking"),
        "carrier.differs": _("The flight number is of another airline than the one named"),
        "date.inferred": _("The day of departure is taken from the time of boarding"),
        "date.missing": _("The day is missing"),
        "date.odd": _("The year is none that somebody travels in"),
        "date.order": _("Day and month may be the other way round"),
        "date.unreadable": _("The date cannot be read"),
        "dates.differ": _("The document has two different dates for this"),
        "document.broken": _("The document is damaged"),
        "document.deep": _("Mails within mails within mails: the innermost were not read"),
        "document.died": _("The document needs more memory than a booking may, or breaks its reader"),
        "document.large": _("The document is too large"),
        "document.long": _("The document is long: only its beginning was read"),
        "document.slow": _("Reading the document took too long"),
        "duration": _("It takes longer than any such journey or stay"),
        "kind.unsure": _("A calendar entry does not say what is booked"),
        "mail.broken": _("A part of the mail is damaged"),
        "markup.broken": _("The data in the document are damaged"),
        "missing": _("Something that belongs to such a booking is missing"),
        "nothing": _("No booking was found in it"),
        "number.inferred": _("The reference is taken from the text"),
        "offset.differs": _("The time is given with an offset that the place does not have then"),
        "one.reader": _("Only one program has read this, by rules for this sender"),
        "order": _("The end is before the begin"),
        "overlap": _("Another journey in the document is at the same time"),
        "pass.fields": _("This was read from the fields of the pass that people see"),
        "pass.kind": _("This wallet pass is no boarding pass that we can read"),
        "pdf.locked": _("The PDF is locked by a password"),
        "readers.differ": _("The document has another value for this as well"),
        "same.place": _("It leads from an airport to itself"),
        "status.changed": _("The event is postponed or moved"),
        "status.unknown": _("The state of the booking is not known to us"),
        "ticket.differs": _("The bar code is of another flight"),
        "time.midnight": _("Midnight may mean that the time is not known"),
        "time.skipped": _("The clocks there leave this hour out"),
        "time.twice": _("The clocks there show this hour twice"),
        "time.utc": _("It is not clear whether the time is local time or UTC"),
        "year.inferred": _("The document has no year: it was inferred"),
        "year.missing": _("The document has no year"),
        "zone.differs": _("The time is given in a zone that is not the place’s"),
        "zone.unknown": _("The time zone of the place is not known"),
    }


def reservation_lines(one: Reservation) -> list[str]:
    """A reservation as lines to read: what, when, who, and what is not sure."""
    where = [spot.iata or spot.name for spot in (one.origin, one.destination) if spot.is_known]
    carrier = " ".join(filter(None, (one.provider.iata or one.provider.name, one.trip_number)))
    head = [one.kind.removesuffix("Reservation"), carrier or one.name, " – ".join(where), one.number]
    lines = ["  ".join(filter(None, head))]
    for moment in (one.starts, one.ends):
        if moment is not None:
            lines.append(f"  {moment.text} {moment.zone}".rstrip())
    if one.passengers:
        lines.append(f"  {', '.join(one.passengers)}")
    lines.append(f"  {one.status}, {one.reader}, {'sure' if one.is_sure else 'not sure'}")
    lines += [f"  ! {problem.field or '*'}: {problem_text(problem)}" for problem in one.problems]
    return lines
