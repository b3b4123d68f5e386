"""Recordings played back: in time order, through everything, and nobody is told the same twice."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from safeconduct.alerts.models import Event
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound
from safeconduct.ops import replay
from safeconduct.ops.models import Heartbeat
from safeconduct.outbox.models import Delivery
from safeconduct.places.models import Place
from safeconduct.trips.models import Trip

pytestmark = pytest.mark.django_db

CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{id}</identifier><sender>met.example.org</sender>
<sent>{sent}</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{references}<info><language>en</language>
<category>Met</category><event>Storm</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<onset>{sent}</onset><expires>{expires}</expires><headline>Storm</headline>
<area><areaDesc>Everywhere</areaDesc>
<polygon>85,-179 85,-60 85,60 85,179 -85,179 -85,60 -85,-60 -85,-179 85,-179</polygon></area></info></alert>"""


def a_tape(folder: Path) -> Path:
    """Write a warning, its copy by another source, and its cancel."""
    warning = CAP.format(
        id="A", sent="2026-04-20T08:00:00Z", expires="2026-04-21T08:00:00Z", kind="Alert", references=""
    )
    cancel = CAP.format(
        id="B", sent="2026-04-20T12:00:00Z", expires="2026-04-21T08:00:00Z", kind="Cancel",
        references="<references>met.example.org,A,2026-04-20T08:00:00Z</references>",
    )  # fmt: skip
    for source, name, text in (
        ("met=cap", "2026-04-20T080500Z-a.xml", warning),
        ("relay=cap", "2026-04-20T080600Z-a.xml", warning),
        ("met=cap", "2026-04-20T120500Z-b.xml", cancel),
        ("relay=cap", "2026-04-20T120600Z-b.xml", cancel),
        ("met=cap", "2026-04-20T130000Z-c.xml", "<html>log in</html>"),
        ("met=cap", "readme.txt", "no recording"),
    ):
        (folder / source).mkdir(exist_ok=True)
        (folder / source / name).write_text(text, encoding="utf-8")
    return folder


def test_recordings_come_in_the_order_of_time(tmp_path: Path) -> None:
    """Whatever folder they lie in; what bears no instant is no recording."""
    tape = replay.recordings(a_tape(tmp_path))
    assert [(one.source, one.at.hour, one.at.minute) for one in tape] == [
        ("met=cap", 8, 5), ("relay=cap", 8, 6), ("met=cap", 12, 5), ("relay=cap", 12, 6), ("met=cap", 13, 0),
    ]  # fmt: skip
    assert tape[0].at == datetime(2026, 4, 20, 8, 5, tzinfo=UTC)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound):
        replay.recordings(tmp_path / "empty")


def played(tmp_path: Path, *more: str) -> Any:
    """Play the tape for eight invented itineraries and return the answer."""
    out = io.StringIO()
    call_command(
        "replay",
        str(a_tape(tmp_path)),
        "--itineraries",
        "8",
        "--json",
        *more,
        stdout=out,
        stderr=io.StringIO(),
    )
    return json.loads(out.getvalue())


def test_a_tape_goes_through_everything(tmp_path: Path, settings: Any) -> None:
    """Everybody away is told once of the warning and once of its end; what could not be read is named."""
    answer = played(tmp_path)
    assert (answer["documents"], answer["alerts"], answer["people"]) == (5, 4, 8)
    assert len(answer["refused"]) == 1 and "c.xml" in answer["refused"][0]
    assert answer["states"] == {"cancelled": 2} and Event.objects.filter(state="cancelled").count() == 2
    assert (answer["incidents"], answer["incidents_of_several"]) == (1, 1)
    assert answer["notices_not_told"]["same_event"] == answer["people_exposed"]
    assert answer["people_exposed"] > 0 and answer["duplicates"] == 0
    mails = answer["mails_by_kind"]
    assert mails["alert.exposure.opened"] == answer["people_exposed"]
    # Whoever has left by then does not hear that it is over.
    assert 0 < mails["alert.exposure.ended"] <= answer["people_exposed"]
    # Between the two cancels one short mail says that the other source still warns.
    assert mails.get("alert.exposure.updated", 0) <= answer["people_exposed"]
    assert answer["mails_per_person_mailed"]["max"] == 3
    assert answer["mails_not_sent"] == 0
    assert not Delivery.objects.exclude(address__endswith="@replay.example.edu").exists()
    assert Trip.objects.across_orgs("counted").count() == 8
    assert Place.objects.filter(kind="city").exists()


def test_apart_every_source_is_told_by_itself(tmp_path: Path, settings: Any) -> None:
    """What clustering spares: without it the same storm is told once for each source."""
    settings.SAFECONDUCT_ONE_INCIDENT = True
    answer = played(tmp_path, "--apart")
    assert (answer["incidents"], answer["incidents_of_several"]) == (2, 0)
    assert answer["mails_by_kind"]["alert.exposure.opened"] == 2 * answer["people_exposed"] > 0


def test_a_real_folder_is_refused(tmp_path: Path, settings: Any) -> None:
    """The clock of a real folder is never moved."""
    settings.SAFECONDUCT_FOLDER_KIND = "real"
    with pytest.raises(SystemExit) as stop:
        played(tmp_path)
    assert stop.value.code == 2
    assert not Event.objects.exists()


def test_a_folder_with_a_worker_is_refused(tmp_path: Path) -> None:
    """The worker's clock is the real one: both would end and tell at different times."""
    now = clock.now()
    Heartbeat.objects.create(holder="other", pid=1, started_at=now, beat_at=now)
    with pytest.raises(SystemExit) as stop:
        played(tmp_path)
    assert stop.value.code == 2
    assert not Event.objects.exists()


def test_the_spread_is_by_nearest_rank() -> None:
    """Of twenty the nineteenth; of none nothing."""
    assert replay._spread(list(range(1, 21))) == {"median": 10.5, "p95": 19, "max": 20}
    assert replay._spread([]) == {"median": 0, "p95": 0, "max": 0}
