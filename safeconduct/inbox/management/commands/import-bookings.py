"""`safeconduct import-bookings`: reads a folder of documents, or what is in a mailbox, into people's trips. Answers no mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandParser

from safeconduct.accounts.models import User
from safeconduct.inbox import receiving
from safeconduct.inbox.imap import Trouble, take_all
from safeconduct.inbox.models import Letter
from safeconduct.inbox.roadsettings import imap_road_of
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import memberships_of
from safeconduct.orgs.models import Organisation
from safeconduct.trips.bookings.containers import MOST_DOCUMENT

MOST_FILES = 10_000
MOST_SECONDS = 6 * 3600.0
"""A mailbox of years takes its time; somebody sits before it."""


def _beginning(path: Path) -> bytes:
    """As much of a file as shows that it is too large."""
    with path.open("rb") as file:
        return file.read(MOST_DOCUMENT + 1)


class Command(JsonCommand):
    """Take documents in and read them."""

    help = "Read a folder of booking documents, or a mailbox, into the trips of the people they come from."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add where they are, and whose."""
        super().add_arguments(parser)
        parser.add_argument("source", help="a folder, or imaps://user:password@host/FOLDER")
        parser.add_argument(
            "--for", dest="person", metavar="EMAIL", default="",
            help="whose they are: a confirmed address. Else the sender of each mail says so, and what is no mail is refused",
        )  # fmt: skip
        parser.add_argument("--org", metavar="ID", default="", help="for which organisation, where a person has several")

    def act(self, **options: Any) -> None:
        """Take in, read, count."""
        source = str(options["source"])
        user, organisation = self._person(options["person"], options["org"])
        keys: list[int] = []
        counts: Counter[str] = Counter()
        if "://" in source:
            if user is not None:
                raise Refused("import.for", "--for is for folders: in a mailbox the sender says whose a mail is.")
            counts["taken"] = self._mailbox(source)
            letters = Letter.objects.filter(road=Letter.Road.COMMAND, due_at__isnull=False)
            keys = list(letters.values_list("pk", flat=True))
        else:
            for data in self._documents(Path(source)):
                letter, is_new = receiving.take_in(
                    data, road=Letter.Road.COMMAND, user=user, organisation=organisation, is_proved=user is not None
                )
                counts["taken" if is_new else "known"] += 1
                if is_new:
                    keys.append(letter.pk)
        reader = receiving.Reader()
        try:
            for letter in Letter.objects.filter(pk__in=keys).defer("raw"):
                receiving.work(1, read=reader, only=letter)
        finally:
            reader.close()
        for letter in Letter.objects.filter(pk__in=keys).defer("raw"):
            counts[str(letter.state)] += 1
            counts.update(f"booking.{change['code']}" for change in letter.changes)
        self.emit(dict(counts), "\n".join(f"{name}: {count}" for name, count in sorted(counts.items())))

    @staticmethod
    def _mailbox(url: str) -> int:
        try:
            return sum(take_all(imap_road_of(url), limit=MOST_FILES, as_road=Letter.Road.COMMAND, most_seconds=MOST_SECONDS))
        except ImproperlyConfigured as error:
            raise Refused("import.url", str(error)) from None
        except Trouble as trouble:
            raise Refused(f"imap.{trouble.code}", f"{trouble.code}: {trouble.detail}") from None

    @staticmethod
    def _documents(folder: Path) -> Iterator[bytes]:
        if not folder.is_dir():
            raise Refused("import.folder", f"{folder} is no folder")
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()][:MOST_FILES]
        return (_beginning(path) for path in files)

    @staticmethod
    def _person(email: str, public_id: str) -> tuple[User | None, Organisation | None]:
        if not email:
            return None, None
        row = EmailAddress.objects.filter(email__iexact=email, verified=True, user__is_active=True).first()
        if row is None or not isinstance(row.user, User):
            raise Refused("import.for", f"nobody has confirmed the address {email}")
        houses = [one.organisation for one in memberships_of(row.user) if public_id in ("", one.organisation.public_id)]
        if len({house.pk for house in houses}) != 1:
            raise Refused("import.org", "Say with --org for which organisation: its id at the desk.")
        return row.user, houses[0]
