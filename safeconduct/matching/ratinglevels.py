"""Changes of ratings as they are told: ours to whoever goes there or asked, an organisation's own to its members.

Which changes are told at all is decided where they are written (`ratings.changes`): this only puts them into words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy, pgettext_lazy

from safeconduct.matching import emails
from safeconduct.matching.levels import LevelChange, Queue, Words, is_too_old, waiting_rows
from safeconduct.ratings import words
from safeconduct.ratings.models import Kind, OrganisationRating, RatingVersion

SEVERITIES: Final = ("Unknown", "Minor", "Minor", "Moderate", "Severe", "Extreme")
"""The step of a value on the ladder of five as a severity of CAP 1.2. What depends on where is moderate."""
HEADINGS: Final[dict[tuple[str, str], Words]] = {
    (Kind.SECURITY, "raised"): gettext_lazy("Security rating raised"),
    (Kind.SECURITY, "lowered"): gettext_lazy("Security rating lowered"),
    (Kind.SECURITY, "changed"): gettext_lazy("Security rating changed"),
    (Kind.MEDICAL, "raised"): gettext_lazy("Medical rating raised"),
    (Kind.MEDICAL, "lowered"): gettext_lazy("Medical rating lowered"),
    (Kind.MEDICAL, "changed"): gettext_lazy("Medical rating changed"),
}


def change_of(versions: Sequence[RatingVersion], now: datetime) -> LevelChange | None:
    """Return untold versions of one rating, oldest first, as one change; None when the value is again what it was,
    another one holds by now, or it is old news."""
    first, last = versions[0], versions[-1]
    rating = last.rating
    before = first.previous_value
    if last.value in (before, "") or rating.value != last.value or is_too_old(None, last.made_at, now):
        return None
    is_decided = last.basis == RatingVersion.Basis.OVERRIDE
    return LevelChange(
        kind=emails.RATING.code,
        key=f"rating:{last.pk}",
        subject_key=f"rating:{rating.pk}",
        country_code=rating.country_code,
        old=_value(before),
        new=_value(last.value),
        heading=_heading(rating.kind, before, last.value),
        reason=last.reason if is_decided else _reason(last.cause),
        source=gettext_lazy("An editor decided") if is_decided else gettext_lazy("Our formula"),
        url=reverse("ratings:rating", args=[rating.country_code, rating.kind]),
        severity=_severity(rating.kind, last.value),
        reach=_worse(rating.kind, before, last.value),
        details={"changed_at": last.made_at, "is_formula": not is_decided, "organisation": ""},
    )


RATINGS: Final = Queue(rows=waiting_rows(RatingVersion, "made_at"), subject="rating_id", change_of=change_of)


def own_queue(rows: Callable[[], QuerySet[OrganisationRating]]) -> Queue:
    """Return what one organisation says of destinations, as a queue; `rows` are its own."""

    def waiting() -> QuerySet[Any]:
        return rows().annotate(due_at=F("made_at"), about=Concat("country_code", Value(" "), "kind"))

    return Queue(rows=waiting, subject="about", change_of=own_change_of)


def own_change_of(rows: Sequence[OrganisationRating], now: datetime) -> LevelChange | None:
    """Return what an organisation says of one destination, oldest first, as one change; None when it says again what
    it said before."""
    first, last = rows[0], rows[-1]
    if last.value == first.previous_value or is_too_old(None, last.made_at, now):
        return None
    known = last.value or first.previous_value
    return LevelChange(
        kind=emails.RATING.code,
        key=f"rating:own:{last.pk}",
        subject_key=f"rating:own:{last.organisation_id}:{last.country_code}:{last.kind}",
        country_code=last.country_code,
        old=_value(first.previous_value, of_organisation=True),
        new=_value(last.value, of_organisation=True),
        heading=_heading(last.kind, first.previous_value, last.value),
        reason=last.reason,
        source=last.organisation.name,
        url=reverse("ratings:rating", args=[last.country_code, last.kind]),
        severity=_severity(last.kind, known),
        reach=_worse(last.kind, first.previous_value, last.value),
        details={"changed_at": last.made_at, "is_formula": False, "organisation": last.organisation.name},
    )


def _value(value: str, *, of_organisation: bool = False) -> Words:
    if not value and of_organisation:
        return pgettext_lazy("an organisation’s own rating", "none of its own")
    promise: Words = _lazy_word(value)
    return promise


_lazy_word: Any = lazy(words.value_word, str)


def _heading(kind: str, before: str, after: str) -> Words:
    old, new = words.step_of(kind, before), words.step_of(kind, after)
    if not old or not new:
        return HEADINGS[kind, "changed"]
    return HEADINGS[kind, "raised" if new > old else "lowered"]


def _reason(cause: str) -> Words:
    if cause == RatingVersion.Cause.ENDED:
        return gettext_lazy("An editor’s decision is over; the formula holds again.")
    return gettext_lazy("Official advice on which the rating is built has changed.")


def _severity(kind: str, value: str) -> str:
    return "Moderate" if value == "variable" else SEVERITIES[words.step_of(kind, value)]


def _worse(kind: str, before: str, after: str) -> str:
    return max((_severity(kind, before), _severity(kind, after)), key=SEVERITIES.index)
