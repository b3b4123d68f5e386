"""`safeconduct entry --from US --to KE --on 2027-01-11 --passport DE`: what is asked of a traveller, as known here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils import translation

from safeconduct.advice import words
from safeconduct.advice.answers import Change, Journey, Leg
from safeconduct.advice.countries import code_of
from safeconduct.advice.kinds import BY_CODE, HEALTH, KINDS, PURPOSES
from safeconduct.advice.queries import report_of
from safeconduct.lib import clock, timewords
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import Refused

GROUPS: Final = ("all", "health")


class Command(JsonCommand):
    """Entry and health requirements of a journey."""

    help = "Print what is required, recommended or not required to enter, by whom it is said, and what is not known."

    def add_arguments(self, parser: CommandParser) -> None:
        """The journey. Countries are codes of two or three letters, or names."""
        super().add_arguments(parser)
        parser.add_argument("--from", dest="departure", required=True, metavar="COUNTRY", help="where the journey begins")
        parser.add_argument(
            "--to", required=True, metavar="COUNTRY", help="destinations, with commas between: KE,TZ"
        )
        parser.add_argument("--on", metavar="DAY", help="arrival at the first destination, like 2027-01-11")
        parser.add_argument("--until", metavar="DAY", help="end of the stay at the last destination")
        parser.add_argument(
            "--via", action="append", default=[], metavar="COUNTRY[:HOURS]", help="change of planes before the first destination: ET:14"
        )  # fmt: skip
        parser.add_argument("--passport", action="append", default=[], metavar="COUNTRY", help="nationality; may be repeated")
        parser.add_argument("--purpose", default="", choices=["", *PURPOSES], help="of the journey")
        parser.add_argument("--vaccinated", action="append", default=[], metavar="DISEASE")
        parser.add_argument("--not-vaccinated", action="append", default=[], metavar="DISEASE")
        parser.add_argument("--tested", action="append", default=[], metavar="DISEASE", help="holder of a negative test")
        parser.add_argument("--health", action="store_true", help="only what is about health")
        parser.add_argument("--lang", default="en", help="language of the words (BCP 47)")

    def act(self, **options: Any) -> None:
        """Answer."""
        journey = _journey(options)
        kinds = [kind.code for kind in KINDS if kind.group == HEALTH] if options["health"] else list(BY_CODE)
        with translation.override(options["lang"]):
            reports = report_of(journey, lang=options["lang"], kinds=kinds)
            names = words.names_for(journey, reports, options["lang"])
            views = [words.view_of(report, names) for report in reports]
            data = {
                "from": journey.departure,
                "passports": list(journey.passports),
                "purpose": journey.purpose,
                "asked_on": clock.today().isoformat(),
                "stops": [words.as_data(view) for view in views],
            }
            self.emit(data, "\n".join(_text(views)))


def _journey(options: dict[str, Any]) -> Journey:
    codes = [_country(text) for text in options["to"].split(",") if text.strip()]
    if not codes:
        raise Refused("entry.to", "Say where the journey goes: --to KE.")
    arrives, leaves = _day(options["on"], "--on"), _day(options["until"], "--until")
    if arrives and leaves and leaves < arrives:
        raise Refused("entry.days", "--until is before --on.")
    via = tuple(_change(text) for text in options["via"])
    legs = tuple(
        Leg(code, arrives if n == 0 else None, leaves if n == len(codes) - 1 else None, via if n == 0 else ())
        for n, code in enumerate(codes)
    )
    return Journey(
        departure=_country(options["departure"]),
        legs=legs,
        passports=tuple(dict.fromkeys(_country(text) for text in options["passport"])),
        purpose=options["purpose"],
        vaccinated=frozenset(options["vaccinated"]),
        not_vaccinated=frozenset(options["not_vaccinated"]),
        tested=frozenset(options["tested"]),
    )


def _country(text: str) -> str:
    code = code_of(text)
    if not code:
        raise Refused("entry.country", f"There is no one country “{text.strip()[:40]}”.")
    return code


def _day(text: str | None, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("entry.day", f"{option} wants a day like 2027-01-11, not “{text[:20]}”.") from None


def _change(text: str) -> Change:
    country, colon, hours = text.partition(":")
    if colon and not (hours.isascii() and hours.isdigit() and len(hours) < 4):
        raise Refused("entry.via", f"--via wants a country and whole hours like ET:14, not “{text[:20]}”.")
    return Change(_country(country), float(hours) if colon else None)


def _text(views: list[words.StopView]) -> Iterator[str]:
    """The answers for a person at a shell: one line a rule, its source behind it."""
    for view in views:
        day = f", {timewords.day_words(view.arrives_on, this_year=0)}" if view.arrives_on else ""
        yield f"{view.name}{' (change of planes)' if view.is_transit else ''}{day}"
        for row in view.rows:
            marks = [*(["rules contradict each other"] if row.is_conflicting else []), *(["old, to be checked"] if row.is_stale else [])]
            state = f"{row.words}{f' ({chr(59).join(marks)})' if marks else ''}"
            yield f"  {row.label}: {state}"
            if row.depends_on:
                yield f"    depends on {'; '.join(row.depends_on)}"
            if row.act_by:
                yield f"    to be done by {timewords.day_words(row.act_by, this_year=0)}"
            for line in row.lines:
                sources = "; ".join(f"{one.name}, {one.on.isoformat() if one.on else 'no date'}" for one in line.sources)
                yield f"    - {' '.join([line.words + '.', *line.because, line.text])} [{sources}]".replace("  ", " ")
            for _state, word, count in row.by_passport:
                yield f"    - {word}: by rules for {count} passports"
            for quote in row.quotes:
                yield f"    “{quote.heading}” in the words of {quote.issuer} ({words.audience(quote)})"
        if view.silent:
            yield f"  No rule known: {', '.join(str(row.label) for row in view.silent)}. That does not mean that nothing is asked."
        for link in view.links:
            yield f"  Ask the authority: {link.label} {link.url}"
        for quote in view.quotes:
            yield f"  Read: {quote.issuer}, {quote.heading} ({words.audience(quote) or 'for everybody'}) {quote.url}"
        for quote in view.notices:
            yield f"  Notice: {quote.issuer}, {quote.heading} {quote.url}"
        yield ""
