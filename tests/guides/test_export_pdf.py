"""A guide as PDF: PDF/UA-1 as far as the structure shows it, text as data alone, scripts, limits of the child."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from safeconduct.guides import fonts, pdf, tagging
from safeconduct.guides.document import GuideDocument
from safeconduct.guides.outline import outline
from safeconduct.lib.errors import Refused
from tests.guides import pdfua
from tests.guides.specimens import ARABIC, HOSTILE, JAPANESE, guide, saying

ON = date(2026, 11, 24)


def png() -> bytes:
    """A red dot."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
        + chunk(b"IEND", b"")
    )


def made(document: GuideDocument, brand: pdf.Brand | None = None) -> bytes:
    return pdf.set_pdf(pdf.pdf_job(outline(document), on=ON, brand=brand, country=document.country_code))


@lru_cache(maxsize=1)
def whole() -> bytes:
    return made(guide(), pdf.Brand(hue=20, chroma=0.1, logo=png(), logo_alt="Northfield"))


def text_of(data: bytes) -> str:
    found = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_range() for page in found)


def flat(text: str) -> str:
    return "".join(text.split()).replace("\ufffe", "")


def test_the_structure_has_no_fault_of_pdf_ua() -> None:
    assert pdfua.faults(whole()) == []


def test_title_language_and_what_stands_in_the_tree() -> None:
    with pikepdf.open(io.BytesIO(whole())) as file:
        assert str(file.Root.Lang) == "en" and str(file.docinfo["/Title"]) == "Testland: Destination guide"
        assert bool(file.Root.ViewerPreferences.DisplayDocTitle)
        kinds = [kind for kind, _node, _above in pdfua.elements(file)]
        alts = [str(node.Alt) for kind, node, _above in pdfua.elements(file) if kind == "Figure"]
    for kind in (
        "H1",
        "H2",
        "H3",
        "Table",
        "TH",
        "TD",
        "L",
        "LI",
        "Link",
        "Figure",
        "BlockQuote",
        "TOC",
        "TOCI",
    ):
        assert kind in kinds, kind
    # The logo, the map and the climate, in the order in which they stand.
    assert [alt.split(" of ")[0] for alt in alts] == ["Northfield", "Map", "Climate"]
    assert "Storm & surge" in alts[1]


def test_cells_that_name_a_row_are_header_cells_of_that_row() -> None:
    with pikepdf.open(io.BytesIO(whole())) as file:
        cells = [(kind, pdfua._scope(node)) for kind, node, _above in pdfua.elements(file) if kind in pdfua.CELLS]
        names = sum(len(row) for row in pdf.pdf_job(outline(guide()), on=ON).tables)
    scopes = [scope for kind, scope in cells if kind == "TH"]
    assert scopes.count("/Row") == names > 15 and scopes.count("/Column") > 15
    assert all(kind == "TD" for kind, scope in cells if not scope)
    # A table of somebody else without names of rows keeps its cells.
    plain = made(saying("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"))
    with pikepdf.open(io.BytesIO(plain)) as file:
        assert [kind for kind, _node, _above in pdfua.elements(file) if kind in pdfua.CELLS] == ["TH", "TH", "TD", "TD"]


def test_a_file_that_is_not_as_expected_is_left_as_it_is() -> None:
    data = whole()
    assert tagging.with_row_headers(data, ()) == data
    assert tagging.with_row_headers(b"%PDF-1.7\nno tables here", ()) == b"%PDF-1.7\nno tables here"


def test_reading_order_is_that_of_the_page() -> None:
    text = flat(text_of(whole()))
    wanted = ("Contents", "Activealerts", "Ratings", "Officialadvice,sidebyside", "Facts:Overview", "Beforeyougo",
              "Bringtwocopies.", "FromNorthfield", "Testdollar", "Becareful.", "ClimateofTeststadt", "Police")  # fmt: skip
    at = text.index("Contents")
    at = text.rindex("Activealerts", at)
    for words in wanted[1:]:
        found = text.find(words, at)
        assert found >= 0, words
        at = found


def test_the_cover_has_what_is_needed_in_a_hurry() -> None:
    cover = flat(pypdfium2.PdfDocument(whole())[0].get_textpage().get_text_range())
    for words in (
        "Testland",
        "Northfield",
        "Emergencynumbers",
        "Police:112",
        "Version0123456789abcdef",
        "Tue24Nov2026,09:00(UTC)",
    ):
        assert words in cover, words
    assert "Fire" not in cover


def test_lines_of_a_cell_stay_lines() -> None:
    page = pypdfium2.PdfDocument(whole())[2].get_textpage()
    places = {}
    for said in ("Avoid all but", "Not checked"):
        found = page.search(said).get_next()
        assert found is not None, said
        places[said] = page.get_charbox(found[0])
    first, second = places.values()
    assert abs(first[0] - second[0]) < 2 and first[1] > second[1] + 5


def test_headers_and_footers_say_place_day_and_page() -> None:
    page = flat(pypdfium2.PdfDocument(whole())[1].get_textpage().get_text_range())
    for words in ("Testland", "Everystatementsayswhosaysso", "AsofTue24Nov2026", "Page2of"):
        assert words in page
    assert "Page1of" not in text_of(whole()).replace(" ", "")


def test_the_checker_finds_faults() -> None:
    """Else the first test could not fail."""

    def broken(change: object) -> str:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(whole())) as file:
            change(file)  # type: ignore[operator]  # one of the functions below
            file.save(out)
        return " ".join(pdfua.faults(out.getvalue()))

    def no_alt(file: pikepdf.Pdf) -> None:
        del next(node for kind, node, _above in pdfua.elements(file) if kind == "Figure")["/Alt"]

    def no_headers(file: pikepdf.Pdf) -> None:
        for kind, node, _above in list(pdfua.elements(file)):
            if kind == "TH":
                node.S = pikepdf.Name("/TD")

    def deep(file: pikepdf.Pdf) -> None:
        next(node for kind, node, _above in pdfua.elements(file) if kind == "H1").S = pikepdf.Name("/H4")

    def untagged(file: pikepdf.Pdf) -> None:
        file.pages[2].contents_add(pikepdf.Stream(file, b"0 0 10 10 re f"))

    def unnamed(file: pikepdf.Pdf) -> None:
        del file.Root["/Lang"]

    faults = [broken(change) for change in (no_alt, no_headers, deep, untagged, unnamed)]
    assert [
        "13-004" in faults[0],
        "15-003" in faults[1],
        "14-003" in faults[2],
        "01-005" in faults[3],
        "11-006" in faults[4],
    ] == [True] * 5


def test_hostile_text_appears_as_it_is_and_nothing_of_it_runs() -> None:
    html = f"<p>{HOSTILE.replace('&', '&amp;').replace('<', '&lt;')}</p>"
    document = replace(saying(html), name=HOSTILE, organisation=HOSTILE)
    text = flat(text_of(made(document)))
    said = flat(HOSTILE.replace("\u0007", ""))
    # On the cover, in the quote and above every page.
    assert text.count(said) >= 3
    assert "root:" not in text


def test_hostile_links_lead_nowhere() -> None:
    job = pdf.pdf_job(
        outline(saying('<p><a href="javascript:alert(1)">x</a> <a href="https://ok.example/">y</a></p>')),
        on=ON,
    )
    urls = {
        str(note.A.URI)
        for page in pikepdf.open(io.BytesIO(pdf.set_pdf(job))).pages
        for note in page.get("/Annots", [])
        if "/URI" in note.get("/A", {})
    }
    assert "https://ok.example/" in urls and not any(url.startswith("javascript") for url in urls)


def test_the_child_reads_no_file_and_fetches_no_package() -> None:
    """Even a template of another hand could not."""
    for source in (
        b'#read("/etc/hostname")',
        b'#read("../../etc/hostname")',
        b'#import "@preview/cetz:0.3.0": *',
    ):
        job = pdf.Job(
            {"main.typ": b'#set document(title: "x")\n' + source}, pdf.pdf_job(outline(guide()), on=ON).fonts
        )
        with pytest.raises(Refused) as refused:
            pdf.set_pdf(job)
        assert refused.value.code == "export.typst"


def test_arabic_runs_from_right_to_left() -> None:
    document = replace(
        saying(f"<p>{ARABIC} +966 11 488</p>", lang="ar"), language="ar", is_rtl=True, name="السعودية"
    )
    data = made(document)
    assert pdfua.faults(data) == []
    with pikepdf.open(io.BytesIO(data)) as file:
        assert str(file.Root.Lang) == "ar"
    text = text_of(data)
    assert "[U+" not in text
    assert "السعودية" in text and ARABIC.rstrip(".") in text
    page = pypdfium2.PdfDocument(data)[2].get_textpage()
    heading = page.search("FCDO: Safety").get_next() or page.search("FCDO").get_next()
    assert heading is not None
    # It begins at the right margin.
    assert max(page.get_charbox(heading[0] + at)[2] for at in range(heading[1])) > 480


@pytest.mark.parametrize(
    ("said", "family"),
    [
        (JAPANESE, "Noto Sans CJK JP"), ("한국의 수돗물", "Noto Sans CJK KR"), ("饮用水安全", "Noto Sans CJK SC"),
        (ARABIC.rstrip("."), "Amiri"), ("น้ำประปา", "Noto Sans Thai"), ("पीने का पानी", "Noto Sans Devanagari"),
        ("מים לשתייה", "Noto Sans Hebrew"), ("Νερό, вода", "Noto Sans"), ("წყალი", "Noto Sans Georgian"),
    ],
)  # fmt: skip
def test_each_script_has_its_font_and_its_text(said: str, family: str) -> None:
    job = pdf.pdf_job(outline(saying(f"<p>{said}</p><p><b>{said}</b></p>")), on=ON)
    families = json.loads(job.files["guide.json"])["fonts"]
    assert families == list(dict.fromkeys(["Noto Sans", family]))
    data = pdf.set_pdf(job)
    assert pdfua.faults(data) == []
    assert flat(text_of(data)).count(flat(said)) >= 2


def test_latin_alone_loads_no_other_font() -> None:
    job = pdf.pdf_job(outline(guide()), on=ON)
    assert {path.name for path in job.fonts} == {"NotoSans[wght].ttf", "NotoSans-Italic[wght].ttf"}


def test_a_character_without_a_font_is_named() -> None:
    text = text_of(made(saying("<p>Bhutan is འབྲུག here \U0001fae8\U000f0000</p>")))
    assert "Bhutan is [Tibetan] here" in text and "[U+F0000]" in text


def test_a_missing_font_package_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "CJK", "no_such_package")
    with pytest.raises(Refused) as refused:
        pdf.pdf_job(outline(saying(f"<p>{JAPANESE}</p>")), on=ON)
    assert refused.value.code == "export.fonts" and "no-such-package" in refused.value.text


def test_a_child_that_is_slow_or_large_is_ended() -> None:
    job = pdf.pdf_job(outline(guide()), on=ON)
    head = b'#set document(title: "x")\n'
    loops = b"#for a in range(10000) { for b in range(10000) { for c in range(10000) { let d = a * b } } }"
    began = time.monotonic()
    with pytest.raises(Refused) as slow:
        pdf.set_pdf(replace(job, files={"main.typ": head + loops}), wall_seconds=1.5)
    assert slow.value.code == "export.limits" and time.monotonic() - began < 10
    with pytest.raises(Refused) as large:
        pdf.set_pdf(
            replace(job, files={"main.typ": head + b"#range(100000000).len()"}), memory=200 * 1024 * 1024
        )
    assert large.value.code == "export.limits"


def test_the_child_stays_small() -> None:
    job = pdf.pdf_job(outline(saying(f"<p>{JAPANESE}{ARABIC}</p>")), on=ON)
    _data, said = pdf.run_child(job, measure=True)
    assert json.loads(said)["peak_kb"] < 300 * 1024


def test_a_long_text_is_set_within_the_limits() -> None:
    rows = "".join(f"<tr><td>{number}</td><td>word and word</td></tr>" for number in range(10_000))
    data = made(
        saying(f"<table><tr><th>a</th><th>b</th></tr>{rows}</table>", "<p>word word word word</p>" * 3_000)
    )
    assert "9800 more rows are left out here" in text_of(data).replace("\r\n", " ")


def test_the_template_is_shipped() -> None:
    assert {path.name for path in Path(pdf.HERE).iterdir() if path.suffix in (".typ", ".py")} == {
        "main.typ",
        "child.py",
    }
