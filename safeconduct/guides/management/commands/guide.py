"""`guide PLACE --lang xx`: a destination guide in the terminal or as a file; `--all` makes every country's as a check."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils import translation
from django.utils.translation import get_language_info

from safeconduct.guides.asjson import guide_json
from safeconduct.guides.assembly import guide_document
from safeconduct.guides.exporting import export
from safeconduct.guides.markdown import markdown_of, plain_text
from safeconduct.guides.outline import outline
from safeconduct.lib.commands import JsonCommand
from safeconduct.lib.errors import ExpectedError, NotFound, Refused
from safeconduct.places.folding import fold
from safeconduct.places.models import Place
from safeconduct.places.queries import find, place_by_key

MOST_LISTED: Final = 12
# What a fault in one guide looks like; anything else ends the check.
FAULTS: Final = (ExpectedError, LookupError, ValueError, TypeError, AttributeError)


class Command(JsonCommand):
    """Print a guide, or check all."""

    help = "A destination guide as text, Markdown, JSON or PDF; --all makes every country's and says what went wrong"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which place, which language, which form."""
        super().add_arguments(parser)
        parser.add_argument(
            "place",
            nargs="?",
            default="",
            help="a name, ISO 3166-1 alpha-2, GeoNames number, or a key such as iata:NBO",
        )
        parser.add_argument("--lang", default="en", help="language of the guide (BCP 47)")
        parser.add_argument(
            "--chapter", action="append", default=[], help="only this chapter; may be repeated"
        )
        parser.add_argument("--pdf", metavar="FILE", default="", help="write a PDF")
        parser.add_argument("--markdown", action="store_true", help="print Markdown")
        parser.add_argument(
            "--all", action="store_true", help="make the guides of all countries and territories"
        )
        parser.add_argument(
            "--langs", default="", help="with --all: several languages, with commas between; else that of --lang"
        )
        parser.add_argument("--with-pdf", action="store_true", help="with --all: set each as PDF too")

    def act(self, **options: Any) -> None:
        """Make what is asked for."""
        if options["all"]:
            named = options["langs"] or options["lang"]
            languages = [checked_language(each.strip()) for each in named.split(",") if each.strip()]
            self._check_all(languages, with_pdf=options["with_pdf"])
            return
        language = checked_language(options["lang"])
        place = place_of(options["place"], language)
        with translation.override(language):
            document = guide_document(place, language)
            known = {chapter.key for chapter in document.chapters}
            chapters = frozenset(options["chapter"]) or None
            if unknown := sorted((chapters or frozenset()) - known):
                raise Refused(
                    "guide.chapter", f"no chapter {unknown[0]}; there are: {', '.join(sorted(known))}"
                )
            if options["pdf"]:
                file = export(document, as_="pdf", chapters=chapters)
                Path(options["pdf"]).write_bytes(file.body)
                self.emit({"file": options["pdf"], "bytes": len(file.body), "version": document.version})
                return
            if options["markdown"]:
                self.stdout.write(markdown_of(outline(document, chapters)))
                return
            self.emit(guide_json(document, chapters), plain_text(outline(document, chapters)))

    def _check_all(self, languages: list[str], *, with_pdf: bool) -> None:
        seconds: dict[str, list[float]] = defaultdict(list)
        faults: list[dict[str, str]] = []
        kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
        for place in Place.objects.filter(kind__in=kinds, state=Place.State.ACTIVE).order_by("key"):
            for language in languages:
                began = time.process_time()
                try:
                    made(place, language, with_pdf=with_pdf)
                except FAULTS as error:
                    faults.append(
                        {
                            "place": place.key,
                            "language": language,
                            "error": f"{type(error).__name__}: {error}",
                        }
                    )
                seconds[language].append(time.process_time() - began)
        rows = [
            {
                "language": language,
                "guides": len(taken),
                "faults": len([fault for fault in faults if fault["language"] == language]),
                "median_ms": round(statistics.median(taken) * 1000),
                "slowest_ms": round(max(taken) * 1000),
                "seconds": round(sum(taken), 1),
            }
            for language, taken in seconds.items()
        ]
        if self.wants_json:
            self.emit({"languages": rows, "faults": faults})
        else:
            self.emit([*rows, *faults])
        if faults:
            raise Refused("guide.faults", f"{len(faults)} guides could not be made")


def made(place: Place, language: str, *, with_pdf: bool) -> None:
    """Every form of one guide. Raises ValueError when it lacks what every guide has."""
    with translation.override(language):
        document = guide_document(place, language)
        written = markdown_of(outline(document))
        forms = guide_json(document)
        if document.name not in plain_text(outline(document)) or not written.strip() or not forms["chapters"]:
            raise ValueError("the guide is empty")
        if with_pdf and not export(document, as_="pdf").body.startswith(b"%PDF-"):
            raise ValueError("the PDF is none")


def place_of(text: str, language: str) -> Place:
    """`KE`, `184745`, a key or a name. Raises NotFound with a sentence, Refused with the list of what a name may mean."""
    wanted = text.strip()
    if not wanted:
        raise Refused("guide.place", "name a place: Kenya, KE, 184745 or iata:NBO")
    if ":" not in wanted:
        if wanted.isdigit():
            wanted = f"geonames:{wanted}"
        elif len(wanted) == 2 and wanted.isascii():
            wanted = f"iso:{wanted.upper()}"
        else:
            wanted = named(wanted, language)
    try:
        return place_by_key(wanted)
    except NotFound:
        raise NotFound(f"there is no place {text}") from None


def named(text: str, language: str) -> str:
    """The key of the place of a name: a country before cities of the same name, and only where one is meant."""
    hits = find(text, lang=language, limit=MOST_LISTED).hits
    exact = [hit for hit in hits if fold(text) in {fold(name) for name in (hit.name, hit.native_name, *hit.names)}]
    countries = [hit for hit in exact if hit.kind in (Place.Kind.COUNTRY, Place.Kind.TERRITORY)]
    for chosen in (countries, exact, hits):
        if len(chosen) == 1:
            return chosen[0].key
    if not hits:
        raise NotFound(f"there is no place {text}")
    lines = (
        f"  {hit.key}  {', '.join(part for part in (hit.name, hit.region, hit.country_name) if part)}"
        for hit in exact or hits
    )
    raise Refused("guide.places", "\n".join((f"several places may be meant by {text}; name one by its key:", *lines)))


def checked_language(code: str) -> str:
    """A language that is known by name. Raises Refused with a sentence."""
    wanted = code.strip().lower()
    try:
        get_language_info(wanted)
    except KeyError:
        raise Refused("guide.language", f"there is no language {code}") from None
    return wanted
