"""The shape of each field: which entries make its value, within the bounds that the shipped data keeps as well.

A field without a shape cannot be corrected. Of the climate, that of the capital can be: other cities have no fact of
their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from babel import Locale
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.lib.geo import distance_km
from safeconduct.places.entering.entries import (
    NONE,
    BadEntry,
    Entry,
    Shape,
    choice,
    codes,
    lines,
    number,
    text,
)
from safeconduct.places.entering.labels import reader_words, said_for
from safeconduct.places.entering.safety import CERTIFICATE, EMERGENCY, MALARIA, TAP_WATER, VISA, YELLOW_FEVER
from safeconduct.places.factwords import ROLES, WEEKDAYS
from safeconduct.places.files import DATA, read_rows
from safeconduct.places.folding import fold
from safeconduct.places.models import Fact, Place
from safeconduct.places.statements import climate, practical

MOST_PEOPLE: Final = 2_000_000_000
MOST_KM2: Final = 20_000_000
STATUSES: Final = ("official", "de_facto", "regional", "spoken")


def _english() -> Locale:
    return Locale.parse("en")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _codes() -> frozenset[str]:
    return frozenset(row["iso2"] for row in read_rows(DATA / "country.csv"))


def _one(entry: Entry) -> Shape:
    """A field that is one entry."""
    return Shape((entry,), lambda _code, parts: parts[entry.key], lambda value: {entry.key: value})


def _pick(field: str, codes_: Sequence[str], label: Any) -> Shape:
    return _one(choice("value", label, codes_, said_for(field, codes_), is_required=True))


# Capital: cities of the country by name, each in its role.


def _city(country_code: str, name: str) -> Place:
    """A city of the country by its name or key. Raises BadEntry."""
    cities = Place.objects.filter(
        country_code=country_code, kind=Place.Kind.CITY, state=Place.State.ACTIVE
    ).order_by("-rank", "pk")
    row = (
        cities.filter(key=name).first()
        or cities.filter(name=name).first()
        or (cities.filter(names__folded=fold(name), names__is_whole=True).first() if fold(name) else None)
    )
    if row is None:
        raise BadEntry(_("No city of this country is called “%(name)s”.") % {"name": name[:60]})
    return row


def _seats(country_code: str, parts: dict[str, Any]) -> list[dict[str, str]]:
    if parts["official"] == [NONE]:
        return []
    seats = []
    for role in ROLES:
        for name in parts[role] or ():
            place = _city(country_code, name)
            seats.append({"name": place.name, "role": role, "key": place.key, "note": ""})
    if not seats:
        raise BadEntry(_("Name a city, or write “none”."))
    return seats


def _seat_parts(seats: list[dict[str, str]]) -> dict[str, Any]:
    if not seats:
        return {"official": [NONE]}
    return {role: [seat["name"] for seat in seats if seat["role"] == role] or None for role in ROLES}


CAPITAL: Final = Shape(
    tuple(
        lines(role, label, str, str, hint=hint)
        for role, label, hint in (
            ("official", gettext_lazy("Capital"), gettext_lazy("A city of the country; several one a line. “none”: there is none.")),
            ("seat", gettext_lazy("Seat of government, if elsewhere"), ""),
            ("legislative", gettext_lazy("Parliament, if elsewhere"), ""),
        )
    ),
    _seats,
    _seat_parts,
)  # fmt: skip


# Languages and religions: a line each.


def _language(line: str) -> dict[str, Any]:
    words = line.split()
    if len(words) != 3 or words[1] not in STATUSES:
        raise BadEntry(
            _("Code, status, percent. Status is one of: %(codes)s.") % {"codes": ", ".join(STATUSES)}
        )
    tag = words[0]
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise BadEntry(_("Not known: %(words)s.") % {"words": tag})
    return {"lang": tag, "status": words[1], "pct": _percent(words[2])}


def _percent(typed: str) -> float:
    try:
        share = float(typed.rstrip("%").replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise BadEntry(_("A percentage from 0 to 100."))
    return share


def _share(line: str) -> dict[str, Any]:
    religion, _space, share = line.strip().rpartition(" ")
    if religion.strip() not in practical.RELIGIONS:
        raise BadEntry(_("Not known: %(words)s.") % {"words": religion or line})
    low, dash, high = share.partition("-")
    return {
        "religion": religion.strip(),
        "pct": _percent(low),
        "pct_to": _percent(high) if dash else _percent(low),
    }


def _share_line(share: dict[str, Any]) -> str:
    span = f"{share['pct']:g}" if share["pct"] == share["pct_to"] else f"{share['pct']:g}-{share['pct_to']:g}"
    return f"{share['religion']} {span}"


def _religions(_country: str, parts: dict[str, Any]) -> dict[str, Any]:
    if sum(share["pct"] for share in parts["shares"]) > practical.MOST_PERCENT:
        raise BadEntry(_("The shares make more than 100 %."))
    return {"year": str(parts["year"] or ""), "shares": parts["shares"]}


RELIGION: Final = Shape(
    (
        number("year", gettext_lazy("Year of the count"), 1900, 2100),
        lines(
            "shares", gettext_lazy("Shares"), _share, _share_line, is_required=True,
            hint=gettext_lazy("One a line, code and percent: “muslim 74.5”, “christian 40-60”."),
        ),
    ),
    _religions,
    lambda value: {"year": value["year"] or None, "shares": value["shares"]},
)  # fmt: skip
LANGUAGES: Final = _one(
    lines(
        "value", gettext_lazy("Languages"), _language,
        lambda row: f"{row['lang']} {row['status']} {row['pct']:g}", is_required=True,
        hint=gettext_lazy("One a line: code, status (official, de_facto, regional or spoken), percent of the people. “en official 18”."),
    )
)  # fmt: skip


def _currencies(_country: str, parts: dict[str, Any]) -> list[dict[str, str]]:
    return [{"code": code, "from": "", "to": ""} for code in parts["value"]]


def _current_codes(value: list[dict[str, str]]) -> dict[str, Any]:
    today = reader_words().today.isoformat()
    now = [m["code"] for m in value if m["from"] <= today and (not m["to"] or m["to"] >= today)]
    return {"value": now or None}


CURRENCY: Final = Shape(
    (
        codes(
            "value", gettext_lazy("Money"), lambda code: code in _english().currencies, tidy=str.upper,
            is_required=True, hint=gettext_lazy("Codes of ISO 4217, with commas between: USD, KHR."),
        ),
    ),
    _currencies,
    _current_codes,
)  # fmt: skip


# Mains and airports.


def _volts_and_hertz(_country: str, parts: dict[str, Any]) -> dict[str, str]:
    volts = re.split(r"[-/]", parts["volts"])
    if not set(volts) <= practical.VOLTS or sorted(volts, key=int) != volts:
        raise BadEntry(_("Volts are among %(list)s.") % {"list": ", ".join(sorted(practical.VOLTS, key=int))})
    return {"volts": parts["volts"], "hz": parts["hz"]}


ELECTRICITY: Final = Shape(
    (
        text(
            "volts", gettext_lazy("Volts"), r"\d{3}([-/]\d{3})?", lambda: _("Write it like 230, 110/220 or 220-240."),
            is_required=True, hint=gettext_lazy("230; 110/220 for one or the other; 220-240 for from and to."),
        ),
        choice("hz", gettext_lazy("Hertz"), ("50", "60", "50/60"), lambda: [(c, c) for c in ("50", "60", "50/60")], is_required=True),
    ),
    _volts_and_hertz,
    dict,
)  # fmt: skip


def _airport(code: str) -> Place:
    row = Place.objects.filter(key=f"iata:{code}", state=Place.State.ACTIVE).first()
    if row is None:
        raise BadEntry(_("We know no airport %(code)s.") % {"code": code})
    return row


def _airports(country_code: str, parts: dict[str, Any]) -> dict[str, Any]:
    own = [_airport(code) for code in parts["own"] or ()]
    strangers = [row.code for row in own if row.country_code != country_code]
    if strangers:
        raise BadEntry(_("Not in this country: %(codes)s.") % {"codes": ", ".join(strangers)})
    if own:
        return {"own": [_as_airport(row) for row in own], "more": 0}
    if not parts["nearest"]:
        raise BadEntry(_("Give the country’s airports, or the nearest one abroad."))
    near, middle = _airport(parts["nearest"]), _middle(country_code)
    if middle is None or near.country_code == country_code:
        raise BadEntry(_("The nearest one is abroad."))
    km = round(distance_km(middle.lon, middle.lat, near.lon, near.lat))
    return {"own": [], "nearest": {**_as_airport(near), "iso2": near.country_code, "km": km}}


def _middle(country_code: str) -> Place | None:
    """Where distances are told from: the capital, else the middle of the country."""
    fact = Fact.objects.filter(country_code=country_code, field="capital").first()
    keys = [seat["key"] for seat in fact.value[:1]] if fact is not None else []
    capital = Place.objects.filter(key__in=keys).first()
    return capital or Place.objects.filter(key=f"iso:{country_code}").first()


def _as_airport(row: Place) -> dict[str, str]:
    return {"key": row.key, "iata": row.code, "name": row.name, "city": ""}


AIRPORTS: Final = Shape(
    (
        codes(
            "own", gettext_lazy("Main airports"), lambda code: bool(re.fullmatch(r"[A-Z]{3}", code)), tidy=str.upper,
            hint=gettext_lazy("Codes of IATA, the most important one first."),
        ),
        text(
            "nearest", gettext_lazy("Or the nearest one abroad"), r"[A-Z]{3}", lambda: _("Three capital letters, for example NBO."),
        ),
    ),
    _airports,
    lambda value: {
        "own": [airport["iata"] for airport in value["own"]] or None,
        "nearest": value["nearest"]["iata"] if value.get("nearest") else None,
    },
)  # fmt: skip


# Climate of the capital: its class and, where somebody has better ones, its months.


def _months(key: str, label: Any, least: float, most: float, kind: type[float] | type[int]) -> Entry:
    """Twelve figures, January first."""

    def read(typed: str) -> list[float]:
        words = typed.replace("−", "-").replace(";", " ").replace(",", " ").split()
        try:
            found = [kind(word) for word in words]
        except ValueError:
            found = []
        if len(found) != 12 or not all(least <= one <= most for one in found):
            raise BadEntry(
                _("Twelve figures from %(least)d to %(most)d, January first, with a point for decimals.")
                % {"least": least, "most": most}
            )
        return found

    def write(value: list[float]) -> str:
        return " ".join(f"{one:g}" for one in value)

    return Entry(key, label, "list", read, write, hint=gettext_lazy("Empty: the months stay as they are shipped."))


CLIMATE: Final = Shape(
    (
        choice(
            "koppen", gettext_lazy("Class (Köppen-Geiger)"), tuple(climate.CLASSES),
            said_for("climate", tuple(climate.CLASSES), lambda code: {"koppen": code}), is_required=True,
        ),
        _months("temperatures", gettext_lazy("Mean temperatures in °C"), climate.COLDEST, climate.WARMEST, float),
        _months("rain", gettext_lazy("Rain in mm"), 0, climate.MOST_RAIN, int),
    ),
    lambda _code, parts: parts,
    lambda value: {key: value.get(key) for key in ("koppen", "temperatures", "rain")},
)  # fmt: skip

_DAYS: Final = said_for("week_start", WEEKDAYS)

SHAPES: Final[Mapping[str, Shape]] = {
    "capital": CAPITAL,
    "population": _one(number("value", gettext_lazy("People"), 0, MOST_PEOPLE, is_required=True)),
    "area_km2": _one(number("value", gettext_lazy("Square kilometres"), 0, MOST_KM2, is_required=True)),
    "borders": _one(
        codes(
            "value", gettext_lazy("Countries that it borders on"), lambda code: code in _codes(), tidy=str.upper, in_order=True,
            may_be_none=True, is_required=True,
            hint=gettext_lazy("Codes of ISO 3166-1, with commas between. “none”: none on land."),
        )
    ),
    "languages": LANGUAGES,
    "currency": CURRENCY,
    "calling_code": _one(
        text(
            "value", gettext_lazy("Calling code"), r"[1-9]\d{0,6}", lambda: _("Figures without + and zeros before."), is_required=True
        )
    ),
    "tld": _one(
        text(
            "value", gettext_lazy("Internet domain"), r"\.[a-z][a-z0-9-]{1,23}", lambda: _("A dot and letters, for example .ke."),
            is_required=True,
        )
    ),
    "drive_side": _pick("drive_side", ("left", "right"), gettext_lazy("Driving")),
    "speed_unit": _pick("speed_unit", ("km/h", "mph"), gettext_lazy("Speed limits")),
    "timezones": _one(
        codes(
            "value", gettext_lazy("Time zones"), lambda zone: zone in _zones(), is_required=True,
            hint=gettext_lazy("Names of IANA, with commas between: Africa/Nairobi."),
        )
    ),
    "hour_cycle": _pick("hour_cycle", ("H", "h"), gettext_lazy("Clock")),
    "measure": _pick("measure", ("metric", "uk", "us"), gettext_lazy("Measures")),
    "week_start": _one(choice("value", gettext_lazy("Week begins on"), WEEKDAYS, _DAYS, is_required=True)),
    "weekend": _one(
        codes(
            "value", gettext_lazy("Days of the weekend"), lambda day: day in WEEKDAYS, tidy=str.lower, is_required=True,
            hint=gettext_lazy("Among mon, tue, wed, thu, fri, sat, sun; with commas between."),
        )
    ),
    "electricity": ELECTRICITY,
    "plugs": _one(
        codes(
            "value", gettext_lazy("Sockets"), lambda letter: letter in practical.PLUGS, tidy=str.upper, in_order=True,
            is_required=True, hint=gettext_lazy("Letters of the IEC, with commas between: C, F."),
        )
    ),
    "religion": RELIGION,
    "airports": AIRPORTS,
    "climate": CLIMATE,
    "yellow_fever": YELLOW_FEVER,
    "yellow_fever_certificate": CERTIFICATE,
    "malaria": MALARIA,
    "tap_water": TAP_WATER,
    "emergency": EMERGENCY,
    "visa_authority": VISA,
}  # fmt: skip
