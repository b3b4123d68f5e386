"""What the writing room shows: which texts are open or due, and where each part of a place's guide stands.

Reads only; who may see it is decided by the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet

from safeconduct.accounts.models import User
from safeconduct.guides.actions import OPEN
from safeconduct.guides.models import Edition
from safeconduct.guides.sections import CHAPTERS, PARTS, Chapter, Part
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.permissions import DESK_RIGHTS
from safeconduct.places.models import Place

State = Edition.State
SHOWS: Final = ("open", "review", "draft", "scheduled", "due", "published")
WRITE: Final = "guides.write"
APPROVE: Final = "guides.approve"


@dataclass(frozen=True)
class PartLine:
    """Where one part stands in one language; `others` are the other languages that have a published text."""

    part: Part
    published: Edition | None
    open: Edition | None
    others: tuple[str, ...]
    is_due: bool


@dataclass(frozen=True)
class ChapterLines:
    """The parts of a chapter."""

    chapter: Chapter
    lines: tuple[PartLine, ...]


def listed(show: str, today: date) -> QuerySet[Edition]:
    """The texts of one of SHOWS, those that wait longest first."""
    rows = Edition.objects.select_related("place")
    if show == "due":
        return rows.filter(state=State.PUBLISHED, review_due_on__lt=today).order_by("review_due_on", "pk")
    if show == "published":
        return rows.filter(state=State.PUBLISHED).order_by("-published_at", "-pk")
    if show == "scheduled":
        return rows.filter(state=State.SCHEDULED).order_by("publish_at", "pk")
    states = {"review": [State.REVIEW], "draft": [State.DRAFT]}.get(show, [*OPEN])
    return rows.filter(state__in=states).order_by("-state", "written_at", "pk")


def counts(today: date) -> dict[str, int]:
    """How many of each of SHOWS."""
    return {show: listed(show, today).count() for show in SHOWS}


def parts_of(place: Place, language: str, today: date) -> list[ChapterLines]:
    """Every part of a guide, chapter by chapter."""
    rows = list(Edition.objects.filter(place=place, state__in=[*OPEN, State.PUBLISHED]))
    published = {(row.part, row.language): row for row in rows if row.state == State.PUBLISHED}
    being_written = {(row.part, row.language): row for row in rows if row.state != State.PUBLISHED}

    def line(part: Part) -> PartLine:
        shown = published.get((part.key, language))
        return PartLine(
            part=part,
            published=shown,
            open=being_written.get((part.key, language)),
            others=tuple(sorted(tag for key, tag in published if key == part.key and tag != language)),
            is_due=shown is not None and is_due(shown, today),
        )

    return [ChapterLines(chapter, tuple(line(part) for part in chapter.parts)) for chapter in CHAPTERS]


def languages_of(place: Place) -> dict[str, int]:
    """Language → how many parts have a published text."""
    found: dict[str, int] = {}
    for tag in Edition.objects.filter(place=place, state=State.PUBLISHED).values_list("language", flat=True):
        found[tag] = found.get(tag, 0) + 1
    return found


def is_due(edition: Edition, today: date) -> bool:
    """Whether a published text should have been read again by now."""
    return edition.review_due_on is not None and edition.review_due_on < today


def the_part(key: str) -> Part:
    """A part of a guide. Raises NotFound."""
    if key not in PARTS:
        raise NotFound("part")
    return PARTS[key]


def the_edition(public_id: str) -> Edition:
    """A text in any state. Raises NotFound."""
    row = Edition.objects.select_related("place", "based_on").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("edition")
    return row


def editions_of(place: Place, part: str, language: str) -> list[Edition]:
    """Every text that there was, the newest first."""
    return list(
        Edition.objects.filter(place=place, part=part, language=language)
        .select_related("place")
        .order_by("-number")
    )


def published_of(edition: Edition) -> Edition | None:
    """The text that readers see now in the place of this one."""
    return Edition.objects.filter(
        place_id=edition.place_id, part=edition.part, language=edition.language, state=State.PUBLISHED
    ).first()


def may_be_approved(edition: Edition, *, without: User | None = None) -> bool:
    """Whether anybody at the desk could approve a text: somebody with the right who wrote nothing of it.

    `without`: whoever is about to write in it as well.
    """
    roles = [role for role, rights in DESK_RIGHTS.items() if APPROVE in rights]
    writers = [*edition.writers, *([without.pk] if without is not None else [])]
    return User.objects.filter(desk_role__in=roles, is_active=True).exclude(pk__in=writers).exists()


def names_of(editions: Iterable[Edition]) -> dict[int, str]:
    """Id of a person who wrote, gave back or approved → name, while they exist."""
    ids = {
        key
        for row in editions
        for key in (*row.writer_ids, row.written_by_id, row.returned_by_id, row.approved_by_id)
        if key
    }
    return {user.pk: user.name for user in User.objects.filter(pk__in=ids)}
