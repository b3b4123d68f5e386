"""What a rating did not count, and why: on the page, in the command, for security and medical."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from safeconduct.accounts.models import User
from safeconduct.advisories.models import Advisory
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.places.models import Fact
from safeconduct.ratings import actions
from safeconduct.ratings.leftout import left_out
from safeconduct.ratings.models import Rating
from safeconduct.ratings.words import why_of
from tests.advisories.registers import entry, put, source
from tests.conftest import World

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def says(to: Source, level: int | None = 2, at: datetime = NOW, **more: Any) -> None:
    put(entry("Kenya", level, **more), to=to, at=at, is_register=False)


def whys(kind: str) -> dict[str, str]:
    with clock.held_at(NOW):
        return {row.who or row.code: row.why for row in left_out("KE", kind)}


def publisher(key: str, **more: Any) -> Source:
    return source(key, name=key, is_enabled=True, **more)


def test_every_reason_of_a_government(world: World) -> None:
    says(publisher("no-level", last_ok_at=NOW), None)
    says(publisher("silent", last_ok_at=NOW - 9 * DAY), at=NOW - 9 * DAY)
    says(source("off", name="off", last_ok_at=NOW - 9 * DAY), at=NOW - 9 * DAY)
    publisher("unproved")
    publisher("elsewhere", last_ok_at=NOW)
    says(publisher("not-read", last_ok_at=NOW))
    Advisory.objects.filter(source__key="not-read").update(level=None, number=0)
    # Of a country it says nothing, and nobody asks it: no line.
    source("unasked", name="unasked")
    publisher("health", format="cdc", last_ok_at=NOW)
    assert whys("security") == {
        "no-level": "no_level", "silent": "silent", "off": "off", "unproved": "unproved", "elsewhere": "not_named",
        "not-read": "not_read",
    }  # fmt: skip
    # One that counts is in no list.
    says(publisher("good", last_ok_at=NOW))
    assert "good" not in whys("security")


def test_facts_that_nobody_knows_and_what_counts_beside_them_only(world: World) -> None:
    says(publisher("health", last_ok_at=NOW), 3, category="health")
    # Shipped: malaria and yellow fever; of the water nobody says enough.
    assert whys("medical") == {"tap_water": "unknown"}
    Fact.objects.filter(country_code="KE", field="malaria").delete()
    assert whys("medical") == {"tap_water": "unknown", "malaria": "unknown", "health": "few_facts"}


def test_the_pages_of_an_unknown_rating_list_it(world: World, client_of: Callable[[User | None], Client]) -> None:
    says(publisher("Ministry", last_ok_at=NOW - 9 * DAY), at=NOW - 9 * DAY)
    with clock.held_at(NOW):
        actions.reckon_all(["KE"])
        assert Rating.objects.get(country_code="KE", kind="security").value == ""
        for person, name in ((world.bob, "ratings:rating"), (world.olga, "ops:rating"), (world.olga, "ratings:rating")):
            page = client_of(person).get(reverse(name, args=["KE", "security"])).content.decode()
            for words in ("What did not count", "Ministry", why_of("silent"), "2026-11-15"):
                assert words in page, (name, words)


def test_the_command_names_what_did_not_count_and_no_id(world: World) -> None:
    says(publisher("Ministry", last_ok_at=NOW - 9 * DAY), at=NOW - 9 * DAY)
    with clock.held_at(NOW):
        actions.override_rating("KE", "security", value="high", reason="Elections", by=world.olga)
        out, as_json = StringIO(), StringIO()
        call_command("ratings", "KE", "--explain", stdout=out)
        call_command("ratings", "KE", "--explain", "--json", stdout=as_json)
    assert "not counted: Ministry: " + why_of("silent") in out.getvalue()
    row = json.loads(as_json.getvalue())[0]
    assert [(one["who"], one["why"]) for one in row["left_out"]] == [("Ministry", "silent")]
    assert row["override"]["by"] == "Olga Berg" and "Olga Berg: Elections" in out.getvalue()
    assert world.olga.public_id not in out.getvalue() + as_json.getvalue()
