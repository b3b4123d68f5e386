"""Recorded feeds that overlap, read as sources of their own: what is the same becomes one, what is not stays apart."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safeconduct.alerts import incidents
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion, Event, Incident
from safeconduct.feeds.actions import keep_document
from safeconduct.feeds.models import Source
from safeconduct.lib import clock

pytestmark = pytest.mark.django_db


def read(path: Path, format: str, at: datetime) -> Source:
    """Read a recording as a source of its own."""
    if not path.exists():
        pytest.skip("no recordings here")
    source = Source.objects.create(
        key=path.name.replace(".", "-").replace("_", "-"), name=path.name, format=format
    )
    with clock.held_at(at):
        document = keep_document(path.read_bytes(), origin=path.name, received_at=at)
        read_document(document, source=source, at=at)
    return source


def groups() -> dict[int, set[str]]:
    """Return incident → what its events are called by their sources."""
    found: dict[int, set[str]] = defaultdict(set)
    for pk, key in Event.objects.values_list("incident_id", "identity_key"):
        found[pk].add(key)
    return found


def test_the_day_of_usgs_lies_within_its_week(samples: Path) -> None:
    at = datetime(2022, 4, 4, 6, 10, tzinfo=UTC)
    folder = samples / "usgs-earthquake"
    day = read(folder / "eq_data_1_day_m1.geojson", "usgs", at)
    assert Incident.objects.count() == day.events.count() == 160
    week = read(folder / "eq_data_7_day_m1.geojson", "usgs", at)
    assert week.events.count() == 1405
    # 160 shocks stand in both feeds; no two shocks became one.
    assert Event.objects.count() == 1565
    assert Incident.objects.count() == 1405
    assert all(len(keys) == 1 for keys in groups().values())


def test_placing_a_week_of_shocks_is_fast(samples: Path) -> None:
    at = datetime(2022, 4, 4, 6, 10, tzinfo=UTC)
    week = read(samples / "usgs-earthquake" / "eq_data_7_day_m1.geojson", "usgs", at)
    versions = list(AlertVersion.objects.filter(event__source=week))
    start = time.process_time()
    incidents.place_all(versions, at=at)
    # A share of a second on an idle core; ten times that is still no query for each shock.
    assert time.process_time() - start < 8


def test_three_feeds_of_gdacs_tell_one_story(samples: Path) -> None:
    at = datetime(2019, 12, 30, 12, 0, tzinfo=UTC)
    for name in ("gdacs-rss-24h.xml", "gdacs-rss-7d.xml", "gdacs-rss.xml"):
        read(samples / "gdacs" / name, "gdacs", at)
    active = Event.objects.filter(state=Event.State.ACTIVE)
    by_name: dict[str, set[int]] = defaultdict(set)
    for key, pk in active.values_list("identity_key", "incident_id"):
        by_name[key].add(pk)
    shared = [key for key in by_name if active.filter(identity_key=key).count() > 1]
    assert len(shared) > 10
    assert all(len(found) == 1 for found in by_name.values())
    assert all(len(keys) == 1 for keys in groups().values())
