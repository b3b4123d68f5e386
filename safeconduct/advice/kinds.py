"""The words of entry rules: kinds, answers, purposes, conditions. Pure; the codes are stored and never change.

A new kind is one row of KINDS; page, form, file, answers and table of coverage follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DOCUMENTS: Final = "documents"
HEALTH: Final = "health"
MONTHS_FAST: Final = 6
MONTHS_SLOW: Final = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule. After `fresh_months` without a review date a rule is marked as in need of a check.

    `is_of_transit`: it is asked where somebody changes, not where they enter.
    """

    code: str
    label: str | Promise
    group: str
    fresh_months: int = MONTHS_SLOW
    is_of_transit: bool = False


KINDS: Final = (
    Kind("visa", _("Visa"), DOCUMENTS, MONTHS_FAST),
    Kind("authorisation", _("Electronic travel authorisation"), DOCUMENTS, MONTHS_FAST),
    Kind("passport", _("Validity of the passport"), DOCUMENTS),
    Kind("form", _("Form before arrival"), DOCUMENTS, MONTHS_FAST),
    Kind("transit", _("Visa for a change of planes"), DOCUMENTS, MONTHS_FAST, is_of_transit=True),
    Kind("customs", _("Customs, money and medicines"), DOCUMENTS),
    Kind("insurance", _("Insurance"), DOCUMENTS),
    Kind("yellow_fever", _("Yellow fever certificate"), HEALTH),
    Kind("polio", _("Polio vaccination"), HEALTH),
    Kind("vaccination", _("Other vaccinations"), HEALTH, MONTHS_FAST),
    Kind("test", _("Test for a disease"), HEALTH, MONTHS_FAST),
    Kind("isolation", _("Isolation or quarantine"), HEALTH, MONTHS_FAST),
    Kind("domestic", _("Restrictions inside the country"), HEALTH, MONTHS_FAST),
)
BY_CODE: Final = {kind.code: kind for kind in KINDS}

REQUIRED, RECOMMENDED, NOT_REQUIRED, REFUSED = "required", "recommended", "not_required", "refused"
DEPENDS, UNKNOWN = "depends", "unknown"
ANSWERS: Final = {
    REQUIRED: _("Required"),
    RECOMMENDED: _("Recommended"),
    NOT_REQUIRED: _("Not required"),
    REFUSED: _("No admission"),
}
"""What a rule may say."""
STATES: Final = {**ANSWERS, DEPENDS: _("It depends"), UNKNOWN: _("No rule known")}
"""What an answer may say."""
SIGNS: Final = {REFUSED: "5", REQUIRED: "4", RECOMMENDED: "2", NOT_REQUIRED: "1", DEPENDS: "v", UNKNOWN: "0"}
"""The sign of the look for each state."""

OBTAINED: Final = {
    "before": _("before the journey, from the authority"),
    "online": _("online, before the journey"),
    "on_arrival": _("on arrival"),
}
"""How what is required is got."""

PURPOSES: Final = {
    "tourism": pgettext_lazy("purpose of a journey", "Tourism"),
    "business": pgettext_lazy("purpose of a journey", "Business, meetings"),
    "study": pgettext_lazy("purpose of a journey", "Study"),
    "research": pgettext_lazy("purpose of a journey", "Research, field work"),
    "work": pgettext_lazy("purpose of a journey", "Work"),
    "journalism": pgettext_lazy("purpose of a journey", "Journalism"),
    "aid": pgettext_lazy("purpose of a journey", "Aid, volunteering"),
    "family": pgettext_lazy("purpose of a journey", "Family, private"),
}

CONDITIONS: Final = {
    "vaccinated": _("only for the vaccinated"),
    "not_vaccinated": _("only for those not vaccinated"),
    "tested": _("only for those with a negative test"),
    "not_tested": _("only for those without a test"),
}
"""Whom a rule about a disease is for."""
