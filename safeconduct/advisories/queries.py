"""What governments and health authorities say of a country, with source, date, licence and how sure we are that it is so.

Nothing is shown that a source's licence does not allow (quoting.py): *link only* is title, level and link; *complete or
link* is every section as last read, and the link alone as soon as that may not be what the source says now, and never
a part of it. Nothing here is personal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.html import escape

from safeconduct.advisories import labels
from safeconduct.advisories.models import WORLDWIDE, Advisory, AdvisoryVersion, Section
from safeconduct.advisories.quoting import excerpt, quoted
from safeconduct.feeds.models import LinkedMessage, Source
from safeconduct.feeds.shaped import is_built_to_shape
from safeconduct.lib import clock

NEWS_DAYS: Final = 180
"""As long as an entry of a source that never ends any is shown: news, not standing advice."""
HISTORY: Final = 50
Change = AdvisoryVersion.Change


@dataclass(frozen=True, slots=True)
class SectionText:
    """A quoted part, cleaned HTML, and since when it says so."""

    key: str
    heading: str
    html: str
    lang: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LevelStep:
    """“Changed on `at` from `old` to `new`”. `at`: the publisher's date, else when we saw it."""

    at: datetime
    change: str
    old: int | None
    new: int | None
    old_max: int | None
    new_max: int | None
    original_level: str
    original_code: str
    note: str
    url: str
    version_id: str
    is_notable: bool


@dataclass(frozen=True, slots=True)
class IssuerAdvice:
    """What one publisher says of one country now. `level` None: it states none for the country as a whole."""

    advisory_id: str
    issuer: str
    """Key of the source."""
    issuer_name: str
    category: str
    country_code: str
    """Empty: worldwide."""
    title: str
    level: int | None
    level_max: int | None
    is_partial: bool
    original_level: str
    original_code: str
    areas: tuple[Mapping[str, Any], ...]
    url: str
    lang: str
    changed_at: datetime | None
    reviewed_at: datetime | None
    level_since: datetime
    fetched_at: datetime
    is_stale: bool
    """It has not been confirmed for longer than the source's limit, or the rest of the entry could not be read."""
    built_to_shape: bool
    display: str
    licence: str
    attribution: str
    is_read: bool = True
    """False: a register names it, and what it says has not been read yet."""
    summary: str = ""
    sections: Mapping[str, tuple[SectionText, ...]] = field(default_factory=dict)
    history: tuple[LevelStep, ...] = ()
    source_display: str = ""
    """What the source's licence allows, where `display` says what is shown: a stale text is shown as a link."""
    format: str = ""
    """Of the source (`feeds.Source.Format`): whose travellers it writes for depends on it."""

    @property
    def is_worldwide(self) -> bool:
        """Return whether it concerns every destination."""
        return self.country_code == WORLDWIDE

    @property
    def caution(self) -> str:
        """Return what to know before relying on it, in the active language; empty when there is nothing to know."""
        return labels.caution(
            is_read=self.is_read, is_stale=self.is_stale, is_built_to_shape=self.built_to_shape, fetched_at=self.fetched_at,
        )  # fmt: skip

    @property
    def single_sections(self) -> Mapping[str, tuple[SectionText, ...]]:
        """The quoted parts that may stand alone, beside those of others; none of a text that is complete or not at all."""
        return {} if self.display == Source.Display.WHOLE else self.sections

    @property
    def may_quote(self) -> bool:
        """Return whether the source's own words stand here; else there is the link alone."""
        return bool(self.summary or self.sections)


def advice_for(country_code: str, *, with_sections: bool = True) -> tuple[IssuerAdvice, ...]:
    """Return what stands for a country, worldwide notices included: security first, the worst level first.

    `with_sections` False: levels and dates alone, for lists.
    """
    return advice_for_each([country_code], with_sections=with_sections)[country_code.upper()]


def advice_for_each(
    country_codes: Iterable[str], *, with_sections: bool = True
) -> dict[str, tuple[IssuerAdvice, ...]]:
    """Return the same for several countries, looked up at once; one without advice has an empty row."""
    codes = {code.upper() for code in country_codes}
    rows = _standing(clock.now()).filter(country_code__in={*codes, WORLDWIDE})
    found = sorted(_advice(list(rows), with_sections=with_sections), key=_order)
    return {code: tuple(one for one in found if one.country_code in (code, WORLDWIDE)) for code in codes}


def advice_of(advisory: Advisory) -> IssuerAdvice:
    """Return one entry with its sections and history, whether it stands or has ended."""
    return _advice([advisory], with_sections=True)[0]


def levels_of(issuer: str) -> dict[str, int]:
    """Return {country: level for the country as a whole} by one source's key, for a map; worst first where it has
    several entries. Countries without a stated level are left out."""
    rows = (
        _standing(clock.now()).filter(source__key=issuer, level__isnull=False).exclude(country_code=WORLDWIDE)
    )
    levels: dict[str, int] = {}
    for country, level in rows.order_by("level").values_list("country_code", "level"):
        if level is not None:
            levels[country] = level
    return levels


def history_of(advisory: Advisory) -> tuple[LevelStep, ...]:
    """Return what changed in an entry, newest first; the first sight is the last."""
    return _histories([advisory])[advisory.pk]


def _standing(now: datetime) -> QuerySet[Advisory]:
    """Entries that hold: listed still, and of sources that end none, recent ones."""
    recent = Q(changed_at__gte=now - timedelta(days=NEWS_DAYS))
    rows = Advisory.objects.filter(state=Advisory.State.ACTIVE).filter(Q(source__lists_all=True) | recent)
    return rows.select_related("source")


def _order(one: IssuerAdvice) -> tuple[bool, bool, int, float, str]:
    worst = max(one.level or 0, one.level_max or 0)
    recent = one.changed_at.timestamp() if one.changed_at else 0.0
    return one.category != "security", one.is_worldwide, -worst, -recent, one.issuer


def _advice(rows: Sequence[Advisory], *, with_sections: bool) -> list[IssuerAdvice]:
    histories = _histories(rows)
    lost, outdated = _unread(rows)
    sections = _sections([row for row in rows if row.source.display in _QUOTED]) if with_sections else {}
    return [
        _one(row, histories[row.pk], sections.get(row.pk, {}), row.pk in lost, row.pk in outdated)
        for row in rows
    ]


_QUOTED: Final = (Source.Display.FULL, Source.Display.WHOLE)


def _one(
    row: Advisory,
    history: tuple[LevelStep, ...],
    sections: Mapping[str, tuple[SectionText, ...]],
    is_lost: bool,
    is_outdated: bool,
) -> IssuerAdvice:
    source = row.source
    is_stale = is_lost or _is_late(row)
    display, summary = source.display, row.summary
    if display == Source.Display.WHOLE and (is_stale or is_outdated or not sections):
        display, summary, sections = Source.Display.LINK, "", {}
    if display == Source.Display.EXCERPT:
        summary = escape(excerpt(summary))
    elif display == Source.Display.LINK:
        summary = ""
    said = quoted(source, wording=row.original_level, areas=row.areas)
    return IssuerAdvice(
        advisory_id=row.public_id,
        issuer=source.key,
        issuer_name=source.name,
        category=row.category,
        country_code=row.country_code,
        title=row.title,
        level=row.level,
        level_max=row.level_max,
        is_partial=row.is_partial,
        original_level=said.wording,
        original_code=row.original_code,
        areas=said.areas,
        url=row.url,
        lang=row.lang,
        changed_at=row.changed_at,
        reviewed_at=row.reviewed_at,
        level_since=row.level_since,
        fetched_at=row.fetched_at,
        is_stale=is_stale,
        built_to_shape=is_built_to_shape(source),
        display=display,
        licence=source.licence,
        attribution=source.attribution,
        is_read=row.number > 0,
        summary=summary,
        sections=sections,
        history=history,
        source_display=source.display,
        format=source.format,
    )


def _is_late(row: Advisory) -> bool:
    silence = (clock.now() - row.fetched_at).total_seconds()
    return row.state == Advisory.State.ACTIVE and silence > row.source.limit_seconds


def _unread(rows: Iterable[Advisory]) -> tuple[set[int], set[int]]:
    """Entries whose rest could not be read since the register said that it changed, and all whose rest is not read."""
    by_key: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in rows:
        by_key[row.source_id, row.identifier].append(row.pk)
    links = LinkedMessage.objects.exclude(state=LinkedMessage.State.READ).filter(
        source_id__in={source for source, _key in by_key}, key__in={key for _source, key in by_key}
    )
    lost: set[int] = set()
    outdated: set[int] = set()
    for source, key, state, tries in links.values_list("source_id", "key", "state", "tries"):
        outdated.update(by_key.get((source, key), []))
        if tries or state != LinkedMessage.State.WAITING:
            lost.update(by_key.get((source, key), []))
    return lost, outdated


def _sections(rows: Iterable[Advisory]) -> dict[int, dict[str, tuple[SectionText, ...]]]:
    found: dict[int, dict[str, tuple[SectionText, ...]]] = defaultdict(dict)
    opened = Section.objects.filter(advisory__in=[row.pk for row in rows], until__isnull=True)
    for part in opened.order_by("advisory", "position", "id"):
        text = SectionText(part.key, part.heading, part.html, part.lang, part.since)
        mine = found[part.advisory_id]
        mine[part.key] = (*mine.get(part.key, ()), text)
    return found


def _histories(rows: Sequence[Advisory]) -> dict[int, tuple[LevelStep, ...]]:
    """Changes of each entry, newest first; words that changed alone are not among them."""
    found: dict[int, list[LevelStep]] = {row.pk: [] for row in rows}
    sources = {row.pk: row.source for row in rows}
    kept = AdvisoryVersion.objects.filter(advisory__in=list(found)).exclude(
        change=Change.WORDS, is_notable=False
    )
    for version in kept.order_by("-number"):
        steps = found[version.advisory_id]
        if len(steps) < HISTORY:
            steps.append(step_of(version, sources[version.advisory_id]))
    return {pk: tuple(steps) for pk, steps in found.items()}


def step_of(version: AdvisoryVersion, source: Source) -> LevelStep:
    """Return a version as a step of its entry's history, with as much of its words as may be shown."""
    said = quoted(source, wording=version.original_level, areas=version.areas, note=version.note)
    return LevelStep(
        at=version.changed_at
        if version.changed_at and version.changed_at <= version.recorded_at
        else version.recorded_at,
        change=version.change,
        old=version.previous_level,
        new=version.level,
        old_max=version.previous_level_max,
        new_max=version.level_max,
        original_level=said.wording,
        original_code=version.original_code,
        note=said.note,
        url=version.url,
        version_id=version.public_id,
        is_notable=version.is_notable,
    )


def the_advisory(public_id: str) -> Advisory | None:
    """Return an entry by its public id or by that of one of its versions."""
    row = Advisory.objects.select_related("source").filter(public_id=public_id).first()
    if row is not None:
        return row
    return Advisory.objects.select_related("source").filter(versions__public_id=public_id).first()
