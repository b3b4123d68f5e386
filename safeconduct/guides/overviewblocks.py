"""The front of a guide's overview as blocks (alerts, ratings, official advice, the map), and that of the chapters that
have a rating and advice of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from safeconduct.guides.blocks import Block, Cell, Figure, Heading, Listing, Table, words
from safeconduct.guides.document import AdviceRow, AlertRow, GuideDocument, RatingCard
from safeconduct.guides.phrases import alt_of, day, header_row, line, link, moment

MOST_AREAS = 8
RATED = ("medical", "security")


def front_blocks(document: GuideDocument, apart: frozenset[str]) -> Iterator[Block]:
    """The overview. What stands in full in one of the chapters `apart` is told in short."""
    yield Heading(2, words(_("Active alerts")))
    if document.alerts:
        yield Listing(tuple(_alert(alert, document.zone) for alert in document.alerts))
    else:
        yield line(words(_("No active alert from the sources that we read."), strong=True), " ",
                    _("That is not a promise that all is well: not every country publishes its warnings."))  # fmt: skip
    if document.ratings:
        yield Heading(2, words(_("Ratings")))
        for card in document.ratings:
            if card.kind in apart:
                yield line(words(f"{card.label}: {_value(card)}", strong=True), _own(card))
            else:
                yield Heading(3, words(f"{card.label}: {_value(card)}"))
                yield from _rating(card)
    yield Heading(2, words(_("Official advice, side by side")))
    yield from _advice(document.advice, document.country_name, is_brief=apart.issuperset(RATED))
    yield Heading(2, words(_("Map")))
    alt = alt_of(document.map_svg) or _("Map of %(place)s") % {"place": document.name}
    if document.alerts:
        alt += ". " + "; ".join(alert.headline for alert in document.alerts[:MOST_AREAS])
    yield Figure(document.map_svg, alt)
    yield line(
        _("Outlines: Natural Earth, public domain. A line on the map takes no side in a dispute."),
        tone="source",
    )


def chapter_blocks(document: GuideDocument, chapter: str) -> Iterator[Block]:
    """What Medical and Security open with; nothing for other chapters."""
    if chapter not in RATED:
        return
    for card in document.ratings_of(chapter):
        yield Heading(2, words(_("Rating") + f": {_value(card)}"))
        yield line(card.meaning)
        yield from _rating(card)
    rows = document.advice_of(chapter)
    if chapter == "security":
        yield Heading(2, words(_("Official advice, side by side")))
        yield from _advice(rows, document.country_name)
    else:
        yield Heading(2, words(_("Health notices")))
        if rows:
            yield from _advice(rows, document.country_name)
        else:
            yield line(_("No health notice has been read for this destination."), tone="unknown")


def _alert(alert: AlertRow, zone: str) -> tuple[Block, ...]:
    until = (
        _("Until") + f" {moment(alert.expires_at, zone)}"
        if alert.expires_at is not None
        else _("No end given")
    )
    exercise = " (" + _("Exercise") + ")" if alert.is_exercise else ""
    return (
        line(words(f"{alert.severity_word}: {alert.headline}", strong=True), exercise),
        line(f"{alert.event}. {until}" if alert.event else until),
        line(f"{alert.sender}, {moment(alert.sent_at, zone)}", tone="source"),
    )


def _value(card: RatingCard) -> str:
    return card.word + (" (" + _("step %(step)s of 5") % {"step": card.step} + ")" if card.step else "")


def _own(card: RatingCard) -> str:
    return f". {card.organisation}: {card.organisation_word}" if card.organisation_word else ""


def _rating(card: RatingCard) -> Iterator[Block]:
    if card.override_reason:
        yield line(_("Set by %(by)s: %(reason)s") % {"by": card.override_by, "reason": card.override_reason})
    if card.organisation_word:
        yield line(
            words(f"{card.organisation}: ", strong=True),
            f"{card.organisation_word} {card.organisation_reason}",
        )
    if card.inputs:
        rows = tuple(
            (Cell(link(each.label, each.url), True), Cell(words(each.says)), Cell(words(each.weight)))
            for each in card.inputs
        )
        caption = _("Inputs of the rating: %(kind)s") % {"kind": card.label}
        yield Table(header_row(_("Input"), _("Says"), _("Counts")), rows, caption, widths=(3, 5, 1))
    if card.sum_words:
        yield line(card.sum_words)
    if card.value:
        formula = _("Our rating, formula %(formula)s") % {"formula": card.formula}
        since = ", " + _("since") + f" {day(card.since.date())}" if card.since else ""
        yield line(formula + since, tone="source")
    elif not card.sum_words:
        yield line(_("Too little is known for a rating."), tone="source")


def _advice(rows: Sequence[AdviceRow], country: str, *, is_brief: bool = False) -> Iterator[Block]:
    if not rows:
        yield line(_("No official advice has been read for this destination."), tone="unknown")
        return
    caption = _("What is advised officially for %(country)s") % {"country": country}
    cells = [_advice_row(row) for row in rows]
    header = header_row(_("Who"), _("Level"), _("In their words"), _("Areas"), _("Last change"))
    if is_brief:
        yield Table(header[:3], tuple(row[:3] for row in cells), caption, widths=(5, 3, 7))
    else:
        yield Table(header, tuple(cells), caption, widths=(5, 3, 6, 5, 4))
    yield line(
        _("Level 1 to 4 is our common scale; each wording is placed on it by a published table."),
        tone="source",
    )
    attributions = dict.fromkeys(
        f"{row.attribution} ({row.licence})" if row.licence else row.attribution
        for row in rows
        if row.attribution
    )
    if attributions:
        yield line(". ".join(attributions), tone="source")


def _advice_row(row: AdviceRow) -> tuple[Cell, ...]:
    areas = ", ".join(row.areas[:MOST_AREAS]) + (", …" if len(row.areas) > MOST_AREAS else "")
    changed = day(row.changed_at.date()) if row.changed_at else _("unknown")
    return (
        Cell((*link(row.issuer, row.url), *(words(f"\n{row.about}") if row.about else ())), True),
        Cell(words(row.level_words)),
        Cell(words("\n".join([row.says or "–", *filter(None, [row.caution])]))),
        Cell(words(areas or (_("Parts of the country") if row.is_partial else "–"))),
        Cell(words("\n".join([changed, *row.history]))),
    )
