"""Our own words for codes: event types, severity, urgency, certainty, kinds of message. All translatable.

Times and codes of every alert are shown through these, whatever language the source wrote in.
"""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

EVENT_TYPES: dict[str, str | Promise] = {
    "tsunami": _("Tsunami"),
    "earthquake": _("Earthquake"),
    "volcano": _("Volcano"),
    "tornado": _("Tornado"),
    "tropical_cyclone": _("Tropical cyclone"),
    "avalanche": _("Avalanche"),
    "landslide": _("Landslide"),
    "coastal": _("Coastal flooding"),
    "flood": _("Flood"),
    "drought": _("Drought"),
    "thunderstorm": _("Thunderstorm"),
    "snow_ice": _("Snow or ice"),
    "cold": _("Cold"),
    "heat": _("Heat"),
    "fog": _("Fog"),
    "dust": _("Dust or sand storm"),
    "air_quality": _("Air quality"),
    "wildfire": _("Wildfire"),
    "wind": _("Wind"),
    "rain": _("Heavy rain"),
    "storm": _("Storm"),
    "missing_person": _("Missing person"),
    "hazmat": _("Hazardous material"),
    "security": _("Security"),
    "health": _("Health"),
    "fire": _("Fire"),
    "transport": _("Transport"),
    "infrastructure": _("Infrastructure"),
    "marine": _("Marine warning"),
    "explosion": _("Explosion or quarry blast"),
    "civil": _("Civil protection"),
    "test": _("Test message"),
    "weather": _("Weather"),
    "geological": _("Geological event"),
    "safety": _("Safety"),
    "rescue": _("Rescue"),
    "environment": _("Environment"),
    "other": _("Other"),
}
CATEGORIES: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "geo": (_("Earth and sea"), ("earthquake", "tsunami", "volcano", "landslide", "avalanche", "coastal", "geological")),
    "met": (
        _("Weather"),
        ("tropical_cyclone", "storm", "thunderstorm", "tornado", "wind", "rain", "flood", "snow_ice", "cold", "heat",
         "fog", "dust", "drought", "marine", "weather"),
    ),
    "fire": (_("Fire and explosion"), ("wildfire", "fire", "explosion", "hazmat")),
    "health": (_("Health and environment"), ("health", "air_quality", "environment")),
    "security": (_("Security and public order"), ("security", "civil", "safety", "missing_person", "rescue")),
    "transport": (_("Transport and supply"), ("transport", "infrastructure")),
    "other": (_("Other"), ("other", "test")),
}  # fmt: skip
"""Groups of event types for the filters, after CAP 1.2 §3.2.2 category. Every type is in one."""
SEVERITIES: dict[str, str | Promise] = {
    "Extreme": _("Extreme"),
    "Severe": _("Severe"),
    "Moderate": _("Moderate"),
    "Minor": _("Minor"),
    "Unknown": _("Severity not known"),
}
SEVERITY_STEPS = {"Extreme": 5, "Severe": 4, "Moderate": 3, "Minor": 2, "Unknown": 0}
"""The signs of the colour scale; a word always stands beside them."""
URGENCIES: dict[str, str | Promise] = {
    "Immediate": pgettext_lazy("urgency", "Act now"),
    "Expected": pgettext_lazy("urgency", "Expected soon"),
    "Future": pgettext_lazy("urgency", "Expected later"),
    "Past": pgettext_lazy("urgency", "Has happened"),
    "Unknown": pgettext_lazy("urgency", "Time not known"),
}
CERTAINTIES: dict[str, str | Promise] = {
    "Observed": _("Observed"),
    "Likely": _("Likely"),
    "Possible": _("Possible"),
    "Unlikely": _("Unlikely"),
    "Unknown": _("Certainty not known"),
}
MSG_TYPES: dict[str, str | Promise] = {
    "Alert": _("First alert"),
    "Update": _("Update"),
    "Cancel": _("Cancelled"),
}
STATUSES: dict[str, str | Promise] = {
    "Actual": _("Actual"),
    "Exercise": _("Exercise"),
    "System": _("System message"),
    "Test": _("Test"),
    "Draft": _("Draft"),
    "Unknown": _("Status not given"),
}


def event_label(code: str) -> str:
    """The event type in the reader's language."""
    return str(EVENT_TYPES.get(code) or EVENT_TYPES["other"])


def language_name(tag: str, reader: str) -> str:
    """What a language is called in the reader's language; the tag itself when nobody knows."""
    try:
        found = Locale.parse(tag.replace("-", "_")).get_display_name(reader.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        found = None
    if found is None and "-" in tag:
        return language_name(tag.partition("-")[0], reader)
    return found or tag
