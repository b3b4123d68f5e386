"""`safeconduct facts KE`: a country's facts as they hold. `safeconduct facts --coverage`: how much is known at all."""

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib import clock
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.coverage import STANDINGS, coverage, is_stale
from safeconduct.places.effective import effective_facts
from safeconduct.places.factwords import Words
from safeconduct.places.models import FactSource
from safeconduct.places.overrides import is_country
from safeconduct.places.registry import FIELDS


class Command(JsonCommand):
    """Facts of one country with who says so, or a table of what is known for how many."""

    help = "Print the facts of a country, corrections included, or how much is known of every field."

    def add_arguments(self, parser: CommandParser) -> None:
        """A country or the table."""
        super().add_arguments(parser)
        parser.add_argument("country", nargs="?", default="", help="ISO 3166-1 code of two letters")
        parser.add_argument("--coverage", action="store_true", help="how many countries have each field")
        parser.add_argument("--lang", default="en", help="language of the texts (BCP 47)")

    def act(self, **options: Any) -> None:
        """Print one or the other."""
        if options["coverage"]:
            self._coverage()
        elif options["country"]:
            self._country(options["country"].upper(), options["lang"])
        else:
            raise Refused("facts.which", "Name a country, or ask for --coverage.")

    def _coverage(self) -> None:
        rows = [{"field": each.field.name, **each.figures} for each in coverage(clock.today())]
        head = f"{'field':25}" + "".join(f"{standing:>11}" for standing in STANDINGS)
        text = [head] + [f"{row['field']:25}" + "".join(f"{row[s]:>11}" for s in STANDINGS) for row in rows]
        self.emit(rows, "\n".join(text))

    def _country(self, code: str, lang: str) -> None:
        if not is_country(code):
            raise NotFound(f"country {code}")
        today, words = clock.today(), Words(lang)
        known = {fact.field: fact for fact in effective_facts(country_code=code)}
        titles = {row.src: str(row) for row in FactSource.objects.all()}
        rows: list[dict[str, Any]] = []
        for name, field in FIELDS.items():
            fact = known.get(name)
            row: dict[str, Any] = {"field": name, "value": None, "text": "", "sources": []}
            if fact is not None:
                sources = [titles[src] for src in (fact.src, fact.src2) if src in titles]
                row = {
                    "field": name, "value": fact.value, "text": words.text(name, fact.value),
                    "sources": [fact.source_title] if fact.is_override else sources,
                    "checked_on": fact.checked_on.isoformat(), "stale": is_stale(fact, field, today),
                    "corrected": fact.is_override,
                }  # fmt: skip
            rows.append(row)
        text = "\n".join(
            f"{row['field']:25}{row['text'] or 'unknown'}"
            + (f"  [{'; '.join(row['sources'])}, {row['checked_on']}]" if row["sources"] else "")
            for row in rows
        )
        self.emit(rows, text)
