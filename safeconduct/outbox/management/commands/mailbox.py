"""`mailbox`: the mails that a demo or test folder kept, newest first."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.outbox import queries


class Command(JsonCommand):
    """List kept mails: to, subject, sent_at, kind, text, html, headers."""

    help = "List the mails of the development mailbox, newest first (demo and test folders)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filters."""
        super().add_arguments(parser)
        parser.add_argument("--to", default="", help="only mails to this address")
        parser.add_argument("--limit", type=int, default=0, help="at most so many; 0: all")

    def act(self, **options: Any) -> None:
        """Print the mails."""
        if settings.SAFECONDUCT_FOLDER_KIND == "real":
            raise Refused("mailbox.real", "A real folder keeps no mailbox; see the deliveries in the desk.")
        copies = queries.mailbox()
        if options["to"]:
            copies = copies.filter(to__iexact=options["to"])
        if options["limit"]:
            copies = copies[: options["limit"]]
        rows = [
            {
                "to": copy.to,
                "subject": copy.subject,
                "sent_at": copy.sent_at.isoformat(),
                "kind": copy.kind,
                "text": copy.text,
                "html": copy.html,
                "headers": copy.headers,
            }
            for copy in copies
        ]
        lines = [f"{row['sent_at']}  {row['to']}  {row['subject']}  [{row['kind']}]" for row in rows]
        self.emit(rows, "\n".join(lines) if lines else "no mail")
