"""Registering, changing, cancelling: the rows that matching reads, one transaction each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from safeconduct.accounts.actions import erase_user, export_personal_data
from safeconduct.audit.models import Entry
from safeconduct.lib import clock, geo
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.models import Membership, UnscopedQuery
from safeconduct.places.models import Place
from safeconduct.trips import actions, hooks, queries
from safeconduct.trips.access import access_stop, access_trip
from safeconduct.trips.actions import cancel_trip, change_trip, mute_mail, register_trip, unmute_mail
from safeconduct.trips.drafts import StopRefused
from safeconduct.trips.models import Stay, Stop, Trip
from tests.conftest import World
from tests.trips.conftest import Draft

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(NOW):
        yield


def stays(trip: Trip) -> list[Stay]:
    return list(trip.stays.order_by("from_at", "id"))


def actions_of(trip: Trip) -> list[str]:
    return list(Entry.objects.filter(subject_id=trip.public_id).order_by("id").values_list("action", flat=True))


def test_a_city_stay_is_a_disc_by_population(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    trip = register_trip(
        seat, title="Fieldwork", stops=[draft("geonames:2867714", "2026-11-22T14:00", "2026-11-25T10:00")], by=world.bob
    )
    (stay,) = stays(trip)
    assert (stay.extent_kind, stay.country_code, stay.label) == ("city", "DE", "Munich")
    assert 5 <= (stay.radius_km or 0) <= 30
    assert stay.from_at == datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert stay.to_at == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert stay.organisation_id == world.northfield.pk and stay.user_id == world.bob.pk
    shape = geo.from_wkb(stay.geometry or b"")
    assert geo.bbox(shape) == pytest.approx((stay.west, stay.south, stay.east, stay.north))
    assert geo.distance_to_km(shape, stay.lon, stay.lat) == 0
    assert (trip.revision, trip.starts_at, trip.ends_at) == (1, stay.from_at, stay.to_at)
    assert actions_of(trip) == ["trip.registered"]


def test_an_address_with_a_position_is_200_metres(world: World, draft: Draft) -> None:
    stop = draft("geonames:2867714", "2026-11-22T14:00", address="Marienplatz 1", lat=48.137, lon=11.575)
    (stay,) = stays(register_trip(world.seat(world.bob), title="", stops=[stop], by=world.bob))
    assert (stay.extent_kind, stay.radius_km, stay.label) == ("address", 0.2, "Marienplatz 1, Munich")
    assert stay.north - stay.south < 0.005


def test_an_address_without_a_position_is_its_city(world: World, draft: Draft) -> None:
    stop = draft("geonames:2867714", "2026-11-22T14:00", address="Marienplatz 1")
    (stay,) = stays(register_trip(world.seat(world.bob), title="", stops=[stop], by=world.bob))
    assert (stay.extent_kind, stay.label) == ("city", "Marienplatz 1, Munich")
    assert (stay.radius_km or 0) > 5


def test_somewhere_in_a_country_has_the_country_and_its_box(world: World, draft: Draft) -> None:
    trip = register_trip(
        world.seat(world.bob), title="", stops=[draft("iso:KE", "2026-12-01T00:00", "2026-12-20T23:59")], by=None
    )
    (stay,) = stays(trip)
    assert (stay.extent_kind, stay.country_code, stay.geometry, stay.radius_km) == ("country", "KE", None, None)
    assert stay.west < 34.5 and stay.east > 41 and stay.south < -4 and stay.north > 4
    assert stay.from_at == datetime(2026, 11, 30, 21, 0, tzinfo=UTC)


def test_a_leg_is_two_stays(world: World, draft: Draft) -> None:
    leg = draft("iata:JFK", "2026-11-26T10:00", "2026-11-25T20:00", kind="flight", to="iata:NBO")
    here, there = stays(register_trip(world.seat(world.bob), title="", stops=[leg], by=world.bob))
    assert (here.extent_kind, here.country_code, there.country_code) == ("airport", "US", "KE")
    assert here.to_at == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert there.from_at == datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lat", "lon", "country"),
    [(-16.85, 179.99, "FJ"), (-16.78, -179.98, "FJ"), (68.97, 179.9, "RU"), (66.5, -179.9, "RU")],
)
def test_a_city_at_the_antimeridian_is_cut_there(
    world: World, draft: Draft, lat: float, lon: float, country: str
) -> None:
    """Taveuni and Chukotka: the disc lies on both sides of 180 degrees."""
    edge = Place.objects.create(
        key=f"geonames:test{lat}", kind="city", code="x", name="Edge", country_code=country,
        lat=lat, lon=lon, population=500_000, zone="Pacific/Fiji" if country == "FJ" else "Asia/Anadyr",
    )  # fmt: skip
    trip = register_trip(
        world.seat(world.bob), title="", stops=[draft(edge.key, "2026-12-01T00:00", "2026-12-03T00:00")], by=None
    )
    (stay,) = stays(trip)
    shape = geo.from_wkb(stay.geometry or b"")
    assert shape.geom_type == "MultiPolygon"
    assert (stay.west, stay.east) == (-180, 180)
    for side in (lon, lon + 0.05, lon - 0.05):
        wrapped = side - 360 if side > 180 else side + 360 if side < -180 else side
        assert geo.distance_to_km(shape, wrapped, lat) == 0


def test_suva_stays_on_its_side(world: World, draft: Draft) -> None:
    (stay,) = stays(register_trip(world.seat(world.bob), title="", stops=[draft("Suva", "2026-12-01T00:00")], by=None))
    assert 177 < stay.west < stay.east < 180


def test_an_open_end_is_kept_open(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-11-20T00:00")], by=None)
    (stay,) = stays(trip)
    assert trip.ends_at is None and stay.is_open_end
    assert stay.to_at - stay.from_at == timedelta(days=365)
    assert [one.pk for one in queries.trips_under_way(world.bob)] == [trip.pk]
    assert queries.stay_now(world.bob) == stay


def test_a_gap_is_materialised_uncertain_on_both_sides(world: World, draft: Draft) -> None:
    trip = register_trip(
        world.seat(world.bob),
        title="",
        stops=[
            draft("Manila", "2026-11-20T00:00", "2026-11-23T00:00"),
            draft("Cebu City", "2026-11-25T12:00", "2026-11-28T00:00"),
        ],
        by=None,
    )
    assert [(one.label, one.certain) for one in stays(trip)] == [
        ("Manila", True), ("Manila", False), ("Cebu City", False), ("Cebu City", True),
    ]  # fmt: skip


def test_changing_keeps_named_stops_and_writes_stays_anew(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    trip = register_trip(
        seat,
        title="Two towns",
        stops=[
            draft("Nairobi", "2026-12-01T10:00", "2026-12-03T10:00"),
            draft("Mombasa", "2026-12-03T14:00", "2026-12-05T10:00"),
        ],
        by=world.bob,
    )
    first, second = queries.stops_of(trip)
    changed = change_trip(
        trip,
        title="Two towns",
        stops=[
            draft("Mombasa", "2026-12-03T14:00", "2026-12-09T10:00", public_id=second.public_id),
            draft("Kisumu", "2026-12-01T10:00", "2026-12-03T10:00"),
        ],
        by=world.bob,
        revision=1,
    )
    kept = queries.stops_of(changed)
    assert [stop.place.name for stop in kept] == ["Kisumu", "Mombasa"]
    assert kept[1].public_id == second.public_id and kept[0].public_id != first.public_id
    assert changed.revision == 2 and changed.ends_at == datetime(2026, 12, 9, 7, 0, tzinfo=UTC)
    assert {one.label for one in stays(changed)} == {"Kisumu", "Mombasa"}
    assert actions_of(trip) == ["trip.registered", "trip.changed"]


def test_changing_nothing_changes_nothing_and_a_name_alone_is_no_revision(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    stop = draft("Nairobi", "2026-12-01T10:00", "2026-12-03T10:00")
    trip = register_trip(seat, title="Old name", stops=[stop], by=world.bob)
    before = [one.pk for one in stays(trip)]
    assert change_trip(trip, title="Old name", stops=[stop], by=world.bob, revision=1).revision == 1
    renamed = change_trip(trip, title="New name", stops=[stop], by=world.bob, revision=1)
    assert (renamed.title, renamed.revision, [one.pk for one in stays(trip)]) == ("New name", 1, before)


def test_a_change_on_top_of_anothers_change_is_refused(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-12-01T10:00")], by=world.bob)
    change_trip(trip, title="", stops=[draft("Mombasa", "2026-12-01T10:00")], by=world.bob, revision=1)
    with pytest.raises(Refused) as refused:
        change_trip(trip, title="", stops=[draft("Kisumu", "2026-12-01T10:00")], by=world.bob, revision=1)
    assert refused.value.code == "trip.changed_meanwhile"


def test_cancelling_removes_the_stays_once(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-11-20T10:00")], by=world.bob)
    cancelled = cancel_trip(trip, by=world.bob)
    assert cancelled.is_cancelled and stays(trip) == [] and cancelled.revision == 2
    assert cancel_trip(trip, by=world.bob).revision == 2
    assert actions_of(trip) == ["trip.registered", "trip.cancelled"]
    assert queries.trips_under_way(world.bob) == []
    with pytest.raises(Refused):
        change_trip(trip, title="", stops=[draft("Mombasa", "2026-12-01T10:00")], by=world.bob)


def test_muting_is_about_one_trip_and_no_revision(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    trip = register_trip(seat, title="One", stops=[draft("Nairobi", "2026-11-20T10:00")], by=world.bob)
    other = register_trip(seat, title="Two", stops=[draft("Nairobi", "2026-12-20T10:00")], by=world.bob)
    muted = mute_mail(trip, by=None)
    assert muted.is_mail_muted and muted.revision == 1
    other.refresh_from_db()
    assert not other.is_mail_muted
    mute_mail(trip, by=None)
    assert not unmute_mail(trip, by=world.bob).is_mail_muted
    assert actions_of(trip) == ["trip.registered", "trip.mail_muted", "trip.mail_unmuted"]


def test_the_same_form_makes_one_trip(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    stops = [draft("Nairobi", "2026-12-01T10:00")]
    first = register_trip(seat, title="A", stops=stops, by=world.bob, form_token="t1")
    again = register_trip(seat, title="A", stops=stops, by=world.bob, form_token="t1")
    assert first.pk == again.pk and Trip.objects.of_user(world.bob).count() == 1
    # Another person's form may carry the same token; it is theirs.
    theirs = register_trip(world.seat(world.dana), title="A", stops=stops, by=world.dana, form_token="t1")
    assert theirs.pk != first.pk


def test_the_same_form_at_the_same_moment_makes_one_trip(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both requests looked before either wrote: the database lets one through."""
    seat, stops = world.seat(world.bob), [draft("Nairobi", "2026-12-01T10:00")]
    first = register_trip(seat, title="A", stops=stops, by=world.bob, form_token="t1")
    looked: list[str] = []
    look = actions._from_form

    def late(*args: Any) -> Trip | None:
        looked.append("")
        return None if len(looked) == 1 else look(*args)

    monkeypatch.setattr(actions, "_from_form", late)
    assert register_trip(seat, title="A", stops=stops, by=world.bob, form_token="t1").pk == first.pk
    assert (Trip.objects.of_user(world.bob).count(), len(stays(first)), len(looked)) == (1, 1, 2)


def test_after_the_membership_no_new_trips_and_old_ones_stay(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-11-20T10:00")], by=world.bob)
    membership = Membership.objects.of_user(world.bob)[0]
    membership.ends_on = date(2026, 11, 22)
    membership.save()
    seat = world.seat(world.bob)
    with pytest.raises(Refused) as refused:
        register_trip(seat, title="", stops=[draft("Mombasa", "2026-12-01T10:00")], by=world.bob)
    assert refused.value.code == "membership.ended"
    assert [one.pk for one in queries.trips_under_way(world.bob)] == [trip.pk]
    assert access_trip(seat, trip.public_id).pk == trip.pk


def test_after_the_membership_an_old_trip_does_not_become_a_new_one(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    over = [draft("Lisbon", "2026-11-01T10:00", "2026-11-03T10:00")]
    past = register_trip(seat, title="Past", stops=over, by=world.bob)
    now = register_trip(seat, title="Now", stops=[draft("Nairobi", "2026-11-20T10:00")], by=world.bob)
    Membership.objects.of_user(world.bob).update(ends_on=date(2026, 11, 21))
    later = [draft("Mombasa", "2027-01-10T10:00", "2027-01-12T10:00")]
    with pytest.raises(Refused) as refused:
        change_trip(past, title="Past", stops=later, by=world.bob)
    assert refused.value.code == "membership.ended"
    assert change_trip(past, title="Renamed", stops=over, by=world.bob).title == "Renamed"
    home = [draft("Nairobi", "2026-11-20T10:00", "2026-11-25T10:00")]
    assert change_trip(now, title="Now", stops=home, by=world.bob).ends_at is not None


@pytest.mark.parametrize(
    ("stop", "code", "field"),
    [
        (("Munich", "2026-11-25T10:00", "2026-11-22T14:00", {}), "stop.ends_before_start", "depart"),
        (("Munich", "1926-11-25T10:00", "", {}), "stop.year", "arrive"),
        (("Munich", "2026-11-25T10:00", "", {"kind": "flight"}), "stop.no_destination", "to_place"),
        (("Munich", "2026-11-25T10:00", "", {"kind": "flight", "to": "iata:NBO"}), "stop.no_departure", "depart"),
        (
            ("iata:JFK", "2026-11-25T10:00", "2026-11-25T09:00", {"kind": "flight", "to": "iata:NBO"}),
            "stop.ends_before_start",
            "arrive",
        ),
        (("Munich", "2026-11-25T10:00", "", {"lat": 11.575, "lon": 48.137}), "stop.far_position", "lat"),
        (("Munich", "2026-11-25T10:00", "", {"lat": 48.137}), "stop.half_position", "lat"),
        (("Munich", "2026-11-25T10:00", "", {"address": "x" * 301}), "stop.address_too_long", "address"),
        (("Munich", "2026-11-25T10:00", "", {"kind": "balloon"}), "stop.kind", "kind"),
    ],
)
def test_what_is_no_stop_is_refused_by_field(
    world: World, draft: Draft, stop: tuple[str, str, str, dict[str, Any]], code: str, field: str
) -> None:
    where, arrive, depart, more = stop
    with pytest.raises(StopRefused) as refused:
        register_trip(
            world.seat(world.bob), title="",
            stops=[draft("Nairobi", "2026-12-01T10:00"), draft(where, arrive, depart, **more)], by=world.bob,
        )  # fmt: skip
    assert (refused.value.code, refused.value.field, refused.value.index) == (code, field, 1)
    assert Trip.objects.of_user(world.bob).count() == 0


def test_a_flight_over_the_date_line_may_arrive_earlier_by_the_clock(world: World, draft: Draft) -> None:
    leg = draft("iata:NRT", "2026-11-25T10:00", "2026-11-25T17:00", kind="flight", to="iata:LAX")
    trip = register_trip(world.seat(world.bob), title="", stops=[leg], by=world.bob)
    assert trip.starts_at < (trip.ends_at or trip.starts_at)


def test_no_stops_and_too_many_and_long_names_are_refused(world: World, draft: Draft) -> None:
    seat, stop = world.seat(world.bob), draft("Nairobi", "2026-12-01T10:00")
    for stops, title, code in [
        ([], "", "trip.no_stops"),
        ([stop] * 61, "", "trip.too_many_stops"),
        ([stop], "x" * 300, "trip.title_too_long"),
    ]:
        with pytest.raises(Refused) as refused:
            register_trip(seat, title=title, stops=stops, by=world.bob)
        assert refused.value.code == code


def test_doors(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-12-01T10:00")], by=world.bob)
    stop = queries.stops_of(trip)[0]
    assert access_trip(world.seat(world.bob), trip.public_id).pk == trip.pk
    assert access_trip(world.seat(world.alice), trip.public_id, "trips.view").pk == trip.pk
    assert access_stop(world.seat(world.bob), stop.public_id).pk == stop.pk
    for user, right in [
        (world.alice, "trips.own"), (world.bob, "trips.view"), (world.dana, "trips.own"), (world.dana, "trips.view"),
        (world.alice, "people.view"),
    ]:  # fmt: skip
        with pytest.raises(NotFound):
            access_trip(world.seat(user), trip.public_id, right)
        with pytest.raises(NotFound):
            access_stop(world.seat(user), stop.public_id, right)


def test_unscoped_reads_raise(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.bob), title="", stops=[draft("Nairobi", "2026-12-01T10:00")], by=world.bob)
    for model in (Trip, Stop, Stay):
        with pytest.raises(UnscopedQuery):
            list(model.objects.all())
    assert trip.stops.count() == 1 and trip.stays.count() == 1


def test_rows_of_a_trip_are_of_one_organisation(world: World, draft: Draft) -> None:
    trip = register_trip(world.seat(world.dana), title="", stops=[draft("Nairobi", "2026-12-01T10:00")], by=None)
    rows = [trip.membership, *trip.stops.all(), *trip.stays.all()]
    assert {row.organisation_id for row in rows} == {world.southgate.pk}


def test_a_person_gets_their_trips_and_takes_them_along(world: World, draft: Draft) -> None:
    stop = draft("Nairobi", "2026-12-01T10:00", note="Ask for Grace")
    register_trip(world.seat(world.bob), title="Mine", stops=[stop], by=world.bob)
    register_trip(world.seat(world.alice), title="Hers", stops=[stop], by=world.alice)
    (trip,) = export_personal_data(world.bob)["trips"]["trips"]
    assert (trip["title"], trip["stops"][0]["place"], trip["stops"][0]["note"]) == ("Mine", "Nairobi", "Ask for Grace")
    erase_user(world.bob, by=world.bob)
    assert [one.title for one in Trip.objects.for_org(world.northfield)] == ["Hers"]
    assert Stay.objects.for_org(world.northfield).count() == 1


def test_managers_see_their_own_organisation(world: World, draft: Draft) -> None:
    here = draft("Nairobi", "2026-11-20T10:00", "2026-11-30T10:00")
    register_trip(world.seat(world.bob), title="Field season", stops=[here], by=world.bob)
    register_trip(world.seat(world.dana), title="Other", stops=[here], by=world.dana)
    leg = draft("iata:LHR", "2026-11-24T20:00", "2026-11-24T08:00", kind="flight", to="iata:NBO")
    register_trip(world.seat(world.alice), title="Visit", stops=[leg], by=world.alice)
    seat = world.seat(world.alice)
    assert [trip.title for trip in queries.trips_of_organisation(seat, state="under_way")] == ["Field season", "Visit"]
    assert [trip.title for trip in queries.trips_of_organisation(seat, words="okafor nairobi")] == ["Field season"]
    located = queries.who_is_where(seat)
    assert [(one.user.pk, one.is_on_the_way) for one in located] == [(world.alice.pk, True), (world.bob.pk, False)]
    for ask in (queries.trips_of_organisation, queries.who_is_where):
        with pytest.raises(NotFound):
            ask(world.seat(world.bob))


def test_home_tickets_ask_few_questions(
    world: World, draft: Draft, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "concerns", None)
    seat = world.seat(world.bob)
    for month in (1, 2, 3):
        stops = [
            draft("Nairobi", f"2027-0{month}-01T10:00", f"2027-0{month}-03T10:00"),
            draft("Mombasa", f"2027-0{month}-08T10:00", f"2027-0{month}-09T10:00"),
        ]
        register_trip(seat, title=f"Trip {month}", stops=stops, by=world.bob)
    register_trip(seat, title="Over", stops=[draft("Nairobi", "2026-01-01T10:00", "2026-01-02T10:00")], by=world.bob)
    with django_assert_max_num_queries(2):
        tickets = queries.home_trips(seat)
    assert [ticket.name for ticket in tickets] == ["Trip 1", "Trip 2", "Trip 3"]
    assert tickets[0].status == "In 38 days" and tickets[0].gaps == 1
    assert [point.name for point in tickets[0].places] == ["Nairobi", "Mombasa"]
    assert tickets[0].next_line == "Fri 1 Jan 2027, 10:00 (UTC+3): arrive in Nairobi"


def test_a_town_and_its_airport_are_one_point_of_a_ticket(world: World, draft: Draft) -> None:
    stops = [
        draft("iata:LHR", "2027-01-02T08:00", "2027-01-01T20:00", kind="flight", to="iata:NBO"),
        draft("Nairobi", "2027-01-02T10:00", "2027-01-05T10:00"),
        draft("iata:NBO", "2027-01-05T14:00", "2027-01-05T13:00", kind="flight", to="Kisumu"),
    ]
    register_trip(world.seat(world.bob), title="", stops=stops, by=None)
    (ticket,) = queries.home_trips(world.seat(world.bob))
    assert [(point.code, point.name) for point in ticket.places] == [
        ("LHR", "London Heathrow"), ("NBO", "Nairobi"), ("KE", "Kisumu"),
    ]  # fmt: skip


def test_days_are_counted_where_the_traveller_is(world: World, draft: Draft) -> None:
    seat = world.seat(world.bob)
    stops = [draft("iso:JP", "2026-11-20T09:00", "2026-11-30T09:00")]
    register_trip(seat, title="Japan", stops=stops, by=world.bob)
    with clock.held_at(datetime(2026, 11, 24, 15, 30, tzinfo=UTC)):  # already the 25th in Japan
        assert queries.home_trips(seat)[0].status == "Under way, day 6 of 11"


def test_stay_indexes_exist() -> None:
    names = {index.name for index in Stay._meta.indexes}
    assert {"stay_when_where", "stay_country_when"} <= names
    assert connection.vendor in ("sqlite", "postgresql")
