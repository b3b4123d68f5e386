"""Polling one mailbox (RFC 3501): what has not been seen is stored as a row, and only then marked or moved.

A kill between the two shows the mail again, and its row is there already. Time-outs for each answer and one for all of a
poll; a mail is asked for in one piece of bounded size. Refuses to send a password over a line that is not protected.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from safeconduct.inbox.models import Letter, Mailbox
from safeconduct.inbox.receiving import take_in
from safeconduct.inbox.roadsettings import ImapRoad, imap_road
from safeconduct.lib import clock, leases
from safeconduct.trips.bookings.containers import MOST_DOCUMENT

EVERY: Final = timedelta(seconds=10)
AFTER_TROUBLE: Final = timedelta(seconds=30)
ANSWER_SECONDS: Final = 20.0
POLL_SECONDS: Final = 180.0
LEASE_SECONDS: Final = 240.0
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")

imaplib.Commands.setdefault("MOVE", ("SELECTED",))


def poll_due(limit: int) -> int:
    """Ask the mailbox when it is due, whoever else runs; return how many mails are new. What went wrong is in its row."""
    try:
        road = imap_road()
    except ImproperlyConfigured:
        road = None
    if road is None:
        return 0
    Mailbox.objects.get_or_create(only=1, defaults={"due_at": clock.now()})
    by = leases.holder()
    if not leases.claim(Mailbox.objects.order_by("only"), by=by, limit=1, seconds=LEASE_SECONDS):
        return 0
    count, problem, detail = 0, "", ""
    try:
        for is_new in take_all(road, limit=limit):
            count += is_new
    except Trouble as trouble:
        problem, detail = trouble.code, trouble.detail
    now = clock.now()
    row = leases.held(Mailbox.objects.filter(only=1), by=by).first()
    if row is None:
        return count
    row.polled_at, row.problem, row.detail = now, problem, detail[:200]
    row.worked_at = row.worked_at if problem else now
    row.taken_count += count
    row.due_at = now + (AFTER_TROUBLE if problem else EVERY)
    row.lease_until, row.lease_by = None, ""
    row.save()
    return count


class Trouble(Exception):
    """The mailbox did not answer as it should. `code`: connection, login, folder or protocol."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def take_all(
    road: ImapRoad, *, limit: int, as_road: str = Letter.Road.IMAP, most_seconds: float = POLL_SECONDS
) -> Iterator[bool]:
    """Store up to so many mails that have not been seen; yield for each whether it is new. Raises Trouble, for mails that
    the server does not give only after all others were taken."""
    taken, failed = 0, []
    with _opened(road, most_seconds) as box:
        for uid in _unseen(box):
            if taken == limit:
                break
            data = _fetched(box, uid)
            if data is None:
                failed.append(uid.decode())
            if not data:
                # Refused, gone meanwhile, or nothing in it.
                continue
            _letter, is_new = take_in(data, road=as_road)
            _put_away(box, uid, road.done)
            taken += 1
            yield is_new
    if failed:
        raise Trouble("protocol", f"FETCH {', '.join(failed[:10])}")


@contextlib.contextmanager
def _opened(road: ImapRoad, most_seconds: float) -> Iterator[imaplib.IMAP4]:
    step = "connection"
    box: imaplib.IMAP4 | None = None
    watch: threading.Timer | None = None
    try:
        box = _connected(road)
        # Time-outs are for each read: a server that sends a byte a second would hold the poll for ever.
        watch = threading.Timer(most_seconds, _cut, [box.sock])
        watch.daemon = True
        watch.start()
        step = "login"
        box.login(road.user, road.password)
        step = "folder"
        status, _data = box.select(_quoted(road.folder))
        if status != "OK":
            raise Trouble("folder", road.folder)
        step = "protocol"
        yield box
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
        code = "connection" if isinstance(error, OSError) else step
        raise Trouble(code, _answer(error, road)) from error
    finally:
        if watch is not None:
            watch.cancel()
        if box is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError, EOFError, ValueError):
                box.logout()


def _connected(road: ImapRoad) -> imaplib.IMAP4:
    if road.tls == "tls":
        return imaplib.IMAP4_SSL(road.host, road.port, ssl_context=ssl.create_default_context(), timeout=ANSWER_SECONDS)
    box = imaplib.IMAP4(road.host, road.port, timeout=ANSWER_SECONDS)
    if road.tls == "starttls":
        box.starttls(ssl_context=ssl.create_default_context())
    return box


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _unseen(box: imaplib.IMAP4) -> list[bytes]:
    status, found = box.uid("SEARCH", "UNSEEN")
    if status != "OK":
        raise Trouble("protocol", "SEARCH")
    return [uid for part in found if isinstance(part, bytes) for uid in part.split() if uid.isdigit()]


def _fetched(box: imaplib.IMAP4, uid: bytes) -> bytes | None:
    """The mail, or as much as shows that it is too large; nothing of one that is gone, None when the server refuses."""
    text = uid.decode()
    size = _size(box, text)
    most = MOST_DOCUMENT + 1 if size <= MOST_DOCUMENT else 256 * 1024
    status, found = box.uid("FETCH", text, f"(BODY.PEEK[]<0.{most}>)")
    if status != "OK":
        return None
    data = next((part[1] for part in found if isinstance(part, tuple) and len(part) > 1), None)
    if not isinstance(data, bytes) or not data:
        return b""
    return data if size <= MOST_DOCUMENT else data + b"\0" * (MOST_DOCUMENT + 1 - len(data))


def _size(box: imaplib.IMAP4, uid: str) -> int:
    status, found = box.uid("FETCH", uid, "(RFC822.SIZE)")
    sizes = [_SIZE.search(part) for part in _flat(found)] if status == "OK" else []
    return next((int(match[1]) for match in sizes if match), 0)


def _flat(found: list[Any]) -> Iterator[bytes]:
    for part in found:
        if isinstance(part, bytes):
            yield part
        elif isinstance(part, tuple):
            yield from (one for one in part if isinstance(one, bytes))


def _put_away(box: imaplib.IMAP4, uid: bytes, done: str) -> None:
    """Mark it as seen; with a folder for it, move it there (RFC 6851), or copy and delete where a server cannot move."""
    text = uid.decode()
    status, _data = box.uid("STORE", text, "+FLAGS.SILENT", "(\\Seen)")
    if status != "OK":
        raise Trouble("protocol", f"STORE {text}")
    if not done:
        return
    if "MOVE" in box.capabilities:
        box.uid("MOVE", text, _quoted(done))
        return
    status, _data = box.uid("COPY", text, _quoted(done))
    if status == "OK":
        box.uid("STORE", text, "+FLAGS.SILENT", "(\\Deleted)")
        if "UIDPLUS" in box.capabilities:
            # Without it others' deleted mails would go as well (RFC 4315); the server's own tidying does it then.
            box.uid("EXPUNGE", text)


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _answer(error: Exception, road: ImapRoad) -> str:
    """What the server said, without the name and password that some repeat."""
    text = " ".join(str(error).split())
    for secret in (road.password, road.user):
        if secret:
            text = text.replace(secret, "…")
    return text[:200]
