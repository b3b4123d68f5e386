"""The population of countries where CLDR's figure is far from what the country itself counted.

CLDR gives one figure for each country, mostly the World Factbook's estimate. Where a census or a register of the
country, read in the sources below, differs from it by a tenth or more, the country's own figure stands in its place.
It reckons nothing itself: a country without a row keeps CLDR's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from safeconduct.lib import clock
from safeconduct.places.fields import FactField, Source, WantedFact
from safeconduct.places.files import read_rows

READ_ON: Final = "2026-11-24"
FACTS_ONLY: Final = "all rights reserved (facts only, no text taken)"
TABLE: Final = Path("typed") / "population.csv"
LEAST_DIFFERENCE: Final = 0.1


def _source(
    src: str,
    publisher: str,
    title: str,
    url: str,
    country: str,
    licence: str = FACTS_ONLY,
    edition: str = "",
) -> Source:
    return Source(src, publisher, title, url, licence, READ_ON, f"population of {country}", edition)


SOURCES: Final = (
    _source(
        "civil-ge",
        "Civil Georgia",
        "Preliminary results of the census of 2024 (Geostat)",
        "https://civil.ge/archives/688689",
        "Georgia",
        edition="2025-06",
    ),
    _source(
        "cookislands-uk",
        "cookislands.org.uk",
        "What the latest census says about the Cook Islands",
        "https://cookislands.org.uk/Cook-Islands-latest-census.html",
        "the Cook Islands",
    ),
    _source(
        "east-africa-today",
        "East Africa Today",
        "Population after the census of 2022 (National Bureau of Statistics)",
        "https://www.eastafricatoday.com/2023/07/20/seychelles-population-estimated-at-119000-with-16-percent-being-non-seychellois-residents/",
        "Seychelles",
        edition="2023-07",
    ),
    _source(
        "edition-mv",
        "The Edition",
        "Census of 2022 (National Bureau of Statistics)",
        "https://edition.mv/mdp_protest/27558",
        "the Maldives",
        edition="2023-04",
    ),
    _source(
        "eppso-mh",
        "Economic Policy, Planning and Statistics Office, Marshall Islands",
        "Census of 2021: 2.3 % fewer people each year of the decade",
        "https://rmieppso.org/rmi-2021-census-on-population-and-housing",
        "the Marshall Islands",
    ),
    _source(
        "gulf-news-kuwait",
        "Gulf News",
        "Population at the end of 2024 (Public Authority for Civil Information)",
        "https://gulfnews.com/world/gulf/kuwait/kuwaits-population-hits-49-million-with-expats-making-up-more-than-two-thirds-1.500122608",
        "Kuwait",
    ),
    _source(
        "medscriptum",
        "Medscriptum",
        "Final results of the census of 2024 (Geostat)",
        "https://medscriptum.org/en/wp-json/wp/v2/posts/17017",
        "Georgia",
        edition="2026-04",
    ),
    _source(
        "mfem-ck",
        "Ministry of Finance and Economic Management, Cook Islands",
        "Census of Population and Dwellings 2021",
        "https://www.mfem.gov.ck/component/tags/tag/population",
        "the Cook Islands",
    ),
    _source(
        "trends-africa",
        "Trends n Africa",
        "Population after the census of 2022 (National Bureau of Statistics)",
        "https://trendsnafrica.com/seychelles-witness-a-population-growth-of-33-2",
        "Seychelles",
    ),
    _source(
        "wikipedia-marshall",
        "Wikipedia",
        "Demographics of the Marshall Islands",
        "https://en.wikipedia.org/wiki/Demographics_of_the_Marshall_Islands",
        "the Marshall Islands",
        "CC-BY-SA-4.0 (facts only, no text taken)",
        edition="2024-01",
    ),
    _source(
        "wikipedia-palau",
        "Wikipedia",
        "Demographics of Palau, census of 2020",
        "https://en.wikipedia.org/wiki/Demographics_of_Palau",
        "Palau",
        "CC-BY-SA-4.0 (facts only, no text taken)",
    ),
    _source(
        "zawya-kuwait",
        "Zawya",
        "Population at the end of 2024 (Public Authority for Civil Information)",
        "https://www.zawya.com/en/world/middle-east/kuwaits-population-nears-5mln-expatriates-make-up-686-ayr2ozzc",
        "Kuwait",
    ),
    _source(
        "zawya-oman",
        "Zawya",
        "Population at the end of 2023 (National Centre for Statistics and Information)",
        "https://www.zawya.com/en/world/middle-east/omans-population-surpasses-5mln-s8brse9l",
        "Oman",
    ),
)
# The field itself is one of the registry's; CLDR states it for every other country.
FIELDS: tuple[FactField, ...] = ()
WRITERS: Mapping[str, Callable[[Any, Any], str]] = {}


def counted(data: Path) -> frozenset[str]:
    """Codes of the countries whose own figure is shipped."""
    return frozenset(row["iso2"] for row in read_rows(data / TABLE))


def statements(data: Path, /) -> Iterator[WantedFact]:
    """The countries' own figures."""
    for row in read_rows(data / TABLE):
        yield WantedFact(
            row["iso2"], "population", int(row["people"]), row["src"], row["src2"], row["checked"]
        )


def problems(data: Path, /) -> list[str]:
    """Rows that are no number, twice, without a known source, in the future, or not far from CLDR's figure."""
    known = {row["src"] for row in read_rows(data / "sources.csv")}
    general = {row["iso2"]: row["population"] for row in read_rows(data / "country.csv")}
    today, found = clock.today().isoformat(), []
    rows = list(read_rows(data / TABLE))
    if len(rows) != len(counted(data)):
        found.append("population.csv says something twice of one country")
    for row in rows:
        said = f"population.csv, {row['iso2']}"
        if row["iso2"] not in general or not row["people"].isdecimal() or not row["year"].isdecimal():
            found.append(f"{said}: no country, no number of people or no year")
            continue
        if row["src"] not in known or row["src2"] not in {"", *known} or row["src"] == row["src2"]:
            found.append(f"{said}: unknown source")
        if not row["checked"] or row["checked"] > today or row["year"] > today[:4]:
            found.append(f"{said}: not checked, or in the future")
        if abs(int(general[row["iso2"]] or 0) / int(row["people"]) - 1) < LEAST_DIFFERENCE:
            found.append(f"{said}: CLDR says about the same; the row is not needed")
    return found
