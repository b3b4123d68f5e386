"""Approval in the console: the queue, deciding, the rule, deputies, and what the traveller sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.trips.models import ApprovalRequest, ApprovalRule, Deputy, Trip
from safeconduct.trips.ruling import change_rule
from tests.conftest import World
from tests.permissions.scene import RULE
from tests.trips.conftest import posted, row

ClientOf = Callable[[User | None], Client]
FIRST = (clock.today() + timedelta(days=20)).isoformat()
LAST = (clock.today() + timedelta(days=24)).isoformat()
STAY = row(0, place="Nairobi", arrive=f"{FIRST}T14:00", depart=f"{LAST}T10:00")


def rule(world: World, **said: Any) -> None:
    change_rule(world.northfield, RULE | {"is_on": True} | said, by=world.alice, asks_known=False)


def register(client: Client, **values: str) -> Trip:
    answer = client.post("/trips/new/", posted(STAY, title="Field work", **values), follow=True)
    assert answer.status_code == 200, answer.content
    public_id = answer.redirect_chain[-1][0].strip("/").split("/")[-1]
    return Trip.objects.across_orgs("a test").get(public_id=public_id)


def text(page: Any) -> str:
    return str(page.content.decode())


def test_from_the_rule_to_the_decision(world: World, client_of: ClientOf) -> None:
    alice, bob = client_of(world.alice), client_of(world.bob)
    assert "Trips need no approval" in text(alice.get("/manage/approvals/"))
    form = {
        "is_on": "on", "countries": ["KE"], "remind_after_days": "2", "remind_before_days": "5",
        "advisory_from": "", "security_from": "", "medical_from": "", "advisory_source": "",
    }  # fmt: skip
    assert alice.post("/manage/approval/", form).status_code == 302
    assert ApprovalRule.objects.for_org(world.northfield).get().countries == ["KE"]
    trip = register(bob)
    mine = text(bob.get(f"/trips/{trip.public_id}/"))
    assert "This trip awaits approval" in mine and "Trips to Kenya need approval" in mine
    assert "Awaiting approval" in text(bob.get("/trips/"))
    asked = ApprovalRequest.objects.for_org(world.northfield).get()
    assert "Field work" in text(alice.get("/manage/approvals/"))
    page = text(alice.get(f"/manage/approvals/{asked.public_id}/"))
    assert "Trips to Kenya need approval" in page and "Nairobi" in page and "Briefing" in page
    answer = alice.post(f"/manage/approvals/{asked.public_id}/", {"do": "refuse", "note": "", "seen": asked.seen})
    assert "the traveller reads it" in text(answer)
    note = "Only with the field office."
    alice.post(f"/manage/approvals/{asked.public_id}/", {"do": "refuse", "note": note, "seen": asked.seen})
    mine = text(bob.get(f"/trips/{trip.public_id}/"))
    assert "This trip is not approved" in mine and note in mine and world.alice.name in mine
    bob.post(f"/trips/{trip.public_id}/ask-again/")
    asked = ApprovalRequest.objects.for_org(world.northfield).get(state="open")
    alice.post(f"/manage/approvals/{asked.public_id}/", {"do": "approve", "note": "", "seen": asked.seen})
    assert "This trip is approved" in text(bob.get(f"/trips/{trip.public_id}/"))
    history = text(alice.get(f"/manage/trips/{trip.public_id}/"))
    assert "What was asked and decided" in history and note in history and "the traveller asked again" in history
    assert "Field work" in text(alice.get("/manage/trips/?state=approved"))
    assert "Field work" not in text(alice.get("/manage/trips/?state=awaiting"))
    entry = Entry.objects.get(action="trip.refused")
    assert note not in str(entry.detail), "what was written stays out of the log"


def test_a_page_that_is_old_decides_nothing(world: World, client_of: ClientOf) -> None:
    rule(world, always=True)
    alice, bob = client_of(world.alice), client_of(world.bob)
    trip = register(bob)
    asked = ApprovalRequest.objects.for_org(world.northfield).get()
    later = row(0, place="Mombasa", arrive=f"{FIRST}T14:00", depart=f"{LAST}T10:00")
    bob.post(f"/trips/{trip.public_id}/change/", posted(later, title="Field work", revision="1"))
    answer = alice.post(f"/manage/approvals/{asked.public_id}/", {"do": "approve", "note": "Fine", "seen": asked.seen})
    assert "was changed since you opened this page" in text(answer) and "Fine" in text(answer)
    assert "Mombasa" in text(answer)
    asked.refresh_from_db()
    assert asked.state == "open" and asked.seen in text(answer)


def test_one_of_two_approvers_wins_and_the_other_is_told(world: World, client_of: ClientOf) -> None:
    rule(world, always=True)
    register(client_of(world.bob))
    asked = ApprovalRequest.objects.for_org(world.northfield).get()
    alice = client_of(world.alice)
    path, said = f"/manage/approvals/{asked.public_id}/", {"do": "approve", "note": "", "seen": asked.seen}
    assert alice.post(path, said).status_code == 302
    answer = text(alice.post(path, said | {"do": "refuse", "note": "No"}))
    assert f"{world.alice.name} was faster: the trip is approved" in answer


def test_a_draft_is_kept_registered_and_deleted(world: World, client_of: ClientOf) -> None:
    bob, alice = client_of(world.bob), client_of(world.alice)
    trip = register(bob, do="draft")
    assert trip.state == "draft"
    page = text(bob.get(f"/trips/{trip.public_id}/"))
    assert "This is a draft" in page and "Open the draft" in page
    assert "Drafts" in text(bob.get("/trips/"))
    assert "Field work" not in text(alice.get("/manage/trips/"))
    assert alice.get(f"/manage/trips/{trip.public_id}/").status_code == 404
    changed = posted(STAY, title="Field work", revision="1", do="draft")
    bob.post(f"/trips/{trip.public_id}/change/", changed)
    assert Trip.objects.for_org(world.northfield).get().state == "draft"
    answer = bob.post(f"/trips/{trip.public_id}/change/", changed | {"do": "save"}, follow=True)
    assert "The trip is registered" in text(answer)
    assert "Field work" in text(alice.get("/manage/trips/"))
    other = register(bob, do="draft", token="another")
    bob.post(f"/trips/{other.public_id}/delete/")
    assert Trip.objects.for_org(world.northfield).count() == 1


def test_a_deputy_reaches_the_queue_and_nothing_else(world: World, client_of: ClientOf) -> None:
    rule(world, always=True)
    alice, bob = client_of(world.alice), client_of(world.bob)
    assert bob.get("/manage/approvals/").status_code == 404
    day = clock.today().isoformat()
    said = {"email": world.bob.email, "first_on": day, "last_on": day}
    assert alice.post("/manage/approval/deputies/", said).status_code == 302
    page = text(bob.get("/manage/approvals/"))
    assert "You decide as a deputy today" in page
    assert bob.get("/manage/trips/").status_code == 404 and bob.get("/manage/approval/").status_code == 404
    deputy = Deputy.objects.for_org(world.northfield).get()
    assert client_of(world.dana).post(f"/manage/approval/deputies/{deputy.public_id}/end/").status_code == 404
    alice.post(f"/manage/approval/deputies/{deputy.public_id}/end/")
    assert bob.get("/manage/approvals/").status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_organisations_manager_finds_nothing(world: World, client_of: ClientOf, method: str) -> None:
    rule(world, always=True)
    register(client_of(world.bob))
    asked = ApprovalRequest.objects.for_org(world.northfield).get()
    dana = client_of(world.dana)
    answer = getattr(dana, method)(f"/manage/approvals/{asked.public_id}/", {"do": "approve", "seen": asked.seen})
    assert answer.status_code == 404
    assert "Field work" not in text(dana.get("/manage/approvals/"))
