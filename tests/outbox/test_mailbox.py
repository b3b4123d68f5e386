"""The development mailbox: whole mails, on this machine only, never in a real folder."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from safeconduct.outbox import actions, jobs
from safeconduct.outbox.models import MailboxCopy
from tests.outbox.conftest import CODE, alert, one, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> MailboxCopy:
    """A mail in the mailbox."""
    actions.enqueue_many(alert(), rows(2))
    jobs.run_due()
    return MailboxCopy.objects.get(to="t1@example.edu")


def test_the_command_prints_what_other_checks_read(kept: MailboxCopy) -> None:
    out = StringIO()
    call_command("mailbox", "--json", stdout=out)
    shown = json.loads(out.getvalue())
    assert [row["to"] for row in shown] == ["t1@example.edu", "t0@example.edu"]
    assert set(shown[0]) == {"to", "subject", "sent_at", "kind", "text", "html", "headers"}
    assert shown[0]["kind"] == "test.alert"
    assert "“Leyte”" in out.getvalue(), "JSON is not escaped"
    out = StringIO()
    call_command("mailbox", "--to", "T0@example.edu", "--limit", "1", stdout=out)
    assert out.getvalue().count("t0@example.edu") == 1


def test_the_command_refuses_a_real_folder(kept: MailboxCopy, settings: Settings) -> None:
    settings.SAFECONDUCT_FOLDER_KIND = "real"
    with pytest.raises(SystemExit) as stop:
        call_command("mailbox", stderr=StringIO())
    assert stop.value.code == 2


def test_a_code_can_be_read_in_the_mailbox_though_its_row_is_emptied() -> None:
    one(CODE)
    jobs.run_due()
    assert "482913" in MailboxCopy.objects.get().text


def test_the_pages_show_the_mail_and_its_html_can_do_nothing(client: Client, kept: MailboxCopy) -> None:
    listed = client.get(reverse("outbox:mailbox"))
    assert listed.status_code == 200
    assert reverse("outbox:mail", args=[kept.pk]) in listed.content.decode()
    assert (
        "t0@example.edu"
        not in client.get(reverse("outbox:mailbox"), {"to": "t1@example.edu"}).content.decode()
    )
    page = client.get(reverse("outbox:mail", args=[kept.pk])).content.decode()
    assert "<iframe" in page
    assert "sandbox" in page
    assert "Dear Maya &lt;1&gt;," in page
    frame = client.get(reverse("outbox:mail_html", args=[kept.pk]))
    assert frame.content.decode() == kept.html
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("extra", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}])
def test_other_machines_get_404(client: Client, kept: MailboxCopy, extra: dict[str, str]) -> None:
    for url in addresses(kept):
        assert client.get(url, **extra).status_code == 404  # type: ignore[arg-type]


def test_a_real_folder_has_no_such_pages(client: Client, kept: MailboxCopy, settings: Settings) -> None:
    settings.SAFECONDUCT_FOLDER_KIND = "real"
    for url in addresses(kept):
        assert client.get(url).status_code == 404


def test_an_unknown_mail_is_404(client: Client) -> None:
    assert client.get(reverse("outbox:mail", args=[999])).status_code == 404


def addresses(copy: MailboxCopy) -> list[str]:
    return [
        reverse("outbox:mailbox"),
        reverse("outbox:mail", args=[copy.pk]),
        reverse("outbox:mail_html", args=[copy.pk]),
    ]
