"""Ratings as a guide shows them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safeconduct.guides.document import RatingCard, RatingInput
from safeconduct.orgs.models import Organisation
from safeconduct.ratings import words
from safeconduct.ratings.models import Kind, Value
from safeconduct.ratings.queries import Explained, explained


def cards(country_code: str, organisation: Organisation | None) -> tuple[RatingCard, ...]:
    """Security, then medical; an organisation's own stands beside ours."""
    return tuple(card(row) for row in explained(country_code, organisation))


def card(row: Explained) -> RatingCard:
    """One rating as a guide shows it."""
    own = row.own
    return RatingCard(
        kind=row.kind,
        label=row.kind_label,
        value=row.value,
        word=row.word,
        step=row.step,
        since=row.since,
        reckoned_at=row.reckoned_at,
        formula=row.formula,
        inputs=tuple(
            RatingInput(
                words.label_of(each), words.says_of(each), words.points_of(each), str(each.get("url", ""))
            )
            for each in row.inputs
        ),
        sum_words=row.sum_words,
        meaning=_meaning(row),
        override_reason=row.override.reason if row.override else "",
        override_by=row.override.by_label if row.override else "",
        organisation=own.organisation.name if own else "",
        organisation_word=words.value_word(own.value) if own else "",
        organisation_step=words.step_of(row.kind, own.value) if own else 0,
        organisation_reason=own.reason if own else "",
    )


def _meaning(row: Explained) -> str:
    """Where the value stands on its scale, and what it is reckoned from (docs/ratings.md)."""
    basis = {
        Kind.SECURITY: _(
            "Reckoned from the levels of governments, the worst parts of the country and active alerts about security."
        ),
        Kind.MEDICAL: _(
            "Reckoned from tap water, malaria, yellow fever, health notices and active health alerts; how good the hospitals are is not in it."
        ),
    }[Kind(row.kind)]
    if row.value == Value.VARIABLE:
        return _("It depends on the part of the country.") + " " + basis
    if row.step:
        return _("Step %(step)s of 5, of which 5 is the worst.") % {"step": row.step} + " " + basis
    return basis
