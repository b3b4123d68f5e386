"""The world in the colours of one scale: our rating of a kind, or one government’s level. Reads only.

A country of which nothing is said is unknown, never the best step. What an organisation says of a country stands
beside ours and is shown to its members alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.advisories.queries import levels_of
from safeconduct.feeds.models import Source
from safeconduct.orgs.models import Organisation
from safeconduct.places.folding import fold
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names
from safeconduct.ratings import words
from safeconduct.ratings.actions import values_of
from safeconduct.ratings.models import Kind, OrganisationRating
from safeconduct.ratings.queries import values_by_country

NAMES_SECONDS: Final = 600
UNKNOWN: Final = "unknown"
OFFICIAL_LEVELS: Final = (1, 2, 3, 4)
# The worst official level has the worst sign, as in the table of official advice.
OFFICIAL_SIGNS: Final = {1: "1", 2: "2", 3: "3", 4: "5"}


@dataclass(frozen=True, slots=True)
class Scale:
    """What the map can be coloured by. `key` is a kind of rating or the key of a source."""

    key: str
    label: str
    is_ours: bool
    is_stale: bool = False
    licence: str = ""
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a scale, with its sign and how many countries stand on it."""

    value: str
    level: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A country: ours or an issuer’s word, and the organisation’s where there is one."""

    code: str
    key: str
    name: str
    lon: float
    lat: float
    value: str
    level: str
    word: str
    own_level: str = ""
    own_word: str = ""
    own_reason: str = ""

    @property
    def url(self) -> str:
        """The guide."""
        return reverse("guides:destination", args=[self.key])

    @property
    def rank(self) -> int:
        """The worse, the higher; variable between low and high, unknown below all."""
        return {"v": 3, "0": -1}.get(self.level, 0) or int(self.level)


def scales() -> tuple[Scale, ...]:
    """Our two, then every enabled source of advice that states a level for any country."""
    ours = tuple(Scale(str(kind), str(kind.label), is_ours=True) for kind in (Kind.SECURITY, Kind.MEDICAL))
    sources = (
        Source.objects.filter(format__in=Source.ADVICE, advisories__level__isnull=False)
        .distinct()
        .order_by("name")
    )
    return ours + tuple(
        Scale(row.key, row.name, False, row.is_stale, row.licence, row.attribution) for row in sources
    )


def lines_of(scale: Scale, language: str, organisation: Organisation | None) -> tuple[Line, ...]:
    """Every country and territory by name."""
    said = _ours(scale.key) if scale.is_ours else _official(scale.key)
    own = _own(scale, organisation)
    places = Place.objects.filter(
        kind__in=(Place.Kind.COUNTRY, Place.Kind.TERRITORY), state=Place.State.ACTIVE
    )
    rows = list(places.values_list("country_code", "key", "name", "lon", "lat"))
    names = _names({code for code, *_rest in rows}, language)
    lines = []
    for code, key, name, lon, lat in rows:
        value, level, word = said.get(code, (UNKNOWN, "0", _("Unknown")))
        mine = own.get(code)
        lines.append(
            Line(
                code, key, names.get(code, name), lon, lat, value, level, word,
                own_level=_sign_of(scale.key, mine.value) if mine else "",
                own_word=words.value_word(mine.value) if mine else "",
                own_reason=mine.reason if mine else "",
            )
        )  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (fold(line.name), line.code)))


def _names(codes: set[str], language: str) -> dict[str, str]:
    """Names of all countries: a hundred spellings of each are read to find them, so they are kept for a while."""
    kept: dict[str, str] | None = cache.get(f"guides:names:{language}")
    if kept is None or not codes <= kept.keys():
        kept = country_names(codes, language)
        cache.set(f"guides:names:{language}", kept, NAMES_SECONDS)
    return kept


def steps_of(scale: Scale, lines: tuple[Line, ...]) -> tuple[Step, ...]:
    """The scale’s steps, worst first, unknown last."""
    counts = Counter(line.value for line in lines)
    if scale.is_ours:
        rows = [
            (value, _sign_of(scale.key, value), words.value_word(value)) for value in values_of(scale.key)
        ]
        # Variable is no step: it stands after those that are.
        rows.sort(key=lambda row: (row[1] == "v", -int(row[1]) if row[1] != "v" else 0))
    else:
        rows = [
            (str(level), OFFICIAL_SIGNS[level], _level_word(level)) for level in reversed(OFFICIAL_LEVELS)
        ]
    rows.append((UNKNOWN, "0", _("Unknown")))
    return tuple(Step(value, level, word, counts[value]) for value, level, word in rows)


def shown_of(lines: tuple[Line, ...], value: str, sort: str) -> tuple[Line, ...]:
    """The lines of the table: those of a value (empty: all), by name or the worst first."""
    found = [line for line in lines if not value or line.value == value]
    if sort == "level":
        found.sort(key=lambda line: -line.rank)
    return tuple(found)


def as_data(lines: tuple[Line, ...]) -> dict[str, list[str]]:
    """Code → what the interactive map says of it; short, because it stands in the page."""
    return {line.code: [line.level, line.word, line.name, line.own_level, line.own_word] for line in lines}


def _ours(kind: str) -> dict[str, tuple[str, str, str]]:
    return {
        code: (value, _sign_of(kind, value), words.value_word(value))
        for code, value in values_by_country(kind).items()
    }


def _official(key: str) -> dict[str, tuple[str, str, str]]:
    return {
        code: (str(level), OFFICIAL_SIGNS[level], _level_word(level))
        for code, level in levels_of(key).items()
        if level in OFFICIAL_SIGNS
    }


def _own(scale: Scale, organisation: Organisation | None) -> Mapping[str, OrganisationRating]:
    if organisation is None or not scale.is_ours:
        return {}
    rows = OrganisationRating.objects.for_org(organisation).filter(kind=scale.key, ended_at__isnull=True)
    return {row.country_code: row for row in rows}


def _level_word(level: int) -> str:
    return _("Level %(level)s of 4") % {"level": level}


def _sign_of(kind: str, value: str) -> str:
    return "v" if value == "variable" else str(words.step_of(kind, value))
