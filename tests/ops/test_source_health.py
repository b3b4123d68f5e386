"""Sources at the desk: what is late, quiet, held or half read shows; operators are told once; a week is reported."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.feeds import actions
from safeconduct.feeds.models import Fetch, Host, LinkedMessage, Reissue, Source
from safeconduct.lib import clock
from safeconduct.ops import sourcehealth, watch
from safeconduct.ops.models import SourceReport
from safeconduct.outbox.models import Delivery
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def a_source(**values: Any) -> Source:
    """Return a polled source that was read a minute ago."""
    given = {
        "key": "coast", "name": "Coast warnings", "format": "cap", "url": "https://cap.example.org/a.xml",
        "is_enabled": True, "last_ok_at": NOW - timedelta(minutes=1), "poll_seconds": 300,
    }  # fmt: skip
    return Source.objects.create(**{**given, **values})


def tries(source: Source, *minutes_ago: int, outcome: str = Fetch.Outcome.NEW, **values: Any) -> None:
    """Add a try for each age given."""
    for minutes in minutes_ago:
        at = NOW - timedelta(minutes=minutes)
        Fetch.objects.create(source=source, started_at=at, finished_at=at, outcome=outcome, **values)


def state_of(source: Source) -> tuple[str, str]:
    """Return the state and what is wrong at NOW."""
    with clock.held_at(NOW):
        line = sourcehealth.source_line(source)
    return line.state, line.wrong


def test_a_source_that_answers_is_fresh_and_one_past_its_own_limit_late() -> None:
    """The limit is the source's: an hour for one, three days for another."""
    source = a_source(stale_after_seconds=3600)
    assert state_of(source)[0] == "fresh"
    source.last_ok_at = NOW - timedelta(minutes=61)
    assert state_of(source)[0] == "late"
    source.stale_after_seconds = 3 * 86400
    assert state_of(source)[0] == "fresh"


def test_a_source_that_fails_says_how_and_late_comes_before_failing() -> None:
    """A failure inside the limit is `failing`; past it the alarm counts, and the reason stays."""
    source = a_source(consecutive_failures=2)
    tries(source, 3, outcome=Fetch.Outcome.FAILED, problem="cap.example.org answered 503")
    assert state_of(source) == ("failing", "cap.example.org answered 503")
    source.last_ok_at = NOW - timedelta(hours=5)
    state, wrong = state_of(source)
    assert state == "late" and "503" in wrong


def test_a_feed_that_answers_but_has_said_nothing_new_for_ages_is_quiet() -> None:
    """Served for years, never changed: that is how feeds die. A feed with a slow rhythm is not quiet."""
    dead = a_source()
    tries(dead, *(3 * 24 * 60 + 10 * n for n in range(10)))
    tries(dead, 1, 6, 11, outcome=Fetch.Outcome.UNCHANGED)
    assert state_of(dead)[0] == "quiet"
    slow = a_source(key="slow")
    tries(slow, *(3 * 24 * 60 + 24 * 60 * n for n in range(10)))
    assert state_of(slow)[0] == "fresh"
    young = a_source(key="young")
    tries(young, 3 * 24 * 60, 3 * 24 * 60 + 5)
    assert state_of(young)[0] == "fresh"


def test_the_rhythm_is_the_median_gap_and_unknown_with_few() -> None:
    """One long night does not change it."""
    moments = [NOW - timedelta(minutes=m) for m in (0, 5, 10, 15, 20, 900)]
    assert sourcehealth.rhythm(moments) == timedelta(minutes=5)
    assert sourcehealth.rhythm(moments[:5]) is None


def test_half_read_and_held_sources_show(world: World, client_of: ClientOf) -> None:
    """Linked messages not reached, and everything said again; the operator marks the latter as seen."""
    source = a_source()
    LinkedMessage.objects.create(
        source=source,
        url="https://cap.example.org/1.xml",
        state="unreachable",
        listed_at=NOW,
        problem="404",
        tries=3,
    )
    assert state_of(source) == ("partial", "1 linked message not reached.")
    Reissue.objects.create(source=source, at=NOW, count=312, new_count=4)
    state, wrong = state_of(source)
    assert state == "held" and "312 messages again" in wrong
    olga = client_of(world.olga)
    page = olga.get("/desk/sources/of/coast/").content.decode()
    assert "312 messages repeat what was known" in page and "4 say something new" in page
    assert "https://cap.example.org/1.xml" in page
    olga.post("/desk/sources/of/coast/switch/", {"do": "seen"})
    assert state_of(source)[0] == "partial"


def test_operators_are_told_once_for_each_silence(world: World) -> None:
    """Late: one mail each. Still late: none. Back and late again: another one."""
    source = a_source(last_ok_at=NOW - timedelta(hours=2))
    with clock.held_at(NOW):
        assert watch.run_due(50) == 1
        assert watch.run_due(50) == 0
    mail = Delivery.objects.get()
    assert mail.address == world.olga.email
    assert "Coast warnings" in mail.message.subject
    Source.objects.filter(pk=source.pk).update(last_ok_at=NOW)
    with clock.held_at(NOW + timedelta(minutes=1)):
        assert watch.run_due(50) == 1
    assert Source.objects.get().alarmed_at is None
    with clock.held_at(NOW + timedelta(hours=3)):
        assert watch.run_due(50) == 1
    assert Delivery.objects.count() == 2


def test_many_that_fall_silent_at_once_are_one_mail_and_an_alarm_each(world: World) -> None:
    """A machine without a network: every source is late in the same round."""
    for number in range(11):
        a_source(key=f"coast-{number}", name=f"Coast warnings {number}", last_ok_at=NOW - timedelta(hours=2))
    with clock.held_at(NOW):
        assert watch.run_due(50) == 11
        assert watch.run_due(50) == 0
    mail = Delivery.objects.get()
    assert "11 sources are late" in mail.message.subject
    for part in (mail.message.text, mail.message.html):
        assert all(f"Coast warnings {number}" in part for number in range(11))
        assert "/desk/sources/?show=needs" in part and "/desk/sources/of/coast-3/" in mail.message.html
    assert Source.objects.filter(alarmed_at=NOW).count() == 11
    assert Entry.objects.filter(action="source.late").count() == 11


def test_a_source_that_was_switched_off_is_no_alarm(world: World) -> None:
    """Nobody expects it to answer."""
    a_source(is_enabled=False, last_ok_at=NOW - timedelta(days=9))
    with clock.held_at(NOW):
        assert watch.run_due(50) == 0


def test_a_week_is_reported_once_with_what_went_wrong(world: World, client_of: ClientOf) -> None:
    """Written after the week, kept, sent to operators, with the source that failed most first."""
    good, bad = a_source(), a_source(key="hill", name="Hill warnings")
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    for hour in range(0, 168, 2):
        at = monday + timedelta(hours=hour)
        Fetch.objects.create(source=good, started_at=at, outcome="new", read_count=3, refused_count=1)
        is_down = 48 <= hour < 72
        Fetch.objects.create(
            source=bad,
            started_at=at,
            outcome="failed" if is_down else "unchanged",
            problem="no answer" if is_down else "",
        )
    with clock.held_at(NOW):
        assert watch.run_due(50) == 1
        assert watch.run_due(50) == 0
    report = SourceReport.objects.get()
    assert report.week_on.isoformat() == "2026-11-16"
    first, second = report.lines
    assert (first["key"], first["tries"], first["good"], first["problem"]) == ("hill", 84, 72, "no answer")
    assert first["longest_silence_seconds"] == 26 * 3600
    assert (second["key"], second["refused"]) == ("coast", 84)
    mail = Delivery.objects.get(message__kind="ops.sources_weekly")
    assert "Hill warnings" in mail.message.text
    page = client_of(world.olga).get("/desk/sources/report/?week=2026-11-16").content.decode()
    assert "72 of 84" in page and "no answer" in page
    assert client_of(world.olga).get("/desk/sources/report/?week=2020-01-06").status_code == 404


def test_no_report_of_a_week_without_a_try_and_none_before_monday_morning(world: World) -> None:
    """An empty week says nothing; at five on Monday the report is not due yet."""
    with clock.held_at(NOW):
        assert watch.run_due(50) == 0
    source = a_source(last_ok_at=datetime(2026, 11, 23, 4, 59, tzinfo=UTC))
    Fetch.objects.create(source=source, started_at=datetime(2026, 11, 18, tzinfo=UTC), outcome="new")
    with clock.held_at(datetime(2026, 11, 23, 5, 0, tzinfo=UTC)):
        assert watch.run_due(50) == 0
    with clock.held_at(datetime(2026, 11, 23, 6, 0, tzinfo=UTC)):
        Source.objects.update(last_ok_at=clock.now())
        assert watch.run_due(50) == 1


def command(*arguments: str) -> tuple[int, Any, str]:
    """Run `sources …`; return exit status, JSON and errors."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("sources", *arguments, "--json", stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), None, err.getvalue()
    return 0, json.loads(out.getvalue()), err.getvalue()


def test_the_registry_names_licence_display_and_origin_of_every_source() -> None:
    """Nothing is shipped without saying where it was found and under which terms it is shown."""
    actions.install_sources()
    code, rows, _err = command()
    assert code == 0 and len(rows) > 150
    assert {"name", "format", "url", "enabled", "last_good_at", "state", "display", "licence"} <= set(rows[0])
    for row in rows:
        assert row["licence"] and row["attribution"] and row["src"], row["name"]
        unstated = row["licence"].startswith("Not stated")
        assert not unstated or row["display"] == "excerpt", row["name"]
    assert {row["name"] for row in rows if row["enabled"]} == {
        "usgs-quakes", "tsunami-ntwc", "tsunami-ptwc", "gdacs",
        "fcdo-travel-advice", "us-state-travel-advisories", "canada-travel-advice", "smartraveller", "auswaertiges-amt",
        "cdc-travel-notices", "who-disease-outbreak-news",
    }  # fmt: skip
    assert len({row["url"] for row in rows if row["url"]}) == sum(bool(row["url"]) for row in rows)


def test_sources_are_switched_by_name_country_and_region() -> None:
    """An authority with a feed per language is switched on once."""
    actions.install_sources()
    assert command("enable", "nws-alerts")[1] == {"enabled": ["nws-alerts"]}
    assert Source.objects.get(key="nws-alerts").is_enabled
    _code, answer, _err = command("enable", "--region", "bj")
    assert answer == {"enabled": ["bj-meteo-en"], "left_out": ["bj-meteo-fr"]}
    _code, answer, _err = command("enable", "--region", "Europe")
    assert "meteoalarm-germany" in answer["enabled"] and "nws-alerts" not in answer["enabled"]
    assert Source.objects.filter(key="meteoalarm-france", is_enabled=True).exists()
    _code, answer, _err = command("disable", "--region", "150")
    assert "meteoalarm-france" in answer["disabled"]
    assert not Source.objects.filter(country_code="FR", is_enabled=True).exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("enable", "nobody"), "there is no source"),
        (("enable", "--region", "Atlantis"), "neither a country code nor a region"),
        (("enable",), "Say which"),
        (("enable", "usgs-quakes", "--region", "US"), "Say which"),
        (("enable", "wmo-swic"), "no address"),
    ],
)
def test_what_cannot_be_switched_is_refused_with_the_reason(arguments: tuple[str, ...], reason: str) -> None:
    """Exit 2 and one line."""
    actions.install_sources()
    code, _answer, err = command(*arguments)
    assert code == 2 and reason in err
    assert sys.exc_info() == (None, None, None)


def test_the_desk_switches_a_region(world: World, client_of: ClientOf) -> None:
    """By a form; what is left out for its language is said."""
    actions.install_sources()
    olga = client_of(world.olga)
    page = olga.post("/desk/sources/region/", {"region": "BJ", "do": "on"}, follow=True).content.decode()
    assert "1 source switched on. 1 left out" in page
    assert Source.objects.get(key="bj-meteo-en").is_enabled
    page = olga.post("/desk/sources/region/", {"region": "BJ", "do": "off"}, follow=True).content.decode()
    assert "1 source switched off." in page
    assert (
        "Choose a region"
        in olga.post("/desk/sources/region/", {"region": "XX"}, follow=True).content.decode()
    )


def test_the_list_shows_what_is_polled_and_finds_the_rest(world: World, client_of: ClientOf) -> None:
    """186 rows are not the first thing an operator wants to see."""
    actions.install_sources()
    olga = client_of(world.olga)
    first = olga.get("/desk/sources/").content.decode()
    assert "MeteoAlarm: Germany" not in first and "GDACS" in first
    assert "MeteoAlarm: Germany" in olga.get("/desk/sources/?show=all&q=meteoalarm+ger").content.decode()
    assert "No source is called so" in olga.get("/desk/sources/?show=all&q=qqqq").content.decode()


def test_a_host_that_asked_to_be_left_alone_shows_until_when(world: World, client_of: ClientOf) -> None:
    source = a_source()
    address = "/desk/sources/of/coast/"
    olga = client_of(world.olga)
    assert "left alone" not in olga.get(address).content.decode()
    host = urlsplit(source.url).hostname or ""
    Host.objects.create(name=host, free_at=NOW, closed_until=NOW + timedelta(minutes=95))
    with clock.held_at(NOW):
        assert sourcehealth.source_line(source).closed_until == NOW + timedelta(minutes=95)
        text = olga.get(address).content.decode()
    assert "Asked to be left alone" in text and "10:35" in text
    Host.objects.update(closed_until=NOW)
    assert sourcehealth.source_line(source).closed_until is None
