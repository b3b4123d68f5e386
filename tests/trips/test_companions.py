"""Who comes along: names on a trip, minors with an adult who is told, and nothing of it anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from safeconduct.accounts.actions import NOBODY, erase_user
from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib.errors import Refused
from safeconduct.notify.models import Notice
from safeconduct.outbox.models import Delivery, Message
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.companions import CompanionDraft, CompanionRefused, companions_of, set_companions
from safeconduct.trips.emails import RESPONSIBLE
from safeconduct.trips.models import Companion, Trip
from tests.conftest import World
from tests.trips.conftest import Draft

ClientOf = Callable[[User | None], Client]
ADA = CompanionDraft("Ada Adult", address="Ada@example.org")
KIM, LEE = CompanionDraft("Kim Child", True), CompanionDraft("Lee Child", True, responsible=0)


@pytest.fixture
def trip(world: World, draft: Draft) -> Trip:
    return register_trip(
        world.seat(world.bob), title="Field week", by=world.bob, stops=[draft("Nairobi", "2031-03-01", "2031-03-08")]
    )


def told(world: World) -> list[Any]:
    return list(Notice.objects.for_org(world.northfield).filter(kind="trip.responsible"))


def test_names_minors_and_who_answers_for_them(world: World, trip: Trip) -> None:
    set_companions(trip, [ADA, KIM, LEE, CompanionDraft("Max Adult", address="max@example.org")], by=world.bob)
    ada, kim, lee, spare = companions_of(trip)
    assert (ada.is_minor, ada.address) == (False, "ada@example.org")
    assert (kim.is_minor, kim.responsible) == (True, None)
    assert (lee.responsible, lee.address) == (ada, "")
    assert spare.address == "", "who answers for nobody is not written to, so the address is not kept"


def test_responsible_adults_are_told_once(world: World, trip: Trip) -> None:
    set_companions(trip, [ADA, KIM, LEE], by=world.bob)
    (mine,) = told(world)
    assert (mine.user, mine.told) == (world.bob, True)
    (mail,) = Delivery.objects.filter(address="ada@example.org")
    assert mail.slots["minor"] == "Lee Child" and mail.slots["traveller"] == world.bob.name
    set_companions(trip, [ADA, KIM, LEE], by=world.bob)
    set_companions(trip, [ADA, LEE, KIM], by=world.bob)
    assert len(told(world)) == 1 and Delivery.objects.filter(address="ada@example.org").count() == 1
    for row in (Message.objects.get(pk=mail.message_id), mine):
        assert "Child" not in str(vars(row)), "no name of a child but in the slots of the mail"
    assert "Child" not in mail.key


@pytest.mark.parametrize(
    ("drafts", "code", "index"),
    [
        ([CompanionDraft("  ")], "companion.name", 0),
        ([CompanionDraft("x" * 121)], "companion.name", 0),
        ([CompanionDraft("Ada"), CompanionDraft("Lee", True, responsible=0)], "companion.address", 0),
        ([CompanionDraft("Kim", True), CompanionDraft("Lee", True, responsible=0)], "companion.responsible", 1),
        ([CompanionDraft("Lee", True, responsible=0)], "companion.responsible", 0),
        ([CompanionDraft("Lee", True, responsible=7)], "companion.responsible", 0),
    ],
)
def test_what_cannot_be(world: World, trip: Trip, drafts: list[CompanionDraft], code: str, index: int) -> None:
    with pytest.raises(CompanionRefused) as refusal:
        set_companions(trip, drafts, by=world.bob)
    assert (refusal.value.code, refusal.value.index) == (code, index)
    assert companions_of(trip) == []


def test_not_too_many_and_not_on_a_cancelled_trip(world: World, trip: Trip) -> None:
    with pytest.raises(Refused, match="At most 20"):
        set_companions(trip, [CompanionDraft(f"P {n}") for n in range(21)], by=world.bob)
    cancel_trip(trip, by=world.bob)
    with pytest.raises(Refused, match="cancelled"):
        set_companions(trip, [ADA], by=world.bob)


def test_nobody_is_told_of_a_draft_until_it_is_registered(world: World, draft: Draft) -> None:
    stop = draft("Nairobi", "2031-03-01", "2031-03-08")
    made = register_trip(world.seat(world.bob), title="Later", by=world.bob, stops=[stop], as_draft=True)
    set_companions(made, [KIM], by=world.bob)
    assert told(world) == []
    change_trip(made, title="Later", by=world.bob, stops=[stop], registers=True)
    assert len(told(world)) == 1


def test_nobody_has_many_strangers_written_to(world: World, trip: Trip, draft: Draft) -> None:
    many = [ADA, *(CompanionDraft(f"Child {n}", True, responsible=0) for n in range(19))]
    set_companions(trip, many, by=world.bob)
    set_companions(trip, many[:-1], by=world.bob)
    set_companions(trip, many, by=world.bob)
    set_companions(trip, [*many[:-1], CompanionDraft("One more", True, responsible=0)], by=world.bob)
    before = companions_of(trip)
    other = CompanionDraft("Bo Adult", address="bo@example.org")
    with pytest.raises(Refused) as refusal:
        set_companions(trip, [other, LEE], by=world.bob)
    assert refusal.value.code == "companions.mails" and companions_of(trip) == before
    assert Delivery.objects.filter(address="ada@example.org").count() == 20
    stop = draft("Nairobi", "2031-03-01", "2031-03-08")
    later = register_trip(world.seat(world.bob), title="Later", by=world.bob, stops=[stop], as_draft=True)
    with pytest.raises(Refused):
        set_companions(later, [other, LEE], by=world.bob)
    set_companions(later, [CompanionDraft("Bo Adult"), KIM], by=world.bob)
    assert not Delivery.objects.filter(address="bo@example.org").exists()


def test_a_childs_name_and_a_strangers_address_do_not_stay_in_the_outbox(world: World, trip: Trip) -> None:
    assert RESPONSIBLE.secret, "its words are emptied once it is sent"
    set_companions(trip, [ADA, LEE], by=world.bob)
    (mail,) = Delivery.objects.filter(address="ada@example.org")
    set_companions(trip, [KIM], by=world.bob)
    erase_user(world.bob, by=None)
    mail.refresh_from_db()
    assert (mail.address, mail.slots, mail.state) == (NOBODY, {}, Delivery.State.CANCELLED)


def test_they_go_with_the_trip_and_stand_in_no_log(world: World, trip: Trip) -> None:
    set_companions(trip, [ADA, LEE], by=world.bob)
    entry = Entry.objects.get(action="trip.companions")
    assert entry.detail == {"companions": 2, "minors": 1}
    erase_user(world.bob, by=None)
    assert not Companion.objects.for_org(world.northfield).exists()


def test_the_form_adds_and_removes_without_script(world: World, trip: Trip, client_of: ClientOf) -> None:
    bob, url = client_of(world.bob), f"/trips/{trip.public_id}/companions/"
    assert 'name="count" value="1"' in bob.get(url).content.decode()
    two = bob.post(url, {"count": "1", "do": "add", "c0-name": "Ada Adult", "c0-address": "ada@example.org"}).content.decode()
    assert 'name="count" value="2"' in two and 'value="Ada Adult"' in two and "Ada Adult</option>" in two
    fields = {
        "count": "3", "c0-name": "Gone", "c0-responsible": "-1", "c0-address": "",
        "c1-name": "Ada Adult", "c1-responsible": "-1", "c1-address": "ada@example.org",
        "c2-name": "Lee Child", "c2-is_minor": "on", "c2-responsible": "1", "c2-address": "",
    }  # fmt: skip
    less = bob.post(url, fields | {"do": "remove-0"}).content.decode()
    assert "Gone" not in less and '<option value="0" selected>Ada Adult' in less.replace("\n", "")
    wrong = bob.post(url, fields | {"do": "save", "c1-address": ""}).content.decode()
    assert "Enter the e-mail address of Ada Adult" in wrong and 'value="Lee Child"' in wrong
    assert bob.post(url, fields | {"do": "save"}).status_code == 302
    assert [(one.name, one.is_minor) for one in companions_of(trip)] == [("Gone", False), ("Ada Adult", False), ("Lee Child", True)]
    shown = bob.get(f"/trips/{trip.public_id}/").content.decode()
    assert "Lee Child" in shown and "minor" in shown
    assert client_of(world.alice).get(url).status_code == 404


def test_the_organisation_sees_them_on_the_trip_and_counts_them_in_its_list(
    world: World, trip: Trip, client_of: ClientOf
) -> None:
    set_companions(trip, [ADA, LEE], by=world.bob)
    alice = client_of(world.alice)
    rows = alice.get("/manage/trips/?q=Field").content.decode()
    assert "and 2 companions" in rows and "Lee Child" not in rows
    assert "Lee Child" in alice.get(f"/manage/trips/{trip.public_id}/").content.decode()
    assert b"Lee Child" not in alice.get("/manage/trips/export/").content
    mine = client_of(world.bob).get("/trips/files/export/?as=csv").content.decode()
    assert "Ada Adult, Lee Child" in mine
