"""What is read out of a booking document, near schema.org's words (schema.org/Reservation and its subtypes)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final, Protocol

CONFIRMED: Final = "ReservationConfirmed"
CANCELLED: Final = "ReservationCancelled"
PENDING: Final = "ReservationPending"
HOLD: Final = "ReservationHold"

FLIGHT: Final = "FlightReservation"
TRAIN: Final = "TrainReservation"
BUS: Final = "BusReservation"
BOAT: Final = "BoatReservation"
TRIP: Final = "Reservation"
"""For a journey of which it is not said by what."""
LODGING: Final = "LodgingReservation"
EVENT: Final = "EventReservation"
FOOD: Final = "FoodEstablishmentReservation"
CAR: Final = "RentalCarReservation"
TAXI: Final = "TaxiReservation"
JOURNEYS: Final = frozenset({FLIGHT, TRAIN, BUS, BOAT, TRIP})

_UNSAFE: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field (or the whole, when `field` is empty) is not sure. `code` is stable; `detail` is the document's text
    or the value that another reader found."""

    code: str
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, and a local time of it when one is known. `zone` is IANA's name, empty when it is not known;
    `offset` are minutes east of UTC as the document or the zone says, None when neither does."""

    on: date
    at: time | None = None
    zone: str = ""
    offset: int | None = None

    @property
    def text(self) -> str:
        """ISO 8601: "2026-12-01", "2026-12-01T06:00:00" or, where the offset is known, "2026-12-01T06:00:00+01:00"."""
        if self.at is None:
            return self.on.isoformat()
        return self.instant.isoformat() if self.instant is not None else f"{self.on}T{self.at.isoformat()}"

    @property
    def local(self) -> datetime:
        """The naive local time; midnight when only the day is known."""
        return datetime.combine(self.on, self.at or time())

    @property
    def instant(self) -> datetime | None:
        """The instant, when time and offset are known."""
        if self.at is None or self.offset is None:
            return None
        return self.local.replace(tzinfo=timezone(timedelta(minutes=self.offset)))


@dataclass(frozen=True, slots=True)
class Spot:
    """An airport, station, stop, house or office. `country` is ISO 3166-1 alpha-2 or empty."""

    name: str = ""
    iata: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything says where it is."""
        return bool(self.name or self.iata or self.street or self.city)


@dataclass(frozen=True, slots=True)
class Provider:
    """Who carries or hosts. `iata` is the designator of an airline."""

    name: str = ""
    iata: str = ""


@dataclass(frozen=True, slots=True)
class Reservation:
    """One thing that is reserved, for everybody whom the document names.

    `origin` and `destination` are the two ends of a journey (or of a hired car); what stays in one place has `origin`
    alone. `starts` and `ends`: departure and arrival, check-in and check-out, begin and end.
    """

    kind: str
    number: str = ""
    status: str = CONFIRMED
    provider: Provider = Provider()
    trip_number: str = ""
    name: str = ""
    origin: Spot = Spot()
    destination: Spot = Spot()
    starts: Moment | None = None
    ends: Moment | None = None
    boards: Moment | None = None
    passengers: tuple[str, ...] = ()
    seats: tuple[str, ...] = ()
    modified: str = ""
    telephone: str = ""
    url: str = ""
    problems: tuple[Problem, ...] = ()
    reader: str = ""
    """The reader that found it, or several with `+` between, the most trusted first."""

    @property
    def is_sure(self) -> bool:
        """Whether nothing of it needs a person's eye."""
        return not self.problems

    @property
    def key(self) -> str:
        """What stays the same when the document is sent again: reference, carrier with number, day, kind."""
        carrier = self.provider.iata or self.provider.name
        what = self.trip_number or self.name or f"{self.origin.iata or self.origin.name}"
        day = self.starts.on.isoformat() if self.starts else ""
        parts = (self.number, f"{carrier} {what}" if self.kind in JOURNEYS else what, self.kind)
        folded = (_UNSAFE.sub("-", part.upper()).strip("-") for part in parts)
        reference, subject, kind = folded
        return f"{reference}/{subject}/{day}/{kind.removesuffix('RESERVATION')}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document holds. `problems` are about the document: parts that were left out, events that were refused."""

    reservations: tuple[Reservation, ...] = ()
    problems: tuple[Problem, ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A reservation as one reader saw it, before anything is made of it. `node` is a schema.org object with plain type
    names ("FlightReservation"); `notes` are what that reader itself is unsure of."""

    reader: str
    node: dict[str, Any]
    notes: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Findings:
    """All of a document, filled while it is read."""

    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    context: date | None = None
    """The day of the document itself: of a mail, when it was sent."""
    read: set[str] = field(default_factory=set)
    """The names of the readers that had something to look at."""

    def problem(self, code: str, field: str = "", detail: str = "") -> None:
        """Note a problem of the document, once."""
        one = Problem(code, field, detail[:200])
        if one not in self.problems:
            self.problems.append(one)

    def as_json(self) -> dict[str, Any]:
        """Plain values, to leave the child."""
        return {
            "found": [[one.reader, one.node, [_listed(note) for note in one.notes]] for one in self.found],
            "problems": [_listed(problem) for problem in self.problems],
            "context": self.context.isoformat() if self.context else None,
            "read": sorted(self.read),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Findings:
        """The same, in the parent."""
        return cls(
            [
                Found(reader, node, tuple(Problem(*note) for note in notes))
                for reader, node, notes in value["found"]
            ],
            [Problem(*problem) for problem in value["problems"]],
            date.fromisoformat(value["context"]) if value["context"] else None,
            set(value["read"]),
        )


def _listed(problem: Problem) -> list[str]:
    return [problem.code, problem.field, problem.detail]


@dataclass(frozen=True, slots=True)
class Airport:
    """An airport that is known. `country` is ISO 3166-1 alpha-2, `zone` IANA's name."""

    iata: str
    name: str
    country: str
    zone: str


class Atlas(Protocol):
    """What is known of places, asked while a reservation is settled."""

    def airport(self, iata: str) -> Airport | None:
        """The airport of this code, None when there is none that is known."""

    def country(self, text: str) -> str:
        """The ISO 3166-1 alpha-2 code of a country written as code or name, empty when it is not known."""

    def zones(self, country: str, city: str) -> frozenset[str]:
        """The IANA zones that a place of this country and name can lie in; all of the country's when the city is
        not known, none when the country is not."""
