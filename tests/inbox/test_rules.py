"""The written rules, without a database: what is the same booking, which trip it belongs into, whose name it bears."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.inbox import rules
from safeconduct.inbox.keeping import digest_of, plain_of, reservation_of
from safeconduct.inbox.mailhead import head_of, is_proved
from safeconduct.inbox.rules import Known, Span, is_named, relation
from safeconduct.trips.bookings.ends import line
from safeconduct.trips.bookings.model import FLIGHT, LODGING, Moment
from tests.inbox.scene import reservation

DAY = date(2026, 12, 1)
ONE = Known(FLIGHT, "qx7z9a", "xx", "101", DAY, ("fra", "nbo"))


def change(**more: object) -> Known:
    return replace(ONE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (ONE, "same"),
        (change(reference=""), "same"),
        (change(reference="other1"), "other"),
        (change(carrier="yy"), "other"),
        (change(number="102"), "same"),
        (change(number="102", route=("nbo", "fra")), "other"),
        (change(day=DAY + timedelta(days=2)), "moved"),
        (change(day=DAY + timedelta(days=2), number="102", route=("nbo", "fra")), "other"),
        (change(reference="", day=DAY + timedelta(days=2)), "other"),
        (change(reference="", carrier=""), "other"),
        (change(kind=LODGING), "other"),
    ],
)
def test_what_is_the_same_booking(other: Known, expected: str) -> None:
    assert relation(ONE, other) == expected == relation(other, ONE)


def test_of_two_that_may_have_moved_neither_is_taken() -> None:
    known = [ONE, change(day=DAY + timedelta(days=7))]
    fresh = change(day=DAY + timedelta(days=9))
    assert rules.counterpart(fresh, known, is_cancellation=False) == ("other", [])
    assert rules.counterpart(fresh, known[:1], is_cancellation=False) == ("moved", [0])
    assert rules.counterpart(fresh, known[:1], is_cancellation=False, of_document=[ONE]) == ("other", [])


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["Bob Okafor"], True), (["OKAFOR/BOB MR"], True), (["B. Okafor"], True), (["Carol Jones", "Bob Okafor"], True),
     (["Carol Okafor"], False), (["Bob Jones"], False), (["OKAFOR/BOBMR"], False), ([], False), (["Okafor"], False)],
)  # fmt: skip
def test_whose_name_it_bears(names: list[str], expected: bool) -> None:
    assert is_named(names, "Bob", "Okafor") is expected


def span(start: int, end: int | None, **more: object) -> Span:
    first = datetime(2026, 12, 1, tzinfo=UTC)
    return Span(first + timedelta(hours=start), None if end is None else first + timedelta(hours=end), **more)  # type: ignore[arg-type]


def test_which_trip_it_belongs_into() -> None:
    trip = span(100, 200)
    assert rules.best(span(150, 160), [trip]) == 0
    assert rules.best(span(248, 260), [trip]) == 0 and rules.best(span(249, 260), [trip]) is None
    assert rules.best(span(10, 52), [trip]) == 0 and rules.best(span(10, 51), [trip]) is None
    assert rules.best(span(210, 260), [span(100, 200, has_returned=True)]) is None
    mine = frozenset(["qx"])
    assert rules.best(span(2000, 2100, references=mine), [trip, span(0, 50, references=mine)]) == 1
    assert rules.best(span(5000, 5100, references=mine), [span(0, 50, references=mine)]) is None
    assert rules.best(span(5000, 5100), [span(0, None)]) == 0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 100)), max_size=12))
def test_each_thing_is_in_one_cluster(pairs: list[tuple[int, int]]) -> None:
    found = rules.clusters([span(start, start + length) for start, length in pairs])
    assert sorted(number for members in found for number in members) == list(range(len(pairs)))


def test_a_reservation_is_kept_whole() -> None:
    one = reservation()
    assert reservation_of(plain_of(one)) == one
    assert digest_of(one) == digest_of(reservation(passengers=(), reader="bcbp"))
    assert digest_of(one) != digest_of(reservation(number="OTHER1"))


def test_a_boarding_pass_leaves_what_it_does_not_say() -> None:
    one = reservation()
    thin = reservation(number="", ends=None, starts=Moment(date(2026, 12, 1)), reader="bcbp")
    assert digest_of(rules.completed(thin, one)) == digest_of(one)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=600))
def test_a_head_of_any_bytes_is_read(data: bytes) -> None:
    head = head_of(data)
    assert not is_proved(head, "mx.portal.example.org") or b"mx.portal" in data.lower()


def test_a_head_says_one_sender_or_none() -> None:
    assert head_of(b"From: Bob <BOB@x.example>\r\n\r\nx").sender == "bob@x.example"
    assert head_of(b"From: a@x.example, b@x.example\r\n\r\n").sender == ""
    assert head_of(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\n").sender == ""
    assert head_of(b'From: "a@x.example" <b@y.example>\r\n\r\n').sender == "b@y.example"
    assert head_of(b"From: a@x.example\n\nFrom: b@y.example\n").sender == "a@x.example"
    assert head_of(b"From: a\0b@x.example\r\n\r\n").sender == "" == head_of(b"From: <a\x7f@x.example>\r\n\r\n").sender


def proved(results: str, *more: str) -> bool:
    fields = "".join(f"Authentication-Results: {one}\r\n" for one in (f"mx.us; {results}", *more))
    return is_proved(head_of(f"{fields}From: victim@uni.org\r\n\r\nx".encode()), "mx.us")


@pytest.mark.parametrize(
    "results",
    ['dkim=pass header.d=evil.com header.i="a header.d=uni.org"@evil.com',
     'spf=pass smtp.mailfrom="x; dmarc=pass header.from=uni.org"@evil.com',
     'spf=pass smtp.mailfrom="a smtp.mailfrom=b@uni.org "@evil.com',
     "dkim=pass (2048 (x) ;dmarc=pass) header.d=evil.com",
     'spf=pass (domain of "x ) dmarc=pass ("@evil.com) smtp.mailfrom=a@evil.com',
     "dkim=pass header.d=evil.com header.d=uni.org", "dkim=pass header.d=uni.org header.d=evil.com",
     "dkim=pass header.d=uni.org )", "dkim=pass header.d=uni.org (", 'dkim=pass header.d=uni.org "',
     'spf=pass smtp.mailfrom="a\\"; dmarc=pass; "@evil.com', r"dkim=pass header.d=uni.org \;",
     'dkim=pass header.d="evil.com"uni.org', 'dmarc=pass header.from="evil.com"', "dkim=pass x-header.d=uni.org",
     "dkim=pass header.i=header.d=uni.org"],
)  # fmt: skip
def test_what_a_stranger_puts_into_quotes_and_comments_proves_nothing(results: str) -> None:
    assert not proved(results)
    assert not proved(results, "mx.us; dmarc=pass header.from=uni.org"), "what stands below is not asked instead"


@pytest.mark.parametrize(
    "results",
    ["dmarc=pass (p=NONE sp=NONE (dis=NONE)) header.from=uni.org", 'dkim=pass (2048-bit key; unprotected) header.d=uni.org header.b="a;b"',
     'spf=pass smtp.mailfrom="o brien"@uni.org', 'dkim=fail reason="no; key" header.d=x.org; dmarc=pass header.from=uni.org'],
)  # fmt: skip
def test_comments_and_quotes_of_the_own_server_do_no_harm(results: str) -> None:
    assert proved(results)


def test_a_line_of_a_document_has_no_control_characters() -> None:
    said = line("Hotel\0 \x1b[1mAda&#0;\ud800 ناي‌روبی")
    assert "\0" not in said and "\x1b" not in said and "\ud800" not in said and said.startswith("Hotel\ufffd \ufffd[1mAda\ufffd")
