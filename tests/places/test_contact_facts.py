"""Emergency numbers need two sources that do not copy from each other; addresses of visa authorities need one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from phonenumbers import shortnumberinfo

from safeconduct.places.build.emergency import SERVICES, shipped
from safeconduct.places.emergency import emergency_of
from safeconduct.places.facts import facts_from
from safeconduct.places.factwords import Words
from safeconduct.places.files import DATA, TYPED, read_rows, write_rows
from safeconduct.places.models import Fact, FactOverride
from safeconduct.places.statements import contacts
from tests.conftest import World

Rows = list[dict[str, str]]


def numbers(code: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in read_rows(DATA / "emergency.csv"):
        if row["iso2"] == code:
            found.setdefault(row["service"], set()).add(row["number"])
    return found


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Callable[[Rows], Rows]], list[str]]:
    """Return a function: name of a file and a change to its rows → the problems of the data with that change."""

    def problems(name: str, change: Callable[[Rows], Rows]) -> list[str]:
        folder = tmp_path / "data"
        shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("map", "*.gz"), dirs_exist_ok=True)
        rows = list(read_rows(DATA / name))
        head = list(rows[0])
        write_rows(folder / name, head, [[row[column] for column in head] for row in change(rows)])
        return contacts.problems(folder)

    return problems


@pytest.fixture
def typed(tmp_path: Path) -> Callable[..., set[tuple[str, str, str, str, str]]]:
    """Return a function: rows of the typed files → service, number, sources that ship for Kenya."""

    def ship(
        aosp: tuple[str, ...] = (),
        claims: tuple[str, ...] = (),
        known: tuple[str, ...] = (),
        refused: tuple[str, ...] = (),
        phone: tuple[str, ...] = (),
    ) -> set[tuple[str, str, str, str, str]]:
        day = "2026-11-24"
        write_rows(
            tmp_path / "emergency_aosp.csv",
            ["iso2", "service", "number"],
            [("KE", *row.split()) for row in aosp],
        )
        write_rows(
            tmp_path / "emergency_claim.csv",
            ["iso2", "service", "number", "src", "checked"],
            [("KE", *row.split(), day) for row in claims],
        )
        write_rows(
            tmp_path / "emergency_known.csv",
            ["iso2", "number", "src", "checked"],
            [("KE", number, "microsoft-teams", day) for number in known],
        )
        write_rows(
            tmp_path / "emergency_exception.csv",
            ["iso2", "service", "number", "note"],
            [("KE", *row.split(), "why") for row in refused],
        )
        rows = shipped({"KE"}, tmp_path, lambda number, _code: number in phone)
        return {row[1:] for row in rows}

    return ship


def test_the_shipped_data_holds() -> None:
    assert contacts.problems(DATA) == []


@pytest.mark.parametrize(
    ("code", "service", "wanted"),
    [
        ("FR", "ambulance", {"15", "112"}),
        ("AU", "general", {"000"}),
        ("AM", "police", {"102", "911"}),
        ("IQ", "fire", {"115"}),
        ("SR", "ambulance", {"113"}),
        ("RS", "police", {"112", "192"}),
        ("GR", "tourist", {"171"}),
        ("HR", "coast", {"195"}),
        ("SJ", "general", {"112"}),
    ],
)
def test_numbers_that_were_decided(code: str, service: str, wanted: set[str]) -> None:
    assert numbers(code)[service] == wanted


@pytest.mark.parametrize(
    "code", ["AQ", "BV", "CD", "CG", "EH", "GS", "HM", "IO", "LS", "PN", "TF", "TK", "UM"]
)
def test_where_two_sources_do_not_agree_nothing_is_shown(code: str) -> None:
    assert numbers(code) == {}


def test_a_number_of_one_source_does_not_ship(typed: Callable[..., object]) -> None:
    assert typed(aosp=("police 999",)) == set()
    assert typed(known=("999",), phone=("999",)) == set()


def test_the_second_source_may_know_the_number_alone(typed: Callable[..., object]) -> None:
    day = "2026-11-24"
    assert typed(aosp=("police 190",), phone=("190",)) == {("police", "190", "aosp", "libphonenumber", day)}
    assert typed(aosp=("police 190",), known=("190",)) == {("police", "190", "aosp", "microsoft-teams", day)}


def test_two_that_may_copy_from_each_other_are_one(typed: Callable[..., object]) -> None:
    assert typed(aosp=("police 190",), claims=("police 190 wikipedia-emergency",)) == set()
    agreed = typed(
        aosp=("police 190",), claims=("police 190 wikipedia-emergency", "police 190 mzv-sk"), known=()
    )
    assert agreed == {("police", "190", "mzv-sk", "aosp", "2026-11-24")}


def test_only_a_common_number_for_all_three_services_is_for_any_emergency(
    typed: Callable[..., object],
) -> None:
    both = tuple(
        f"{service} {number}" for service in ("police", "ambulance", "fire") for number in ("112", "177")
    )
    found = {row[:2] for row in typed(aosp=both, phone=("112", "177"))}  # type: ignore[attr-defined]
    assert ("general", "112") in found and ("general", "177") not in found
    two = typed(aosp=("police 112", "ambulance 112"), phone=("112",))
    assert {row[0] for row in two} == {"police", "ambulance"}  # type: ignore[attr-defined]
    taken_out = typed(aosp=both, phone=("112", "177"), refused=("general 112", "fire 112"))
    assert {row[:2] for row in taken_out if row[1] == "112"} == {("police", "112"), ("ambulance", "112")}  # type: ignore[attr-defined]


def test_a_broken_number_is_noticed(changed: Callable[..., list[str]]) -> None:
    def one_source(rows: Rows) -> Rows:
        return [row | {"src2": ""} if row["iso2"] == "KE" else row for row in rows]

    assert any(
        "emergency.csv KE" in p and "not two sources" in p for p in changed("emergency.csv", one_source)
    )
    more = changed(
        "emergency.csv", lambda rows: [*rows, rows[0] | {"iso2": "KE", "service": "police", "number": "123"}]
    )
    assert any("KE police 123: libphonenumber does not know it" in problem for problem in more)
    assert "emergency.csv has without two sources KE police 123" in more
    less = changed("emergency.csv", lambda rows: [row for row in rows if row["iso2"] != "FR"])
    assert "emergency.csv lacks FR police 17" in less


def test_a_broken_typed_file_is_noticed(changed: Callable[..., list[str]]) -> None:
    claim = {"iso2": "QQ", "service": "police", "number": "1-1", "src": "hearsay", "checked": "2999-01-01"}
    found = changed("typed/emergency_claim.csv", lambda rows: [*rows, claim, claim])
    for words in ("unknown country", "not digits only", "unknown source", "checked in the future", "twice"):
        assert any("QQ police 1-1" in problem and words in problem for problem in found)
    silent = changed("typed/emergency_exception.csv", lambda rows: [row | {"note": ""} for row in rows])
    assert any("taken out without a reason" in problem for problem in silent)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://visa.example.org/"}, "no https address"),
        ({"url": "https://me@evisa.gov.xx/"}, "no https address"),
        ({"url": "https://visas.example.com/", "src2": ""}, "one source alone"),
        ({"src": "hearsay"}, "unknown source"),
        ({"checked": "2999-01-01"}, "checked in the future"),
        ({"iso2": "QQ"}, "unknown or twice"),
    ],
)
def test_a_broken_address_is_noticed(
    changed: Callable[..., list[str]], change: dict[str, str], words: str
) -> None:
    found = changed("typed/visa_link.csv", lambda rows: [rows[0] | change, *rows[1:]])
    assert any(words in problem for problem in found)


def test_every_statement_names_known_sources() -> None:
    known = {row["src"] for row in read_rows(DATA / "sources.csv")}
    facts = [fact for fact in facts_from(DATA) if fact.field in ("emergency", "visa_authority")]
    assert {fact.src for fact in facts} | {fact.src2 for fact in facts} - {""} <= known
    for fact in facts:
        if fact.field == "emergency":
            assert set(fact.value) <= set(SERVICES) and fact.src and fact.src2
            entries = [entry for entries in fact.value.values() for entry in entries]
            assert {entry["src"] for entry in entries} | {entry["src2"] for entry in entries} <= known


@pytest.mark.django_db
def test_each_service_has_its_own_sources() -> None:
    found = {line.service: line for line in emergency_of("CH").lines}
    assert [number.number for number in found["general"].numbers] == ["112"]
    # What reaches everybody is not said again.
    assert [number.number for number in found["police"].numbers] == ["117"]
    for line in found.values():
        assert all(len(number.sources) == 2 for number in line.numbers)
        assert line.checked_on == date(2026, 11, 24)
    assert {source.src for source in found["police"].sources} == {"mzv-sk", "libphonenumber"}


@pytest.mark.django_db
def test_one_number_for_everything_is_one_line() -> None:
    assert [line.service for line in emergency_of("US").lines] == ["general"]
    unknown = emergency_of("QQ")
    assert not unknown.is_known and [line.service for line in unknown.lines] == [
        "police",
        "ambulance",
        "fire",
    ]


@pytest.mark.django_db
def test_what_the_operator_corrects_stands_with_the_operator(world: World) -> None:
    FactOverride.objects.create(
        country_code="KE",
        field="emergency",
        value={"police": ["1234"]},
        source_title="Nairobi police",
        reason="changed",
        checked_on=date(2026, 11, 20),
        by_label="Olga",
        made_at="2026-11-20T00:00:00Z",
    )
    found = emergency_of("KE")
    assert found.is_override and found.source_title == "Nairobi police"
    assert {line.service: [n.number for n in line.numbers] for line in found.lines}["police"] == ["1234"]


@pytest.mark.django_db
@pytest.mark.parametrize("lang", ["en", "de", "ar", "ja"])
def test_words(lang: str) -> None:
    value = Fact.objects.get(country_code="CH", field="emergency").value
    text = Words(lang).text("emergency", value)
    assert "117" in text and text.count("112") == 1
    visa = Fact.objects.get(country_code="US", field="visa_authority").value
    assert Words(lang).text("visa_authority", visa) == "travel.state.gov; ESTA: esta.cbp.dhs.gov"
    assert [link.url for link in contacts.visa_links(visa)][1] == "https://esta.cbp.dhs.gov/"
    assert Words(lang).text("visa_authority", {}) == ""


def test_the_typed_numbers_are_mostly_known_to_libphonenumber() -> None:
    """A slip of a row or a column in the typed list would show here."""
    rows = list(read_rows(TYPED / "emergency_known.csv"))
    known = sum(shortnumberinfo.is_emergency_number(row["number"], row["iso2"]) for row in rows)
    assert known / len(rows) > 0.55
