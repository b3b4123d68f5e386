"""A mail becomes a trip, changes it and calls it off; what is not sure or not proved waits."""

from __future__ import annotations

from datetime import datetime

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as configured

from safeconduct.inbox import intotrips
from safeconduct.inbox.keeping import reservation_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.inbox.stops import drafts_of, stop_of
from safeconduct.outbox.models import Delivery
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import change_trip, register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.models import Trip
from tests.conftest import World, join
from tests.inbox.conftest import HandIn
from tests.inbox.mails import BOB, back, flight, hotel, mail


def trips(world: World) -> list[Trip]:
    return list(Trip.objects.of_user(world.bob).order_by("pk"))


def times(trip: Trip) -> list[tuple[str, str, str]]:
    return [(stop.kind, stop.depart_local, stop.arrive_local) for stop in trip.stops.order_by("seq")]


def codes(letter: Letter) -> list[str]:
    return [change["code"] for change in letter.changes]


def answers() -> list[Delivery]:
    return list(Delivery.objects.filter(message__kind__startswith="booking.").order_by("pk"))


def test_a_mail_becomes_one_trip_with_an_answer_in_its_thread(world: World, hand_in: HandIn) -> None:
    letter = hand_in(mail(flight(), hotel(), back()))
    assert (letter.state, codes(letter)) == ("read", ["entered"] * 3)
    (trip,) = trips(world)
    assert [stop[0] for stop in times(trip)] == ["flight", "lodging", "flight"]
    assert times(trip)[0] == ("flight", "2026-12-01T10:15", "2026-12-01T20:30")
    (answer,) = answers()
    assert answer.address == BOB and answer.message.kind == "booking.answer"
    assert answer.message.headers["In-Reply-To"] == "<one@northfield.example.edu>"
    assert "FRA – NBO" in answer.slots["lines"] and trip.public_id in answer.slots["url"]
    said = answer.slots["lines"] + answer.slots["why"] + answer.message.text + answer.message.subject
    assert "QX7Z9A" not in said and "Okafor" not in said and "Sample Road" not in said
    assert "Nairobi" not in answer.message.subject


def test_the_same_mail_twice_does_nothing(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight()))
    (before,) = trips(world)
    again = hand_in(mail(flight()))
    assert Letter.objects.count() == 1 and again.tries == 1
    other_copy = hand_in(mail(flight(), Received="from elsewhere"))
    assert codes(other_copy) == ["same"]
    (after,) = trips(world)
    assert (after.revision, times(after)) == (before.revision, times(before))
    assert Booking.objects.for_org(world.northfield).count() == 1
    assert len(answers()) == 1, "one mail is answered once, however often it comes"


def test_an_update_changes_times_but_not_what_was_changed_by_hand(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), hotel()))
    (trip,) = trips(world)
    hand_in(mail(flight(leaves="11:45", lands="22:00"), message_id="<two@x.example>"))
    assert times(trip)[0] == ("flight", "2026-12-01T11:45", "2026-12-01T22:00")
    stops = list(trip.stops.select_related("place", "to_place").order_by("seq"))
    drafts = [
        StopDraft(place=s.place, to_place=s.to_place, kind=s.kind, arrive=s.arrive_wall, depart=s.depart_wall, public_id=s.public_id)
        for s in stops
    ]
    drafts[0] = StopDraft(
        place=stops[0].place, to_place=stops[0].to_place, kind="flight", public_id=stops[0].public_id,
        arrive=datetime(2026, 12, 1, 23, 59), depart=stops[0].depart_wall,
    )  # fmt: skip
    change_trip(trip, title=trip.title, stops=drafts, by=world.bob)
    letter = hand_in(mail(flight(leaves="12:00", lands="22:30"), message_id="<three@x.example>"))
    assert codes(letter) == ["kept"]
    assert times(trip)[0] == ("flight", "2026-12-01T12:00", "2026-12-01T23:59")


def test_a_cancelled_flight_goes_and_the_last_one_takes_the_trip_along(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), hotel()))
    (trip,) = trips(world)
    letter = hand_in(mail(flight(status="Cancelled"), message_id="<two@x.example>"))
    assert codes(letter) == ["cancelled"] and [stop[0] for stop in times(trip)] == ["lodging"]
    letter = hand_in(mail(hotel(status="Cancelled"), message_id="<three@x.example>"))
    trip.refresh_from_db()
    assert codes(letter) == ["trip.cancelled"] and trip.state == Trip.State.CANCELLED


def test_a_cancellation_that_names_the_reference_alone(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), back()))
    bare = {"@context": "http://schema.org", "@type": "FlightReservation", "reservationNumber": "QX7Z9A",
            "reservationStatus": "http://schema.org/ReservationCancelled", "underName": {"@type": "Person", "name": "OKAFOR/BOB"}}  # fmt: skip
    letter = hand_in(mail(bare, message_id="<two@x.example>"))
    assert codes(letter) == ["cancelled", "trip.cancelled"]
    assert trips(world)[0].state == Trip.State.CANCELLED
    later = hand_in(mail(flight(), message_id="<three@x.example>"))
    assert codes(later) == ["waits"], "the old mail again, or a new booking: that is not ours to guess"


def test_a_cancellation_that_comes_first_keeps_the_booking_out(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(status="Cancelled")))
    letter = hand_in(mail(flight(), message_id="<two@x.example>"))
    assert codes(letter) == ["waits"] and trips(world) == []


def test_the_same_reference_on_another_day_is_asked_about(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight()))
    letter = hand_in(mail(flight(day="2026-12-03"), message_id="<two@x.example>"))
    (trip,) = trips(world)
    assert codes(letter) == ["waits"] and times(trip)[0][1] == "2026-12-01T10:15"
    assert Booking.objects.for_org(world.northfield).get().offered["action"] == "change"


def test_the_old_mail_after_the_update_does_not_turn_it_back(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight()))
    hand_in(mail(flight(leaves="11:45"), message_id="<two@x.example>"))
    letter = hand_in(mail(flight(), message_id="<three@x.example>"))
    assert codes(letter) == ["waits"] and times(trips(world)[0])[0][1] == "2026-12-01T11:45"


def test_a_booking_joins_the_trip_that_it_adjoins(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), back()))
    hand_in(mail(hotel(), message_id="<two@x.example>"))
    near = flight("7", reference="NEAR12", day="2026-12-06", origin="NBO", to="LIS", offsets=("+03:00", "+00:00"))
    hand_in(mail(near, message_id="<three@x.example>"))
    far = flight("8", reference="FAR123", day="2027-02-01")
    hand_in(mail(far, message_id="<four@x.example>"))
    first, second = trips(world)
    assert [stop[0] for stop in times(first)] == ["flight", "lodging", "flight", "flight"]
    assert [stop[1] for stop in times(second)] == ["2027-02-01T10:15"]


def test_a_trip_that_has_come_home_is_not_prolonged(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), back()))
    hand_in(mail(flight("9", reference="NEXT12", day="2026-12-11"), message_id="<two@x.example>"))
    assert len(trips(world)) == 2


def test_what_was_typed_in_already_is_not_entered_twice(world: World, hand_in: HandIn) -> None:
    typed = StopDraft(
        place=resolve("FRA"), to_place=resolve("NBO"), kind="flight",
        depart=datetime(2026, 12, 1, 10, 0), arrive=datetime(2026, 12, 1, 20, 0),
    )  # fmt: skip
    trip = register_trip(world.seat(world.bob), title="By hand", stops=[typed], by=world.bob)
    hand_in(mail(flight()))
    assert trips(world) == [trip] and times(trip) == [("flight", "2026-12-01T10:00", "2026-12-01T20:00")]
    hand_in(mail(flight(status="Cancelled"), message_id="<two@x.example>"))
    trip.refresh_from_db()
    assert trip.is_cancelled


def test_a_stop_taken_out_by_hand_stays_out(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), hotel()))
    (trip,) = trips(world)
    stay = trip.stops.select_related("place").get(kind="lodging")
    only = StopDraft(place=stay.place, kind="lodging", arrive=stay.arrive_wall, depart=stay.depart_wall, public_id=stay.public_id)
    change_trip(trip, title=trip.title, stops=[only], by=world.bob)
    letter = hand_in(mail(flight(leaves="11:45"), message_id="<two@x.example>"))
    assert codes(letter) == ["gone"] and [stop[0] for stop in times(trip)] == ["lodging"]


@pytest.mark.parametrize(
    "proof",
    [None, "dmarc=fail header.from=northfield.example.edu; dkim=pass header.d=northfield.example.edu",
     "dkim=pass header.d=evil.example", "spf=pass smtp.mailfrom=bob@evil.example", "dkim=pass header.d=example.edu"],
)  # fmt: skip
def test_a_sender_that_nothing_proves_enters_and_cancels_nothing(world: World, hand_in: HandIn, proof: str | None) -> None:
    letter = hand_in(mail(flight(), proof=proof))
    assert (letter.state, codes(letter), trips(world)) == ("needs_you", ["waits"], [])
    hand_in(mail(hotel(), message_id="<two@x.example>"))
    hand_in(mail(hotel(status="Cancelled"), proof=proof, message_id="<three@x.example>"))
    (trip,) = trips(world)
    assert not trip.is_cancelled and trip.stops.count() == 1
    assert "needs_you" not in answers()[0].message.subject and letter.public_id in answers()[0].slots["url"]


@pytest.mark.parametrize(
    "proof", ["dmarc=pass header.from=northfield.example.edu", "dkim=pass (2048-bit key) header.d=northfield.example.edu",
              "dkim=fail header.d=x.example; spf=pass smtp.mailfrom=bob@northfield.example.edu"],
)  # fmt: skip
def test_the_own_servers_word_is_believed(world: World, hand_in: HandIn, proof: str) -> None:
    assert codes(hand_in(mail(flight(), proof=proof))) == ["entered"]


def test_a_forged_word_below_the_own_servers_is_not(world: World, hand_in: HandIn) -> None:
    forged = mail(flight(), proof="dmarc=pass header.from=northfield.example.edu", authserv="mx.attacker.example")
    assert codes(hand_in(forged)) == ["waits"]
    own = b"Authentication-Results: mx.portal.example.org; dmarc=fail header.from=northfield.example.edu\r\n"
    assert codes(hand_in(own + mail(hotel(), message_id="<two@x.example>"))) == ["waits"]


def test_without_a_server_that_vouches_everything_by_mail_waits(world: World, hand_in: HandIn) -> None:
    configured.SAFECONDUCT_BOOKINGS_AUTHSERV = ""
    assert codes(hand_in(mail(flight()))) == ["waits"]


@pytest.mark.parametrize(("name", "code"), [("Carol Jones", "person.other"), ("", "person.unnamed")])
def test_another_persons_booking_waits(world: World, hand_in: HandIn, name: str, code: str) -> None:
    letter = hand_in(mail(flight(name=name)))
    row = Booking.objects.for_org(world.northfield).get()
    assert codes(letter) == ["waits"] and code in str(row.offered)


def test_somebody_unknown_changes_nothing_and_hears_once_a_day(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight()))
    (trip,) = trips(world)
    proof = "dmarc=pass header.from=else.example"
    for number in range(3):
        data = mail(flight(status="Cancelled"), sender="eve@else.example", proof=proof, message_id=f"<{number}@else.example>")
        letter = hand_in(data)
        assert (letter.state, letter.reason, letter.raw, letter.user) == ("ignored", "sender", None, None)
    trip.refresh_from_db()
    assert not trip.is_cancelled and times(trip)[0][1] == "2026-12-01T10:15"
    told = [one for one in answers() if one.address == "eve@else.example"]
    assert len(told) == 1 and told[0].message.kind == "booking.stranger" and told[0].slots == {}


def test_an_address_that_is_not_verified_is_unknown(world: World, hand_in: HandIn) -> None:
    EmailAddress.objects.create(user=world.bob, email="bob@home.example", verified=False)
    data = mail(flight(), sender="bob@home.example", proof="dmarc=pass header.from=home.example")
    assert hand_in(data).reason == "sender"
    EmailAddress.objects.filter(email="bob@home.example").update(verified=True)
    data = mail(flight(), sender="Bob@Home.example", proof="dmarc=pass header.from=home.example")
    assert codes(hand_in(data)) == ["entered"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({"Auto_Submitted": "auto-replied"}, "auto"), ({"Precedence": "bulk"}, "auto"), ({"List_Id": "<l.example>"}, "list"),
     ({"Return_Path": "<>"}, "bounce")],
)  # fmt: skip
def test_machines_get_no_answer(world: World, hand_in: HandIn, headers: dict[str, str], reason: str) -> None:
    letter = hand_in(mail(flight(), **headers))
    assert (letter.state, letter.reason) == ("ignored", reason) and answers() == [] and trips(world) == []


def test_our_own_answer_that_comes_back_is_known(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight()))
    (answer,) = answers()
    assert hand_in(mail(message_id=answer.rfc_message_id)).reason == "loop"
    assert hand_in(mail(message_id="<b@x.example>", X_Loop=answer.message.headers["X-Loop"])).reason == "loop"
    assert hand_in(mail(message_id="<c@x.example>", In_Reply_To=answer.rfc_message_id)).reason == "loop"
    assert len(answers()) == 1


def test_in_several_organisations_the_person_says_which(world: World, hand_in: HandIn) -> None:
    from safeconduct.orgs.models import Programme

    join(world.bob, Programme.objects.for_org(world.southgate)[0])
    letter = hand_in(mail(flight()))
    assert (letter.state, letter.reason, letter.organisation_id) == ("needs_you", "organisation", None)
    assert trips(world) == []


def test_a_mail_without_a_booking_is_answered_with_why(world: World, hand_in: HandIn) -> None:
    letter = hand_in(mail())
    assert (letter.state, letter.reason) == ("failed", "nothing")
    assert answers()[0].slots["why"] == "No booking was found in it"
    assert letter.raw is not None, "what could not be read is kept for a while"


def test_two_bookings_never_share_one_stop(world: World, hand_in: HandIn) -> None:
    hand_in(mail(hotel()))
    assert codes(hand_in(mail(hotel(reference="H-2"), message_id="<two@x.example>"))) == ["entered"]
    (trip,) = trips(world)
    rows = list(Booking.objects.for_org(world.northfield))
    assert len({row.stop_id for row in rows}) == 2 == trip.stops.count()
    assert codes(hand_in(mail(hotel(status="Cancelled"), message_id="<three@x.example>"))) == ["cancelled"]
    trip.refresh_from_db()
    left = Booking.objects.for_org(world.northfield).get(state="entered")
    assert not trip.is_cancelled and left.reference == "H-2" and list(trip.stops.all()) == [left.stop]


def test_one_stop_typed_in_is_of_the_first_of_two_bookings(world: World, hand_in: HandIn) -> None:
    hand_in(mail(hotel()))
    (trip,) = trips(world)
    one = reservation_of(Booking.objects.for_org(world.northfield).get().said)
    Booking.objects.for_org(world.northfield).all().delete()
    made = stop_of(one)
    assert made.draft is not None
    rows = [Booking(organisation=world.northfield, user=world.bob) for _ in range(2)]
    for row in rows:
        intotrips.note(row, one, row.made_at)
        row.save()
    items = [intotrips.Item(row, one, made.draft, made.said) for row in rows]
    assert intotrips.enter(world.seat(world.bob), items, by=None) == {}
    assert trips(world) == [trip] and trip.stops.count() == 2
    assert len(set(Booking.objects.for_org(world.northfield).values_list("stop_id", flat=True))) == 2


def test_a_stop_that_two_bookings_have_stays_for_the_other(world: World, hand_in: HandIn) -> None:
    hand_in(mail(hotel()))
    hand_in(mail(hotel(reference="H-2"), message_id="<h@x.example>"))
    first, second = Booking.objects.for_org(world.northfield).order_by("pk")
    (trip,) = trips(world)
    # As rows written before two could not share one.
    stays = drafts_of([stop for stop in trip.stops.select_related("place", "to_place") if stop == first.stop])
    change_trip(trip, title=trip.title, stops=stays, by=world.bob)
    Booking.objects.for_org(world.northfield).filter(pk=second.pk).update(stop=first.stop)
    hand_in(mail(hotel(status="Cancelled"), message_id="<two@x.example>"))
    trip.refresh_from_db()
    assert not trip.is_cancelled and trip.stops.count() == 1
    hand_in(mail(hotel(reference="H-2", status="Cancelled"), message_id="<three@x.example>"))
    trip.refresh_from_db()
    assert trip.is_cancelled


def test_two_changes_of_one_trip_in_one_document(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), back()))
    letter = hand_in(mail(flight(leaves="11:45"), back(leaves="10:15"), message_id="<two@x.example>"))
    (trip,) = trips(world)
    assert codes(letter) == ["changed", "changed"]
    assert [stop[1] for stop in times(trip)] == ["2026-12-01T11:45", "2026-12-10T10:15"]


def test_a_change_whose_stop_goes_meanwhile_changes_nothing(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), hotel()))
    (trip,) = trips(world)
    row = Booking.objects.for_org(world.northfield).select_related("trip__organisation", "stop").get(kind="FlightReservation")
    assert row.stop is not None
    stays = drafts_of(list(trip.stops.select_related("place", "to_place").exclude(pk=row.stop.pk)))
    change_trip(trip, title="By hand", stops=stays, by=world.bob)
    one = reservation_of(row.said)
    assert intotrips.change(row, one, {**row.came_as, "depart_local": "2026-12-01T11:45"}, {}, by=None) == "gone"
    assert intotrips.take_out(row, by=None) == "cancelled"
    trip.refresh_from_db()
    assert trip.title == "By hand" and [stop[0] for stop in times(trip)] == ["lodging"]


def test_what_nothing_proves_replaces_nothing_that_waits(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(name="Carol Jones")))
    row = Booking.objects.for_org(world.northfield).get()
    forged = hand_in(mail(flight(leaves="11:45"), proof=None, message_id="<f1@x.example>"))
    called_off = hand_in(mail(flight(status="Cancelled"), proof=None, message_id="<f2@x.example>"))
    assert codes(forged) == codes(called_off) == ["unproved"]
    now = Booking.objects.for_org(world.northfield).get()
    assert (now.said, now.offered, now.state) == (row.said, row.offered, "waiting")


def test_a_doubtful_cancellation_of_what_waits_leaves_the_question_open(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(name="Carol Jones")))
    hand_in(mail(flight(status="Cancelled", name="Carol Jones"), message_id="<c@northfield.example.edu>"))
    row = Booking.objects.for_org(world.northfield).get()
    assert row.state == "waiting" and row.offered["action"] == "enter" and "was.cancelled" in str(row.offered)


def test_what_nothing_proves_and_makes_no_stop_is_not_kept(world: World, hand_in: HandIn) -> None:
    old = flight(day="2026-10-01", number="9")
    assert codes(hand_in(mail(old, proof=None))) == ["unproved"]
    assert not Booking.objects.for_org(world.northfield).exists()
    assert codes(hand_in(mail(old, message_id="<two@northfield.example.edu>"))) == ["over"]


def test_an_answer_repeats_no_words_of_a_sender_whom_nothing_proves(world: World, hand_in: HandIn) -> None:
    hand_in(mail(flight(), proof="dmarc=fail header.from=northfield.example.edu"))
    (answer,) = answers()
    assert answer.slots["lines"] == answer.slots["why"] == "" and "/trips/bookings/" in answer.slots["url"]
