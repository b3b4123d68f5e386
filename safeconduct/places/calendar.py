"""Public holidays of a country for the next twelve months, in the reader's language where it is known.

The days are computed by the `holidays` package, which is imported when the first reader asks (0.3 s), and are kept in
the process by country, year and language. It refuses to guess: a year for which the package has no day is not known,
and a date that hangs on the sight of the moon is marked as estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from holidays import HolidayBase

# The row of FactSource that a page cites.
SOURCE: Final = "holidays"
SPAN: Final = timedelta(days=365)
# The package's English of every country, where it has one.
ENGLISH: Final = "en_US"
SCRIPTS: Final = {"zh_hans": "zh_CN", "zh_hant": "zh_TW"}


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off. `parts` is empty when it holds everywhere, else names the parts of the country that have it.

    `is_estimated`: the date is computed and is announced by sight of the moon; `is_observed`: a day off in lieu.
    """

    on: date
    name: str
    parts: tuple[str, ...] = ()
    is_estimated: bool = False
    is_observed: bool = False

    @property
    def is_everywhere(self) -> bool:
        """Whether the whole country has it."""
        return not self.parts


@dataclass(frozen=True, slots=True)
class HolidayList:
    """Twelve months from `start`. `unknown_from` is the first day that nothing is known about, None when all is.

    `lang` is the language of the names (BCP 47), for the page's `lang` attribute; empty when it is not known.
    """

    start: date
    days: tuple[Holiday, ...]
    unknown_from: date | None
    lang: str

    @property
    def is_known(self) -> bool:
        """Whether anything is known."""
        return self.unknown_from is None or self.unknown_from > self.start


@dataclass(frozen=True, slots=True)
class _Year:
    days: tuple[Holiday, ...]
    lang: str


def holidays_of(iso2: str, start: date, lang: str) -> HolidayList:
    """The public holidays of twelve months from `start`, by date; those of some parts only say which."""
    end = start + SPAN
    years = [_year(iso2, year, lang) for year in range(start.year, end.year + 1)]
    days = tuple(day for year in years for day in year.days if start <= day.on < end)
    unknown = None
    for number, year in zip(range(start.year, end.year + 1), years, strict=True):
        if not year.days:
            unknown = max(start, date(number, 1, 1))
            break
    named = next((year.lang for year in years if year.days), "")
    return HolidayList(start, days, unknown, named)


@lru_cache(maxsize=512)
def _year(iso2: str, year: int, lang: str) -> _Year:
    import holidays

    if iso2 not in holidays.list_supported_countries(include_aliases=False):
        return _Year((), "")
    whole = holidays.country_holidays(iso2, years=year)
    language = _language(whole, lang)
    # Without a language the package takes the reader's environment into account.
    whole = holidays.country_holidays(iso2, years=year, language=language)
    everywhere = set(_named(whole))
    found: dict[tuple[date, str], set[str]] = {}
    codes = whole.subdivisions
    for code in codes:
        part = holidays.country_holidays(iso2, subdiv=code, years=year, language=language)
        for named in _named(part):
            if named not in everywhere:
                found.setdefault(named, set()).add(code)
    names = _names_of_parts(whole)
    days = [_holiday(whole, on, name, ()) for on, name in everywhere]
    for (on, name), having in found.items():
        parts = () if len(having) == len(codes) else tuple(sorted(names.get(code, code) for code in having))
        days.append(_holiday(whole, on, name, parts))
    days.sort(key=lambda day: (day.on, bool(day.parts), day.name))
    return _Year(tuple(days), (language or whole.default_language or "").replace("_", "-"))


def _named(days: HolidayBase) -> list[tuple[date, str]]:
    """Each day with each of its names."""
    return [(on, name) for on in days for name in days.get_list(on)]


def _language(days: HolidayBase, lang: str) -> str | None:
    """The package's tag that suits the reader best: the same, a variant of the same language, English, its own."""
    known = sorted(days.supported_languages or ())
    wanted = SCRIPTS.get(lang.replace("-", "_").lower(), lang.replace("-", "_"))
    exact = [tag for tag in known if tag.lower() == wanted.lower()]
    language = wanted.split("_")[0].lower()
    # A country's own English ("en_KE") before American English.
    same = [tag for tag in known if tag.split("_")[0] == language and tag != ENGLISH]
    same.sort(key=lambda tag: (tag != days.default_language, tag))
    english = [tag for tag in known if tag == ENGLISH]
    return next(iter([*exact, *same, *english, *([days.default_language] if known else [])]), None)


def _labels(days: HolidayBase) -> tuple[tuple[str, bool, bool], ...]:
    """(label, is estimated, is observed) in the language of the names, e.g. "%s (estimated)"."""
    kinds = (
        ("observed_estimated_label", True, True),
        ("estimated_label", True, False),
        ("observed_label", False, True),
    )
    return tuple(
        (days.tr(getattr(days, attribute)), is_estimated, is_observed)
        for attribute, is_estimated, is_observed in kinds
        if getattr(days, attribute, None)
    )


def _holiday(days: HolidayBase, on: date, name: str, parts: tuple[str, ...]) -> Holiday:
    """A day with its label read and taken off the name."""
    for label, is_estimated, is_observed in _labels(days):
        before, _mark, after = label.partition("%s")
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
            bare = name[len(before) : len(name) - len(after)].strip()
            return Holiday(on, bare, parts, is_estimated, is_observed)
    return Holiday(on, name, parts)


def _names_of_parts(days: HolidayBase) -> dict[str, str]:
    """Code of a part → its name, where the package has one."""
    names: dict[str, str] = {}
    for name, code in getattr(days, "subdivisions_aliases", {}).items():
        # The first name is the usual one; a short code of another list is none.
        if len(name) > 3 or not name.isupper():
            names.setdefault(code, name)
    return names
