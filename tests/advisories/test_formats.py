"""The readers of official advice: golden pairs, recorded documents, and documents that mean harm.

A new case is a new file in tests/golden/advisories/<format>. `python -m tests.advisories.test_formats` writes missing
expectations, to be read by a person.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.advisories.countrynames import codes_of
from safeconduct.advisories.formats import READERS
from safeconduct.advisories.formats.reading import blocks, line, rfc_instant
from safeconduct.advisories.levels import level_of
from safeconduct.advisories.models import Section
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedRegister
from safeconduct.feeds.models import Source
from safeconduct.lib.errors import Refused

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "golden" / "advisories"
SAMPLES = ROOT.parent.parent / "shared" / "samples"
CASES = sorted(
    path
    for format in READERS
    for path in (GOLDEN / format).iterdir()
    if not path.name.endswith(".expected.json")
)
ADDRESS = "https://example.org/"

recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples beside the repository")


def outcome(path: Path) -> dict[str, Any]:
    """Return what is read from a document, with its codes and levels, in plain values; what is empty is left out."""
    format = path.parent.name
    try:
        found = READERS[format](path.read_bytes(), ADDRESS + path.name)
    except Refused as refusal:
        return {"refused": refusal.code, "why": refusal.text}
    return {
        "advisories": [_plain(advisory, format) for advisory in found.advisories],
        "problems": [[problem.where, problem.text] for problem in found.problems],
        "is_register": found.is_register,
        "listed": sorted(found.listed),
        "details": [[detail.url, detail.identifier, detail.changed] for detail in found.details],
    }


def _plain(advisory: ParsedAdvisory, format: str) -> dict[str, Any]:
    level = level_of(format, advisory.original_level, advisory.original_code, advisory.areas)
    codes = codes_of(advisory.place, advisory.scheme)
    plain: dict[str, Any] = {}
    for field in fields(advisory):
        value = getattr(advisory, field.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif field.name == "areas":
            value = [[area.name, area.wording, area.code] for area in value]
        elif field.name == "sections":
            value = [[section.key, section.heading, section.html, section.lang] for section in value]
        if value not in ("", None, [], False) or field.name == "names_areas":
            plain[field.name] = value
    plain["→ codes"] = " ".join(code or "*" for code in codes) if codes is not None else "unknown"
    plain["→ level"] = [level.level, level.level_max, level.is_partial, list(level.area_levels)]
    if level.unknown:
        plain["→ unknown"] = list(level.unknown)
    return plain


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_golden(path: Path) -> None:
    expected = json.loads(path.with_name(f"{path.name}.expected.json").read_text())
    assert outcome(path) == expected


def test_every_format_of_advice_has_a_reader_and_cases() -> None:
    assert set(READERS) == {str(format) for format in Source.ADVICE}
    for format in READERS:
        names = [path.name for path in CASES if path.parent.name == format]
        assert any(name.startswith("refused-empty") for name in names)
        assert any(name.startswith("refused-page") for name in names)
        assert any(name.startswith("refused-truncated") for name in names)


@pytest.mark.parametrize("format", sorted(READERS))
def test_a_page_or_nothing_is_no_document(format: str) -> None:
    for raw in (b"", b"  \n", b"<!DOCTYPE html><html><body>503</body></html>", b"[]", b"{}", b"null", b"\xff\xfe",
                b'{"a":' * 5000, b"<rss/>", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><rss>&y;</rss>"):  # fmt: skip
        with pytest.raises(Refused) as refused:
            READERS[format](raw, ADDRESS)
        assert refused.value.code
        assert len(refused.value.text) > 10


def _check(found: ParsedRegister) -> None:
    """What holds for whatever was read."""
    for advisory in found.advisories:
        assert 0 < len(advisory.identifier) <= 200
        assert 0 < len(advisory.place) <= 200
        assert len(advisory.title) <= 300
        assert len(advisory.original_level) <= 300
        assert len(advisory.original_code) <= 200
        assert len(advisory.note) <= 1000
        assert advisory.url == "" or advisory.url.startswith(("http://", "https://"))
        assert advisory.changed_at is None or advisory.changed_at.tzinfo is not None
        assert advisory.scheme in {"iso2", "fips", "slug", "name", "title"}
        for text in (
            advisory.title,
            advisory.place,
            advisory.summary_html,
            advisory.note,
            advisory.original_level,
        ):
            text.encode()
            assert "\x00" not in text
        for section in advisory.sections:
            assert section.key in Section.Key.values
            assert section.html
            assert len(section.heading) <= 200
        for area in advisory.areas:
            assert area.name
            assert len(area.name) <= 200
            assert len(area.wording) <= 300


STARTS = {format: [path.read_bytes() for path in CASES if path.parent.name == format] for format in READERS}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_make_a_reader_raise_anything_but_refused(data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(sorted(READERS)))
    raw = data.draw(st.one_of(st.binary(max_size=300), st.sampled_from(STARTS[format])))
    if raw:
        place = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:place] + data.draw(st.binary(max_size=12)) + raw[place + data.draw(st.integers(0, 40)) :]
    try:
        found = READERS[format](raw, ADDRESS)
    except Refused:
        return
    _check(found)


ANY = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
        st.sampled_from(["\ud800", "\x00<b>x", "2026-01-01T00:00:00Z", "<p>Do Not Travel To:</p><li>x", "&#0;", "<![x", "JP"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _with(value: Any, draw: Any) -> Any:
    """A copy in which some values are anything at all."""
    if draw(st.integers(0, 14)) == 0:
        return draw(ANY)
    if isinstance(value, dict):
        return {key: _with(inner, draw) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with(inner, draw) for inner in value]
    return value


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_value_in_a_document_makes_a_reader_raise_anything_but_refused(data: st.DataObject) -> None:
    path = data.draw(
        st.sampled_from([p for p in CASES if p.suffix == ".json" and not p.name.startswith("refused")])
    )
    changed = _with(json.loads(path.read_text()), data.draw)
    try:
        found = READERS[path.parent.name](json.dumps(changed).encode(), ADDRESS + path.name)
    except Refused:
        return
    _check(found)
    for advisory in found.advisories:
        codes_of(advisory.place, advisory.scheme)
        level_of(path.parent.name, advisory.original_level, advisory.original_code, advisory.areas)


def test_the_abbreviations_of_zones_are_those_that_are_meant() -> None:
    noon = datetime(2026, 7, 21, 12, tzinfo=UTC)
    assert rfc_instant("21 Jul 2026 22:00:00 AEST") == noon
    assert rfc_instant("21 Jul 2026 23:00:00 AEDT") == noon
    assert rfc_instant("Tue, 21 Jul 2026 21:30:00 ACST") == noon
    assert rfc_instant("Tue, 21 Jul 2026 12:00:00 GMT") == noon
    assert rfc_instant("Tue, 21 Jul 2026 08:00:00 -0400") == noon
    assert rfc_instant("Tue, 21 Jul 2026") == datetime(2026, 7, 21, tzinfo=UTC)
    assert rfc_instant("21 Jul 2026 22:00:00 XYZT") is None
    assert rfc_instant("soon") is None


def test_text_on_one_line() -> None:
    assert line("C&amp;amp;A &eacute;t&eacute; <b>now</b>\x00 \xa0 later") == "C&A été now later"
    assert line(True) == line(None) == line([]) == ""
    assert blocks("<p>One <b>two</b></p><script>no</script><ul><li>three</ul>tail") == [
        ("p", "One two"), ("li", "three"), ("", "tail"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "piece", ["<!--", "<div>", "<ul><li>", "<a ", "<script>", "<script></scrip", "&#", "<p>x"]
)
def test_no_mark_up_takes_long(piece: str) -> None:
    """Open comments and deep nesting took parsers of HTML minutes; one pass takes a fraction of a second."""
    began = time.monotonic()
    blocks(piece * (400_000 // len(piece)))
    assert time.monotonic() - began < 10


FOLDERS = {
    "us-state": "us-state", "ca-gac": "canada", "cdc": "cdc", "uk-fcdo": "fcdo", "au-smartraveller": "smartraveller",
    "de-auswaertiges-amt": "auswaertiges-amt", "who-don": "who-don",
}  # fmt: skip
READ = {
    "us-state/cadataapi-TravelAdvisories-2026-07-17.json": (3, 0, False),
    "us-state/haiti.jsonfeed.json": (1, 0, False),
    "ca-gac/index-alpha-eng-2014-10.json": (229, 229, True),
    "ca-gac/index-alpha-eng-2026-07-17.json": (2, 2, False),
    "cdc/notices-2026-07-17-a.xml": (1, 0, False),
    "uk-fcdo/albania-2017.json": (1, 0, False),
    "uk-fcdo/antarctica-no-parts.json": (1, 0, False),
    "uk-fcdo/turkey-2016-avoid-parts.json": (1, 0, False),
    "uk-fcdo/foreign-travel-advice-2026-07-21.atom": (0, 3, False),
    "uk-fcdo/index-example.json": (7, 7, False),
    "au-smartraveller/index-2026-07-21.rss.xml": (2, 0, False),
    "who-don/diseaseoutbreaknews-first-30-of-50.json": (30, 0, False),
} | {f"uk-fcdo/index-2026-{day}.json": (226, 226, True) for day in
     ("03-24", "04-28", "04-29", "04-30", "05-01", "05-02", "05-03")} | {
    f"de-auswaertiges-amt/travelwarning-2026-{day}.json": (199, 199, True) for day in
    ("04-05", "04-29", "04-30", "05-02", "05-03")
}  # fmt: skip
"""Recorded document → entries read, details named, whether it is a whole register. Every other file is no document."""


@recorded
def test_every_recorded_document_is_read_whole_and_every_other_file_refused() -> None:
    seen = {}
    for folder, format in FOLDERS.items():
        for path in sorted((SAMPLES / folder).iterdir()):
            try:
                found = READERS[format](path.read_bytes(), ADDRESS + path.name)
            except Refused:
                continue
            _check(found)
            assert found.problems == (), path
            assert all(advisory.changed_at for advisory in found.advisories)
            seen[f"{folder}/{path.name}"] = (len(found.advisories), len(found.details), found.is_register)
    assert seen == READ


@recorded
def test_the_advice_of_turkey_is_read_from_its_text_where_the_status_is_empty() -> None:
    document = json.loads((SAMPLES / "uk-fcdo" / "turkey-2016-avoid-parts.json").read_text())
    stated = READERS["fcdo"](json.dumps(document).encode(), ADDRESS).advisories[0]
    document["details"]["alert_status"] = []
    told = READERS["fcdo"](json.dumps(document).encode(), ADDRESS).advisories[0]
    assert stated.original_code == "avoid_all_travel_to_parts"
    assert told.original_code == "text:avoid_all_travel_to_parts text:avoid_all_but_essential_travel_to_parts"
    for one in (stated, told):
        level = level_of("fcdo", one.original_level, one.original_code, one.areas)
        assert (level.level, level.level_max, level.is_partial, level.area_levels) == (2, 4, True, (4, 3, 3))


@recorded
def test_the_content_ids_of_2016_still_name_the_countries_of_2026() -> None:
    """That is why they are the identifiers, and not the slugs."""
    before = (SAMPLES / "uk-fcdo" / "slug-content-id-2016.csv").read_text()
    found = READERS["fcdo"]((SAMPLES / "uk-fcdo" / "index-2026-05-03.json").read_bytes(), ADDRESS)
    assert sum(advisory.identifier in before for advisory in found.advisories) >= 220


@recorded
def test_the_flags_of_germany_are_read_as_they_were_counted() -> None:
    counted = {}
    for day in ("04-30", "05-02"):
        found = READERS["auswaertiges-amt"](
            (SAMPLES / "de-auswaertiges-amt" / f"travelwarning-2026-{day}.json").read_bytes(), ADDRESS
        )
        counted[day] = Counter(advisory.original_code for advisory in found.advisories)
    assert counted == {
        "04-30": {"none": 147, "partialWarning": 26, "warning": 26},
        "05-02": {"none": 153, "partialWarning": 27, "warning": 19},
    }


@recorded
def test_an_editorial_change_of_canada_is_called_one() -> None:
    found = READERS["canada"]((SAMPLES / "ca-gac" / "index-alpha-eng-2014-10.json").read_bytes(), ADDRESS)
    assert sum(advisory.is_editorial for advisory in found.advisories) == 100
    joint = next(one for one in found.advisories if one.identifier == "IL")
    assert codes_of(joint.place, joint.scheme) == ("IL", "PS")


if __name__ == "__main__":
    for case in CASES:
        expectation = case.with_name(f"{case.name}.expected.json")
        if not expectation.exists():
            expectation.write_text(json.dumps(outcome(case), ensure_ascii=False, indent=1) + "\n")
            print(expectation)
