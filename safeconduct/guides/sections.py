"""The parts of a guide, in their order. Pure: keys are stored with editions and never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Part:
    """A section. `advice` are the keys of quoted official sections that belong here (`advisories.Section.Key`)."""

    key: str
    label: str | Promise
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and its sections; one without sections is a section of its own key."""

    key: str
    label: str | Promise
    parts: tuple[Part, ...]


CHAPTERS: Final = (
    Chapter("overview", _("Overview"), (Part("overview", _("Overview"), ("warnings",)),)),
    Chapter(
        "before",
        _("Before you go"),
        (
            Part("entry", _("Entry requirements"), ("entry",)),
            Part("vaccinations", _("Vaccinations")),
            Part("preparation", _("Preparation"), ("other",)),
        ),
    ),
    Chapter(
        "medical",
        _("Medical"),
        (
            Part("care", _("Standard of care"), ("health",)),
            Part("food-water", _("Food and water")),
            Part("threats", _("Health threats")),
        ),
    ),
    Chapter(
        "security",
        _("Security"),
        (
            Part("security-summary", _("Summary"), ("security",)),
            Part("personal-risk", _("Personal risk")),
            Part("stability", _("Stability of the country")),
        ),
    ),
    Chapter(
        "travel",
        _("Travel"),
        (
            Part("getting-there", _("Getting there")),
            Part("around", _("Getting around"), ("transport",)),
            Part("language-money", _("Language and money")),
            Part("culture", _("Culture"), ("laws",)),
            Part("phone-power", _("Phone and power")),
            Part("geography-weather", _("Geography and weather"), ("nature",)),
            Part("embassies", _("Embassies and visas"), ("help",)),
            Part("calendar", _("Calendar")),
        ),
    ),
    Chapter("contacts", _("Contacts"), (Part("contacts", _("Contacts")),)),
)
"""“Sources” is made from what the others cite and has no text of its own."""

PARTS: Final = {part.key: part for chapter in CHAPTERS for part in chapter.parts}
