"""What higher rooms add to the alert pages. `matching` fills these in its apps.py; without it the pages stand alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from safeconduct.alerts.models import AlertVersion


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
Concerning = Callable[[HttpRequest, Sequence[AlertVersion]], frozenset[int]]

why_you: WhyYou | None = None
"""Why a version concerns the person who looks at its page."""

concerning: Concerning | None = None
"""Which of the listed versions (primary keys) concern the person who looks at the table."""


def why_lines(request: HttpRequest, version: AlertVersion) -> list[WhyLine]:
    """The reasons, none without `matching`."""
    return why_you(request, version) if why_you is not None else []


def concerning_keys(request: HttpRequest, versions: Sequence[AlertVersion]) -> frozenset[int]:
    """The listed versions that concern the reader, none without `matching`."""
    return concerning(request, versions) if concerning is not None else frozenset()
