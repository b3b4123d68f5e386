"""The only place that talks SMTP: one connection, commands grouped (RFC 2920), a reply for every recipient.

A mail's text leaves together with the next mail's MAIL, RCPT and DATA, so that a mail costs one round trip
instead of four; a server that does not offer PIPELINING is spoken to command by command. Greeting, TLS and log-in are
smtplib's. Nothing here reads or writes a row: the caller stores states before it hands mails in and outcomes
after. Refuses to send a password over an unprotected line to another machine.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import islice

from safeconduct.lib.errors import Temporary
from safeconduct.outbox.mail_settings import MailConfig
from safeconduct.outbox.mime import Envelope

# How long the answer of a near server is looked for, and after how many waits again once it was not near.
WATCH_SECONDS = 0.0002
WATCH_AGAIN_AFTER = 20
TIMEOUT_SECONDS = 60.0
LONGEST_REPLY_LINE = 2000
MOST_REPLY_LINES = 100
MOST_KNOWN_REPLIES = 50
# Replies about the log-in or the sender, not about this recipient (RFC 4954 §6): the operator mends them.
ACCOUNT_TROUBLE = frozenset({421, 454, 530, 534, 535, 538})


class Outcome(Enum):
    """What became of one mail. `NOT_WRITTEN`: its text never went on the line."""

    ACCEPTED = "accepted"
    REFUSED_TEMPORARILY = "refused_temporarily"
    REFUSED_FOR_GOOD = "refused_for_good"
    UNKNOWN = "unknown"
    NOT_WRITTEN = "no_connection"


@dataclass(frozen=True)
class Result:
    """The outcome of one mail with the reply that decided it."""

    outcome: Outcome
    code: int | None = None
    reply: str = ""


@dataclass(frozen=True)
class Step:
    """One step of the test mail, for the set-up page."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class _Refusal:
    """Why a mail's text was not asked for; `stops` when the next mail would fare no better."""

    result: Result
    stops: bool


class _Lost(Exception):
    """The connection is gone, or of no more use."""


class Session:
    """An open connection. `send` may be called again and again until `alive` is false."""

    def __init__(self, config: MailConfig, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._sender = config.from_address
        self._smtp = connect(config, timeout=timeout)
        self.pipelined = self._smtp.has_extn("pipelining")
        sock = self._smtp.sock
        if sock is None:
            raise Temporary("the mail server closed the connection")
        # Every write is whole, so holding back its last packet for an acknowledgement only costs 40 ms a mail.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _wait_in_kernel(sock, timeout)
        self._write: Callable[[bytes], object] = sock.sendall
        # smtplib has read every reply so far, so nothing is left in its buffer.
        self._read: Callable[[int], bytes] = _watching(sock)
        self._rest = b""
        self._lines: deque[bytes] = deque()
        self._known: dict[bytes, tuple[int, str, bool]] = {}
        self.alive = True

    def close(self) -> None:
        """Say goodbye when the line still works, and close it."""
        try:
            if self.alive:
                self._write(b"QUIT\r\n")
        except OSError:
            pass
        self.alive = False
        self._smtp.close()

    def send(self, envelopes: Iterable[Envelope]) -> Iterator[Result]:
        """Send the mails in turn and yield one result each, in order.

        A result is handed out, and the iterable read on, while the server is busy with the next text, so that the
        caller's work costs no time on the line. When the line breaks, the mail whose text was being written or
        answered is UNKNOWN and the rest are NOT_WRITTEN; `alive` is false from then on.
        """
        source = iter(envelopes)
        ahead: deque[Envelope] = deque(islice(source, 1))
        ready: deque[Result] = deque()
        written = False
        try:
            replies = self._announce(b"", ahead[0]) if ahead else []
            while ahead:
                ahead.extend(islice(source, 2 - len(ahead)))
                refused = self._refusal(replies)
                if refused is None:
                    written = True
                    self._write(self._text(ahead))
                    if ready:
                        yield ready.popleft()
                    ahead.extend(islice(source, 1))
                    result = _result(*self._reply())
                    written = False
                else:
                    result = refused.result
                ahead.popleft()
                ready.append(result)
                if result.code == 421 or (refused is not None and refused.stops):
                    raise _Lost(f"{result.code} {result.reply}")
                if refused is not None:
                    replies = self._reset(ahead)
                elif ahead:
                    replies = self._group_replies() if self.pipelined else self._announce(b"", ahead[0])
        except (OSError, _Lost) as error:
            self.alive = False
            reason = (str(error) or "the connection was lost")[:300]
            for _envelope in (*ahead, *source):
                ready.append(Result(Outcome.UNKNOWN if written else Outcome.NOT_WRITTEN, None, reason))
                written = False
        yield from ready

    def _text(self, ahead: deque[Envelope]) -> bytes:
        """The first mail's text, with the next one's commands when the server takes groups."""
        first = ahead[0]
        text = (first.data if first.is_stuffed else _stuffed(first.data)) + b".\r\n"
        return text + self._group(ahead[1]) if self.pipelined and len(ahead) > 1 else text

    def _reset(self, ahead: deque[Envelope]) -> list[tuple[int, str]]:
        """End a refused mail's transaction and announce the next mail, if there is one."""
        if ahead:
            return self._announce(b"RSET\r\n", ahead[0])
        self._ask(b"RSET\r\n")
        return []

    def _group(self, envelope: Envelope) -> bytes:
        return f"MAIL FROM:<{self._sender}>\r\nRCPT TO:<{envelope.recipient}>\r\nDATA\r\n".encode("ascii")

    def _announce(self, before: bytes, envelope: Envelope) -> list[tuple[int, str]]:
        """MAIL, RCPT and DATA for a mail; returns their three replies (fewer when an earlier one refused)."""
        if self.pipelined:
            self._write(before + self._group(envelope))
            if before:
                self._reply()
            return self._group_replies()
        if before:
            self._ask(before)
        replies = []
        for command in self._group(envelope).splitlines(keepends=True):
            replies.append(self._ask(command))
            if replies[-1][0] >= 400:
                break
        return replies

    def _group_replies(self) -> list[tuple[int, str]]:
        return [self._reply(), self._reply(), self._reply()]

    def _refusal(self, replies: list[tuple[int, str]]) -> _Refusal | None:
        """None when the server waits for the text; else why it does not."""
        for index, (code, text) in enumerate(replies):
            if 200 <= code < 400:
                continue
            if len(replies) == 3 and replies[2][0] == 354:
                # RFC 2920 §3.1: a server may say 354 although every recipient was refused: an empty text ends it.
                self._ask(b".\r\n")
            if index == 0:
                # The sender was refused, not this recipient: nobody is given up for the operator's mistake.
                return _Refusal(Result(Outcome.REFUSED_TEMPORARILY, code, text), stops=True)
            return _Refusal(_result(code, text), stops=code in ACCOUNT_TROUBLE)
        return None

    def _ask(self, command: bytes) -> tuple[int, str]:
        self._write(command)
        return self._reply()

    def _reply(self) -> tuple[int, str]:
        """Read one reply (RFC 5321 §4.2.1), also of several lines."""
        texts: list[str] = []
        for _ in range(MOST_REPLY_LINES):
            line = self._lines.popleft() if self._lines else self._line()
            # A server says the same few things to every mail: each is read into words once.
            known = self._known.get(line)
            if known is None:
                words = line.decode("utf-8", "replace").rstrip()
                if not words[:3].isdigit():
                    raise _Lost("the mail server does not speak SMTP")
                known = (int(words[:3]), words[4:][:500], words[3:4] == "-")
                if len(self._known) < MOST_KNOWN_REPLIES:
                    self._known[line] = known
            code, text, goes_on = known
            if not goes_on:
                return (code, " ".join([*texts, text])[:500]) if texts else (code, text)
            texts.append(text)
        raise _Lost("the mail server's reply does not end")

    def _line(self) -> bytes:
        """Wait for the next line; what else came with it is kept."""
        while not self._lines:
            fresh = self._read(4096)
            if not fresh:
                raise _Lost("the mail server closed the connection")
            *lines, self._rest = (self._rest + fresh).split(b"\n")
            self._lines.extend(lines)
            if len(self._rest) > LONGEST_REPLY_LINE:
                raise _Lost("the mail server does not speak SMTP")
        return self._lines.popleft()


def _wait_in_kernel(sock: socket.socket, timeout: float) -> None:
    """Let the kernel keep the time-out: Python's own costs a poll and a lock hand-over per call.

    A wait that is too long still ends in an OSError. TLS keeps Python's, whose reads may need writes.
    """
    if sys.platform != "linux" or isinstance(sock, ssl.SSLSocket):
        return
    limit = struct.pack("@ll", int(timeout), int(timeout % 1 * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    sock.settimeout(None)


def _watching(sock: socket.socket) -> Callable[[int], bytes]:
    """Return a `recv` that looks for the answer of a near server for a moment before it sleeps.

    Falling asleep and being woken costs a virtual machine more than such a server takes to answer. A far one is
    looked for once in a while only, so it costs next to nothing.
    """
    if sys.platform != "linux" or isinstance(sock, ssl.SSLSocket):
        return sock.recv
    skip = 0

    def receive(size: int) -> bytes:
        nonlocal skip
        if skip:
            skip -= 1
            return sock.recv(size)
        end = time.perf_counter() + WATCH_SECONDS
        while time.perf_counter() < end:
            try:
                return sock.recv(size, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
        skip = WATCH_AGAIN_AFTER
        return sock.recv(size)

    return receive


def _stuffed(data: bytes) -> bytes:
    if b"\n." in data:
        return re.sub(rb"(?m)^\.", b"..", data)
    return data


def _result(code: int, text: str) -> Result:
    if 200 <= code < 300:
        return Result(Outcome.ACCEPTED, code, text)
    if code >= 500 and code not in ACCOUNT_TROUBLE:
        return Result(Outcome.REFUSED_FOR_GOOD, code, text)
    return Result(Outcome.REFUSED_TEMPORARILY, code, text)


def connect(
    config: MailConfig, *, timeout: float = TIMEOUT_SECONDS, tell: Callable[[Step], None] | None = None
) -> smtplib.SMTP:
    """Connect, greet, protect and log in; raises Temporary with the reason in words.

    `tell` hears each step; nothing secret is in it.
    """
    say = tell or (lambda step: None)
    step = "connect"
    smtp: smtplib.SMTP | None = None
    try:
        if config.tls == "tls":
            smtp = smtplib.SMTP_SSL(config.host, config.port, _own_name(), timeout=timeout, context=_trust())
        else:
            smtp = smtplib.SMTP(config.host, config.port, _own_name(), timeout=timeout)
        say(Step(step, True, f"{config.host}:{config.port}" + (", TLS" if config.tls == "tls" else "")))
        step = "EHLO"
        say(Step(step, True, _words(_wanted(smtp.ehlo()))))
        if config.tls in ("starttls", "auto") and (config.tls == "starttls" or smtp.has_extn("starttls")):
            step = "STARTTLS"
            say(Step(step, True, _words(_wanted(smtp.starttls(context=_trust())))))
            _wanted(smtp.ehlo())
        if config.user:
            step = "AUTH"
            if not isinstance(smtp.sock, ssl.SSLSocket) and not _is_this_machine(config.host):
                raise Temporary("the line is not protected, so the password is not sent")
            say(Step(step, True, _words(smtp.login(config.user, config.password))))
    except (OSError, smtplib.SMTPException, Temporary) as error:
        if smtp is not None:
            smtp.close()
        reason = _reason(error)
        say(Step(step, False, reason))
        raise Temporary(f"{step}: {reason}") from error
    return smtp


@cache
def _trust() -> ssl.SSLContext:
    """The machine's certificates, read once a process: 25 ms each time otherwise."""
    return ssl.create_default_context()


def _own_name() -> str:
    """What we call ourselves (RFC 5321 §4.1.4). smtplib would ask the DNS, which may take seconds to say nothing."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _wanted(reply: tuple[int, bytes]) -> tuple[int, bytes]:
    if not 200 <= reply[0] < 300:
        raise smtplib.SMTPResponseException(*reply)
    return reply


def _words(reply: tuple[int, bytes]) -> str:
    return f"{reply[0]} {reply[1].decode('utf-8', 'replace').replace(chr(10), ' ')}"[:300]


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {words}"[:300]
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate does not hold: {error.verify_message}"
    return (str(error) or type(error).__name__)[:300]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def try_out(config: MailConfig, envelope: Envelope, *, timeout: float = 15.0) -> list[Step]:
    """Send one mail command by command and return every step with the server's answer; never raises."""
    steps: list[Step] = []
    try:
        smtp = connect(config, timeout=timeout, tell=steps.append)
    except Temporary:
        return steps
    conversation: list[tuple[str, Callable[[], tuple[int, bytes]]]] = [
        ("MAIL FROM", lambda: smtp.mail(config.from_address)),
        ("RCPT TO", lambda: smtp.rcpt(envelope.recipient)),
        ("DATA", lambda: smtp.data(envelope.data)),
    ]
    name = conversation[0][0]
    try:
        for name, ask in conversation:
            code, text = ask()
            steps.append(Step(name, 200 <= code < 300, _words((code, text))))
            if not 200 <= code < 300:
                break
        smtp.quit()
    except (OSError, smtplib.SMTPException) as error:
        steps.append(Step(name, False, _reason(error)))
    finally:
        smtp.close()
    return steps
