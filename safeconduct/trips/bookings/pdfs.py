"""PDF: bar codes on its pages and boarding passes in its text.

Pages are drawn with pdfium and looked at by ZXing; both are written in C++ and are handed what strangers made: only ever
in a child with limits. Of long documents the first pages are read, and large pages are drawn smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, cast

import pypdfium2
import zxingcpp

from safeconduct.trips.bookings import bcbp
from safeconduct.trips.bookings.model import Findings, Problem

READER: Final = "barcode"
MOST_PAGES: Final = 12
MOST_CHARACTERS: Final = 100_000
# Dots of a point (1/72 inch): codes of mobile passes have modules of about a point and need three dots each.
SCALES: Final = (2.0, 4.0)
# Small codes are looked for on the first pages only: drawing a page large takes a tenth of a second.
MOST_LARGE: Final = 2
MOST_SIDE: Final = 3600
MOST_CODES: Final = 40
# Those that Resolution 792 allows; bar codes of lines alone, which take as long to look for, hold too little.
FORMATS: Final = zxingcpp.barcode_formats_from_str("Aztec,QRCode,PDF417,DataMatrix")


def read_pdf(data: bytes, findings: Findings, context: date | None) -> None:
    """Add the flights of boarding passes that are printed in it."""
    findings.read.add(READER)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        code = "pdf.locked" if "assword" in str(error) else "document.broken"
        findings.problem(code, detail="PDF")
        return
    try:
        if len(document) > MOST_PAGES:
            findings.problem("document.long", detail=f"{len(document)} pages")
        seen: set[tuple[str, str, str, int | None]] = set()
        for number in range(min(len(document), MOST_PAGES)):
            page = document[number]
            for text in _codes(page, SCALES if number < MOST_LARGE else SCALES[:1]):
                if (read := bcbp.parse(text)) is not None and _is_new(read, seen):
                    findings.found += bcbp.findings(read, context, reader=READER)
            for read in bcbp.squeezed_in(_text(page)):
                if _is_new(read, seen):
                    for one in bcbp.findings(read, context):
                        doubt = Problem("number.inferred", "reservationNumber", read.legs[0].number)
                        findings.found.append(replace(one, notes=(*one.notes, doubt)))
    except pypdfium2.PdfiumError:
        findings.problem("document.broken", detail="PDF")
    finally:
        document.close()


def _is_new(read: bcbp.Pass, seen: set[tuple[str, str, str, int | None]]) -> bool:
    """Whether no code of these flights for this person was seen before; remembers it."""
    keys = {(read.family_name, leg.carrier, leg.flight, leg.day) for leg in read.legs}
    is_new = not keys <= seen
    seen |= keys
    return is_new


def _text(page: Any) -> str:
    try:
        return str(page.get_textpage().get_text_bounded())[:MOST_CHARACTERS]
    except pypdfium2.PdfiumError:
        return ""


def _codes(page: Any, scales: Sequence[float]) -> list[str]:
    """The texts of the bar codes on a page; it is drawn larger when it shows none."""
    longest = max(*page.get_size(), 1.0)
    for wanted in scales:
        bitmap = page.render(scale=min(wanted, MOST_SIDE / longest), grayscale=True)
        try:
            image = zxingcpp.ImageView(
                cast(Any, memoryview(bitmap.buffer).cast("B")),
                bitmap.width,
                bitmap.height,
                zxingcpp.ImageFormat.Lum,
                bitmap.stride,
            )
            if found := [code.text for code in zxingcpp.read_barcodes(image, FORMATS) if code.valid]:
                return found[:MOST_CODES]
        finally:
            bitmap.close()
    return []
