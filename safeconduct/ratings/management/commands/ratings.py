"""`ratings ISO2 [--explain]`: our ratings of a country, and how they came about."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import NotFound
from safeconduct.places.models import Place
from safeconduct.ratings import words
from safeconduct.ratings.actions import reckon_all
from safeconduct.ratings.queries import Explained, as_json, author_of, explained, in_short, left_out_lines


class Command(JsonCommand):
    """Reckon anew and print."""

    help = "Reckon the ratings of a country (all without one) and print them; --explain lists every input"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which country, and how much."""
        super().add_arguments(parser)
        parser.add_argument("country", nargs="?", default="", help="ISO 3166-1 alpha-2; empty: all")
        parser.add_argument("--explain", action="store_true", help="print every input")

    def act(self, **options: Any) -> None:
        """Reckon, then print security and medical."""
        code = options["country"].upper()
        known = set(
            Place.objects.filter(kind__in=("country", "territory"), state="active").values_list(
                "country_code", flat=True
            )
        )
        if code and code not in known:
            raise NotFound(code)
        reckon_all([code] if code else None)
        rows = [row for each in ([code] if code else sorted(known)) for row in explained(each)]
        if self.wants_json:
            self.emit([as_json(row) if options["explain"] else in_short(row) for row in rows])
        else:
            self.emit(rows, "\n".join(self._text(row, options["explain"]) for row in rows))

    def _text(self, row: Explained, explain: bool) -> str:
        lines = [f"{row.country_code}  {row.kind_label}: {row.word}"]
        if explain:
            lines += [
                f"    {words.label_of(each)}: {words.says_of(each)}  {words.points_of(each)}  {each['url']}".rstrip()
                for each in row.inputs
            ]
            lines.append(f"    {row.sum_words}")
            lines += [
                f"    not counted: {left.label}: {left.why}  {left.url}".rstrip()
                for left in left_out_lines(row.country_code, row.kind)
            ]
            if row.override is not None:
                lines.append(f"    {author_of(row.override)}: {row.override.reason}")
        return "\n".join(lines)
