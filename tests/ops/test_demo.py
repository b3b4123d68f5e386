"""The demonstration: an invented university that works like a real one, made once."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import management
from django.test import Client

from safeconduct.accounts.legal import load_default_texts
from safeconduct.accounts.models import User
from safeconduct.alerts.models import AlertVersion
from safeconduct.centres.models import Centre
from safeconduct.lib import clock
from safeconduct.matching.models import Exposure
from safeconduct.ops import demo, progress
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.outbox.models import MailboxCopy
from safeconduct.trips.models import Trip


@pytest.fixture
def demo_folder(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a demo folder whose set-up is done: the test database has tables and the places of some countries."""
    monkeypatch.setattr(settings, "SAFECONDUCT_HOME", tmp_path)
    monkeypatch.setattr(settings, "SAFECONDUCT_FOLDER_KIND", "demo")
    monkeypatch.setattr(settings, "SAFECONDUCT_DEMO_FOLDER", True)
    monkeypatch.setattr(demo.setup, "run", lambda **_told: load_default_texts())
    yield tmp_path


def test_the_demo_is_made_once_and_printed_again(
    demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    management.call_command("demo")
    said = capsys.readouterr()
    lines = [line.split(" ") for line in said.out.splitlines()]
    # What it is doing, and how long that took, goes to the person at the terminal alone.
    steps = re.findall(r"^(.+) … \d+\.\d s \(\d+ s so far\)$", said.err, re.MULTILINE)
    assert steps == [
        "People and their university", "Assistance centres, trips and an exercise", "Ratings, and whom the exercise concerns",
    ]  # fmt: skip
    assert [line[0] for line in lines] == ["operator", "analyst", "manager", "traveller", "traveller"]
    for _role, email, password in lines:
        person = User.objects.get(email=email)
        assert person.check_password(password)
        validate_password(password, person)
    assert stat.S_IMODE((demo_folder / "demo-logins.json").stat().st_mode) == 0o600
    counts = [model.objects.count() for model in (User, Organisation, Centre, AlertVersion, MailboxCopy)]
    management.call_command("demo", "--json")
    again = json.loads(capsys.readouterr().out)
    assert [[row["role"], row["email"], row["password"]] for row in again] == lines
    assert [
        model.objects.count() for model in (User, Organisation, Centre, AlertVersion, MailboxCopy)
    ] == counts
    assert progress.is_finished()


def test_the_exercise_reaches_the_one_traveller_it_concerns(demo_folder: Path) -> None:
    demo.make()
    version = AlertVersion.objects.get()
    assert version.status == "Exercise"
    exposure = Exposure.objects.across_orgs("test").select_related("user").get()
    assert (exposure.user.email, exposure.strength) == ("maya@northfield.example.edu", "inside")
    assert exposure.told_at is not None
    assert [copy.to for copy in MailboxCopy.objects.filter(kind__startswith="alert.")] == [
        "maya@northfield.example.edu"
    ]
    assert Trip.objects.across_orgs("test").count() == 2
    assert Membership.objects.across_orgs("test").filter(number__number="NFU-26-004417").count() == 3


def test_the_manager_sees_that_the_traveller_was_told(demo_folder: Path, client: Client) -> None:
    demo.make()
    client.force_login(
        User.objects.get(email=f"alice@{demo.DOMAIN}"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    page = client.get("/manage/").content.decode()
    assert "typhoon will cross Leyte" in page
    assert "<svg" in page.split('class="map')[1]
    alert = client.get(f"/manage/alerts/{AlertVersion.objects.get().public_id}/").content.decode()
    assert "Maya Brandt" in alert
    assert "Handed over" in alert
    assert "Inside the area" in alert
    assert "Demonstration" in alert
    trip = Trip.objects.across_orgs("test").get(user__email=f"maya@{demo.DOMAIN}")
    page = client.get(f"/manage/trips/{trip.public_id}/").content.decode()
    assert "Exercise: typhoon will cross Leyte" in page
    assert "Tacloban is inside the warning area" in page


def test_numbers_of_the_demo_belong_to_nobody() -> None:
    for row in demo.CENTRES:
        for name in ("phone", "second_phone"):
            number = row.get(name, "")
            assert number.startswith(("+1 303 555 01", "+44 20 7946 0", "+61 2 5550 01")) or not number


def test_a_recorded_alert_of_years_ago_can_be_played_back(
    demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.make()
    capsys.readouterr()
    with clock.held_at(datetime(2012, 10, 28, 12, tzinfo=UTC)):
        management.call_command(
            "trip-add", f"bob@{demo.DOMAIN}", "--org", demo.UNIVERSITY,
            "--stop", "Lisbon,2012-10-28T14:00,2012-10-31", "--json",
        )  # fmt: skip
    assert json.loads(capsys.readouterr().out)["stops"][0]["place"] == "Lisbon"
