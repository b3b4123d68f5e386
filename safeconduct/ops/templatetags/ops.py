"""What the desk's and the console's pages show that the shell does not: their own navigation, masked addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

DESK = (
    ("desk", _("Overview"), "home", "ops:desk"),
    ("organisations", _("Organisations"), "org", "ops:organisations"),
    ("centres", _("Centres"), "pin", "ops:centres"),
    ("sources", _("Sources"), "route", "ops:sources"),
    ("deliveries", _("Deliveries"), "mail", "ops:deliveries"),
)
MANAGE = (
    ("manage", _("Who is where"), "pin", "ops:manage"),
    ("people", _("People"), "people", "ops:people"),
    ("invitations", _("Invitations"), "mail", "ops:invitations"),
    ("manage_trips", _("Trips"), "trip", "ops:manage_trips"),
    ("manage_settings", _("Settings"), "org", "ops:manage_settings"),
)


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


def _entries(table: tuple[tuple[str, Any, str, str], ...]) -> list[Entry]:
    return [Entry(code, label, icon, reverse(name)) for code, label, icon, name in table]


@register.simple_tag(takes_context=True)
def desk_shell(context: dict[str, Any]) -> Any:
    """The shell with the desk's navigation: the house's own name, no organisation's."""
    return Overlay(
        context["shell"],
        nav=_entries(DESK),
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
        nav=_entries(MANAGE),
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
