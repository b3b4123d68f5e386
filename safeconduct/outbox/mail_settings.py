"""How mail leaves: `EMAIL_URL`, or what the operator entered, or nothing yet.

The environment wins. The operator's password is a file of mode 600 in the data folder, not a column, so that a
backup of the database and a copy for a developer do not carry it; several machines use `EMAIL_URL`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction

from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.outbox.mime import mail_address
from safeconduct.outbox.models import ChannelState, MailSettings

PASSWORD_FILE = "mail-password.secret"  # noqa: S105  # the name of a file
SCHEMES = {"smtp": "auto", "smtp+starttls": "starttls", "smtp+tls": "starttls", "smtps": "tls"}
PORTS = {"auto": 25, "starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class MailConfig:
    """Everything a connection needs. `origin` is `environment` or `desk`."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    from_address: str
    from_name: str
    sender_line: str
    origin: str

    def __repr__(self) -> str:
        return f"MailConfig({self.host}:{self.port}, {self.tls}, {self.origin})"


def current() -> MailConfig | None:
    """Return how mail leaves now, or None when nobody has said so yet."""
    row = MailSettings.objects.filter(only=1).first()
    if settings.SAFECONDUCT_EMAIL_URL:
        return _from_url(settings.SAFECONDUCT_EMAIL_URL, row)
    if row is None:
        return None
    password = _password_path().read_text(encoding="utf-8") if _password_path().exists() else ""
    return MailConfig(
        row.host,
        row.port,
        row.tls,
        row.user,
        password,
        row.from_address,
        row.from_name,
        row.sender_line,
        "desk",
    )


def check_url(url: str) -> None:
    """Raise ImproperlyConfigured when a text is no mail URL."""
    _from_url(url, None)


def save(
    *,
    by: models.Model | None,
    host: str,
    port: int,
    tls: str,
    user: str,
    password: str | None,
    from_address: str,
    from_name: str = "",
    sender_line: str = "",
) -> MailSettings:
    """Store the operator's settings and try a paused channel at once. `password` None keeps the stored one."""
    if tls not in MailSettings.Tls.values:
        raise Refused("mail.tls", "This way of protecting the connection is not known.")
    try:
        from_address = mail_address(from_address)
    except ValueError:
        raise Refused("mail.from", "The sender must be an e-mail address.") from None
    with transaction.atomic():
        row, _ = MailSettings.objects.update_or_create(
            only=1,
            defaults={
                "host": host.strip(),
                "port": port,
                "tls": tls,
                "user": user.strip(),
                "from_address": from_address,
                "from_name": from_name.strip(),
                "sender_line": sender_line.strip(),
                "changed_at": clock.now(),
            },
        )
        ChannelState.objects.filter(channel="email").update(paused_until=None)
        audit.record(
            "outbox.mail_settings.changed", by=by, subject=row, detail={"host": row.host, "port": row.port}
        )
    if password is not None:
        _write_password(password)
    return row


def _password_path() -> Path:
    return Path(settings.SAFECONDUCT_HOME) / PASSWORD_FILE


def _write_password(password: str) -> None:
    path = _password_path()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(password)
    fresh.replace(path)


def _from_url(url: str, row: MailSettings | None) -> MailConfig:
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp://user:password@host:587 or smtps://…")
    tls = query.get("tls", SCHEMES[parts.scheme])
    if tls not in PORTS:
        raise ImproperlyConfigured("EMAIL_URL: tls must be auto, starttls, tls or none")
    site = urlsplit(settings.SAFECONDUCT_URL).hostname or "localhost"
    sender = settings.SAFECONDUCT_EMAIL_FROM or (row.from_address if row else "") or f"no-reply@{site}"
    try:
        sender = mail_address(sender)
    except ValueError:
        raise ImproperlyConfigured("SAFECONDUCT_EMAIL_FROM must be an e-mail address") from None
    return MailConfig(
        parts.hostname,
        parts.port or PORTS[tls],
        tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        sender,
        row.from_name if row else "",
        row.sender_line if row else "",
        "environment",
    )
