"""Which reader gets what right over the recorded booking documents, with and without `kitinerary-extractor`.

    python -m tests.trips.booking_table ../shared/samples docs/evidence/bookings.md

Every document goes once through the real child with its limits. Its findings are then interpreted several times: those
of each reader alone, those of ours together, and all with kitinerary's. Without the second argument the page is printed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from safeconduct.trips.bookings import kitinerary
from safeconduct.trips.bookings.merging import TRUST
from safeconduct.trips.bookings.model import Problem, Reservation
from safeconduct.trips.bookings.reading import DocumentReader, interpreted
from safeconduct.trips.bookingwords import problem_text
from tests.trips.booking_samples import Expected, Sample, differences, is_about, samples
from tests.trips.shipped_atlas import shipped_atlas

OURS = "ours together"
ALL = "ours and kitinerary"
ORDER = (*TRUST[:-1], OURS, TRUST[-1], ALL)
OUTCOMES = (
    "right",
    "right, asks",
    "wrong, asks",
    "wrong, sure",
    "more than expected",
    "more, sure",
    "nothing",
)
NOTES = {
    "apple-store-UA": "the pass was altered by hand: its bar code says day 190, its tags 9 December; the collection expects"
    " the arrival in Chicago",
    "cleartrip": "a pass without IATA's bar code, of which the collection expects nothing",
    "bcbp-expansion.pre": "the ticket says day 326 and the mark-up boards on day 64",
}
"""Documents in which the collection's expectation is not the last word."""


@dataclass(frozen=True)
class Row:
    """One reservation found or missed."""

    sample: str
    kind: str
    reader: str
    outcome: str
    detail: str = ""


def judged(sample: Sample, reader: str, reservations: tuple[Reservation, ...]) -> Iterator[Row]:
    """Each of ours against what is expected, then what is missing."""
    left: list[Expected] = list(sample.expected)
    for one in reservations:
        near = [theirs for theirs in left if is_about(one, theirs)]
        if not near:
            outcome = "more, sure" if one.is_sure else "more than expected"
            yield Row(sample.name, sample.kind, reader, outcome, f"{one.key} {_doubts(one)}")
            continue
        best = min(near, key=lambda theirs: len(differences(one, theirs)))
        left.remove(best)
        wrong = differences(one, best)
        what = "wrong" if wrong else "right"
        outcome = (f"{what}, sure" if wrong else what) if one.is_sure else f"{what}, asks"
        yield Row(sample.name, sample.kind, reader, outcome, f"{', '.join(wrong)}: {one.key} {_doubts(one)}")
    for theirs in left:
        yield Row(
            sample.name, sample.kind, reader, "nothing", f"{theirs.kind} {theirs.trip_number or theirs.name}"
        )


def _doubts(one: Reservation) -> str:
    return " ".join(sorted({f"[{problem.code}]" for problem in one.problems}))


def rows(folder: Path) -> tuple[list[Row], int]:
    """All outcomes, and how many documents there are."""
    reader = DocumentReader()
    atlas = shipped_atlas()
    found: list[Row] = []
    count = 0
    for sample in samples(folder):
        count += 1
        findings = reader.findings(sample.data, context=sample.context)
        sets = {name: {name} for name in TRUST} | {OURS: set(TRUST[:-1]), ALL: set(TRUST)}
        for name, readers in sets.items():
            if name not in (OURS, ALL) and name not in findings.read:
                continue
            some = replace(findings, found=[one for one in findings.found if one.reader in readers])
            found += judged(sample, name, interpreted(some, atlas=atlas, context=sample.context).reservations)
    reader.close()
    return found, count


def page(folder: Path) -> str:
    """The Markdown page."""
    found, count = rows(folder)
    wrong_sure = [row for row in found if row.outcome in ("wrong, sure", "more, sure")]
    lines = [
        "# What the readers of bookings get right",
        "",
        "Made by `python -m tests.trips.booking_table ../shared/samples docs/evidence/bookings.md`, with",
        f"kitinerary-extractor {'installed' if kitinerary.installed() else 'NOT installed'}. {count} documents of KDE's two collections",
        "(CC0), each against the collection's expected JSON. Boarding passes are read as text and, drawn for this page, as bar codes of",
        "four kinds in PDFs. Texts and calendars of a known sender go in as a mail from there.",
        "",
        "One line counts reservations, not documents; everybody on one flight is one reservation. *Right*: nothing that both",
        "say differs (number, carrier, places, local begin and end, status, people). *Asks*: with problems, to be confirmed by",
        "a person. *Sure*: without. *More than expected*: the collection expects no such reservation. *Nothing*: it does, and",
        "nothing was found.",
        "",
        f"**Wrong and presented as sure: {len(wrong_sure)}.**",
        "",
        f"| document | reader | {' | '.join(OUTCOMES)} |",
        f"|---|---|{'---|' * len(OUTCOMES)}",
        *_table(found),
        "",
        "What a person is asked about where the reading is right, reservations that it concerns (several may hold):",
        "",
        "| problem | ours together | ours and kitinerary |",
        "|---|---|---|",
        *_reasons(found),
        "",
        "The airports that are not known here are Berlin-Tegel and Berlin-Schönefeld, which are closed, and A Coruña, which is",
        "no main airport. The passes have no issue date, or one that is years older than the day that KDE's tests give them.",
        "",
        "## Everything that is wrong, or more than expected",
        "",
        "By all of our readers together, and by all with kitinerary. In brackets the problems that a person is shown.",
        "",
    ]
    for name in (OURS, ALL):
        lines += [f"**{name}**", ""]
        lines += [
            f"- {row.sample}: {row.outcome}; {row.detail.strip(': ')}{_note(row)}"
            for row in found
            if row.reader == name and row.outcome not in ("right", "right, asks", "nothing")
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _table(found: list[Row]) -> Iterator[str]:
    counted = Counter((row.kind, row.reader, row.outcome) for row in found)
    for kind in dict.fromkeys(row.kind for row in found):
        for reader in ORDER:
            counts = [counted[kind, reader, outcome] for outcome in OUTCOMES]
            if any(counts) and (reader in (OURS, ALL) or any(counts[:-1])):
                yield f"| {kind} | {reader} | {' | '.join(str(each or '') for each in counts)} |"
    for reader in (OURS, ALL):
        sums = [sum(row.outcome == outcome for row in found if row.reader == reader) for outcome in OUTCOMES]
        yield f"| **all** | **{reader}** | {' | '.join(f'**{each}**' for each in sums)} |"


def _reasons(found: list[Row]) -> Iterator[str]:
    """Problem codes of what is right, by how often."""
    counts = {
        reader: Counter(
            code
            for row in found
            if row.reader == reader and row.outcome == "right, asks"
            for code in re.findall(r"\[([a-z.]+)\]", row.detail)
        )
        for reader in (OURS, ALL)
    }
    for code, number in (counts[OURS] + counts[ALL]).most_common():
        if number:
            text = problem_text(Problem(code))
            yield f"| {text} | {counts[OURS][code] or ''} | {counts[ALL][code] or ''} |"


def _note(row: Row) -> str:
    return next((f" ({note})" for part, note in NOTES.items() if part in row.sample), "")


def main() -> None:
    """Write or print the page."""
    from django.conf import settings

    # For the words of problems, which are the only thing here that Django makes.
    settings.configure(USE_I18N=False)
    text = page(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
