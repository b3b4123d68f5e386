"""Playing recorded documents back in their time order, through everything: reading, matching, telling, sending.

The clock is held at each recording and, between two, at each end of an alert. Demo and test folders only: mail goes
to the development mailbox and no server is asked. The itineraries are invented and look so (replay.example.edu).

A folder is read as `SOURCE/TIME.ext`: SOURCE is a source's key, a format's name, or `KEY=FORMAT` for a source that is
to be made; TIME is the UTC instant as `2026-04-20T080000Z`; what follows the instant in a file's name is free.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from safeconduct.accounts.models import User
from safeconduct.alerts import linked
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion, Event, Incident
from safeconduct.feeds import actions as feeds
from safeconduct.feeds.models import Reissue, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.matching.models import Exposure
from safeconduct.notify.models import Notice
from safeconduct.ops import jobs
from safeconduct.ops.models import Heartbeat
from safeconduct.ops.worker import Worker
from safeconduct.orgs import actions as orgs
from safeconduct.orgs.access import seat_for
from safeconduct.orgs.models import Membership, Organisation, Programme
from safeconduct.outbox.models import Delivery
from safeconduct.places.models import Place
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft

REASON = "a replay counts what became of every invented itinerary"
DOMAIN = "replay.example.edu"
NAME = "Replay University"
SINCE = date(2000, 1, 1)
LEADING = ("alerts.end", "trips.roll", "matching", "outbox")
"""Jobs that lead to a mail; those that tidy up have nothing to do with it."""
LISTS = frozenset({"gdacs", "nws", "meteoalarm", "nina", "alertswiss"})
"""Formats whose lists name everything that is active."""
_TIME = re.compile(r"^(\d{4})-(\d\d)-(\d\d)T(\d\d)(\d\d)(\d\d)Z")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Recording:
    """One document and when it was recorded."""

    at: datetime
    source: str
    path: Path


@dataclass
class Played:
    """What became of the recordings."""

    documents: int = 0
    refused: list[str] = field(default_factory=list)
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)


def recordings(folder: Path) -> list[Recording]:
    """Return the documents of a folder in time order. Raises NotFound when there is none."""
    found = [
        Recording(at, path.parent.name, path)
        for path in sorted(folder.glob("*/*"))
        if path.is_file() and (at := _instant(path.name)) is not None
    ]
    if not found:
        raise NotFound(f"{folder} holds no recording named SOURCE/2026-04-20T080000Z.ext")
    return sorted(found, key=lambda one: (one.at, one.source, one.path.name))


def _instant(name: str) -> datetime | None:
    match = _TIME.match(name)
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


def play(
    folder: Path, *, speed: float, itineraries: int, seed: int, say: Say, countries: Sequence[str] = ()
) -> Played:
    """Play a folder. `speed`: recorded seconds in one real second, 0 for as fast as can be.

    Every second invented itinerary stays in `countries` (ISO 3166-1 alpha-2), when any are given.
    """
    if settings.SAFECONDUCT_FOLDER_KIND == "real":
        raise Refused("replay.folder", "A replay moves the clock: it runs in a demo or test folder only.")
    if Heartbeat.objects.filter(beat_at__gt=clock.now() - timedelta(minutes=1)).exists():
        raise Refused(
            "replay.worker", "A worker runs on this folder: stop it, or replay in a folder of its own."
        )
    tape = recordings(folder)
    sources = {one.source: _source(one.source) for one in tape}
    started = time.monotonic()
    newest = AlertVersion.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with clock.held_at(tape[0].at - timedelta(days=1)):
        invent(itineraries, tape, seed=seed, say=say, countries=countries)
        _work()
    played = Played()
    before = tape[0].at
    for number, one in enumerate(tape, start=1):
        _wait(one.at - before, speed)
        for moment in [*_ends(before, one.at), one.at]:
            with clock.held_at(moment):
                if moment == one.at:
                    _read(one, sources[one.source], played)
                _work()
        before = one.at
        if number % 50 == 0 or number == len(tape):
            say(f"{one.at:%Y-%m-%d %H:%M} {number} of {len(tape)} documents")
    played.seconds = time.monotonic() - started
    played.figures = figures(newest)
    return played


def _wait(gap: timedelta, speed: float) -> None:
    if speed > 0:
        time.sleep(min(gap.total_seconds() / speed, 3600.0))


def _source(key: str) -> Source:
    key, _is, format = key.partition("=")
    known = Source.objects.filter(key=key).first()
    if known is not None:
        return known
    if format in Source.Format.values:
        values = {"name": f"Replayed: {key}", "format": format, "lists_all": format in LISTS}
        return Source.objects.create(key=key, **values)
    if key in Source.Format.values:
        return feeds.by_hand(key)
    raise NotFound(f"“{key}” is neither a source nor a format")


def _ends(after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the instants between two recordings at which an alert that concerns somebody ends.

    What concerns nobody is ended at the next instant; nobody could tell the difference.
    """
    at = after
    concerning = Exposure.objects.across_orgs(REASON).filter(state=Exposure.State.OPEN)
    while True:
        ending = Event.objects.filter(
            state=Event.State.ACTIVE, ends_at__gt=at, ends_at__lt=before, pk__in=concerning.values("event_id")
        )
        found = ending.order_by("ends_at").values_list("ends_at", flat=True).first()
        if found is None:
            return
        # A minute together: that is how soon an alert leaves the active ones.
        at = min(found + timedelta(seconds=59), before - timedelta(microseconds=1))
        yield at


def _read(one: Recording, source: Source, played: Played) -> None:
    document = feeds.keep_document(one.path.read_bytes(), origin=one.path.name, received_at=one.at)
    played.documents += 1
    try:
        report = read_document(document, source=source, at=one.at)
    except Refused as refusal:
        played.refused.append(f"{one.source}/{one.path.name}: {refusal.text}")
        return
    if report.links:
        linked.note_links(source, source.url, report.links, one.at)


def _work() -> None:
    Worker([job for job in jobs.all_jobs() if job.code in LEADING]).until_idle()


def invent(
    count: int, tape: Sequence[Recording], *, seed: int, say: Say, countries: Sequence[str] = ()
) -> None:
    """Register invented people, one itinerary each: cities by population, days among the recorded ones."""
    people = Membership.objects.across_orgs(REASON).filter(user__email__endswith=f"@{DOMAIN}").count()
    if count <= people:
        return
    chance = random.Random(seed)  # noqa: S311 - invented trips, not secrets
    memberships = _members(people, count)
    everywhere = list(
        Place.objects.filter(kind=Place.Kind.CITY, population__gt=0).exclude(zone="").order_by("key")
    )
    chosen = [city for city in everywhere if city.country_code in countries] or everywhere
    # A day of one recording counts as much as a day of a hundred.
    moments = list({one.at.date(): one.at for one in tape}.values())
    for number, membership in enumerate(memberships, start=1):
        cities = chosen if number % 2 else everywhere
        weights = [float(city.population or 0) for city in cities]
        picked = chance.choices(cities, weights, k=chance.randint(1, 3))
        stops = _stops(chance, picked, chance.choice(moments))
        register_trip(
            seat_for(membership.user, membership),
            title=f"Invented trip {number}",
            stops=stops,
            by=membership.user,
        )
        if number % 1000 == 0:
            say(f"{number} invented itineraries")


@transaction.atomic
def _members(first: int, count: int) -> list[Membership]:
    programme = _programme()
    users = User.objects.bulk_create(
        [
            User(
                email=f"traveller{number:05d}@{DOMAIN}",
                given_name="Invented",
                family_name=f"Traveller {number}",
            )
            for number in range(first, count)
        ]
    )
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users]
    )
    return Membership.objects.bulk_create(
        [
            Membership(user=user, organisation=programme.organisation, programme=programme, starts_on=SINCE)
            for user in users
        ]
    )


def _programme() -> Programme:
    known = Organisation.objects.filter(name=NAME).first()
    if known is not None:
        return Programme.objects.for_org(known).select_related("organisation").get()
    university = orgs.create_organisation(
        NAME, by=None, short_name="Replay", hue=205, zone="UTC", home_country="US", old_address_until=None
    )
    programme = orgs.add_programme(university, by=None, name=f"{NAME} programme", valid_from=SINCE)
    orgs.add_domain(university, by=None, domain=DOMAIN)
    return programme


def _stops(chance: random.Random, cities: Sequence[Place], around: datetime) -> list[StopDraft]:
    at = around + timedelta(hours=chance.randint(-8 * 24, 2 * 24))
    stops = []
    for city in cities:
        leave = at + timedelta(hours=chance.randint(24, 6 * 24))
        stops.append(StopDraft(place=city, arrive=_wall(at, city), depart=_wall(leave, city)))
        at = leave + timedelta(hours=chance.randint(8, 30))
    return stops


def _wall(at: datetime, city: Place) -> datetime:
    # The gap of a clock change is no wall time: an hour later is.
    local = at.astimezone(ZoneInfo(city.zone)).replace(second=0, microsecond=0)
    return local.replace(tzinfo=None)


def figures(after: int) -> dict[str, Any]:
    """Return what the documents led to, from the rows: alerts, events, incidents, exposures, mails a person."""
    versions = AlertVersion.objects.filter(pk__gt=after)
    events = Event.objects.filter(pk__in=versions.values("event_id")).order_by("pk")
    exposures = Exposure.objects.across_orgs(REASON).filter(event__in=events.values("pk"))
    notices = Notice.objects.across_orgs(REASON).filter(user__email__endswith=f"@{DOMAIN}")
    people = Membership.objects.across_orgs(REASON).filter(user__email__endswith=f"@{DOMAIN}").count()
    sent = Delivery.objects.filter(address__endswith=f"@{DOMAIN}")
    by_person = Counter(sent.values_list("address", flat=True))
    states = Counter(events.values_list("state", flat=True))
    return {
        "alerts": versions.count(),
        "events": events.count(),
        "incidents": Incident.objects.filter(pk__in=events.values("incident_id")).count(),
        "incidents_of_several": sum(
            count > 1 for count in Counter(events.values_list("incident_id", flat=True)).values()
        ),
        "states": dict(sorted(states.items())),
        "reissues_held": Reissue.objects.count(),
        "people": people,
        "exposures": exposures.count(),
        "people_exposed": exposures.values("user_id").distinct().count(),
        "notices": notices.count(),
        "notices_not_told": dict(Counter(notices.filter(told=False).values_list("why_not", flat=True))),
        "mails": sum(by_person.values()),
        "mails_by_kind": dict(sorted(Counter(sent.values_list("message__kind", flat=True)).items())),
        "mails_not_sent": sent.exclude(state=Delivery.State.SENT).count(),
        "mails_per_person": _spread([by_person.get(address, 0) for address in _addresses()]),
        "mails_per_person_mailed": _spread(list(by_person.values())),
        "duplicates": _duplicates(notices),
    }


def _addresses() -> list[str]:
    return list(User.objects.filter(email__endswith=f"@{DOMAIN}").values_list("email", flat=True))


def _spread(counts: list[int]) -> dict[str, float]:
    """Return median, 95th percentile (nearest rank) and maximum."""
    if not counts:
        return {"median": 0, "p95": 0, "max": 0}
    ordered = sorted(counts)
    rank = max(0, -(-95 * len(ordered) // 100) - 1)
    return {"median": statistics.median(ordered), "p95": ordered[rank], "max": ordered[-1]}


def _duplicates(notices: Any) -> int:
    """Return how often somebody was told more than once that the same incident began.

    Told in full again after it was over for them (cancelled, moved away) is a new beginning, not a duplicate.
    """
    incidents = dict(Event.objects.values_list("public_id", "incident_id"))
    told = notices.filter(told=True).order_by("pk").values_list("user_id", "kind", "context")
    held: set[tuple[int, int, str]] = set()
    twice = 0
    for user, kind, context in told.iterator(5000):
        incident = incidents.get(context.get("event"))
        if incident is None:
            continue
        key = (user, incident, str(context.get("trip", "")))
        if kind.endswith(".opened"):
            twice += key in held
            held.add(key)
        elif kind.endswith(".ended"):
            held.discard(key)
    return twice
