"""Enqueueing: once per key, in the caller's transaction, checked before it is stored."""

from __future__ import annotations

import pytest
from django.db import transaction

from safeconduct.audit.models import Entry
from safeconduct.lib.errors import Refused
from safeconduct.outbox import actions, kinds, mail_settings, queries
from safeconduct.outbox.models import Delivery, MailSettings, Message
from tests.conftest import World
from tests.outbox.conftest import ALERT, CODE, PLAIN, alert, one, rows
from tests.outbox.sink import Sink

pytestmark = pytest.mark.django_db


def test_the_same_key_is_the_same_delivery() -> None:
    first = one(key="a")
    again = actions.enqueue(PLAIN, key="a", address="other@example.edu", context={"headline": "Other"})
    assert again.pk == first.pk
    assert again.address == "bob@example.edu"
    assert Delivery.objects.count() == 1


def test_the_same_words_are_one_message() -> None:
    assert one(key="a").message_id == one(key="b").message_id
    other = actions.enqueue(PLAIN, key="c", address="bob@example.edu", context={"headline": "Other"})
    assert other.message_id != one(key="a").message_id


def test_a_caller_that_rolls_back_has_told_nobody() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        one()
        raise RuntimeError
    assert not Delivery.objects.exists()


def test_a_fan_out_twice_tells_nobody_twice() -> None:
    message = alert()
    assert actions.enqueue_many(message, rows(1500)) == 1500
    assert actions.enqueue_many(message, rows(1500)) == 0
    assert actions.enqueue_many(message, rows(10, start=1495)) == 5
    assert Delivery.objects.count() == 1505
    row = Delivery.objects.get(key="k3")
    assert row.slots == {"name": "Maya <3>", "reason": "you are in “Leyte”"}
    assert (row.state, row.urgent, row.priority, row.channel, row.attempts_made) == (
        "queued",
        False,
        50,
        "email",
        0,
    )
    assert row.due_at == row.created_at
    assert Delivery.objects.values("rfc_message_id").distinct().count() == 1505
    assert row.rfc_message_id.endswith("@safeconduct.invalid>")


def test_a_message_is_rendered_once_per_content_and_language(monkeypatch: pytest.MonkeyPatch) -> None:
    first = alert("same")
    monkeypatch.setattr("safeconduct.outbox.rendering.render", None)
    assert alert("same").pk == first.pk
    assert (first.organisation_id, first.from_name, first.language) == (3, "Northfield University", "en")


def test_a_missing_personal_word_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="lacks the slots reason"):
        actions.enqueue_many(
            alert(), [actions.Row("k", "a@example.edu", {"name": "x"}, "https://x.example/u")]
        )


def test_alerts_must_and_other_mail_must_not_carry_an_unsubscribe_address() -> None:
    with pytest.raises(ValueError, match="unsubscribe"):
        actions.enqueue_many(alert(), [actions.Row("k", "a@example.edu", {"name": "x", "reason": "y"})])
    with pytest.raises(ValueError, match="unsubscribe"):
        actions.enqueue(
            PLAIN,
            key="k",
            address="a@example.edu",
            context={"headline": "x"},
            unsubscribe_url="https://x.example/u",
        )
    with pytest.raises(ValueError, match="account mail"):
        kinds.register(kinds.Kind(code="test.wrong", room="testing", secret=True, unsubscribable=True))
    kinds._kinds.pop("test.wrong", None)
    assert not Delivery.objects.exists()


def test_an_address_that_no_server_takes_becomes_a_failed_delivery_and_the_others_go_on() -> None:
    bad = actions.Row("bad", "bob@example.edu\r\nRCPT TO:<x@y>", rows(1)[0].slots, "https://x.example/u")
    assert actions.enqueue_many(alert(), [*rows(2), bad]) == 3
    failed = Delivery.objects.get(key="bad")
    assert (failed.state, failed.due_at, failed.last_error) == ("failed", None, actions.NO_ADDRESS)
    assert queries.health().failed_last_day == 1


def test_cancelling_is_audited_and_leaves_what_is_on_the_line(world: World) -> None:
    for number in range(3):
        one(CODE, key=f"c{number}")
    Delivery.objects.filter(key="c0").update(state="sending")
    assert actions.cancel_queued(Delivery.objects.all(), by=world.olga, reason="wrong alert") == 2
    assert set(Delivery.objects.filter(state="cancelled").values_list("key", flat=True)) == {"c1", "c2"}
    assert Delivery.objects.get(key="c1").slots == {}
    entry = Entry.objects.get(action="outbox.deliveries.cancelled")
    assert entry.detail == {"count": 2, "reason": "wrong alert"}
    assert actions.cancel_queued(Delivery.objects.none(), by=world.olga, reason="x") == 0


def test_an_operator_may_try_a_failed_delivery_again(world: World) -> None:
    delivery = one()
    Delivery.objects.update(state="failed", due_at=None, attempts_made=9)
    row = actions.retry_now(delivery, by=world.olga)
    assert (row.state, row.attempts_made) == ("retrying", 0)
    assert row.due_at is not None
    assert Entry.objects.filter(action="outbox.delivery.retried").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "sent"}, "delivery.state"),
        ({"state": "failed", "slots": {}}, "delivery.secret"),
        ({"state": "failed", "address": "nobody"}, "delivery.address"),
    ],
)
def test_what_cannot_be_tried_again(change: dict[str, object], code: str) -> None:
    delivery = one(CODE)
    Delivery.objects.update(**change)
    with pytest.raises(Refused) as refusal:
        actions.retry_now(delivery, by=None)
    assert refusal.value.code == code


def test_the_password_is_a_file_that_only_its_owner_reads(world: World, settings: object) -> None:
    values = {
        "host": "mail.example.edu",
        "port": 587,
        "tls": "starttls",
        "user": "me",
        "from_address": "a@example.edu",
    }
    mail_settings.save(by=world.olga, password="hunter2", **values)  # type: ignore[arg-type]
    path = mail_settings._password_path()
    try:
        assert path.stat().st_mode & 0o777 == 0o600
        config = mail_settings.current()
        assert config is not None
        assert (config.password, config.origin) == ("hunter2", "desk")
        assert "hunter2" not in repr(config) + str(list(MailSettings.objects.values())) + str(
            list(Entry.objects.values())
        )
        mail_settings.save(by=world.olga, password=None, **values)  # type: ignore[arg-type]
        assert path.read_text() == "hunter2"
    finally:
        path.unlink()


def test_the_environment_wins_over_the_desk(mail_server: Sink) -> None:
    config = mail_settings.current()
    assert config is not None
    assert (config.port, config.tls, config.origin) == (mail_server.port, "none", "environment")


def test_the_test_mail_leaves_without_the_queue(mail_server: Sink) -> None:
    assert all(step.ok for step in actions.send_test_mail("olga@desk.example.org"))
    assert mail_server.mails[0].message["Subject"] == "Safeconduct test mail"
    assert not Delivery.objects.exists()
    assert not actions.send_test_mail("nobody")[0].ok


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(LookupError, match="no room registered"):
        actions.enqueue("test.unheard", key="k", address="a@example.edu", context={})
    with pytest.raises(ValueError, match="registered twice"):
        kinds.register(kinds.Kind(code=ALERT.code, room="elsewhere"))
    assert not Message.objects.exists()
