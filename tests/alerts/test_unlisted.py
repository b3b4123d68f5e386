"""What an index no longer names is over, once all that it names is read; never by silence or a failure."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from safeconduct.alerts import vanishing
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import LinkedMessage, Source

from .index_site import Site, work
from .messages import NOW, message, triple

pytestmark = pytest.mark.django_db
State = LinkedMessage.State

MINUTE = timedelta(minutes=6)


def listed(source: Source) -> dict[str, str]:
    return dict(Event.objects.filter(source=source).values_list("identity_key", "state"))


@pytest.fixture
def complete(source: Source) -> Source:
    Source.objects.filter(pk=source.pk).update(lists_all=True)
    source.refresh_from_db()
    return source


def test_what_two_indexes_do_not_name_any_more_has_vanished(site: Site, complete: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B", headline="Another"))
    work()
    site.put_index("/feeds/list.xml", {"/b": "1"})
    work(NOW + MINUTE)
    assert listed(complete) == {"A": "active", "B": "active"}
    work(NOW + 2 * MINUTE)
    assert listed(complete) == {"A": "vanished", "B": "active"}
    work(NOW + 3 * MINUTE)
    assert listed(complete)["B"] == "active"


def test_a_listed_message_whose_bytes_change_and_say_the_same_has_not_vanished(
    site: Site, complete: Source
) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B", headline="Another"))
    work()
    for number in (1, 2, 3, 4):
        if number == 1:
            site.put_index("/feeds/list.xml", {"/a": "2", "/b": "1"})
            site.put("/a", message("A") + b"<!-- signed again -->")
        work(NOW + number * MINUTE)
    assert site.asked.count("/a") == 2
    assert listed(complete) == {"A": "active", "B": "active"}
    assert AlertVersion.objects.count() == 2


def test_what_is_said_again_at_another_address_holds_its_event_up(site: Site, complete: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/c": "1"})
    site.put("/a", message("A"))
    site.put("/c", message("C", headline="Another"))
    work()
    site.put_index("/feeds/list.xml", {"/b": "1", "/c": "1"})
    site.put("/b", message("B", sent="2026-11-20T11:00:00+00:00"))
    for number in (1, 2, 3, 4):
        work(NOW + number * MINUTE)
    assert listed(complete) == {"A": "active", "C": "active"}
    # The old name is cancelled because it was replaced: that ends nothing.
    old = message("X", msg_type="Cancel", references=triple("A"), sent="2026-11-20T11:10:00+00:00")
    site.put("/x", old)
    site.put_index("/feeds/list.xml", {"/b": "1", "/c": "1", "/x": "1"})
    work(NOW + 5 * MINUTE)
    assert listed(complete) == {"A": "active", "C": "active", "X": "cancelled"}
    site.put_index("/feeds/list.xml", {"/c": "1"})
    for number in (6, 7):
        work(NOW + number * MINUTE)
    assert listed(complete)["A"] == "vanished"


def test_twins_that_an_index_names_side_by_side_stay_two(site: Site, complete: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B"))
    work()
    assert listed(complete) == {"A": "active", "B": "active"}


def test_a_message_that_cannot_be_reached_concludes_nothing(site: Site, complete: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B", headline="Another"))
    work()
    site.put_index("/feeds/list.xml", {"/b": "1", "/gone": "1"})
    for number in (1, 2, 3):
        work(NOW + number * MINUTE)
    assert listed(complete) == {"A": "active", "B": "active"}


def test_an_index_that_always_names_something_new_is_judged_once_that_is_read(
    site: Site, complete: Source
) -> None:
    for name in "ABCDEF":
        site.put(f"/{name}", message(name, headline=f"Storm {name}"))
    site.put_index("/feeds/list.xml", {"/A": "1", "/B": "1"})
    work()
    site.put_index("/feeds/list.xml", {"/B": "1", "/C": "1"})
    work(NOW + MINUTE)
    missing = Event.objects.get(identity_key="A")
    assert (missing.state, missing.missing_polls) == ("active", 1)
    assert complete.fetches.first().note == ""  # type: ignore[union-attr]
    site.put_index("/feeds/list.xml", {"/B": "1", "/C": "1", "/D": "1"})
    work(NOW + 2 * MINUTE)
    assert listed(complete) == {"A": "vanished", "B": "active", "C": "active", "D": "active"}
    # What cannot be read yet leaves everything as it is, and says so.
    site.put_index("/feeds/list.xml", {"/B": "1", "/C": "1", "/gone": "1"})
    work(NOW + 3 * MINUTE)
    assert listed(complete)["D"] == "active"
    assert vanishing.NOT_READ in complete.fetches.first().note  # type: ignore[union-attr]


def test_what_mapdata_does_not_name_any_more_has_vanished(site: Site) -> None:
    nina = Source.objects.create(
        key="mowas", name="MoWaS", format="nina", url=f"{site.url}/mowas/mapData.json", country_code="DE",
        is_enabled=True, due_at=NOW, poll_seconds=300, request_seconds=0, lists_all=True,
    )  # fmt: skip

    def put_map(*names: str) -> None:
        entries = [{"id": name, "version": 1, "startDate": "2026-11-20T10:00:00+00:00"} for name in names]
        site.put("/mowas/mapData.json", json.dumps(entries).encode())

    def put_warning(name: str) -> None:
        info = {
            "language": "DE", "event": "Gefahr", "urgency": "Immediate", "severity": "Severe", "certainty": "Observed",
            "headline": f"Warnung {name}", "description": "Text", "area": [{"areaDesc": "Berlin"}],
        }  # fmt: skip
        warning = {
            "identifier": name, "sender": "DE-BE", "sent": "2026-11-20T10:00:00+00:00", "status": "Actual",
            "msgType": "Alert", "scope": "Public", "info": [info],
        }  # fmt: skip
        site.put(f"/warnings/{name}.json", json.dumps(warning).encode())

    for name in ("one", "two"):
        put_warning(name)
    put_map("one", "two")
    work()
    assert listed(nina) == {"one": "active", "two": "active"}
    # A new one is not read yet: the names in the list suffice.
    put_map("two", "three")
    work(NOW + MINUTE)
    assert listed(nina) == {"one": "active", "two": "active"}
    work(NOW + 2 * MINUTE)
    assert listed(nina) == {"one": "vanished", "two": "active"}
