"""What landing and portal home show, put together from the rooms below. A section appears when it has content.

It reads through the rooms' own queries and formats nothing that they have words for already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from safeconduct.alerts.queries import active_versions
from safeconduct.centres.queries import listed
from safeconduct.lib import clock, timewords
from safeconduct.matching.queries import Concern, concerning_now
from safeconduct.notify.forms import SubscribeForm
from safeconduct.notify.queries import live_subscriptions
from safeconduct.orgs.access import Seat
from safeconduct.places.queries import country_names, localised_name
from safeconduct.trips.queries import TripCard, home_trips, stay_now
from safeconduct.web.context import address

MOST_CHIPS: Final = 6


@dataclass(frozen=True)
class CentreLine:
    """A centre on landing and organisation pages."""

    name: str
    phone: str
    note: str


@dataclass(frozen=True)
class Landing:
    """The page for strangers."""

    start_url: str
    centres: list[CentreLine]


@dataclass(frozen=True)
class Tile:
    """One way to a tool."""

    icon: str
    url: str
    title: str | Promise
    text: str | Promise


@dataclass(frozen=True)
class TileGroup:
    """A titled group of tiles."""

    code: str
    title: str | Promise
    tiles: list[Tile]


@dataclass(frozen=True)
class Chip:
    """A destination of the reader."""

    name: str
    url: str


@dataclass(frozen=True)
class Portal:
    """The page for members, in the order of the page."""

    seat: Seat
    now: datetime
    zone: str
    concerns: list[Concern]
    search_url: str
    suggest_url: str
    chips: list[Chip]
    tile_groups: list[TileGroup]
    trips_url: str
    register_url: str
    trips: list[TripCard]
    organisation_rows: list[Tile]
    alerts_url: str
    map_url: str
    checked_words: str
    subscribe_form: SubscribeForm | None
    subscriptions_url: str
    app_url: str
    name_url: str


# A row appears when its page exists: each later room brings its own.
TOOLS: Final = (
    ("trip", "trips:new", _("Register a trip"), _("Places and dates. Alerts that touch them then find you")),
    ("globe", "guides:index", _("Destinations"), _("Facts, map and active alerts of a country or city")),
    ("bell", "alerts:list", _("Active alerts"), _("Everything in force, with its source")),
    (
        "mail",
        "notify:subscriptions",
        _("E-mail alerts"),
        _("For any destination, from the severity you choose"),
    ),
)
PREPARATION: Final = (
    ("route", "advisor:start", _("TravelAdvisor"), _("A briefing made for your journey, step by step")),
    ("doc", "advice:entry", _("Entry and health requirements"), _("Visa, passport, certificates: what is asked on your way")),
    ("medical", "advice:planner", _("COVID Trip Planner"), _("Tests, vaccinations, isolation and restrictions")),
    ("call", "centres:list", _("Assistance centres"), _("Numbers, languages and hours")),
    ("phone", "web:app", _("Get the app"), _("Put the portal on your home screen")),
)
ORGANISATION: Final = (
    ("card", "web:organization", _("Your membership"), _("Programme, number and validity")),
    ("people", "centres:list", _("Whom to call"), _("At any hour, without logging in")),
    ("route", "trips:new", _("Register your travel"), _("Your organisation can then warn and find you")),
)
# Not offered once the membership has ended: the page behind it would only refuse.
FOR_MEMBERS_NOW: Final = frozenset({"trips:new", "advisor:start"})


def landing(request: HttpRequest) -> Landing:
    """What a stranger sees."""
    return Landing(start_url=address("orgs:membership"), centres=centre_lines())


def centre_lines(most: int = 4) -> list[CentreLine]:
    """The first centres of the public list, with their place."""
    rows = listed()[:most]
    countries = country_names({row.centre.country_code for row in rows}, get_language() or "en")
    return [
        CentreLine(
            row.centre.name,
            row.centre.phone,
            ", ".join(filter(None, (row.centre.place_name, countries.get(row.centre.country_code, "")))),
        )
        for row in rows
    ]


def portal(request: HttpRequest, seat: Seat) -> Portal:
    """What a member sees."""
    now = clock.now()
    stay = stay_now(seat.user)
    return Portal(
        seat=seat,
        now=now,
        zone=stay.zone if stay else seat.user.zone,
        concerns=concerning_now(seat),
        search_url=address("guides:index"),
        suggest_url=address("places:suggest"),
        chips=_chips(seat),
        tile_groups=_groups(seat),
        trips_url=address("trips:list"),
        register_url=address("trips:new") if seat.is_current else "",
        trips=home_trips(seat),
        organisation_rows=_tiles(ORGANISATION, seat),
        alerts_url=address("alerts:list"),
        map_url=address("alerts:map"),
        checked_words=_checked(now, seat),
        subscribe_form=SubscribeForm() if seat.is_current else None,
        subscriptions_url=address("notify:subscriptions"),
        app_url=address("web:app"),
        name_url="" if seat.user.given_name else address("accounts:home"),
    )


def _tiles(table: tuple[tuple[str, str, Any, Any], ...], seat: Seat) -> list[Tile]:
    found = [
        Tile(icon, address(name), title, text)
        for icon, name, title, text in table
        if seat.is_current or name not in FOR_MEMBERS_NOW
    ]
    return [tile for tile in found if tile.url]


def _groups(seat: Seat) -> list[TileGroup]:
    groups = [
        TileGroup("tools", _("MyTravel Tools"), _tiles(TOOLS, seat)),
        TileGroup("prepare", _("Get prepared for your trip"), _tiles(PREPARATION, seat)),
    ]
    return [group for group in groups if group.tiles]


def _chips(seat: Seat) -> list[Chip]:
    language = get_language() or "en"
    chips = [
        Chip(localised_name(row.place, language), address("guides:destination", row.place.key))
        for row in live_subscriptions(seat)[:MOST_CHIPS]
    ]
    return [chip for chip in chips if chip.url]


def _checked(now: datetime, seat: Seat) -> str:
    count = active_versions(now).count()
    words = ngettext(
        "Checked %(when)s against %(count)d active alert.",
        "Checked %(when)s against %(count)d active alerts.",
        count,
    )
    return words % {"when": timewords.moment_words(now, seat.user.zone, this_year=now.year), "count": count}
