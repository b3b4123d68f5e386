"""Two guides side by side, row by row. Pure: it reads two documents and says where they differ.

It judges nothing: neither side is better. What one side does not say is unknown there, and that is a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.guides.document import FactItem, GuideDocument, GuidePart, MonthlyClimate
from safeconduct.lib.timewords import day_words

MOST_HOLIDAYS: Final = 8
HEALTH_PARTS: Final = ("vaccinations", "care", "food-water", "threats")
MONEY_AND_POWER: Final = (
    "currency", "languages", "electricity", "plugs", "drive_side", "speed_unit", "calling_code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """What one side says. `level`: a sign of the scale of five. No text and no lines: unknown."""

    text: str = ""
    level: str = ""
    lines: tuple[str, ...] = ()
    note: str = ""
    climate: MonthlyClimate | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything is said."""
        return bool(self.text or self.lines or self.climate)

    @property
    def says(self) -> tuple[object, ...]:
        """What counts when two sides are compared."""
        return self.text.casefold(), self.level, self.lines, self.note


@dataclass(frozen=True, slots=True)
class Row:
    """One thing said of both."""

    label: str
    a: Cell
    b: Cell
    is_marked: bool = True
    """False where two places never agree (a climate, days off), so that a mark would say nothing."""

    @property
    def differs(self) -> bool:
        """Whether the two sides say different things."""
        return self.is_marked and self.a.says != self.b.says


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    key: str
    label: str
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def different(self) -> int:
        """How many rows differ."""
        return sum(row.differs for row in self.rows)


def side_by_side(a: GuideDocument, b: GuideDocument, *, clocks: str = "") -> tuple[Group, ...]:
    """The groups in the order in which people ask. `clocks`: how far the second place’s are from the first’s."""
    groups = (
        Group("ratings", _("Ratings"), _ratings(a, b)),
        Group("advice", _("Official advice"), _advice(a, b)),
        Group("alerts", _("Active alerts"), (_row(_("Active alerts"), a, b, _alerts),)),
        Group("health", _("Health"), _facts(a, b, _health_fields(a, b))),
        Group("emergency", _("Emergency numbers"), _emergency(a, b)),
        Group("practical", _("Money, language, power"), _facts(a, b, MONEY_AND_POWER)),
        Group("clocks", _("Clocks"), _facts(a, b, ("timezones",)), clocks),
        Group(
            "holidays", _("Public holidays ahead"), (_row(_("Days off"), a, b, _holidays, is_marked=False),)
        ),
        Group("climate", _("Climate"), (_row(_("A year"), a, b, _climate, is_marked=False),)),
    )
    # That neither has a rating is worth a line; that neither has a coast guard is not.
    return tuple(
        group
        for group in groups
        if group.key == "ratings" or any(row.a.is_known or row.b.is_known for row in group.rows)
    )


def _row(
    label: str,
    a: GuideDocument,
    b: GuideDocument,
    cell: Callable[[GuideDocument], Cell],
    *,
    is_marked: bool = True,
) -> Row:
    return Row(label, cell(a), cell(b), is_marked)


def _parts(guide: GuideDocument) -> Iterable[GuidePart]:
    return (part for chapter in guide.chapters for part in chapter.parts)


def _ratings(a: GuideDocument, b: GuideDocument) -> tuple[Row, ...]:
    def cell(guide: GuideDocument, kind: str) -> Cell:
        card = next((card for card in guide.ratings if card.kind == kind), None)
        if card is None:
            return Cell()
        note = f"{card.organisation}: {card.organisation_word}" if card.organisation_word else ""
        level = "v" if card.value == "variable" else str(card.step)
        return Cell(card.word, level, note=note) if card.value else Cell(note=note)

    labels = {card.kind: card.label for card in (*a.ratings, *b.ratings)}
    return tuple(Row(label, cell(a, kind), cell(b, kind)) for kind, label in labels.items())


def _advice(a: GuideDocument, b: GuideDocument) -> tuple[Row, ...]:
    """Each issuer once; worldwide notices concern both and stand in neither column."""
    shared = {row.page_url for row in a.advice} & {row.page_url for row in b.advice}

    def of(guide: GuideDocument, issuer: str) -> Cell:
        rows = [row for row in guide.advice if row.issuer == issuer and row.page_url not in shared]
        if not rows:
            return Cell()
        worst = max(rows, key=lambda row: row.level or row.level_max or 0)
        if worst.is_read and worst.level is None and worst.level_max is None:
            return Cell(lines=tuple(row.title for row in rows))
        notes = list(dict.fromkeys(row.caution for row in rows if row.caution))[:1]
        return Cell(
            worst.level_words, str(worst.css), lines=tuple(dict.fromkeys(row.says for row in rows if row.says)),
            note=" ".join(notes),
        )  # fmt: skip

    same_place = a.country_code == b.country_code
    issuers = dict.fromkeys(
        row.issuer for row in (*a.advice, *b.advice) if same_place or row.page_url not in shared
    )
    if same_place:
        shared = set()
    return tuple(Row(issuer, of(a, issuer), of(b, issuer)) for issuer in issuers)


def _alerts(guide: GuideDocument) -> Cell:
    count = len(guide.alerts)
    if not count:
        return Cell(_("None from the sources that we read"))
    words = ngettext("%(count)d alert", "%(count)d alerts", count) % {"count": count}
    # The list of a guide has the worst one first.
    return Cell(words, guide.alerts[0].css.removeprefix("s-"), lines=(guide.alerts[0].headline,))


def _health_fields(a: GuideDocument, b: GuideDocument) -> tuple[str, ...]:
    parts = [part for guide in (a, b) for part in _parts(guide) if part.key in HEALTH_PARTS]
    return tuple(dict.fromkeys(fact.field for part in parts for fact in part.facts))


def _facts(a: GuideDocument, b: GuideDocument, fields: Sequence[str]) -> tuple[Row, ...]:
    known = [{fact.field: fact for part in _parts(guide) for fact in part.facts} for guide in (a, b)]

    def cell(fact: FactItem | None) -> Cell:
        return Cell(fact.text, note=_("Old, to be checked") if fact.is_stale else "") if fact else Cell()

    rows = []
    for field in fields:
        one, other = (side.get(field) for side in known)
        either = one or other
        if either is not None and ((one and one.text) or (other and other.text)):
            rows.append(Row(either.label, cell(one), cell(other)))
    return tuple(rows)


def _emergency(a: GuideDocument, b: GuideDocument) -> tuple[Row, ...]:
    def cell(guide: GuideDocument, service: str) -> Cell:
        found = next((each for each in guide.emergency if each.service == service), None)
        return Cell(", ".join(number.number for number in found.numbers)) if found else Cell()

    labels = {each.service: each.label for each in (*a.emergency, *b.emergency)}
    return tuple(Row(label, cell(a, service), cell(b, service)) for service, label in labels.items())


def _holidays(guide: GuideDocument) -> Cell:
    part = next((part for part in _parts(guide) if part.holidays), None)
    if part is None:
        return Cell()
    ahead = [day for day in part.holidays if not day.where][:MOST_HOLIDAYS]
    estimated = _("estimated")
    return Cell(
        lines=tuple(
            f"{day_words(day.on, this_year=0)}: {day.name}"
            + (f" ({estimated})" if day.is_estimated else "")
            for day in ahead
        )
    )


def _climate(guide: GuideDocument) -> Cell:
    return Cell(climate=next((part.climate[0] for part in _parts(guide) if part.climate), None))
