"""Days of the German register, read in order as one source would have sent them, with a traveller in every country."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safeconduct.advisories.actions import Report
from safeconduct.advisories.models import AdvisoryVersion
from safeconduct.feeds.models import Source

KEY = "auswaertiges-amt"
TOLD = ("AE", "BH", "IL", "JO", "OM", "QA", "SA")
"""Countries of which the register of 30 April and that of 2 May 2026 say something else."""


def german() -> Source:
    """Return the source as it is installed."""
    source, _ = Source.objects.get_or_create(
        key=KEY,
        defaults={
            "name": "Auswärtiges Amt", "format": "auswaertiges-amt", "display": Source.Display.WHOLE,
            "url": "https://www.auswaertiges-amt.de/opendata/travelwarning", "lists_all": True, "poll_seconds": 3600,
        },
    )  # fmt: skip
    return source


def day_of(path: Path) -> datetime:
    """Return noon of the day that a file is of: travelwarning-2026-04-30.json."""
    return datetime.fromisoformat(path.stem.removeprefix("travelwarning-")).replace(hour=12, tzinfo=UTC)


def put_day(path: Path) -> Report:
    """Read the register of one day."""
    from safeconduct.advisories.ingest import read_document
    from safeconduct.feeds.actions import keep_document

    document = keep_document(path.read_bytes(), origin=path.name, received_at=day_of(path))
    return read_document(document, source=german(), at=day_of(path))


@dataclass(frozen=True)
class Line:
    """What one document changed: (country, change, level before and now, worst part before and now, the words now)."""

    document: str
    read: int
    changes: list[tuple[str, str, int | None, int | None, int | None, int | None, str]]
    told: int


def replay(folder: Path) -> list[Line]:
    """Read every document of a folder in the order of its days; tell what is due after each."""
    from safeconduct.lib import clock
    from safeconduct.matching import jobs
    from safeconduct.outbox.models import Delivery

    lines = []
    for path in sorted(folder.glob("*.json")):
        with clock.held_at(day_of(path)):
            report = put_day(path)
            before = Delivery.objects.count()
            jobs.tell_levels()
            told = Delivery.objects.count() - before
        rows = AdvisoryVersion.objects.filter(recorded_at=day_of(path)).exclude(change="first")
        lines.append(Line(path.name, report.read, [_change(row) for row in rows.order_by("pk")], told))
    return lines


def _change(row: AdvisoryVersion) -> tuple[str, str, int | None, int | None, int | None, int | None, str]:
    levels = (row.previous_level, row.level, row.previous_level_max, row.level_max)
    return row.advisory.country_code, row.change, *levels, row.original_level


def travellers(countries: Sequence[str]) -> list[str]:
    """Register one traveller for each country, under way on every recorded day; return their addresses."""
    from safeconduct.lib import clock
    from safeconduct.orgs.models import Membership
    from safeconduct.places.models import Place
    from safeconduct.trips.actions import register_trip
    from safeconduct.trips.drafts import StopDraft
    from tests.conftest import join, make_user, make_world

    world = make_world()
    programme = world.seat(world.bob).membership.programme
    found = []
    for code in countries:
        user = make_user(f"{code.lower()}@northfield.example.edu", code, "Traveller")
        join(user, programme)
        place = Place.objects.filter(key=f"iso:{code}").first() or Place.objects.create(
            key=f"iso:{code}",
            kind=Place.Kind.COUNTRY,
            code=code,
            name=code,
            country_code=code,
            lat=25,
            lon=45,
            zone="UTC",
        )
        stop = StopDraft(place=place, arrive=datetime(2026, 4, 10, 10), depart=datetime(2026, 5, 20, 10))
        Membership.objects.for_org(world.northfield).update(starts_on="2020-01-01")
        with clock.held_at(datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=1)):
            register_trip(world.seat(user), title=f"In {code}", stops=[stop], by=user)
        found.append(user.email)
    return found
