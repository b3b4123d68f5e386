"""The alert pages: for members, in the reader's language, with source, history and honest labels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from safeconduct.alerts import hooks, overview, views
from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_for_place, texts
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.places.models import Place

from .messages import NOW, message, put, put_quake, quake, triple

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def held() -> Any:
    with clock.held_at(NOW):
        yield


def page(client: Any, version: Any) -> Any:
    return client.get(reverse("alerts:version", args=[version.public_id]))


def test_only_members_see_alerts(world: Any, client_of: Any) -> None:
    version = put(message("A")).version
    for path in (reverse("alerts:list"), reverse("alerts:version", args=[version.public_id])):
        assert client_of(None).get(path).status_code == 302
        assert client_of(world.charlie).get(path).status_code == 302
        assert client_of(world.bob).get(path).status_code == 200
        assert client_of(world.dana).get(path).status_code == 200


def test_the_page_says_what_where_when_and_who(world: Any, client_of: Any) -> None:
    version = put(message("A")).version
    text = page(client_of(world.bob), version).content.decode()
    for wanted in (
        "Storm over the coast",
        "Severe",
        "Wind of 120 km/h.",
        "Portugal",
        "Coast",
        "<svg",
        "Read by hand",
    ):
        assert wanted in text
    assert "Our estimate" not in text


def test_an_estimated_area_is_called_ours(world: Any, client_of: Any) -> None:
    text = page(client_of(world.bob), put_quake(quake()).version).content.decode()
    assert "Our estimate" in text and "150 km around the epicentre" in text


def test_an_older_version_points_to_the_current_one_and_stays(world: Any, client_of: Any) -> None:
    old = put(message("A")).version
    new = put(
        message(
            "B", msg_type="Update", references=triple("A"), sent="2026-11-20T11:00:00Z", headline="Stronger"
        )
    ).version
    text = page(client_of(world.bob), old).content.decode()
    assert "newer version" in text and reverse("alerts:version", args=[new.public_id]) in text
    assert "Storm over the coast" in text
    assert "newer version" not in page(client_of(world.bob), new).content.decode()


def test_a_cancelled_alert_says_so(world: Any, client_of: Any) -> None:
    put(message("A"))
    version = put(
        message("C", msg_type="Cancel", references=triple("A"), sent="2026-11-20T11:00:00Z")
    ).version
    assert "cancelled by its source" in page(client_of(world.bob), version).content.decode()


def test_tests_have_no_page_and_are_not_listed(world: Any, client_of: Any) -> None:
    version = put(message("T", status="Test", headline="Only a test")).version
    assert page(client_of(world.bob), version).status_code == 404
    assert "Only a test" not in client_of(world.bob).get(reverse("alerts:list")).content.decode()


def test_markup_of_a_source_is_shown_as_text(world: Any, client_of: Any) -> None:
    version = put(message("A", headline="&lt;img src=x onerror=alert(1)&gt;Danger &amp;lt;b&amp;gt;")).version
    text = page(client_of(world.bob), version).content.decode()
    assert "onerror" not in text and "Danger" in text


def test_the_table_filters(world: Any, client_of: Any) -> None:
    put(message("A", headline="Over Portugal"))
    put(message("B", headline="Over Germany", severity="Minor", polygon="50,9 50,10 51,10 51,9 50,9"))
    put(message("C", headline="Long over", expires="2026-11-20T11:00:00Z"))
    put_quake(quake("small", ids=",small,", mag=2.0, title="M 2.0 - nowhere"))
    client = client_of(world.bob)

    def listed(query: str = "") -> str:
        return str(client.get(reverse("alerts:list") + query).content.decode())

    everything = listed()
    assert "Over Portugal" in everything and "Over Germany" in everything
    assert "Long over" not in everything and "M 2.0" not in everything
    assert "Over Germany" not in listed("?severity=Severe")
    assert "Over Portugal" not in listed("?country=DE")
    assert "Long over" in listed("?show=all")
    assert "Over Portugal" in listed("?severity=%3Cscript%3E&country=XX&show=x")


def test_a_long_table_has_pages(world: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    for number in range(5):
        put(message(f"P{number}", headline=f"Storm number {number}"))
    client = client_of(world.bob)
    seen = [
        client.get(reverse("alerts:list") + f"?page={page}&severity=Severe")
        .content.decode()
        .count("Storm number")
        for page in (1, 2, 3)
    ]
    assert seen == [2, 2, 1]
    assert "5 alerts" in client.get(reverse("alerts:list")).content.decode()


def test_what_concerns_the_reader_comes_first_with_the_reason(
    world: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = put(message("A", severity="Minor")).version
    put(message("B", headline="Worse", severity="Extreme"))
    monkeypatch.setattr(hooks, "concerning", lambda request: frozenset({version.event_id}))
    monkeypatch.setattr(
        hooks, "why_you", lambda request, seen: [hooks.WhyLine("You are in Lisbon.", "inside")]
    )
    text = client_of(world.bob).get(reverse("alerts:list")).content.decode()
    assert text.index("Storm over the coast") < text.index("Worse")
    assert "Concerns you" in text
    assert "You are in Lisbon." in page(client_of(world.bob), version).content.decode()


def test_the_readers_language_then_english_then_the_original_labelled() -> None:
    data = message("A", language="de", headline="Sturm").decode()
    english = (
        data[data.index("<info>") : data.index("</alert>")]
        .replace(">de<", ">en-GB<")
        .replace("Sturm", "Gale")
    )
    both = put(data.replace("</alert>", english + "</alert>").encode()).version
    assert (texts(both, "de").headline, texts(both, "de").language_label) == ("Sturm", "")
    assert (texts(both, "en").headline, texts(both, "en").language_label) == ("Gale", "")
    assert (texts(both, "fr").headline, texts(both, "fr").language_label) == ("Gale", "anglais (Royaume-Uni)")
    only = put(message("B", language="ru", headline="Ветер")).version
    assert (texts(only, "en").headline, texts(only, "en").language_label) == ("Ветер", "Russian")


def test_easy_language_is_not_taken_for_the_plain_one() -> None:
    data = message("A", language="de-LS", headline="Leicht").decode()
    plain = (
        data[data.index("<info>") : data.index("</alert>")]
        .replace("de-LS", "de")
        .replace("Leicht", "Amtlich")
    )
    version = put(data.replace("</alert>", plain + "</alert>").encode()).version
    assert texts(version, "de-at").headline == "Amtlich"


@pytest.mark.parametrize("display", ["full", "excerpt", "link"])
def test_no_more_is_shown_than_the_licence_allows(world: Any, client_of: Any, display: str) -> None:
    source = Source.objects.create(key="s", name="S", format="cap", display=display, licence="Own terms")
    long = "Wind of 120 km/h. " + "word " * 100 + "LASTWORD"
    version = put(message("A").replace(b"Wind of 120 km/h.", long.encode()), source=source).version
    text = page(client_of(world.bob), version).content.decode()
    assert ("LASTWORD" in text) is (display == "full")
    assert ("Wind of 120" in text) is (display != "link")
    assert ("Storm over the coast" in text) is (display != "link")
    assert "Own terms" in text


def test_active_for_a_place() -> None:
    inside = put(message("A")).version
    country = Source.objects.create(key="pt", name="PT", format="cap", country_code="PT")
    somewhere = put(message("B", polygon="", severity="Minor"), source=country).version
    put(message("C", polygon="60,20 60,21 61,21 61,20 60,20"))
    lisbon = Place.objects.get(kind="city", name="Lisbon")
    portugal = Place.objects.get(key="iso:PT")
    assert active_for_place(lisbon) == [inside, somewhere]
    assert active_for_place(portugal) == [inside, somewhere]
    assert active_for_place(Place.objects.get(key="iso:JP")) == []


@pytest.mark.parametrize(
    ("lon", "lat", "near"),
    [(-9.2, 38.7, True), (-7.8, 39.0, True), (-7.5, 39.0, False), (-9.0, 40.2, True), (-9.0, 40.5, False)],
)
def test_a_place_just_outside_an_area_counts_as_near(lon: float, lat: float, near: bool) -> None:
    version = put(message("A")).version
    place = Place(key="x", kind=Place.Kind.CITY, country_code="ES", lon=lon, lat=lat)
    assert active_for_place(place) == ([version] if near else [])


def test_near_is_near_across_the_antimeridian() -> None:
    version = put(message("A", polygon="-18,-179.9 -18,-179 -17,-179 -17,-179.9 -18,-179.9")).version
    assert active_for_place(Place(kind=Place.Kind.CITY, country_code="FJ", lon=179.95, lat=-17.5)) == [
        version
    ]


def _scoped(data: bytes, scope: str) -> bytes:
    return data.replace(b"<scope>Public</scope>", f"<scope>{scope}</scope>".encode())


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_what_is_not_public_is_in_no_history_and_no_list(world: Any, client_of: Any, scope: str) -> None:
    first = put(message("A")).version
    update = message(
        "B", msg_type="Update", references=triple("A"), sent="2026-11-20T11:00:00Z", headline="Secret"
    )
    put(_scoped(update, scope))
    client = client_of(world.bob)
    text = page(client, first).content.decode()
    assert "Storm over the coast" in text and "Secret" not in text
    assert "There is a newer version" not in text
    for name in ("alerts:list", "alerts:map", "alerts:map_json"):
        assert "Secret" not in client.get(reverse(name)).content.decode()
    last = message(
        "C", msg_type="Update", references=triple("B"), sent="2026-11-20T11:30:00Z", headline="Open again"
    )
    put(last)
    text = page(client, first).content.decode()
    assert "There is a newer version" in text and "Open again" in text and "Secret" not in text


def test_the_history_says_what_was_said_again_under_another_identifier(world: Any, client_of: Any) -> None:
    first = put(message("A")).version
    AlertVersion.objects.bulk_create(
        [
            AlertVersion(
                event=first.event, number=2, identifier="B", sent_at=first.sent_at, msg_type="Update", status="Actual",
                scope="Public", event_type=first.event_type, severity="Severe", ends_at=first.ends_at,
                impact_origin="none", document=first.document, received_at=NOW, is_reissue=True,
            )
        ]
    )  # fmt: skip
    text = page(client_of(world.bob), first).content.decode()
    assert text.count("Said again under a new identifier") == 1


def test_how_a_message_was_read_is_shown_in_english(world: Any, client_of: Any) -> None:
    plain = put(message("A")).version
    assert "How this was read" not in page(client_of(world.bob), plain).content.decode()
    noted = put(message("B", headline="Another", expires="2031-01-01T00:00:00Z")).version
    text = page(client_of(world.bob), noted).content.decode()
    assert "How this was read" in text
    assert '<ul class="small" lang="en" dir="ltr"><li>names an end more than a year ahead</li></ul>' in text


def test_another_source_that_has_passed_is_not_called_active_before_the_worker_has_ended_it() -> None:
    event = put(message("A", expires="2026-11-20T13:00:00Z")).version.event
    assert (event.is_in_force, event.state_now.value) == (True, "active")
    with clock.held_at(NOW + timedelta(hours=1, seconds=1)):
        assert (event.is_active, event.is_in_force) == (True, False)
        assert str(event.state_now.label) == "ended"
        assert overview.active_ids() == []
        (row,) = overview.incident_rows(active=False)
        assert row["state"] == row["events"][0]["state"] == "ended"
