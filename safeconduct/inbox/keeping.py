"""A reservation as plain values and back, and the digest by which the same words are known again. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields, replace
from datetime import date, time
from typing import Any, Final

from safeconduct.trips.bookings.model import Moment, Problem, Provider, Reservation, Spot

NOT_SAID: Final = frozenset({"problems", "reader", "modified", "boards", "seats", "url", "telephone", "passengers"})
"""What does not change where somebody is: a mail that differs in it alone says nothing new."""


def plain_of(one: Reservation) -> dict[str, Any]:
    """Return a reservation as JSON holds it."""
    value = asdict(one)
    for name in ("starts", "ends", "boards"):
        if (moment := value[name]) is not None:
            moment["on"] = moment["on"].isoformat()
            moment["at"] = moment["at"].isoformat() if moment["at"] is not None else None
    return json.loads(json.dumps(value))  # type: ignore[no-any-return]


def reservation_of(value: dict[str, Any]) -> Reservation:
    """Return the reservation that `plain_of` wrote."""
    known = {field.name for field in fields(Reservation)}
    made: dict[str, Any] = {name: each for name, each in value.items() if name in known}
    for name in ("starts", "ends", "boards"):
        if (moment := made.get(name)) is not None:
            at = time.fromisoformat(moment["at"]) if moment["at"] else None
            made[name] = Moment(date.fromisoformat(moment["on"]), at, moment["zone"], moment["offset"])
    made |= {
        "provider": Provider(**made["provider"]),
        "origin": Spot(**made["origin"]),
        "destination": Spot(**made["destination"]),
        "passengers": tuple(made["passengers"]),
        "seats": tuple(made["seats"]),
        "problems": tuple(Problem(**each) for each in made["problems"]),
    }
    return Reservation(**made)


def with_problems(one: Reservation, *problems: Problem) -> Reservation:
    """Return the reservation with more problems, each once."""
    return replace(one, problems=tuple(dict.fromkeys((*one.problems, *problems))))


def digest_of(one: Reservation) -> str:
    """Return a digest of what a reservation says of where somebody is when."""
    said = {name: each for name, each in plain_of(one).items() if name not in NOT_SAID}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def shown_of(offered: dict[str, Any]) -> str:
    """Return a digest of what waits of a booking, by which a form says what its reader saw."""
    return hashlib.sha256(json.dumps(offered, sort_keys=True).encode()).hexdigest()[:16]
