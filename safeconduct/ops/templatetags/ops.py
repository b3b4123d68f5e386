"""What the desk's and the console's pages show that the shell does not: their own navigation, masked addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safeconduct.ops.health import length
from safeconduct.orgs.access import signed_in, the_seat
from safeconduct.orgs.permissions import DESK_RIGHTS

register = template.Library()

# Code, label, icon, page, the right that the page asks for.
Table = tuple[tuple[str, str | Promise, str, str, str], ...]
DESK: Table = (
    ("desk", _("Overview"), "home", "ops:desk", "desk.view"),
    ("events", _("Events"), "bell", "ops:events", "alerts.edit"),
    ("sources", _("Sources"), "route", "ops:sources", "sources.edit"),
    ("guides", _("Guides"), "globe", "ops:guides", "guides.write"),
    ("facts", _("Facts"), "info", "ops:facts", "facts.edit"),
    ("ratings", _("Ratings"), "shield", "ops:ratings", "ratings.edit"),
    ("entry_rules", _("Entry rules"), "card", "ops:entry_rules", "entry.edit"),
    ("occasions", _("Occasions"), "calendar", "ops:occasions", "entry.edit"),
    ("organisations", _("Organisations"), "org", "ops:organisations", "orgs.edit"),
    ("centres", _("Centres"), "pin", "ops:centres", "centres.edit"),
    ("deliveries", _("Deliveries"), "mail", "ops:deliveries", "deliveries.view"),
    ("bookings", _("Bookings"), "doc", "ops:bookings", "mail.edit"),
)
MANAGE: Table = (
    ("manage", _("Who is where"), "pin", "ops:manage", "trips.view"),
    ("people", _("People"), "people", "ops:people", "people.view"),
    ("manage_trips", _("Trips"), "trip", "ops:manage_trips", "trips.view"),
    ("approvals", _("Approvals"), "check", "ops:approvals", "trips.approve"),
    ("notes", _("Guides"), "globe", "ops:notes", "guides.note"),
    ("own_ratings", _("Ratings"), "shield", "ops:own_ratings", "ratings.own"),
    ("invitations", _("Invitations"), "mail", "ops:invitations", "people.invite"),
    ("manage_settings", _("Settings"), "org", "ops:manage_settings", "numbers.view"),
)
# A thumb bar holds five entries: with more of them the fifth leads to the rest.
MOST_IN_BAR = 5


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation."""

    code: str
    label: str | Promise
    icon: str
    url: str


class Overlay:
    """The shell with some of its answers replaced; the rest is looked up only when a template asks."""

    def __init__(self, shell: Any, **changes: Any) -> None:
        self._shell = shell
        self.__dict__.update(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shell, name)


def _nav(table: Table, rights: frozenset[str]) -> dict[str, list[Entry]]:
    """The entries whose pages the reader may open, and which of them a small screen puts into a list."""
    entries = [Entry(code, label, icon, reverse(name)) for code, label, icon, name, right in table if right in rights]
    return {"nav": entries, "nav_rest": entries[MOST_IN_BAR - 1 :] if len(entries) > MOST_IN_BAR else []}


@register.simple_tag(takes_context=True)
def desk_shell(context: dict[str, Any]) -> Any:
    """The shell with the desk's navigation: the house's own name, no organisation's."""
    return Overlay(
        context["shell"],
        **_nav(DESK, DESK_RIGHTS.get(signed_in(context["request"]).desk_role, frozenset())),
        organisation=None,
        place_name=_("Desk"),
        logo_url="",
        home_url=reverse("ops:desk"),
    )


@register.simple_tag(takes_context=True)
def desk_shell_plain(context: dict[str, Any]) -> Any:
    """The shell during set-up: the house's own name and no navigation that leads away."""
    return Overlay(
        context["shell"],
        nav=[],
        nav_rest=[],
        organisation=None,
        place_name=_("Set-up"),
        logo_url="",
        home_url=reverse("ops:start"),
        login_url="",
    )


@register.simple_tag(takes_context=True)
def manage_shell(context: dict[str, Any]) -> Any:
    """The shell with the console's navigation."""
    return Overlay(
        context["shell"],
        **_nav(MANAGE, the_seat(context["request"]).rights),
        place_name=_("Organisation console"),
        home_url=reverse("ops:manage"),
    )


@register.filter
def masked(address: str) -> str:
    """`maya@example.edu` → `m…a@example.edu`: enough to recognise, too little to copy a list from a screen."""
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    return f"{local[:1]}…{local[-1:] if len(local) > 1 else ''}@{domain}"


@register.filter
def size(count: int) -> str:
    """Bytes in kB or MB."""
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, round(count / 1024))} kB"


@register.filter
def length_words(seconds: float | None) -> str:
    """A length of time in its two largest units; a dash when it is not known."""
    return "–" if seconds is None else length(seconds)
