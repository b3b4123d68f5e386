"""Steps that the tests of the way in share: what a browser does, in order."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.test import Client

from safeconduct.outbox.models import Delivery

PASSWORD = "Orchard-lane-42"


def last_mail(address: str, kind: str = "") -> Delivery:
    """Return the newest delivery to the address."""
    rows = Delivery.objects.filter(address=address).select_related("message").order_by("-pk")
    if kind:
        rows = rows.filter(message__kind=kind)
    found = rows.first()
    assert found is not None, f"no mail {kind} to {address}"
    return found


def mails(address: str) -> list[str]:
    """Return the kinds of the mails to the address, oldest first."""
    return list(Delivery.objects.filter(address=address).order_by("pk").values_list("message__kind", flat=True))


def enter_number(client: Client, number: str):
    """Enter the membership number."""
    return client.post("/membership/", {"membnum": number})


def sign_up(client: Client, email: str, password: str = PASSWORD, **changes):
    """Fill in the form that the page shows and send it."""
    page = client.get("/account/signup/")
    documents = page.context["form"]["documents"].value() if page.context else ""
    fields = {
        "email": email, "password1": password, "password2": password, "consent": "on", "documents": documents or "",
    }
    return client.post("/account/signup/", {**fields, **changes})


def confirm(client: Client, email: str):
    """Enter the code of the newest mail."""
    code = last_mail(email, "account.verify").slots["code"]
    return client.post("/account/confirm-email/", {"action": "verify", "code": code})


def log_in(client: Client, email: str, password: str):
    """Log in by the two steps."""
    client.post("/account/login/", {"email": email})
    return client.post("/account/login/password/", {"password": password})


def path_of(link: str) -> str:
    """Return the path of a full address."""
    return urlsplit(link).path


def prove(client: Client, password: str) -> None:
    """Give the password once more, as the pages about the account's safety ask for."""
    assert client.post("/account/reauthenticate/", {"password": password}).status_code == 302
