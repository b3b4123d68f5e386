"""`safeconduct search QUERY`: places by name or code, best first."""

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.places.queries import find

FIELDS = ("kind", "code", "name", "native_name", "names", "country", "country_name", "region", "score", "key")


class Command(JsonCommand):
    """Finds countries, territories, cities and airports."""

    help = "Find countries, territories, cities and airports by name in any language, or by code."

    def add_arguments(self, parser: CommandParser) -> None:
        """The query, the reader's language, how many."""
        super().add_arguments(parser)
        parser.add_argument("query")
        parser.add_argument("--lang", default="en", help="language of the names shown (BCP 47)")
        parser.add_argument("--limit", type=int, default=10)

    def act(self, **options: Any) -> None:
        """Search and print."""
        found = find(options["query"], lang=options["lang"], limit=options["limit"])
        hits = found.hits
        rows = [{field: getattr(hit, field) for field in FIELDS} for hit in hits]
        text = "\n".join(f"{h.score:.2f}  {h.kind:9}  {h.key:18}  {h.name}, {h.country_name}" for h in hits)
        note = f"showing results for {found.understood}\n" if found.understood else ""
        self.emit(rows, note + text if text else "nothing found")
