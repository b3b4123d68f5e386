"""Entry rules at the desk and from a shell: list, filter, enter, replace, end, files, taking back; who may."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advice.actions import add_rule
from safeconduct.advice.models import EntryRule, RuleImport
from safeconduct.audit.models import Entry
from safeconduct.orgs.permissions import DESK_RIGHTS
from tests.advice.rulefiles import matrix, own, read, read_matrix, rule_details
from tests.advice.test_pages import words
from tests.conftest import World

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
RULES = "/desk/entry-rules/"
TYPED = {"destination": "KE", "kind": "visa", "answer": "required", "source": "Embassy", "source_date": "2026-11-20"}


def upload(data: bytes, name: str = "rules.csv", **more: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data, "text/csv"), **more}


def test_a_rule_is_entered_replaced_and_ended(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    assert "No rule has been entered" in words(olga.get(RULES))
    page = words(olga.post(f"{RULES}add/", {**TYPED, "passports": "DE", "stay_days": "90"}))
    assert "go with “not_required”" in page and not EntryRule.objects.exists()
    page = words(olga.post(f"{RULES}add/", {**TYPED, "passports": "DE", "also_transit": "on"}, follow=True))
    assert "The rule holds from now on." in page and "Kenya" in page and "passports DE" in page
    rule = EntryRule.objects.get()
    assert rule.by_label == world.olga.audit_label and rule.also_transit
    assert "about the same already" in words(olga.post(f"{RULES}add/", {**TYPED, "passports": "DE", "also_transit": "on"}))
    shown = olga.get(f"{RULES}{rule.public_id}/").content.decode()
    assert 'value="DE"' in shown and "Olga Berg" in shown and 'name="also_transit" id="id_also_transit" checked' in shown.replace('class="x" ', "")
    olga.post(f"{RULES}{rule.public_id}/", {**TYPED, "passports": "DE FR", "text": "Both."})
    newer = EntryRule.objects.holding().get()
    assert newer.passports == "DE FR" and newer.replaces == rule
    old = words(olga.get(f"{RULES}{rule.public_id}/"))
    assert "This rule has ended." in old and "What took its place" in old and "End this rule" not in old
    assert olga.post(f"{RULES}{newer.public_id}/end/").status_code == 302
    assert not EntryRule.objects.holding().exists()
    log = words(olga.get("/desk/audit/?q=entry rule"))
    assert "Entry rule added" in log and "Entry rule changed" in log and "Entry rule ended" in log


def test_the_list_is_filtered_and_exported_as_it_is_filtered(world: World, client_of: ClientOf) -> None:
    read_matrix(("DE", "KE", "90"), ("US", "KE", "90"), ("DE", "PT", "visa free"))
    add_rule(rule_details(destination="JP", kind="form", source="Ministry of Japan", review_on="2026-11-22"), by=world.olga)
    olga = client_of(world.olga)

    def listed(query: str) -> list[str]:
        text = olga.get(f"{RULES}export.csv{query}").content.decode()
        return [f"{row['destination']} {row['passports']}".strip() for row in csv.DictReader(io.StringIO(text))]

    assert listed("") == ["JP", "KE DE", "KE US", "PT DE"]
    assert listed("?country=KE") == ["KE DE", "KE US"]
    assert listed("?country=KE&passport=DE") == ["KE DE"]
    assert listed("?kind=form") == ["JP"] and listed("?source=japan") == ["JP"]
    assert listed("?only=entered") == ["JP"] and listed("?only=review") == ["JP"]
    page = words(olga.get(f"{RULES}?country=KE"))
    assert "2 rules" in page and "Remove all filters" in page and "Matrix" in page
    assert "Old, to be checked" in words(olga.get(f"{RULES}?only=review"))
    assert "No rule fits" in words(olga.get(f"{RULES}?country=FJ"))
    assert olga.get(f"{RULES}?country=%27%22&kind=x&only=y&page=zz").status_code == 200


def test_a_file_is_read_its_bad_rows_come_back_and_it_is_taken_back(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    template = olga.get(f"{RULES}import/template.csv")
    assert template.headers["Content-Disposition"] == 'attachment; filename="entry-rules.csv"'
    page = words(olga.post(f"{RULES}import/", upload(own({"passports": "DE"}, {"kind": "vise"})), follow=True))
    assert "1 added, 0 changed, 0 as before, 1 refused" in page and "Olga Berg" in page and "One of: visa" in page
    done = RuleImport.objects.get()
    refused = olga.get(f"{RULES}files/{done.public_id}/refused.csv").content.decode()
    assert "vise" in refused and refused.count("\n") == 2
    page = words(olga.post(f"{RULES}import/", upload(own({"passports": "DE"}, {"kind": "vise"})), follow=True))
    assert "This very file was read before: nothing changed." in page
    page = words(olga.post(f"{RULES}files/{done.public_id}/take-back/", follow=True))
    assert "1 rule has ended." in page and "This file was taken back." in page and "Take the file back" not in page
    assert "This file was taken back already." in words(olga.post(f"{RULES}files/{done.public_id}/take-back/"))
    entry = Entry.objects.get(action="entry_rule.imported")
    assert entry.actor_id == world.olga.pk and entry.detail["refused"] == 1


def test_a_matrix_at_the_desk_asks_for_its_source_day_and_coding(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    data = matrix(("DEU", "KEN", "3"), ("FRA", "KEN", "0"), head="Passport,Destination,Code")
    said = {"source": "Matrix", "url": "https://matrix.example.org/", "as_of": "2019-11-23"}
    for missing, says in (({"source": ""}, "Say who says so"), ({"as_of": ""}, "Say of which day"), ({}, "coding of 2019")):
        page = olga.post(f"{RULES}import/", upload(data, **{**said, **missing})).content.decode()
        assert says in page and 'aria-invalid="true"' in page, missing
    page = words(olga.post(f"{RULES}import/", upload(data, **said, coding="2019"), follow=True))
    assert "2 added" in page and "Matrix" in page and "23 Nov 2019" in page
    assert "Choose a file" not in page
    page = words(olga.post(f"{RULES}import/", upload(b"\xff\xfe\x00", **said)))
    assert "1 thing to correct" in page
    assert "1 thing to correct" in words(olga.post(f"{RULES}import/", said))


def test_who_may(world: World, client_of: ClientOf) -> None:
    assert [role for role, rights in DESK_RIGHTS.items() if "entry.edit" in rights] == ["operator", "analyst"]
    world.charlie.desk_role = "coordinator"
    world.charlie.save(update_fields=["desk_role"])
    charlie = client_of(world.charlie)
    assert charlie.get(RULES).status_code == 404 and "Entry rules" not in words(charlie.get("/desk/"))
    assert "Entry rules" in words(client_of(world.olga).get("/desk/"))


def command(*arguments: str) -> tuple[str, str, int]:
    out, errors = StringIO(), StringIO()
    try:
        call_command("entry-rules", *arguments, stdout=out, stderr=errors)
    except SystemExit as stop:
        return out.getvalue(), errors.getvalue(), int(stop.code or 0)
    return out.getvalue(), errors.getvalue(), 0


def test_the_command_reads_takes_back_and_exports(tmp_path: Path) -> None:
    path, rejected = tmp_path / "rules.csv", tmp_path / "rejected.csv"
    path.write_bytes(own({"passports": "DE"}, {"kind": "vise", "text": "=1"}))
    out, _errors, code = command("import", str(path), "--rejected", str(rejected), "--json")
    answer = json.loads(out)
    assert code == 0 and (answer["added"], answer["refused"], answer["is_known"]) == (1, 1, False)
    assert answer["problems"][0]["row"] == 3
    assert "'=1" in rejected.read_text() and "Not known: vise" in rejected.read_text()
    assert json.loads(command("import", str(path), "--json")[0])["is_known"] is True
    exported = command("export")[0]
    assert exported.startswith("destination,kind,answer") and ",DE," in exported
    assert json.loads(command("take-back", answer["file"], "--json")[0]) == {"file": answer["file"], "ended": 1, "hold_again": 0}
    assert json.loads(command("files", "--json")[0])[0]["taken_back"] is True
    assert command("template")[0].startswith("destination,")


@pytest.mark.parametrize(
    "arguments",
    [("import", "no-such-file.csv"), ("import",), ("take-back", "nosuchfile12"), ("import", "{matrix}"), ("import", "{matrix}", "--as-of", "soon")],
)  # fmt: skip
def test_the_command_refuses_in_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "matrix.csv"
    path.write_bytes(matrix(("DE", "KE", "90")))
    _out, errors, code = command(*(text.format(matrix=path) for text in arguments))
    assert code == 2 and len(errors.strip().splitlines()) == 1


def test_the_matrix_date_stands_on_every_answer(world: World, client_of: ClientOf) -> None:
    read_matrix(("DE", "KE", "90"))
    done = read(own({"passports": "DE", "source_date": "2026-11-19"}))
    assert done.added == 1
    page = words(client_of(world.bob).post("/entry/", {"departure": "US", "to0": "KE", "passport": "DE", "legs": "1"}))
    assert "Matrix, Sun 1 Nov 2026" in page and "Embassy of Kenya, Thu 19 Nov 2026" in page
