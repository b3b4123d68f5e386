"""Facts about a country in the reader's words, each with its source and date.

Numbers, languages and currencies are written by Babel in the reader's language. What has no row says that it is
unknown; a fact never appears without its source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import get_day_names
from babel.numbers import format_decimal, get_currency_name, get_currency_symbol
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.utils.translation import gettext_noop as noop

from safeconduct.lib import clock
from safeconduct.lib.timewords import offset_words
from safeconduct.places.models import Fact, FactSource, Place
from safeconduct.places.queries import country_names, name_in, whole_names

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Languages that at least this share speaks are named beside the official ones.
SPOKEN_PERCENT = 10.0
MOST_ZONES = 4
UNKNOWN_LANGUAGE = "und"
# Babel's `format_list` raises KeyError in the languages that inherit their patterns.
SEPARATORS = {"ja": "、", "zh": "、", "ar": "، ", "fa": "، ", "ur": "، "}

LABELS = {
    "capital": gettext_lazy("Capital"),
    "population": gettext_lazy("Population"),
    "area_km2": gettext_lazy("Area"),
    "languages": gettext_lazy("Languages"),
    "currency": gettext_lazy("Money"),
    "calling_code": gettext_lazy("Calling code"),
    "drive_side": gettext_lazy("Driving"),
    "speed_unit": gettext_lazy("Speed limits"),
    "timezones": gettext_lazy("Time"),
    "hour_cycle": gettext_lazy("Clock"),
    "week_start": gettext_lazy("Week begins on"),
    "weekend": gettext_lazy("Weekend"),
    "measure": gettext_lazy("Measures"),
    "borders": gettext_lazy("Borders"),
    "tld": gettext_lazy("Internet domain"),
}
ROLES = {
    "official": noop("capital"),
    "seat": noop("seat of government"),
    "legislative": noop("parliament"),
}
SERVICES = {
    "police": gettext_lazy("Police"),
    "ambulance": gettext_lazy("Ambulance"),
    "fire": gettext_lazy("Fire brigade"),
}


@dataclass(frozen=True)
class FactLine:
    """One fact for a page; `text` is empty when unknown, `sources` too."""

    field: str
    label: str
    text: str
    sources: tuple[FactSource, ...]
    checked_on: date | None

    @property
    def is_known(self) -> bool:
        """Whether a source says anything."""
        return bool(self.text)


@dataclass(frozen=True)
class EmergencyLine:
    """The numbers of one service that both sources know; empty when they do not agree on any."""

    service: str
    label: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Emergency:
    """Emergency numbers of a country and where they come from."""

    lines: tuple[EmergencyLine, ...]
    sources: tuple[FactSource, ...]
    checked_on: date | None

    @property
    def is_known(self) -> bool:
        """Whether a number is known for any service."""
        return any(line.numbers for line in self.lines)


def facts_of(iso2: str, lang: str) -> list[FactLine]:
    """Every fact that we keep about a country, in the order of a page, unknown ones included."""
    rows = {row.field: row for row in Fact.objects.filter(country_code=iso2)}
    sources = _sources(rows.values())
    words = Words(lang)
    lines = []
    for field, label in LABELS.items():
        row = rows.get(field)
        text = words.text(field, row.value) if row is not None else ""
        known = (row.src, row.src2) if row is not None and text else ()
        cited = tuple(sources[src] for src in known if src in sources)
        lines.append(FactLine(field, str(label), text, cited, row.checked_on if row is not None else None))
    return lines


def emergency_of(iso2: str) -> Emergency:
    """Emergency numbers on which both sources agree."""
    row = Fact.objects.filter(country_code=iso2, field="emergency").first()
    numbers = row.value if row is not None else {}
    lines = tuple(
        EmergencyLine(service, str(label), tuple(numbers.get(service, ())))
        for service, label in SERVICES.items()
    )
    if row is None:
        return Emergency(lines, (), None)
    sources = _sources([row])
    return Emergency(
        lines, tuple(sources[src] for src in (row.src, row.src2) if src in sources), row.checked_on
    )


def rounded(people: int) -> int:
    """To three figures: a census is not more exact."""
    step: int = 10 ** max(0, len(str(people)) - 3)
    return round(people / step) * step


def people_words(people: int | None, lang: str) -> str:
    """The size of a city; empty when unknown."""
    if not people:
        return ""
    number = Words(lang).number(rounded(people))
    return _("about %(number)s people") % {"number": number}


def _sources(rows: Any) -> dict[str, FactSource]:
    wanted = {src for row in rows for src in (row.src, row.src2) if src}
    return {source.src: source for source in FactSource.objects.filter(src__in=wanted)}


class Words:
    """Writes values in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        try:
            self.locale = Locale.parse(lang.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self.locale = Locale.parse("en")
        self.today = clock.today()

    def text(self, field: str, value: Any) -> str:
        """A value as text; empty for one that says nothing."""
        writer: Callable[[Any], str] = getattr(self, f"_{field}", str)
        return writer(value)

    def _list(self, words: list[str]) -> str:
        return SEPARATORS.get(self.locale.language, ", ").join(words)

    def number(self, value: float) -> str:
        """In the figures of the language."""
        return str(format_decimal(value, locale=self.locale))

    def _population(self, value: int) -> str:
        return _("about %(number)s") % {"number": self.number(rounded(value))}

    def _area_km2(self, value: int) -> str:
        return _("%(number)s km²") % {"number": self.number(value)}

    def _capital(self, seats: list[dict[str, str]]) -> str:
        if not seats:
            return _("None")
        places = {
            p.key: p
            for p in Place.objects.filter(key__in=[s["key"] for s in seats]).prefetch_related(whole_names())
        }
        words = []
        for seat in seats:
            place = places.get(seat["key"])
            name = name_in(place, list(place.names.all()), self.lang) if place else seat["name"]
            plain = len(seats) == 1 and seat["role"] == "official"
            words.append(name if plain else f"{name} ({_(ROLES[seat['role']])})")
        return self._list(words)

    def _language(self, tag: str) -> str:
        known = self.locale.languages.get(tag.replace("-", "_")) or self.locale.languages.get(
            tag.split("-")[0]
        )
        return str(known or Locale.parse("en").languages.get(tag.replace("-", "_"), tag))

    def _languages(self, spoken: list[dict[str, Any]]) -> str:
        spoken = [row for row in spoken if row["lang"] != UNKNOWN_LANGUAGE]
        official = [
            self._language(row["lang"]) for row in spoken if row["status"] in ("official", "de_facto")
        ]
        others = [
            _("%(language)s (spoken by %(percent)s %%)")
            % {"language": self._language(row["lang"]), "percent": self.number(round(row["pct"]))}
            for row in spoken
            if row["status"] not in ("official", "de_facto") and row["pct"] >= SPOKEN_PERCENT
        ]
        if official and others:
            return _("%(official)s; also %(others)s") % {
                "official": self._list(official),
                "others": self._list(others),
            }
        return self._list(official or others)

    def _currency(self, money: list[dict[str, str]]) -> str:
        today = self.today.isoformat()
        now = [m["code"] for m in money if m["from"] <= today and (not m["to"] or m["to"] >= today)]
        return self._list([self._money(code) for code in now])

    def _money(self, code: str) -> str:
        name, symbol = (
            get_currency_name(code, locale=self.locale),
            get_currency_symbol(code, locale=self.locale),
        )
        return f"{name} ({code})" if symbol == code else f"{name} ({code}, {symbol})"

    def _calling_code(self, code: str) -> str:
        return f"+{code}"

    def _drive_side(self, side: str) -> str:
        return _("On the left") if side == "left" else _("On the right")

    def _speed_unit(self, unit: str) -> str:
        return _("in miles per hour") if unit == "mph" else _("in kilometres per hour")

    def _timezones(self, zones: list[str]) -> str:
        offsets: dict[str, list[str]] = {}
        for zone in zones:
            local = clock.now().astimezone(ZoneInfo(zone))
            offsets.setdefault(offset_words(local), []).append(zone.rsplit("/", 1)[-1].replace("_", " "))
        if len(offsets) == 1:
            return _("%(offset)s now, everywhere") % {"offset": next(iter(offsets))}
        words = [f"{offset} ({places[0]})" for offset, places in offsets.items()]
        more = len(words) - MOST_ZONES
        text = self._list(words[:MOST_ZONES])
        return text if more <= 0 else _("%(zones)s and %(count)d more") % {"zones": text, "count": more}

    def _hour_cycle(self, cycle: str) -> str:
        return _("12 hours, with am and pm") if cycle in ("h", "K") else _("24 hours")

    def _day(self, day: str) -> str:
        return str(get_day_names("wide", context="stand-alone", locale=self.locale)[WEEKDAYS.index(day)])

    def _week_start(self, day: str) -> str:
        return self._day(day)

    def _weekend(self, days: list[str]) -> str:
        return self._list([self._day(day) for day in days])

    def _measure(self, system: str) -> str:
        return {
            "metric": pgettext("measures", "Metric"),
            "uk": pgettext("measures", "Metric and imperial"),
            "us": pgettext("measures", "US customary"),
        }.get(system, system)

    def _borders(self, codes: list[str]) -> str:
        names = country_names(set(codes), self.lang)
        return self._list(sorted(names.get(code, code) for code in codes)) if codes else _("None on land")
