"""Events at the desk: the list, joining and parting by hand, and putting a wrong area right, without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.accounts.models import User
from safeconduct.alerts import incidents
from safeconduct.alerts.models import AlertVersion, AreaCorrection, Event, Incident
from safeconduct.audit.models import Entry
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.geo import BadShape
from safeconduct.ops.desk import shapes
from tests.alerts.messages import NOW, message, put, triple
from tests.conftest import World

ClientOf = Callable[[User | None], Client]
BOX = {"type": "Polygon", "coordinates": [[[-9, 41], [-8, 41], [-8, 42], [-9, 42], [-9, 41]]]}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with clock.held_at(NOW):
        yield


def says(key: str, identifier: str, **changes: Any) -> AlertVersion:
    """Let a source send a message."""
    office, _new = Source.objects.get_or_create(
        key=key, defaults={"name": f"{key.title()} Office", "format": "cap"}
    )
    version = put(message(identifier, **{"sender": f"{key}@example.org", **changes}), source=office).version
    incidents.place_all([version], at=NOW)
    return AlertVersion.objects.select_related("event__incident").get(pk=version.pk)


def page(version: AlertVersion, name: str = "event", **more: Any) -> str:
    """Return an address about a version's event."""
    version.event.refresh_from_db()
    arguments = {"public_id": version.event.incident.public_id, **more}
    if name in ("event_split", "event_area", "event_area_withdraw"):
        arguments["event_id"] = version.event.public_id
    return reverse(f"ops:{name}", kwargs=arguments)


def test_the_list_has_one_line_for_an_incident_and_filters(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    assert "No active event" in client.get(reverse("ops:events")).content.decode()
    says("met", "A", headline="Wind over the coast")
    says("other", "B", severity="Extreme")
    says("far", "C", headline="Tempête", polygon="50,0 50,2 52,2 52,0 50,0")
    text = client.get(reverse("ops:events")).content.decode()
    assert "2 active events" in text
    assert "also from Met Office" in text
    for query, count in (
        ("kind=storm", 2), ("source=far", 1), ("country=PT", 1), ("q=tempete", 1), ("q=over+coast", 1),
    ):  # fmt: skip
        assert f"{count} active event" in client.get(f"{reverse('ops:events')}?{query}").content.decode(), (
            query
        )
    assert "No active event fits" in client.get(f"{reverse('ops:events')}?q=volcano").content.decode()


def test_an_analyst_may_and_a_coordinator_may_not(world: World, client_of: ClientOf) -> None:
    for role, status in (("analyst", 200), ("coordinator", 404)):
        User.objects.filter(pk=world.olga.pk).update(desk_role=role)
        world.olga.refresh_from_db()
        assert client_of(world.olga).get(reverse("ops:events")).status_code == status


def test_a_page_names_every_source(world: World, client_of: ClientOf) -> None:
    version = says("met", "A")
    says("other", "B")
    text = client_of(world.olga).get(page(version)).content.decode()
    for words in ("Met Office", "Other Office", "Leads", "given by the source", "<svg", "Split off", "Merge"):
        assert words in text
    assert client_of(world.olga).get(reverse("ops:event", args=["nosuchevent1"])).status_code == 404


def test_merging_and_splitting(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    one = says("met", "A")
    two = says("other", "B", severity="Minor", headline="A breeze")
    assert Incident.objects.count() == 2
    assert "A breeze (Other Office)" in client.get(page(one)).content.decode()
    url = page(one, "event_merge")
    for data, words in (
        ({"reason": "x"}, "Choose an event, or give its id."),
        ({"other_id": "nosuchevent1", "reason": "x"}, "There is no event with this id."),
        ({"others": [two.event.incident.public_id], "reason": ""}, "Reason"),
    ):
        answer = client.post(url, data)
        assert answer.status_code == 200
        assert words in answer.content.decode()
    address = f"https://desk.example.org/desk/events/{two.event.incident.public_id}/"
    assert client.post(url, {"other_id": address, "reason": "The same wind"}).status_code == 302
    assert Incident.objects.count() == 1
    assert Entry.objects.get(action="incident.merged").detail["reason"] == "The same wind"
    assert client.post(page(two, "event_split"), {"reason": " "}).status_code == 200
    answer = client.post(page(two, "event_split"), {"reason": "Not the same after all"})
    two.event.refresh_from_db()
    assert answer["Location"] == reverse("ops:event", args=[two.event.incident.public_id])
    assert Incident.objects.count() == 2
    # What is alone cannot be split off, and an address of another incident's member does not exist.
    assert "nothing to split off" in client.post(page(two, "event_split"), {"reason": "x"}).content.decode()
    wrong = reverse("ops:event_split", args=[one.event.incident.public_id, two.event.public_id])
    assert client.post(wrong, {"reason": "x"}).status_code == 404


def test_a_circle_is_looked_at_and_then_used(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    version = says("met", "A")
    url = page(version, "event_area")
    assert "<svg" in client.get(url).content.decode()
    answer = client.post(
        url, {"do": "preview", "way": "circle", "around": "Porto", "km": "30", "reason": "Axes swapped"}
    )
    text = answer.content.decode()
    assert "A circle of 30 km around Porto, PT." in text
    assert not AreaCorrection.objects.exists()
    shape = answer.context["geojson"]
    data = {
        "do": "save",
        "way": "geojson",
        "geojson": shape,
        "reason": "Axes swapped",
        "version": str(version.pk),
    }
    assert client.post(url, data).status_code == 302
    row = AreaCorrection.objects.get()
    assert row.geometry() is not None and row.made_by
    text = client.get(page(version)).content.decode()
    assert "corrected at the desk" in text and "Axes swapped" in text and "holds now" in text
    withdraw = page(version, "event_area_withdraw", pk=row.pk)
    assert client.post(withdraw).status_code == 302
    text = client.get(page(version)).content.decode()
    assert "withdrawn" in text and "given by the source" in text
    assert client.post(page(version, "event_area_withdraw", pk=row.pk + 1)).status_code == 404


def test_swapping_the_axes_and_nowhere(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    version = says("met", "A", polygon="-8,38 -8,40 -10,40 -10,38 -8,38")
    url = page(version, "event_area")
    answer = client.post(url, {"do": "swap", "reason": "lon,lat instead of lat,lon"})
    assert "It touches Portugal." in answer.content.decode()
    assert "Give" not in answer.context["geojson"]
    answer = client.post(url, {"do": "preview", "way": "nowhere", "reason": "A test message"})
    assert "Nowhere: this warning will concern nobody." in answer.content.decode()
    data = {"do": "save", "way": "nowhere", "reason": "A test message", "version": str(version.pk)}
    assert client.post(url, data).status_code == 302
    assert AreaCorrection.objects.get().impact_area is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"way": "circle", "around": "", "km": "3"}, "Name the centre"),
        ({"way": "circle", "around": "Porto", "km": ""}, "The radius lies between"),
        ({"way": "circle", "around": "91, 0", "km": "3"}, "no place on earth"),
        ({"way": "circle", "around": "Xyzzyplugh", "km": "3"}, "Xyzzyplugh"),
        ({"way": "circle", "around": "Portugal", "km": "3"}, "is a country"),
        ({"way": "polygon", "polygon": "1,2 3,4"}, "at least 4 points"),
        ({"way": "polygon", "polygon": "1,2 1,3 1,4 1,2"}, "lie on one line"),
        ({"way": "polygon", "polygon": "north of the river"}, "pair"),
        ({"way": "geojson", "geojson": ""}, "Paste GeoJSON"),
        ({"way": "geojson", "geojson": "{"}, "not complete JSON"),
        ({"way": "geojson", "geojson": '{"type": "Point", "coordinates": [1, 2]}'}, "no polygon"),
        ({"way": "geojson", "geojson": '{"type": "Spline"}'}, "no kind of geometry"),
        ({"way": "geojson", "geojson": '{"type": "Polygon", "coordinates": [[["a", 2]]]}'}, "longitude, latitude"),
        ({"way": "elsewhere"}, "Select a valid choice"),
        ({"way": "nowhere", "reason": ""}, "This field is required"),
    ],
)  # fmt: skip
def test_bad_shapes_are_told_clearly(
    world: World, client_of: ClientOf, data: dict[str, str], words: str
) -> None:
    version = says("met", "A")
    answer = client_of(world.olga).post(
        page(version, "event_area"), {"do": "preview", "reason": "wrong", **data}
    )
    assert answer.status_code == 200
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert not answer.context["is_ready"]


def test_a_file_is_read_and_a_large_or_foreign_one_refused(world: World, client_of: ClientOf) -> None:
    client = client_of(world.olga)
    url = page(says("met", "A"), "event_area")
    for body, words in (
        (json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": BOX}]}).encode(), "It touches"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b" " * 1_000_001, "larger than 1 MB"),
    ):  # fmt: skip
        data = {
            "do": "preview",
            "way": "geojson",
            "reason": "x",
            "file": SimpleUploadedFile("area.geojson", body),
        }
        assert words in client.post(url, data).content.decode()


def test_a_newer_version_is_not_corrected_by_accident(world: World, client_of: ClientOf) -> None:
    version = says("met", "A")
    url = page(version, "event_area")
    says(
        "met",
        "B",
        msg_type="Update",
        references=triple("A", sender="met@example.org"),
        sent="2026-11-20T11:00:00+00:00",
    )
    data = {"do": "save", "way": "nowhere", "reason": "x", "version": str(version.pk)}
    assert "newer version" in client_of(world.olga).post(url, data).content.decode()
    assert not AreaCorrection.objects.exists()


def test_an_area_over_the_antimeridian_is_cut_there() -> None:
    ring = [[179, -18], [-179, -18], [-179, -16], [179, -16], [179, -18]]
    fiji = shapes.from_geojson(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    assert fiji.area == pytest.approx(4)
    assert fiji.bounds[0] == -180 and fiji.bounds[2] == 180
    east = [[lon % 360, lat] for lon, lat in ring]
    assert shapes.from_geojson(json.dumps({"type": "Polygon", "coordinates": [east]})).equals(fiji)


def test_a_hole_is_a_hole() -> None:
    hole = [[-8.6, 41.4], [-8.4, 41.4], [-8.4, 41.6], [-8.6, 41.6], [-8.6, 41.4]]
    ring = shapes.from_geojson(json.dumps({"type": "Polygon", "coordinates": [BOX["coordinates"][0], hole]}))
    assert ring.area == pytest.approx(1 - 0.04)


@given(
    st.text(max_size=200)
    | st.recursive(
        st.none() | st.floats() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["type", "features", "geometry", "coordinates"]), x)
        ),
    ).map(lambda x: json.dumps(x))
)
def test_nothing_that_is_pasted_breaks_the_reader(text: str) -> None:
    try:
        shape = shapes.from_geojson(text)
    except BadShape:
        return
    assert shape.area > 0


def test_messages_that_members_do_not_see_stand_at_the_desk(world: World, client_of: ClientOf) -> None:
    version = says("met", "A")
    office = Source.objects.get(key="met")
    update = message(
        "B-restricted", msg_type="Update", sender="met@example.org", sent="2026-11-20T11:00:00Z",
        references="met@example.org,A,2026-11-20T10:00:00+00:00",
    )  # fmt: skip
    client = client_of(world.olga)
    assert "members do not see" not in client.get(page(version)).content.decode()
    put(update.replace(b"<scope>Public", b"<scope>Restricted"), source=office)
    text = client.get(page(version)).content.decode()
    assert "Messages that members do not see" in text and "B-restricted" in text
    assert "Restricted</span>" in text
    shown = Event.objects.get(pk=version.event_id).current_version
    assert shown is not None and reverse("alerts:version", args=[shown.public_id]) not in text
