"""What is new in an entry, and whether people are told: the next immutable version, or the one that says it ended.

Compared is with the last version whose level we could read, and by the publisher's own words: another reading of the
same words by our table is no news. What a source names for the first time after it was once read whole is news where
its level is grave; what stood in its first whole reading is not, however late its level is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from safeconduct.advisories.entries import Entry
from safeconduct.advisories.models import Advisory, AdvisoryVersion, Category
from safeconduct.feeds.models import Document

Change = AdvisoryVersion.Change
LOOKED_BACK = 20
NEWS_FROM = 3
"""A newly listed entry of this common level, of the country or of its worst part, is told: reconsider travel, or worse."""


def next_version(
    row: Advisory, entry: Entry, values: Mapping[str, Any], document: Document | None, at: datetime
) -> AdvisoryVersion:
    """Write the version that says what `values` say, and what changed with it."""
    base = _last_read(row)
    before = base or row.versions.order_by("-number").first()
    change, is_notable = _change(row, base, entry, values)
    return AdvisoryVersion.objects.create(
        advisory=row,
        number=row.number + 1,
        change=change,
        is_notable=is_notable,
        title=values["title"],
        url=values["url"],
        level=values["level"],
        level_max=values["level_max"],
        is_partial=values["is_partial"],
        previous_level=before.level if before else None,
        previous_level_max=before.level_max if before else None,
        original_level=values["original_level"],
        original_code=values["original_code"],
        areas=values["areas"],
        note=entry.note,
        changed_at=entry.changed_at,
        recorded_at=at,
        document=document,
    )


def end(row: Advisory, document: Document | None, at: datetime, *, is_news: bool = True) -> AdvisoryVersion:
    """Write that the source lists the entry no longer. `is_news` False: we read the same words as another country.

    People are told when a health notice is gone: it is over. A country missing from a register of all countries is
    more likely a fault of the register; it is shown, and nobody is told that it became safer.
    """
    base = _last_read(row)
    is_over = row.category == Category.HEALTH
    is_notable = is_news and is_over and base is not None and (base.level, base.level_max) != (None, None)
    version = AdvisoryVersion.objects.create(
        advisory=row,
        number=row.number + 1,
        change=Change.ENDED,
        is_notable=is_notable,
        title=row.title,
        url=row.url,
        level=None if is_over else row.level,
        level_max=None if is_over else row.level_max,
        is_partial=row.is_partial and not is_over,
        previous_level=base.level if base else None,
        previous_level_max=base.level_max if base else None,
        original_level="" if is_over else row.original_level,
        original_code="" if is_over else row.original_code,
        areas=[] if is_over else row.areas,
        recorded_at=at,
        document=document,
    )
    row.state, row.ended_at, row.number = Advisory.State.ENDED, at, version.number
    row.save(update_fields=["state", "ended_at", "number"])
    row.sections.filter(until__isnull=True).update(until=at)
    return version


def _last_read(row: Advisory) -> AdvisoryVersion | None:
    """The last version whose level is known, be it that none was stated; not one with words that no table knew."""
    for version in row.versions.order_by("-number")[:LOOKED_BACK]:
        is_read = version.level is not None or version.level_max is not None
        states_none = not (version.original_level or version.original_code)
        if is_read or states_none or version.is_notable:
            return version
    return None


def _change(
    row: Advisory, base: AdvisoryVersion | None, entry: Entry, values: Mapping[str, Any]
) -> tuple[Change, bool]:
    if row.number == 0:
        return _sight(row, entry, values)
    is_back = row.state == Advisory.State.ENDED
    if base is None:
        return (Change.BACK if is_back else Change.WORDS), False
    level, level_max = values["level"], values["level_max"]
    is_unread = bool(entry.unknown) and level is None
    differs = level != base.level or (level_max != base.level_max and not _leaves_open(base, entry, values))
    is_news = _words(values) != (base.original_level, base.original_code, _said(base.areas))
    is_notable = differs and is_news and not is_unread and not entry.is_editorial
    if is_back:
        return Change.BACK, is_notable
    if not differs or is_unread:
        return (Change.WORDS if values["areas"] == base.areas else Change.AREAS), False
    return _direction(base.level, level, values["is_partial"]), is_notable


def _sight(row: Advisory, entry: Entry, values: Mapping[str, Any]) -> tuple[Change, bool]:
    """A first version: first sight, or newly listed and told from NEWS_FROM on."""
    loaded = row.source.loaded_at
    if loaded is None or row.first_seen_at <= loaded:
        return Change.FIRST, False
    worst = max((one for one in (values["level"], values["level_max"]) if one is not None), default=0)
    return Change.NEW, worst >= NEWS_FROM and not entry.is_editorial


def _leaves_open(base: AdvisoryVersion, entry: Entry, values: Mapping[str, Any]) -> bool:
    """Whether how bad the worst part is was not said, or cannot be read: it may be as bad as before."""
    is_open = None in (base.level_max, values["level_max"]) and base.is_partial and values["is_partial"]
    return is_open or bool(entry.unknown)


def _direction(before: int | None, level: int | None, is_partial: bool) -> Change:
    """Up, down, or neither: parts of the country alone, or a level where none was stated and the other way round."""
    if before == level or (level is None and is_partial):
        return Change.AREAS
    if before is None or level is None:
        return Change.RAISED if (level or 0) > 1 else Change.WORDS
    return Change.RAISED if level > before else Change.LOWERED


def _words(values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str, str]]]:
    return values["original_level"], values["original_code"], _said(values["areas"])


def _said(areas: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(area.get("name", ""), area.get("wording", ""), area.get("code", "")) for area in areas]
