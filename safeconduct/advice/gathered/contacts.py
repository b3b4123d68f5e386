"""Contacts: emergency numbers, assistance centres, embassies as far as known, the organisation; and the journey itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _

from safeconduct.advice.answers import Change, Source
from safeconduct.advice.briefing import Group, Line
from safeconduct.advice.gathered.materials import (
    Destination,
    Materials,
    day,
    group,
    quote_lines,
    written_lines,
)
from safeconduct.advice.kinds import PURPOSES
from safeconduct.centres.queries import HelpCentre, centres_for
from safeconduct.lib import phones
from safeconduct.places.coverage import is_older
from safeconduct.places.emergency import EmergencyLine, emergency_from
from safeconduct.places.factwords import Words
from safeconduct.places.models import FactSource
from safeconduct.places.registry import FIELDS


def trip_groups(materials: Materials) -> Iterator[Group]:
    """What the briefing is for: from where, to where and when, and what else was said."""
    asked = materials.asked
    listed = Words(materials.lang).listed
    leaves = [materials.name(asked.departure), day(asked.departs_on) if asked.departs_on else ""]
    lines = [
        _said("departure", _("You leave from"), listed([one for one in leaves if one]), asked.departure, asked.departs_on)
    ]
    for n, stop in enumerate(asked.stops):
        place = materials.place_names.get(stop.place, "") or stop.name
        where = listed(list(dict.fromkeys(part for part in (place, materials.name(stop.country)) if part)))
        days = [
            _("arrival %(day)s") % {"day": day(stop.arrive)} if stop.arrive else "",
            _("departure %(day)s") % {"day": day(stop.leave)} if stop.leave else "",
        ]
        lines += [_change(materials, f"via.{n}", _("Change of planes"), change) for change in stop.via]
        text = ": ".join(part for part in (where, listed([one for one in days if one])) if part)
        lines.append(_said(f"stop.{n}", _("Destination"), text, stop.country, stop.place, stop.arrive, stop.leave))
    lines += [_change(materials, "home", _("Change of planes on the way home"), change) for change in asked.way_home]
    if asked.returns_on:
        lines.append(_said("return", _("You return"), day(asked.returns_on), asked.returns_on))
    unsaid = _("not said: answers that depend on it say so")
    passports = listed([materials.name(code) for code in asked.passports])
    lines.append(_said("passport", _("Passport"), passports or unsaid, *asked.passports))
    lines.append(_said("purpose", _("Purpose"), str(PURPOSES.get(asked.purpose, "")) or unsaid, asked.purpose))
    if asked.residence:
        lines.append(_said("residence", _("You live in"), materials.name(asked.residence), asked.residence))
    yield Group("trip.asked", _("Your journey"), tuple(lines))


def _change(materials: Materials, name: str, label: str, change: Change) -> Line:
    hours = _(", %(hours)s hours") % {"hours": f"{change.hours:g}"} if change.hours is not None else ""
    said = materials.name(change.country) + hours
    return _said(f"{name}.{change.country}", label, said, change.country, change.hours)


def _said(name: str, label: str, text: str, *substance: object) -> Line:
    """What the traveller said: no source but themselves."""
    return Line(f"trip.{name}", text, label=label, is_portal=True, substance=repr(substance))


def contacts_groups(materials: Materials) -> Iterator[Group]:
    """For each country; the organisation last."""
    for destination in materials.destinations:
        yield group("contacts", "emergency", _("Emergency numbers"), _emergency(materials, destination), destination)
        yield group("contacts", "centres", _("Assistance centres"), _centres(materials, destination), destination)
        more = [
            *written_lines("contacts", destination, ("contacts", "embassies")),
            *quote_lines("contacts", destination, ("help",), materials.lang),
            _embassy(materials, destination),
        ]
        yield group("contacts", "embassy", _("Embassy and further help"), more, destination)
    yield group("contacts", "organisation", _("Your organisation"), _organisation(materials))


def _emergency(materials: Materials, destination: Destination) -> Iterator[Line]:
    fact = next(
        (one for one in materials.facts if one.country_code == destination.code and one.field == "emergency"), None
    )
    known = emergency_from(fact, dict(materials.fact_sources)) if fact is not None else None
    numbers: list[str] = []
    for line in known.lines if known is not None else ():
        if not line.numbers:
            text = _("Unknown: no number on which two sources agree.")
            yield Line(f"contacts.emergency.{line.service}.{destination.code}", text, label=line.label, is_unknown=True)
            continue
        numbers += [f"{line.label}: {', '.join(one.number for one in line.numbers)}"]
        own = (Source(known.source_title, known.source_url, known.checked_on),) if known and known.is_override else ()
        yield _number_line(destination, line, own, materials.today)
    if known is None:
        text = _("Unknown: ask your hosts on arrival.")
        yield Line(f"contacts.emergency.none.{destination.code}", text, label=_("Emergency numbers"), is_unknown=True)
    if numbers:
        todo = _("Save the emergency numbers of %(country)s: %(numbers)s.")
        yield Line(
            f"contacts.emergency.save.{destination.code}", _("Save these numbers in your phone before you leave."), label=_("To do"), is_portal=True,
            todo=todo % {"country": destination.name, "numbers": "; ".join(numbers)}, todo_by=materials.asked.begins_on,
            substance="save",
        )  # fmt: skip


def _number_line(destination: Destination, line: EmergencyLine, own: tuple[Source, ...], today: date) -> Line:
    cited: dict[FactSource, None] = {source: None for number in line.numbers for source in number.sources}
    checked = line.checked_on
    numbers = ", ".join(number.number for number in line.numbers)
    sources = own or tuple(Source(one.title, one.url, checked) for one in cited)
    looked = [source.on for source in sources if source.on is not None]
    return Line(
        f"contacts.emergency.{line.service}.{destination.code}", numbers, sources, label=line.label,
        is_unknown=not sources, is_stale=bool(looked) and is_older(min(looked), FIELDS["emergency"], today),
        links=tuple((one.number, f"tel:{one.number}") for one in line.numbers), substance=numbers,
    )  # fmt: skip


def _centres(materials: Materials, destination: Destination) -> Iterator[Line]:
    home = materials.organisation.home_country if materials.organisation is not None else ""
    found: dict[str, HelpCentre] = {}
    for place in destination.points:
        for row in centres_for(place.lon, place.lat, home, list(materials.centres)):
            kept = found.get(row.centre.public_id)
            if kept is None or (row.is_nearest and not kept.is_nearest):
                found[row.centre.public_id] = row
    if not found:
        text = _("Unknown: no assistance centre is entered.")
        yield Line(f"contacts.centre.none.{destination.code}", text, label=_("Assistance centre"), is_unknown=True)
    for n, row in enumerate(sorted(found.values(), key=lambda row: not row.is_nearest)):
        centre = row.centre
        numbers = [phones.dialled(number) for number in (centre.phone, centre.second_phone) if number]
        texts = ", ".join(number.text for number in numbers)
        details = [_("Open day and night") if centre.is_24_hours else f"{centre.hours} ({centre.zone})"]
        if row.is_nearest:
            details.append(_("The nearest one"))
        todo = _("Save the number of the assistance centre: %(number)s (%(name)s).")
        yield Line(
            f"contacts.centre.{centre.public_id}.{destination.code}", texts, label=", ".join(dict.fromkeys((row.name, row.place))),
            details=tuple(details), is_portal=True, links=tuple((number.text, number.uri) for number in numbers if number.uri),
            todo=todo % {"number": texts, "name": row.name} if n == 0 else "", todo_by=materials.asked.begins_on if n == 0 else None,
            substance=repr((centre.phone, centre.second_phone, centre.is_24_hours, centre.hours)),
        )  # fmt: skip


def _embassy(materials: Materials, destination: Destination) -> Line:
    """Addresses of embassies are in no source that is read here; who is whose depends on the passport."""
    text = _("Unknown: addresses of embassies are in no source that is read here.")
    passports = materials.asked.passports
    whose = ", ".join(materials.name(code) for code in passports) if passports else ""
    todo = _("Write down where the nearest embassy or consulate for your passport is, for %(country)s.")
    return Line(
        f"contacts.embassy.{destination.code}", text, label=_("Embassy of %(countries)s") % {"countries": whose} if whose else _("Your embassy"),
        is_unknown=True, todo=todo % {"country": destination.name}, todo_by=materials.asked.begins_on, substance="unknown",
    )  # fmt: skip


def _organisation(materials: Materials) -> Iterator[Line]:
    organisation, seat = materials.organisation, materials.seat
    if organisation is None:
        text = _("You are not signed in as a member of an organisation.")
        yield Line("contacts.organisation.none", text, label=_("Organisation"), is_portal=True, substance="none")
        return
    said = [organisation.name]
    if seat is not None:
        said.append(seat.membership.programme.name)
        number = seat.membership.number
        if number is not None:
            said.append(_("membership number %(number)s") % {"number": number.number})
    yield Line(
        "contacts.organisation", ", ".join(said), label=_("You travel as a member of"), is_portal=True,
        todo=_("Register this journey, so that you are warned and found."), todo_by=materials.asked.begins_on,
        substance=repr(said),
    )  # fmt: skip
