"""What `run_due` leaves in the rows, whatever the other end does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from safeconduct.lib import clock
from safeconduct.outbox import actions, jobs, kinds, ledger, queries
from safeconduct.outbox.models import Attempt, ChannelState, Delivery, MailboxCopy
from tests.outbox.conftest import CODE, PLAIN, URGENT, alert, one, rows
from tests.outbox.sink import Sink

pytestmark = pytest.mark.django_db


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_a_fan_out_reaches_each_with_their_own_words_over_one_connection(mail_server: Sink) -> None:
    actions.enqueue_many(alert(), rows(45))
    assert jobs.run_due() == 45
    assert jobs.run_due() == 0
    assert states() == {"sent": 45}
    assert mail_server.connections == 1
    assert [mail.recipient for mail in mail_server.mails] == [
        f"t{number}@example.edu" for number in range(45)
    ]
    mail = mail_server.mails[7]
    assert mail.sender == "alerts@safeconduct.example"
    assert mail.message["From"].addresses[0].display_name == "Northfield University"
    assert mail.message["Subject"] == "Typhoon & flood in your area"
    assert mail.message["List-Unsubscribe"] == "<https://travel.example.edu/u/7>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "Dear Maya <7>," in mail.part("plain")
    assert "Dear Maya &lt;7&gt;,</p>" in mail.part("html")
    assert 'href="https://travel.example.edu/u/7"' in mail.part("html")
    delivery = Delivery.objects.get(key="k7")
    assert mail.message["Message-ID"] == delivery.rfc_message_id
    assert (delivery.due_at, delivery.lease_until, delivery.lease_by) == (None, None, "")
    [attempt] = delivery.attempts.all()
    assert (attempt.outcome, attempt.smtp_code, attempt.reply) == ("accepted", 250, "2.0.0 queued")


def test_commands_travel_in_groups(mail_server: Sink) -> None:
    actions.enqueue_many(alert(), rows(3))
    jobs.run_due()
    mail_server.close()
    assert mail_server.verbs == [
        "EHLO",
        "MAIL",
        "RCPT",
        "DATA",
        "MAIL",
        "RCPT",
        "DATA",
        "MAIL",
        "RCPT",
        "DATA",
        "QUIT",
    ]


def test_refusals_are_told_apart(mail_server: Sink) -> None:
    lines = {"t1@": "550 5.1.1 unknown; see https://help.example/x?token=1", "t2@": "450 4.2.1 try later"}
    mail_server.replies = lambda verb, argument: next(
        (line for part, line in lines.items() if verb == "BODY" and argument.startswith(part)), None
    )
    actions.enqueue_many(alert(), rows(4))
    before = clock.now()
    jobs.run_due()
    assert states() == {"sent": 2, "failed": 1, "retrying": 1}
    failed = Delivery.objects.get(key="k1")
    assert failed.due_at is None
    assert failed.last_error == "550 5.1.1 unknown; see [link]"
    later = Delivery.objects.get(key="k2")
    assert later.due_at is not None
    assert timedelta(seconds=60) <= later.due_at - before < timedelta(seconds=90)
    assert later.attempts.get().outcome == "refused_temporarily"


def test_what_is_refused_again_and_again_is_given_up(mail_server: Sink) -> None:
    mail_server.replies = lambda verb, argument: "450 not now" if verb == "BODY" else None
    delivery = one()
    now = clock.now()
    for _ in range(20):
        with clock.held_at(now):
            jobs.run_due()
        now += timedelta(days=1)
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert delivery.attempts.count() == delivery.attempts_made == 12


def test_urgent_mail_goes_first_one_at_a_time(mail_server: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[int] = []
    whole = ledger.step

    def step(**values: object) -> list[ledger.Claimed]:
        opened = whole(**values)  # type: ignore[arg-type]
        sending = Delivery.objects.filter(state="sending")
        groups.append(sending.count())
        return opened

    monkeypatch.setattr(ledger, "step", step)
    actions.enqueue_many(alert(), rows(30))
    for number in range(3):
        one(URGENT, key=f"urgent{number}", address=f"u{number}@example.edu")
    jobs.run_due()
    assert [mail.recipient[0] for mail in mail_server.mails[:4]] == ["u", "u", "u", "t"]
    assert groups[:4] == [1, 1, 1, 0]
    assert max(groups) == 20


def test_a_broken_line_marks_one_mail_unknown_and_pauses_the_channel(mail_server: Sink) -> None:
    bodies: list[str] = []

    def broken(verb: str, argument: str) -> str | None:
        # Mails that are due at once may go in any order: it is the fourth, whoever it is for.
        if verb == "BODY":
            bodies.append(argument)
        return "" if verb == "BODY" and len(bodies) == 4 else None

    mail_server.replies = broken
    actions.enqueue_many(alert(), rows(40))
    jobs.run_due()
    assert states()["sent"] == 3
    assert Attempt.objects.filter(outcome="unknown").count() == 1
    fourth = bodies[3]
    unknown = Delivery.objects.get(address=fourth)
    assert (unknown.state, unknown.attempts_made) == ("retrying", 1)
    assert Delivery.objects.filter(state="queued", attempts_made=0, lease_by="").count() == 20
    assert Delivery.objects.exclude(lease_by="").count() == 0
    assert jobs.run_due() == 0, "the channel is paused"
    mail_server.replies = lambda verb, argument: None
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        while jobs.run_due():
            pass
    assert states() == {"sent": 40}
    ids = [mail.message["Message-ID"] for mail in mail_server.mails if mail.recipient == fourth]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_server_that_is_away_is_recorded_and_asked_with_few_mails(settings: Settings, sink: Sink) -> None:
    sink.close()
    settings.SAFECONDUCT_EMAIL_URL = f"smtp://127.0.0.1:{sink.port}?tls=none"
    actions.enqueue_many(alert(), rows(60))
    jobs.run_due()
    tried = Attempt.objects.count()
    assert tried == 20
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"no_connection"}
    assert set(Delivery.objects.values_list("attempts_made", flat=True)) == {0}
    box = queries.health()
    assert (box.channel_failures, box.waiting, box.is_well) == (1, 60, False)
    assert "connect" in box.channel_error
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        jobs.run_due()
    assert Attempt.objects.count() == tried + 20
    assert ChannelState.objects.get().failures == 2


def marked(by: str, count: int) -> list[ledger.Claimed]:
    """What a worker had marked as being sent when it stopped."""
    return ledger.step(
        by=by, close=[], urgent=False, limit=count, seconds=60, now=clock.now(), channel="email"
    )


def test_what_a_killed_worker_left_is_tried_again_under_the_same_id(mail_server: Sink) -> None:
    actions.enqueue_many(alert(), rows(3))
    # Due at once: which two it takes is the database's choice.
    left = {row.address for row in marked("dead", 2)}
    assert len(left) == 2
    assert jobs.run_due() == 1, "only what it had not marked is free at once"
    with clock.held_at(clock.now() + timedelta(seconds=61)):
        assert jobs.run_due() == 2
    assert states() == {"sent": 3}
    unknown = Attempt.objects.filter(outcome="unknown")
    assert set(unknown.values_list("delivery__address", flat=True)) == left
    for delivery in Delivery.objects.all():
        assert delivery.attempts_made == (2 if delivery.address in left else 1)
        sent = [mail for mail in mail_server.mails if mail.recipient == delivery.address]
        assert {mail.message["Message-ID"] for mail in sent} == {delivery.rfc_message_id}


def test_a_worker_slower_than_its_lease_cannot_undo_its_successor(mail_server: Sink) -> None:
    one()
    [row] = marked("slow", 1)
    with clock.held_at(clock.now() + timedelta(seconds=61)):
        jobs.run_due()
    late = ledger.Closed(row, "refused_for_good", "failed", clock.now(), code=550, reply="no")
    ledger.step(by="slow", close=[late], urgent=False, limit=0, seconds=60, now=clock.now(), channel="email")
    assert states() == {"sent": 1}


def test_a_cancelled_delivery_is_not_written(mail_server: Sink) -> None:
    one()
    assert actions.cancel_queued(Delivery.objects.all(), by=None, reason="withdrawn") == 1
    assert marked("w", 1) == []
    assert jobs.run_due() == 0


def test_codes_are_gone_once_they_are_sent(mail_server: Sink) -> None:
    mail_server.replies = lambda verb, argument: "250 ok got 482913" if verb == "BODY" else None
    delivery = one(CODE)
    assert delivery.slots == {"code": "482913"}
    jobs.run_due()
    assert "Your code is 482913." in mail_server.mails[0].part("plain")
    delivery.refresh_from_db()
    assert delivery.slots == {}
    assert delivery.attempts.get().reply == "ok got […]"
    assert "482913" not in str(list(Delivery.objects.values())) + str(list(Attempt.objects.values()))


def test_codes_are_kept_while_they_may_still_be_sent(mail_server: Sink) -> None:
    mail_server.replies = lambda verb, argument: "450 later" if verb == "BODY" else None
    delivery = one(CODE)
    jobs.run_due()
    delivery.refresh_from_db()
    assert delivery.slots == {"code": "482913"}


def test_a_real_folder_without_mail_settings_holds_and_lets_go_later(
    settings: Settings, mail_server: Sink
) -> None:
    url = settings.SAFECONDUCT_EMAIL_URL
    settings.SAFECONDUCT_EMAIL_URL, settings.SAFECONDUCT_FOLDER_KIND = "", "real"
    one()
    assert jobs.run_due() == 0
    assert states() == {"held": 1}
    box = queries.health()
    assert (box.held, box.is_configured, box.goes_to_mailbox, box.is_well) == (1, False, False, False)
    assert not MailboxCopy.objects.exists()
    settings.SAFECONDUCT_EMAIL_URL = url
    assert jobs.run_due() == 1
    assert states() == {"sent": 1}


def test_a_code_that_was_held_too_long_is_not_sent(
    mail_server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        kinds._kinds,
        "test.plain",
        kinds.Kind(code="test.plain", room="testing", useful_for=timedelta(minutes=15)),
    )
    delivery = one(PLAIN)
    with clock.held_at(clock.now() + timedelta(minutes=16)):
        jobs.run_due()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("cancelled", "too old to be of use")
    assert mail_server.mails == []


def test_a_mail_that_cannot_be_built_stops_no_other(mail_server: Sink) -> None:
    actions.enqueue_many(alert(), rows(3))
    Delivery.objects.filter(key="k1").update(address="bób@example.edu")
    jobs.run_due()
    assert states() == {"sent": 2, "failed": 1}
    assert "could not be built" in Delivery.objects.get(key="k1").last_error


def test_a_test_folder_keeps_mails_in_the_mailbox() -> None:
    actions.enqueue_many(alert(), rows(25))
    assert jobs.run_due() == 25
    assert states() == {"sent": 25}
    copy = MailboxCopy.objects.get(to="t4@example.edu")
    assert copy.subject == "Typhoon & flood in your area"
    assert "Dear Maya <4>," in copy.text
    assert "Dear Maya &lt;4&gt;," in copy.html
    assert copy.headers["List-Unsubscribe"] == "<https://travel.example.edu/u/4>"
    assert Attempt.objects.filter(channel="mailbox", outcome="accepted").count() == 25


def test_nothing_is_sent_before_it_is_due(mail_server: Sink) -> None:
    actions.enqueue_many(alert(), rows(1), due_at=clock.now() + timedelta(hours=1))
    assert jobs.run_due() == 0
    with clock.held_at(clock.now() + timedelta(hours=2)):
        assert jobs.run_due() == 1
