"""Bytes → findings, whatever they are in: mail, HTML, calendar, PDF, wallet pass, JSON, text.

What it is is seen from the bytes, not from a name or a sender's word. A mail is opened part by part, mails within mails
too; parts that are too large are left out and said to be. Nothing here is safe against what a document may do to a
library: `reading` runs it in a child with limits.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import date
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Final

from safeconduct.trips.bookings import bcbp, schema
from safeconduct.trips.bookings.calendars import read_calendar
from safeconduct.trips.bookings.markup import Broken, lenient_json, marked_up
from safeconduct.trips.bookings.model import Findings, Found
from safeconduct.trips.bookings.passes import read_passes
from safeconduct.trips.bookings.pdfs import read_pdf

MOST_DOCUMENT: Final = 48 * 1024 * 1024
"""30 MB of attachments are 41 MB in a mail (base64)."""
MOST_PART: Final = 10 * 1024 * 1024
MOST_TEXT: Final = 3 * 1024 * 1024
MOST_PARTS: Final = 100
DEEPEST: Final = 6
_MAIL: Final = re.compile(
    rb"\A(?:>?From [^\r\n]*\r?\n)?(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+", re.DOTALL
)
_MAIL_FIELD: Final = re.compile(
    rb"(?im)^(?:from|received|mime-version|message-id|return-path|delivered-to|subject):"
)
_CHARSET: Final = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_-]{2,20})""")


def read_document(data: bytes, *, context: date | None, name: str = "") -> Findings:
    """All that is found in a document. `context`: the day when it came in; a mail's own date is better and is used."""
    findings = Findings()
    if len(data) > MOST_DOCUMENT:
        findings.problem("document.large", detail=f"{len(data) // 1024 // 1024} MB")
        return findings
    kind = kind_of(data)
    if kind == "mail":
        _read_mail(data, findings, context)
    else:
        read_part(kind, data, findings, context)
    return findings


def kind_of(data: bytes) -> str:
    """What bytes are: pdf, pass, calendar, html, json, mail or text."""
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "pass"
    if head[:15].upper() == b"BEGIN:VCALENDAR":
        return "calendar"
    if head[:1] in (b"{", b"["):
        return "json"
    if head[:1] == b"<":
        return "html"
    fields = _MAIL.match(data[:65536])
    if fields and _MAIL_FIELD.search(fields[0]):
        return "mail"
    return "text"


def read_part(kind: str, data: bytes, findings: Findings, context: date | None) -> None:
    """Add what one document that is no mail says."""
    match kind:
        case "pdf":
            read_pdf(data, findings, context)
        case "pass":
            read_passes(data, findings, context)
        case "calendar":
            read_calendar(data, findings)
        case "html":
            _read_html(_decoded(data), findings)
        case "json":
            _read_json(_decoded(data), findings)
        case _:
            _read_text(_decoded(data), findings, context)


def _read_html(text: str, findings: Findings) -> None:
    values, items, broken = marked_up(text[:MOST_TEXT])
    if values or broken:
        findings.read.add("json-ld")
    if items:
        findings.read.add("microdata")
    if broken:
        findings.problem("markup.broken", detail="JSON-LD")
    findings.found += [Found("json-ld", node) for node in schema.reservations(values)]
    findings.found += [Found("microdata", node) for node in schema.reservations(items)]


def _read_json(text: str, findings: Findings) -> None:
    findings.read.add("json-ld")
    try:
        value = lenient_json(text[:MOST_TEXT])
    except Broken:
        findings.problem("markup.broken", detail="JSON")
        return
    findings.found += [Found("json-ld", node) for node in schema.reservations(value)]


def _read_text(text: str, findings: Findings, context: date | None) -> None:
    """Plain text: boarding passes as their bar code holds them, and mark-up that was pasted with it."""
    text = text[:MOST_TEXT]
    for read in bcbp.passes_in(text):
        findings.read.add(bcbp.READER)
        findings.found += bcbp.findings(read, context)
    if "<" in text:
        _read_html(text, findings)


def _decoded(data: bytes, charset: str = "") -> str:
    """Text of bytes: by the name of its encoding, else UTF-8, else Windows-1252, which reads anything."""
    declared = _CHARSET.search(data[:4096])
    names: tuple[str, ...] = (charset, "utf-8-sig", declared[1].decode("ascii") if declared else "", "cp1252")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        names = ("utf-16", *names)
    for name in names:
        if not name:
            continue
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


# Mail.


def _read_mail(data: bytes, findings: Findings, context: date | None) -> None:
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    findings.context = _sent(message, context)
    count = 0
    for part, charset, near in _parts(message, 0, findings, context):
        count += 1
        if count > MOST_PARTS:
            findings.problem("document.long", detail=f"more than {MOST_PARTS} parts")
            return
        if len(part) > MOST_PART:
            findings.problem("attachment.large", detail=f"{len(part) // 1024 // 1024} MB")
            continue
        kind = kind_of(part)
        if kind in ("html", "text", "json", "mail"):
            text = _decoded(part, charset)
            if kind == "html":
                _read_html(text, findings)
            elif kind == "json":
                _read_json(text, findings)
            else:
                _read_text(text, findings, near)
        else:
            read_part(kind, part, findings, near)
    # Archives that come with a mail are mostly something else.
    findings.problems = [problem for problem in findings.problems if problem.code != "archive.unknown"]


def _parts(
    message: Message[str, str], depth: int, findings: Findings, came: date | None
) -> Iterator[tuple[bytes, str, date | None]]:
    """The contents of the parts of a mail and of the mails within it, with the encoding that each names and the day of
    its mail."""
    if depth > DEEPEST:
        findings.problem("document.deep")
        return
    came = _sent(message, came) or came
    if message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, depth + 1, findings, came)
        return
    if message.get_content_maintype() in ("image", "audio", "video", "font"):
        return
    try:
        content = message.get_payload(decode=True)
    except (LookupError, ValueError, AssertionError):
        findings.problem("mail.broken")
        return
    if isinstance(content, bytes) and content.strip():
        yield content, _charset(message), came


def _charset(message: Message[str, str]) -> str:
    try:
        return str(message.get_content_charset() or "")
    except (LookupError, ValueError, TypeError):
        return ""


def _sent(message: Message[str, str], came: date | None) -> date | None:
    """The day on which a mail was sent, where its sender was; None when it does not say, or says that it is yet to come:
    a mail is no younger than its arrival."""
    try:
        value: Any = message.get("Date")
        on = parsedate_to_datetime(str(value)).date() if value else None
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return None
    return on if on is not None and (came is None or (on - came).days <= 1) else None
