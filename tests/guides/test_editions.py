"""A text for a guide: draft, a second person, publication; two at once; an organisation's note stays with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.guides import actions, writing
from safeconduct.guides.models import Edition, OrganisationNote
from safeconduct.guides.text import citations_of, html_of
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.models import Place
from tests.conftest import World, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def kenya() -> Place:
    return Place.objects.get(key="iso:KE")


def draft(world: World, place: Place, body: str = "Drink *boiled* water.") -> Edition:
    edition = actions.begin_edition(place, "food-water", "en", by=world.olga)
    return actions.save_draft(edition, by=world.olga, revision=edition.revision, body=body, change_note="New")


def test_a_second_person_approves(world: World, kenya: Place) -> None:
    edition = actions.submit_edition(draft(world, kenya), by=world.olga)
    with pytest.raises(Refused) as own:
        actions.approve_edition(edition, by=world.olga)
    assert own.value.code == "edition.own"
    published = actions.approve_edition(edition, by=world.alice)
    assert published.state == Edition.State.PUBLISHED and published.published_at is not None
    assert [entry.action for entry in Entry.objects.filter(action__startswith="edition.").order_by("pk")] == [
        "edition.begun", "edition.saved", "edition.submitted", "edition.approved",
    ]  # fmt: skip
    # What was written stands in no log.
    assert "boiled" not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_whoever_saved_any_version_of_it_approves_none(world: World, kenya: Place) -> None:
    edition = draft(world, kenya)
    edition = actions.save_draft(
        edition, by=world.alice, revision=edition.revision, body="Other", change_note="x"
    )
    edition = actions.submit_edition(edition, by=world.olga)
    assert edition.writers == [world.olga.pk, world.alice.pk]
    for writer in (world.olga, world.alice):
        with pytest.raises(Refused) as own:
            actions.approve_edition(edition, by=writer)
        assert own.value.code == "edition.own"
    # Given back and handed on unchanged, it has the writers that it had.
    edition = actions.return_edition(edition, by=world.dana, reason="Which water?")
    edition = actions.submit_edition(edition, by=world.alice)
    with pytest.raises(Refused):
        actions.approve_edition(edition, by=world.olga)
    assert actions.approve_edition(edition, by=world.dana).state == Edition.State.PUBLISHED
    # The next text begins with nobody's words but those that were approved.
    assert actions.begin_edition(kenya, "food-water", "en", by=world.alice).writers == []


def test_who_wrote_before_writers_were_kept_is_taken_from_the_log(world: World, kenya: Place) -> None:
    edition = draft(world, kenya)
    edition = actions.save_draft(edition, by=world.alice, revision=edition.revision, body="Other")
    Edition.objects.update(writers=[])
    import_module("safeconduct.guides.migrations.0002_writers_and_returns").writers_from_log(apps, None)
    edition.refresh_from_db()
    assert edition.writers == [world.olga.pk, world.alice.pk]


def test_a_text_is_given_back_with_a_reason(world: World, kenya: Place) -> None:
    edition = actions.submit_edition(draft(world, kenya), by=world.olga)
    for reason in ("", "  ", "x" * 1001):
        with pytest.raises(Refused) as refused:
            actions.return_edition(edition, by=world.alice, reason=reason)
        assert refused.value.code == "edition.reason"
    edition = actions.return_edition(edition, by=world.alice, reason=" Name the source. ")
    assert (edition.state, edition.return_reason, edition.returned_by_id) == (
        Edition.State.DRAFT, "Name the source.", world.alice.pk,
    )  # fmt: skip
    # What was asked for stays beside the text while it waits again; its writer takes it back without a word.
    edition = actions.submit_edition(edition, by=world.olga)
    assert edition.return_reason == "Name the source."
    edition = actions.return_edition(edition, by=world.olga)
    assert (edition.return_reason, edition.returned_by_id, edition.returned_at) == ("", None, None)
    assert "Name the source" not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_whether_anybody_is_there_to_approve(world: World, kenya: Place) -> None:
    edition = draft(world, kenya)
    assert not writing.may_be_approved(edition)
    anna = make_user("anna@desk.example.org", "Anna", "Weiss", desk_role="analyst")
    make_user("cora@desk.example.org", "Cora", "Lind", desk_role="coordinator")
    assert writing.may_be_approved(edition) and not writing.may_be_approved(edition, without=anna)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert not writing.may_be_approved(edition)


def test_nothing_is_overwritten_by_two_writers(world: World, kenya: Place) -> None:
    edition = draft(world, kenya)
    seen = edition.revision
    actions.save_draft(edition, by=world.alice, revision=seen, body="Alice was first")
    with pytest.raises(Refused) as late:
        actions.save_draft(edition, by=world.olga, revision=seen, body="Olga was late")
    assert late.value.code == "edition.revision"
    edition.refresh_from_db()
    assert edition.body == "Alice was first"


def test_one_open_text_a_part(world: World, kenya: Place) -> None:
    draft(world, kenya)
    with pytest.raises(Refused) as second:
        actions.begin_edition(kenya, "food-water", "en", by=world.alice)
    assert second.value.code == "edition.open"
    # Another language and another part are others.
    actions.begin_edition(kenya, "food-water", "fr", by=world.alice)
    actions.begin_edition(kenya, "care", "en", by=world.alice)
    with pytest.raises(NotFound):
        actions.begin_edition(kenya, "poetry", "en", by=world.alice)


def test_a_new_text_replaces_the_published_one(world: World, kenya: Place) -> None:
    first = actions.approve_edition(
        actions.submit_edition(draft(world, kenya), by=world.olga), by=world.alice
    )
    second = actions.begin_edition(kenya, "food-water", "en", by=world.olga)
    assert (second.number, second.body, second.based_on_id) == (2, first.body, first.pk)
    second = actions.save_draft(second, by=world.olga, revision=1, body="Shorter")
    with pytest.raises(Refused) as silent:
        actions.submit_edition(second, by=world.olga)
    assert silent.value.code == "edition.note"
    second = actions.save_draft(second, by=world.olga, revision=2, body="Shorter", change_note="Shorter")
    actions.approve_edition(actions.submit_edition(second, by=world.olga), by=world.alice)
    first.refresh_from_db()
    assert first.state == Edition.State.REPLACED and first.ended_at is not None
    assert Edition.objects.filter(state=Edition.State.PUBLISHED).count() == 1


def test_an_overtaken_text_does_not_replace_what_nobody_compared(world: World, kenya: Place) -> None:
    late = actions.submit_edition(draft(world, kenya), by=world.olga)
    # Published past the usual way, as two people who press at once would.
    Edition.objects.create(
        place=kenya, part="food-water", language="en", number=9, state=Edition.State.PUBLISHED, body="Other",
        written_by_id=world.dana.pk, written_by_label="Dana", written_at=NOW,
    )  # fmt: skip
    with pytest.raises(Refused) as overtaken:
        actions.approve_edition(late, by=world.alice)
    assert overtaken.value.code == "edition.overtaken"
    late.refresh_from_db()
    assert late.state == Edition.State.REVIEW


def test_approved_twice_is_published_once(world: World, kenya: Place) -> None:
    edition = actions.submit_edition(draft(world, kenya), by=world.olga)
    actions.approve_edition(edition, by=world.alice)
    with pytest.raises(Refused) as twice:
        actions.approve_edition(edition, by=world.dana)
    assert twice.value.code == "edition.state"


def test_published_at_its_time(world: World, kenya: Place) -> None:
    with clock.held_at(NOW):
        edition = actions.submit_edition(draft(world, kenya), by=world.olga)
        edition = actions.approve_edition(edition, by=world.alice, publish_at=NOW + timedelta(hours=2))
        assert edition.state == Edition.State.SCHEDULED and actions.publish_due() == 0
    with clock.held_at(NOW + timedelta(hours=2)):
        assert actions.publish_due() == 1 and actions.publish_due() == 0
    edition.refresh_from_db()
    assert edition.published_at == NOW + timedelta(hours=2)


def test_a_note_belongs_to_its_organisation(world: World, kenya: Place) -> None:
    actions.write_note(world.northfield, kenya, "care", body="Ask the field station.", by=world.alice)
    assert OrganisationNote.objects.for_org(world.northfield).filter(ended_at__isnull=True).count() == 1
    assert not OrganisationNote.objects.for_org(world.southgate).exists()
    actions.write_note(world.northfield, kenya, "care", body="Ask Dr Reyes.", by=world.alice)
    actions.write_note(world.northfield, kenya, "care", body="", by=world.alice)
    assert not OrganisationNote.objects.for_org(world.northfield).filter(ended_at__isnull=True).exists()
    assert OrganisationNote.objects.for_org(world.northfield).count() == 2


def test_two_managers_overwrite_no_note_of_each_other(world: World, kenya: Place) -> None:
    first = actions.write_note(world.northfield, kenya, "care", body="One", by=world.alice, seen="")
    assert first is not None
    for seen in ("", "another"):
        with pytest.raises(Refused) as refused:
            actions.write_note(world.northfield, kenya, "care", body="Two", by=world.alice, seen=seen)
        assert refused.value.code == "note.meanwhile"
    actions.write_note(world.northfield, kenya, "care", body="Two", by=world.alice, seen=first.public_id)
    with pytest.raises(Refused):
        actions.write_note(world.northfield, kenya, "care", body="", by=world.alice, seen=first.public_id)
    assert OrganisationNote.objects.for_org(world.northfield).get(ended_at=None).body == "Two"


def test_hostile_text_becomes_harmless() -> None:
    html = html_of("# A\n<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://example.org/p.png)")
    assert (
        "<script" not in html and "javascript:" not in html.replace("(javascript:", "") and "<img" not in html
    )
    assert html.startswith("<h3>A</h3>")
    table = html_of("|a|\n|-|\n" + "|row|\n" * 10_000)
    assert 150 < table.count("<tr>") < 250 and "…" in table


def test_citations_are_a_title_and_an_address() -> None:
    first, second = citations_of("WHO list, https://example.org/who.\n\nA book")
    assert (first.title, first.url) == ("WHO list", "https://example.org/who")
    assert (second.title, second.url) == ("A book", "")
