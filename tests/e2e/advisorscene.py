"""Briefings worth looking at, for pictures and journeys: `python -m tests.e2e.advisorscene`.

Writes into the data folder of SAFECONDUCT_HOME, which must be a demonstration: the guides' scene, rules of entry that are
invented, a trip with a change of planes, and a traveller's briefings of it and of other journeys. Prints their addresses.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import django

from tests.e2e import guidescene

TRAVELLER = "maya@northfield.example.edu"
RULES: tuple[dict[str, str], ...] = (
    {"destination": "KE", "kind": "authorisation", "answer": "required", "obtained": "online", "lead_days": "3",
     "text": "Apply at least three days before you travel.", "link": "https://www.etakenya.go.ke/", "source": "Embassy of Kenya (invented)"},
    {"destination": "KE", "kind": "passport", "answer": "required", "text": "Valid for six months after the arrival.", "source": "Embassy of Kenya (invented)"},
    {"destination": "KE", "kind": "visa", "answer": "not_required", "stay_days": "90", "source": "Embassy of Kenya (invented)"},
    {"destination": "RU", "kind": "visa", "answer": "required", "obtained": "before", "lead_days": "20", "passports": "DE", "source": "Embassy of Russia (invented)"},
    {"destination": "JP", "kind": "visa", "answer": "not_required", "stay_days": "90", "passports": "DE", "source": "Embassy of Japan (invented)"},
)  # fmt: skip
NAMES = ("trip", "open", "two")


def seed() -> dict[str, str]:
    """Write everything once; return the id of each briefing by its name, and `trip_id`."""
    from safeconduct.accounts.models import User
    from safeconduct.advice import preparing
    from safeconduct.advice.actions import add_rule
    from safeconduct.advice.asking import asked_of_trip
    from safeconduct.advice.briefing import Asked, AskedStop
    from safeconduct.lib import clock
    from safeconduct.orgs.access import seat_for
    from safeconduct.orgs.models import Membership
    from safeconduct.places.queries import resolve
    from safeconduct.trips.actions import register_trip
    from safeconduct.trips.drafts import StopDraft
    from safeconduct.trips.queries import stops_of
    from tests.advice.rulefiles import rule_details

    day = clock.today()
    for rule in RULES:
        add_rule(rule_details(**{"source_url": "", "source_date": day.isoformat(), **rule}), by=None)
    traveller = User.objects.get(email=TRAVELLER)
    seat = seat_for(traveller, Membership.objects.of_user(traveller)[0])
    first = datetime.combine(day + timedelta(days=40), datetime.min.time())

    def at(days: int, hours: int) -> datetime:
        return first + timedelta(days=days, hours=hours)

    legs: list[tuple[str, str, tuple[int, int], tuple[int, int]]] = [
        ("DEN", "ADD", (0, 14), (1, 18)), ("ADD", "KIS", (2, 8), (2, 11)), ("KIS", "DEN", (14, 12), (15, 9)),
    ]  # fmt: skip
    drafts = [
        StopDraft(place=resolve(start), to_place=resolve(end), depart=at(*leave), arrive=at(*arrive), kind="flight")
        for start, end, leave, arrive in legs
    ]
    drafts.insert(2, StopDraft(place=resolve("Kisumu"), arrive=at(2, 14), depart=at(14, 9)))
    trip = register_trip(seat, title="Lake Victoria field course", stops=drafts, by=traveller)
    person: dict[str, Any] = {"passports": ("DE",), "purpose": "research", "interests": ("health", "security")}
    asked = asked_of_trip(stops_of(trip), home=seat.organisation.home_country, lang="en")
    rows = {
        "trip": preparing.begin(seat, Asked(asked.departure, asked.stops, **person), trip=trip),
        "open": preparing.begin(seat, Asked("US", (AskedStop("PH", arrive=_in(day, 30), leave=_in(day, 44)),))),
        "two": preparing.begin(seat, Asked(
            "US", (AskedStop("RU", arrive=_in(day, 60), leave=_in(day, 64)), AskedStop("JP", arrive=_in(day, 64), leave=_in(day, 75))),
            passports=("DE",), purpose="business",
        )),
    }  # fmt: skip
    return {name: row.public_id for name, row in rows.items()} | {"trip_id": trip.public_id}


def _in(day: date, days: int) -> date:
    return day + timedelta(days=days)


def main() -> None:
    """Fill the folder."""
    django.setup()
    guidescene.seed()
    for name, public_id in seed().items():
        print(name, public_id)


if __name__ == "__main__":
    main()
