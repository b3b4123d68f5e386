"""What the head of a mail says: from whom, to what it answers, whether a machine wrote it, and whether the sender is proved.

Pure: bytes in, values out. The head is what a stranger wrote, so what is taken from it is bounded and checked. A From
line proves nothing: only an Authentication-Results field (RFC 8601) of the operator's own mail server does, and only when
SPF or DKIM passed for the domain of the From address itself, or DMARC did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Final

MOST_HEAD: Final = 256 * 1024
MOST_REFERENCES: Final = 10
_ID: Final = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")
MOST_RESULTS: Final = 8000
# No control characters: PostgreSQL stores no NUL, and no address has any.
_ADDRESS: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff@<>\"(),:;\\]{1,64}@[A-Za-z0-9.-]{1,253}")
_METHOD: Final = re.compile(r"^\s*(dkim|spf|dmarc)\s*=\s*([a-z]+)", re.I)
_PROPERTY: Final = re.compile(r"(?<!\S)(header\.d|header\.i|header\.from|smtp\.mailfrom|smtp\.from)\s*=\s*(\S*)", re.I)
_QUOTED: Final = "?"
"""Stands for a quoted string: no domain has it, and none comes of leaving it out."""
NO_REPLY: Final = re.compile(r"(no-?_?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?)\b", re.I)


@dataclass(frozen=True)
class Head:
    """`machine`: why a machine must have written it, empty for a person's mail. `authservs`: who named themselves in
    Authentication-Results, outermost first."""

    sender: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    answers_to: tuple[str, ...] = ()
    machine: str = ""
    authservs: tuple[str, ...] = ()
    results: tuple[tuple[str, str], ...] = field(default=())
    """(authserv-id, the rest) of each Authentication-Results field, outermost first; the rest without comments and without
    what stands in quotes, empty for a field that cannot be taken apart."""

    @property
    def is_no_reply(self) -> bool:
        """Whether nobody reads what is sent to this address."""
        return bool(NO_REPLY.match(self.sender))


def head_of(data: bytes, *, loop_marks: frozenset[str] = frozenset()) -> Head:
    """Return the head of a mail. `loop_marks`: what we write into X-Loop, in lower case."""
    end = min((at for at in (data.find(b"\r\n\r\n", 0, MOST_HEAD), data.find(b"\n\n", 0, MOST_HEAD)) if at >= 0), default=MOST_HEAD)
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(data[:end] + b"\n\n")
    except (MessageError, ValueError):
        return Head()
    ids = _ids(message, "Message-ID")
    answers = _ids(message, "In-Reply-To")
    results = tuple(_results(message))
    return Head(
        sender=_sender(message),
        message_id=ids[0] if ids else "",
        references=tuple([*_ids(message, "References"), *ids][-MOST_REFERENCES:]),
        answers_to=answers,
        machine=_machine(message, loop_marks),
        authservs=tuple(dict.fromkeys(name for name, _rest in results)),
        results=results,
    )


def is_proved(head: Head, authserv: str) -> bool:
    """Return whether the operator's own server says that this mail comes from the domain of its From address.

    Of several fields with that name the outermost counts: a server adds its own on top, what stands below came along.
    """
    domain = head.sender.rpartition("@")[2].lower().rstrip(".")
    wanted = authserv.strip().lower()
    rest = next((rest for name, rest in head.results if name == wanted), None)
    if not wanted or not domain or rest is None:
        return False
    passed = False
    for clause in rest.split(";"):
        method = _METHOD.match(clause)
        if method is None:
            continue
        name, verdict = method[1].lower(), method[2].lower()
        found = [(key.lower(), value.lower()) for key, value in _PROPERTY.findall(clause)]
        said = dict(found)
        if len(said) != len(found):
            # One of the two came from the stranger.
            return False
        if name == "dmarc":
            # RFC 7489: DMARC speaks of the From domain by definition.
            if verdict != "pass":
                if verdict == "fail":
                    return False
                continue
            if said.get("header.from", domain).rpartition("@")[2] == domain:
                passed = True
        elif verdict == "pass":
            owner = (
                said.get("header.d") or said.get("header.i", "")
                if name == "dkim"
                else said.get("smtp.mailfrom") or said.get("smtp.from", "")
            )
            passed = passed or _is_aligned(owner.rpartition("@")[2].rstrip("."), domain)
    return passed


def _is_aligned(owner: str, domain: str) -> bool:
    """The same domain. Relaxed alignment wants the list of public suffixes; without it a parent may be anybody's."""
    return bool(owner) and owner == domain


def _sender(message: Message) -> str:
    """The one address of the one From field; several, or none, are nobody."""
    lines = message.get_all("From") or []
    if len(lines) != 1:
        return ""
    found = [address for _name, address in getaddresses([str(lines[0])[:2000]])]
    if len(found) != 1 or not _ADDRESS.fullmatch(found[0]):
        return ""
    return found[0].lower()


def _ids(message: Message, name: str) -> tuple[str, ...]:
    text = " ".join(str(value) for value in (message.get_all(name) or [])[:3])[:8000]
    return tuple(dict.fromkeys(_ID.findall(text)))[-MOST_REFERENCES:]


def _machine(message: Message, loop_marks: frozenset[str]) -> str:
    """RFC 3834 §2, and what list servers and bounces write."""

    def value(name: str) -> str:
        return str(message.get(name) or "").strip().lower()

    if any(str(mark).strip().lower() in loop_marks for mark in message.get_all("X-Loop") or []):
        return "loop"
    auto = value("Auto-Submitted").partition(";")[0].strip()
    if auto and auto != "no":
        return "auto"
    if value("Precedence") in ("bulk", "junk", "list", "auto_reply") or value("X-Autoreply") or value("X-Autorespond"):
        return "auto"
    if value("List-Id"):
        return "list"
    if message.get("Return-Path") is not None and value("Return-Path") == "<>":
        return "bounce"
    if value("Content-Type").startswith("multipart/report"):
        return "bounce"
    return ""


def _results(message: Message) -> list[tuple[str, str]]:
    found = []
    for line in (message.get_all("Authentication-Results") or [])[:20]:
        text = " ".join(str(line).split())
        bare = _bare(text) if len(text) <= MOST_RESULTS else None
        name, _semicolon, rest = (text if bare is None else bare).partition(";")
        # "authserv-id [version]"
        words = name.split()
        is_named = bool(words) and re.fullmatch(r"[A-Za-z0-9._-]{1,253}", words[0]) is not None
        if bare is None:
            # Whatever stands below a field that says nothing could be meant to be found instead.
            found.append((words[0].lower() if is_named else "", ""))
            break
        if is_named:
            found.append((words[0].lower(), rest))
    return found


def _bare(text: str) -> str | None:
    """The field without its comments, which nest, and with `_QUOTED` for each quoted string; None when they do not close,
    or when it is left open which is in which. What strangers choose (their address, their signature's) is in either."""
    kept: list[str] = []
    depth, in_quotes, at = 0, False, 0
    while at < len(text):
        one = text[at]
        if one == "\\":
            if not (depth or in_quotes):
                return None
            at += 1
        elif in_quotes:
            in_quotes = one != '"'
        elif one == '"':
            # In a comment a quotation mark is a letter (RFC 5322), but not for every server that writes one.
            if depth:
                return None
            in_quotes = True
            kept.append(_QUOTED)
        elif one == "(":
            depth += 1
        elif one == ")":
            depth -= 1
            if depth < 0:
                return None
            kept.append(" ")
        elif not depth:
            kept.append(one)
        at += 1
    return None if depth or in_quotes else "".join(kept)
