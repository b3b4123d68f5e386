"""What several readers, or several parts of a mail, say of one reservation, put together by rules.

1. One thing: the same kind, and nothing that identifies it differs: reference, carrier and number, route, day. Two
   references from one reader are two reservations; from two readers (an agency's and an airline's) they may be one.
2. The more trusted reader's word counts (`TRUST`); what it leaves open is filled by the others.
3. Where two differ in a time, place or number, the value of the first is kept and the other's is a problem.
4. What only `kitinerary` says is a problem: its rules are others', of the age of its release. Of what is no place, time,
   number or name nothing is taken from it.
5. A year that one reader had to infer is sure when another has the same day without having inferred it; not so
   kitinerary's, which infers years and does not say so.
6. A calendar entry whose kind is not known is dropped beside a reservation that begins at the same time.
7. Passengers of one thing are listed together; a cancellation makes the whole cancelled. One flight with two times on
   one day is one flight with a problem: mails of changes show the old time too.
8. A journey without a number that begins as one journey does and ends as another is both of them: it is left out, and
   they have its reference. Other journeys at the same time are a problem of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, Final

from safeconduct.trips.bookings import kitinerary, model
from safeconduct.trips.bookings.model import Moment, Problem, Provider, Reservation, Spot
from safeconduct.trips.bookings.settling import SHAPES

TRUST: Final = ("json-ld", "microdata", "pkpass", "barcode", "bcbp", "icalendar", kitinerary.READER)
INFERRED: Final = frozenset({"year.inferred", "year.missing", "date.order"})
STARTS: Final = frozenset(shape.starts[0] for shape in SHAPES.values())
_PLAIN: Final = re.compile(r"[\W_]+")


def merged(reservations: Iterable[Reservation]) -> tuple[Reservation, ...]:
    """One of each thing, in the order of their begin."""
    groups: list[Reservation] = []
    for one in sorted(reservations, key=_trust):
        for number, other in enumerate(groups):
            if _is_same(other, one):
                groups[number] = _joined(other, one)
                break
        else:
            groups.append(one)
    kept = [
        one for one in groups if not any(_is_entry_of(one, other) for other in groups if other is not one)
    ]
    sums = [one for one in kept if _is_sum(one, kept)]
    alone = [_alone(_part(one, sums)) for one in kept if one not in sums]
    told = (_overlapping(one, alone) for one in alone)
    return tuple(sorted(told, key=lambda one: (one.starts is None, one.starts.text if one.starts else "")))


def _is_sum(one: Reservation, others: Iterable[Reservation]) -> bool:
    """Whether this is the whole of a journey of which the legs are there too."""
    if one.kind not in model.JOURNEYS or one.trip_number or not (one.starts and one.ends):
        return False
    legs = [other for other in others if other is not one and other.kind in model.JOURNEYS]
    begins = [leg for leg in legs if leg.starts == one.starts and _end(leg.origin) == _end(one.origin)]
    ends = [leg for leg in legs if leg.ends == one.ends and _end(leg.destination) == _end(one.destination)]
    return any(first is not last for first in begins for last in ends)


def _part(one: Reservation, sums: Iterable[Reservation]) -> Reservation:
    """With the reference and the people of the whole that it is a part of."""
    for whole in sums:
        if one.kind in model.JOURNEYS and not one.number and _overlap(one, whole):
            return replace(one, number=whole.number, passengers=one.passengers or whole.passengers)
    return one


def _overlapping(one: Reservation, others: Iterable[Reservation]) -> Reservation:
    """With a problem when somebody would be on two journeys at once."""
    if not any(_overlap(one, other) for other in others if other is not one):
        return one
    return replace(one, problems=(*one.problems, Problem("overlap")))


def _overlap(one: Reservation, other: Reservation) -> bool:
    moments = (one.starts, one.ends, other.starts, other.ends)
    if not {one.kind, other.kind} <= model.JOURNEYS or model.CANCELLED in (one.status, other.status):
        return False
    if one.passengers and other.passengers and not set(one.passengers) & set(other.passengers):
        return False
    instants = [moment.instant for moment in moments if moment and moment.instant]
    if len(instants) == 4:
        return max(instants[0], instants[2]) < min(instants[1], instants[3])
    local = [moment.local for moment in moments if moment and moment.at]
    return len(local) == 4 and max(local[0], local[2]) < min(local[1], local[3])


def _trust(one: Reservation) -> int:
    return TRUST.index(one.reader) if one.reader in TRUST else len(TRUST)


def _readers(one: Reservation, other: Reservation) -> str:
    names = dict.fromkeys([*one.reader.split("+"), *other.reader.split("+")])
    return "+".join(sorted(names, key=lambda name: TRUST.index(name) if name in TRUST else len(TRUST)))


def _is_entry_of(entry: Reservation, other: Reservation) -> bool:
    """Whether the first is a calendar entry of unknown kind for what the second is."""
    unsure = any(problem.code == "kind.unsure" for problem in entry.problems)
    other_unsure = any(problem.code == "kind.unsure" for problem in other.problems)
    if not unsure or other_unsure or entry.starts is None or other.starts is None:
        return False
    if entry.starts.instant and other.starts.instant:
        return entry.starts.instant == other.starts.instant
    return entry.starts.local == other.starts.local and bool(entry.starts.at)


def _is_same(one: Reservation, other: Reservation) -> bool:
    if one.kind != other.kind:
        return False
    if _differ(one.number, other.number) and one.reader == other.reader:
        return False
    if not one.starts and not other.starts:
        return bool(one.number) and one.number == other.number and one.trip_number == other.trip_number
    if not _is_one_day(one, other):
        return False
    if one.kind in model.JOURNEYS:
        return _is_one_journey(one, other)
    if _differ(one.name, other.name) and one.number != other.number:
        return False
    return bool(one.name and _plain(one.name) == _plain(other.name)) or bool(
        one.number and one.number == other.number
    )


def _is_one_journey(one: Reservation, other: Reservation) -> bool:
    if _differ(one.provider.iata, other.provider.iata):
        return False
    numbers = [_plain(each.trip_number) for each in (one, other)]
    if all(numbers) and not _is_one_number(*numbers):
        return False
    for mine, theirs in ((one.origin, other.origin), (one.destination, other.destination)):
        if _differ(mine.iata, theirs.iata):
            return False
        if not (mine.iata or theirs.iata) and _differ(mine.name, theirs.name):
            return False
    is_one_route = _end(one.origin) == _end(other.origin) and _end(one.destination) == _end(other.destination)
    return all(numbers) or (is_one_route and bool(_end(one.origin)))


def _is_one_number(one: str, other: str) -> bool:
    """ "ice123" and "123" are one; "2123" and "123" are two."""
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return longer.endswith(shorter) and not longer.removesuffix(shorter)[-1:].isdigit()


def _end(spot: Spot) -> str:
    return spot.iata or _plain(spot.name)


def _is_one_day(one: Reservation, other: Reservation) -> bool:
    """The same day; a year that one of them had to infer does not tell them apart."""
    mine, theirs = one.starts, other.starts
    if mine is None or theirs is None:
        return bool(one.number) and one.number == other.number
    if mine.on == theirs.on:
        is_numbered = bool(one.trip_number and other.trip_number)
        return is_numbered or one.reader != other.reader or mine.at in (None, theirs.at) or theirs.at is None
    return (_is_guessed(one) or _is_guessed(other)) and (mine.on.month, mine.on.day) == (
        theirs.on.month,
        theirs.on.day,
    )


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and _plain(one) != _plain(other)


def _plain(text: str) -> str:
    return _PLAIN.sub("", text).casefold()


# Putting together.


def _joined(one: Reservation, other: Reservation) -> Reservation:
    """The first, completed by the second."""
    problems: list[Problem] = []
    starts, doubts = _start(one, other, problems)
    ends = _fuller("ends", one.ends, other.ends, other.reader, problems)
    second = other.reader == kitinerary.READER
    cancelled = model.CANCELLED in (one.status, other.status)
    values: dict[str, Any] = {
        "number": _filled("number", one, other, problems),
        "trip_number": _filled("trip_number", one, other, problems, is_compared=False),
        "name": _filled("name", one, other, problems),
        "origin": _spot("origin", one, other, problems),
        "destination": _spot("destination", one, other, problems),
        "provider": Provider(
            one.provider.name or other.provider.name, one.provider.iata or other.provider.iata
        ),
        "passengers": _people(one, other, problems),
        "modified": max(one.modified, other.modified),
    }
    if not second:
        values |= {
            "boards": one.boards or other.boards,
            "telephone": one.telephone or other.telephone,
            "url": one.url or other.url,
            "seats": tuple(dict.fromkeys((*one.seats, *other.seats))),
        }
    return replace(
        one, **values, starts=starts, ends=ends, reader=_readers(one, other),
        status=model.CANCELLED if cancelled else one.status, problems=tuple(dict.fromkeys([*doubts, *problems])),
    )  # fmt: skip


def _people(one: Reservation, other: Reservation, problems: list[Problem]) -> tuple[str, ...]:
    """Each person once. Two readers may write one name in two ways: one with the same words and more is the fuller one.
    Two names of one reader are two people."""
    if other.reader == kitinerary.READER:
        if not one.passengers and other.passengers:
            problems.append(Problem("one.reader", "passengers", ", ".join(other.passengers)))
        return one.passengers or other.passengers
    kept = list(one.passengers)
    is_one_reader = other.reader in one.reader.split("+")
    for name in other.passengers:
        words = _words(name)
        known = [
            each for each in kept if words == _words(each) or (not is_one_reader and words <= _words(each))
        ]
        if known:
            continue
        fuller = [each for each in kept if not is_one_reader and _words(each) < words]
        if fuller:
            kept[kept.index(fuller[0])] = name
        else:
            kept.append(name)
    return tuple(kept)


def _words(name: str) -> set[str]:
    return set(name.casefold().split())


def _start(
    one: Reservation, other: Reservation, problems: list[Problem]
) -> tuple[Moment | None, list[Problem]]:
    """The begin, and the problems of both: without an inferred year when one of them did not have to infer it."""
    mine, theirs = one.starts, other.starts
    doubts = [*one.problems, *other.problems]
    guessed, other_guessed = _is_guessed(one), _is_guessed(other)
    if guessed != other_guessed and kitinerary.READER not in (one.reader, other.reader):
        doubts = [problem for problem in doubts if not _is_guess(problem)]
        if mine and theirs and mine.on != theirs.on:
            return (theirs if guessed else mine), doubts
    return _fuller("starts", mine, theirs, other.reader, problems), doubts


def _is_guess(problem: Problem) -> bool:
    return problem.code in INFERRED and problem.field in STARTS


def _is_guessed(one: Reservation) -> bool:
    return one.starts is None or any(_is_guess(problem) for problem in one.problems)


def _fuller(
    name: str, mine: Moment | None, theirs: Moment | None, reader: str, problems: list[Problem]
) -> Moment | None:
    """The first, or the second where that alone has the time; a problem where they differ."""
    if theirs is None:
        return mine
    is_second = reader == kitinerary.READER
    if mine is None or (mine.at is None and theirs.at is not None and mine.on == theirs.on):
        if is_second:
            problems.append(Problem("one.reader", name, theirs.text))
        return theirs
    is_other_time = mine.at and theirs.at and mine.at != theirs.at and mine.instant != theirs.instant
    if mine.on != theirs.on or is_other_time:
        problems.append(Problem("readers.differ", name, theirs.text))
    return mine


def _filled(
    name: str, one: Reservation, other: Reservation, problems: list[Problem], is_compared: bool = True
) -> str:
    mine, theirs = str(getattr(one, name)), str(getattr(other, name))
    if is_compared and _differ(mine, theirs):
        problems.append(Problem("readers.differ", name, theirs))
    elif not mine and theirs and other.reader == kitinerary.READER:
        problems.append(Problem("one.reader", name, theirs))
    return mine or theirs


def _spot(name: str, one: Reservation, other: Reservation, problems: list[Problem]) -> Spot:
    mine, theirs = getattr(one, name), getattr(other, name)
    if _differ(mine.iata, theirs.iata):
        problems.append(Problem("readers.differ", name, theirs.iata))
    elif not mine.is_known and theirs.is_known and other.reader == kitinerary.READER:
        problems.append(Problem("one.reader", name, theirs.iata or theirs.name))
    values = {each.name: getattr(mine, each.name) or getattr(theirs, each.name) for each in fields(Spot)}
    return Spot(**values)


def _alone(one: Reservation) -> Reservation:
    """A problem on what no reader but kitinerary has seen."""
    if one.reader != kitinerary.READER:
        return one
    return replace(one, problems=tuple(dict.fromkeys((*one.problems, Problem("one.reader")))))
