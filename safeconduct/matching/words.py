"""Why you: a stored reason as sentences in the active language. No rule is decided here.

It never says more than the reason: a place and its days as the traveller typed them, and where the area lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from django.utils.dateformat import format as date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

Reason = Mapping[str, Any]


def sentence(reason: Reason, *, this_year: int, trip_title: str = "") -> str:
    """Return why a warning concerns somebody, in two or three sentences."""
    parts = [_stay(reason, trip_title, this_year), _area(reason)]
    if reason.get("also"):
        parts.append(_("Also on this trip: %(places)s.") % {"places": ", ".join(reason["also"])})
    return " ".join(part for part in parts if part)


def short(reason: Reason, *, this_year: int) -> str:
    """Return the last part alone: for a list beneath the trip's own name."""
    return f"{place_name(reason)}, {days(reason, this_year=this_year)}. {_area(reason)}"


def _stay(reason: Reason, trip_title: str, this_year: int) -> str:
    words = {"place": place_name(reason), "days": days(reason, this_year=this_year), "trip": trip_title}
    if reason.get("in_a_gap"):
        if trip_title:
            return _("Your trip “%(trip)s” says nothing else, so you may be in %(place)s %(days)s.") % words
        return _("Your trip says nothing else, so you may be in %(place)s %(days)s.") % words
    if reason.get("kind") == "address":
        if trip_title:
            return _("Your trip “%(trip)s” says you are at %(place)s %(days)s.") % words
        return _("Your trip says you are at %(place)s %(days)s.") % words
    if trip_title:
        return _("Your trip “%(trip)s” says you are in %(place)s %(days)s.") % words
    return _("Your trip says you are in %(place)s %(days)s.") % words


def _area(reason: Reason) -> str:
    words = {
        "place": place_name(reason), "area": reason.get("area", ""), "country": country_name(reason.get("country", "")),
        "km": kilometres(reason.get("km")),
    }  # fmt: skip
    code, is_estimate = reason.get("code"), reason.get("origin") == "derived"
    if reason.get("origin") == "corrected" and code in ("inside", "touches"):
        if code == "inside":
            return _("%(place)s is inside the warning area as our desk corrected it.") % words
        return _("The warning area as our desk corrected it reaches %(place)s, %(km)s from its centre.") % words
    if code == "inside":
        if is_estimate:
            return _("%(place)s is inside the area that we estimate to be affected.") % words
        if words["area"]:
            return _("%(place)s is inside the warning area “%(area)s”.") % words
        return _("%(place)s is inside the warning area.") % words
    if code == "touches":
        if is_estimate:
            return _("The area that we estimate to be affected reaches %(place)s, %(km)s from its centre.") % words
        if words["area"]:
            return _("The warning area “%(area)s” reaches %(place)s, %(km)s from its centre.") % words
        return _("The warning area reaches %(place)s, %(km)s from its centre.") % words
    if code == "somewhere_in_country":
        return _("The warning area lies partly in %(country)s. We do not know where in the country you are.") % words
    if code == "somewhere_in_region":
        return _("The warning names an area that we have no map of, in the same state or country as %(place)s.") % words
    if code == "country_warned":
        return _("The warning is for %(country)s and does not say where exactly.") % words
    return ""


def closed(code: str, reason: Reason) -> str:
    """Return why a warning no longer concerns somebody; empty for the ends that nobody is told of."""
    if code == "cancelled":
        return _("The source has withdrawn the warning.")
    if code == "vanished":
        return _("The source no longer lists the warning, which usually means that it is over.")
    if code == "restricted":
        return _(
            "The source goes on with a message that is not for the public. We do not know whether the danger is over:"
            " what we had told you may still hold. Follow the local authorities."
        )
    if code == "eased":
        return _("The source has eased the warning: it is now milder than what we write about.")
    if code == "moved_away":
        return _("The warning goes on, but it no longer covers %(place)s at the time of your stay.") % {
            "place": place_name(reason)
        }
    return ""


def kilometres(km: float | None) -> str:
    """Return a distance in words; unknown ones as such."""
    if km is None:
        return _("an unknown distance")
    if km < 1:
        return _("less than 1 km")
    return _("%(km)d km") % {"km": round(km)}


def place_name(reason: Reason) -> str:
    """Return the place: a country in the reader's language, anything else as it was typed."""
    if reason.get("kind") == "country":
        return country_name(reason.get("country", "")) or str(reason.get("place", ""))
    return str(reason.get("place", ""))


def country_name(code: str) -> str:
    """Return the country's name in the active language; the code when there is none."""
    try:
        locale = Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return str(locale.territories.get(code, code))


def days(reason: Reason, *, this_year: int) -> str:
    """Return the days of the stay at the place: “Sun 22 to Fri 27 Nov”; an open end says so."""
    language, zone = get_language() or "en", str(reason.get("zone") or "UTC")
    return _days(language, str(reason["from"]), str(reason["to"]), zone, bool(reason.get("open_end")), this_year)


@lru_cache(maxsize=4096)
def _days(language: str, from_at: str, to_at: str, zone_name: str, is_open_end: bool, this_year: int) -> str:
    # Many travellers share a few itineraries. The language is active already and part of the key.
    zone = ZoneInfo(zone_name)
    first = datetime.fromisoformat(from_at).astimezone(zone).date()
    last = datetime.fromisoformat(to_at).astimezone(zone).date()
    if is_open_end:
        return _("from %(day)s on") % {"day": _day(first, this_year)}
    if first == last:
        return _("on %(day)s") % {"day": _day(first, this_year)}
    if (first.year, first.month) == (last.year, last.month):
        begin = date_format(first, pgettext("date format, day of a month named after it", "D j"))
    else:
        begin = _day(first, last.year)
    return _("%(first)s to %(last)s") % {"first": begin, "last": _day(last, this_year)}


def _day(on: date, this_year: int) -> str:
    if on.year == this_year:
        return date_format(on, pgettext("date format", "D j M"))
    return date_format(on, pgettext("date format", "D j M Y"))
