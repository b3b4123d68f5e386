"""The shapes of health facts, emergency numbers and visa authorities: the ones that people rely on in need."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.places.build.emergency import SERVICES
from safeconduct.places.entering.entries import BadEntry, Entry, Shape, choice, codes, number, text
from safeconduct.places.entering.labels import said_for
from safeconduct.places.statements import contacts, health

EXTENTS: Final = ("none", "part", "all", "present")
CERTIFICATES: Final = ("none", "from_risk", "from_risk_or_transit12h", "all_arrivals")
WATER: Final = ("safe", "safe_cities", "not_safe")
AGES: Final = ("1", "6", "9", "12", "24")


def _certificate(_country: str, parts: dict[str, Any]) -> dict[str, Any]:
    if parts["cert"] == "none" and parts["min_age_months"]:
        raise BadEntry(_("An age goes with a certificate that is asked for."))
    hours = 12 if parts["cert"] == "from_risk_or_transit12h" else None
    age = parts["min_age_months"]
    return {"cert": parts["cert"], "min_age_months": int(age) if age else None, "transit_hours": hours}


def _certificate_labels() -> list[tuple[str, str]]:
    return [
        ("none", _("Asked of nobody")),
        ("from_risk", _("Asked of those who come from a country with risk")),
        ("from_risk_or_transit12h", _("The same, and after more than 12 hours in transit there")),
        ("all_arrivals", _("Asked of everybody who arrives")),
    ]


def _malaria(_country: str, parts: dict[str, Any]) -> dict[str, Any]:
    months, species = parts["months"] or [], parts["species"] or []
    if parts["level"] == "none" and (months or species or parts["altitude_m"]):
        raise BadEntry(_("Without a risk there is no height, season or species."))
    return {
        "level": parts["level"],
        "altitude_m": parts["altitude_m"],
        "months": [int(month) for month in months],
        "species": species,
    }


YELLOW_FEVER: Final = Shape(
    (
        choice(
            "risk",
            gettext_lazy("Risk"),
            EXTENTS,
            said_for("yellow_fever", EXTENTS, lambda code: {"risk": code}),
            is_required=True,
        ),
    ),
    lambda _code, parts: {"risk": parts["risk"]},
    dict,
)
CERTIFICATE: Final = Shape(
    (
        choice("cert", gettext_lazy("Certificate"), CERTIFICATES, _certificate_labels, is_required=True),
        choice(
            "min_age_months",
            gettext_lazy("From the age of, in months"),
            AGES,
            lambda: [(age, age) for age in AGES],
        ),
    ),
    _certificate,
    lambda value: {"cert": value["cert"], "min_age_months": value["min_age_months"]},
)
MALARIA: Final = Shape(
    (
        choice(
            "level", gettext_lazy("Risk"), EXTENTS,
            said_for("malaria", EXTENTS, lambda code: {"level": code, "altitude_m": None, "months": [], "species": []}), is_required=True,
        ),
        number("altitude_m", gettext_lazy("Only below, in metres"), 500, 3000),
        codes(
            "months", gettext_lazy("Months with risk"), lambda month: month in {str(n) for n in range(1, 13)},
            hint=gettext_lazy("1 to 12 in their order, with commas between. Empty: all year, or not known."),
        ),
        codes(
            "species", gettext_lazy("Species"), lambda name: name in health.SPECIES, tidy=str.lower,
            hint=gettext_lazy("falciparum, vivax, knowlesi, malariae, ovale; the most frequent one first."),
        ),
    ),
    _malaria,
    lambda value: {key: value[key] or None for key in ("level", "altitude_m", "months", "species")},
)  # fmt: skip
TAP_WATER: Final = Shape(
    (
        choice(
            "level",
            gettext_lazy("Tap water"),
            WATER,
            said_for("tap_water", WATER, lambda code: {"level": code}),
            is_required=True,
        ),
    ),
    lambda _code, parts: {"level": parts["level"]},
    dict,
)


# Contacts.


def _emergency(_country: str, parts: dict[str, Any]) -> dict[str, list[str]]:
    value = {service: parts[service] for service in SERVICES if parts[service]}
    if not value:
        raise BadEntry(_("Give at least one number."))
    return value


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and 2 <= len(typed) <= 15


EMERGENCY: Final = Shape(
    tuple(
        codes(
            service, contacts.SERVICE_LABELS[service], _is_number,
            hint=gettext_lazy("Figures only, as they are dialled in the country; several with commas between.") if service == "general" else "",
        )
        for service in SERVICES
    ),
    _emergency,
    lambda value: {service: [contacts.number_of(entry) for entry in entries] for service, entries in value.items()},
)  # fmt: skip


def _address(typed: str) -> bool:
    try:
        parts = urlsplit(typed)
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and "." in (parts.hostname or "")
        and not parts.username
        and not re.search(r"[\s|\x00-\x1f]", typed)
    )


def _url(key: str, label: Any) -> Entry:
    def read(typed: str) -> str:
        if not _address(typed) or len(typed) > 500:
            raise BadEntry(_("A whole address that begins with https://."))
        return typed

    return Entry(key, label, "text", read)


def _visa(_country: str, parts: dict[str, Any]) -> dict[str, Any]:
    if not (parts["official"] or parts["evisa"]):
        raise BadEntry(_("Give at least one address."))
    links: dict[str, Any] = {
        kind: {"url": parts[kind], "src": "", "src2": ""} for kind in contacts.KINDS if parts[kind]
    }
    return {**links, "eta": parts["eta"] or ""}


VISA: Final = Shape(
    (
        _url("official", gettext_lazy("Page of the authority")),
        _url("evisa", gettext_lazy("Page to apply on")),
        text(
            "eta", gettext_lazy("Name of the scheme"), r"[A-Za-z][A-Za-z0-9 -]{1,19}", lambda: _("A short name, for example ESTA."),
            hint=gettext_lazy("Only where it has a name of its own: ESTA, NZeTA."),
        ),
    ),
    _visa,
    lambda value: {
        **{kind: value[kind]["url"] for kind in contacts.KINDS if value.get(kind)}, "eta": value.get("eta") or None,
    },
)  # fmt: skip
