"""Gathers what a briefing says from the rooms that know it; the shape is that of `briefing.py`.

It states nothing of its own. What nobody says is a line that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import chain

from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.advice.briefing import STEPS, Asked, Briefing, Group, Line, Step, checklist
from safeconduct.advice.gathered.contacts import contacts_groups, trip_groups
from safeconduct.advice.gathered.dates import dates_groups
from safeconduct.advice.gathered.entry import entry_groups, health_groups
from safeconduct.advice.gathered.materials import materials_of, unlike
from safeconduct.advice.gathered.practical import around_groups, practical_groups
from safeconduct.advice.gathered.security import security_groups
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.places.factwords import Words

GATHERED = {
    "trip": trip_groups,
    "entry": entry_groups,
    "health": health_groups,
    "security": security_groups,
    "around": around_groups,
    "practical": practical_groups,
    "dates": dates_groups,
    "contacts": contacts_groups,
}


def step_titles() -> dict[str, str]:
    """Return key → title of every step, in their order, in the active language."""
    titles = {
        "trip": _("Your trip"),
        "entry": _("Entry and documents"),
        "health": _("Health before you go"),
        "security": _("Security"),
        "around": _("Getting there and around"),
        "practical": _("Money, phone, power, culture"),
        "dates": _("During these dates"),
        "contacts": _("Contacts"),
        "checklist": _("My checklist"),
    }
    return {key: titles[key] for key in STEPS}


def briefing_of(
    asked: Asked, *, lang: str, now: datetime, seat: Seat | None = None, organisation: Organisation | None = None
) -> Briefing:
    """Return everything that is known for a journey, in one language, as a member of the organisation may see it.

    `seat` brings its organisation; with neither, nothing of any organisation is in it.
    """
    organisation = seat.organisation if seat is not None else organisation
    with translation.override(lang):
        materials = materials_of(asked, lang=lang, now=now, seat=seat, organisation=organisation)
        titles = step_titles()
        steps = [Step(key, titles[key], _once(gather(materials))) for key, gather in GATHERED.items()]
        where = [materials.name(code) for code in asked.countries]
        made = Briefing(asked, tuple(steps), now, lang, dict(materials.names), Words(lang).listed(where))
        return replace(made, steps=(*made.steps, Step(STEPS[-1], titles[STEPS[-1]], (_checklist(made),))))


def _once(groups: Iterable[Group]) -> tuple[Group, ...]:
    """No two lines of a step have one key."""
    found = _by_country(groups)
    lines = iter(unlike(chain.from_iterable(group.lines for group in found)))
    return tuple(replace(group, lines=tuple(next(lines) for _line in group.lines)) for group in found)


def _by_country(groups: Iterable[Group]) -> list[Group]:
    """Those of one country stand together, countries in the order in which they first appear."""
    found = list(groups)
    order = {country: n for n, country in enumerate(dict.fromkeys(group.country for group in found))}
    return sorted(found, key=lambda group: order[group.country])


def _checklist(briefing: Briefing) -> Group:
    """Everything to do as lines of their own, in the order of their days."""
    lines = [
        Line(
            f"checklist.{todo.key}", todo.text, todo.sources, todo.tone, todo.country_name, is_portal=True, todo_by=todo.by,
            substance=repr((todo.key, todo.by)),
        )
        for todo in checklist(briefing)
    ]  # fmt: skip
    return Group("checklist.all", _("To do before you go"), tuple(lines))
