"""What higher rooms add to the alert pages. `matching` fills these in its apps.py; without it the pages stand alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from safeconduct.alerts.models import AlertVersion, Event


@dataclass(frozen=True)
class WhyLine:
    """One reason why an alert concerns the reader, in words."""

    text: str
    strength: str = ""
    """inside, touches or possible."""
    url: str = ""
    """The page of the trip, when there is one."""
    link_text: str = ""
    told: str = ""
    """When and how it was told, in words."""


WhyYou = Callable[[HttpRequest, AlertVersion], list[WhyLine]]
Concerning = Callable[[HttpRequest], frozenset[int]]


@dataclass(frozen=True)
class OwnPoint:
    """Where one of the reader's own trips takes them, for the map."""

    lon: float
    lat: float
    label: str
    when: str
    url: str


OwnPoints = Callable[[HttpRequest], list[OwnPoint]]

why_you: WhyYou | None = None
"""Why a version concerns the person who looks at its page."""

concerning: Concerning | None = None
"""Which events (primary keys) concern the person who looks, now."""

own_points: OwnPoints | None = None
"""Where the reader is and will be by their own trips. `trips` fills it in its apps.py."""

AreaChanged = Callable[[Event], None]
area_changed: AreaChanged | None = None
"""Called in the transaction that corrects, or gives back, the area of an event's current version."""


def area_has_changed(event: Event) -> None:
    """Say that people have to be matched anew."""
    if area_changed is not None:
        area_changed(event)


def why_lines(request: HttpRequest, version: AlertVersion) -> list[WhyLine]:
    """The reasons, none without `matching`."""
    return why_you(request, version) if why_you is not None else []


def concerning_events(request: HttpRequest) -> frozenset[int]:
    """Keys of the events that concern the reader, none without `matching`."""
    return concerning(request) if concerning is not None else frozenset()


def points_of(request: HttpRequest) -> list[OwnPoint]:
    """Where the reader's own trips go, nowhere without `trips`."""
    return own_points(request) if own_points is not None else []
