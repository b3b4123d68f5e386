"""For how many destinations each kind of entry rule has an answer with a source: as shipped, and after what was recorded.

    python -m tests.advice.coverage ../shared/samples docs/evidence/entry.md

Asks for every destination from the United States without a passport, in an empty database of its own: as shipped;
after the recorded documents of official advice were read; and after a recorded visa matrix. Without the second argument
the page is printed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ASKED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MATRIX = "passport-index/2025-01-12-passport-index-tidy-iso2.csv"
REPLAYED = (
    ("fcdo-travel-advice", "uk-fcdo/antarctica-no-parts.json", "2015-09-01"),
    ("fcdo-travel-advice", "uk-fcdo/turkey-2016-avoid-parts.json", "2016-02-01"),
    ("fcdo-travel-advice", "uk-fcdo/albania-2017.json", "2017-02-15"),
    ("fcdo-travel-advice", "uk-fcdo/index-2026-05-03.json", "2026-05-03"),
    ("canada-travel-advice", "ca-gac/index-alpha-eng-2026-07-17.json", "2026-07-17"),
    ("us-state-travel-advisories", "us-state/cadataapi-TravelAdvisories-2026-07-17.json", "2026-07-17"),
    ("smartraveller", "au-smartraveller/index-2026-07-21.rss.xml", "2026-07-21"),
    ("auswaertiges-amt", "de-auswaertiges-amt/travelwarning-2026-05-03.json", "2026-05-03"),
    ("cdc-travel-notices", "cdc/notices-2026-07-17-a.xml", "2026-07-17"),
)
"""(source, recording, day on which it is read)."""
RULE, QUOTE, NOTHING = "R", "q", "·"


@dataclass(frozen=True)
class Line:
    """One destination: how each kind is answered, whether an authority's own address is known, pages that are linked."""

    country: str
    kinds: dict[str, str]
    links: int
    pages: int

    @property
    def best(self) -> str:
        """Return the best that there is."""
        if RULE in self.kinds.values():
            return "rule"
        if QUOTE in self.kinds.values():
            return "quote"
        return "authority" if self.links else "page" if self.pages else "nothing"


def lines() -> list[Line]:
    """Ask for every destination."""
    from safeconduct.advice import words
    from safeconduct.advice.answers import Change, Journey, Leg
    from safeconduct.advice.countries import codes
    from safeconduct.advice.queries import report_of

    found = []
    for code in sorted(codes()):
        departure = "GB" if code == "US" else "US"
        reports = report_of(Journey(departure, (Leg(code, via=(Change(code),)),)), lang="en", today=ASKED_AT.date())
        names = words.Names((), "en")
        kinds: dict[str, str] = {}
        for report in reversed(reports):
            for answer in report.answers.answers:
                row = words.row_of(answer, report.quotes, names)
                said = RULE if row.lines or row.by_passport else QUOTE if row.quotes else NOTHING
                kinds.setdefault(row.kind, said)
        found.append(Line(code, kinds, len(reports[-1].links), len({quote.url for quote in reports[-1].quotes})))
    return found


def replay(samples: Path) -> None:
    """Read the recordings, each on its day."""
    from safeconduct.advisories.ingest import read_document
    from safeconduct.feeds.actions import keep_document
    from safeconduct.feeds.models import Source
    from safeconduct.lib import clock

    for key, name, day in REPLAYED:
        at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        with clock.held_at(at):
            document = keep_document((samples / name).read_bytes(), origin=name, received_at=at)
            read_document(document, source=Source.objects.get(key=key), at=at)


HEAD = """# Entry and health requirements: what is known

For each of the 250 destinations it was asked what somebody from the United States needs, without saying the passport;
a change of planes was asked for as well. The table counts destinations with an answer that names its source.

```
$ .venv/bin/python -m tests.advice.coverage ../shared/samples docs/evidence/entry.md
```

*As shipped*: a new folder, no source read, nothing entered. *Replayed*: after {documents} recorded documents of official
advice ({names}). *Matrix*: after a recorded visa matrix of 12 January 2025 as well, which an operator has to bring.

| Kind | As shipped: rule | Replayed: rule | quoted | Matrix: rule | quoted |
|---|---|---|---|---|---|
"""
BEST = {
    "rule": "at least one rule of a named source",
    "quote": "else: quoted advice under a heading of its own",
    "authority": "else: the address of the authority that decides",
    "page": "else: a government’s page about the destination",
    "nothing": "only “no rule known”",
}
NOTES = """
The other answers say “no rule known” for the kind, beside the address of the authority and the pages of governments
where there are any; nothing is left out in silence. Only {quoted} of the recorded documents hold the words of a
destination ({which}); from live sources every destination of theirs has them.

## Destination by destination

After replay, without the matrix. R: rule of a named source. q: quoted advice. ·: no rule known. *Authority*: addresses of
the authority itself; *Pages*: pages of governments that are quoted or linked.

"""


def page(samples: Path) -> Iterator[str]:
    """Yield the page."""
    from safeconduct.advice.actions import import_file
    from safeconduct.advice.kinds import KINDS
    from safeconduct.places.queries import country_names

    shipped = lines()
    replay(samples)
    replayed = lines()
    import_file(
        (samples / MATRIX).read_bytes(), file_name=MATRIX, by=None, source="Passport Index", as_of=datetime(2025, 1, 12, tzinfo=UTC).date(),
        url="https://www.passportindex.org/",
    )  # fmt: skip
    full = lines()
    publishers = ", ".join(dict.fromkeys(key for key, _name, _day in REPLAYED))
    yield HEAD.format(documents=len(REPLAYED), names=publishers).rstrip("\n")
    for kind in KINDS:
        figures = [_count(rows, kind.code) for rows in (shipped, replayed, full)]
        yield f"| {kind.label} | {figures[0][RULE]} | {figures[1][RULE]} | {figures[1][QUOTE]} | {figures[2][RULE]} | {figures[2][QUOTE]} |"
    yield "\n| Of 250 destinations the best there is | As shipped | Replayed | Matrix |\n|---|---|---|---|"
    bests = [Counter(row.best for row in rows) for rows in (shipped, replayed, full)]
    for best, label in BEST.items():
        yield f"| {label} | {' | '.join(str(counted[best]) for counted in bests)} |"
    named = [row for row in replayed if QUOTE in row.kinds.values()]
    names = country_names({row.country for row in replayed}, "en")
    yield NOTES.format(quoted=len(named), which=", ".join(sorted(names[row.country] for row in named))).rstrip("\n") + "\n"
    yield f"| Destination | {' | '.join(kind.code for kind in KINDS)} | Authority | Pages |"
    yield "|---|" + "---|" * (len(KINDS) + 2)
    for row in sorted(replayed, key=lambda row: names.get(row.country, row.country)):
        cells = " | ".join(row.kinds.get(kind.code, NOTHING) for kind in KINDS)
        yield f"| {names.get(row.country, row.country)} | {cells} | {row.links or NOTHING} | {row.pages or NOTHING} |"


def _count(rows: list[Line], kind: str) -> Counter[str]:
    return Counter(row.kinds.get(kind, NOTHING) for row in rows)


def main(arguments: list[str]) -> None:
    """Write or print the page."""
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    from safeconduct.feeds.actions import install_sources
    from safeconduct.lib import clock
    from safeconduct.places.actions import load_facts

    setup_test_environment()
    runner: Any = get_runner(settings)(verbosity=0)
    databases = runner.setup_databases()
    try:
        load_facts()
        install_sources()
        with clock.held_at(ASKED_AT):
            text = "\n".join(page(Path(arguments[0]))) + "\n"
    finally:
        runner.teardown_databases(databases)
    if len(arguments) > 1:
        Path(arguments[1]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    import django

    import tests.environment  # noqa: F401  # a data folder of its own

    django.setup()
    main(sys.argv[1:])
