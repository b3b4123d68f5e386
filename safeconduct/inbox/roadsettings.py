"""How mail comes in: the environment, else what the operator entered at the desk. Secrets are files or digests.

`SAFECONDUCT_BOOKINGS_IMAP` is `imaps://user:password@host:993/FOLDER?done=FOLDER`; without a password in it, that is the
file `bookings-imap.secret` (mode 600) of the data folder.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.inbox.models import RoadSettings
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.outbox import mail_settings
from safeconduct.outbox.mime import mail_address

PASSWORD_FILE: Final = "bookings-imap.secret"  # noqa: S105  # the name of a file
SCHEMES: Final = {"imaps": 993, "imap": 143, "imap+starttls": 143}


@dataclass(frozen=True)
class ImapRoad:
    """A mailbox. `done`: the folder into which read mails are moved; empty: they are marked as seen."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    folder: str = "INBOX"
    done: str = ""

    def __repr__(self) -> str:
        return f"ImapRoad({self.host}:{self.port}, {self.tls}, {self.folder})"


def imap_road() -> ImapRoad | None:
    """Return the mailbox that is polled, None when there is none. Raises ImproperlyConfigured."""
    url = settings.SAFECONDUCT_BOOKINGS_IMAP
    return imap_road_of(url) if url else None


def imap_road_of(url: str) -> ImapRoad:
    """Return the mailbox of an address. Raises ImproperlyConfigured for what is none."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in SCHEMES or not parts.hostname or port == -1:
        raise ImproperlyConfigured(
            "SAFECONDUCT_BOOKINGS_IMAP must look like imaps://user:password@host:993/INBOX?done=Done"
        )
    tls = {"imaps": "tls", "imap+starttls": "starttls", "imap": "none"}[parts.scheme]
    if tls == "none" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ImproperlyConfigured("SAFECONDUCT_BOOKINGS_IMAP: a password leaves this machine by imaps or imap+starttls only")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return ImapRoad(
        parts.hostname,
        port or SCHEMES[parts.scheme],
        tls,
        unquote(parts.username or ""),
        unquote(parts.password or "") or _password(),
        unquote(parts.path.lstrip("/")) or "INBOX",
        query.get("done", ""),
    )


def _password() -> str:
    path = Path(settings.SAFECONDUCT_HOME) / PASSWORD_FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def current() -> RoadSettings:
    """Return what was set at the desk; a row that is not stored while nothing was."""
    return RoadSettings.objects.filter(only=1).first() or RoadSettings(only=1)


def authserv() -> str:
    """Return whose Authentication-Results are believed, empty for nobody's."""
    return settings.SAFECONDUCT_BOOKINGS_AUTHSERV or current().authserv


def forward_address() -> str:
    """Return the address that people forward to, empty while nobody has said it."""
    if settings.SAFECONDUCT_BOOKINGS_ADDRESS:
        return str(settings.SAFECONDUCT_BOOKINGS_ADDRESS)
    if address := current().address:
        return address
    try:
        road = imap_road()
    except ImproperlyConfigured:
        return ""
    return road.user if road is not None and "@" in road.user else ""


def loop_mark() -> str:
    """Return what our answers carry as X-Loop, by which they are known when they come back."""
    return f"safeconduct-{hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest()[:16]}"


def own_addresses() -> frozenset[str]:
    """Return the addresses from which only we write."""
    config = mail_settings.current()
    return frozenset(filter(None, (forward_address().lower(), config.from_address.lower() if config else "")))


def save(*, address: str, authserv_id: str, by: User) -> RoadSettings:
    """Store where people forward to, and whose word about senders is believed. Raises Refused."""
    if address:
        try:
            address = mail_address(address)
        except ValueError:
            raise Refused("inbox.address", _("This is no e-mail address.")) from None
    with transaction.atomic():
        row, _made = RoadSettings.objects.select_for_update().get_or_create(only=1)
        row.address, row.authserv = address.lower(), authserv_id.strip().lower()
        row.save(update_fields=["address", "authserv"])
        audit.record("inbox.road_changed", by=by, subject=row, detail={"authserv": row.authserv})
    return row


def note_authserv(name: str) -> None:
    """Remember who named themselves in the last mail, so that the operator need not look for it."""
    if name and current().authserv_seen != name:
        RoadSettings.objects.get_or_create(only=1)
        RoadSettings.objects.filter(only=1).update(authserv_seen=name[:253])


def new_secret(*, by: User | None) -> str:
    """Make a new secret of the hand-in and return it; the one before works no more. It is not kept."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row, _made = RoadSettings.objects.select_for_update().get_or_create(only=1)
        row.secret_digest, row.secret_made_at = _digest(secret), clock.now()
        row.save(update_fields=["secret_digest", "secret_made_at"])
        audit.record("inbox.secret_made", by=by, subject=row)
    return secret


def is_secret(text: str) -> bool:
    """Return whether this is the secret, in a time that says nothing of how much of it is right."""
    return hmac.compare_digest(_digest(text), current().secret_digest or _digest(secrets.token_hex()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
