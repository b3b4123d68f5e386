"""Documents that want too much: each is stopped or left out with a reason, and the next is read."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from collections.abc import Iterator
from datetime import date

import pytest

from safeconduct.trips.bookings.containers import MOST_DOCUMENT, read_document
from safeconduct.trips.bookings.model import Reading
from safeconduct.trips.bookings.passes import MOST_MEMBERS
from safeconduct.trips.bookings.reading import DocumentReader
from tests.trips.documents import BOARDING_PASS, barcode_pdf, html_with, mail, pdf, stream, wallet_pass
from tests.trips.shipped_atlas import shipped_atlas
from tests.trips.test_bookings import flight

TODAY = date(2026, 11, 24)
MB = 1024 * 1024


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    """The reader as the product uses it, without kitinerary."""
    one = DocumentReader("")
    yield one
    one.close()


def read(reader: DocumentReader, data: bytes, **limits: float) -> Reading:
    return reader.read(data, atlas=shipped_atlas(), context=TODAY, **limits)  # type: ignore[arg-type]


def endless_pdf() -> bytes:
    """Drawings within drawings: eight levels of thirty each."""
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>"
    levels = [stream(b"/F Do " * 30, head % number) for number in range(11, 18)]
    last = stream(b"0 0 9 9 re f ", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return pdf(b"/F Do " * 30, objects=(*levels, last), resources=b"/XObject<</F 10 0 R>>")


def test_a_pdf_that_never_ends_is_stopped_and_the_next_is_read(reader: DocumentReader) -> None:
    read(reader, b"warm")
    began = time.monotonic()
    stopped = read(reader, endless_pdf(), wall_seconds=0.7)
    assert [problem.code for problem in stopped.problems] == ["document.slow"] and not stopped.reservations
    assert time.monotonic() - began < 4
    assert read(reader, barcode_pdf(BOARDING_PASS)).reservations[0].number == "ZX9KQ2"


def test_a_pdf_that_needs_too_much_memory_is_stopped(reader: DocumentReader) -> None:
    bomb = pdf(b"0 0 m 1 1 l S " * 8_000_000)
    stopped = read(reader, bomb, memory=96 * MB)
    assert [problem.code for problem in stopped.problems] == ["document.died"]


def test_a_bomb_in_a_pass_is_left_packed(reader: DocumentReader) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("pass.json", "w") as member:
        for _ in range(64):
            member.write(b" " * MB)
    assert len(out.getvalue()) < MB
    reading = read(reader, out.getvalue(), memory=200 * MB)
    assert [problem.code for problem in reading.problems] == ["archive.large"]


def test_a_pass_that_lies_about_its_size_is_broken() -> None:
    data = bytearray(wallet_pass({"description": "x" * 500}))
    start = data.index(b"PK\x01\x02")
    # The sizes in the central directory: packed at 20, unpacked at 24.
    struct.pack_into("<I", data, start + 24, 10)
    codes = {problem.code for problem in read_document(bytes(data), context=TODAY).problems}
    assert codes <= {"archive.broken", "pass.kind"} and codes


def test_a_pass_damaged_within_is_broken() -> None:
    data = bytearray(wallet_pass({"description": "x y z " * 500}))
    data[45:60] = b"\xff" * 15
    assert [problem.code for problem in read_document(bytes(data), context=TODAY).problems] == [
        "archive.broken"
    ]


def test_an_archive_of_thousands_is_not_looked_into() -> None:
    data = wallet_pass({}, **{f"n{number}": b"" for number in range(MOST_MEMBERS)})
    assert [problem.code for problem in read_document(data, context=TODAY).problems] == ["archive.large"]


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"\x00" * 100, wallet_pass({})[:80]], ids=["mark", "zeros", "cut"])
def test_a_broken_archive_is_said_to_be(data: bytes) -> None:
    assert [problem.code for problem in read_document(data, context=TODAY).problems] == ["archive.broken"]


def test_a_mail_with_thirty_megabytes_is_read_without_them(reader: DocumentReader) -> None:
    large = b"\x00\x01\x02" * (5 * MB)
    document = mail(
        (html_with(flight()), "text/html"),
        (large, "application/octet-stream"),
        (large, "application/octet-stream"),
    )
    assert 40 * MB < len(document) < MOST_DOCUMENT
    reading = read(reader, document)
    assert [one.number for one in reading.reservations] == ["ZX9KQ2"] and reading.reservations[0].is_sure
    assert [problem.code for problem in reading.problems] == ["attachment.large"]


def test_what_is_larger_is_refused_at_once(reader: DocumentReader) -> None:
    reading = read(reader, b"\x00" * (MOST_DOCUMENT + 1))
    assert [problem.code for problem in reading.problems] == ["document.large"]


def test_mails_within_mails_end_somewhere() -> None:
    document = mail((html_with(flight()), "text/html"))
    for _ in range(10):
        document = b"Subject: Fwd\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + document
    findings = read_document(document, context=TODAY)
    assert not findings.found and [problem.code for problem in findings.problems] == ["document.deep"]


def test_a_pdf_with_a_password_is_said_to_be() -> None:
    pikepdf = pytest.importorskip("pikepdf")
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(barcode_pdf(BOARDING_PASS))) as document:
        document.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    assert [problem.code for problem in read_document(out.getvalue(), context=TODAY).problems] == [
        "pdf.locked"
    ]
