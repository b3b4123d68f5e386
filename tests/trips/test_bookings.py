"""What the readers of bookings make of texts: years, dates, zones, names of types, and several findings of one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.trips.bookings import bcbp, model, schema
from safeconduct.trips.bookings.calendars import iana
from safeconduct.trips.bookings.clocks import Clock
from safeconduct.trips.bookings.containers import read_document
from safeconduct.trips.bookings.markup import Broken, lenient_json, marked_up
from safeconduct.trips.bookings.merging import merged
from safeconduct.trips.bookings.model import Found, Moment, Problem, Provider, Reservation, Spot
from safeconduct.trips.bookings.reading import interpreted
from safeconduct.trips.bookings.settling import settled
from safeconduct.trips.bookings.written import written
from tests.trips.documents import BOARDING_PASS, html_with, mail
from tests.trips.shipped_atlas import shipped_atlas

TODAY = date(2026, 11, 24)


def flight(**changes: Any) -> dict[str, Any]:
    """A flight in schema.org's words that nothing is wrong with."""
    thing = {
        "@type": "Flight", "flightNumber": "815", "airline": {"iataCode": "AF"},
        "departureAirport": {"iataCode": "NBO"}, "departureTime": "2027-01-22T23:10:00+03:00",
        "arrivalAirport": {"iataCode": "CDG"}, "arrivalTime": "2027-01-23T06:05:00+01:00",
    }  # fmt: skip
    return {"@type": "FlightReservation", "reservationNumber": "ZX9KQ2", "reservationFor": thing | changes}


def read(node: dict[str, Any], reader: str = "json-ld", context: date | None = TODAY) -> Reservation:
    found = settled(Found(reader, node), shipped_atlas(), context)
    assert found is not None
    return found


def codes(one: Reservation) -> set[str]:
    return {problem.code for problem in one.problems}


def one_of(*found: Reservation) -> Reservation:
    (single,) = merged(found)
    return single


# Boarding passes.

letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)


@given(
    st.lists(
        st.tuples(letters, letters, st.integers(1, 9999), st.integers(1, 366), st.sampled_from(["AF", "9W", "EZY"])),
        min_size=1, max_size=4,
    ),
    st.text("ABCDEFGHIJ ", min_size=1, max_size=9).map(lambda text: f"A{text.strip()}"),
    st.text("0123456789", max_size=30),
)  # fmt: skip
def test_pass_is_read_back_as_it_was_written(
    legs: list[tuple[str, str, int, int, str]], name: str, rest: str
) -> None:
    conditional = f">60B1WW6001B{rest}" if rest else ""
    text = f"M{len(legs)}{f'{name}/JANE'[:20]:20}E"
    for origin, destination, number, day, carrier in legs:
        text += f"{'ZX9KQ2':7}{origin}{destination}{carrier:3}{number:04d} {day:03d}Y014C0042 1{len(conditional):02X}{conditional}"
    found = bcbp.parse(text)
    assert found is not None and found.family_name == name.strip()
    assert [
        (leg.origin, leg.destination, int(leg.flight), leg.day, leg.carrier) for leg in found.legs
    ] == legs
    assert found.issued == ((6, 1) if rest else None)
    assert [one.legs for one in bcbp.passes_in(f"see\n{text}\nbye")] == [found.legs]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_passes(text: str) -> None:
    bcbp.parse(f"M1{text}")
    assert all(one.legs for one in bcbp.passes_in(text))


@pytest.mark.parametrize(
    ("day", "issued", "context", "expected", "doubt"),
    [
        (326, (6, 325), TODAY, date(2026, 11, 22), ""),
        (2, (6, 364), date(2026, 12, 30), date(2027, 1, 2), ""),
        (326, (1, 325), date(2018, 4, 2), date(2011, 11, 22), "year.inferred"),
        (20, None, TODAY, date(2027, 1, 20), "year.inferred"),
        (325, None, TODAY, date(2026, 11, 21), "year.inferred"),
        (366, None, TODAY, date(2028, 12, 31), "year.inferred"),
        (326, None, None, None, "year.missing"),
        (326, (6, 325), None, None, "year.missing"),
    ],
)
def test_year_of_a_pass(
    day: int, issued: tuple[int, int] | None, context: date | None, expected: date | None, doubt: str
) -> None:
    leg = bcbp.Leg("ZX9KQ2", "NBO", "CDG", "AF", "815", day)
    ((on, notes),) = bcbp.days_of(bcbp.Pass("ROE", "JANE", (leg,), issued, ""), context)
    assert on == expected and {note.code for note in notes} == ({doubt} if doubt else set())


def test_a_later_flight_of_a_pass_is_not_before_the_first() -> None:
    legs = tuple(bcbp.Leg("ZX9KQ2", "NBO", "CDG", "AF", "815", day) for day in (365, 1))
    days = bcbp.days_of(bcbp.Pass("ROE", "JANE", legs, (6, 360), ""), date(2026, 12, 28))
    assert [on for on, _notes in days] == [date(2026, 12, 31), date(2027, 1, 1)]


def test_ticket_in_the_mark_up_settles_day_and_month() -> None:
    token = f"aztecCode:{BOARDING_PASS.replace('326Y', '035Y')}"
    node = flight(departureTime="02-04-2027 23:10", arrivalTime="02-05-2027 06:05") | {"ticketToken": token}
    assert read(node).is_sure and read(node).starts == Moment(
        date(2027, 2, 4), time(23, 10), "Africa/Nairobi", 180
    )
    del node["ticketToken"]
    assert "date.order" in codes(read(node))


def test_ticket_of_another_flight_or_day_is_a_problem() -> None:
    assert "ticket.differs" in codes(
        read(flight() | {"ticketToken": f"qrCode:{BOARDING_PASS.replace('0815', '0816')}"})
    )
    assert "dates.differ" in codes(read(flight() | {"ticketToken": f"qrCode:{BOARDING_PASS}"}))


# Dates and clocks.


@pytest.mark.parametrize(
    ("text", "days", "at", "offset"),
    [
        ("2017-06-15T14:00:00+0:00", ["2017-06-15"], "14:00", 0),
        ("2017-06-15T14:00:00.000-08:30", ["2017-06-15"], "14:00", -510),
        ("20270304T201500Z", ["2027-03-04"], "20:15", 0),
        ("2027-03-04 20:15", ["2027-03-04"], "20:15", None),
        ("2027/03/04", ["2027-03-04"], None, None),
        ("2027-12-31T24:00", ["2028-01-01"], "00:00", None),
        ("02-04-2018 20:40", ["2018-04-02", "2018-02-04"], "20:40", None),
        ("13/04/2018", ["2018-04-13"], None, None),
        ("04/13/2018 8:05 PM", ["2018-04-13"], "20:05", None),
        ("02.02.2018", ["2018-02-02"], None, None),
        ("WED., DEC 09, 2025, 6:00 PM", ["2025-12-09"], "18:00", None),
        ("24Oct17", ["2017-10-24"], None, None),
        ("12:30 am", [], "00:30", None),
        ("31 Feb 2027", [], None, None),
        ("2027-13-01", [], None, None),
        ("2027-01-01T25:00", [], None, None),
        ("tomorrow", [], None, None),
    ],
)  # fmt: skip
def test_written_dates(text: str, days: list[str], at: str | None, offset: int | None) -> None:
    said = written(text)
    assert said is not None
    assert [day.isoformat() for day in said.days] == days and said.offset == offset
    assert (said.at.isoformat("minutes") if said.at else None) == at


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_of_dates(text: str) -> None:
    clock = Clock("startDate", {"Europe/Paris"}, TODAY)
    moment = clock.moment(written(text))
    assert moment is not None or clock.problems or not text.strip()


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),
    st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kolkata"]),
)
def test_local_time_is_kept_and_sure_unless_the_clocks_say_otherwise(at: datetime, zone: str) -> None:
    at = at.replace(second=0, microsecond=0)
    clock = Clock("startDate", {zone})
    moment = clock.moment(written(at.isoformat()))
    assert moment is not None and moment.local == at and moment.zone == zone
    assert (moment.offset is None) == bool(clock.problems)
    assert {problem.code for problem in clock.problems} <= {"time.skipped", "time.twice"}


def test_an_offset_tells_the_hour_that_comes_twice() -> None:
    for offset in (120, 60):
        clock = Clock("startDate", {"Europe/Berlin"})
        moment = clock.moment(written(f"2027-10-31T02:30:00+0{offset // 60}:00"))
        assert moment is not None and moment.offset == offset and not clock.problems


def test_an_instant_is_shown_in_the_clock_of_the_place() -> None:
    clock = Clock("startDate", {"Asia/Tokyo"})
    moment = clock.moment(written({"@type": "Instant", "@value": "2027-02-01T20:00:00Z"}))
    assert moment == Moment(date(2027, 2, 2), time(5), "Asia/Tokyo", 540) and not clock.problems


def test_utc_without_a_place_is_a_problem() -> None:
    clock = Clock("startDate")
    assert clock.moment(written("2027-02-01T20:00:00Z")) is not None
    assert [problem.code for problem in clock.problems] == ["time.utc"]


def test_several_zones_are_no_problem_while_their_clocks_agree() -> None:
    clock = Clock("startDate", {"Europe/Berlin", "Europe/Busingen"})
    moment = clock.moment(written("2027-02-01T20:00:00"))
    assert moment is not None and moment.offset == 60 and moment.zone == "" and not clock.problems


def test_zones_of_calendars() -> None:
    assert iana("/mozilla.org/20050126_1/Europe/Berlin") == "Europe/Berlin"
    assert iana("W. Europe Standard Time") == "Europe/Berlin" and iana("My Zone") == ""


# Mark-up.


def test_commas_too_many_and_too_few() -> None:
    assert lenient_json('[{"a": 1,}{"b": "x, }{ y\n"},,]') == [{"a": 1}, {"b": "x, }{ y\n"}]
    with pytest.raises(Broken):
        lenient_json('{"a": ')


@pytest.mark.parametrize(
    "odd", ["<![if !mso]>", "<![- x", "<![unknown[x]]>", "<!-- <b -->", "</>", "<a b='", "&#xfffffff;"]
)
def test_odd_marks_lose_nothing_before_them(odd: str) -> None:
    html = html_with(flight()).decode().replace("</body>", f"{odd} x </body>")
    assert len(schema.reservations(marked_up(html)[0])) == 1


def test_conditions_for_one_mail_program_are_skipped() -> None:
    html = html_with(flight()).decode().replace("<script", "<![if !mso]><![- x ><script")
    assert len(schema.reservations(marked_up(html)[0])) == 1


def test_a_calendar_with_a_broken_time_or_zone() -> None:
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:To Paris\nDTSTART{}\nEND:VEVENT\nEND:VCALENDAR\n"
    for start, code in (
        (":20270201T101mple", "calendar.incomplete"),
        (";TZID=Europe:20270201T101500", "document.broken"),
    ):
        findings = read_document(event.format(start).encode(), context=TODAY)
        assert [problem.code for problem in findings.problems] == [code]


def test_microdata_nests_as_it_is_written() -> None:
    html = """<p itemscope itemtype="http://schema.org/FlightReservation">
      <div itemprop="reservationFor" itemscope itemtype="http://schema.org/Flight"><meta itemprop="flightNumber" content="815">
      <a itemprop="url" href="https://example.com/">no text</a></div>
      <b itemprop="reservationNumber">ZX9<i>KQ2</i></b><td></x></p>
      <p itemscope itemtype="http://schema.org/Person"><span itemprop="name">not his</span></p>"""
    _values, items, _broken = marked_up(html)
    node, other = schema.reservations(items)[0], items[1]
    assert node["reservationNumber"] == "ZX9KQ2" and node["reservationFor"]["flightNumber"] == "815"
    assert node["reservationFor"]["url"] == "https://example.com/" and other["name"] == "not his"


@pytest.mark.parametrize(
    "name",
    ["FlightReservation", "http://schema.org/FlightReservation", "https://www.schema.org/FlightReservation/", "schema:FlightReservation"],
)  # fmt: skip
def test_names_of_types_in_every_namespace(name: str) -> None:
    assert [node["@type"] for node in schema.reservations({"@type": [name, "Thing"]})] == [
        "FlightReservation"
    ]


def test_what_could_be_booked_is_no_booking() -> None:
    offer = {"@type": "Restaurant", "potentialAction": {"result": {"@type": "FoodEstablishmentReservation"}}}
    assert schema.reservations([offer, {"@type": "Hotel", "name": "Example"}]) == []


def test_values_nested_without_end_are_left() -> None:
    value: Any = flight()
    for _ in range(200):
        value = {"mainEntity": [value]}
    assert schema.reservations(value) == []


@pytest.mark.parametrize(
    ("text", "status", "doubt"),
    [
        ("", model.CONFIRMED, set()),
        ("http://schema.org/Confirmed", model.CONFIRMED, set()),
        ("https://schema.org/ReservationCancelled", model.CANCELLED, set()),
        ("Canceled", model.CANCELLED, set()),
        ("http://schema.org/ReservationHold", model.HOLD, set()),
        ("Reservation Pending", model.PENDING, set()),
        ("http://example.com/Wobbly", model.CONFIRMED, {"status.unknown"}),
    ],
)
def test_states(text: str, status: str, doubt: set[str]) -> None:
    one = read(flight() | {"reservationStatus": text})
    assert one.status == status and codes(one) == doubt


@pytest.mark.parametrize(
    ("text", "name"), [("ROE/JANE", "JANE ROE"), ("Roe, Jane", "Jane Roe"), ("Jane Roe", "Jane Roe")]
)
def test_names_of_people(text: str, name: str) -> None:
    assert read(flight() | {"underName": text}).passengers == (name,)


def test_key_is_of_reference_carrier_and_day() -> None:
    assert (
        read(flight()).key
        == read(flight(departureTime="2027-01-22T23:50:00+03:00")).key
        == "ZX9KQ2/AF-815/2027-01-22/FLIGHT"
    )
    assert read(flight(departureTime="2027-01-24T23:10:00+03:00")).key != read(flight()).key


def test_a_fault_of_one_field_is_never_sure() -> None:
    for name, value in {
        "departureAirport": {"iataCode": "ZZZ"}, "arrivalAirport": None, "departureTime": None,
        "arrivalTime": "2027-01-22T06:05:00+01:00", "flightNumber": "LH 815",
    }.items():  # fmt: skip
        assert not read(flight(**{name: value})).is_sure, name
    assert read(flight()).is_sure


# Several findings.


def test_pass_and_mark_up_are_one_and_the_year_is_sure() -> None:
    guessed = read(flight(departureTime=None, departureDay="2028-01-22", arrivalTime=None), "barcode")
    guessed = replace(guessed, problems=(Problem("year.inferred", "departureTime"),), seats=("14C",))
    one = one_of(guessed, read(flight()))
    assert one.is_sure and one.reader == "json-ld+barcode" and one.seats == ("14C",)
    assert one.starts == read(flight()).starts


def test_kitinerary_does_not_make_a_year_sure() -> None:
    guessed = read(flight(departureTime=None, departureDay="2027-01-22", arrivalTime=None), "bcbp")
    guessed = replace(guessed, problems=(Problem("year.inferred", "departureTime"),))
    assert "year.inferred" in codes(one_of(guessed, read(flight(), "kitinerary")))


def test_what_only_kitinerary_says_is_a_problem() -> None:
    assert codes(one_of(read(flight(), "kitinerary"))) == {"one.reader"}
    without = read(flight(arrivalTime=None))
    both = one_of(without, read(flight(), "kitinerary"))
    assert both.ends is not None and [(each.code, each.field) for each in both.problems] == [
        ("one.reader", "ends")
    ]
    assert one_of(read(flight()), read(flight(), "kitinerary")).is_sure


def test_readers_that_differ_are_a_problem() -> None:
    later = read(flight(departureTime="2027-01-22T23:40:00+03:00"), "microdata")
    one = one_of(later, read(flight()))
    assert one.starts == read(flight()).starts and codes(one) == {"readers.differ"}


def test_two_references_of_one_reader_are_two() -> None:
    other = read(flight() | {"reservationNumber": "OTHER1", "underName": "A B"})
    assert len(merged([replace(read(flight()), passengers=("C D",)), other])) == 2


def test_people_of_one_flight_are_together_and_each_once() -> None:
    names = ["Jane Roe", "JANE ROE", "Jane Mary Roe", "Richard Miles"]
    one = one_of(*(read(flight() | {"underName": name}) for name in names))
    assert one.passengers == ("Jane Roe", "Jane Mary Roe", "Richard Miles") and one.is_sure
    coded = read(flight() | {"underName": "ROE/JANE"}, "barcode")
    assert one_of(coded, read(flight() | {"underName": "Jane Mary Roe"})).passengers == ("Jane Mary Roe",)
    second = read(flight() | {"underName": "Janemrs Roe", "airplaneSeat": "1A"}, "kitinerary")
    both = one_of(read(flight() | {"underName": "Jane Roe"}), second)
    assert both.passengers == ("Jane Roe",) and both.seats == () and both.is_sure
    assert codes(one_of(read(flight()), second)) == {"one.reader"}


def test_a_flight_with_two_times_is_one_with_a_problem() -> None:
    one = one_of(read(flight()), read(flight(departureTime="2027-01-22T22:10:00+03:00")))
    assert codes(one) == {"readers.differ"}


def test_numbers_of_trains_with_and_without_the_kind_of_train() -> None:
    found = [journey(number, "A", "B", 8, 10) for number in ("ICE 123", "123", "2123")]
    assert [one.trip_number for one in merged(found)] == ["ICE 123", "2123"]


def test_midnight_is_a_day_for_lodgings_and_a_problem_for_journeys() -> None:
    node = {
        "@type": "LodgingReservation", "reservationFor": {"name": "Inn", "address": {"addressCountry": "FR"}},
        "checkinTime": "2027-01-23T00:00:00", "checkoutTime": "2027-01-25T11:00:00",
    }  # fmt: skip
    inn = read(node)
    assert (
        inn.starts == Moment(date(2027, 1, 23), None, "Europe/Paris")
        and inn.ends is not None
        and inn.ends.at == time(11)
    )
    assert inn.is_sure and codes(read(flight(departureTime="2027-01-22T00:00:00+03:00"))) == {
        "time.midnight",
        "duration",
    }


def test_a_cancellation_cancels() -> None:
    gone = read(flight() | {"reservationStatus": "Cancelled"}, "microdata")
    assert one_of(read(flight()), gone).status == model.CANCELLED


def journey(number: str, origin: str, destination: str, start: int, end: int, **changes: Any) -> Reservation:
    at = datetime(2027, 5, 1)
    moments = [at + timedelta(hours=hour) for hour in (start, end)]
    starts, ends = (Moment(each.date(), each.time(), "Europe/Paris", 120) for each in moments)
    made = Reservation(
        model.TRAIN, "", provider=Provider("Example Rail"), trip_number=number, origin=Spot(origin), destination=Spot(destination),
        starts=starts, ends=ends, reader="json-ld",
    )  # fmt: skip
    return replace(made, **changes)


def test_the_whole_of_a_journey_beside_its_legs_is_left_out() -> None:
    legs = (journey("1", "A", "B", 8, 10), journey("2", "B", "C", 11, 13))
    whole = replace(journey("", "A", "C", 8, 13), number="TR-77", passengers=("Jane Roe",))
    found = merged([whole, *legs])
    assert [(one.trip_number, one.number, one.passengers) for one in found] == [
        ("1", "TR-77", ("Jane Roe",)), ("2", "TR-77", ("Jane Roe",))
    ]  # fmt: skip
    assert all(one.is_sure for one in found)


def test_two_journeys_at_once_are_a_problem_of_both() -> None:
    found = merged([journey("1", "A", "B", 8, 12), journey("2", "C", "D", 11, 13)])
    assert [codes(one) for one in found] == [{"overlap"}, {"overlap"}]
    others = merged(
        [
            journey("1", "A", "B", 8, 12, passengers=("X Y",)),
            journey("2", "C", "D", 11, 13, passengers=("V W",)),
        ]
    )
    assert all(one.is_sure for one in others)


def test_a_calendar_entry_beside_the_booking_itself_is_left_out() -> None:
    entry = b"""BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:To Paris\r\nDTSTART:20270122T201000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"""
    document = mail((html_with(flight()), "text/html"), (entry, "text/calendar"))
    reading = interpreted(read_document(document, context=TODAY), atlas=shipped_atlas(), context=TODAY)
    assert [(one.kind, one.reader, one.is_sure) for one in reading.reservations] == [
        (model.FLIGHT, "json-ld", True)
    ]
