"""What this room asks of rooms above it; each fills its part in its `apps.py` (`fill`), once.

An unfilled hook answers with the default below: the careful answer, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from django.http import HttpRequest

from safeconduct.accounts.models import User

P = ParamSpec("P")
R = TypeVar("R")
Rule = Literal["portal", "nist"]


class Hook(Generic[P, R]):
    """One question with one answerer."""

    def __init__(self, default: Callable[P, R]) -> None:
        self._answer = default
        self._is_filled = False

    def fill(self, answer: Callable[P, R]) -> None:
        """Set who answers. Raises RuntimeError when another room answers already."""
        if self._is_filled and self._answer is not answer:
            raise RuntimeError(f"{answer.__module__} would replace {self._answer.__module__}")
        self._answer, self._is_filled = answer, True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask."""
        return self._answer(*args, **kwargs)


@dataclass(frozen=True)
class Entrance:
    """What is known of the way somebody came in: organisation, number and admitted domains; empty when unknown."""

    organisation: str = ""
    brand_css: str = ""
    number: str = ""
    domains: tuple[str, ...] = ()
    invited_email: str = ""
    zone: str = ""


@dataclass(frozen=True)
class MembershipLine:
    """One membership on the account page."""

    organisation: str
    programme: str
    state: str
    number: str = ""


def _nobody(email: str, request: HttpRequest | None) -> bool:
    return False


def _no_change(user: User, email: str) -> bool:
    return False


def _nothing_to_do(user: User) -> object:
    return None


def _portal(email: str, request: HttpRequest | None, user: User | None) -> Rule:
    return "portal"


def _unknown_entrance(request: HttpRequest) -> Entrance:
    return Entrance()


def _nowhere(request: HttpRequest) -> str:
    return ""


def _no_rows(user: User) -> list[MembershipLine]:
    return []


# May this address open an account? (address, request) Filled by orgs: domains and invitations.
may_join = Hook(_nobody)
# May this person change to this address? Filled by orgs.
may_change_email = Hook(_no_change)
# An address of the person was verified just now. Filled by trips: what was entered for it becomes theirs.
address_verified = Hook(_nothing_to_do)
# Which rule holds for this password? (address, request, person) Filled by orgs.
password_rule = Hook(_portal)
# Where did they come from? Filled by orgs.
entrance = Hook(_unknown_entrance)
# Where to go after log-in when no page was asked for; "" is the start page. Filled by orgs.
after_login = Hook(_nowhere)
# The person's memberships, for the account page. Filled by orgs.
membership_lines = Hook(_no_rows)


@dataclass(frozen=True)
class PersonalData:
    """One room's personal data: which models hold it, how it is exported, how it is erased."""

    room: str
    models: tuple[str, ...]
    export: Callable[[User], dict[str, Any]]
    erase: Callable[[User], None]


@dataclass
class Providers:
    """The rooms' providers of personal data, by room."""

    rooms: dict[str, PersonalData] = field(default_factory=dict)

    def add(self, provider: PersonalData) -> None:
        """Add a room's provider, once."""
        self.rooms[provider.room] = provider

    def all(self) -> list[PersonalData]:
        """Return all providers, upper rooms first (they are added in the order of the floors)."""
        return list(reversed(self.rooms.values()))


personal_data = Providers()
