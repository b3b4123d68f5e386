"""Facts about a country in the reader's words, each with its source and date.

Numbers, languages and currencies are written by Babel in the reader's language. What has no row says that it is
unknown; a fact never appears without its source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import get_day_names
from babel.numbers import format_decimal, get_currency_name, get_currency_symbol
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from safeconduct.lib import clock
from safeconduct.lib.geo import distance_km
from safeconduct.lib.timewords import offset_words
from safeconduct.places.clocks import city_of
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names, largest_cities, name_in, whole_names
from safeconduct.places.registry import WRITERS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Languages that at least this share speaks are named beside the official ones.
SPOKEN_PERCENT = 10.0
MOST_ZONES = 6
SUBURB_KM = 50.0
UNKNOWN_LANGUAGE = "und"
# Babel's `format_list` raises KeyError in the languages that inherit their patterns.
SEPARATORS = {"ja": "、", "zh": "、", "ar": "، ", "fa": "، ", "ur": "، "}

ROLES = {
    "official": gettext_noop("capital"),
    "seat": gettext_noop("seat of government"),
    "legislative": gettext_noop("parliament"),
}


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


def _km(one: Place, other: Place) -> float:
    return distance_km(one.lon, one.lat, other.lon, other.lat)


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
        if field in WRITERS:
            return WRITERS[field](self, value)
        writer: Callable[[Any], str] = getattr(self, f"_{field}", str)
        return writer(value)

    def listed(self, words: list[str]) -> str:
        """Words one after the other, as the language separates them."""
        return self._list(words)

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
        now = clock.now()
        offsets = {zone: offset_words(now.astimezone(ZoneInfo(zone))) for zone in zones}
        if len(set(offsets.values())) == 1:
            return _("%(offset)s now, everywhere") % {"offset": next(iter(offsets.values()))}
        words = [f"{offset} ({self._list(cities)})" for offset, cities in self._by_offset(offsets).items()]
        more = len(words) - MOST_ZONES
        text = self._list(words[:MOST_ZONES])
        return text if more <= 0 else _("%(zones)s and %(count)d more") % {"zones": text, "count": more}

    def _by_offset(self, offsets: dict[str, str]) -> dict[str, list[str]]:
        """Offset → its largest cities, that of the largest city first; where there is none, the city of the zone."""
        zones = largest_cities(offsets)
        wanted = [pk for cities in zones.values() for pk in cities]
        rows = {row.pk: row for row in Place.objects.filter(pk__in=wanted).prefetch_related(whole_names())}
        groups: dict[str, list[Place]] = {}
        for zone, cities in zones.items():
            groups.setdefault(offsets[zone], []).extend(rows[pk] for pk in cities)
        named: dict[str, list[str]] = {}
        for offset, places in groups.items():
            places.sort(key=lambda place: -(place.population or 0))
            # A suburb beside its city says nothing new.
            second = next((place for place in places[1:] if _km(places[0], place) > SUBURB_KM), None)
            named[offset] = [
                name_in(place, list(place.names.all()), self.lang)
                for place in (*places[:1], *([second] if second else []))
            ]
        for zone, offset in offsets.items():
            if not named[offset]:
                named[offset] = [city_of(zone, self.lang)]
        return named

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
