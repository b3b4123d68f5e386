"""States and approval: what is asked, who decides, what asks again, and that whoever travels is warned all the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.notify.models import Notice
from safeconduct.orgs.models import RoleGrant
from safeconduct.orgs.permissions import MANAGER
from safeconduct.outbox.models import Delivery
from safeconduct.ratings.actions import rate_for_organisation
from safeconduct.trips import jobs, queries
from safeconduct.trips.access import access_approval, access_trip
from safeconduct.trips.actions import cancel_trip, change_trip, delete_draft, register_trip
from safeconduct.trips.approvalqueries import queue
from safeconduct.trips.approvalwords import lines_of
from safeconduct.trips.approvers import approvers, end_deputy, may_approve, name_deputy
from safeconduct.trips.approving import ask_again, decide
from safeconduct.trips.attaching import attach_trips
from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import ApprovalRequest, Trip
from safeconduct.trips.ruling import change_rule
from safeconduct.trips.weighing import is_within, pieces_of, spans_of
from tests.advisories import registers
from tests.conftest import World, join, make_user
from tests.permissions.scene import RULE
from tests.trips.conftest import Draft

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
State = Trip.State


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(NOW):
        yield


def rule(world: World, *, asks_known: bool = False, **said: Any) -> None:
    change_rule(world.northfield, RULE | {"is_on": True} | said, by=world.alice, asks_known=asks_known)


def nairobi(draft: Draft, first: str = "2026-12-10", last: str = "2026-12-14", **more: Any) -> Any:
    return draft("Nairobi", f"{first}T14:00", f"{last}T10:00", **more)


def bobs(world: World, *stops: Any, **more: Any) -> Trip:
    return register_trip(world.seat(world.bob), title="Field trip", stops=list(stops), by=world.bob, **more)


def state_of(trip: Trip) -> str:
    return str(Trip.objects.for_org(trip.organisation_id).get(pk=trip.pk).state)


def question(trip: Trip) -> ApprovalRequest:
    return ApprovalRequest.objects.for_org(trip.organisation_id).select_related("organisation").get(trip=trip, state="open")


def approve(world: World, trip: Trip, *, by: Any = None, note: str = "") -> ApprovalRequest:
    row = question(trip)
    return decide(row, is_approved=True, note=note, seen=row.seen, by=by or world.alice)


def mails(kind: str) -> list[Delivery]:
    return list(Delivery.objects.filter(key__startswith=f"{kind}:").order_by("pk"))


def codes(trip: Trip) -> list[str]:
    return list(Entry.objects.filter(subject_id=trip.public_id).order_by("id").values_list("action", flat=True))


def test_without_a_rule_every_trip_is_registered(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 4))
    trip = bobs(world, nairobi(draft))
    assert trip.state == State.REGISTERED and not queue(world.northfield).exists()


def test_an_official_level_asks_with_its_source_and_day(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 3), registers.entry("Portugal", 1))
    rule(world, advisory_from=3)
    trip = bobs(world, nairobi(draft))
    assert trip.state == State.AWAITING and codes(trip) == ["trip.registered", "trip.approval_asked"]
    (line,) = lines_of(question(trip).reasons)
    assert line.text == "Official advice for Kenya: level 3 of 4"
    assert "Ministry of Advice" in line.source and "Nov" in line.source
    assert line.url == "https://advice.example.org/kenya" and "from level 3" in line.asks
    assert bobs(world, draft("Lisbon", "2026-12-10T14:00", "2026-12-14T10:00")).state == State.REGISTERED
    asked = mails("trip.approval")
    assert [one.address for one in asked] == [world.alice.email]
    assert not mails("trip.asked"), "whoever registered it sees it on the page"


def test_another_publishers_level_is_not_the_named_ones(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 4))
    registers.put(registers.entry("Kenya", 1), to=registers.source("quiet"))
    rule(world, advisory_from=3, advisory_source="quiet")
    assert bobs(world, nairobi(draft)).state == State.REGISTERED
    rule(world, advisory_from=3, advisory_source="advice")
    assert bobs(world, nairobi(draft)).state == State.AWAITING


def test_an_organisations_own_rating_decides(world: World, draft: Draft) -> None:
    rule(world, security_from="high")
    assert bobs(world, nairobi(draft)).state == State.REGISTERED, "what is not rated meets nothing"
    rate_for_organisation(world.northfield, "KE", "security", value="extreme", reason="Our office", by=world.alice)
    trip = bobs(world, nairobi(draft))
    (line,) = lines_of(question(trip).reasons)
    assert line.text == "Security rating of Kenya: Extreme" and "rated by your organisation" in line.source


def test_countries_and_always(world: World, draft: Draft) -> None:
    rule(world, countries=["KE"])
    flight = draft("JFK", "2026-12-10T08:00", "2026-12-09T20:00", kind="flight", to="NBO")
    assert bobs(world, flight).state == State.AWAITING
    home = draft("NBO", "2026-12-10T08:00", "2026-12-09T20:00", kind="flight", to="LIS")
    assert bobs(world, home).state == State.REGISTERED, "the country that a trip begins in is home"
    rule(world, always=True)
    assert bobs(world, home).state == State.AWAITING


def test_an_awaiting_or_refused_trip_is_watched_like_every_other(world: World, draft: Draft) -> None:
    rule(world, always=True)
    now = draft("Nairobi", "2026-11-20T14:00", "2026-11-30T10:00")
    trip = bobs(world, now)
    seat = world.seat(world.alice)
    for state in (State.AWAITING, State.REFUSED, State.APPROVED):
        Trip.objects.for_org(world.northfield).filter(pk=trip.pk).update(state=state)
        assert trip.stays.exists()
        assert [one.trip.pk for one in queries.who_is_where(seat)] == [trip.pk], state
        assert queries.stay_now(world.bob) is not None and queries.trips_under_way(world.bob) == [trip]
        assert list(queries.trips_of_organisation(seat, state="under_way")) == [trip]
        assert list(queries.trips_of_organisation(seat, state=str(state))) == [trip]
    assert queries.counts_of_organisation(seat)["approved"] == 1


def test_a_decision_is_told_with_its_note(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = bobs(world, nairobi(draft))
    with pytest.raises(Refused) as caught:
        decide(question(trip), is_approved=False, note=" ", seen=question(trip).seen, by=world.alice)
    assert caught.value.code == "approval.note"
    row = question(trip)
    decide(row, is_approved=False, note="Not before the election.", seen=row.seen, by=world.alice)
    assert state_of(trip) == State.REFUSED and codes(trip)[-1] == "trip.refused"
    (mail,) = mails("trip.decided")
    assert mail.address == world.bob.email
    with pytest.raises(Refused) as caught:
        decide(row, is_approved=True, note="", seen=row.seen, by=world.alice)
    assert caught.value.code == "approval.decided"
    again = ask_again(trip, by=world.bob)
    assert again.state == State.AWAITING and question(trip).cause == "again"
    approve(world, trip)
    assert state_of(trip) == State.APPROVED and len(mails("trip.decided")) == 2


def test_nobody_decides_about_their_own_trip(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = register_trip(world.seat(world.alice), title="Mine", stops=[nairobi(draft)], by=world.alice)
    assert trip.state == State.AWAITING and not mails("trip.approval"), "there is nobody else to ask"
    with pytest.raises(Refused) as caught:
        approve(world, trip)
    assert caught.value.code == "approval.own"


def test_a_changed_itinerary_is_never_approved_blind(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = bobs(world, nairobi(draft))
    row = question(trip)
    seen = row.seen
    change_trip(trip, title="", stops=[nairobi(draft, last="2026-12-20")], by=world.bob)
    with pytest.raises(Refused) as caught:
        decide(row, is_approved=True, note="", seen=seen, by=world.alice)
    assert caught.value.code == "approval.changed" and state_of(trip) == State.AWAITING
    approve(world, trip)
    assert state_of(trip) == State.APPROVED


@pytest.mark.parametrize(
    ("stops", "state"),
    [
        ([("Nairobi", "2026-12-10T18:00", "2026-12-14T07:00")], "approved"),
        ([("Nairobi", "2026-12-11T14:00", "2026-12-13T10:00")], "approved"),
        ([("Mombasa", "2026-12-10T14:00", "2026-12-14T10:00")], "approved"),
        ([("Nairobi", "2026-12-10T14:00", "2026-12-15T10:00")], "awaiting"),
        ([("Nairobi", "2026-12-10T14:00", "2026-12-12T10:00"), ("Manila", "2026-12-12T14:00", "2026-12-14T10:00")], "awaiting"),
        ([("Lisbon", "2026-12-10T14:00", "2026-12-14T10:00")], "registered"),
    ],
)  # fmt: skip
def test_more_than_was_approved_asks_again(world: World, draft: Draft, stops: Any, state: str) -> None:
    rule(world, countries=["KE", "PH"])
    trip = bobs(world, nairobi(draft))
    approve(world, trip)
    change_trip(trip, title="", stops=[draft(*one) for one in stops], by=world.bob)
    assert state_of(trip) == state
    if state == "awaiting":
        assert question(trip).cause == "changed" and len(mails("trip.approval")) == 2


def test_a_name_alone_asks_nobody(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = bobs(world, nairobi(draft))
    approve(world, trip)
    change_trip(trip, title="Another name", stops=[nairobi(draft)], by=world.bob)
    assert state_of(trip) == State.APPROVED


def test_a_cancelled_trip_is_asked_about_no_more(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = bobs(world, nairobi(draft))
    row = question(trip)
    cancel_trip(trip, by=world.bob)
    with pytest.raises(Refused) as caught:
        decide(row, is_approved=True, note="", seen=row.seen, by=world.alice)
    assert caught.value.code == "approval.closed" and state_of(trip) == State.CANCELLED


def test_a_level_that_rises_asks_again_once(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 2), registers.entry("Philippines", 3))
    rule(world, advisory_from=3)
    trip, manila = bobs(world, nairobi(draft)), bobs(world, draft("Manila", "2026-12-10T14:00", "2026-12-14T10:00"))
    approve(world, manila)
    assert jobs.approve_due() == 0 and state_of(trip) == State.REGISTERED
    registers.put(registers.entry("Kenya", 3), registers.entry("Philippines", 3), at=registers.NOW + registers.DAY)
    with clock.held_at(NOW + timedelta(hours=1)):
        assert jobs.approve_due() == 1
        assert jobs.approve_due() == 0
    row = question(trip)
    assert (row.cause, row.reasons[0]["rank"], row.before[0]["rank"]) == ("level", 3, 2)
    assert state_of(trip) == State.AWAITING and state_of(manila) == State.APPROVED
    (mail,) = mails("trip.asked")
    assert mail.address == world.bob.email and "level 2 of 4" in mail.slots["before"]
    assert "Ministry of Advice" in mail.slots["reasons"]
    approve(world, trip)
    registers.put(registers.entry("Kenya", 4), registers.entry("Philippines", 2), at=registers.NOW + 2 * registers.DAY)
    with clock.held_at(NOW + timedelta(hours=2)):
        assert jobs.approve_due() == 1, "approved at 3, it is 4 now"
    assert state_of(manila) == State.APPROVED
    assert len(mails("trip.asked")) == 2


def test_levels_that_rise_while_it_is_asked_are_not_decided_blind(world: World, draft: Draft) -> None:
    registers.put(registers.entry("Kenya", 3))
    rule(world, advisory_from=3)
    trip = bobs(world, nairobi(draft))
    row = question(trip)
    seen = row.seen
    registers.put(registers.entry("Kenya", 4), at=registers.NOW + registers.DAY)
    with clock.held_at(NOW + timedelta(hours=1)):
        assert jobs.approve_due() == 0
    with pytest.raises(Refused) as caught:
        decide(row, is_approved=True, note="", seen=seen, by=world.alice)
    assert caught.value.code == "approval.changed" and question(trip).reasons[0]["rank"] == 4


def test_a_changed_rule_asks_about_known_trips_only_when_told_to(world: World, draft: Draft) -> None:
    trip = bobs(world, nairobi(draft))
    rule(world, countries=["KE"])
    assert jobs.approve_due() == 0 and state_of(trip) == State.REGISTERED
    with clock.held_at(NOW + timedelta(hours=1)):
        rule(world, countries=["KE", "UG"], asks_known=True)
        assert jobs.approve_due() == 1 and question(trip).cause == "rule"
        change_rule(world.northfield, RULE, by=world.alice, asks_known=False)
    assert state_of(trip) == State.REGISTERED and not queue(world.northfield).exists()


def test_approvers_are_reminded_after_days_and_before_the_trip(world: World, draft: Draft) -> None:
    rule(world, always=True)
    bobs(world, nairobi(draft))
    found = []
    for day in range(20):
        with clock.held_at(NOW + timedelta(days=day, minutes=1)):
            jobs.approve_due()
            jobs.approve_due()
            found.append(len(mails("trip.approval_reminder")))
    assert found[1:3] == [0, 1] and found[11:13] == [1, 2] and found[-1] == 2


def test_a_deputy_decides_on_their_days(world: World, draft: Draft) -> None:
    rule(world, always=True)
    eve = make_user("eve@northfield.example.edu", "Eve", "Lind")
    join(eve, world.seat(world.bob).membership.programme)
    assert not may_approve(world.seat(eve))
    seat = world.seat(world.alice)
    row = name_deputy(seat, "EVE@northfield.example.edu", first_on=date(2026, 11, 24), last_on=date(2026, 11, 26), by=world.alice)
    trip = bobs(world, nairobi(draft))
    assert {one.address for one in mails("trip.approval")} == {world.alice.email, eve.email}
    assert access_approval(world.seat(eve), question(trip).public_id)
    with clock.held_at(NOW + timedelta(days=3)):
        assert not may_approve(world.seat(eve))
    approve(world, trip, by=eve)
    assert state_of(trip) == State.APPROVED
    end_deputy(row, by=world.alice)
    assert not may_approve(world.seat(eve)) and approvers(world.northfield) == {world.alice.pk}
    for email, code in ((world.dana.email, "deputy.unknown"), (world.alice.email, "deputy.own")):
        with pytest.raises(Refused) as caught:
            name_deputy(seat, email, first_on=date(2026, 11, 24), last_on=date(2026, 11, 26), by=world.alice)
        assert caught.value.code == code


def test_another_organisation_sees_and_decides_nothing(world: World, draft: Draft) -> None:
    rule(world, always=True)
    row = question(bobs(world, nairobi(draft)))
    for person in (world.dana, world.bob):
        with pytest.raises(NotFound):
            access_approval(world.seat(person), row.public_id)
    assert not mails("trip.approval") or world.dana.email not in {one.address for one in mails("trip.approval")}


def test_a_draft_is_nobodys_business(world: World, draft: Draft) -> None:
    rule(world, always=True)
    trip = bobs(world, draft("Nairobi", "2026-11-20T14:00", "2026-11-30T10:00"), as_draft=True)
    manager = world.seat(world.alice)
    assert trip.state == State.DRAFT and not trip.stays.exists() and not codes(trip)
    assert not Notice.objects.for_org(world.northfield).exists() and not queue(world.northfield).exists()
    with pytest.raises(NotFound):
        access_trip(manager, trip.public_id, "trips.view")
    assert not queries.trips_of_organisation(manager).exists() and not queries.who_is_where(manager)
    assert [card.count.words for card in queries.own_trips(world.seat(world.bob))] == ["Draft"]
    assert queries.stay_now(world.bob) is None
    changed = change_trip(trip, title="Later", stops=[nairobi(draft)], by=world.bob)
    assert changed.is_draft and not changed.stays.exists() and not codes(trip)
    done = change_trip(changed, title="Later", stops=[nairobi(draft)], by=world.bob, registers=True)
    assert done.state == State.AWAITING and done.stays.exists()
    assert codes(trip) == ["trip.registered", "trip.approval_asked"]
    with pytest.raises(Refused):
        delete_draft(done)


def test_drafts_are_deleted_and_forgotten(world: World, draft: Draft) -> None:
    first, second = bobs(world, nairobi(draft), as_draft=True), bobs(world, nairobi(draft), as_draft=True)
    with pytest.raises(Refused):
        cancel_trip(first, by=world.bob)
    delete_draft(first)
    mine = Trip.objects.for_org(world.northfield).filter(user=world.bob)
    assert list(mine) == [second]
    with clock.held_at(NOW + timedelta(days=59)):
        jobs.run_due()
        assert mine.all().exists()
    with clock.held_at(NOW + timedelta(days=61)):
        jobs.run_due()
        assert not mine.all().exists()


ROWS = b"id,email,place,arrive,depart\n" + b"".join(
    f"A{n},new{n}@northfield.example.edu,Nairobi,2026-12-0{n}T10:00,2026-12-0{n}T20:00\n".encode() for n in range(1, 6)
)


def test_a_file_obeys_the_rule_and_asks_in_one_mail(world: World) -> None:
    rule(world, countries=["KE"])
    done = import_trips(world.northfield, ROWS, source="Agency", by=world.alice)
    assert done.counts["awaiting"] == 5 and queue(world.northfield).count() == 5
    (mail,) = mails("trip.approval")
    assert mail.slots["title"] == "5 trips await approval" and mail.slots["url"].endswith("/manage/approvals/")
    assert sorted(one.address for one in mails("trip.asked")) == [f"new{n}@northfield.example.edu" for n in range(1, 6)]
    again = import_trips(world.northfield, ROWS, source="Agency", by=world.alice)
    assert again.counts["unchanged"] == 5 and queue(world.northfield).count() == 5


def test_what_its_source_approved_asks_nobody(world: World) -> None:
    rule(world, countries=["KE"])
    import_trips(world.northfield, ROWS, source="Agency", by=world.alice, is_approved=True)
    trips = Trip.objects.for_org(world.northfield).filter(source_name="Agency")
    assert {trip.state for trip in trips} == {State.APPROVED} and not mails("trip.approval")
    assert codes(trips[0]) == ["trip.entered", "trip.approved_at_source"]
    later = ROWS.replace(b"2026-12-05T20:00", b"2026-12-25T20:00")
    import_trips(world.northfield, later, source="Agency", by=world.alice, is_approved=True)
    assert {trip.state for trip in trips.all()} == {State.APPROVED}
    import_trips(world.northfield, later.replace(b"2026-12-25", b"2026-12-28"), source="Agency", by=world.alice)
    assert trips.all().filter(state=State.AWAITING).count() == 1


def test_nobody_approves_their_own_trip_by_a_file(world: World) -> None:
    rule(world, countries=["KE"])
    own = b"id,email,place,arrive,depart\nA9,%s,Nairobi,2026-12-01T10:00,2026-12-02T20:00\n" % world.alice.email.encode()
    others = b"A8,%s,Nairobi,2026-12-01T10:00,2026-12-02T20:00\n" % world.bob.email.encode()
    done = import_trips(world.northfield, own + others, source="Agency", by=world.alice, is_approved=True)
    trips = Trip.objects.for_org(world.northfield).filter(source_name="Agency")
    states = dict(trips.values_list("source_id", "state"))
    assert states == {"A9": State.AWAITING, "A8": State.APPROVED} and done.counts["awaiting"] == 1
    longer = (own + others).replace(b"2026-12-02", b"2026-12-12")
    trips.all().update(state=State.APPROVED)
    ApprovalRequest.objects.for_org(world.northfield).filter(state="open").update(state="approved")
    done = import_trips(world.northfield, longer, source="Agency", by=world.alice, is_approved=True)
    assert dict(trips.all().values_list("source_id", "state")) == states and done.counts["awaiting"] == 1
    for trip in trips.all():
        cancel_trip(trip, by=None, is_from_source=True)
    done = import_trips(world.northfield, longer, source="Agency", by=world.alice, is_approved=True)
    assert dict(trips.all().values_list("source_id", "state")) == states and done.counts["awaiting"] == 1


def test_nor_by_an_address_that_becomes_theirs_later(world: World) -> None:
    rule(world, countries=["KE"])
    second = "alice.second@northfield.example.edu"
    own = b"id,email,place,arrive,depart\nA9,%s,Nairobi,2026-12-01T10:00,2026-12-02T20:00\n" % second.encode()
    import_trips(world.northfield, own, source="Agency", by=world.alice, is_approved=True)
    trip = Trip.objects.for_org(world.northfield).get(source_id="A9")
    assert trip.state == State.APPROVED
    EmailAddress.objects.create(user=world.alice, email=second, verified=True, primary=False)
    assert attach_trips(world.alice) == 1
    assert state_of(trip) == State.AWAITING and question(trip).asked_by_id == world.alice.pk


def test_a_rule_needs_something_to_ask_and_somebody_to_ask(world: World) -> None:
    with pytest.raises(Refused) as caught:
        rule(world)
    assert caught.value.code == "approval.empty"
    RoleGrant.objects.for_org(world.northfield).filter(role=MANAGER).delete()
    with pytest.raises(Refused) as caught:
        rule(world, always=True)
    assert caught.value.code == "approval.nobody"


def test_days_within_days() -> None:
    approved = {"KE": [["2026-12-10", "2026-12-14"]], "UG": [["2026-12-15", ""]]}
    assert is_within({"KE": [["2026-12-11", "2026-12-14"]]}, approved)
    assert is_within({"UG": [["2026-12-20", ""]]}, approved)
    assert not is_within({"KE": [["2026-12-11", ""]]}, approved)
    assert not is_within({"RW": [["2026-12-11", "2026-12-11"]]}, approved)
    assert spans_of(pieces_of([])) == {}


def test_a_journey_inside_one_country_is_weighed(world: World, draft: Draft) -> None:
    leg = {"to": "iata:JFK", "kind": "flight"}
    inside = draft("iata:SFO", "2026-12-11T06:30", "2026-12-10T20:15", **leg)
    rule(world, countries=["US"])
    assert state_of(bobs(world, inside)) == State.AWAITING
    rule(world, countries=["KE"])
    assert state_of(bobs(world, inside)) == State.REGISTERED
