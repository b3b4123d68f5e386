"""`safeconduct brief --from US --to JP,KR --depart 2027-01-11 --return 2027-01-25`: the briefing for a journey."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import translation

from safeconduct.advice.answers import Change
from safeconduct.advice.briefing import Asked, AskedStop
from safeconduct.advice.countries import code_of
from safeconduct.advice.gathering import briefing_of
from safeconduct.advice.kinds import PURPOSES
from safeconduct.advice.paper import briefing_json, briefing_pdf, briefing_text
from safeconduct.lib import clock
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused


class Command(JsonCommand):
    """The briefing for a journey, of no organisation."""

    help = "Print what a traveller should know for a journey, by whom it is said, and what is not known."

    def add_arguments(self, parser: CommandParser) -> None:
        """The journey. Countries are codes of two or three letters, or names."""
        super().add_arguments(parser)
        parser.add_argument("--from", dest="departure", required=True, metavar="COUNTRY", help="where the journey begins")
        parser.add_argument(
            "--to", required=True, metavar="COUNTRY[:DAY]",
            help="destinations with commas between, each with the day of arrival where it is known: JP,KR:2027-01-18",
        )  # fmt: skip
        parser.add_argument("--depart", required=True, metavar="DAY", help="the day of departure, like 2027-01-11")
        parser.add_argument("--return", dest="returns", metavar="DAY", help="the day of return")
        parser.add_argument(
            "--via", action="append", default=[], metavar="COUNTRY[:HOURS]", help="change of planes before the first destination: ET:14"
        )  # fmt: skip
        parser.add_argument("--passport", action="append", default=[], metavar="COUNTRY", help="nationality; may be repeated")
        parser.add_argument("--purpose", default="", choices=["", *PURPOSES], help="of the journey")
        parser.add_argument("--lang", default="en", help="language of the words (BCP 47)")
        parser.add_argument("--pdf", metavar="FILE", help="write a PDF")

    def act(self, **options: Any) -> None:
        """Brief."""
        lang = options["lang"]
        if lang not in dict(settings.LANGUAGES):
            raise Refused("brief.lang", f"There is no language “{lang[:12]}” here; there are: {', '.join(dict(settings.LANGUAGES))}.")
        briefing = briefing_of(asked_of_options(options), lang=lang, now=clock.now())
        if options["pdf"]:
            file = Path(options["pdf"])
            file.write_bytes(briefing_pdf(briefing))
            self.emit({"file": str(file)}, f"Wrote {file}.")
            return
        with translation.override(lang):
            data = briefing_json(briefing)
            self.emit(json.loads(json.dumps(data)), briefing_text(briefing))


def asked_of_options(options: dict[str, Any]) -> Asked:
    """Return the question of the command's options. Raises Refused with what is wrong."""
    departs, returns = _day(options["depart"], "--depart"), None
    if options["returns"]:
        returns = _day(options["returns"], "--return")
        if returns < departs:
            raise Refused("brief.days", "--return is before --depart.")
    via = tuple(_change(text) for text in options["via"])
    stops: list[AskedStop] = []
    for text in options["to"].split(","):
        if not text.strip():
            continue
        country, colon, arrives = text.strip().partition(":")
        arrive = _day(arrives, "--to") if colon else None
        if arrive is not None and (arrive < departs or (returns is not None and arrive > returns)):
            raise Refused("brief.days", f"{country} is reached outside the days of the journey.")
        stops.append(AskedStop(_country(country), arrive=arrive, via=via if not stops else ()))
    if not stops:
        raise Refused("brief.to", "Say where the journey goes: --to JP.")
    days = [stop.arrive for stop in stops if stop.arrive]
    if days != sorted(days):
        raise Refused("brief.days", "Destinations stand in the order of the journey; a day of arrival is before the one in front of it.")
    return Asked(
        departure=_country(options["departure"]), stops=tuple(stops), departs_on=departs, returns_on=returns,
        passports=tuple(dict.fromkeys(_country(text) for text in options["passport"])), purpose=options["purpose"],
    )  # fmt: skip


def _country(text: str) -> str:
    code = code_of(text)
    if not code:
        raise Refused("brief.country", f"There is no one country “{text.strip()[:40]}”.")
    return code


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("brief.day", f"{option} wants a day like 2027-01-11, not “{text[:20]}”.") from None


def _change(text: str) -> Change:
    country, colon, hours = text.partition(":")
    if colon and not (hours.isascii() and hours.isdigit() and len(hours) < 4):
        raise Refused("brief.via", f"--via wants a country and whole hours like ET:14, not “{text[:20]}”.")
    return Change(_country(country), float(hours) if colon else None)
