"""Official advice as a guide shows it: a table side by side, and the quoted parts where they belong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.advisories.queries import IssuerAdvice, LevelStep, advice_for
from safeconduct.guides.document import AdviceRow, Quote

MOST_HISTORY: Final = 5
SECURITY_FIRST: Final = {"security": 0, "health": 1}


def advice_and_quotes(
    country_code: str, language: str
) -> tuple[tuple[AdviceRow, ...], dict[str, tuple[Quote, ...]]]:
    """Every issuer's row, and section key → what the issuers say about it, those in the reader's language first."""
    found = advice_for(country_code)
    quotes: dict[str, list[Quote]] = defaultdict(list)
    for row in sorted(found, key=lambda row: (not row.lang.startswith(language), row.issuer_name)):
        for key, sections in row.single_sections.items():
            for section in sections:
                quotes[key].append(
                    Quote(
                        issuer=row.issuer_name,
                        heading=section.heading,
                        html=section.html,
                        lang=section.lang,
                        url=row.url,
                        attribution=row.attribution,
                        licence=row.licence,
                        fetched_at=row.fetched_at,
                        is_stale=row.is_stale,
                    )
                )
    rows = sorted(
        found,
        key=lambda row: (SECURITY_FIRST.get(row.category, 2), row.is_worldwide, row.issuer_name, row.title),
    )
    return advice_rows(rows), {key: tuple(each) for key, each in quotes.items()}


def advice_rows(rows: Sequence[IssuerAdvice]) -> tuple[AdviceRow, ...]:
    """Entries as rows of the table side by side, in their order."""
    # A publisher may have an entry for a part of the country, or one of the whole world.
    entries = Counter(row.issuer for row in rows if row.category == "security")
    return tuple(_row(row, is_one_of_many=entries[row.issuer] > 1) for row in rows)


def _row(row: IssuerAdvice, *, is_one_of_many: bool) -> AdviceRow:
    return AdviceRow(
        issuer=row.issuer_name,
        url=row.url,
        page_url=reverse("advisories:advisory", args=[row.advisory_id]),
        title=row.title,
        category=row.category,
        level=row.level,
        level_max=row.level_max,
        is_partial=row.is_partial,
        wording=row.original_level,
        areas=tuple(str(area.get("name", "")) for area in row.areas if area.get("name")),
        changed_at=row.changed_at,
        fetched_at=row.fetched_at,
        is_stale=row.is_stale,
        is_built_to_shape=row.built_to_shape,
        attribution=row.attribution,
        licence=row.licence,
        history=tuple(step_words(step) for step in row.history[:MOST_HISTORY] if step.is_notable),
        is_read=row.is_read,
        about=row.title if is_one_of_many and row.category == "security" else "",
        has_full_text=bool(row.sections) and not row.single_sections,
    )


def step_words(step: LevelStep) -> str:
    """What changed: the country's level, or where that stayed, that of its worst part; or that it was listed at all."""
    is_of_parts = step.old == step.new
    text = _("changed on %(day)s from %(old)s to %(new)s")
    if is_of_parts:
        text = _("worst part changed on %(day)s from %(old)s to %(new)s")
    if step.change == "new":
        text = _("newly listed on %(day)s at %(new)s")
    old, new = (step.old_max, step.new_max) if is_of_parts else (step.old, step.new)
    return text % {
        "day": step.at.date().isoformat(),
        "old": old if old is not None else _("no level"),
        "new": new if new is not None else _("no level"),
    }
