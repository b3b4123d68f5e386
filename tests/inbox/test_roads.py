"""The roads of mail: a mailbox over a real line, the mail server's hand-in, a folder. Nothing lost, nothing twice."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from safeconduct.inbox import handin, imap, receiving, roadsettings
from safeconduct.inbox.models import Letter, Mailbox
from safeconduct.lib import clock, leases
from safeconduct.trips.bookings.model import Reading
from safeconduct.trips.models import Trip
from tests.conftest import World
from tests.inbox.conftest import HandIn
from tests.inbox.imapserver import Box, Server
from tests.inbox.mails import flight, hotel, mail
from tests.inbox.scene import reservation

HAND_IN = "/inbox/hand-in/"


def due() -> None:
    Mailbox.objects.update(due_at="2026-11-22T08:00Z")


def test_a_mail_is_seen_only_after_its_row_is_stored(world: World, settings: Settings) -> None:
    box = Box()
    first = box.put(mail(flight()))
    with Server(box) as server:
        settings.SAFECONDUCT_BOOKINGS_IMAP = server.url()
        box.dies_before_store = True
        assert imap.poll_due(10) == 0 and Letter.objects.count() == 1 and box.seen == set()
        assert Mailbox.objects.get().problem in ("protocol", "connection")
        box.dies_before_store = False
        due()
        assert imap.poll_due(10) == 0, "its row was there already"
        assert box.seen == {first} and Letter.objects.count() == 1
        row = Mailbox.objects.get()
        assert (row.problem, row.lease_by) == ("", "") and row.worked_at is not None
        assert imap.poll_due(10) == 0 and box.commands.count("LOGOUT") == 1, "not due yet"


def test_a_mail_can_be_moved_when_it_was_taken(world: World, settings: Settings) -> None:
    for can_move in (True, False):
        box = Box(can_move=can_move)
        box.put(mail(flight(), message_id=f"<{can_move}@x.example>"))
        with Server(box) as server:
            settings.SAFECONDUCT_BOOKINGS_IMAP = server.url("?done=Done")
            due()
            assert imap.poll_due(10) == 1
        assert len(box.done) == 1 and box.expunged == ([] if can_move else [1])


def test_a_mail_that_the_server_does_not_give_holds_up_no_other_and_is_told(world: World, settings: Settings) -> None:
    box = Box()
    box.refused = {box.put(mail(hotel(), message_id=f"<{number}@x.example>")) for number in range(3)}
    box.put(mail(flight()))
    with Server(box) as server:
        settings.SAFECONDUCT_BOOKINGS_IMAP = server.url()
        assert imap.poll_due(2) == 1 and Letter.objects.count() == 1
        row = Mailbox.objects.get()
        assert (row.problem, row.detail, row.taken_count) == ("protocol", "FETCH 1, 2, 3", 1)


def test_a_mail_that_cannot_be_marked_is_told(world: World, settings: Settings) -> None:
    box = Box(may_store=False)
    box.put(mail(flight()))
    with Server(box) as server:
        settings.SAFECONDUCT_BOOKINGS_IMAP = server.url()
        imap.poll_due(2)
    assert Mailbox.objects.get().detail == "STORE 1" and Letter.objects.count() == 1


@pytest.mark.parametrize("wrong", ["password", "folder", "nobody"])
def test_what_goes_wrong_is_said_and_no_password_with_it(settings: Settings, wrong: str, db: None) -> None:
    box = Box()
    with Server(box) as server:
        url = server.url()
    if wrong != "nobody":
        with Server(box) as server:
            url = server.url().replace("INBOX", "Elsewhere" if wrong == "folder" else "INBOX")
            settings.SAFECONDUCT_BOOKINGS_IMAP = url
            box.password = box.password if wrong == "folder" else "another"
            assert imap.poll_due(10) == 0
    else:
        settings.SAFECONDUCT_BOOKINGS_IMAP = url
        assert imap.poll_due(10) == 0
    row = Mailbox.objects.get()
    assert row.problem == {"password": "login", "folder": "folder", "nobody": "connection"}[wrong]
    assert "secret" not in row.detail and "bookings@" not in row.detail


def test_a_server_that_stalls_is_left(settings: Settings, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "ANSWER_SECONDS", 0.3)
    with Server(Box(stalls=True)) as server:
        settings.SAFECONDUCT_BOOKINGS_IMAP = server.url()
        assert imap.poll_due(10) == 0
    assert Mailbox.objects.get().problem == "connection"


def test_a_mail_that_is_too_large_is_not_fetched_but_answered(
    world: World, settings: Settings, reader: receiving.Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (imap, receiving):
        monkeypatch.setattr(module, "MOST_DOCUMENT", 300_000)
    box = Box()
    box.put(mail(flight()) + b"x" * 400_000)
    with Server(box) as server:
        settings.SAFECONDUCT_BOOKINGS_IMAP = server.url()
        assert imap.poll_due(10) == 1
    receiving.work(5, read=reader)
    letter = Letter.objects.get()
    assert (letter.state, letter.reason, letter.user) == ("failed", "large", world.bob)
    assert not Trip.objects.of_user(world.bob).exists()


@pytest.mark.parametrize("url", ["http://x", "imap://u:p@mail.example.edu", "imaps://", "imaps://u:p@h:99999999"])
def test_addresses_that_are_none_or_would_show_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        roadsettings.imap_road_of(url)


# The hand-in.


def post(secret: str, data: bytes) -> tuple[int, dict[str, str]]:
    head = {"Authorization": f"Bearer {secret}"} if secret else {}
    answer = Client(enforce_csrf_checks=True).post(HAND_IN, data, content_type="message/rfc822", headers=head)
    return answer.status_code, json.loads(answer.content)


def test_the_hand_in_takes_mails_with_the_secret_of_today(world: World, reader: receiving.Reader) -> None:
    assert post("", mail(flight()))[0] == 401
    old = roadsettings.new_secret(by=world.olga)
    secret = roadsettings.new_secret(by=world.olga)
    assert post(old, mail(flight()))[0] == 401 and Letter.objects.count() == 0
    assert post(secret, mail(flight())) == (202, {"state": "received"})
    stranger = mail(flight(), sender="eve@else.example", message_id="<e@else.example>")
    assert post(secret, stranger) == (202, {"state": "received"}), "the answer does not say who is known"
    assert post(secret, b" ")[0] == 400
    receiving.work(5, read=reader)
    assert Trip.objects.of_user(world.bob).count() == 1


def test_the_hand_in_has_limits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = roadsettings.new_secret(by=None)
    big = mail(flight()) + b"x" * 6_000_000
    assert post(secret, big)[0] == 202, "more than a form may hold"
    monkeypatch.setattr(handin, "MOST_BYTES", 1000)
    assert post(secret, b"x" * 1001)[0] == 413
    for _ in range(handin.WRONG.most):
        post("wrong", b"x")
    assert post("wrong", b"x")[0] == 429 and post(secret, b"x")[0] == 429


# Leases.


def test_a_killed_reader_loses_nothing_and_a_late_one_stores_nothing(world: World) -> None:
    letter, _new = receiving.take_in(mail(flight()), road=Letter.Road.HTTP)
    stolen = []

    def read(_data: bytes) -> Reading:
        # Meanwhile the lease has run out and another worker has the document.
        Letter.objects.filter(pk=letter.pk).update(lease_by="another")
        stolen.append(1)
        return Reading((reservation(),))

    receiving.work(1, read=read)
    letter.refresh_from_db()
    assert stolen and letter.state == "waiting" and not Trip.objects.of_user(world.bob).exists()
    Letter.objects.filter(pk=letter.pk).update(lease_until=None, lease_by="")
    assert receiving.work(5, read=lambda _data: Reading((reservation(),))) == 1
    assert Trip.objects.of_user(world.bob).count() == 1


def test_a_document_that_kills_its_reader_each_time_is_given_up(world: World) -> None:
    letter, _new = receiving.take_in(mail(flight()), road=Letter.Road.HTTP)
    for _ in range(receiving.MOST_TRIES):
        assert receiving.work(5, read=_raises) == 1 and receiving.work(5, read=_raises) == 0, "not at once again"
        letter.refresh_from_db()
        assert (letter.state, letter.lease_by) == ("waiting", "")
        Letter.objects.filter(pk=letter.pk).update(due_at=clock.now())
    assert receiving.work(1, read=_raises) == 1
    letter.refresh_from_db()
    assert (letter.state, letter.reason, letter.due_at, letter.user) == ("failed", "died", None, world.bob)


def test_what_cannot_even_be_begun_is_given_up_and_the_others_are_read(world: World) -> None:
    poison, _new = receiving.take_in(mail(flight(), message_id="<p@x.example>"), road=Letter.Road.HTTP)
    Letter.objects.filter(pk=poison.pk).update(raw=b"no zlib", due_at="2026-11-22T08:00Z")
    receiving.take_in(mail(flight()), road=Letter.Road.HTTP)
    assert receiving.work(5, read=lambda _data: Reading((reservation(),))) == 2
    assert Trip.objects.of_user(world.bob).count() == 1
    for _ in range(receiving.MOST_TRIES):
        Letter.objects.filter(pk=poison.pk).update(due_at=clock.now())
        receiving.work(5, read=_raises)
    poison.refresh_from_db()
    assert (poison.state, poison.reason, poison.due_at) == ("failed", "died", None)


def test_a_sender_with_a_control_character_is_nobody(world: World) -> None:
    data = mail(flight()).replace(b"<bob@", b"<b\0ob@")
    letter, _new = receiving.take_in(data, road=Letter.Road.HTTP)
    assert receiving.work(5, read=_raises) == 1
    letter.refresh_from_db()
    assert (letter.state, letter.reason) == ("ignored", "sender")


def _raises(_data: bytes) -> Reading:
    raise MemoryError


def test_two_documents_of_one_booking_at_once_are_one_trip(world: World) -> None:
    for number in (1, 2):
        receiving.take_in(mail(flight(), message_id=f"<{number}@x.example>"), road=Letter.Road.HTTP)
    assert leases.due(Letter.objects.all()).count() == 2
    receiving.work(5, read=lambda _data: Reading((reservation(),)))
    assert Trip.objects.of_user(world.bob).count() == 1


# The command.


def test_a_folder_is_read_by_its_senders_or_for_one_person(world: World, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(mail(flight()))
    (tmp_path / "two.eml").write_bytes(mail(hotel(), sender="eve@else.example", proof="dmarc=pass"))
    (tmp_path / "three.txt").write_bytes(b"See you on Friday.")
    out = StringIO()
    call_command("import-bookings", str(tmp_path), "--json", stdout=out)
    counts = json.loads(out.getvalue())
    assert (counts["taken"], counts["read"], counts["ignored"], counts["booking.entered"]) == (3, 1, 2, 1)
    out = StringIO()
    call_command("import-bookings", str(tmp_path), "--for", "bob@northfield.example.edu", "--json", stdout=out)
    counts = json.loads(out.getvalue())
    assert (counts["taken"], counts["booking.same"], counts["booking.entered"]) == (3, 1, 1)


def test_a_mailbox_is_read_once_by_command(world: World) -> None:
    box = Box()
    box.put(mail(flight()))
    with Server(box) as server:
        out = StringIO()
        call_command("import-bookings", server.url(), "--json", stdout=out)
    assert json.loads(out.getvalue())["booking.entered"] == 1
    from safeconduct.outbox.models import Delivery

    assert not Delivery.objects.filter(message__kind="booking.answer").exists()


def test_documents_are_dropped_after_their_time(world: World, hand_in: HandIn, settings: Settings) -> None:
    from datetime import timedelta

    from safeconduct.inbox import jobs

    kept = hand_in(mail(flight()))
    gone = hand_in(mail(flight(), sender="eve@else.example", message_id="<e@x>"))
    assert jobs.tidy_due() == 0
    with clock.held_at(clock.now() + timedelta(days=31)):
        assert jobs.tidy_due() == 2
    kept.refresh_from_db()
    assert kept.raw is None and kept.state == "read" and not Letter.objects.filter(pk=gone.pk).exists()
