"""Corrections of facts: what may be said, that it survives a load, what the log keeps, the CSV file, the figures."""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places import corrections
from safeconduct.places.actions import load_facts
from safeconduct.places.coverage import coverage
from safeconduct.places.effective import effective_facts
from safeconduct.places.emergency import emergency_of
from safeconduct.places.entering.entries import BadEntries
from safeconduct.places.entering.fields import SHAPES
from safeconduct.places.factwords import Words
from safeconduct.places.files import DATA, read_rows, write_rows
from safeconduct.places.models import Fact, FactLoad, FactOverride
from safeconduct.places.overrides import correct_fact, current_corrections, end_correction, is_overtaken
from safeconduct.places.registry import FIELDS
from tests.conftest import PLACES, World

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)


def correct(world: World, field: str, value: Any, **given: Any) -> FactOverride:
    said = {"source_title": "Embassy", "reason": "Called them", "checked_on": TODAY, **given}
    return correct_fact("KE", field, by=world.olga, value=value, **said)


def value_of(field: str, code: str = "KE") -> Any:
    return next((fact.value for fact in effective_facts(country_code=code, fields=[field])), None)


def test_every_field_can_be_stated() -> None:
    assert set(FIELDS) == set(SHAPES)


@pytest.mark.parametrize("field", sorted(SHAPES))
def test_what_is_shipped_could_have_been_typed(field: str) -> None:
    """Each shipped value → entries → value says the same on a page; and so does its one line of a table."""
    shape, words = SHAPES[field], Words("en")
    rows = list(Fact.objects.filter(field=field, country_code__in=PLACES))
    assert rows
    for row in rows:
        said = words.text(field, row.value)
        typed = shape.read(row.country_code, shape.texts(row.value))
        assert _same(field, words.text(field, typed), said), (row.country_code, shape.texts(row.value))
        from_line = shape.from_line(row.country_code, shape.as_line(row.value))
        assert words.text(field, from_line) == words.text(field, typed), shape.as_line(row.value)


def _same(field: str, typed: str, shipped: str) -> bool:
    # How many further airports there are is counted by the build, not typed.
    return shipped.startswith(typed) if field == "airports" else typed == shipped


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("emergency", {"police": "nine"}),
        ("emergency", {}),
        ("emergency", {"police": "1"}),
        ("tap_water", {"level": "delicious"}),
        ("tap_water", {}),
        ("malaria", {"level": "none", "months": "1"}),
        ("malaria", {"level": "part", "altitude_m": "90"}),
        ("malaria", {"level": "part", "months": "13"}),
        ("yellow_fever_certificate", {"cert": "none", "min_age_months": "9"}),
        ("capital", {"official": "Lisbon"}),
        ("capital", {}),
        ("borders", {"value": "XX"}),
        ("currency", {"value": "QQQ"}),
        ("timezones", {"value": "Africa/Nowhere"}),
        ("electricity", {"volts": "999", "hz": "50"}),
        ("electricity", {"volts": "240/220", "hz": "50"}),
        ("plugs", {"value": "Z"}),
        ("religion", {"shares": "muslim 80\nchristian 40"}),
        ("religion", {"shares": "jedi 3"}),
        ("languages", {"value": "english official 3"}),
        ("languages", {"value": "en loud 3"}),
        ("airports", {"own": "CDG"}),
        ("airports", {}),
        ("visa_authority", {"official": "http://plain.example.org/"}),
        ("visa_authority", {"evisa": "https://user@evil.example.org/"}),
        ("calling_code", {"value": "+254"}),
        ("population", {"value": "many"}),
        ("climate", {"koppen": "Zz"}),
        ("climate", {"koppen": "Cfb", "temperatures": "1 2 3"}),
        ("climate", {"koppen": "Cfb", "temperatures": "70 " * 12}),
        ("climate", {"koppen": "Cfb", "rain": "1.5 " * 12}),
    ],
)
def test_what_no_country_can_have_is_refused(field: str, texts: dict[str, str]) -> None:
    with pytest.raises(BadEntries):
        SHAPES[field].read("KE", texts)


def test_a_correction_wins_and_its_end_gives_the_shipped_value_back(world: World) -> None:
    shipped = value_of("emergency")
    first = correct(world, "emergency", {"general": ["112"]})
    second = correct(
        world, "emergency", {"general": ["999"], "police": ["911"]}, source_url="https://example.org/ke"
    )
    first.refresh_from_db()
    assert first.ended_at is not None and list(current_corrections()) == [second]
    known = emergency_of("KE")
    assert [(line.service, [n.number for n in line.numbers]) for line in known.lines] == [
        ("general", ["999"]), ("police", ["911"]),
    ]  # fmt: skip
    assert known.is_override and known.source_title == "Embassy"
    end_correction(second, by=world.olga)
    assert value_of("emergency") == shipped
    with pytest.raises(Refused):
        end_correction(second, by=world.olga)


def test_a_fact_can_be_made_unknown(world: World) -> None:
    assert value_of("malaria") is not None
    correct(world, "malaria", None, reason="The two documents are withdrawn")
    assert value_of("malaria") is None


def test_the_log_says_who_and_which_field_and_no_value(world: World) -> None:
    row = correct(
        world, "malaria", {"level": "all", "altitude_m": 2500, "months": [4, 5], "species": ["vivax"]}
    )
    end_correction(row, by=world.alice)
    entries = list(Entry.objects.filter(subject_kind="places.factoverride").order_by("pk"))
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        ("fact.corrected", world.olga.pk), ("fact.correction.ended", world.alice.pk),
    ]  # fmt: skip
    assert all(entry.detail == {"country": "KE", "field": "malaria"} for entry in entries)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"source_title": " "}, "fact.source_title"),
        ({"source_url": "javascript:alert(1)"}, "fact.source_url"),
        ({"reason": ""}, "fact.reason"),
        ({"checked_on": date(2999, 1, 1)}, "fact.checked_on"),
        ({"value": {"level": "delicious"}}, "fact.value"),
        ({"value": ["safe"]}, "fact.value"),
    ],
)
def test_a_correction_has_a_source_a_reason_and_a_possible_value(
    world: World, given: dict[str, Any], code: str
) -> None:
    said = {"value": {"level": "safe"}, **given}
    with pytest.raises(Refused) as refused:
        correct(world, "tap_water", said.pop("value"), **said)
    assert refused.value.code == code
    assert not FactOverride.objects.exists()


def test_only_countries_and_their_fields(world: World) -> None:
    said = {"by": world.olga, "value": None, "source_title": "x", "reason": "x", "checked_on": TODAY}
    for code, field in (
        ("QQ", "tap_water"),
        ("KE", "poetry"),
        ("ke", "tap_water"),
        ("", "tld"),
    ):
        with pytest.raises(NotFound):
            correct_fact(code, field, **said)  # type: ignore[arg-type]


def test_a_correction_survives_new_data_and_says_when_that_changed(world: World, tmp_path: Path) -> None:
    water = correct(world, "tap_water", {"level": "safe"})
    plugs = correct(world, "plugs", ["C"])
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("map"))
    rows = list(read_rows(DATA / "typed" / "plug.csv"))
    changed = [{**row, "plugs": "D;G"} if row["iso2"] == "KE" else row for row in rows]
    write_rows(folder / "typed" / "plug.csv", list(rows[0]), [list(row.values()) for row in changed])
    FactLoad.objects.all().delete()
    load_facts(data_dir=folder, only={"KE"})
    assert value_of("tap_water") == {"level": "safe"} and value_of("plugs") == ["C"]
    shipped = {row.field: row for row in Fact.objects.filter(country_code="KE")}
    assert shipped["plugs"].value == ["D", "G"]
    assert is_overtaken(plugs, shipped["plugs"]) and not is_overtaken(water, shipped.get("tap_water"))
    assert is_overtaken(plugs, None)


HEAD = "country,field,value,source,url,checked_on,reason\n"
GOOD = (
    HEAD
    + "KE,emergency,general: 999 | police: 911,Embassy,https://example.org/ke,2026-11-20,Called\n"
    + "ke,drive_side,unknown,Embassy,,2026-11-20,Withdrawn\n"
    + "PT,capital,official: Lisbon,Embassy,,2026-11-20,Checked\n"
)


def test_a_file_is_planned_then_applied_and_comes_out_as_it_went_in(world: World) -> None:
    plan = corrections.plan_of(GOOD)
    assert not plan.refused and plan.can_apply and not FactOverride.objects.exists()
    assert [(row.number, row.country_code, row.becomes) for row in plan.rows] == [
        (2, "KE", "general: 999 | police: 911"), (3, "KE", "unknown"), (4, "PT", "official: Lisbon"),
    ]  # fmt: skip
    assert plan.rows[1].was == "left"
    assert corrections.apply_plan(plan, by=world.olga) == 3
    assert value_of("emergency") == {"general": ["999"], "police": ["911"]} and value_of("drive_side") is None
    written = corrections.as_csv(current_corrections())
    again = corrections.plan_of(written)
    assert not again.refused and again.changes == () and len(again.rows) == 3
    assert corrections.apply_plan(again, by=world.olga) == 0
    assert FactOverride.objects.count() == 3


def test_one_refused_row_and_nothing_is_done(world: World) -> None:
    bad = GOOD + (
        "QQ,emergency,general: 1,E,,2026-11-20,x\n"
        "KE,poetry,x,E,,2026-11-20,x\n"
        "KE,malaria,level: maybe,E,,2026-11-20,x\n"
        "KE,plugs,G,E,,yesterday,x\n"
        "KE,plugs,G,,,2026-11-20,x\n"
        "KE,emergency,general: 112,E,,2026-11-20,x\n"
        "KE,emergency,dial 112,E,,2026-11-20,x\n"
    )
    plan = corrections.plan_of(bad)
    assert [row.number for row in plan.refused] == [5, 6, 7, 8, 9, 10, 11]
    assert len(plan.rows) == 3 and not plan.can_apply
    with pytest.raises(Refused):
        corrections.apply_plan(plan, by=world.olga)
    assert not FactOverride.objects.exists()


def test_a_failure_half_way_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = corrections.plan_of(GOOD)
    made = corrections.correct_fact

    def fails_at_the_second(code: str, field: str, **said: Any) -> FactOverride:
        if field == "drive_side":
            raise Refused("fact.meanwhile", "x")
        return made(code, field, **said)

    monkeypatch.setattr(corrections, "correct_fact", fails_at_the_second)
    with pytest.raises(Refused):
        corrections.apply_plan(plan, by=world.olga)
    assert not FactOverride.objects.exists() and not Entry.objects.filter(action="fact.corrected").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "csv.empty"),
        ("a\x00b", "csv.binary"),
        ("country,field\nKE,plugs\n", "csv.head"),
        (HEAD + 'KE,"', "csv.broken"),
    ],
)
def test_what_is_no_table_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        corrections.plan_of(text)
    assert refused.value.code == code


def test_files_as_spreadsheet_programs_write_them(world: World) -> None:
    semicolons = GOOD.replace(",", ";").encode("utf-16")
    assert len(corrections.plan_of(corrections.decoded(semicolons)).rows) == 3
    with pytest.raises(Refused):
        corrections.decoded("é".encode("latin-1"))
    correct(world, "plugs", ["C"], source_title='=HYPERLINK("x")')
    written = corrections.as_csv(current_corrections())
    assert "'=HYPERLINK" in written
    assert corrections.plan_of(written).rows[0].source_title == '=HYPERLINK("x")'


def test_what_is_known_is_counted(world: World) -> None:
    before = {each.field.name: each for each in coverage(TODAY)}
    for each in before.values():
        assert len(each.two) + len(each.one) + len(each.none) == len(PLACES)
    assert "KE" in before["emergency"].two and "KE" in before["population"].one
    correct(world, "emergency", {"general": ["112"]})
    correct(world, "tap_water", None)
    after = {each.field.name: each for each in coverage(date(2028, 1, 1))}
    assert "KE" in after["emergency"].one and "KE" in after["emergency"].overridden
    assert "KE" in after["tap_water"].none and "KE" in after["tap_water"].overridden
    assert "PT" in after["emergency"].stale and "PT" not in before["emergency"].stale


def test_the_command_prints_a_country_and_the_table(world: World) -> None:
    def said(*words: str) -> str:
        out = io.StringIO()
        call_command("facts", *words, stdout=out)
        return out.getvalue()

    with clock.held_at(NOW):
        correct(world, "drive_side", "right")
        rows = {row["field"]: row for row in json.loads(said("ke", "--json"))}
        assert rows["drive_side"]["corrected"] and rows["drive_side"]["text"] == "On the right"
        assert rows["drive_side"]["sources"] == ["Embassy"] and len(rows["emergency"]["sources"]) == 2
        assert "On the right  [Embassy, 2026-11-24]" in said("KE")
        figures = {row["field"]: row for row in json.loads(said("--coverage", "--json"))}
        assert figures["drive_side"]["overridden"] == 1 and figures["tap_water"]["two"] > 5
        assert "tap_water" in said("--coverage")
        for wrong in (("QQ",), ()):
            with pytest.raises(SystemExit):
                said(*wrong)
