"""Indexes: what they name is fetched once from a server on this machine, whatever one message of them does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from safeconduct.alerts import jobs, linked
from safeconduct.alerts.formats import SHAPES
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.parsed import Link, Parsed
from safeconduct.feeds import fetching, following
from safeconduct.feeds.models import Fetch, LinkedMessage, Rejection, Source
from safeconduct.lib import clock, leases

from .index_site import Site, rows, work
from .messages import NOW, message

pytestmark = pytest.mark.django_db
State = LinkedMessage.State


def test_an_index_is_followed_and_one_message_does_not_stop_another(site: Site, source: Source) -> None:
    site.put_index(
        "/feeds/list.xml",
        {"/cap/a.xml": "1", "../cap/gone.xml": "1", "/cap/evil.xml": "1", "/cap/b.xml": "1"},
    )
    site.put("/cap/a.xml", message("A"))
    site.put("/cap/b.xml", message("B", status="Test"))
    site.put("/cap/evil.xml", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><alert>&x;</alert>")
    assert work() == 4
    found = rows(source)
    assert {name: row.state for name, row in found.items()} == {
        "a.xml": State.READ, "b.xml": State.READ, "evil.xml": State.REFUSED, "gone.xml": State.UNREACHABLE,
    }  # fmt: skip
    assert "404" in found["gone.xml"].problem
    assert "DOCTYPE" in found["evil.xml"].problem
    assert Rejection.objects.get().document == found["evil.xml"].document
    assert set(Event.objects.values_list("identity_key", "status")) == {("A", "Actual"), ("B", "Test")}
    assert found["a.xml"].document == AlertVersion.objects.get(identifier="A").document
    fetch = Fetch.objects.get()
    assert (fetch.outcome, fetch.linked_count, fetch.read_count, fetch.new_count) == ("new", 4, 2, 2)
    assert fetch.unreachable_count == 1
    assert not any(row.lease_by for row in found.values())


def test_a_message_is_fetched_once_for_each_edition(site: Site, source: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B"))
    assert work() == 2
    later = NOW + timedelta(seconds=301)
    # The same index again, then one that changed elsewhere only.
    assert work(later) == 0
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "2", "/c": "1"})
    site.put("/b", message("B", headline="Worse", sent="2026-11-20T11:00:00+00:00", msg_type="Update"))
    site.put("/c", message("C"))
    later += timedelta(seconds=301)
    assert work(later) == 2
    assert [site.asked.count(path) for path in ("/a", "/b", "/c")] == [1, 2, 1]
    event = Event.objects.get(identity_key="B")
    assert event.versions.count() == 2
    assert event.current_version is not None and event.current_version.infos[0]["headline"] == "Worse"
    assert rows(source)["a"].listed_at == later


def test_a_killed_workers_message_is_taken_over_when_its_lease_ends(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1"})
    site.put("/a", message("A"))

    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    for place in ("fetch_linked", "finish_linked"):
        at = NOW if place == "fetch_linked" else NOW + timedelta(seconds=linked.LEASE_SECONDS + 1)
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(fetching, place, killed)
            work(at)
        row = source.links.get()
        assert row.state == State.WAITING and row.lease_until is not None
        with clock.held_at(at + timedelta(seconds=linked.LEASE_SECONDS - 1)):
            assert jobs.follow_due() == 0
    assert Event.objects.count() == 1, "it was read before the kill"
    with clock.held_at(NOW + timedelta(seconds=2 * linked.LEASE_SECONDS + 3)):
        assert jobs.follow_due() == 1
    row = source.links.get()
    assert (row.state, row.lease_by, row.due_at) == (State.READ, "", None)
    assert AlertVersion.objects.count() == 1


def test_an_edition_named_during_the_reading_is_not_lost(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1"})
    site.put("/a", message("A"))
    read = read_document

    def meanwhile(*given: Any, **named: Any) -> Any:
        report = read(*given, **named)
        if len(site.asked) == 2:
            linked.note_links(source, source.url, [Link(url="/a", updated="2")], NOW)
        return report

    monkeypatch.setattr(linked, "read_document", meanwhile)
    assert work() == 2
    assert site.asked == ["/feeds/list.xml", "/a", "/a"]
    assert source.links.get().updated == "2"


def test_a_server_that_is_down_is_asked_again_while_the_message_is_listed(site: Site, source: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", b"busy", status=503)
    site.put("/b", message("B"))
    assert work() == 2
    row = rows(source)["a"]
    assert (row.state, row.tries) == (State.WAITING, 1)
    assert row.due_at is not None and timedelta(seconds=40) < row.due_at - NOW < timedelta(seconds=80)
    for _ in range(fetching.LINK_TRIES - 1):
        row.refresh_from_db()
        assert row.due_at is not None
        with clock.held_at(row.due_at):
            jobs.follow_due()
    given_up = rows(source)["a"]
    assert given_up.state == State.UNREACHABLE and "503" in given_up.problem
    assert Fetch.objects.filter(outcome="new").latest("id").unreachable_count == 1
    # It is still listed: an hour later it is there.
    site.put("/a", message("A"))
    assert given_up.due_at is not None
    with clock.held_at(given_up.due_at):
        assert jobs.follow_due() == 1
    assert rows(source)["a"].state == State.READ
    assert rows(source)["a"].problem == ""


def test_what_is_no_longer_listed_is_not_asked_for_again(site: Site, source: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", b"busy", status=503)
    site.put("/b", message("B"))
    work()
    site.put_index("/feeds/list.xml", {"/b": "1"})
    assert work(NOW + timedelta(seconds=301)) == 0
    row = rows(source)["a"]
    assert (row.state, row.due_at, site.asked.count("/a")) == (State.UNREACHABLE, None, 1)


def test_an_index_in_an_index_is_followed_once_and_circles_end(site: Site, source: Source) -> None:
    site.put_index("/feeds/list.xml", {"/two.xml": "1", "/feeds/list.xml": "1"})
    site.put_index(
        "/two.xml", {"/a": "1", "/three.xml": "1", "/two.xml": "9", "/feeds/list.xml": "2", "/b#top": "1"}
    )
    site.put_index("/three.xml", {"/never": "1", "/two.xml": "5"})
    site.put("/a", message("A"))
    site.put("/b", message("B"))
    assert work() == 4
    assert work(NOW + timedelta(seconds=301)) == 0
    assert "/never" not in site.asked and site.asked.count("/two.xml") == 1
    found = rows(source)
    assert {name: (row.level, row.state) for name, row in found.items()} == {
        "two.xml": (1, State.READ), "a": (2, State.READ), "b": (2, State.READ), "three.xml": (2, State.REFUSED),
    }  # fmt: skip
    assert "two indexes" in found["three.xml"].problem
    assert Event.objects.count() == 2


def test_a_message_of_a_second_index_is_tried_again_though_the_first_one_changes(
    site: Site, source: Source
) -> None:
    site.put_index("/feeds/list.xml", {"/two.xml": "1"})
    site.put_index("/two.xml", {"/a": "1"})
    site.put("/a", b"busy", status=503)
    work()
    site.put_index("/feeds/list.xml", {"/two.xml": "1", "/b": "1"})
    site.put("/b", message("B"))
    site.put("/a", message("A"))
    work(NOW + timedelta(seconds=301))
    assert rows(source)["a"].state == State.READ


def test_a_fault_of_ours_in_one_message_stops_no_other(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/a", message("A"))
    site.put("/b", message("B"))
    read = read_document

    def broken(document: Any, **named: Any) -> Any:
        if document.origin.endswith("/a"):
            raise RuntimeError("bug")
        return read(document, **named)

    monkeypatch.setattr(linked, "read_document", broken)
    assert work() == 2
    assert rows(source)["a"].problem == "could not be read: RuntimeError"
    assert rows(source)["b"].state == State.READ


def test_a_fault_in_fetching_one_message_stops_no_other(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put_index("/feeds/list.xml", {"/a": "1", "/b": "1"})
    site.put("/b", message("B"))
    fetch = fetching.fetch_linked

    def broken(row: LinkedMessage, **named: Any) -> Any:
        if row.url.endswith("/a"):
            raise RuntimeError("bug")
        return fetch(row, **named)

    monkeypatch.setattr(fetching, "fetch_linked", broken)
    assert work() == 2
    assert (rows(source)["a"].state, rows(source)["a"].due_at) == (State.REFUSED, None)
    assert rows(source)["b"].state == State.READ


def test_sources_take_turns_and_one_that_is_switched_off_is_left_alone(site: Site, source: Source) -> None:
    other = Source.objects.create(
        key="other", name="Other", format="cap", url=f"{site.url}/o", is_enabled=True, request_seconds=0
    )
    off = Source.objects.create(key="off", name="Off", format="cap", url=f"{site.url}/x", request_seconds=0)
    links = [Link(url=f"/{number}") for number in range(5)]
    assert linked.note_links(source, source.url, links, NOW) == 5
    assert (
        linked.note_links(other, other.url, [replace(link, url="/o" + link.url) for link in links], NOW) == 5
    )
    linked.note_links(off, off.url, [Link(url="/off")], NOW)
    with clock.held_at(NOW):
        assert jobs.follow_due(limit=4) == 4
    assert site.asked == ["/0", "/o/0", "/1", "/o/1"]


def test_links_that_are_no_addresses_are_not_noted_and_many_cost_few_questions(
    source: Source, django_assert_max_num_queries: Any
) -> None:
    bad = [Link(url=url) for url in ("javascript:alert(1)", "file:///etc/passwd", "http://[", "ftp://x/y")]
    assert linked.note_links(source, source.url, bad, NOW) == 0
    many = [Link(url=f"/m/{number}", updated="1") for number in range(3000)]
    with django_assert_max_num_queries(100):
        assert linked.note_links(source, source.url, [*many, *many], NOW) == 3000
    with django_assert_max_num_queries(100):
        assert linked.note_links(source, source.url, many, NOW) == 0
    assert source.links.count() == 3000


def test_shapes_that_are_served_apart_are_handed_to_the_reader(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_in(parsed: Parsed, shapes: bytes) -> Parsed:
        (alert,) = parsed.alerts
        (info,) = alert.infos
        return replace(parsed, alerts=[replace(alert, infos=(replace(info, headline=shapes.decode()),))])

    monkeypatch.setitem(SHAPES, "cap", put_in)
    site.put("/a", message("A"))
    site.put("/a.geojson", b"the shapes")
    site.put("/b", message("B"))
    links = [Link(url="/a", geometry_url="/a.geojson"), Link(url="/b", geometry_url="/b.geojson")]
    linked.note_links(source, source.url, links, NOW)
    with clock.held_at(NOW):
        while jobs.follow_due():
            pass
    (shaped,) = AlertVersion.objects.filter(identifier="A")
    assert shaped.infos[0]["headline"] == "the shapes"
    assert AlertVersion.objects.get(identifier="B").infos[0]["headline"] == "Storm over the coast"
    assert rows(source)["b"].state == State.READ and "area" in rows(source)["b"].problem


def test_a_message_of_a_world_index_has_the_country_of_its_authority(site: Site) -> None:
    swic = Source.objects.create(
        key="swic", name="SWIC", format="swic", url=f"{site.url}/list", is_enabled=True, request_seconds=0
    )
    path = "/v2/cap-alerts/ng-nimet-en/2026/11/20/a.xml"
    site.put(path, message("N", polygon=""))
    linked.note_links(swic, swic.url, [Link(url=path)], NOW)
    with clock.held_at(NOW):
        assert jobs.follow_due() == 1
    version = AlertVersion.objects.get()
    assert (version.impact_origin, version.countries) == ("country", ["NG"])
    swic.refresh_from_db()
    assert swic.country_code == ""


# ---- an index that lists all that is active


def test_a_lease_lost_meanwhile_stores_nothing(site: Site, source: Source) -> None:
    linked.note_links(source, source.url, [Link(url="/a")], NOW)
    site.put("/a", message("A"))
    with clock.held_at(NOW):
        (row,) = leases.claim(LinkedMessage.objects.order_by("id"), by="one", limit=1, seconds=10)
        LinkedMessage.objects.update(lease_by="two")
        linked.follow(row)
    after = source.links.get()
    assert (after.state, after.lease_by) == (State.WAITING, "two")


def test_what_may_change_where_it_stands_is_asked_for_again_at_a_bounded_pace(
    site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_REREAD", 2)
    site.tags = True
    site.put_index("/feeds/list.xml", {"/a": "", "/b": "", "/c": "", "/dated": "1"})
    for path in ("/a", "/b", "/c", "/dated"):
        site.put(path, message(path.strip("/").upper(), headline=f"First words of {path}"))
    assert work() == 4
    site.put("/a", message("A2", msg_type="Update", sent="2026-11-20T11:00:00+00:00", headline="Newer words",
                           references="weather@example.org,A,2026-11-20T10:00:00+00:00"))  # fmt: skip
    assert work(NOW + timedelta(minutes=10)) == 0
    later = NOW + timedelta(minutes=61)
    # The index says the same as ever; two a poll, those first that were read longest ago.
    assert work(later) == 2
    assert work(later + timedelta(minutes=6)) == 1
    assert sorted(site.unchanged) == sorted(["/feeds/list.xml"] * 3 + ["/b", "/c"])
    event = Event.objects.get(identity_key="A")
    assert event.current_version is not None
    assert event.current_version.infos[0]["headline"] == "Newer words"
    assert AlertVersion.objects.count() == 5
    row = rows(source)["a"]
    assert (row.state, row.key, row.due_at) == (State.READ, "A2", None)


def test_a_message_asked_for_again_in_vain_stays_read(site: Site, source: Source) -> None:
    site.put_index("/feeds/list.xml", {"/a": ""})
    site.put("/a", message("A"))
    assert work() == 1
    site.put("/a", b"down", status=503)
    later = NOW + timedelta(minutes=61)
    work(later)
    row = rows(source)["a"]
    assert (row.state, row.problem, row.tries, row.due_at, row.read_at) == (State.READ, "", 0, None, later)
    assert Event.objects.get().is_active
