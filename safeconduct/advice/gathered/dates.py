"""During these dates: holidays, occasions that somebody entered, the season, active alerts, what changed lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.advice.answers import Source
from safeconduct.advice.briefing import Group, Line, Tone
from safeconduct.advice.gathered.materials import (
    OPEN_END,
    Destination,
    Materials,
    day,
    group,
    quote_lines,
    written_lines,
)
from safeconduct.advice.gathered.security import changed_lately
from safeconduct.advice.models import Occasion
from safeconduct.alerts.labels import SEVERITIES
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import texts
from safeconduct.lib.timewords import moment_words
from safeconduct.places.calendar import SPAN, Holiday, holidays_of
from safeconduct.places.climatechart import climate_months
from safeconduct.places.models import Place
from safeconduct.places.statements.climate import Climate, climate_of, corrected, nearest_city_with_climate

SIGNS: Final = {"Extreme": "5", "Severe": "4", "Moderate": "3", "Minor": "2"}
TONES: Final[dict[str, Tone]] = {"Extreme": "stop", "Severe": "warn", "Moderate": "note"}
ALL_MONTHS: Final = 12
MOST_ALERTS: Final = 40
MOST_YEARS: Final = 5
"""Holidays of a longer stay are not looked up, and it says so."""


def dates_groups(materials: Materials) -> Iterator[Group]:
    """For each country."""
    for destination in materials.destinations:
        yield group("dates", "alerts", _("Active alerts"), _alerts(materials, destination), destination, _alerts_lead(materials, destination))
        yield group("dates", "changed", _("Advice that changed lately"), changed_lately(materials, destination), destination)
        yield group("dates", "holidays", _("Public holidays"), _holidays(materials, destination), destination)
        yield group("dates", "occasions", _("Occasions"), _occasions(materials, destination), destination)
        season = [
            *_season(materials, destination),
            *quote_lines("dates", destination, ("nature",), materials.lang),
            *written_lines("dates", destination, ("geography-weather", "calendar")),
        ]
        yield group("dates", "season", _("Season and climate"), season, destination)


def _alerts_lead(materials: Materials, destination: Destination) -> str:
    begins = destination.spans[0][0] if destination.spans else None
    if begins is None or begins <= materials.today + timedelta(days=7):
        return ""
    return _("What is active now. Look again before you leave: you are told of what concerns a registered trip.")


def _alerts(materials: Materials, destination: Destination) -> Iterator[Line]:
    is_read = bool(destination.points) and not materials.alert_sources.isdisjoint({"", destination.code})
    if is_read and not destination.alerts:
        yield Line(
            f"dates.alert.none.{destination.code}",
            _("No alert that reaches travellers is active here now, of the sources that are read."),
            label=_("Alerts"), is_portal=True, substance="none",
        )  # fmt: skip
    zone = destination.points[0].zone if destination.points else ""
    for version in destination.alerts[:MOST_ALERTS]:
        yield _alert(materials, version, zone or "UTC")
    more = len(destination.alerts) - MOST_ALERTS
    if more > 0:
        text = _("%(count)s more are active; they stand on the destination’s page.") % {"count": more}
        yield Line(f"dates.alert.more.{destination.code}", text, is_portal=True, substance="more")
    if not is_read:
        text = _("Unknown: no source of alerts that reaches %(country)s was read lately. That does not mean that none is active.")
        yield Line(
            f"dates.alert.unread.{destination.code}", text % {"country": destination.name}, label=_("Alerts"), is_unknown=True
        )


def _alert(materials: Materials, version: AlertVersion, zone: str) -> Line:
    said = texts(version, materials.lang)
    severity = str(SEVERITIES.get(version.severity, version.severity))
    details = [_("%(event)s. Sent %(at)s.") % {"event": said.event, "at": moment_words(version.sent_at, zone, this_year=0)}]
    if version.expires_at:
        details.append(_("Until %(at)s.") % {"at": moment_words(version.expires_at, zone, this_year=0)})
    if version.status == "Exercise":
        details.append(_("An exercise: nothing happens in fact."))
    source = Source(said.sender_name or version.event.source.name, said.web, version.sent_at.date())
    return Line(
        f"dates.alert.{version.event.public_id}", said.headline or said.event, (source,), TONES.get(version.severity, ""),
        severity, SIGNS.get(version.severity, "0"), tuple(details),
        link=reverse("alerts:version", args=[version.public_id]),
        substance=repr((version.severity, version.certainty, version.urgency, version.status)),
    )  # fmt: skip


def _holidays(materials: Materials, destination: Destination) -> Iterator[Line]:
    """Those of the days of the stay; of one without an end, and of a journey without days, of twelve months."""
    spans = destination.spans or ((materials.today, materials.today + OPEN_END),)
    if destination.open_from is not None:
        text = _("Nobody said when this stay ends: shown is what falls into the twelve months from %(day)s on.")
        yield Line(
            f"dates.end.{destination.code}", text % {"day": day(destination.open_from)}, label=_("End of the stay"),
            is_unknown=True, substance=destination.open_from.isoformat(),
        )  # fmt: skip
    found: dict[str, Line] = {}
    unknown: list[date] = []
    for first, last in spans:
        days, since = _days_off(destination.code, first, last, materials.lang)
        unknown += [since] if since is not None else []
        for each in days:
            key = f"dates.holiday.{destination.code}.{each.on.isoformat()}"
            details = [", ".join(each.parts)] if each.parts else []
            if each.is_estimated:
                details.append(_("Estimated: it follows the moon and is announced late."))
            found[f"{key}.{each.name}"] = Line(
                key, each.name, (Source("holidays (MIT)", "https://pypi.org/project/holidays/", None),), "", day(each.on),
                details=tuple(details), substance=repr((each.on, len(each.parts))),
            )  # fmt: skip
    if unknown:
        key, since = f"dates.holiday.unknown.{destination.code}", min(unknown)
        text = _("Unknown from %(day)s on: no holidays are computed for these days.") % {"day": day(since)}
        found[key] = Line(key, text, label=_("Public holidays"), is_unknown=True, substance=since.isoformat())
    if not found:
        yield Line(
            f"dates.holiday.none.{destination.code}", _("No public holiday falls into these days."),
            (Source("holidays (MIT)", "https://pypi.org/project/holidays/", None),), label=_("Public holidays"),
            substance="none",
        )  # fmt: skip
    yield from sorted(found.values(), key=lambda line: (line.is_unknown, line.key))


def _days_off(code: str, first: date, last: date, lang: str) -> tuple[list[Holiday], date | None]:
    """Holidays from the first day to the last, twelve months at a time, and the first day of which none is known."""
    found: list[Holiday] = []
    start = first
    while start <= last:
        if start >= first + MOST_YEARS * SPAN:
            return found, start
        known = holidays_of(code, start, lang)
        found += [each for each in known.days if each.on <= last]
        if known.unknown_from is not None and known.unknown_from <= last:
            return found, known.unknown_from
        start += SPAN
    return found, None


def _occasions(materials: Materials, destination: Destination) -> Iterator[Line]:
    rows = [row for row in materials.occasions if row.country == destination.code]
    for row in rows:
        yield _occasion(materials, row)
    if not rows:
        yield Line(
            f"dates.occasion.none.{destination.code}",
            _("Unknown: nobody has entered an election, anniversary or the like for these days. That does not mean that there is none."),
            label=_("Elections, anniversaries"), is_unknown=True,
        )  # fmt: skip


def _occasion(materials: Materials, row: Occasion) -> Line:
    days = day(row.begins_on)
    if row.ends_on != row.begins_on:
        days = _("%(first)s to %(last)s") % {"first": days, "last": day(row.ends_on)}
    details = [str(row.get_kind_display())]
    if row.place is not None:
        details.append(materials.place_names.get(row.place.key, row.place.name))
    if row.why:
        details.append(row.why)
    return Line(
        f"dates.occasion.{row.public_id}", row.title, (Source(row.source_name, row.source_url, row.source_on),), "note", days,
        details=tuple(details), is_stale=row.review_on is not None and row.review_on < materials.today,
        link=row.source_url, substance=repr((row.title, row.begins_on, row.ends_on, row.why, row.place_id)),
    )  # fmt: skip


def _season(materials: Materials, destination: Destination) -> Iterator[Line]:
    """The months of the stay at each place; of a country, at its capital."""
    months = _months(destination.spans)
    shown = False
    for name, key, climate, away in _climates(materials, destination):
        for at in months:
            month = climate_months(climate, materials.lang)[at - 1]
            details = [climate.words] if at == months[0] and climate.words else []
            if away is not None and at == months[0]:
                details.append(_("The nearest city with figures, %(km)s km away.") % {"km": away})
            shown = True
            yield Line(
                f"dates.climate.{key}.{at}",
                _("%(temperature)s on average, %(rain)s of rain") % {"temperature": month.temperature, "rain": month.rain},
                _climate_sources(materials, climate, destination), label=_("%(place)s, %(month)s") % {"place": name, "month": month.name},
                details=tuple(details), substance=repr((climate.temperatures[at - 1], climate.rain[at - 1])),
            )  # fmt: skip
    if not shown:
        yield Line(
            f"dates.climate.none.{destination.code}", _("Unknown: no figures of the climate are known here."),
            label=_("Climate"), is_unknown=True,
        )  # fmt: skip


def _months(spans: tuple[tuple[date, date], ...]) -> list[int]:
    """Months of the year that any span touches, in the order of the journey; all, when no day is known."""
    found: dict[int, None] = {}
    for first, last in spans:
        for step in range(min(ALL_MONTHS, (last.year - first.year) * 12 + last.month - first.month + 1)):
            found[(first.month - 1 + step) % 12 + 1] = None
    return list(found) or list(range(1, ALL_MONTHS + 1))


def _climates(materials: Materials, destination: Destination) -> Iterator[tuple[str, str, Climate, int | None]]:
    """(name, key, climate, how many km away) of each place, else of the capital, as it was corrected."""
    capitals = destination.values.get("capital") or []
    capital = str(capitals[0]["key"]).removeprefix("geonames:") if capitals else ""
    for place in destination.places:
        code, away = _city_of(place)
        climate = _climate(destination, code, capital)
        if climate is not None:
            yield materials.place_names.get(place.key, place.name), place.key, climate, away
    if not destination.places and capital:
        climate = _climate(destination, capital, capital)
        if climate is not None:
            yield str(capitals[0]["name"]), f"geonames:{capital}", climate, None


def _city_of(place: Place) -> tuple[str, int | None]:
    if place.kind == Place.Kind.CITY and climate_of(place.code) is not None:
        return place.code, None
    near = nearest_city_with_climate(place.lat, place.lon)
    return (near[0], round(near[1])) if near is not None else ("", None)


def _climate(destination: Destination, code: str, capital: str) -> Climate | None:
    """As shipped, under what an operator corrected of the capital."""
    climate = climate_of(code) if code else None
    fact = destination.climate_correction
    if fact is not None and code == capital:
        return corrected(climate, fact.value)
    return climate


def _climate_sources(materials: Materials, climate: Climate, destination: Destination) -> tuple[Source, ...]:
    fact = destination.climate_correction
    own = (Source(fact.source_title, fact.source_url, fact.checked_on),) if fact is not None else ()
    found = [
        materials.fact_sources[src]
        for src in dict.fromkeys((climate.temperature_src, climate.rain_src))
        if src in materials.fact_sources
    ]
    return (*own, *(Source(one.title, one.url, one.retrieved) for one in found))
