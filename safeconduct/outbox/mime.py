"""A rendered message as bytes ready for the line, compiled once and filled per person.

The text and HTML parts are quoted-printable (RFC 2045 §6.7): compiled to runs of bytes between slots, each
slot on a soft line of its own, so that no line passes 76 characters whatever a person is called, no line
begins with a dot and no value can end a part or a header. The result is 7-bit and needs no extension.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr
from html import escape

from safeconduct.outbox.rendering import CLOSE, MARK, OPEN

LINE = 72
_PLAIN = re.compile(r"[!-<>-~][ -<>-~]{0,58}[!-<>-~]|[!-<>-~]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_OWN_HEADERS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "sender",
        "return-path",
        "auto-submitted",
        "list-unsubscribe",
        "list-unsubscribe-post",
    ]
)
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}", re.ASCII)
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.I
)
_URL = re.compile(r"https?://[!#-;=?-~]{1,480}")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+")

Piece = tuple[bytes, str]
# A slot's name, and whether its value is escaped for HTML.
_Slot = tuple[str, bool]


def mail_address(text: str) -> str:
    """Return an address as it goes on the line (RFC 5321 §4.1.2; the domain in A-labels).

    Raises ValueError for what no server without SMTPUTF8 takes, and for anything that is no address.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError:
        domain = ""
    if not at or not local.isascii() or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError("not an address that mail can be sent to")
    return f"{local}@{domain}"


def is_web_address(text: str) -> bool:
    """Whether a text may stand in List-Unsubscribe: one http(s) address, printable, without < > or quotes."""
    return bool(_URL.fullmatch(text))


def quoted_printable(text: str) -> bytes:
    """Encode a run of text that begins on a fresh line; it ends where its last line stands.

    Hard breaks become CRLF; a dot that begins a line and a blank that ends one are encoded.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    fast = b2a_qp(text.encode("utf-8", "replace"))
    if fast[:1] != b"." and b"\n." not in fast:
        return fast.replace(b"\n", b"\r\n")
    return b"\r\n".join(_soft_lines(line) for line in text.split("\n"))


def _soft_lines(line: str) -> bytes:
    out: list[str] = []
    width = 0
    last = len(line) - 1
    for index, character in enumerate(line):
        if " " <= character <= "~" and character != "=":
            at_edge = (character == "." and width == 0) or (character == " " and index == last)
            shown = f"={ord(character):02X}" if at_edge else character
        elif character == "\t" and index != last:
            shown = character
        else:
            shown = "".join(f"={byte:02X}" for byte in character.encode("utf-8", "replace"))
        if width + len(shown) > LINE:
            out.append("=\r\n")
            width = 0
            if character == ".":
                shown = "=2E"
        out.append(shown)
        width += len(shown)
    return "".join(out).encode("ascii")


def _slot_bytes(value: str) -> bytes:
    # Most values are short plain words: no character needs encoding.
    if _PLAIN.fullmatch(value) and value[0] != ".":
        return value.encode("ascii")
    return quoted_printable(value)


def _body(part: str) -> tuple[list[Piece], bytes]:
    """A part as (bytes before a slot, its name) pairs and the bytes after the last one."""
    pieces: list[Piece] = []
    before = b""
    position = 0
    for mark in MARK.finditer(part):
        run = quoted_printable(part[position : mark.start()])
        glue = b"" if not run or run.endswith(b"\r\n") else b"=\r\n"
        pieces.append((before + run + glue, mark[1]))
        # Whatever follows a slot begins on a fresh line; a hard break right after it needs no soft one.
        position = mark.end()
        before = b"" if part[position : position + 1] in ("\n", "") else b"=\r\n"
    tail = before + quoted_printable(part[position:])
    return pieces, tail.removesuffix(b"\r\n") + b"\r\n"


def header(name: str, value: str) -> bytes:
    """One header field, folded, RFC 2047 where needed; breaks and control characters become blanks."""
    value = _SPACES.sub(" ", value).strip()
    if value.isascii() and "=?" not in value and len(name) + len(value) < 76:
        return f"{name}: {value}\r\n".encode("ascii")
    charset = "us-ascii" if value.isascii() and "=?" not in value else "utf-8"
    folded = Header(value, charset, maxlinelen=76, header_name=name).encode(linesep="\r\n")
    if max(map(len, folded.split("\r\n"))) > 990:
        folded = Header(value, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {folded}\r\n".encode("ascii")


def from_header(name: str, address: str) -> bytes:
    """The From field: a display name that cannot carry a second address."""
    name = _SPACES.sub(" ", name).strip()[:100]
    if not name:
        return f"From: {address}\r\n".encode("ascii")
    if name.isascii() and "=?" not in name:
        return f"From: {formataddr((name, address))}\r\n".encode("ascii")
    folded = Header(name, "utf-8", maxlinelen=70, header_name="From").encode(linesep="\r\n")
    return f"From: {folded}\r\n <{address}>\r\n".encode("ascii")


@dataclass(frozen=True)
class Envelope:
    """One mail for the line: recipient and data. `data` ends with CRLF and has no final dot.

    `is_stuffed`: no line of it begins with a dot, as `CompiledMessage` promises.
    """

    recipient: str
    data: bytes
    is_stuffed: bool = False


class CompiledMessage:
    """A message ready to be filled; made once per message and run."""

    def __init__(
        self,
        *,
        subject: str,
        text: str,
        html: str,
        from_address: str,
        from_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._head = from_header(from_name, from_address)
        self._subject = subject
        self._subject_line = b"" if OPEN in subject else header("Subject", subject)
        fixed = b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        for name, value in (headers or {}).items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
                raise ValueError(f"a message may not set the header {name!r}")
            fixed += header(name, value)
        digest = hashlib.sha256(f"{subject}\0{text}\0{html}".encode()).hexdigest()[:24]
        # "=_" cannot stand in quoted-printable text (RFC 2045 §6.7), so the boundary is never met by chance.
        boundary = f"=_{digest}".encode()
        kind = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        text_start = b"Content-Type: text/plain; charset=utf-8\r\n" + kind
        text_pieces, text_tail = _body(text)
        pieces = [(run, (name, False)) for run, name in text_pieces]
        if not html:
            self._lay_out(fixed + text_start, pieces, text_tail)
            return
        html_pieces, html_tail = _body(html)
        start = b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n'
        prefix = fixed + start + b"--" + boundary + b"\r\n" + text_start
        html_start = b"Content-Type: text/html; charset=utf-8\r\n" + kind
        between = text_tail + b"\r\n--" + boundary + b"\r\n" + html_start
        end = html_tail + b"\r\n--" + boundary + b"--\r\n"
        for run, name in html_pieces:
            pieces.append((between + run, (name, True)))
            between = b""
        self._lay_out(prefix, pieces, between + end)

    def _lay_out(self, prefix: bytes, pieces: list[tuple[bytes, _Slot]], tail: bytes) -> None:
        """Keep the body as a list whose every second entry is a person's; remember where each slot goes."""
        self._body: list[bytes] = [prefix]
        self._places: dict[_Slot, list[int]] = {}
        for run, slot in pieces:
            self._body[-1] += run
            self._places.setdefault(slot, []).append(len(self._body))
            self._body += [b"", b""]
        self._body[-1] += tail

    def subject_for(self, slots: Mapping[str, str]) -> str:
        """The subject with its slots filled, on one line."""
        filled = MARK.sub(lambda mark: slots.get(mark[1], ""), self._subject)
        return _SPACES.sub(" ", filled).replace(CLOSE, "").strip()

    def data(
        self, *, address: str, slots: Mapping[str, str], date: str, message_id: str, unsubscribe_url: str = ""
    ) -> bytes:
        """The whole mail for one person, ending with CRLF. `address` has passed `mail_address`."""
        head = f"To: {address}\r\nDate: {date}\r\nMessage-ID: {message_id}\r\n"
        if unsubscribe_url and is_web_address(unsubscribe_url):
            # RFC 8058 §3.1: both fields, an https address, one click acts by POST.
            head += (
                f"List-Unsubscribe: <{unsubscribe_url}>\r\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            )
        subject = self._subject_line or header("Subject", self.subject_for(slots))
        body = self._body.copy()
        for (name, escaped), places in self._places.items():
            word = slots.get(name, "")
            value = _slot_bytes(escape(word) if escaped else word)
            for place in places:
                body[place] = value
        return b"".join((self._head, subject, head.encode("ascii"), *body))
