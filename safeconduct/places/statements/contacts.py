"""Emergency numbers by service, and where the authority that lets people in says so.

A number stands here only when two sources that do not copy from each other know it (`build/emergency.py`). An address
stands here as a source names it: it says where to read and apply, never who needs a visa.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import shortnumberinfo

from safeconduct.lib import clock
from safeconduct.places.build.emergency import DAILY, SERVICES, shipped
from safeconduct.places.fields import MONTHS_HEALTH, FactField, Source, WantedFact
from safeconduct.places.files import read_rows

READ_ON: Final = "2026-11-24"
FACTS_ONLY: Final = "no licence stated (addresses only, no text taken)"
KINDS: Final = ("official", "evisa")
# Domains that only a state gives out: one source is enough for an address there.
STATE_HOST: Final = re.compile(r"(^|\.)((gov|gob|gouv|go|govt|gv|gub)\.[a-z]{2}|gov|canada\.ca)$")
LEAST_COVERED: Final = 220
LEAST_LINKED: Final = 195

SOURCES: Final = (
    Source(
        "alkown",
        "Alkown Group",
        "Official entry portals by destination, verified by its staff in April 2026 or found in June 2026",
        "https://github.com/attalabdullatif/alkown-group-website/blob/9afbc72bf1368ae87822b6081f5687f3a0756f1c/scripts/visa-engine/harvest/destination-sources.js",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities",
    ),
    Source(
        "allinone-travel",
        "AllinOne-Travel",
        "Official visa portals by country, each loaded by a check",
        "https://github.com/NightStalker211/AllinOne-Travel/blob/4c971f257305b7a238cc688bc423af4ab624f546/src/data/visa-portals.ts",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities",
    ),
    Source(
        "ashtonmorrow",
        "Ashton Morrow",
        "eVisa portals by country",
        "https://github.com/ashtonmorrow/go/blob/944a1a777d1dd60e16254cb785ba83887d68bf12/lib/visaPortals.ts",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities",
        edition="2026-04",
    ),
    Source(
        "didww",
        "DIDWW",
        "Supported emergency calling numbers (read from Albania to Chile)",
        "https://doc.didww.com/voice/emergency-calling/supported-emergency-numbers.html",
        "all rights reserved (facts only, no text taken)",
        READ_ON,
        "emergency numbers by service",
    ),
    Source(
        "microsoft-teams",
        "Microsoft",
        "Emergency numbers for countries",
        "https://github.com/MicrosoftDocs/OfficeDocs-SkypeForBusiness/blob/5db2c3845207789c54eb14bce912f2793f46757e/Teams/emergency-numbers-reference.md",
        "CC-BY-4.0",
        READ_ON,
        "which numbers are emergency numbers; that Svalbard has 112 alone (an earlier edition, 36169d9)",
        edition="2024-05",
    ),
    Source(
        "mzv-sk",
        "Ministry of Foreign and European Affairs of the Slovak Republic",
        "Recommendations for travellers",
        "https://opendata.mzv.sk/api/3/action/datastore_search?resource_id=d2b4a3bf-2606-4b28-a51a-277b0708c076",
        "CC-BY-4.0",
        READ_ON,
        "emergency numbers by service, addresses of visa authorities",
        edition="2026-05-03",
    ),
    Source(
        "norfolk-online",
        "Norfolk Online News",
        "When you call an ambulance: Triple Zero (000)",
        "https://www.norfolkonlinenews.com/article/when-you-call-an-ambulance-triple-zero-0009600",
        "all rights reserved (facts only, no text taken)",
        READ_ON,
        "the emergency number of Norfolk Island",
        edition="2022-06-08",
    ),
    Source(
        "vanuatu-police",
        "Vanuatu Police Force",
        "Fire Service",
        "https://police.gov.vu/what-we-do/safety-security/fire-service",
        "all rights reserved (facts only, no text taken)",
        READ_ON,
        "the number of the fire service of Vanuatu",
    ),
    Source(
        "visa-atlas",
        "Visa Atlas CN",
        "Application portals by country",
        "https://github.com/Explainfuture/visa-atlas-cn/blob/bfed238109d10bbfcdebf6ba4cc0f8091a2fa4c3/src/data/application-portals.ts",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities; whose portal a territory uses",
        edition="2026-08-19",
    ),
    Source(
        "visaformula",
        "Visa Formula",
        "Registry of official visa sources",
        "https://github.com/ceo4u/visaformula/blob/5cda15544bd320e5167108696bd997839a69db87/src/lib/visa-v3/registry.ts",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities",
    ),
    Source(
        "visavu",
        "Visavu",
        "Official sources by country, each resolved by a check",
        "https://github.com/bobbysw1/visavu/blob/6c6d93b969fde166821fb2d3a7f57a7a5ae104ea/src/content/countryResources.ts",
        FACTS_ONLY,
        READ_ON,
        "addresses of visa authorities",
    ),
    Source(
        "wikipedia-emergency",
        "Wikipedia",
        "List of emergency telephone numbers, as copied early in 2024",
        "https://en.wikipedia.org/wiki/List_of_emergency_telephone_numbers",
        "CC-BY-SA-4.0 (facts only, no text taken)",
        READ_ON,
        "emergency numbers by service, only where a source that does not copy it agrees",
    ),
)

FIELDS: Final = (
    FactField(
        "emergency",
        gettext_lazy("Emergency numbers"),
        "contacts",
        needs_two=True,
        fresh_months=MONTHS_HEALTH,
    ),
    FactField("visa_authority", gettext_lazy("Visa authority"), "entry", fresh_months=MONTHS_HEALTH),
)

SERVICE_LABELS: Final = {
    "general": gettext_lazy("Any emergency"),
    "police": gettext_lazy("Police"),
    "ambulance": gettext_lazy("Ambulance"),
    "fire": gettext_lazy("Fire brigade"),
    "tourist": gettext_lazy("Tourist police"),
    "coast": gettext_lazy("Coast guard"),
}


@dataclass(frozen=True, slots=True)
class VisaLink:
    """An address of the authority. `label` says what is there: a host name, or the scheme and the host name."""

    label: str
    url: str


def host_of(url: str) -> str:
    """The host name as people write it."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def visa_links(value: Mapping[str, Any]) -> tuple[VisaLink, ...]:
    """The addresses of a `visa_authority`, the authority's own first."""
    links = []
    if value.get("official"):
        links.append(VisaLink(host_of(value["official"]["url"]), value["official"]["url"]))
    if value.get("evisa"):
        url = value["evisa"]["url"]
        scheme = value.get("eta") or _("eVisa")
        links.append(VisaLink(f"{scheme}: {host_of(url)}", url))
    elif value.get("eta") and links:
        links[0] = VisaLink(f"{links[0].label} ({value['eta']})", links[0].url)
    return tuple(links)


def by_service(value: Mapping[str, Any]) -> dict[str, list[str]]:
    """Service → numbers as a person needs them: what reaches everybody is not said again for each service."""
    numbers = {service: [number_of(entry) for entry in value.get(service, ())] for service in SERVICES}
    for service in DAILY:
        numbers[service] = [number for number in numbers[service] if number not in numbers["general"]]
    return numbers


def number_of(entry: Any) -> str:
    """The number of an entry; an operator's correction may be the bare number."""
    return str(entry["number"]) if isinstance(entry, Mapping) else str(entry)


def _emergency(words: Any, value: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{SERVICE_LABELS[service]}: {words.listed(numbers)}"
        for service, numbers in by_service(value).items()
        if numbers
    )


def _visa_authority(words: Any, value: Mapping[str, Any]) -> str:
    return "; ".join(link.label for link in visa_links(value))


WRITERS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "emergency": _emergency,
    "visa_authority": _visa_authority,
}


def statements(data: Path, /) -> Iterator[WantedFact]:
    """Emergency numbers and visa addresses of every country that has them."""
    yield from _emergency_facts(data)
    yield from _visa_facts(data)


def _emergency_facts(data: Path) -> Iterator[WantedFact]:
    countries: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in read_rows(data / "emergency.csv"):
        entry = {column: row[column] for column in ("number", "src", "src2", "checked")}
        countries[row["iso2"]][row["service"]].append(entry)
    for code, services in countries.items():
        entries = [entry for numbers in services.values() for entry in numbers]
        value = {service: services[service] for service in SERVICES if service in services}
        oldest = min(entry["checked"] for entry in entries)
        yield WantedFact(code, "emergency", value, entries[0]["src"], entries[0]["src2"], oldest)


def _visa_facts(data: Path) -> Iterator[WantedFact]:
    countries: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in read_rows(data / "typed" / "visa_link.csv"):
        countries[row["iso2"]][row["kind"]] = row
    for code, rows in countries.items():
        value: dict[str, Any] = {
            kind: {column: rows[kind][column] for column in ("url", "src", "src2")}
            for kind in KINDS
            if kind in rows
        }
        value["eta"] = next((row["eta"] for row in rows.values() if row["eta"]), "")
        first = rows.get("official") or rows["evisa"]
        oldest = min(row["checked"] for row in rows.values())
        yield WantedFact(code, "visa_authority", value, first["src"], first["src2"], oldest)


def problems(data: Path, /) -> list[str]:
    """What does not hold in emergency.csv, visa_link.csv and the typed files of both."""
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    known = {row["src"] for row in read_rows(data / "sources.csv")}
    return [
        *_typed_problems(data / "typed", codes, known),
        *_number_problems(data, codes),
        *_link_problems(data / "typed", codes, known),
    ]


def _typed_problems(typed: Path, codes: set[str], known: set[str]) -> Iterator[str]:
    today = clock.today().isoformat()
    for name in ("emergency_aosp", "emergency_claim", "emergency_known", "emergency_exception"):
        seen = set()
        for row in read_rows(typed / f"{name}.csv"):
            said = f"{name}.csv {row['iso2']} {row.get('service', '')} {row['number']}"
            if row["iso2"] not in codes:
                yield f"{said}: unknown country"
            if not (row["number"].isascii() and row["number"].isdigit()):
                yield f"{said}: not digits only"
            if row.get("src", "aosp") not in known:
                yield f"{said}: unknown source {row['src']}"
            if row.get("checked", "") > today:
                yield f"{said}: checked in the future"
            if "note" in row and not row["note"]:
                yield f"{said}: taken out without a reason"
            if name != "emergency_aosp" and row.get("service", SERVICES[0]) not in SERVICES:
                yield f"{said}: unknown service"
            key = (row["iso2"], row.get("service"), row["number"], row.get("src"))
            if key in seen:
                yield f"{said}: twice"
            seen.add(key)


def _number_problems(data: Path, codes: set[str]) -> Iterator[str]:
    rows = list(read_rows(data / "emergency.csv"))
    for row in rows:
        said = f"emergency.csv {row['iso2']} {row['service']} {row['number']}"
        if not row["src"] or not row["src2"] or row["src"] == row["src2"]:
            yield f"{said}: not two sources"
        if "libphonenumber" in (row["src"], row["src2"]) and not shortnumberinfo.is_emergency_number(
            row["number"], row["iso2"]
        ):
            yield f"{said}: libphonenumber does not know it"
    wanted = shipped(codes, data / "typed", shortnumberinfo.is_emergency_number)
    given = [tuple(row.values()) for row in rows]
    for number in sorted(set(wanted) ^ set(given)):
        lacks = "lacks" if number in wanted else "has without two sources"
        yield f"emergency.csv {lacks} {' '.join(number[:3])}"
    covered = {row["iso2"] for row in rows if row["service"] == "general"}
    by_daily = [{row["iso2"] for row in rows if row["service"] == service} for service in DAILY]
    covered |= set.intersection(*by_daily)
    if len(covered) < LEAST_COVERED:
        yield f"only {len(covered)} countries have a number for each emergency"


def _link_problems(typed: Path, codes: set[str], known: set[str]) -> Iterator[str]:
    today = clock.today().isoformat()
    seen: set[tuple[str, str]] = set()
    for row in read_rows(typed / "visa_link.csv"):
        said = f"visa_link.csv {row['iso2']} {row['kind']}"
        address = urlsplit(row["url"])
        if row["iso2"] not in codes or row["kind"] not in KINDS or (row["iso2"], row["kind"]) in seen:
            yield f"{said}: unknown or twice"
        seen.add((row["iso2"], row["kind"]))
        if (
            address.scheme != "https"
            or not address.hostname
            or "." not in address.hostname
            or address.username
        ):
            yield f"{said}: no https address"
        if row["src"] not in known or row["src2"] not in {"", *known} or row["src"] == row["src2"]:
            yield f"{said}: unknown source"
        if not row["src2"] and not STATE_HOST.search(address.hostname or ""):
            yield f"{said}: one source alone for an address that is not a state's"
        if not row["checked"] or row["checked"] > today:
            yield f"{said}: checked in the future"
    if len({code for code, _kind in seen}) < LEAST_LINKED:
        yield f"only {len({code for code, _kind in seen})} countries have the address of a visa authority"
