"""What landing and portal home show, put together from the rooms below. A section appears when it has content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from safeconduct.orgs.access import Seat


@dataclass(frozen=True)
class Landing:
    """The page for strangers."""

    start_url: str = ""
    centres: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Portal:
    """The page for members."""

    seat: Seat


def landing(request: HttpRequest) -> Landing:
    return Landing()


def portal(request: HttpRequest, seat: Seat) -> Portal:
    return Portal(seat)
