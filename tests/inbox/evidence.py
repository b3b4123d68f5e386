"""Makes docs/evidence/bookings-inbox.md: `python -m tests.inbox.evidence ../shared/samples docs/evidence/bookings-inbox.md`.

In a database of its own: mails are handed in as a mail server does, read by the real readers in their child, and what is
in the tables afterwards is written down. Nothing in the page is typed but its frame. Recorded mails are KDE Itinerary's;
their passenger is given to the account, as the person whose mail it would be.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any


def main(samples: Path, out: Path) -> int:
    """Run the scenes and write the page; return 1 when one did not come out."""
    lines = [
        "# The inbox of bookings: what was tried", "",
        "Made by `python -m tests.inbox.evidence ../shared/samples docs/evidence/bookings-inbox.md`: the readers in their child, the",
        "rules, the tables; a database of its own. *Did* is what the document's row says, *trip* what stands in the trip then.", "",
        "| | mail | state | did | trip | answer |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    is_well = True
    for number, (what, wanted, found) in enumerate(_scenes(samples), 1):
        is_right = wanted == found["did"]
        is_well = is_well and is_right
        mark = "" if is_right else f" **wanted {wanted}**"
        lines.append(
            f"| {number} | {what} | {found['state']} | {found['did']}{mark} | {found['trip']} | {found['answer']} |"
        )
    lines += ["", "All as wanted." if is_well else "**Not all as wanted.**", ""]
    out.write_text("\n".join(lines), encoding="utf-8")
    return 0 if is_well else 1


def _scenes(samples: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    from tests.conftest import make_world
    from tests.inbox.mails import flight, hotel, mail

    with _database():
        world = make_world()
        bob = _Person(world.bob)
        one = mail(flight(), hotel())
        yield "a flight and a lodging, forwarded", "entered, entered", bob.sends(one)
        yield "the same mail once more, with other headers of its way", "same, same", bob.sends(b"Received: from x\r\n" + one)
        yield "the flight leaves later", "changed, same", bob.sends(
            mail(flight(leaves="11:45"), hotel(), message_id="<2@northfield.example.edu>")
        )
        stranger = {"sender": "eve@else.example", "proof": "dmarc=pass header.from=else.example"}
        yield "somebody unknown calls the flight off", "sender", bob.sends(
            mail(flight(status="Cancelled"), message_id="<3@else.example>", **stranger)
        )
        yield "somebody unknown sends another's booking", "sender", bob.sends(
            mail(flight("300", reference="EVE123"), message_id="<4@else.example>", **stranger)
        )
        yield "the flight is called off from a forged address", "waits", bob.sends(
            mail(flight(status="Cancelled"), proof="dmarc=fail header.from=northfield.example.edu", message_id="<5@x.example>")
        )
        yield "a colleague's booking, forwarded", "waits", bob.sends(
            mail(flight("301", reference="CAROL1", name="Carol Jones"), message_id="<6@northfield.example.edu>")
        )
        yield "the airline calls the flight off, forwarded", "cancelled", bob.sends(
            mail(flight(status="Cancelled", leaves="11:45"), message_id="<7@northfield.example.edu>")
        )
        yield "the lodging is called off as well", "trip.cancelled", bob.sends(
            mail(hotel(status="Cancelled"), message_id="<8@northfield.example.edu>")
        )
        yield "a mail without a booking", "nothing", bob.sends(mail(message_id="<9@northfield.example.edu>"))
    folder = samples / "itineraries-kde-itinerary"
    if folder.is_dir():
        yield from _recorded(samples, folder)


def _recorded(samples: Path, folder: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """KDE’s recorded bookings, as mails of their passenger, at the time when they came."""
    from safeconduct.lib import clock
    from safeconduct.orgs.models import Programme
    from tests.conftest import make_world
    from tests.inbox.mails import AUTHSERV, BOB

    with _database(), clock.held_at(datetime(2017, 4, 1, 9, tzinfo=UTC)):
        world = make_world()
        Programme.objects.for_org(world.northfield).update(valid_from=date(2016, 1, 1))
        world.bob.given_name, world.bob.family_name = "Volker", "Krause"
        world.bob.save()
        bob = _Person(world.bob)
        head = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=northfield.example.edu\r\nFrom: {BOB}\r\nMessage-ID: <%s@northfield.example.edu>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"

        def recorded(name: str) -> bytes:
            text = (folder / name).read_text(encoding="utf-8")
            html = f'<script type="application/ld+json">{text}</script>'
            return (head % name).encode() + html.encode()

        yield "recorded `4U8465-v1.json` (no day of departure; Tegel is closed)", "waits", bob.sends(recorded("4U8465-v1.json"))
        yield "recorded `4U8465-v2.json`: its update", "waits", bob.sends(recorded("4U8465-v2.json"))
        yield "recorded `4U8465-cancel.json`: the reference alone", "cancelled", bob.sends(recorded("4U8465-cancel.json"))
    path = samples / "itineraries-kitinerary" / "extractordata" / "synthetic" / "flight-booking.eml"
    if path.is_file():
        yield from _whole_mail(path)


def _whole_mail(path: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    from email import message_from_bytes

    from safeconduct.lib import clock
    from tests.conftest import make_world
    from tests.inbox.mails import AUTHSERV, BOB

    message = message_from_bytes(path.read_bytes())
    del message["From"]
    message["From"] = BOB
    vouched = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=northfield.example.edu\n".encode()
    with _database(), clock.held_at(datetime(2027, 2, 1, 9, tzinfo=UTC)):
        world = make_world()
        world.bob.given_name, world.bob.family_name = "Eva", "Green"
        world.bob.save()
        bob = _Person(world.bob)
        found = bob.sends(vouched + message.as_bytes())
        yield "recorded mail `synthetic/flight-booking.eml`, from the person's address", found["did"], found


class _Person:
    """Sends mails and says what came of them."""

    def __init__(self, user: Any) -> None:
        from safeconduct.inbox.receiving import Reader

        self.user, self.read = user, Reader()

    def sends(self, data: bytes) -> dict[str, str]:
        """Hand a mail in, read it, and return what the tables say."""
        from safeconduct.inbox.models import Letter
        from safeconduct.inbox.receiving import take_in, work
        from safeconduct.outbox.models import Delivery

        before = set(Delivery.objects.values_list("pk", flat=True))
        letter, _new = take_in(data, road=Letter.Road.HTTP)
        work(1, read=self.read, only=letter)
        letter = Letter.objects.get(pk=letter.pk)
        sent = Delivery.objects.exclude(pk__in=before).filter(message__kind__startswith="booking.").select_related("message")
        return {
            "state": letter.state,
            "did": ", ".join(change["code"] for change in letter.changes) or letter.reason,
            "trip": self._trips(),
            "answer": "; ".join(f"“{row.message.subject}” to {row.address}" for row in sent) or "none",
        }

    def _trips(self) -> str:
        from safeconduct.trips.models import Trip

        found = []
        for trip in Trip.objects.of_user(self.user).order_by("pk"):
            stops = trip.stops.select_related("place", "to_place").order_by("seq")
            legs = [
                f"{s.place.code or s.place.name} {s.depart_local} → {s.to_place.code} {s.arrive_local}" if s.to_place
                else f"{s.place.name} {s.arrive_local} – {s.depart_local}"
                for s in stops
            ]  # fmt: skip
            found.append(f"{trip.state}: " + "; ".join(legs))
        return "<br>".join(found) or "none"


@contextmanager
def _database() -> Iterator[None]:
    """Everything inside is rolled back."""
    from django.db import transaction

    class Undo(Exception):
        pass

    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass


if __name__ == "__main__":
    home = Path(tempfile.mkdtemp(prefix="safeconduct-evidence-"))
    (home / "folder.json").write_text('{"kind": "test"}\n')
    os.environ["SAFECONDUCT_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    os.environ["SAFECONDUCT_BOOKINGS_AUTHSERV"] = "mx.portal.example.org"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from safeconduct.lib import clock as held
    from safeconduct.places.actions import load_facts
    from tests.conftest import PLACES

    load_facts(only=PLACES)

    with held.held_at(datetime(2026, 11, 22, 9, tzinfo=UTC)):
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
