"""Our ratings and an organisation's own as lines: reckoned here, from inputs that each have a source."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from safeconduct.advice.answers import Source
from safeconduct.advice.briefing import Line, Tone
from safeconduct.advice.gathered.materials import Destination, day
from safeconduct.guides import rated
from safeconduct.guides.document import RatingCard
from safeconduct.ratings.models import Value


def rating_lines(step: str, destination: Destination, kind: str) -> Iterator[Line]:
    """The organisation's own, then ours; an unknown one says so."""
    for row in destination.ratings:
        if row.kind != kind:
            continue
        card = rated.card(row)
        if card.organisation:
            yield Line(
                f"{step}.rating.own.{kind}.{destination.code}", card.organisation_word,
                (Source(card.organisation, "", row.own.made_at.date() if row.own else None),),
                _tone(row.own.value if row.own else ""),
                _("%(rating)s rating of %(organisation)s") % {"rating": card.label, "organisation": card.organisation},
                str(card.organisation_step), (card.organisation_reason,) if card.organisation_reason else (),
                substance=row.own.value if row.own else "",
            )  # fmt: skip
        yield _ours(step, destination, card)


def _ours(step: str, destination: Destination, card: RatingCard) -> Line:
    key = f"{step}.rating.{card.kind}.{destination.code}"
    label = _("%(rating)s rating") % {"rating": card.label}
    if not card.value:
        return Line(key, _("Unknown: too little is known to reckon one."), label=label, sign="0", is_unknown=True)
    on = card.reckoned_at.date() if card.reckoned_at else None
    sources = tuple(Source(f"{one.label}: {one.says}", one.url, None) for one in card.inputs)
    details = [card.meaning]
    if card.override_reason:
        details.append(_("Decided by an editor: %(reason)s") % {"reason": card.override_reason})
    if on is not None:
        details.append(_("Reckoned on %(day)s from what is named as its sources.") % {"day": day(on)})
    todo = ""
    if card.value in (Value.HIGH, Value.EXTREME):
        todo = {
            "security": _("Security in %(country)s is rated %(word)s: talk with your organisation about the journey."),
            "medical": _("Medical risk in %(country)s is rated %(word)s: see a travel clinic, and know where help is."),
        }[card.kind] % {"country": destination.name, "word": card.word}
    return Line(
        key, card.word, sources, _tone(card.value), label, str(card.step) if card.step else "v", tuple(details),
        is_portal=True, todo=todo, substance=card.value,
    )  # fmt: skip


def _tone(value: str) -> Tone:
    tones: dict[str, Tone] = {Value.EXTREME: "stop", Value.HIGH: "warn", Value.MODERATE: "note", Value.VARIABLE: "note"}
    return tones.get(value, "")
