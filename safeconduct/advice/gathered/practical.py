"""Getting around, and money, language, phone, power, culture: facts beside those of the country one leaves from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from safeconduct.advice.briefing import Group, Line
from safeconduct.advice.gathered.materials import (
    Destination,
    Materials,
    fact_line,
    group,
    quote_lines,
    written_lines,
)
from safeconduct.places.clocks import clock_differences


def around_groups(materials: Materials) -> Iterator[Group]:
    """Getting there and around."""
    for destination in materials.destinations:
        lines = [
            *written_lines("around", destination, ("getting-there", "around")),
            fact_line("around", destination, "airports"),
            _driving(materials, destination),
            fact_line("around", destination, "speed_unit"),
            _clock(materials, destination),
        ]
        yield group("around", "facts", _("Getting there and around"), lines, destination)
        if quotes := quote_lines("around", destination, ("transport",), materials.lang):
            yield group("around", "words", _("What governments say of transport"), quotes, destination)


def practical_groups(materials: Materials) -> Iterator[Group]:
    """Money, language, phone and power; culture and laws."""
    for destination in materials.destinations:
        lines = [
            *written_lines("practical", destination, ("language-money", "phone-power")),
            _money(materials, destination),
            fact_line("practical", destination, "languages"),
            fact_line("practical", destination, "calling_code"),
            _power(materials, destination),
            _plugs(materials, destination),
        ]
        yield group("practical", "facts", _("Money, phone and power"), lines, destination)
        culture = [
            *written_lines("practical", destination, ("culture",)),
            *(fact_line("practical", destination, field) for field in ("religion", "weekend", "hour_cycle", "measure")),
            *quote_lines("practical", destination, ("laws",), materials.lang),
        ]
        yield group("practical", "culture", _("Culture and laws"), culture, destination)


def _driving(materials: Materials, destination: Destination) -> Line:
    line = fact_line("around", destination, "drive_side")
    home = materials.home.get("drive_side")
    if line.is_unknown or home is None or home == destination.values.get("drive_side"):
        return line
    return replace(line, tone="note", details=(*line.details, _("Not as at home: take care when you cross a road, too.")))


def _clock(materials: Materials, destination: Destination) -> Line:
    """The zones, and how far they are from those at home: home's zone is known when it has only one."""
    line = fact_line("around", destination, "timezones")
    home: list[str] = list(materials.home.get("timezones") or ())
    there: list[str] = list(destination.values.get("timezones") or ())
    zone = materials.organisation.zone if materials.organisation is not None else ""
    is_own = materials.organisation is not None and materials.organisation.home_country == materials.asked.departure
    start = zone if is_own and zone and zone != "UTC" else home[0] if len(home) == 1 else ""
    if line.is_unknown or not start or destination.code == materials.asked.departure:
        return line
    said = clock_differences(start, tuple(there), now=materials.now)
    return replace(line, details=tuple(f"{one.places}: {one.words}" if one.places else one.words for one in said))


def _money(materials: Materials, destination: Destination) -> Line:
    line = fact_line("practical", destination, "currency")
    if line.is_unknown or _codes(materials.home.get("currency")) & _codes(destination.values.get("currency")):
        return line
    todo = _("Find out how you pay in %(country)s: %(money)s.") % {"country": destination.name, "money": line.text}
    return replace(line, todo=todo, todo_by=materials.asked.begins_on)


def _codes(value: object) -> set[str]:
    return {str(row["code"]) for row in value if isinstance(row, dict)} if isinstance(value, list) else set()


def _power(materials: Materials, destination: Destination) -> Line:
    line = fact_line("practical", destination, "electricity")
    home = materials.home.get("electricity")
    if line.is_unknown or not home or home == destination.values.get("electricity"):
        return line
    return replace(line, details=(*line.details, _("Not as at home: look at the label of each device.")), tone="note")


def _plugs(materials: Materials, destination: Destination) -> Line:
    """An adapter is to be taken when no socket there takes a plug of home."""
    line = fact_line("practical", destination, "plugs")
    home, there = materials.home.get("plugs"), destination.values.get("plugs")
    if line.is_unknown or not home or not there or set(home) <= set(there):
        return line
    todo = _("Take an adapter for the sockets in %(country)s: %(plugs)s.")
    todo %= {"country": destination.name, "plugs": line.text}
    return replace(line, tone="note", todo=todo, todo_by=materials.asked.begins_on)
