"""The filters of the table, the map with and without script, and what a licence keeps off all of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from safeconduct.alerts import mapdata
from safeconduct.alerts.corrections import correct_area
from safeconduct.alerts.incidents import merge
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import Source
from safeconduct.lib import clock, geo
from safeconduct.matching import jobs
from safeconduct.outbox.models import Delivery, Message
from safeconduct.places.queries import resolve
from safeconduct.places.worldmap import world_json
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft

from .messages import NOW, message, put, put_quake, quake, triple

pytestmark = pytest.mark.django_db
HESSE = "50,9 50,10 51,10 51,9 50,9"
FIJI = "-18,179 -18,-179 -17,-179 -17,179 -18,179"


@pytest.fixture(autouse=True)
def held() -> Iterator[None]:
    mapdata.forget()
    with clock.held_at(NOW):
        yield
    mapdata.forget()


def source(key: str, **more: Any) -> Source:
    return Source.objects.create(key=key, name=f"Source {key}", format="cap", **more)


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat(timespec="seconds")


def listed(client: Any, query: str = "") -> str:
    response = client.get(reverse("alerts:list") + query)
    assert response.status_code == 200
    return str(response.content.decode())


def titles(client: Any, query: str = "") -> set[str]:
    text = listed(client, query)
    return {name for name in ("Ash", "Gale", "Quake", "Flood", "Old") if f"<bdi>{name}" in text}


@pytest.fixture
def some(world: Any, client_of: Any) -> Any:
    put(message("1", headline="Gale", sent=at(-2)), source=source("pt"))
    put(
        message("2", headline="Flood in Hesse", severity="Minor", polygon=HESSE, sent=at(-50)).replace(
            b"<event>Storm</event>", "<event>Überschwemmung</event>".encode()
        ),
        source=source("de"),
    )
    put(message("3", headline="Old storm", severity="Extreme", sent=at(-24 * 10), expires=at(-24 * 9)))
    put_quake(quake("big", ids=",big,", mag=7.2, title="Quake near Lisbon"))
    return client_of(world.bob)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"Gale", "Flood", "Quake"}),
        ("?show=all", {"Gale", "Flood", "Quake", "Old"}),
        ("?severity=Severe", {"Gale", "Quake"}),
        ("?severity=Minor&country=PT", {"Gale", "Quake"}),
        ("?country=DE", {"Flood"}),
        ("?category=geo", {"Quake"}),
        ("?category=met.flood", {"Flood"}),
        ("?category=met", {"Gale", "Flood"}),
        ("?source=de", {"Flood"}),
        ("?sent=1", {"Gale", "Quake"}),
        ("?show=all&sent=7", {"Gale", "Flood", "Quake"}),
        ("?show=all&since=2026-11-09&until=2026-11-12", {"Old"}),
        ("?show=all&until=2026-11-09", set()),
        ("?q=hesse", {"Flood"}),
        ("?q=UBERSCHWEMMUNG", {"Flood"}),
        ("?q=coast+wind+gale", {"Gale"}),
        ("?q=%25", set()),
        ("?q=%27%3B+DROP+TABLE", set()),
        ("?since=nonsense", {"Gale", "Flood", "Quake"}),
        ("?category=met.nothing&source=nobody&sort=up&sent=x", {"Gale", "Flood", "Quake"}),
    ],
)
def test_filters(some: Any, query: str, wanted: set[str]) -> None:
    assert titles(some, query) == wanted


def test_order_and_the_filters_stay_in_the_address(some: Any) -> None:
    assert listed(some).index("Quake") < listed(some).index("Flood in Hesse")
    newest = listed(some, "?sort=newest&show=all")
    assert newest.index("<bdi>Flood") < newest.index("<bdi>Old")
    assert "/alerts/map/?severity=Severe" in listed(some, "?severity=Severe&page=1&sort=newest")
    assert "Remove all filters" in listed(some, "?q=gale") and "Remove all filters" not in listed(some)


def test_nothing_found_says_what_to_do(some: Any) -> None:
    assert "not that all is safe" in listed(some, "?q=zzzz")
    assert "No alert fits these filters" in listed(some, "?q=zzzz&show=all")


def test_words_of_every_language_are_searched(world: Any, client_of: Any) -> None:
    put(message("A", language="ru", headline="Сильный Ветер"))
    assert "Ветер" in listed(client_of(world.bob), "?q=ветер")
    assert "Ветер" not in listed(client_of(world.bob), "?q=снег")


def test_one_row_for_each_incident_with_the_other_sources(world: Any, client_of: Any) -> None:
    one = put(message("A", headline="First tells"), source=source("one")).version
    two = put(
        message("B", headline="Second tells", severity="Moderate", polygon=HESSE), source=source("two")
    ).version
    merge(
        Event.objects.get(pk=one.event_id).incident, [Event.objects.get(pk=two.event_id).incident],
        by=world.olga, reason="The same storm",
    )  # fmt: skip
    client = client_of(world.bob)
    text = listed(client)
    assert text.count("tells</bdi>") == 1 and "also from" in text and "Source two" in text
    assert "1 alert," in text
    page = client.get(reverse("alerts:version", args=[one.public_id])).content.decode()
    assert "Everybody who tells of this" in page and "Second tells" in page
    assert reverse("alerts:version", args=[two.public_id]) in page
    # A filter that only the other source passes shows what that source says.
    assert "Second tells" in listed(client, "?source=two") and "First tells" not in listed(
        client, "?source=two"
    )


def test_the_table_takes_few_questions(
    world: Any, client_of: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        put(
            message(
                f"Q{number}",
                headline=f"Storm number {number}",
                polygon=f"{number},1 {number},2 {number + 1},2 {number},1",
            )
        )
    client = client_of(world.bob)
    listed(client)
    # The session, the seat, the masthead and the help line are part of it.
    with django_assert_max_num_queries(18):
        assert listed(client, "?severity=Minor&q=storm&show=all").count("<bdi>Storm number") == 30


def collection(client: Any, query: str = "", **headers: str) -> dict[str, Any]:
    response = client.get(reverse("alerts:map_json") + query, headers=headers)
    assert response.status_code == 200
    answer: dict[str, Any] = json.loads(response.content)
    assert answer["type"] == "FeatureCollection"
    return answer


def test_the_map_holds_what_is_active(some: Any) -> None:
    answer = collection(some)
    signs = [one for one in answer["features"] if one["properties"]["part"] == "sign"]
    assert {one["properties"]["title"].split()[0] for one in signs} == {"Gale", "Flood", "Quake"}
    gale = next(one for one in signs if one["properties"]["title"] == "Gale")
    assert gale["geometry"] == {"type": "Point", "coordinates": [-9.0, 39.0]}
    assert gale["properties"]["severity"] == "Severe" and gale["properties"]["where"] == "Portugal"
    area = next(
        one
        for one in answer["features"]
        if one["properties"]["part"] == "area" and one["properties"]["id"] == gale["properties"]["id"]
    )
    assert sorted(area["geometry"]["coordinates"][0][0][:-1]) == [[-10, 38], [-10, 40], [-8, 38], [-8, 40]]
    assert answer["total"] == answer["shown"] == 3
    assert {one["properties"]["id"] for one in collection(some, "?country=DE")["features"]} != {
        gale["properties"]["id"]
    }


def test_a_shape_over_180_is_whole_on_the_map(world: Any, client_of: Any) -> None:
    put(message("F", polygon=FIJI))
    area = next(
        one for one in collection(client_of(world.bob))["features"] if one["properties"]["part"] == "area"
    )
    east = {point[0] for polygon in area["geometry"]["coordinates"] for point in polygon[0]}
    assert (min(east), max(east)) == (179, 181)


def test_a_country_that_is_only_named_has_a_sign(world: Any, client_of: Any) -> None:
    put(message("N", polygon=""), source=source("pt", country_code="PT"))
    (sign,) = collection(client_of(world.bob))["features"]
    assert sign["properties"]["note"] == "Somewhere in the country"


def test_a_corrected_area_is_drawn_in_place_of_the_wrong_one(world: Any, client_of: Any) -> None:
    version = put(message("A")).version
    area = geo.polygon_from_cap("38,-9 38,-8 40,-8 40,-9 38,-9")
    correct_area(version, by=world.olga, geometry=area, reason="West is sea of another district")
    client = client_of(world.bob)
    drawn = next(one for one in collection(client)["features"] if one["properties"]["part"] == "area")
    assert min(point[0] for point in drawn["geometry"]["coordinates"][0][0]) == -9
    page = client.get(reverse("alerts:version", args=[version.public_id])).content.decode()
    assert "We corrected the area" in page and "West is sea of another district" in page
    assert "Area given by the source" in page and "is-rough" in page


def test_not_modified_and_never_kept_by_others(some: Any) -> None:
    first = some.get(reverse("alerts:map_json"))
    assert first["Cache-Control"] == "private, no-cache" and "Cookie" in first["Vary"]
    again = some.get(reverse("alerts:map_json"), headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    put(message("New", headline="Ash"))
    mapdata.forget()
    assert some.get(reverse("alerts:map_json"), headers={"if-none-match": first["ETag"]}).status_code == 200
    packed = some.get(reverse("alerts:map_json"), headers={"accept-encoding": "gzip"})
    assert json.loads(gzip.decompress(packed.content))["type"] == "FeatureCollection"


def trip(world: Any, user: Any, title: str, place: str) -> None:
    start = datetime(2026, 11, 19, 10)
    stops = [StopDraft(place=resolve(place), arrive=start, depart=start + timedelta(days=4))]
    register_trip(world.seat(user), title=title, by=user, stops=stops)


def test_only_the_readers_own_trips_are_on_the_map(world: Any, client_of: Any) -> None:
    trip(world, world.bob, "Bob in Lisbon", "Lisbon")
    trip(world, world.alice, "Alice in Nairobi", "Nairobi")
    trip(world, world.dana, "Dana in Berlin", "Berlin")
    put(message("A"))
    while jobs.run_due():
        pass
    bob = collection(client_of(world.bob))
    assert [stop["label"] for stop in bob["stops"]] == ["Lisbon"] and len(bob["concerns"]) == 1
    dana = collection(client_of(world.dana))
    assert [stop["label"] for stop in dana["stops"]] == ["Berlin"] and dana["concerns"] == []
    assert "Lisbon" not in json.dumps(dana) and "Nairobi" not in json.dumps(bob)


def test_the_page_of_the_map_stands_without_script(some: Any) -> None:
    response = some.get(reverse("alerts:map"))
    text = response.content.decode()
    assert "<svg viewBox" in text and 'class="world-map"' in text
    for version in AlertVersion.objects.filter(event__state="active"):
        assert text.count(reverse("alerts:version", args=[version.public_id])) >= 2
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert (
        policy["worker-src"] == "'self'"
        and policy["connect-src"] == "'self'"
        and policy["img-src"] == "'self' data:"
    )
    assert (
        "blob:" not in response["Content-Security-Policy"]
        and "unsafe" not in response["Content-Security-Policy"]
    )


def test_the_world_is_kept_for_a_year_under_its_own_name(client: Any) -> None:
    shapes = world_json()
    named = client.get(reverse("places:world", args=[shapes.digest]))
    assert "immutable" in named["Cache-Control"]
    assert len(json.loads(named.content)["features"]) > 240
    assert client.get(reverse("places:world", args=["older"]))["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("display", ["full", "excerpt", "link"])
def test_a_licence_holds_on_every_page_and_in_mails(world: Any, client_of: Any, display: str) -> None:
    trip(world, world.bob, "Bob in Lisbon", "Lisbon")
    own = source("own", display=display)
    long = "Secretwind " + "word " * 100 + "LASTWORD"
    text = (
        message("A", headline="Secrethead")
        .replace(b"Wind of 120 km/h.", long.encode())
        .replace(b">Coast<", b">Secretarea<")
    )
    put(text, source=own)
    newer = message("B", headline="Secrethead", msg_type="Update", references=triple("A"), sent=at(-1))
    version = put(
        newer.replace(b"Wind of 120 km/h.", long.encode()).replace(b">Coast<", b">Secretarea<"), source=own
    ).version
    while jobs.run_due():
        pass
    client = client_of(world.bob)
    shown = [
        client.get(reverse("alerts:version", args=[version.public_id])).content.decode(),
        listed(client),
        client.get(reverse("alerts:map")).content.decode(),
        client.get(reverse("alerts:map_json")).content.decode(),
        client.get("/").content.decode(),
        client.get(f"/destinations/{resolve('Lisbon').key}/").content.decode(),
        *(f"{one.subject} {one.text} {one.html}" for one in Message.objects.all()),
        json.dumps(list(Delivery.objects.values_list("slots", flat=True))),
    ]
    assert Message.objects.exists()
    everything = "\n".join(shown)
    assert ("LASTWORD" in everything) is (display == "full")
    for word in ("Secrethead", "Secretarea", "Secretwind"):
        assert (word in everything) is (display != "link"), word
    # The licence is narrowed later: no page shows the words any more, whatever is kept in memory.
    Source.objects.filter(pk=own.pk).update(display="link")
    mapdata.forget()
    paths = [reverse("alerts:version", args=[version.public_id]), reverse("alerts:list"), reverse("alerts:map"), reverse("alerts:map_json"), "/"]  # fmt: skip
    after = "\n".join(client.get(path).content.decode() for path in paths)
    leaks = [
        after[max(0, after.index(w) - 300) : after.index(w) + 50]
        for w in ("Secrethead", "Secretarea", "Secretwind")
        if w in after
    ]
    assert leaks == []


@pytest.mark.parametrize("path", ["alerts:list", "alerts:map"])
def test_a_country_of_which_nobody_told_anything_has_no_alerts(world: Any, client_of: Any, path: str) -> None:
    put(message("A"))
    page = client_of(world.bob).get(reverse(path), {"country": "NZ"}).content.decode()
    assert "No active alert fits" in page and '<option value="NZ" selected>New Zealand</option>' in page
    assert (
        "No active alert fits"
        not in client_of(world.bob).get(reverse(path), {"country": "??"}).content.decode()
    )


def test_home_and_destination_lead_to_the_map(world: Any, client_of: Any) -> None:
    assert f'href="{reverse("alerts:map")}"' in client_of(world.bob).get("/").content.decode()
    guide = client_of(world.bob).get(f"/destinations/{resolve('Lisbon').key}/").content.decode()
    assert f'href="{reverse("alerts:map")}?country=PT"' in guide


def test_what_is_left_out_of_the_map_is_said_with_a_way_to_the_list(
    world: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, severity in enumerate(("Minor", "Extreme", "Moderate", "Severe")):
        square = f"{number * 5},0 {number * 5},1 {number * 5 + 1},1 {number * 5 + 1},0 {number * 5},0"
        put(message(f"L{number}", severity=severity, polygon=square, headline=f"Told {severity}"))
    client = client_of(world.bob)
    whole = client.get(reverse("alerts:map")).content.decode()
    assert "4 active alerts" in whole and "All 4 in the list" not in whole
    monkeypatch.setattr("safeconduct.alerts.views.DRAWN", 2)
    monkeypatch.setattr(mapdata, "MOST", 3)
    mapdata.forget()
    page = client.get(reverse("alerts:map"), {"severity": "Minor"}).content.decode()
    assert "This table has the 2 worst of 4 active alerts." in page and "The map shows the 3 worst." in page
    assert f'href="{reverse("alerts:list")}?severity=Minor">All 4 in the list' in page
    assert "Told Extreme" in page and "Told Moderate" not in page
    got = collection(client)
    signs = {one["properties"]["title"] for one in got["features"] if one["properties"]["part"] == "sign"}
    assert (got["total"], got["shown"]) == (4, 3)
    assert signs == {"Told Extreme", "Told Severe", "Told Moderate"}


def in_codes(*codes: tuple[str, str]) -> bytes:
    """A storm whose area is named in codes alone."""
    pairs = "".join(
        f"<geocode><valueName>{scheme}</valueName><value>{code}</value></geocode>" for scheme, code in codes
    )
    return message("A", polygon="").replace(b"</areaDesc>", f"</areaDesc>{pairs}".encode())


@pytest.mark.parametrize(
    ("codes", "said", "unsaid"),
    [
        ([("UGC", "TXC201"), ("UGC", "TXZ213")],
         ["Area named by codes of the source", "Area that may be meant", "Their shapes come from a table of boundaries",
          "1 area could not be placed on the map:", "UGC TXZ213"],
         ["Area named by the source", "Our estimate"]),
        ([("UGC", "TXC201")],
         ["Area named by codes of the source"], ["Area that may be meant", "could not be placed"]),
        ([("UGC", "TXZ213"), ("UGC", "TXZ111")],
         ["Anywhere in the dashed area may be meant", "Area that may be meant", "2 areas could not be placed on the map:", "UGC TXZ213, UGC TXZ111"],
         ["Area named by codes of the source", "table of boundaries"]),
    ],
)  # fmt: skip
def test_areas_in_codes_and_codes_without_a_place_are_told_apart(
    world: Any, client_of: Any, codes: list[tuple[str, str]], said: list[str], unsaid: list[str]
) -> None:
    version = put(in_codes(*codes)).version
    client = client_of(world.bob)
    page = client.get(reverse("alerts:version", args=[version.public_id])).content.decode()
    assert [words for words in said if words not in page] == []
    assert [words for words in unsaid if words in page] == []
    parts = [one["properties"]["part"] for one in collection(client)["features"]]
    may_be = ["rough"] if "Area that may be meant" in said else []
    assert parts == ["sign", *(["area"] if version.impact_area else []), *may_be]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("superseded", "replaced by another one"),
        ("vanished", "no longer lists this alert"),
        ("ended", "This alert is over."),
        ("cancelled", "cancelled by its source"),
    ],
)
def test_states_are_told_in_words(world: Any, client_of: Any, state: str, words: str) -> None:
    version = put(message("A")).version
    Event.objects.filter(pk=version.event_id).update(state=state, ended_at=NOW)
    page = client_of(world.bob).get(reverse("alerts:version", args=[version.public_id])).content.decode()
    assert words in page
