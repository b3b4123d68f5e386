"""What a register lists for the first time after it was once read whole, and what it only calls otherwise."""

from __future__ import annotations

import pytest

from safeconduct.advisories.models import Advisory, AdvisoryVersion, UnknownName
from safeconduct.advisories.names import decide_name
from safeconduct.advisories.parsed import ParsedAdvisory
from safeconduct.feeds.models import LinkedMessage, Source
from tests.advisories.registers import DAY, NOW, area, entry, of, put, source, versions
from tests.conftest import World

pytestmark = pytest.mark.django_db
OTHERS = tuple(entry(name) for name in ("Kenya", "France", "Portugal", "Norway", "Fiji"))


def notice(words: str, level: int, slug: str = "") -> ParsedAdvisory:
    """Return a health notice as the reader of CDC gives it."""
    return ParsedAdvisory(
        identifier=slug or words.lower().replace(" ", "-"), place=words, scheme="title",
        title=f"Level {level} - {words}", url=f"https://cdc.example.org/travel/notices/level{level}/{slug or 'x'}",
        original_level=f"Level {level}", original_code=str(level), category="health",
    )  # fmt: skip


def cdc() -> Source:
    """Return the source of health notices."""
    return source("cdc", "cdc")


CALM = tuple(notice(f"Measles in {place}", 1) for place in ("Kenya", "France", "Portugal", "Norway", "Fiji"))


@pytest.mark.parametrize(
    ("new", "version"),
    [
        (entry(level=3), ("new", 3, 3, True)),
        (entry(level=4), ("new", 4, 4, True)),
        (entry(level=2), ("new", 2, 2, False)),
        (entry(level=2, areas=(area("Border", 4),)), ("new", 2, 4, True)),
        (entry(level=4, is_editorial=True), ("new", 4, 4, False)),
        (entry(original_level="Think twice"), ("new", None, None, False)),
    ],
)
def test_an_entry_that_appears_later_is_told_from_level_3_on(
    new: ParsedAdvisory, version: tuple[object, ...]
) -> None:
    put(*OTHERS)
    report = put(new, *OTHERS, at=NOW + DAY)
    assert versions() == [version]
    assert (report.new, report.notable) == (1, int(bool(version[3])))


def test_before_a_register_was_read_whole_nothing_is_new() -> None:
    put(*OTHERS, is_register=False)
    put(entry(level=4), *OTHERS, at=NOW + DAY)
    assert versions() == [("first", 4, 4, False)]
    put(entry("Peru", 4), entry(level=4), *OTHERS, at=NOW + 2 * DAY)
    assert versions("PE") == [("new", 4, 4, True)]


def test_a_level_that_is_read_days_after_the_first_load_is_first_sight() -> None:
    """An index names everything at once; its pages may take days. What it names later is new, whenever it is read."""
    fcdo = source("fcdo", "fcdo")
    bare = {"level": None, "is_partial_entry": True, "scheme": "slug"}
    there = [entry(place, **bare) for place in ("japan", "kenya")]
    report = put(*there, to=fcdo)
    assert (report.read, report.new, report.unread, report.unchanged) == (2, 2, 2, 0)
    put(*there, entry("peru", **bare), to=fcdo, at=NOW + 2 * DAY)
    for place in ("japan", "peru"):
        page = entry(place, None, scheme="slug", original_code="avoid_all_travel_to_whole_country")
        read = put(page, to=fcdo, at=NOW + 3 * DAY, is_register=False)
        assert (read.read, read.new, read.opened, read.unread) == (1, 0, 1, 0)
    said = dict(AdvisoryVersion.objects.values_list("advisory__country_code", "change"))
    assert said == {"JP": "first", "PE": "new"}
    assert AdvisoryVersion.objects.get(is_notable=True).advisory.country_code == "PE"


def test_a_name_that_is_decided_later_was_listed_before(world: World) -> None:
    put(entry("Atlantis", 4), *OTHERS)
    put(entry("Atlantis", 4), entry("Lemuria", 4), *OTHERS, at=NOW + DAY)
    decide_name(UnknownName.objects.get(name="Atlantis"), by=world.olga, codes="gr")
    decide_name(UnknownName.objects.get(name="Lemuria"), by=world.olga, codes="mg")
    put(entry("Atlantis", 4), entry("Lemuria", 4), *OTHERS, at=NOW + 2 * DAY)
    assert versions("GR") == [("first", 4, 4, False)]
    assert versions("MG") == [("new", 4, 4, True)]


def test_a_country_that_joins_an_entry_is_new_and_the_others_are_not() -> None:
    put(notice("Marburg in Rwanda", 3, "marburg"), *CALM, to=cdc())
    put(notice("Marburg in Rwanda and Uganda", 3, "marburg"), *CALM, to=cdc(), at=NOW + DAY)
    rows = AdvisoryVersion.objects.filter(advisory__identifier="marburg")
    told = [(row.advisory.country_code, row.change, row.is_notable) for row in rows.order_by("pk")]
    assert told == [("RW", "first", False), ("UG", "new", True)]


@pytest.mark.parametrize(
    ("title", "level", "expected"),
    [
        ("Cholera in Haiti", 3, [("first", 3, 3, False)]),
        ("Cholera  in Haiti ", 3, [("first", 3, 3, False)]),
        ("Cholera in Haiti", 4, [("first", 3, 3, False), ("raised", 4, 4, True)]),
    ],
)
def test_a_notice_under_another_address_is_the_same_notice(
    title: str, level: int, expected: list[tuple[object, ...]]
) -> None:
    mine = cdc()
    put(notice("Cholera in Haiti", 3, "cholera-haiti"), *CALM, to=mine)
    before = Advisory.objects.get(identifier="cholera-haiti")
    LinkedMessage.objects.create(source=mine, url="https://cdc.example.org/x", key="cholera-haiti", listed_at=NOW)
    report = put(notice(title, level, "haiti-cholera-2026"), *CALM, to=mine, at=NOW + DAY)
    assert (report.renamed, report.new, report.ended) == (1, 0, 0)
    for day in (2, 3):
        put(notice(title, level, "haiti-cholera-2026"), *CALM, to=mine, at=NOW + day * DAY)
    after = Advisory.objects.get(source=mine, country_code="HT")
    assert (after.pk, after.public_id, after.identifier) == (before.pk, before.public_id, "haiti-cholera-2026")
    rows = [(row.change, row.level, row.level_max, row.is_notable) for row in after.versions.order_by("number")]
    assert rows == expected
    assert mine.links.get().key == "haiti-cholera-2026"


@pytest.mark.parametrize(
    "fresh",
    [
        (notice("Dengue in Haiti", 3, "b"),),
        (notice("Cholera in Chad", 3, "b"),),
        (notice("Cholera in Haiti", 3, "b"), notice("Cholera in Haiti", 3, "c")),
        (notice("Cholera in Haiti", 3, "b"), notice("Cholera in Haiti", 3, "a")),
    ],
    ids=["another disease", "another place", "two that may be meant", "it is not gone"],
)
def test_what_may_be_another_notice_is_another_notice(fresh: tuple[ParsedAdvisory, ...]) -> None:
    put(notice("Cholera in Haiti", 3, "a"), *CALM, to=cdc())
    report = put(*fresh, *CALM, to=cdc(), at=NOW + DAY)
    assert report.renamed == 0
    assert AdvisoryVersion.objects.filter(change="new", is_notable=True).exists()
    put(*fresh, *CALM, to=cdc(), at=NOW + 2 * DAY)
    is_gone = all(one.identifier != "a" for one in fresh)
    assert Advisory.objects.get(identifier="a").state == ("ended" if is_gone else "active")


def test_a_page_that_keeps_its_address_is_the_same_entry() -> None:
    """A register that numbers its entries anew brings nobody a new “do not travel” of a country."""
    put(entry(level=4), *OTHERS)
    anew = entry(level=4, identifier="f3a9", title="Japan")
    assert put(anew, *OTHERS, at=NOW + DAY).renamed == 1
    assert versions() == [("first", 4, 4, False)]


def test_an_excerpt_renames_nothing() -> None:
    put(notice("Cholera in Haiti", 3, "a"), *CALM, to=cdc())
    report = put(notice("Cholera in Haiti", 3, "b"), to=cdc(), at=NOW + DAY, is_register=False)
    assert report.renamed == 0 and of("FR", cdc()).state == "active"


def test_a_page_that_is_read_while_a_register_is_makes_nothing_in_it_old() -> None:
    put(entry(), *OTHERS)
    put(entry(), at=NOW + 2 * DAY, is_register=False)
    put(entry("Peru", 4), *OTHERS, at=NOW + DAY)
    assert versions("PE") == [("new", 4, 4, True)]
    assert of("JP").missing_since == NOW + DAY


def test_an_old_register_that_is_read_late_gives_no_name_back_and_brings_no_news() -> None:
    put(notice("Cholera in Haiti", 3, "a"), *CALM, to=cdc())
    put(notice("Cholera in Haiti", 3, "b"), *CALM, to=cdc(), at=NOW + 2 * DAY)
    late = put(notice("Cholera in Haiti", 3, "a"), notice("Ebola in Chad", 3), *CALM, to=cdc(), at=NOW + DAY)
    assert (late.renamed, late.notable) == (0, 0)
    assert Advisory.objects.filter(country_code="HT", identifier="b", fetched_at=NOW + 2 * DAY).exists()
