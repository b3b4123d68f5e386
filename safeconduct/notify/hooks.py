"""What this room asks of higher ones. Filled at start-up in their apps.py.

A `Switch` says what an unsubscribe link stops and stops it; this room knows subscriptions, not trips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from safeconduct.notify.models import UnsubscribeLink


@dataclass(frozen=True)
class Stopping:
    """What a link is about, in the reader's language, and whether it is off already."""

    title: str
    text: str
    is_off: bool


@dataclass(frozen=True)
class Switch:
    """How one purpose is shown and switched off. Both raise NotFound when the target is gone."""

    show: Callable[[UnsubscribeLink], Stopping]
    switch_off: Callable[[UnsubscribeLink], None]


switches: Final[dict[str, Switch]] = {}
