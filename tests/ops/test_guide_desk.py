"""The writing room and the notes of an organisation, as people use their pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.guides import actions
from safeconduct.guides.differences import differences
from safeconduct.guides.jobs import run_due
from safeconduct.guides.models import Edition, OrganisationNote
from safeconduct.guides.sections import PARTS
from safeconduct.lib import clock
from safeconduct.ops.jobs import all_jobs
from safeconduct.places.models import Place
from tests.conftest import World, make_user

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WATER = "/desk/guides/iso:KE/food-water/en/"
State = Edition.State


@pytest.fixture
def anna(world: World) -> User:
    """An analyst: may write, approve and correct, and nothing of the operator's."""
    return make_user("anna@desk.example.org", "Anna", "Weiss", desk_role="analyst")


@pytest.fixture
def cora(world: World) -> User:
    """A coordinator: has no business in the writing room."""
    return make_user("cora@desk.example.org", "Cora", "Lind", desk_role="coordinator")


def words(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return plain(page.content.decode())


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def edition() -> Edition:
    return Edition.objects.order_by("-pk")[0]


def form_of(row: Edition, **changes: Any) -> dict[str, Any]:
    return {
        "body": row.body, "sources": row.sources, "change_note": row.change_note, "revision": row.revision,
        "do": "save", **changes,
    }  # fmt: skip


def written(client: Client, body: str = "Drink *boiled* water.", **more: Any) -> Edition:
    """Begin a text and hand it on, through the pages."""
    client.post(WATER)
    return written_by(client, edition(), body, do="submit", **more)


def written_by(client: Client, row: Edition, body: str, **more: Any) -> Edition:
    """Save a text, through the page."""
    said = form_of(row, body=body, change_note="New", **more)
    assert client.post(f"/desk/guides/texts/{row.public_id}/write/", said).status_code == 302
    return edition()


def move(client: Client, row: Edition, do: str, **more: str) -> Any:
    return client.post(f"/desk/guides/texts/{row.public_id}/move/", {"do": do, **more})


def test_from_an_empty_part_to_what_readers_see(world: World, anna: User, client_of: ClientOf) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    assert "Nothing is being written" in words(olga, "/desk/guides/")
    assert "/desk/guides/iso:KE/" in olga.get("/desk/guides/?q=kenya").content.decode()
    assert "We know no place called “qqqq”" in words(olga, "/desk/guides/?q=qqqq")
    place = words(olga, "/desk/guides/iso:KE/")
    assert all(str(part.label) in place for part in PARTS.values()) and "no text" in place
    assert "Write the first text" in words(olga, WATER)
    row = written(olga, sources="WHO list, https://example.org/who", review_due_on="2027-05-01")
    assert row.state == State.REVIEW and row.review_due_on == date(2027, 5, 1)
    assert "Waits for a second person 1" in words(second, "/desk/guides/?show=review")
    page = words(second, f"/desk/guides/texts/{row.public_id}/")
    assert "Olga Berg" in page and "Approve and publish now" in page and "WHO list" in page
    assert move(second, row, "approve").status_code == 302
    assert "Drink boiled water." in words(olga, WATER)
    assert "no. 1, Olga Berg; approved by Anna Weiss" in words(olga, "/desk/guides/iso:KE/")
    guide = words(client_of(world.bob), "/destinations/iso:KE/medical/")
    assert "Drink boiled water." in guide


def test_nobody_approves_their_own_text_by_page_or_by_address(
    world: World, anna: User, client_of: ClientOf
) -> None:
    olga = client_of(world.olga)
    row = written(olga)
    page = words(olga, f"/desk/guides/texts/{row.public_id}/")
    assert "You wrote this" in page and "Approve and publish now" not in page
    refused = move(olga, row, "approve")
    assert refused.status_code == 200 and "A second person has to approve" in refused.content.decode()
    later = {"publish_at": (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")}
    assert "A second person has to approve" in move(olga, row, "approve_at", **later).content.decode()
    assert edition().state == State.REVIEW
    # Anna changes it: now both wrote it, and neither approves it.
    second = client_of(anna)
    move(second, row, "return", reason="I finish it")
    row = edition()
    second.post(f"/desk/guides/texts/{row.public_id}/write/", form_of(row, body="Other", do="submit"))
    for client in (olga, second):
        assert "A second person has to approve" in move(client, edition(), "approve").content.decode()
        page = words(client, f"/desk/guides/texts/{row.public_id}/")
        assert "Olga Berg, Anna Weiss" in page and "Approve and publish now" not in page
    paul = make_user("paul@desk.example.org", "Paul", "Roy", desk_role="analyst")
    assert move(client_of(paul), edition(), "approve").status_code == 302
    assert edition().state == State.PUBLISHED


def test_where_nobody_may_approve_the_page_says_how_to_let_somebody_in(
    world: World, client_of: ClientOf
) -> None:
    olga = client_of(world.olga)
    olga.post(WATER)
    address = f"/desk/guides/texts/{edition().public_id}/write/"
    page = olga.get(address).content.decode()
    assert "Nobody is there who could approve" in page and 'href="/desk/people/#one-more"' in page
    anna = make_user("anna@desk.example.org", "Anna", "Weiss", desk_role="analyst")
    assert "Nobody is there who could approve" not in olga.get(address).content.decode()
    row = written_by(client_of(anna), edition(), "Both wrote")
    row = written_by(olga, row, "Both wrote it", do="submit")
    mine, theirs = (words(client, f"/desk/guides/texts/{row.public_id}/") for client in (olga, client_of(anna)))
    assert "Add a second person" in mine
    assert "Nobody is there who could approve" in theirs and "Ask an operator" in theirs


def test_a_text_comes_back_with_the_reason_and_its_writer_reads_it(
    world: World, anna: User, client_of: ClientOf
) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    row = written(olga)
    refused = move(second, row, "return", reason=" ")
    assert refused.status_code == 200 and "field is required" in refused.content.decode()
    assert edition().state == State.REVIEW
    assert move(second, row, "return", reason="Name the <b>source</b>.").status_code == 302
    for address in (f"/desk/guides/texts/{row.public_id}/", f"/desk/guides/texts/{row.public_id}/write/"):
        page = olga.get(address).content.decode()
        assert "Given back by Anna Weiss" in page and "Name the &lt;b&gt;source&lt;/b&gt;." in page, address
    assert "given back" in words(olga, "/desk/guides/?show=draft")
    # Its writer takes back what is handed on without giving one.
    move(olga, edition(), "submit")
    assert "Take it back and write on" in words(olga, f"/desk/guides/texts/{row.public_id}/")
    assert move(olga, edition(), "return").status_code == 302
    assert "Given back by" not in words(olga, f"/desk/guides/texts/{row.public_id}/")


def test_from_the_writing_room_to_the_page_and_back(world: World, client_of: ClientOf) -> None:
    """An operator belongs to no organisation and still sees what readers see."""
    olga = client_of(world.olga)
    row = written(olga)
    for address, leads_to in (
        ("/desk/guides/iso:KE/", "/destinations/iso:KE/"),
        (WATER, "/destinations/iso:KE/medical/#food-water"),
        ("/desk/guides/iso:KE/overview/en/", "/destinations/iso:KE/#overview"),
        (f"/desk/guides/texts/{row.public_id}/", "/destinations/iso:KE/medical/#food-water"),
    ):
        page = olga.get(address).content.decode()
        assert f'href="{leads_to}"' in page and "Look at the page" in page, address
        assert olga.get(leads_to).status_code == 200
    assert 'href="/desk/"' in olga.get("/destinations/iso:KE/").content.decode()


def test_a_text_handed_on_unchanged_keeps_its_writer(world: World, anna: User, client_of: ClientOf) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    row = written(olga)
    move(second, row, "return", reason="Look again")
    row = edition()
    said = form_of(row, do="submit")
    assert second.post(f"/desk/guides/texts/{row.public_id}/write/", said).status_code == 302
    row = edition()
    assert (row.state, row.written_by_id) == (State.REVIEW, world.olga.pk)


def test_what_each_role_may(world: World, anna: User, cora: User, client_of: ClientOf) -> None:
    row = written(client_of(world.olga))
    pages = [
        "/desk/guides/", "/desk/guides/iso:KE/", WATER, f"/desk/guides/texts/{row.public_id}/", "/desk/facts/",
        "/desk/facts/KE/", "/desk/facts/KE/tap_water/", "/desk/facts/import/", "/desk/facts/coverage/",
    ]  # fmt: skip
    for person, expected in ((anna, 200), (cora, 404), (world.alice, 404), (world.bob, 404)):
        client = client_of(person)
        assert {client.get(page).status_code for page in pages} == {expected}, person
        expected_post = {200: 302, 404: 404}[expected]
        assert move(client, row, "return", reason="Look again").status_code == expected_post
        if expected == 200:
            move(client_of(world.olga), edition(), "submit")
    assert edition().state == State.REVIEW
    analyst = client_of(anna).get("/desk/").content.decode()
    assert (
        "/desk/guides/" in analyst
        and "/desk/facts/" in analyst
        and "/desk/organisations/" not in analyst.split("<main")[1]
    )


def test_two_writers_and_nothing_is_lost(world: World, anna: User, client_of: ClientOf) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    olga.post(WATER)
    row = edition()
    address = f"/desk/guides/texts/{row.public_id}/write/"
    theirs = "First line\nAnna was here before\nLast line"
    assert second.post(address, form_of(row, body=theirs)).status_code == 302
    mine = "First line\nOlga was here before\nLast line"
    page = olga.post(
        address, form_of(row, body=mine, sources="My source", change_note="My note")
    ).content.decode()
    assert "Somebody saved this text while you were writing" in page
    assert mine in page and theirs in page and "My source" in page and "My note" in page
    assert re.search(r"<del>Anna\s*</del>", page) and re.search(r"<ins>Olga\s*</ins>", page)
    assert edition().body == theirs
    # The page that was shown names the newest revision: sent again, it is meant.
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision is not None and int(revision[1]) == edition().revision
    assert olga.post(address, form_of(row, body=mine, revision=revision[1])).status_code == 302
    assert edition().body == mine and edition().written_by_id == world.olga.pk


def test_a_text_that_moved_on_meanwhile_comes_back_whole(
    world: World, anna: User, client_of: ClientOf
) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    olga.post(WATER)
    row = edition()
    second.post(
        f"/desk/guides/texts/{row.public_id}/write/", form_of(row, body="x", change_note="y", do="submit")
    )
    page = olga.post(
        f"/desk/guides/texts/{row.public_id}/write/", form_of(row, body="Long work")
    ).content.decode()
    assert "This text is no longer being written" in page and "Long work" in page
    assert edition().body == "x"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": "", "do": "submit"}, "There is no text yet."),
        ({"review_due_on": "soon"}, "Enter a valid date"),
        ({"sources": "s" * 4001}, "4000"),
        ({"body": "b" * 60_001}, "The text is too long."),
        ({"change_note": "n" * 301}, "300"),
    ],
)
def test_a_refused_form_keeps_every_letter(
    world: World, client_of: ClientOf, changes: dict[str, str], said: str
) -> None:
    olga = client_of(world.olga)
    olga.post(WATER)
    row = edition()
    sent = form_of(row, **{"body": "My words", "sources": "My source", "change_note": "My note", **changes})
    page = olga.post(f"/desk/guides/texts/{row.public_id}/write/", sent).content.decode()
    assert said in page
    for name in ("body", "sources", "change_note"):
        assert str(sent[name]) in page
    assert edition().state == State.DRAFT


def test_submitting_needs_a_word_on_what_is_new_and_what_was_saved_can_be_sent_again(
    world: World, anna: User, client_of: ClientOf
) -> None:
    olga = client_of(world.olga)
    move(client_of(anna), written(olga), "approve")
    olga.post(WATER)
    row = edition()
    assert row.body == "Drink *boiled* water." and row.number == 2
    address = f"/desk/guides/texts/{row.public_id}/write/"
    page = olga.post(address, form_of(row, body="Drink bottled water.", do="submit")).content.decode()
    assert "Say in a few words what is new." in page and "Somebody saved this" not in page
    assert edition().body == "Drink bottled water."
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision is not None
    again = form_of(edition(), change_note="Bottles", revision=revision[1], do="submit")
    assert olga.post(address, again).status_code == 302
    page = client_of(anna).get(f"/desk/guides/texts/{row.public_id}/").content.decode()
    assert "What would change" in page and re.search(r"<del>\*boiled\*\s*</del><ins>bottled\s*</ins>", page)


def test_the_preview_is_what_readers_get_and_writes_nothing(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    olga.post(WATER)
    row = edition()
    hostile = "# Water\n<script>alert(1)</script> **boil** [x](javascript:alert(1))"
    sent = form_of(row, body=hostile, sources="Ministry https://example.org/water", do="preview")
    page = olga.post(f"/desk/guides/texts/{row.public_id}/write/", sent).content.decode()
    assert "<h3>Water</h3>" in page and "<strong>boil</strong>" in page and "<script>alert" not in page
    assert 'href="https://example.org/water"' in page
    assert edition().body == "" and edition().revision == 1
    live = olga.post("/desk/guides/preview/", {"body": hostile, "sources": ""}).content.decode()
    assert "<h3>Water</h3>" in live and "<script" not in live and "<html" not in live


def test_published_later_on_the_clock_of_who_approves(world: World, anna: User, client_of: ClientOf) -> None:
    User.objects.filter(pk=anna.pk).update(zone="Asia/Tokyo")
    with clock.held_at(NOW):
        row = written(client_of(world.olga))
        second = client_of(anna)
        page = move(second, row, "approve_at", publish_at="2026-11-24T17:00").content.decode()
        assert "This time has passed" in page and 'value="2026-11-24T17:00"' in page
        assert "no date and time" in move(second, row, "approve_at", publish_at="tomorrow").content.decode()
        assert "Say when" in move(second, row, "approve_at", publish_at="").content.decode()
        assert move(second, row, "approve_at", publish_at="2026-11-24T20:00").status_code == 302
        row = edition()
        assert (row.state, row.publish_at) == (State.SCHEDULED, datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
        assert "Published later 1" in words(second, "/desk/guides/?show=scheduled")
        assert run_due() == 0
    with clock.held_at(NOW + timedelta(hours=2)):
        assert run_due() == 1
    assert edition().state == State.PUBLISHED
    assert "guides.publish" in {job.code for job in all_jobs()}


def test_withdrawn_and_its_history(world: World, anna: User, client_of: ClientOf) -> None:
    olga, second = client_of(world.olga), client_of(anna)
    for body in ("One\nTwo\nThree", "One\nTwo and a half\nThree"):
        move(second, written(olga, body), "approve")
    page = second.get(f"{WATER}compare/").content.decode()
    assert (
        re.search(r"Two\s*<ins>and a half</ins>|<ins>Two and a half</ins>|Two", page) and "d-changed" in page
    )
    assert second.get(f"{WATER}compare/?a=2&b=1").status_code == 200
    assert second.get(f"{WATER}compare/?a=9&b=zz").status_code == 200
    assert second.get("/desk/guides/iso:KE/care/en/compare/").status_code == 404
    assert move(second, edition(), "withdraw").status_code == 302
    assert {row.state for row in Edition.objects.all()} == {State.REPLACED, State.WITHDRAWN}
    refused = move(second, edition(), "withdraw")
    assert refused.status_code == 200 and "no longer where it was" in refused.content.decode()
    assert "No text is published in this language" in words(olga, WATER)
    assert move(olga, edition(), "burn").status_code == 404
    codes = list(Entry.objects.filter(action__startswith="edition.").values_list("action", flat=True))
    assert {
        "edition.begun",
        "edition.saved",
        "edition.submitted",
        "edition.approved",
        "edition.withdrawn",
    } <= set(codes)


def test_what_is_due_is_listed(world: World, anna: User, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    with clock.held_at(NOW):
        move(client_of(anna), written(olga, review_due_on="2026-12-01"), "approve")
        assert "No text is due" in words(olga, "/desk/guides/?show=due")
    with clock.held_at(NOW + timedelta(days=10)):
        page = words(olga, "/desk/guides/?show=due")
        assert "To be read again 1" in page and "Kenya" in page
        assert "To be read again" in words(olga, "/desk/guides/iso:KE/")
    assert "Not a choice here" in words(olga, "/desk/guides/?show=zz")


def test_addresses_that_name_nothing(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    for address in (
        "/desk/guides/iso:XX/", "/desk/guides/iso:KE/poetry/en/", "/desk/guides/iso:KE/care/tlh/",
        "/desk/guides/texts/nothing/", "/desk/facts/XX/", "/desk/facts/KE/poetry/",
    ):  # fmt: skip
        assert olga.get(address).status_code == 404, address


def test_differences_in_words() -> None:
    found = differences("a\nb c d e\nf\n\n\n\n\n\n\ng", "a\nb c X e\nf\n\n\n\n\n\n\ng\nh")
    kinds = [line.kind for line in found.lines]
    assert kinds == ["same", "changed", "same", "same", "fold", "same", "same", "new"]
    changed = found.lines[1]
    assert [(piece.kind, piece.text.strip()) for piece in changed.pieces] == [
        ("same", "b c"), ("gone", "d"), ("new", "X"), ("same", "e"),
    ]  # fmt: skip
    assert (found.taken_out, found.put_in, found.is_same) == (1, 2, False)
    assert differences("x  \ny", "x\ny").is_same and differences("", "  ").is_same
    assert [line.kind for line in differences("", "x").lines] == ["new"]
    assert [line.kind for line in differences("alpha beta", "gamma delta").lines] == ["gone", "new"]


# Notes of an organisation.


def test_a_note_is_written_by_a_manager_and_read_by_her_members_alone(
    world: World, client_of: ClientOf
) -> None:
    alice, dana = client_of(world.alice), client_of(world.dana)
    address = "/manage/guides/iso:KE/care/"
    assert "No notes yet" in words(alice, "/manage/guides/")
    assert (
        alice.post(address, {"body": "Call **Dr Reyes** first.", "seen": "", "do": "save"}).status_code == 302
    )
    row = OrganisationNote.objects.for_org(world.northfield).get()
    assert "Alice Moreau" in words(alice, "/manage/guides/") and "user " not in words(
        alice, "/manage/guides/iso:KE/"
    )
    guide = "/destinations/iso:KE/medical/"
    assert "Dr Reyes" in words(client_of(world.bob), guide)
    assert "Dr Reyes" not in words(dana, guide)
    assert "Dr Reyes" not in words(dana, "/manage/guides/") + words(dana, "/manage/guides/iso:KE/") + words(
        dana, address
    )
    assert dana.get(f"/manage/guides/notes/{row.public_id}/").status_code == 404
    assert dana.post(f"/manage/guides/notes/{row.public_id}/end/").status_code == 404
    assert client_of(world.bob).get("/manage/guides/").status_code == 404
    assert client_of(world.olga).get(address).status_code == 404
    row.refresh_from_db()
    assert row.ended_at is None
    assert "Dr Reyes" in words(alice, f"/manage/guides/notes/{row.public_id}/")
    assert alice.post(f"/manage/guides/notes/{row.public_id}/end/").status_code == 302
    assert "Dr Reyes" not in words(client_of(world.bob), guide)
    assert "This note has ended" in words(alice, f"/manage/guides/notes/{row.public_id}/")
    assert "Notes that have ended" in words(alice, "/manage/guides/iso:KE/")
    codes = Entry.objects.filter(action__startswith="note.").order_by("pk").values_list("action", flat=True)
    assert list(codes) == ["note.written", "note.ended"]


def test_two_managers_and_no_note_is_lost(world: World, client_of: ClientOf) -> None:
    alice = client_of(world.alice)
    address = "/manage/guides/iso:KE/care/"
    alice.post(address, {"body": "One", "seen": ""})
    page = alice.post(address, {"body": "Two", "seen": ""}).content.decode()
    assert "Somebody changed this note" in page and "One" in page and "Two" in page
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen is not None and alice.post(address, {"body": "Two", "seen": seen[1]}).status_code == 302
    bodies = {row.body: row.ended_at for row in OrganisationNote.objects.for_org(world.northfield)}
    assert bodies["Two"] is None and bodies["One"] is not None
    empty = alice.post(address, {"body": " ", "seen": "x"}).content.decode()
    assert "There is no text yet" in empty
    preview = alice.post(address, {"body": "*soft*", "seen": "x", "do": "preview"}).content.decode()
    assert "<em>soft</em>" in preview
    assert "<em>a</em>" in alice.post("/manage/guides/preview/", {"body": "*a*"}).content.decode()
    too_long = alice.post(
        address,
        {
            "body": "b" * 60_001,
            "seen": bodies
            and OrganisationNote.objects.for_org(world.northfield).get(ended_at=None).public_id,
        },
    ).content.decode()
    assert "The text is too long." in too_long and "b" * 60_001 in too_long


def test_the_actions_stand_alone(world: World, anna: User) -> None:
    """The floor under the pages: what a forged request would call."""
    kenya = Place.objects.get(key="iso:KE")
    row = actions.begin_edition(kenya, "care", "en", by=world.olga)
    assert actions.withdraw_edition(row, by=anna).state == State.WITHDRAWN
