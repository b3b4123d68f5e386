"""Reading what somebody entered about a centre, from a form or a row of CSV: one set of rules for both.

Returns clean details or the problems by field; repairs only spelling (blanks, capitals, grouping of digits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale
from babel.core import UnknownLocaleError
from django.utils.translation import gettext as _

from safeconduct.centres import hours as opening_hours

FIELDS = (
    "name",
    "place_name",
    "country_code",
    "lat",
    "lon",
    "phone",
    "second_phone",
    "is_24_hours",
    "hours",
    "zone",
    "languages",
    "medical",
    "security",
)
YES = {"1", "yes", "y", "true", "on", "x"}
NO = {"", "0", "no", "n", "false", "off", "-"}


@dataclass(frozen=True)
class Located:
    """What a list of places knows about a place."""

    lat: float
    lon: float
    zone: str


Locate = Callable[[str, str], "Located | None"]


@dataclass(frozen=True)
class CentreDetails:
    """What is known of a centre, checked."""

    name: str
    place_name: str
    country_code: str
    lat: float
    lon: float
    phone: str
    second_phone: str
    is_24_hours: bool
    hours: str
    zone: str
    languages: list[str]
    medical: bool
    security: bool

    def values(self) -> dict[str, Any]:
        """Return the columns."""
        return asdict(self)


@dataclass
class Reading:
    """The result of reading: details when `problems` is empty."""

    details: CentreDetails | None = None
    problems: dict[str, str] = field(default_factory=dict)


@cache
def known_zones() -> frozenset[str]:
    """Return the IANA zones there are; asking the system reads hundreds of files, so it is asked once."""
    return frozenset(available_timezones())


def phone_number(text: str) -> str:
    """Return the number in E.164. Raises ValueError when it cannot be dialled from abroad."""
    try:
        number = phonenumbers.parse(text.strip(), None)
    except phonenumbers.NumberParseException:
        raise ValueError(
            _("Write the number with + and the country code, for example +44 20 7946 0123.")
        ) from None
    # Possible, not valid: reserved numbers of fiction (555 01xx) are possible and belong to nobody.
    if not phonenumbers.is_possible_number(number):
        raise ValueError(_("This number is too short or too long for its country."))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class _Reader:
    """Takes one field after the other and keeps the problems."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.problems: dict[str, str] = {}

    def text(self, name: str, most: int, *, needed: str = "") -> str:
        value = " ".join(str(self.raw.get(name) or "").split())
        if needed and not value:
            self.problems[name] = needed
        if len(value) > most:
            self.problems[name] = _("This is longer than %(most)d characters.") % {"most": most}
        return value

    def flag(self, name: str) -> bool:
        value = self.raw.get(name)
        if isinstance(value, bool):
            return value
        word = str(value or "").strip().lower()
        if word not in YES | NO:
            self.problems[name] = _("Write yes or no.")
        return word in YES

    def number(self, name: str, limit: float) -> float | None:
        word = str(self.raw.get(name) if self.raw.get(name) is not None else "").strip()
        if not word:
            return None
        try:
            value = float(word)
        except ValueError:
            value = limit + 1
        if not -limit <= value <= limit:
            self.problems[name] = _("Write degrees as a number from −%(n)d to %(n)d, for example 39.74.") % {
                "n": limit
            }
            return None
        return value

    def phone(self, name: str, *, needed: bool) -> str:
        word = self.text(name, 40, needed=_("Enter the telephone number.") if needed else "")
        if not word or name in self.problems:
            return ""
        try:
            return phone_number(word)
        except ValueError as error:
            self.problems[name] = str(error)
            return ""

    def country(self) -> str:
        code = self.text("country_code", 2, needed=_("Choose the country.")).upper()
        if code and code not in Locale("en").territories:
            self.problems["country_code"] = _(
                "Write the country as two letters after ISO 3166, for example US."
            )
        return code

    def languages(self) -> list[str]:
        value = self.raw.get("languages") or ""
        words = (
            value if isinstance(value, list) else str(value).replace(";", ",").replace(" ", ",").split(",")
        )
        codes: list[str] = []
        for word in (str(w).strip() for w in words):
            if not word:
                continue
            try:
                locale = Locale.parse(word, sep="-")
            except (UnknownLocaleError, ValueError):
                self.problems["languages"] = _(
                    "“%(word)s” is no language code. Write for example en, es, ar."
                ) % {"word": word}
                continue
            if locale.language not in codes:
                codes.append(locale.language)
        return codes


def read_details(raw: Mapping[str, Any], *, locate: Locate) -> Reading:
    """Return the details of a centre, or what is wrong by field.

    `locate(place, country)` is asked where latitude, longitude or zone are left empty.
    """
    reader = _Reader(raw)
    name = reader.text("name", 120, needed=_("Enter a name."))
    place_name = reader.text("place_name", 120, needed=_("Enter the place."))
    country_code = reader.country()
    lat, lon = reader.number("lat", 90), reader.number("lon", 180)
    zone = reader.text("zone", 64)
    lacks_point = (lat is None or lon is None) and not {"lat", "lon"} & reader.problems.keys()
    if (lacks_point or not zone) and place_name and country_code and "country_code" not in reader.problems:
        found = locate(place_name, country_code)
        if lacks_point and found:
            lat, lon = found.lat, found.lon
        elif lacks_point:
            reader.problems["lat"] = _("We do not know this place. Enter its latitude and longitude.")
        zone = zone or (found.zone if found else "")
    if not zone:
        reader.problems["zone"] = _("Choose the time zone.")
    elif zone not in known_zones():
        reader.problems["zone"] = _("Write the zone as in the IANA list, for example America/Denver.")
    all_day, hours = reader.flag("is_24_hours"), reader.text("hours", 200)
    if not all_day and not hours:
        reader.problems["hours"] = _("Enter the hours, or tick that the centre is open day and night.")
    elif hours:
        try:
            opening_hours.openings(hours)
        except ValueError as error:
            reader.problems["hours"] = _(
                "“%(part)s” cannot be read. Write for example Mon-Fri 08:00-18:00; Sat 09:00-12:00."
            ) % {"part": error}
    phone, second = reader.phone("phone", needed=True), reader.phone("second_phone", needed=False)
    languages = reader.languages()
    medical, security = reader.flag("medical"), reader.flag("security")
    if reader.problems or lat is None or lon is None:
        return Reading(problems=reader.problems)
    return Reading(
        CentreDetails(
            name=name,
            place_name=place_name,
            country_code=country_code,
            lat=lat,
            lon=lon,
            phone=phone,
            second_phone=second,
            is_24_hours=all_day,
            hours=hours,
            zone=zone,
            languages=languages,
            medical=medical,
            security=security,
        )
    )
