"""A mail server in a thread, on loopback, that does as it is told and remembers everything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


@dataclass
class Mail:
    """One mail as it came in."""

    sender: str
    recipient: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.data, policy=cast(Any, policy.default)))

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class Sink:
    """`replies` may answer any command: (verb, argument) → reply line, or None for the usual one, or "" to hang up."""

    pipelining: bool = True
    replies: Callable[[str, str], str | None] = lambda verb, argument: None
    mails: list[Mail] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    connections: int = 0
    most_commands_at_once: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; closing twice is fine."""
        if self._listener.fileno() == -1:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._converse(line)
                except OSError:
                    continue

    def _converse(self, line: socket.socket) -> None:
        waiting = b""
        sender = recipient = ""

        def read() -> bytes:
            nonlocal waiting
            while b"\r\n" not in waiting:
                more = line.recv(65536)
                if not more:
                    raise OSError("gone")
                waiting += more
                self.most_commands_at_once = max(self.most_commands_at_once, waiting.count(b"RCPT TO"))
            got, waiting = waiting.split(b"\r\n", 1)
            return got

        line.sendall(b"220 sink\r\n")
        while True:
            text = read().decode()
            verb, argument = text[:4].upper(), text[4:].strip()
            self.verbs.append(verb)
            usual = {
                "EHLO": "250-sink\r\n250 PIPELINING" if self.pipelining else "250 sink",
                "DATA": "354 go",
                "QUIT": "221 bye",
            }
            reply = self.replies(verb, argument)
            if reply == "":
                return
            line.sendall(f"{reply or usual.get(verb, '250 ok')}\r\n".encode())
            if verb == "MAIL":
                sender = argument[5:].strip("<>")
            elif verb == "RCPT":
                recipient = argument[3:].strip("<>")
            elif verb == "QUIT":
                return
            elif verb == "DATA" and (reply or "354").startswith("354"):
                body: list[bytes] = []
                while (row := read()) != b".":
                    body.append(row[1:] if row.startswith(b".") else row)
                self.mails.append(Mail(sender, recipient, b"\r\n".join(body) + b"\r\n"))
                final = self.replies("BODY", recipient)
                if final == "":
                    return
                line.sendall(f"{final or '250 2.0.0 queued'}\r\n".encode())
