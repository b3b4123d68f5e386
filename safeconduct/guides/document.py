"""A whole guide as plain values: what page, PDF, Markdown and JSON are all made from. Pure: no ORM, no clock.

Every statement carries who says so and when. Text of others is quoted (HTML that was cleaned when it came in), text
of editors is Markdown; neither is ever treated as mark-up of a renderer's own language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.advisories.labels import caution
from safeconduct.lib.timewords import period_words


@dataclass(frozen=True, slots=True)
class Citation:
    """Who says so. `on` is the day on which it was read, which says nothing of how old it is; `edition` is the
    document's own date as far as it tells it: `2024`, `2024-05` or `2024-05-03`."""

    title: str
    url: str = ""
    publisher: str = ""
    licence: str = ""
    on: date | None = None
    edition: str = ""

    @property
    def edition_words(self) -> str:
        """`edition May 2024`; empty where the document tells no date."""
        return _("edition %(date)s") % {"date": period_words(self.edition)} if self.edition else ""


def with_days(citations: Iterable[Citation]) -> tuple[tuple[Citation, date | None], ...]:
    """Each with the day to say after it: one that the next shares is said there."""
    cited = list(citations)
    return tuple(
        (each, None if at + 1 < len(cited) and cited[at + 1].on == each.on else each.on)
        for at, each in enumerate(cited)
    )


@dataclass(frozen=True, slots=True)
class FactItem:
    """One fact in words; `text` empty: unknown. `is_stale`: older than its limit, to be checked."""

    field: str
    label: str
    text: str
    citations: tuple[Citation, ...] = ()
    is_stale: bool = False
    is_override: bool = False
    reason: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """Words and address, where the fact is an address."""

    @property
    def is_known(self) -> bool:
        """Whether a source says anything."""
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Editorial:
    """An editor's text that is published. `is_fallback`: in another language than asked for."""

    html: str
    markdown: str
    language: str
    is_fallback: bool
    number: int
    published_at: datetime
    review_due_on: date | None
    is_stale: bool
    change_note: str = ""
    citations: tuple[Citation, ...] = ()
    place_name: str = ""
    """Of the country whose text is shown on a city's guide; empty when it is the place's own."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A government's own words on this part."""

    issuer: str
    heading: str
    html: str
    lang: str
    url: str
    attribution: str
    licence: str
    fetched_at: datetime
    is_stale: bool

    @property
    def caution(self) -> str:
        """That it may be out of date, in the active language; else empty."""
        return caution(is_read=True, is_stale=self.is_stale, is_built_to_shape=False, fetched_at=self.fetched_at)


@dataclass(frozen=True, slots=True)
class Note:
    """What the reader's organisation says."""

    organisation: str
    html: str
    markdown: str
    by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class MonthlyClimate:
    """Twelve means of a city: °C and mm. `months` are the same in words: name, temperature, rain."""

    city: str
    temperatures: tuple[float, ...]
    rains: tuple[float, ...]
    koppen: str
    svg: str
    months: tuple[tuple[str, str, str], ...]
    citations: tuple[Citation, ...]
    away_km: int | None = None
    """Set when the figures are those of a city so far away."""
    reason: str = ""
    """Why an operator corrected it; empty for what was shipped."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off. `where` empty: in the whole country."""

    on: date
    name: str
    is_estimated: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """One number with both sources."""

    number: str
    citations: tuple[Citation, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyService:
    """The numbers of a service; none: unknown."""

    service: str
    label: str
    numbers: tuple[EmergencyNumber, ...]


@dataclass(frozen=True, slots=True)
class AdviceRow:
    """One issuer's level in the table side by side. `level` null: none stated for the country as a whole."""

    issuer: str
    url: str
    page_url: str
    """Our page of this entry, with its history."""
    title: str
    category: str
    level: int | None
    level_max: int | None
    is_partial: bool
    wording: str
    areas: tuple[str, ...]
    changed_at: datetime | None
    fetched_at: datetime
    is_stale: bool
    is_built_to_shape: bool
    attribution: str
    licence: str
    history: tuple[str, ...] = ()
    is_read: bool = True
    """False: a register names the entry, and what it says has not been read yet."""
    about: str = ""
    """What the entry is about, where its publisher has several for the country."""
    has_full_text: bool = False
    """Our page has its complete text, which may not be quoted in parts here."""

    @property
    def says(self) -> str:
        """Its publisher's words of the level; a health notice is what its title says. Empty: it has none of its own."""
        return self.title if self.category == "health" else self.wording

    @property
    def caution(self) -> str:
        """What to know before relying on it, in the active language; empty when there is nothing to know."""
        return caution(
            is_read=self.is_read, is_stale=self.is_stale, is_built_to_shape=self.is_built_to_shape, fetched_at=self.fetched_at,
        )  # fmt: skip

    @property
    def css(self) -> int:
        """The sign of the level on the product's scale of five: level 4 is the worst one."""
        return {1: 1, 2: 2, 3: 3, 4: 5}.get(self.level or self.level_max or 0, 0)

    @property
    def level_words(self) -> str:
        """The level on the common scale, in the active language. What is known of parts alone is not “no level”."""
        if not self.is_read:
            return _("Not read yet")
        if not self.level:
            return (
                _("%(worst)s of 4 in parts") % {"worst": self.level_max} if self.level_max else _("No level")
            )
        if self.is_partial and self.level_max and self.level_max != self.level:
            return _("%(level)s of 4, %(worst)s in parts") % {"level": self.level, "worst": self.level_max}
        return _("%(level)s of 4") % {"level": self.level}


@dataclass(frozen=True, slots=True)
class RatingInput:
    """One line of “how this rating came about”."""

    label: str
    says: str
    weight: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class RatingCard:
    """Ours or the organisation's. `step` 1–5 on the ladder, 0: not a step (unknown, variable)."""

    kind: str
    label: str
    value: str
    word: str
    step: int
    since: datetime | None
    reckoned_at: datetime | None
    formula: str
    inputs: tuple[RatingInput, ...] = ()
    sum_words: str = ""
    """How the inputs make the value, in a sentence."""
    meaning: str = ""
    """Where the value stands on its scale and what it is reckoned from."""
    override_reason: str = ""
    override_by: str = ""
    organisation: str = ""
    organisation_word: str = ""
    organisation_step: int = 0
    organisation_reason: str = ""


@dataclass(frozen=True, slots=True)
class CentreRow:
    """An assistance centre to call from there. `phones` as they are dialled from abroad."""

    name: str
    place: str
    phones: tuple[str, ...]
    hours: str
    is_nearest: bool


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An active alert."""

    url: str
    headline: str
    event: str
    severity: str
    severity_word: str
    sender: str
    sent_at: datetime
    expires_at: datetime | None
    is_exercise: bool
    css: str


@dataclass(frozen=True, slots=True)
class GuidePart:
    """A section of a chapter with all that is said about it."""

    key: str
    label: str
    facts: tuple[FactItem, ...] = ()
    editorial: Editorial | None = None
    quotes: tuple[Quote, ...] = ()
    note: Note | None = None
    climate: tuple[MonthlyClimate, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    holidays_known: bool = True
    holidays_unknown_from: date | None = None
    """The first day of the next twelve months of which nothing is known; None when all is."""
    emergency: tuple[EmergencyService, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody says anything about it."""
        return not (
            self.facts
            or self.editorial
            or self.quotes
            or self.note
            or self.climate
            or self.holidays
            or not self.holidays_known
            or self.emergency
        )


@dataclass(frozen=True, slots=True)
class GuideChapter:
    """A chapter of the guide."""

    key: str
    label: str
    parts: tuple[GuidePart, ...]

    @property
    def written(self) -> tuple[GuidePart, ...]:
        """The parts of which anything is said."""
        return tuple(part for part in self.parts if not part.is_empty)

    @property
    def unwritten(self) -> tuple[GuidePart, ...]:
        """The parts of which nobody says anything."""
        return tuple(part for part in self.parts if part.is_empty)


GLANCE: Final = (
    "capital", "languages", "currency", "electricity", "plugs", "drive_side", "calling_code", "tap_water", "yellow_fever",
    "malaria", "timezones",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GuideDocument:
    """One guide in one language for one organisation (or none)."""

    key: str
    name: str
    native_name: str
    kind: str
    kind_name: str
    code: str
    region: str
    country_code: str
    country_key: str
    country_name: str
    is_listed: bool
    language: str
    is_rtl: bool
    made_at: datetime
    zone: str
    zone_place: str
    lat: float
    lon: float
    map_svg: str
    version: str
    """Digest of everything that the guide is made from: another text, another version."""
    alerts: tuple[AlertRow, ...]
    ratings: tuple[RatingCard, ...]
    advice: tuple[AdviceRow, ...]
    chapters: tuple[GuideChapter, ...]
    citations: tuple[Citation, ...] = field(default_factory=tuple)
    organisation: str = ""
    edition_on: date | None = None
    """The newest day on which anything in it was reviewed."""
    clocks: tuple[str, ...] = ()
    """How far its clocks are from those of the organisation, in words."""
    centres: tuple[CentreRow, ...] = ()
    """The nearest one, then that of the organisation's country."""

    @property
    def glance(self) -> tuple[FactItem, ...]:
        """The facts that most people look for first, then what else the overview has."""
        facts = {
            fact.field: fact for chapter in self.chapters for part in chapter.parts for fact in part.facts
        }
        rest = [
            fact for part in self.chapter("overview").parts for fact in part.facts if fact.field not in GLANCE
        ]
        return (*(facts[name] for name in GLANCE if name in facts), *rest)

    @property
    def has_overview(self) -> bool:
        """Whether anybody has written about the place as a whole."""
        return any(part.editorial or part.note or part.quotes for part in self.chapter("overview").parts)

    @property
    def emergency(self) -> tuple[EmergencyService, ...]:
        """Emergency numbers by service."""
        return next(
            (part.emergency for chapter in self.chapters for part in chapter.parts if part.emergency), ()
        )

    def ratings_of(self, chapter: str) -> tuple[RatingCard, ...]:
        """What a chapter opens with: both on the overview, its own in Medical and in Security."""
        return tuple(card for card in self.ratings if chapter in ("overview", card.kind))

    def advice_of(self, chapter: str) -> tuple[AdviceRow, ...]:
        """The official advice of a chapter: all on the overview, health notices in Medical, levels in Security."""
        wanted = {"medical": (True,), "security": (False,), "overview": (True, False)}.get(chapter, ())
        return tuple(row for row in self.advice if (row.category == "health") in wanted)

    def chapter(self, key: str) -> GuideChapter:
        """A chapter by its key; KeyError when there is none."""
        return {chapter.key: chapter for chapter in self.chapters}[key]
