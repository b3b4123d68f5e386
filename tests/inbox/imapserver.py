"""A minimal IMAP4rev1 server for tests and the benchmark: one user, one folder in memory, and a folder for what was done.

Not a real server: it speaks what RFC 3501 wants for LOGIN, CAPABILITY, SELECT, UID SEARCH UNSEEN, UID FETCH, UID STORE,
UID COPY, UID MOVE and LOGOUT, and can be told to misbehave. No well-kept package has an IMAP server for tests.
"""

from __future__ import annotations

import re
import socketserver
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Box:
    """What is in the mailbox, and how it misbehaves."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    done: list[bytes] = field(default_factory=list)
    user: str = "bookings@portal.example.org"
    password: str = "a secret with \"quotes\""
    can_move: bool = True
    stalls: bool = False
    dies_before_store: bool = False
    refused: set[int] = field(default_factory=set)
    may_store: bool = True
    expunged: list[int] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    _next: int = 1

    def put(self, data: bytes) -> int:
        """Deliver a mail; return its number."""
        uid, self._next = self._next, self._next + 1
        self.mails[uid] = data
        return uid


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    box: Box

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.box = self.server.box  # type: ignore[attr-defined]
        self.say("* OK ready")
        while line := self.rfile.readline(65536):
            words = line.decode("utf-8", "replace").rstrip("\r\n")
            tag, _blank, rest = words.partition(" ")
            self.box.commands.append(rest)
            if self.box.stalls:
                time.sleep(30)
            if not self.answer(tag, rest):
                return

    def answer(self, tag: str, rest: str) -> bool:
        box, upper = self.box, rest.upper()
        if upper == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1" + (" MOVE" if box.can_move else " UIDPLUS"))
        elif upper.startswith("LOGIN "):
            quoted = '"' + box.password.replace("\\", "\\\\").replace('"', '\\"') + '"'
            if quoted not in rest or box.user not in rest:
                self.say(f"{tag} NO [AUTHENTICATIONFAILED] wrong name or password for {box.user}")
                return True
        elif upper.startswith("SELECT "):
            if '"INBOX"' not in rest:
                self.say(f"{tag} NO no such folder")
                return True
            self.say(f"* {len(box.mails)} EXISTS")
        elif upper.startswith("UID SEARCH"):
            self.say("* SEARCH " + " ".join(str(uid) for uid in box.mails if uid not in box.seen))
        elif (match := re.match(r"UID (?:FETCH) (\d+)", rest)) and int(match[1]) in box.refused:
            self.say(f"{tag} NO cannot read it")
            return True
        elif "UID STORE" in upper and not box.may_store:
            self.say(f"{tag} NO read only")
            return True
        elif match := re.match(r"UID EXPUNGE (\d+)", rest):
            box.expunged.append(int(match[1]))
        elif match := re.match(r"UID FETCH (\d+) \((.*)\)", rest):
            self.fetch(int(match[1]), match[2])
        elif match := re.match(r"UID STORE (\d+) \+FLAGS\.SILENT \((.*)\)", rest):
            if box.dies_before_store:
                return False
            if match[2] == "\\Seen":
                box.seen.add(int(match[1]))
        elif match := re.match(r"UID (COPY|MOVE) (\d+) ", rest):
            box.done.append(box.mails[int(match[2])])
            if match[1] == "MOVE":
                del box.mails[int(match[2])]
        elif upper == "LOGOUT":
            self.say("* BYE")
            self.say(f"{tag} OK bye")
            return False
        self.say(f"{tag} OK done")
        return True

    def fetch(self, uid: int, what: str) -> None:
        data = self.box.mails.get(uid)
        if data is None:
            return
        if what == "RFC822.SIZE":
            self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {len(data)})")
            return
        most = re.search(r"<0\.(\d+)>", what)
        part = data[: int(most[1])] if most else data
        self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n")


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Box) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.box = box

    def __enter__(self) -> Any:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.shutdown()
        self.server_close()

    def url(self, query: str = "") -> str:
        """Return the address of the mailbox for SAFECONDUCT_BOOKINGS_IMAP."""
        from urllib.parse import quote

        who = f"{quote(self.box.user, safe='')}:{quote(self.box.password, safe='')}"
        return f"imap://{who}@127.0.0.1:{self.server_address[1]}/INBOX{query}"
