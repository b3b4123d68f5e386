"""What a document is, seen from its bytes, and what is made of whole documents: mails in mails, archives, any bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.trips.bookings.containers import kind_of, read_document
from safeconduct.trips.bookings.reading import interpreted
from tests.trips.documents import BOARDING_PASS, FORMATS, barcode_pdf, html_with, mail
from tests.trips.shipped_atlas import shipped_atlas
from tests.trips.test_bookings import TODAY, codes, flight, read


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4", "pdf"), (b"\xef\xbb\xbf<html>", "html"), (b"PK\x03\x04", "pass"), (b"\r\nBEGIN:VCALENDAR", "calendar"),
        (b' [{"a": 1}]', "json"), (b"Return-Path: <a@b>\r\nX: y\r\n\r\nz", "mail"), (b"Note: call her\n", "text"), (b"", "text"),
        (b"From a@b Mon Nov 23\nSubject: x\n\n", "mail"),
    ],
)  # fmt: skip
def test_kinds_of_documents(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize("format", FORMATS)
def test_bar_codes_in_a_pdf(format: str) -> None:
    found = read_document(barcode_pdf(BOARDING_PASS, format), context=TODAY).found
    assert [one.node["reservationFor"]["departureDay"] for one in found] == ["2026-11-22"]


def test_a_pass_within_a_forwarded_mail_is_of_the_day_of_that_mail() -> None:
    """Somebody forwards this year what was sent two years ago."""
    inner = mail(
        (barcode_pdf(BOARDING_PASS[:58] + "00"), "application/pdf"), sent="Wed, 20 Nov 2024 09:00:00 +0000"
    )
    outer = (
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
        + inner
    )
    (one,) = interpreted(
        read_document(outer, context=TODAY), atlas=shipped_atlas(), context=TODAY
    ).reservations
    assert one.starts is not None and one.starts.on == date(2024, 11, 21) and codes(one) == {"year.inferred"}


def test_an_archive_that_is_no_pass_is_a_problem_alone_and_none_in_a_mail() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as terms:
        terms.writestr("word/document.xml", "<w/>")
    assert [each.code for each in read_document(archive.getvalue(), context=TODAY).problems] == [
        "archive.unknown"
    ]
    document = mail((archive.getvalue(), "application/zip"), (html_with(flight()), "text/html"))
    findings = read_document(document, context=TODAY)
    assert findings.problems == [] and len(findings.found) == 1


def test_keys_keep_letters_of_every_script() -> None:
    inns = [
        read({"@type": "EventReservation", "reservationFor": {"name": name, "startDate": "2027-01-23"}})
        for name in "京東"
    ]
    assert inns[0].key != inns[1].key


def test_a_mail_from_the_future_is_of_today() -> None:
    document = mail((b"see 3 February", "text/plain"), sent="Mon, 23 Nov 2099 09:00:00 +0000")
    assert read_document(document, context=TODAY).context is None


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "Subject: x\n\n", "PK\x03\x04", "BEGIN:VCALENDAR\n", "{", "<p itemscope>", "%PDF-"]),
)
def test_no_bytes_break_the_readers(data: bytes, start: str) -> None:
    findings = read_document(start.encode() + data, context=TODAY)
    assert interpreted(findings, atlas=shipped_atlas(), context=TODAY).reservations == ()
