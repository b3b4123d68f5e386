"""How often one source may try one thing. Counted in rows, so that it holds across processes and restarts.

A try is taken before the check and given back when it succeeds; two requests at once cannot both have the last one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.account.adapter import get_adapter
from django.db import transaction
from django.http import HttpRequest

from safeconduct.accounts.models import Tries
from safeconduct.lib import clock


@dataclass(frozen=True)
class Limit:
    """At most `most` tries within `within`, of the thing called `name`."""

    name: str
    most: int
    within: timedelta


@dataclass(frozen=True)
class Taken:
    """The answer: a try that counts, or how long to wait."""

    key: str
    instant: float
    is_allowed: bool
    retry_after: timedelta = timedelta(0)


# Issue: a membership number may be tried ten times an hour.
MEMBERSHIP_NUMBER = Limit("membership-number", 10, timedelta(hours=1))
LOGIN_PER_ADDRESS = Limit("login-address", 5, timedelta(minutes=5))
LOGIN_PER_NETWORK = Limit("login-network", 30, timedelta(minutes=5))


def network_of(request: HttpRequest) -> str:
    """Return the client's network: the IPv4 address, or the /64 of an IPv6 address (one household or device)."""
    found = ipaddress.ip_address(get_adapter(request).get_client_ip(request))
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)


def take(limit: Limit, source: str) -> Taken:
    """Count one try of the source and return whether it is allowed. Stores a digest of the source, not itself."""
    key = _key(limit, source)
    now = clock.now().timestamp()
    with transaction.atomic():
        Tries.objects.get_or_create(key=key, defaults={"keep_until": clock.now() + limit.within})
        row = Tries.objects.select_for_update().get(key=key)
        recent = [at for at in row.instants if at > now - limit.within.total_seconds()]
        if len(recent) >= limit.most:
            wait = recent[0] + limit.within.total_seconds() - now
            return Taken(key, now, False, timedelta(seconds=max(1, math.ceil(wait))))
        # Two tries may share an instant: give_back removes one of them.
        row.instants = [*recent, now]
        row.keep_until = datetime.fromtimestamp(now, UTC) + limit.within
        row.save(update_fields=["instants", "keep_until"])
    return Taken(key, now, True)


def give_back(taken: Taken) -> None:
    """Uncount a try that succeeded."""
    if not taken.is_allowed:
        return
    with transaction.atomic():
        row = Tries.objects.select_for_update().filter(key=taken.key).first()
        if row is not None and taken.instant in row.instants:
            row.instants.remove(taken.instant)
            row.save(update_fields=["instants"])


def forgive(limit: Limit, source: str) -> None:
    """Forget all tries of the source: it has proved itself otherwise."""
    Tries.objects.filter(key=_key(limit, source)).delete()


def _key(limit: Limit, source: str) -> str:
    return f"{limit.name}:{hashlib.sha256(source.lower().encode()).hexdigest()}"
