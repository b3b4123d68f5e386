"""The facts at the desk: corrections entry by entry and from a file, what is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from safeconduct.accounts.models import User
from safeconduct.places.models import Fact, FactOverride, Place
from tests.conftest import World
from tests.ops.test_guide_desk import ClientOf, plain, words
from tests.ops.test_guide_desk import anna as anna

pytestmark = pytest.mark.django_db


def said(**more: Any) -> dict[str, Any]:
    return {
        "source_title": "Embassy",
        "source_url": "",
        "checked_on": "2026-11-20",
        "reason": "They told us",
        "seen": "",
        **more,
    }


def test_a_fact_is_corrected_entry_by_entry(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    page = olga.get("/desk/facts/KE/emergency/").content.decode()
    shipped = Fact.objects.get(country_code="KE", field="emergency").value
    for service, entries in shipped.items():
        assert f'name="v_{service}" value="{", ".join(entry["number"] for entry in entries)}"' in page
    refused = olga.post(
        "/desk/facts/KE/emergency/", said(v_police="nine one one", v_general="112")
    ).content.decode()
    assert (
        "Not known: nine, one." in refused
        and 'value="nine one one"' in refused
        and not FactOverride.objects.exists()
    )
    assert (
        olga.post("/desk/facts/KE/emergency/", said(v_general="112", v_police="911, 999")).status_code == 302
    )
    row = FactOverride.objects.get()
    assert row.value == {"general": ["112"], "police": ["911", "999"]} and row.shipped_value == shipped
    listed = words(olga, "/desk/facts/")
    assert "Kenya" in listed and "Embassy" in listed and "Olga Berg" in listed
    assert "corrected" in words(olga, "/desk/facts/KE/")
    guide = words(client_of(world.bob), "/destinations/iso:KE/")
    assert "911" in guide and "Embassy" in guide
    end = {"correction": str(row.pk)}
    assert olga.post("/desk/facts/KE/emergency/end/", {"correction": "x"}).status_code == 404
    assert olga.post("/desk/facts/PT/emergency/end/", end).status_code == 404
    assert olga.post("/desk/facts/KE/emergency/end/", end).status_code == 302
    assert "Corrections that have ended" in words(olga, "/desk/facts/KE/emergency/")


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("drive_side", {"v_value": "right"}, "right"),
        ("tap_water", {"v_level": "safe_cities"}, {"level": "safe_cities"}),
        ("population", {"v_value": "50 000 000"}, 50_000_000),
        ("capital", {"v_official": "Nairobi"}, [{"name": "Nairobi", "role": "official", "key": "geonames:184745", "note": ""}]),
        ("malaria", {"v_level": "part", "v_altitude_m": "2500", "v_months": "3, 4", "v_species": "vivax"},
         {"level": "part", "altitude_m": 2500, "months": [3, 4], "species": ["vivax"]}),
        ("malaria", {"v_level": "all", "is_unknown": "on"}, None),
        ("visa_authority", {"v_official": "https://visa.example.org/"},
         {"official": {"url": "https://visa.example.org/", "src": "", "src2": ""}, "eta": ""}),
    ],
)  # fmt: skip
def test_each_kind_of_fact_has_its_own_form(
    world: World, client_of: ClientOf, field: str, typed: dict[str, str], value: Any
) -> None:
    olga = client_of(world.olga)
    assert olga.post(f"/desk/facts/KE/{field}/", said(**typed)).status_code == 302
    assert FactOverride.objects.get().value == value
    assert olga.get(f"/desk/facts/KE/{field}/").status_code == 200
    assert client_of(world.bob).get("/destinations/iso:KE/").status_code == 200


def test_a_correction_needs_a_source_and_keeps_what_was_typed(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    page = olga.post(
        "/desk/facts/KE/tap_water/",
        said(
            v_level="safe", source_title="", source_url="ftp://x", reason="My reason", checked_on="2999-01-01"
        ),
    ).content.decode()
    assert "My reason" in page and "ftp://x" in page and 'value="safe" selected' in page
    page = olga.post(
        "/desk/facts/KE/tap_water/", said(v_level="safe", checked_on="2999-01-01")
    ).content.decode()
    assert "This day has not come yet." in page and not FactOverride.objects.exists()


def test_two_who_correct_at_once_see_each_other(world: World, anna: User, client_of: ClientOf) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    second.post("/desk/facts/KE/tap_water/", said(v_level="safe"))
    page = olga.post("/desk/facts/KE/tap_water/", said(v_level="not_safe", reason="Mine")).content.decode()
    assert (
        "Somebody corrected this while you were writing." in page and "Mine" in page and "Anna Weiss" in page
    )
    row = FactOverride.objects.get()
    assert row.value == {"level": "safe"} and f'name="seen" value="{row.pk}"' in page
    assert (
        olga.post("/desk/facts/KE/tap_water/", said(v_level="not_safe", seen=str(row.pk))).status_code == 302
    )
    assert FactOverride.objects.count() == 2


def test_shipped_data_that_changed_since_stands_out(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    olga.post("/desk/facts/KE/drive_side/", said(v_value="right"))
    assert "shipped data changed" not in words(olga, "/desk/facts/")
    Fact.objects.filter(country_code="KE", field="drive_side").update(value="right")
    assert "shipped data changed" in words(olga, "/desk/facts/")
    page = words(olga, "/desk/facts/KE/drive_side/")
    assert "The shipped data changed since this was corrected" in page and "It said then: On the left" in page


def test_a_file_is_looked_at_before_it_is_used(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    text = (
        "country,field,value,source,url,checked_on,reason\n"
        "KE,emergency,general: 112 | fire: 999,Embassy,,2026-11-20,Called\n"
        "KE,malaria,unknown,Embassy,,2026-11-20,Withdrawn\n"
    )
    bad = text + "KE,tap_water,delicious,Embassy,,2026-11-20,Tried\n"

    def look(content: str) -> str:
        file = SimpleUploadedFile("facts.csv", content.encode(), content_type="text/csv")
        return str(olga.post("/desk/facts/import/", {"file": file, "do": "look"}).content.decode())

    page = plain(look(bad))
    assert (
        "1 row is refused" in page
        and "4 value: level: Not a choice here" in page
        and "Correct 2 facts" not in page
    )
    # Nor by pressing the button of a page that was never shown.
    olga.post("/desk/facts/import/", {"text": bad, "do": "apply"})
    assert not FactOverride.objects.exists()
    page = look(text)
    assert "2 facts would change" in page and "Correct 2 facts" in page and not FactOverride.objects.exists()
    kept = re.search(r'<textarea name="text"[^>]*>(.*?)</textarea>', page, re.S)
    assert kept is not None
    assert olga.post("/desk/facts/import/", {"text": kept[1], "do": "apply"}).status_code == 302
    assert FactOverride.objects.count() == 2
    exported = olga.get("/desk/facts/export.csv")
    assert exported["Content-Type"].startswith("text/csv")
    assert "0 facts would change" in look(exported.content.decode())
    assert "Choose a file." in olga.post("/desk/facts/import/", {"do": "look"}).content.decode()
    assert (
        "The file is not UTF-8"
        in olga.post(
            "/desk/facts/import/", {"file": SimpleUploadedFile("x.csv", "é".encode("latin-1")), "do": "look"}
        ).content.decode()
    )


def test_a_file_that_takes_numbers_away_says_so_before_it_does(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    held = Fact.objects.get(country_code="KE", field="emergency")
    Fact.objects.filter(pk=held.pk).update(
        value={"general": ["112"], "police": ["999"], "fire": ["999"], "ambulance": ["999"]}
    )

    def look(value: str) -> str:
        text = f"country,field,value,source,url,checked_on,reason\nKE,emergency,{value},Embassy,,2026-11-20,Called\n"
        file = SimpleUploadedFile("facts.csv", text.encode(), content_type="text/csv")
        return plain(olga.post("/desk/facts/import/", {"file": file, "do": "look"}).content.decode())

    page = look("general: 112")
    assert "1 row takes something away" in page
    gone = page.split("Gone then:")[1][:80]
    assert all(word in gone for word in ("Police 999", "Fire brigade 999", "Ambulance 999")) and "Any emergency" not in gone
    whole = look("general: 911 | police: 999 | fire: 998 | ambulance: 999")
    assert "Gone then" not in whole and "takes something away" not in whole
    assert "Gone then" not in look("unknown")


def test_what_is_missing_leads_to_where_it_can_be_said(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    assert "Tap water" in words(olga, "/desk/facts/coverage/")
    page = olga.get("/desk/facts/coverage/?field=tap_water&show=none").content.decode()
    unknown = set(
        Place.objects.filter(kind__in=["country", "territory"]).values_list("code", flat=True)
    ) - set(Fact.objects.filter(field="tap_water").values_list("country_code", flat=True))
    assert unknown
    for code in unknown:
        assert f"/desk/facts/{code}/tap_water/" in page
    for query in ("field=zz", "field=emergency&show=zz", "field=climate&show=one"):
        assert olga.get(f"/desk/facts/coverage/?{query}").status_code == 200
