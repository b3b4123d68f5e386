"""Yellow fever, malaria and tap water of countries, from the typed tables.

Says of a country only what two documents by different publishers say, each of them opened and cited; where they
differ, or only one speaks, the country is unknown. It advises nobody: which vaccine or tablet a person needs is for
a travel clinic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from babel.dates import get_month_names
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from safeconduct.lib import clock
from safeconduct.places.fields import MONTHS_HEALTH, FactField, WantedFact
from safeconduct.places.files import read_rows
from safeconduct.places.statements import health_sources

SOURCES: Final = health_sources.SOURCES
COUNTRIES: Final = 250
MONTHS: Final = 12
# Who says from when a certificate counts, and for life.
VALIDITY: Final = frozenset({"saudi-moh", "cdc-certificate"})

FIELDS: Final = (
    FactField("yellow_fever", gettext_lazy("Yellow fever"), "vaccinations", True, MONTHS_HEALTH),
    FactField(
        "yellow_fever_certificate",
        gettext_lazy("Yellow fever certificate"),
        "vaccinations",
        True,
        MONTHS_HEALTH,
    ),
    FactField("malaria", gettext_lazy("Malaria"), "threats", True, MONTHS_HEALTH),
    FactField("tap_water", gettext_lazy("Tap water"), "food-water", True, MONTHS_HEALTH),
)

# `present`: there is a risk, and the documents differ how far it reaches.
EXTENTS: Final = frozenset({"none", "part", "all", "present"})
CERTIFICATES: Final = frozenset({"none", "from_risk", "from_risk_or_transit12h", "all_arrivals"})
WATER: Final = frozenset({"safe", "safe_cities", "not_safe"})
SPECIES: Final = frozenset({"falciparum", "vivax", "knowlesi", "malariae", "ovale"})
# The WHO's list of countries with risk of yellow fever, one by one: 42.
WHO_LIST: Final = (
    "AO AR BF BI BJ BO BR CD CF CG CI CM CO EC ET GA GF GH GM GN GQ GW GY KE LR ML MR NE NG PA PE PY SD SL SN SR "
    "SS TD TG TT UG VE"
)
YELLOW_FEVER_RISK: Final = frozenset(WHO_LIST.split())


def _number(text: str) -> int | None:
    return int(text) if text else None


def _yellow_fever(row: Mapping[str, str]) -> dict[str, Any]:
    return {"risk": row["risk"]}


def _certificate(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cert": row["cert"],
        "min_age_months": _number(row["min_age_months"]),
        "transit_hours": _number(row["transit_hours"]),
    }


def _malaria(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "level": row["level"],
        "altitude_m": _number(row["altitude_m"]),
        "months": [int(month) for month in row["months"].split(";") if month],
        "species": [name for name in row["species"].split(";") if name],
    }


def _tap_water(row: Mapping[str, str]) -> dict[str, Any]:
    return {"level": row["level"]}


# Field: file, column that holds the value, columns of its two sources, how a row becomes a value.
TABLES: Final[Mapping[str, tuple[str, str, str, str, Callable[[Mapping[str, str]], dict[str, Any]]]]] = {
    "yellow_fever": ("yellow_fever.csv", "risk", "src", "src2", _yellow_fever),
    "yellow_fever_certificate": ("yellow_fever.csv", "cert", "cert_src", "cert_src2", _certificate),
    "malaria": ("malaria.csv", "level", "src", "src2", _malaria),
    "tap_water": ("tap_water.csv", "level", "src", "src2", _tap_water),
}
UNKNOWN: Final = ("", "unknown")


def statements(data: Path, /) -> Iterator[WantedFact]:
    """Every row that two different sources carry."""
    for field, (name, column, first, second, value) in TABLES.items():
        for row in read_rows(data / "typed" / name):
            if row[column] in UNKNOWN or not row[first] or not row[second] or row[first] == row[second]:
                continue
            yield WantedFact(row["iso2"], field, value(row), row[first], row[second], row["checked"])


def yellow_fever_words(words: Any, value: Mapping[str, Any]) -> str:
    """Where there is a risk."""
    return {
        "none": _("No risk"),
        "part": _("Risk in parts of the country"),
        "all": _("Risk in the whole country"),
        "present": _("Risk in the country; how far it reaches is not known for certain"),
    }.get(value["risk"], "")


def certificate_words(words: Any, value: Mapping[str, Any]) -> str:
    """Who must show a certificate, from which age, and from when it counts."""
    cert = value["cert"]
    if cert == "none":
        return _("No certificate is asked for")
    sentences = {
        "from_risk": _("Required when arriving from a country with risk of yellow fever."),
        "from_risk_or_transit12h": _(
            "Required when arriving from a country with risk of yellow fever, and after more than 12 hours in "
            "transit at one of its airports."
        ),
        "all_arrivals": _("Required of everybody who arrives, from any country."),
    }
    if cert not in sentences:
        return ""
    parts = [sentences[cert]]
    if months := value["min_age_months"]:
        parts.append(_age(words, months))
    parts.append(_("It counts from the 10th day after the vaccination, and for life."))
    return " ".join(parts)


def _age(words: Any, months: int) -> str:
    if months % 12:
        text = ngettext("From the age of %(number)s month.", "From the age of %(number)s months.", months)
        return text % {"number": words.number(months)}
    years = months // 12
    text = ngettext("From the age of %(number)s year.", "From the age of %(number)s years.", years)
    return text % {"number": words.number(years)}


def malaria_words(words: Any, value: Mapping[str, Any]) -> str:
    """Where, up to which height, in which months, and which parasite."""
    level, metres = value["level"], value["altitude_m"]
    if level == "none":
        return _("No risk")
    height = words.number(metres) if metres else ""
    where = {
        "part": _("Risk in parts of the country below %(metres)s m.")
        if height
        else _("Risk in parts of the country."),
        "all": _("Risk in the whole country below %(metres)s m.")
        if height
        else _("Risk in the whole country."),
        "present": _("Risk in the country; how far it reaches is not known for certain."),
    }
    if level not in where:
        return ""
    parts = [where[level] % {"metres": height} if height else where[level]]
    if months := value["months"]:
        parts.append(_("Season: %(months)s.") % {"months": words.listed(_season(months, words.locale))})
    if species := value["species"]:
        listed = words.listed([f"P. {name}" for name in species])
        sentence = _("Mostly %(species)s.") if len(species) == 1 else _("Species: %(species)s.")
        parts.append(sentence % {"species": listed})
    return " ".join(parts)


def _season(months: Sequence[int], locale: Any) -> list[str]:
    """“November – April”: each run of months in words. December is followed by January."""
    kept = sorted(set(months))
    if len(kept) == MONTHS:
        return [_("the whole year")]
    names = get_month_names("wide", context="stand-alone", locale=locale)
    begins = [month for month in kept if (month - 2) % MONTHS + 1 not in kept]
    runs = []
    for first in begins:
        last = first
        while last % MONTHS + 1 in kept:
            last = last % MONTHS + 1
        span = _("%(first)s – %(last)s") % {"first": names[first], "last": names[last]}
        runs.append(str(names[first]) if first == last else span)
    return runs


def tap_water_words(words: Any, value: Mapping[str, Any]) -> str:
    """Whether a visitor can drink it."""
    return {
        "safe": _("Safe to drink"),
        "safe_cities": _("Safe to drink in cities"),
        "not_safe": _("Not to be drunk without boiling or treating it"),
    }.get(value["level"], "")


WRITERS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "yellow_fever": yellow_fever_words,
    "yellow_fever_certificate": certificate_words,
    "malaria": malaria_words,
    "tap_water": tap_water_words,
}


def problems(data: Path, /) -> list[str]:
    """What does not hold in the typed tables."""
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    today = clock.today()
    found = []
    for name in ("yellow_fever.csv", "malaria.csv", "tap_water.csv"):
        rows = list(read_rows(data / "typed" / name))
        listed = [row["iso2"] for row in rows]
        if len(listed) != COUNTRIES or set(listed) != codes:
            found.append(f"{name} has {len(listed)} rows, not one for each of {COUNTRIES} codes")
        for row in rows:
            found += [f"{name}, {row['iso2']}: {problem}" for problem in _checked(row, today)]
    for field, (name, column, first, second, _value) in TABLES.items():
        for row in read_rows(data / "typed" / name):
            found += [
                f"{name}, {row['iso2']}, {field}: {problem}"
                for problem in _sourced(row, column, first, second)
            ]
    return found + _values(data) + _risk_set(data)


def _checked(row: Mapping[str, str], today: date) -> Iterator[str]:
    cited = any(row[column] for column in row if column.endswith(("src", "src2")))
    if not row["checked"]:
        if cited:
            yield "cites a source and was never checked"
        return
    try:
        if date.fromisoformat(row["checked"]) > today:
            yield "was checked in the future"
    except ValueError:
        yield f"checked is no date: {row['checked']}"


def _sourced(row: Mapping[str, str], column: str, first: str, second: str) -> Iterator[str]:
    known = {source.src for source in SOURCES}
    yield from (
        f"unknown source {row[name]}" for name in (first, second) if row[name] and row[name] not in known
    )
    if row[column] in UNKNOWN:
        return
    if not row[first] or not row[second]:
        yield "has a value and not two sources"
    elif row[first] == row[second]:
        yield "names one source twice"


def _values(data: Path) -> list[str]:
    found = []
    for row in read_rows(data / "typed" / "yellow_fever.csv"):
        for column, allowed in (("risk", EXTENTS), ("cert", CERTIFICATES)):
            if row[column] and row[column] not in allowed:
                found.append(f"yellow_fever.csv, {row['iso2']}: {column} is {row[column]}")
        if (row["transit_hours"] == "12") != (row["cert"] == "from_risk_or_transit12h"):
            found.append(f"yellow_fever.csv, {row['iso2']}: transit_hours does not go with cert")
        if row["min_age_months"] not in ("", "1", "6", "9", "12", "24"):
            found.append(f"yellow_fever.csv, {row['iso2']}: min_age_months is {row['min_age_months']}")
    for row in read_rows(data / "typed" / "malaria.csv"):
        if row["level"] and row["level"] not in EXTENTS:
            found.append(f"malaria.csv, {row['iso2']}: level is {row['level']}")
        if not {*filter(None, row["species"].split(";"))} <= SPECIES:
            found.append(f"malaria.csv, {row['iso2']}: species are {row['species']}")
        if not {*filter(None, row["months"].split(";"))} <= {str(month) for month in range(1, 13)}:
            found.append(f"malaria.csv, {row['iso2']}: months are {row['months']}")
        if row["altitude_m"] and not (
            row["altitude_m"].isdecimal() and 500 <= int(row["altitude_m"]) <= 3000
        ):
            found.append(f"malaria.csv, {row['iso2']}: altitude_m is {row['altitude_m']}")
        if row["level"] in ("", "none") and (row["species"] or row["months"] or row["altitude_m"]):
            found.append(f"malaria.csv, {row['iso2']}: details without a risk")
    for row in read_rows(data / "typed" / "tap_water.csv"):
        if row["level"] not in WATER | {"unknown"}:
            found.append(f"tap_water.csv, {row['iso2']}: level is {row['level']}")
    return found


def _risk_set(data: Path) -> list[str]:
    risk = {
        row["iso2"]
        for row in read_rows(data / "typed" / "yellow_fever.csv")
        if row["risk"] not in ("", "none")
    }
    return [
        *(
            f"yellow fever: {code} is on the WHO's list and has no risk here"
            for code in sorted(YELLOW_FEVER_RISK - risk)
        ),
        *(
            f"yellow fever: {code} has a risk and is not on the list"
            for code in sorted(risk - YELLOW_FEVER_RISK)
        ),
    ]
