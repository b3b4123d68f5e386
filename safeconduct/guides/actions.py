"""Writing the guides: a draft, a second person's approval, publication; an organisation's notes.

A published text is never changed: a new one replaces it. Every verb takes the lock of the row that it moves, so two
people who press at once get one effect and one clear refusal.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.guides.models import LONGEST_REASON, LONGEST_TEXT, Edition, OrganisationNote
from safeconduct.guides.sections import PARTS
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.models import Organisation
from safeconduct.places.models import Place

State = Edition.State
OPEN = (State.DRAFT, State.REVIEW, State.SCHEDULED)


def begin_edition(place: Place, part: str, language: str, *, by: User) -> Edition:
    """Begin a draft from what is published. Raises Refused when somebody has one open, NotFound for no such part."""
    if part not in PARTS:
        raise NotFound
    if place.state != Place.State.ACTIVE:
        raise Refused("edition.place", _("This place is no longer in our list."))
    mine = Edition.objects.filter(place=place, part=part, language=language)
    published = mine.filter(state=State.PUBLISHED).first()
    edition = Edition(
        place=place,
        part=part,
        language=language,
        number=(mine.aggregate(most=Max("number"))["most"] or 0) + 1,
        body=published.body if published else "",
        sources=published.sources if published else "",
        review_due_on=published.review_due_on if published else None,
        based_on=published,
        written_by_id=by.pk,
        written_by_label=audit.label_of(by),
        written_at=clock.now(),
    )
    try:
        with transaction.atomic():
            edition.save(force_insert=True)
            audit.record("edition.begun", by=by, subject=edition, detail=_where(edition))
    except IntegrityError as error:
        raise Refused("edition.open", _("A text for this part is already being written.")) from error
    return edition


def save_draft(
    edition: Edition,
    *,
    by: User,
    revision: int,
    body: str,
    sources: str = "",
    change_note: str = "",
    is_minor: bool = False,
    review_due_on: date | None = None,
) -> Edition:
    """Keep the text. `revision` is the one that the writer had before them: another one means that somebody else
    saved meanwhile, and nothing is overwritten. Raises Refused."""
    if len(body) > LONGEST_TEXT:
        raise Refused("edition.long", _("The text is too long."))
    with transaction.atomic():
        row = _locked(edition, State.DRAFT)
        if row.revision != revision:
            raise Refused(
                "edition.revision",
                _("Somebody saved this text while you were writing. Compare before you save yours."),
            )
        row.body, row.sources, row.change_note = body, sources, change_note.strip()
        row.is_minor, row.review_due_on = is_minor, review_due_on
        # Whoever saves is a writer of it, for good: the approval has to come from somebody else.
        row.writers = list(dict.fromkeys([*row.writers, by.pk]))
        row.written_by_id, row.written_by_label, row.written_at = by.pk, audit.label_of(by), clock.now()
        row.revision += 1
        row.save()
        audit.record("edition.saved", by=by, subject=row, detail=_where(row))
    return row


def submit_edition(edition: Edition, *, by: User) -> Edition:
    """Hand the draft to a second person. Raises Refused for an empty text or no word on what is new."""
    with transaction.atomic():
        row = _locked(edition, State.DRAFT)
        if not row.body.strip():
            raise Refused("edition.empty", _("There is no text yet."))
        if row.based_on_id is not None and not row.change_note:
            raise Refused("edition.note", _("Say in a few words what is new."))
        row.state, row.submitted_at = State.REVIEW, clock.now()
        row.save()
        audit.record("edition.submitted", by=by, subject=row, detail=_where(row))
    return row


def return_edition(edition: Edition, *, by: User, reason: str = "") -> Edition:
    """Back to draft: by the writer who wants to go on, or by somebody else, whose reason the writer reads.

    Raises Refused when that is missing or too long.
    """
    reason = reason.strip()
    with transaction.atomic():
        row = _locked(edition, State.REVIEW, State.SCHEDULED)
        is_writer = row.written_by_id == by.pk
        if not reason and not is_writer:
            raise Refused("edition.reason", _("Say what is to be changed: whoever wrote it reads this."))
        if len(reason) > LONGEST_REASON:
            raise Refused("edition.reason", _("The reason is too long."))
        row.state, row.publish_at = State.DRAFT, None
        row.approved_by_id, row.approved_by_label, row.approved_at = None, "", None
        row.return_reason = reason
        row.returned_by_id, row.returned_at = (by.pk, clock.now()) if reason else (None, None)
        row.save()
        audit.record("edition.returned", by=by, subject=row, detail=_where(row))
    return row


def approve_edition(edition: Edition, *, by: User, publish_at: datetime | None = None) -> Edition:
    """Approve as a second person: it is published now, or at a time ahead. Raises Refused for whoever saved any version
    of it, and when another text was published since this one was begun."""
    now = clock.now()
    with transaction.atomic():
        row = _locked(edition, State.REVIEW)
        if by.pk in row.writer_ids:
            raise Refused(
                "edition.own", _("A second person has to approve: you wrote this text, or a part of it.")
            )
        row.approved_by_id, row.approved_by_label, row.approved_at = by.pk, audit.label_of(by), now
        if publish_at is not None and publish_at > now:
            row.state, row.publish_at = State.SCHEDULED, publish_at
            row.save()
        else:
            _publish(row)
        audit.record("edition.approved", by=by, subject=row, detail=_where(row))
    return row


def publish_due(limit: int = 50) -> int:
    """Publish approved texts whose time has come; return how many."""
    due = Edition.objects.filter(state=State.SCHEDULED, publish_at__lte=clock.now()).order_by("publish_at")
    done = 0
    for key in list(due.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            row = Edition.objects.select_for_update().get(pk=key)
            if row.state != State.SCHEDULED or row.publish_at is None or row.publish_at > clock.now():
                continue
            try:
                _publish(row)
            except Refused:
                # Another text came between: a person has to look, nothing is overwritten.
                row.state, row.publish_at = State.REVIEW, None
                row.approved_by_id, row.approved_by_label, row.approved_at = None, "", None
                row.save()
                audit.record("edition.held", by=None, subject=row, detail=_where(row))
                continue
            audit.record("edition.published", by=None, subject=row, detail=_where(row))
            done += 1
    return done


def withdraw_edition(edition: Edition, *, by: User) -> Edition:
    """Take a text away: a draft that nobody wants, or a published one that is wrong."""
    with transaction.atomic():
        row = _locked(edition, *OPEN, State.PUBLISHED)
        row.state, row.ended_at, row.publish_at = State.WITHDRAWN, clock.now(), None
        row.save()
        audit.record("edition.withdrawn", by=by, subject=row, detail=_where(row))
    return row


def write_note(
    organisation: Organisation, place: Place, part: str, *, body: str, by: User, seen: str | None = None
) -> OrganisationNote | None:
    """What an organisation tells its own people about a part; an empty text takes it back. Raises Refused, NotFound.

    `seen`: public id of the note that the writer had before them, empty for none; another one is not overwritten.
    """
    if part not in PARTS:
        raise NotFound
    if len(body) > LONGEST_TEXT:
        raise Refused("note.long", _("The text is too long."))
    now = clock.now()
    with transaction.atomic():
        # The organisation's row keeps two writers apart, also where there is no note yet.
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        mine = OrganisationNote.objects.for_org(organisation).filter(
            place=place, part=part, ended_at__isnull=True
        )
        if seen is not None and list(mine.values_list("public_id", flat=True)) != [seen] * bool(seen):
            raise Refused(
                "note.meanwhile",
                _("Somebody saved this note while you were writing. Compare before you save yours."),
            )
        detail = {"place": place.key, "part": part}
        ended = mine.update(ended_at=now)
        if not body.strip():
            if ended:
                audit.record(
                    "note.ended", by=by, subject=organisation, organisation=organisation, detail=detail
                )
            return None
        note = OrganisationNote(
            organisation=organisation,
            place=place,
            part=part,
            body=body,
            by_label=audit.label_of(by),
            made_at=now,
        )
        note.save(force_insert=True)
        audit.record("note.written", by=by, subject=note, organisation=organisation, detail=detail)
    return note


def _locked(edition: Edition, *states: str) -> Edition:
    """The row under lock. Raises Refused when it stands elsewhere by now."""
    row = Edition.objects.select_for_update().select_related("place").get(pk=edition.pk)
    if row.state not in states:
        raise Refused(
            "edition.state",
            _("This text is no longer where it was: %(state)s.") % {"state": State(row.state).label},
        )
    return row


def _publish(row: Edition) -> None:
    """Put a locked text in place of the one that it was begun from. Raises Refused when that one is no longer there."""
    now = clock.now()
    current = (
        Edition.objects.select_for_update()
        .filter(place_id=row.place_id, part=row.part, language=row.language, state=State.PUBLISHED)
        .first()
    )
    if current is not None and current.pk != row.based_on_id:
        raise Refused(
            "edition.overtaken", _("Another text was published since this one was begun. Compare them first.")
        )
    if current is not None:
        current.state, current.ended_at = State.REPLACED, now
        current.save(update_fields=["state", "ended_at"])
    row.state, row.published_at = State.PUBLISHED, now
    row.save()


def _where(edition: Edition) -> dict[str, str | int]:
    return {
        "place": edition.place.key,
        "part": edition.part,
        "language": edition.language,
        "number": edition.number,
    }
