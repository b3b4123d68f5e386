"""What a register makes of entries: versions, what is told, sections, ends, and what is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from safeconduct.advisories import levels
from safeconduct.advisories.models import Advisory, AdvisoryVersion, Section, UnknownName
from safeconduct.advisories.names import decide_name
from safeconduct.advisories.parsed import ParsedArea
from safeconduct.advisories.queries import advice_of
from safeconduct.advisories.registers import conclude_unchanged
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from tests.advisories.registers import DAY, NOW, area, entry, of, put, section, source, versions
from tests.conftest import World

pytestmark = pytest.mark.django_db
OTHERS = tuple(entry(name) for name in ("Kenya", "France", "Portugal", "Norway", "Fiji"))


def test_the_first_load_is_first_sight_and_tells_nobody() -> None:
    report = put(entry(level=4), *OTHERS)
    assert (report.read, report.new, report.notable) == (6, 6, 0)
    assert versions() == [("first", 4, 4, False)]
    assert of("JP").level_since == NOW


def test_the_same_again_is_no_version_and_is_seen_again() -> None:
    put(entry(), *OTHERS)
    report = put(entry(), *OTHERS, at=NOW + DAY)
    assert (report.new, report.changed, report.unchanged) == (0, 0, 6)
    assert of("JP").fetched_at == NOW + DAY
    assert len(versions()) == 1


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"level": 2}, {"level": 3}, ("raised", 3, 3, True)),
        ({"level": 4}, {"level": 1}, ("lowered", 1, 1, True)),
        ({"level": 2}, {"level": 2, "areas": (area("Border", 4),)}, ("areas", 2, 4, True)),
        ({"level": 2, "areas": (area("Border", 4),)}, {"level": 2, "areas": (area("Coast", 4),)}, ("areas", 2, 4, False)),
        ({"level": 2}, {"level": 2, "summary_html": "<p>Other words.</p>"}, ("words", 2, 2, False)),
        ({"level": 2}, {"level": 3, "is_editorial": True}, ("raised", 3, 3, False)),
        ({"level": 2}, {"level": None}, ("words", None, None, True)),
        ({"level": None}, {"level": 4}, ("raised", 4, 4, True)),
    ],
)  # fmt: skip
def test_what_changes_and_whether_it_is_told(
    before: dict[str, object], after: dict[str, object], told: tuple[object, ...]
) -> None:
    put(entry(**before))
    put(entry(**after), at=NOW + DAY)
    assert versions()[1:] == [told]


def test_the_level_holds_since_the_publishers_date_when_that_lies_between_our_looks() -> None:
    put(entry(level=2, changed_at=NOW - 100 * DAY))
    assert of("JP").level_since == NOW
    put(entry(level=3, changed_at=NOW + 0.5 * DAY), at=NOW + DAY)
    assert of("JP").level_since == NOW + 0.5 * DAY
    row = AdvisoryVersion.objects.get(number=2)
    assert (row.previous_level, row.level) == (2, 3)


def test_a_wording_that_no_table_knows_is_counted_and_compared_with_what_was_known_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(entry(level=3))
    report = put(entry(original_level="Think twice"), at=NOW + DAY)
    assert "no level is known for “Think twice”" in report.problems[0].text
    assert versions()[1] == ("words", None, None, False)
    known = levels._table()
    rows = (levels.Row("wording", False, "think twice", 4, 4, False), *known["smartraveller"])
    monkeypatch.setattr(levels, "_table", lambda: {**known, "smartraveller": rows})
    put(entry(original_level="Think twice"), at=NOW + 2 * DAY)
    assert versions()[2] == ("raised", 4, 4, True)
    assert AdvisoryVersion.objects.get(number=3).previous_level == 3


def test_another_reading_of_the_same_words_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    put(entry(level=3))
    known = levels._table()
    rows = (levels.Row("wording", True, "^reconsider", 2, 2, False), *known["smartraveller"])
    monkeypatch.setattr(levels, "_table", lambda: {**known, "smartraveller": rows})
    put(entry(level=3), at=NOW + DAY)
    assert versions()[1] == ("lowered", 2, 2, False)


def test_an_older_document_never_overwrites_a_newer_one() -> None:
    put(entry(level=2, changed_at=NOW - 2 * DAY), at=NOW)
    put(entry(level=3, changed_at=NOW), at=NOW + DAY)
    replayed = put(entry(level=2, changed_at=NOW - 2 * DAY), at=NOW + 0.5 * DAY)
    lagging = put(entry(level=2, changed_at=NOW - 2 * DAY), at=NOW + 2 * DAY)
    assert (replayed.older, lagging.older, of("JP").level) == (1, 1, 3)
    assert len(versions()) == 2


def test_a_date_of_the_future_holds_up_nothing() -> None:
    put(entry(level=2, changed_at=datetime(2062, 11, 20, tzinfo=NOW.tzinfo)))
    put(entry(level=3, changed_at=NOW), at=NOW + DAY)
    assert of("JP").level == 3


def test_an_index_without_levels_keeps_what_is_known() -> None:
    put(entry(level=None, is_partial_entry=True))
    assert of("JP").number == 0 and versions() == []
    put(entry(level=3, sections=(section("<p>Careful.</p>"),)), at=NOW + DAY, is_register=False)
    put(entry(level=None, title="Japan", is_partial_entry=True), at=NOW + 2 * DAY)
    row = of("JP")
    assert (row.level, row.title, row.fetched_at) == (3, "Japan: travel advice", NOW + 2 * DAY)
    assert versions() == [("first", 3, 3, False)]
    assert row.sections.filter(until=None).count() == 1


def test_an_index_that_does_not_name_the_parts_keeps_those_of_the_entry_itself() -> None:
    """Or every poll of the index and of the entry would tell of a change."""
    canada = source("canada", "canada")
    whole = {"place": "JP", "scheme": "iso2", "original_level": "", "original_code": "1 regional"}
    parts = (ParsedArea("Border", "Avoid all travel"), ParsedArea("Coast", "Avoid non-essential travel"))
    for day in range(0, 4, 2):
        put(entry(**whole, is_partial_entry=True, names_areas=False), *OTHERS, to=canada, at=NOW + day * DAY)
        put(entry(**whole, areas=parts), to=canada, at=NOW + (day + 1) * DAY, is_register=False)
    told = [
        (v.change, v.level, v.level_max, v.is_notable) for v in of("JP", canada).versions.order_by("number")
    ]
    assert told == [("first", 2, None, False), ("areas", 2, 4, False)]
    put(entry(**whole, areas=parts[1:]), to=canada, at=NOW + 9 * DAY, is_register=False)
    last = of("JP", canada).versions.order_by("-number")[0]
    assert (last.change, last.previous_level_max, last.level_max, last.is_notable) == ("areas", 4, 3, True)


def test_sections_are_opened_and_closed_and_those_that_moved_keep_their_date() -> None:
    put(entry(sections=(section("<p>a</p>"), section("<p>b</p>"))))
    put(entry(sections=(section("<p>new</p>"), section("<p>a</p>"), section("<p>c</p>"))), at=NOW + DAY)
    rows = Section.objects.order_by("since", "position", "html").values_list("html", "position", "since", "until")
    assert list(rows) == [
        ("<p>a</p>", 1, NOW, None), ("<p>b</p>", 1, NOW, NOW + DAY),
        ("<p>new</p>", 0, NOW + DAY, None), ("<p>c</p>", 2, NOW + DAY, None),
    ]  # fmt: skip


def test_an_entry_ends_when_two_whole_registers_in_a_row_lack_it() -> None:
    put(entry(), *OTHERS)
    put(*OTHERS, at=NOW + DAY)
    assert of("JP").state == Advisory.State.ACTIVE and of("JP").missing_since == NOW + DAY
    put(*OTHERS, at=NOW + 2 * DAY)
    assert of("JP").state == Advisory.State.ENDED
    assert versions()[1] == ("ended", 1, 1, False)
    put(entry(level=3), *OTHERS, at=NOW + 3 * DAY)
    assert versions()[2] == ("back", 3, 3, True)
    assert of("JP").state == Advisory.State.ACTIVE


def test_what_comes_back_in_between_and_what_only_one_document_lacks_does_not_end() -> None:
    put(entry(), *OTHERS)
    put(*OTHERS, at=NOW + DAY)
    put(entry(), *OTHERS, at=NOW + 2 * DAY)
    put(*OTHERS, at=NOW + 3 * DAY)
    assert of("JP").state == Advisory.State.ACTIVE
    put(*OTHERS, at=NOW + 4 * DAY, is_register=False)
    assert of("JP").state == Advisory.State.ACTIVE


def test_a_register_that_did_not_change_lacks_again_what_it_lacked() -> None:
    put(entry(), *OTHERS)
    put(*OTHERS, at=NOW + DAY)
    assert conclude_unchanged(source(), NOW + 2 * DAY) == 1
    assert of("JP").state == Advisory.State.ENDED
    assert of("KE").fetched_at == NOW + 2 * DAY


def test_a_health_notice_that_is_gone_is_told() -> None:
    put(entry(level=3, category="health"), *OTHERS)
    put(*OTHERS, at=NOW + DAY)
    put(*OTHERS, at=NOW + 2 * DAY)
    assert versions()[1] == ("ended", None, None, True)


@pytest.mark.parametrize("left", [0, 1, 4])
def test_an_empty_or_half_register_is_refused_and_ends_nothing(left: int) -> None:
    everything = (entry(), *OTHERS)
    put(*everything)
    for day in (1, 2, 3):
        with pytest.raises(Refused) as refused:
            put(*everything[:left], at=NOW + day * DAY)
        assert refused.value.code == ("document.half" if left else "document.empty")
    assert Advisory.objects.filter(state="active", missing_since=None).count() == 6


def test_a_joint_entry_is_one_of_each_country_and_one_that_it_drops_has_ended() -> None:
    put(entry("Israel and Jordan", 3, identifier="joint"))
    assert {of("IL").level, of("JO").level} == {3}
    put(entry("Israel", 3, identifier="joint"), at=NOW + DAY)
    assert (of("IL").state, of("JO").state) == ("active", "ended")


def test_a_part_with_an_entry_of_its_own_is_no_level_of_the_country() -> None:
    canada = source("canada", "canada")
    put(
        entry("PT", scheme="iso2", original_level="", original_code="0", identifier="PT"),
        entry("PT-20", scheme="iso2", original_level="", original_code="3", identifier="PT-20", title="Azores"),
        to=canada,
    )  # fmt: skip
    part = Advisory.objects.get(identifier="PT-20")
    assert (part.country_code, part.level, part.level_max, part.is_partial) == ("PT", None, 4, True)
    assert part.areas[0]["name"] == "Azores"


def test_a_name_that_no_table_knows_is_kept_counted_and_decided(world: World) -> None:
    report = put(entry("Atlantis", 4), entry())
    put(entry("Atlantis", 4), entry(), at=NOW + DAY)
    assert (report.read, report.unknown_names) == (1, {"Atlantis"})
    row = UnknownName.objects.get()
    assert (row.name, row.times, row.first_seen_at, row.last_seen_at) == ("Atlantis", 2, NOW, NOW + DAY)
    for bad in ("", "Atlantis", "JA", "JP XX", "USA"):
        with pytest.raises(Refused):
            decide_name(row, by=world.olga, codes=bad)
    decide_name(row, by=world.olga, codes="fj, nz")
    put(entry("Atlantis", 4), entry(), at=NOW + 2 * DAY)
    assert {of("FJ").level, of("NZ").level} == {4}
    decide_name(row, by=world.olga, codes="-")
    assert put(entry("Atlantis", 4), entry(), at=NOW + 3 * DAY).unknown_names == set()
    assert of("FJ").state == Advisory.State.ENDED


def test_fips_codes_are_not_read_as_iso() -> None:
    us = source("us", "us-state")
    put(
        entry("SZ", scheme="fips", original_level="Level 1"),
        entry("JA", scheme="fips", original_level="Level 2"),
        to=us,
    )
    assert set(Advisory.objects.values_list("country_code", flat=True)) == {"CH", "JP"}
    put(entry("JA", scheme="iso2", identifier="odd"), to=source())
    assert UnknownName.objects.get().name == "JA"


HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)><p style="position:fixed" onclick="x()">Stay '
    '<a href="javascript:alert(1)">here</a> <a href="https://ok.example.org/x">there</a></p>'
    '<iframe src="https://evil.example.org"></iframe><svg onload=alert(1)></svg><form action="/x"><input></form>'
)


def test_hostile_html_is_harmless() -> None:
    put(entry(summary_html=HOSTILE, sections=(section(HOSTILE, heading="<b>Safety</b><script>x</script>"),),
              title="<i>Japan</i>", url="javascript:alert(1)"))  # fmt: skip
    row = of("JP")
    for html in (row.summary, row.sections.get().html):
        for bad in ("script", "onerror", "style", "onclick", "javascript", "iframe", "svg", "<img", "form"):
            assert bad not in html
        assert '<a href="https://ok.example.org/x" rel="noopener noreferrer">there</a>' in html
    assert (row.title, row.url) == ("Japan", "")


def test_an_excerpt_is_text_and_no_markup() -> None:
    """What stands in the source as written-out tags must not become tags where only its first words are shown."""
    short = source("short", display="excerpt")
    put(entry("Japan", 1, summary_html="<p>&lt;img src=x&gt; &amp; <b>calm</b></p>"), to=short)
    with clock.held_at(NOW):
        assert advice_of(of("JP", short)).summary == "&lt;img src=x&gt; &amp; calm"


def test_an_endless_section_is_cut_with_a_remark_or_left_out_where_nothing_may_be_shortened() -> None:
    endless = section("<p>word</p>" * 40_000)
    report = put(entry(sections=(endless,)))
    assert "too long" in report.problems[0].text
    assert of("JP").sections.get().html.endswith("<p>[…]</p>")
    whole = source("whole", display="whole")
    put(entry(sections=(section("<p>short</p>"), endless)), to=whole)
    assert not of("JP", whole).sections.exists()


def test_link_only_keeps_title_and_link_alone() -> None:
    linked = source("linked", display="link")
    put(entry(summary_html="<p>x</p>", sections=(section("<p>x</p>"),), note="Why"), to=linked)
    row = of("JP", linked)
    assert (row.summary, row.sections.count(), row.versions.get().note) == ("", 0, "")
    assert row.title and row.url


def test_one_bad_entry_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from safeconduct.advisories import actions

    ordinary = actions.entry_of

    def broken(parsed: object, *rest: object) -> object:
        if parsed.place == "Kenya":  # type: ignore[attr-defined]
            raise ValueError("broken")
        return ordinary(parsed, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "entry_of", broken)
    report = put(entry(), *OTHERS)
    assert report.read == 5
    assert [problem.text for problem in report.problems] == ["could not be kept: ValueError"]


def test_nobody_is_told_that_a_notice_ended_where_a_name_was_decided_otherwise(world: World) -> None:
    """The publisher's words are the same: that they mean another country is our reading."""
    put(entry("Atlantis", 2, category="health"), entry())
    row = UnknownName.objects.get()
    decide_name(row, by=world.olga, codes="FJ")
    put(entry("Atlantis", 2, category="health"), entry(), at=NOW + DAY)
    decide_name(row, by=world.olga, codes="NZ")
    put(entry("Atlantis", 2, category="health"), entry(), at=NOW + 2 * DAY)
    assert versions("FJ")[-1] == ("ended", None, None, False)
    put(entry("Fiji", 2, category="health", identifier="atlantis"), entry(), at=NOW + 3 * DAY)
    assert versions("NZ")[-1] == ("ended", None, None, True)
