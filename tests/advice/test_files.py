"""Files of entry rules: what is read, what comes back with a reason, the same again, taking back, the visa matrix."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from safeconduct.advice import actions, csv_files
from safeconduct.advice.actions import add_rule, change_rule, details_of, end_rule, take_back
from safeconduct.advice.details import COLUMNS, read_details
from safeconduct.advice.models import EntryRule, RuleImport
from safeconduct.advice.queries import as_rows
from safeconduct.audit.models import Entry
from safeconduct.lib.csvtable import guarded, unguarded
from safeconduct.lib.errors import Refused
from tests.advice.rulefiles import AS_OF, ROW, TODAY, counts, holding, own, read, read_matrix, rule_details
from tests.conftest import SAMPLES, World

pytestmark = pytest.mark.django_db
PASSPORT_INDEX = SAMPLES / "passport-index"
recorded = pytest.mark.skipif(not PASSPORT_INDEX.is_dir(), reason="no recorded samples beside the repository")


def refusal(data: bytes, **more: Any) -> str:
    with pytest.raises(Refused) as refused:
        read(data, **more)
    return refused.value.code


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("destination", "Atlantis", "There is no one country “Atlantis”."),
        ("destination", "Middle Africa", "There is no one country"),
        ("kind", "vise", "One of: visa,"),
        ("answer", "", "Not known: –."),
        ("passports", "DE FX XQZ", "Not codes of countries: FX, XQZ."),
        ("purposes", "work, fun", "Not known: fun."),
        ("stay_days", "ninety", "A whole number"),
        ("stay_days", "90", "go with “not_required”"),
        ("valid_from", "1.12.2026", "Write the day like"),
        ("also_transit", "perhaps", "Write yes or no."),
        ("condition", "vaccinated", "disease"),
        ("within_days", "6", "Say from which countries."),
        ("link", "javascript:alert(1)", "begins with https://"),
        ("source_url", "https://user@host.example.org/", "begins with https://"),
        ("source_date", "2999-01-01", "This day has not come yet."),
        ("source_date", "", "Say of which day"),
        ("source", "", "Say who says so"),
        ("text", "x" * 2001, "At most 2000 letters."),
    ],
)
def test_what_a_row_may_not_say(column: str, cell: str, says: str) -> None:
    found = read_details({**ROW, column: cell}, today=TODAY)
    assert found.details is None
    assert any(says in f"{name}: {text}" for name, text in found.problems.items()), found.problems


def test_what_contradicts_itself() -> None:
    for more, column in (
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "valid_until"),
        ({"passports": "DE", "not_passports": "FR DE"}, "not_passports"),
        ({"answer": "not_required", "obtained": "online"}, "obtained"),
        ({"answer": "not_required", "stay_days": "0"}, "stay_days"),
    ):
        assert list(read_details({**ROW, **more}, today=TODAY).problems) == [column]


def test_countries_are_written_in_any_usual_way() -> None:
    for text in ("KE", "ke", "KEN", "Kenya", "kenia"):
        assert rule_details(destination=text).destination == "KE"
    assert rule_details(passports="usa; DE,fr DEU").passports == "DE FR US"


def test_good_rows_enter_and_bad_ones_come_back_in_a_file_with_reasons(world: World) -> None:
    rows = [{"passports": code} for code in ("DE", "FR", "US")]
    bad = [{"passports": "QQQ"}, {"kind": "=cmd|' /C calc'!A0"}, {"passports": "DE", "text": "twice"}]
    done = read(own(*rows, *bad))
    assert counts(done) == (3, 0, 0, 0, 3)
    assert {row.passports for row in EntryRule.objects.holding()} == {"DE", "FR", "US"}
    back = list(csv.DictReader(io.StringIO(csv_files.refused_csv(done.problems))))
    assert [row["row"] for row in back] == ["5", "6", "7"]
    assert back[0]["passports"] == "QQQ" and back[0]["problem"] == "passports: Not codes of countries: QQQ."
    assert back[1]["kind"].startswith("'=cmd")
    assert back[2]["problem"] == "destination: Row 2 is about the same."
    # Mended where it says so, the file that came back is read as it is.
    mended = csv_files.refused_csv([{**done.problems[0], "cells": {**done.problems[0]["cells"], "passports": "CA"}}])
    assert counts(read(mended.encode())) == (1, 0, 0, 0, 0)


def test_the_source_of_the_file_is_that_of_rows_without_one(world: World) -> None:
    bare = {"source": "", "source_date": ""}
    read(own({**bare, "passports": "DE"}, {"passports": "FR"}), source="Our desk", url="https://desk.example.org/", as_of=AS_OF)
    said = dict(EntryRule.objects.values_list("passports", "source_name"))
    assert said == {"DE": "Our desk", "FR": "Embassy of Kenya"}
    assert EntryRule.objects.get(passports="DE").source_on == AS_OF
    assert EntryRule.objects.get(passports="FR").source_url == ""
    assert counts(read(own(bare)))[4] == 1


def test_the_same_file_again_does_nothing_and_a_changed_row_takes_its_place(world: World) -> None:
    first = read(own({"passports": "DE"}, {"passports": "FR"}))
    assert read(own({"passports": "DE"}, {"passports": "FR"})) == first and RuleImport.objects.count() == 1
    second = read(own({"passports": "DE", "text": "New form"}, {"passports": "FR"}, {"passports": "US"}))
    assert counts(second) == (1, 1, 1, 0, 0)
    new = EntryRule.objects.holding().get(passports="DE")
    assert new.text == "New form" and new.replaces is not None and new.replaces.ended_batch == second
    # Back to what was first: it is not “the same file again” any more.
    third = read(own({"passports": "DE"}, {"passports": "FR"}))
    assert third != first and counts(third) == (0, 1, 1, 0, 0)


def test_a_file_is_taken_back_and_what_it_replaced_holds_again(world: World) -> None:
    read(own({"passports": "DE", "text": "old"}))
    wrong = read(own({"passports": "DE", "text": "wrong"}, {"passports": "FR"}))
    by_hand = EntryRule.objects.holding().get(passports="FR")
    change_rule(by_hand, rule_details(passports="FR", text="mended"), by=world.olga)
    assert take_back(wrong, by=world.olga) == (1, 1)
    assert set(EntryRule.objects.holding().values_list("passports", "text")) == {("DE", "old"), ("FR", "mended")}
    with pytest.raises(Refused, match="taken back already"):
        take_back(wrong, by=world.olga)
    # The same file may be read once more.
    assert counts(read(own({"passports": "DE", "text": "wrong"}, {"passports": "FR"}))) == (0, 2, 0, 0, 0)
    said = {entry.action: entry for entry in Entry.objects.filter(action__startswith="entry_rule.")}
    assert said["entry_rule.taken_back"].actor_id == world.olga.pk
    assert said["entry_rule.taken_back"].detail == {"ended": 1, "back": 1}


def test_files_are_taken_back_in_any_order(world: World) -> None:
    files = [read(own({"text": text})) for text in ("one", "two", "three")]
    assert take_back(files[1], by=None) == (0, 0)
    assert [row.text for row in EntryRule.objects.holding()] == ["three"]
    # What “three” replaced was brought by a file that was taken back itself: what was there before that holds again.
    assert take_back(files[2], by=None) == (1, 1)
    assert [row.text for row in EntryRule.objects.holding()] == ["one"]


def test_what_a_file_that_was_taken_back_brought_never_holds_again(world: World) -> None:
    files = [read(own({"text": text})) for text in ("one", "two", "three", "four")]
    for done in files[:3]:
        take_back(done, by=None)
    assert take_back(files[3], by=None) == (1, 0)
    assert not EntryRule.objects.holding().exists()


def test_taking_back_while_somebody_enters_the_same_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read(own({"text": "old"}))
    wrong = read(own({"text": "wrong"}))

    def meanwhile(rows: Any) -> int:
        found = list(rows.values_list("pk", flat=True))
        add_rule(rule_details(text="by hand"), by=world.olga)
        return reopen(EntryRule.objects.filter(pk__in=found))

    reopen = actions._reopen
    monkeypatch.setattr(actions, "_reopen", meanwhile)
    with pytest.raises(Refused) as refused:
        take_back(wrong, by=None)
    assert refused.value.code == "rule.taken"
    wrong.refresh_from_db()
    assert wrong.taken_back_at is None and [row.text for row in EntryRule.objects.holding()] == ["wrong"]


def test_rules_are_replaced_not_changed(world: World) -> None:
    row = add_rule(rule_details(), by=world.olga)
    assert change_rule(row, rule_details(), by=world.olga) == row
    newer = change_rule(row, rule_details(answer="recommended"), by=world.olga)
    row.refresh_from_db()
    assert (row.answer, row.ended_at is None, newer.replaces) == ("required", False, row)
    with pytest.raises(Refused, match="ended already"):
        change_rule(row, rule_details(answer="refused"), by=world.olga)
    with pytest.raises(Refused, match="about the same already"):
        add_rule(rule_details(text="again"), by=world.olga)
    end_rule(newer, by=world.olga)
    with pytest.raises(Refused):
        end_rule(newer, by=world.olga)
    actions = list(Entry.objects.filter(action__startswith="entry_rule.").order_by("pk").values_list("action", flat=True))
    assert actions == ["entry_rule.added", "entry_rule.changed", "entry_rule.ended"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "vise"}, {"answer": "maybe"}, {"stay_days": 90}, {"answer": "not_required", "obtained": "online"},
        {"condition": "vaccinated"}, {"valid_from": TODAY, "valid_until": TODAY - timedelta(days=1)}, {"source_name": ""},
    ],
)  # fmt: skip
def test_the_database_refuses_what_contradicts_itself(wrong: dict[str, Any], world: World) -> None:
    row = add_rule(rule_details(), by=None)
    for name, value in wrong.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_the_export_is_a_file_that_says_the_same(world: World) -> None:
    read(own(
        {"passports": "DE", "text": "=SUM(A1)\nsecond line", "link": "https://visa.example.org/"},
        {"kind": "test", "disease": "COVID-19", "condition": "not_vaccinated", "also_transit": "yes", "came_from": "BR", "within_days": "14"},
        {"kind": "visa", "answer": "not_required", "stay_days": "90", "purposes": "work", "valid_from": "2026-12-01", "review_on": "2027-01-01"},
    ))  # fmt: skip
    before = [details_of(row) for row in EntryRule.objects.holding().order_by("pk")]
    text = csv_files.as_csv(as_rows(EntryRule.objects.holding().order_by("pk")))
    assert text.splitlines()[0] == ",".join(COLUMNS) and "'=SUM(A1)" in text
    assert counts(read(text.encode())) == (0, 0, 3, 0, 0)
    assert [details_of(row) for row in EntryRule.objects.holding().order_by("pk")] == before


def test_the_template_enters_nothing_until_a_country_stands_in_it() -> None:
    assert counts(read(csv_files.template().encode()))[::4] == (0, 2)
    assert counts(read(csv_files.template().replace("ZZ", "KE").encode()))[::4] == (2, 0)


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_becomes_a_formula(cell: str) -> None:
    assert guarded(cell) == f"'{cell}" and unguarded(guarded(cell)) == cell
    assert guarded("plain") == "plain" and unguarded("'quoted'") == "'quoted'"


def test_what_is_no_such_file() -> None:
    assert refusal(b"") == "csv.empty"
    assert refusal(b"a,b\n1,2\n") == "csv.head"
    assert refusal(b"destination,kind,answer\n") == "csv.empty"
    assert refusal(own({}), as_of=date(2999, 1, 1), source="X") == "import.as_of"
    assert refusal(own({}), source="X", url="nowhere", as_of=AS_OF) == "import.url"
    assert refusal(b"x" * (csv_files.MOST_BYTES + 1)) == "csv.long"


def test_a_matrix_says_what_its_words_mean(world: World) -> None:
    done = read_matrix(
        ("DE", "KE", "eta"), ("DE", "IN", "e-visa"), ("DE", "FR", "visa free"), ("DE", "JP", "90"), ("DE", "TR", "visa on arrival"),
        ("DE", "CU", "visa required"), ("DE", "DE", "-1"), ("IL", "LB", "no admission"),
    )  # fmt: skip
    assert counts(done) == (9, 0, 0, 0, 0)
    assert holding() == {
        ("KE", "visa", "DE", "not_required", None), ("KE", "authorisation", "DE", "required", None),
        ("IN", "visa", "DE", "required", None), ("FR", "visa", "DE", "not_required", None),
        ("JP", "visa", "DE", "not_required", 90), ("TR", "visa", "DE", "required", None), ("CU", "visa", "DE", "required", None),
        ("DE", "visa", "DE", "not_required", None), ("LB", "visa", "IL", "refused", None),
    }  # fmt: skip
    got = dict(EntryRule.objects.exclude(obtained="").values_list("destination", "obtained"))
    assert got == {"KE": "online", "IN": "online", "TR": "on_arrival", "CU": "before"}
    assert set(EntryRule.objects.values_list("source_name", "source_on")) == {("Matrix", AS_OF)}


def test_bad_cells_of_a_matrix_come_back(world: World) -> None:
    done = read_matrix(
        ("DE", "KE", "90"), ("Germany", "Kenya", "30"), ("XX", "KE", "90"), ("DE", "", "90"), ("DE", "JP", "3"), ("DE", "JP", "400"),
        ("DE", "FR", "-1"), ("FR", "FR", "90"), ("DE", "CU", "hayya entry permit"), ("DE", "CU", ""),
    )  # fmt: skip
    assert counts(done) == (1, 0, 0, 0, 9)
    why = {row["row"]: row["problems"][0]["field"] for row in done.problems}
    assert why == {
        3: "destination", 4: "passport", 5: "destination", 6: "requirement", 7: "requirement", 8: "requirement", 9: "requirement",
        10: "requirement", 11: "requirement",
    }  # fmt: skip


def test_the_numbers_of_2019_are_converted_only_when_somebody_says_so(world: World) -> None:
    old = [("DEU", "KEN", "1"), ("DEU", "FRA", "3"), ("DEU", "IND", "2"), ("DEU", "CUB", "0"), ("DEU", "DEU", "-1")]
    data = "\n".join(["Passport,Destination,Code", *(",".join(row) for row in old)]).encode()
    assert refusal(data, source="Matrix", as_of=AS_OF) == "matrix.coding"
    assert counts(read(data, source="Matrix", as_of=AS_OF, coding="2019")) == (6, 0, 0, 0, 0)
    assert ("IN", "authorisation", "DE", "required", None) in holding()
    assert ("FR", "visa", "DE", "not_required", None) in holding()
    new = b"Passport,Destination,Requirement\nDE,KE,90\n"
    assert refusal(new, source="Matrix", as_of=AS_OF, coding="2019") == "matrix.coding"


def test_a_matrix_needs_its_source_and_day(world: World) -> None:
    data = b"Passport,Destination,Requirement\nDE,KE,90\n"
    assert refusal(data, as_of=AS_OF) == "import.source"
    assert refusal(data, source="Matrix") == "import.as_of"


def test_a_newer_matrix_takes_the_place_of_the_whole_older_one(world: World) -> None:
    first = read_matrix(("DE", "KE", "90"), ("FR", "KE", "90"), ("US", "KE", "eta"))
    other = read_matrix(("DE", "KE", "30"), source="Another")
    newer = AS_OF + timedelta(days=1)
    second = read_matrix(("DE", "KE", "60"), ("FR", "KE", "visa required"), ("US", "KE", "30"), as_of=newer)
    assert counts(second) == (3, 0, 0, 4, 0)
    mine = EntryRule.objects.holding().filter(source_name="Matrix")
    assert {(row.passports, row.answer, row.source_on) for row in mine} == {
        ("DE", "not_required", newer), ("FR", "required", newer), ("US", "not_required", newer),
    }  # fmt: skip
    assert other.rules.filter(ended_at=None).count() == 1
    assert refusal(b"Passport,Destination,Requirement\nDE,KE,90\n", source="Matrix", as_of=AS_OF) == "matrix.older"
    assert refusal(b"Passport,Destination,Requirement\nDE,KE,90\n", source="Matrix", as_of=newer) == "matrix.half"
    assert take_back(second, by=None) == (3, 4)
    assert first.rules.filter(ended_at=None).count() == 4
    assert read_matrix(("DE", "KE", "90"), ("FR", "KE", "90"), ("US", "KE", "eta")) == first


def test_matrices_that_two_later_ones_overtook_are_forgotten(world: World) -> None:
    days = [AS_OF + timedelta(days=n) for n in range(3)]
    first = read_matrix(("DE", "KE", "90"), ("FR", "KE", "90"), as_of=days[0])
    by_hand = change_rule(EntryRule.objects.holding().get(passports="FR"), rule_details(passports="FR"), by=world.olga)
    second = read_matrix(("DE", "KE", "60"), as_of=days[1])
    third = read_matrix(("DE", "KE", "30"), as_of=days[2])
    # What somebody replaced by hand stays as the past of what they wrote.
    assert list(EntryRule.objects.filter(batch=first).values_list("passports", flat=True)) == ["FR"]
    assert by_hand in EntryRule.objects.holding()
    assert take_back(third, by=None) == (1, 1)
    assert take_back(second, by=None) == (1, 0)
    read_matrix(("DE", "KE", "30"), as_of=days[2])
    assert not EntryRule.objects.filter(batch__in=[second, third]).exists()


@recorded
def test_a_recorded_matrix_is_read_whole(world: World) -> None:
    path = PASSPORT_INDEX / "2025-01-12-passport-index-tidy-iso2.csv"
    done = read(path.read_bytes(), name=path.name, source="Passport Index", as_of=date(2025, 1, 12))
    assert counts(done) == (40_420, 0, 0, 0, 0)
    assert EntryRule.objects.holding().filter(kind="visa").count() == 39_601
    for name in ("2025-01-12-passport-index-tidy.csv", "2019-11-23-passport-index-tidy-iso3.csv"):
        rows, is_matrix = csv_files.rows_of((PASSPORT_INDEX / name).read_bytes())
        coding = "2019" if "2019" in name else ""
        cells = csv_files.matrix.cells_of(rows, coding=coding)
        assert is_matrix and not cells.refused and cells.rows == len(rows), name


def test_the_wide_form_of_a_matrix_is_refused_with_what_is_missing() -> None:
    assert refusal(b"Passport,KEN,FRA\nDEU,90,visa free\n", source="Matrix", as_of=AS_OF) == "csv.head"


def test_three_thousand_rows_of_which_twelve_are_wrong(world: World) -> None:
    rows = [{"destination": "KE", "passports": "DE", "valid_from": (date(2027, 1, 1) + timedelta(days=n)).isoformat()} for n in range(2988)]
    done = read(own(*rows, *({"kind": f"no-{n}"} for n in range(12))))
    assert counts(done) == (2988, 0, 0, 0, 12)
