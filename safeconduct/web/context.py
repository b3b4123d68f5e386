"""What every page knows: organisation, memberships, navigation, nearest centre, language, appearance.

Reads the signed-in person's own rows only. A room that is not there has no entry: no dead links.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.accounts.models import User
from safeconduct.centres.queries import help_centre
from safeconduct.lib import languages
from safeconduct.matching.queries import count_of
from safeconduct.orgs.access import Seat, memberships_of, seat_of

THEME_COOKIE: Final = "safeconduct_theme"
THEMES: Final = ("light", "dark")


@dataclass(frozen=True)
class Entry:
    """One entry of the main navigation. Five at most."""

    code: str
    label: str | Promise
    icon: str
    url: str


@dataclass(frozen=True)
class Link:
    """One line of the account menu."""

    label: str | Promise
    url: str


@dataclass(frozen=True)
class Option:
    """One membership in the switcher."""

    value: str
    name: str
    is_current: bool


@dataclass(frozen=True)
class Shell:
    """Head and foot of a page."""

    person: str = ""
    organisation: Any = None
    membership: Any = None
    membership_number: str = ""
    memberships: list[Option] = field(default_factory=list)
    place_name: str | Promise = ""
    nav: list[Entry] = field(default_factory=list)
    nav_rest: list[Entry] = field(default_factory=list)
    """Those entries of `nav` that a small screen puts into a list."""
    account_links: list[Link] = field(default_factory=list)
    concerns: int = 0
    logo_url: str = ""
    home_url: str = "/"
    login_url: str = ""
    logout_url: str = ""
    search_url: str = ""
    suggest_url: str = ""
    switch_url: str = ""


def address(name: str, *args: Any) -> str:
    """The address of a named page, or an empty text when no room has it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


MEMBER_NAV: Final = (
    ("home", pgettext_lazy("navigation", "Home"), "home", "web:home"),
    ("destinations", pgettext_lazy("navigation", "Destinations"), "globe", "guides:index"),
    ("trips", pgettext_lazy("navigation", "My trips"), "trip", "trips:list"),
    ("alerts", pgettext_lazy("navigation", "Alerts"), "bell", "alerts:list"),
    ("organization", pgettext_lazy("navigation", "Organization"), "org", "web:organization"),
)


# Whoever works at the desk and belongs to no organisation reads what is there for readers, and goes back.
DESK_READER_NAV: Final = (
    ("desk", _("Desk"), "home", "ops:desk"),
    *(entry for entry in MEMBER_NAV if entry[0] in ("destinations", "alerts")),
)


def _entries(table: tuple[tuple[str, Any, str, str], ...]) -> list[Entry]:
    found = [Entry(code, label, icon, address(name)) for code, label, icon, name in table]
    return [entry for entry in found if entry.url]


def _links(*pairs: tuple[str | Promise, str]) -> list[Link]:
    return [Link(label, address(name)) for label, name in pairs if address(name)]


def _account_links(user: User, seat: Seat | None) -> list[Link]:
    links = _links(
        (_("My account"), "accounts:home"),
        (_("E-mail alerts"), "notify:subscriptions"),
        (_("Privacy and my data"), "accounts:your_data"),
    )
    if seat is not None and len(seat.rights & {"people.view", "trips.view", "people.invite"}) > 0:
        links += _links((_("Organisation console"), "ops:manage"))
    if user.desk_role:
        links += _links((_("Desk"), "ops:desk"))
    return links


def shell_of(request: HttpRequest) -> Shell:
    """The head and foot of this request's pages."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return Shell(login_url=address("account_login"))
    seat = seat_of(request)
    organisation = seat.organisation if seat else None
    is_reader = seat is not None or bool(user.desk_role)
    number = seat.membership.number if seat else None
    return Shell(
        person=user.name,
        organisation=organisation,
        membership=seat.membership if seat else None,
        membership_number=number.number if number else "",
        memberships=[
            Option(
                row.public_id,
                f"{row.organisation.name} – {row.programme.name}",
                seat is not None and row.pk == seat.membership.pk,
            )
            for row in memberships_of(user)
        ],
        nav=_entries(MEMBER_NAV if seat else DESK_READER_NAV if is_reader else ()),
        account_links=_account_links(user, seat),
        concerns=count_of(seat) if seat else 0,
        logo_url=address("orgs:logo", organisation.public_id)
        if organisation and organisation.logo_type
        else "",
        logout_url=address("account_logout"),
        search_url=address("guides:index") if is_reader else "",
        suggest_url=address("places:suggest") if is_reader else "",
        switch_url=address("orgs:switch"),
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: built once a request, however many templates are rendered."""
    kept = getattr(request, "shell_context", None)
    if kept is None:
        kept = _build(request)
        request.shell_context = kept  # type: ignore[attr-defined]
    return dict(kept)


def _build(request: HttpRequest) -> dict[str, Any]:
    head = SimpleLazyObject(lambda: shell_of(request))
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "shell": head,
        "help_centre": SimpleLazyObject(lambda: help_centre(seat_of(request))),
        "centres_url": address("centres:list"),
        "brand_css_url": SimpleLazyObject(lambda: _brand_css_url(seat_of(request))),
        "demo_folder": settings.SAFECONDUCT_DEMO_FOLDER,
        "demo_mailbox_url": address("outbox:mailbox") if settings.SAFECONDUCT_DEMO_FOLDER else "",
        "languages": languages.offered(),
        "theme": theme if theme in THEMES else "",
    }


def _brand_css_url(seat: Seat | None) -> str:
    return address("orgs:brand_css", seat.organisation.public_id) if seat else ""
