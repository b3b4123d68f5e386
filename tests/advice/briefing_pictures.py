"""Ten briefings as pages of their PDFs, for looking at:

    export SAFECONDUCT_HOME=$(mktemp -d); safeconduct demo
    python -m tests.advice.briefing_pictures ../shared/samples docs/evidence/briefings

In a folder of its own, which it fills: the recorded documents of official advice are read, each on its day, and
a recorded visa matrix; what else a briefing shows is invented and says so (`Example`, `exercise`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ASKED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ACROSS, SCALE = 3, 0.95
MOST_BYTES = 260_000


@dataclass(frozen=True)
class Case:
    """One briefing: what it is to show, and words that stand on the pages that are looked at."""

    name: str
    shows: str
    lang: str
    options: tuple[str, ...]
    looked_for: tuple[str, ...]


CASES = (
    Case("01-medical", "a country where the medical rating is high", "en", ("US", "NG", "2027-01-11", "2027-01-24"), ("Health before you go", "My checklist")),
    Case("02-visa", "a visa that is needed, by a matrix with its date", "en", ("IN", "JP", "2027-01-11", "2027-01-24", "IN"), ("Entry and documents", "My checklist")),
    Case("03-yellow-fever", "a certificate because of a change of planes", "en", ("US", "TZ", "2027-01-11", "2027-01-24", "US", "ET:14"), ("Health before you go", "My checklist")),
    Case("04-two-countries", "two countries, one day of crossing", "en", ("US", "JP,KR:2027-01-18", "2027-01-11", "2027-01-25", "DE"), ("Your trip", "During these dates")),
    Case("05-occasion", "an occasion that somebody entered", "en", ("GB", "KE", "2027-01-11", "2027-01-24", "GB"), ("During these dates", "Occasions")),
    Case("06-unknown", "a territory of which hardly anything is known", "en", ("NO", "BV", "2027-01-11", "2027-01-24"), ("Security", "Contacts")),
    Case("07-changed-advice", "advice that changed lately, quoted sections", "en", ("US", "AL", "2027-01-11", "2027-01-24"), ("Security", "Advice that changed lately")),
    Case("08-long-stay", "a stay longer than the rule speaks of", "ar", ("US", "DE", "2027-01-11", "2027-07-24", "US"), ("ألمانيا",)),
    Case("09-active-alert", "an active alert", "en", ("US", "PH", "2026-11-25", "2026-12-02"), ("During these dates", "Active alerts")),
    Case("10-polio", "polio and other health rules and notices", "ar", ("GB", "PK", "2027-01-11", "2027-02-24", "GB"), ("باكستان",)),
)  # fmt: skip


def fill(samples: Path) -> None:
    """What the briefings are made from."""
    from safeconduct.advice.actions import add_rule, import_file
    from safeconduct.advice.details import read_details
    from safeconduct.advice.models import Occasion
    from safeconduct.alerts.models import AlertVersion
    from safeconduct.ratings.actions import reckon_all
    from tests.advice import coverage
    from tests.advisories.registers import entry, put, section, source
    from tests.alerts.messages import message
    from tests.alerts.messages import put as put_alert

    coverage.replay(samples)
    import_file(
        (samples / coverage.MATRIX).read_bytes(), file_name=coverage.MATRIX, by=None, source="Passport Index",
        as_of=date(2025, 1, 12), url="https://www.passportindex.org/",
    )  # fmt: skip
    invented = {"source": "Ministry of Health of Example (invented)", "source_url": "https://health.example.org/", "source_date": "2026-11-01"}
    polio = {"destination": "PK", "kind": "polio", "answer": "required", "lead_days": "28", "text": "Invented for this picture: of stays over four weeks."}
    found = read_details({**invented, **polio}, today=ASKED_AT.date())
    assert found.details is not None, found.problems
    add_rule(found.details, by=None)
    Occasion.objects.create(
        country="KE", kind="election", begins_on=date(2027, 1, 19), ends_on=date(2027, 1, 20), title="An invented by-election",
        why="Invented for this picture: roads may be closed around polling stations.", source_name="Electoral Commission of Example",
        source_url="https://elections.example.org/", source_on=date(2026, 11, 1),
    )  # fmt: skip
    ministry = source("example-advice", name="Ministry of Advice of Example (invented)")
    for at, level in ((ASKED_AT - timedelta(days=100), 1), (ASKED_AT - timedelta(days=9), 3)):
        words = section("<p>Invented for this picture.</p>", "security", "Safety")
        put(entry("Albania", level, changed_at=at, sections=(words,)), to=ministry, at=at, is_register=False)
    put(entry("Albania", 3, changed_at=ASKED_AT - timedelta(days=9), sections=(words,)), to=ministry, at=ASKED_AT, is_register=False)
    area = "13,120 13,122 16,122 16,120 13,120"
    put_alert(
        message("example-1", polygon=area, expires="2026-11-29T10:00:00+00:00", headline="Invented for this picture: storm over Luzon"),
        at=ASKED_AT,
    )  # fmt: skip
    assert AlertVersion.objects.exists()
    reckon_all()


def main(samples: Path, out: Path) -> None:
    """Write a picture of the pages that a case is about."""
    from safeconduct.advice.gathering import briefing_of
    from safeconduct.advice.management.commands.brief import asked_of_options
    from safeconduct.advice.paper import briefing_pdf
    from safeconduct.lib import clock

    out.mkdir(parents=True, exist_ok=True)
    with clock.held_at(ASKED_AT):
        fill(samples)
        for case in CASES:
            departure, to, depart, back, *more = case.options
            question = asked_of_options({
                "departure": departure, "to": to, "depart": depart, "returns": back, "purpose": "",
                "passport": more[:1], "via": more[1:2],
            })  # fmt: skip
            briefing = briefing_of(question, lang=case.lang, now=ASKED_AT)
            pages = _picture(briefing_pdf(briefing), out / f"{case.name}.png", case.looked_for)
            lines = list(briefing.lines())
            unknown = sum(line.is_unknown for line in lines)
            sys.stdout.write(f"| [{case.name}](briefings/{case.name}.png) | {case.shows} | {case.lang} | {len(lines)} | {unknown} | {pages} |\n")


def _picture(data: bytes, file: Path, looked_for: tuple[str, ...]) -> int:
    """The cover, then the pages on which a word is found first behind the contents; in few colours."""
    import pypdfium2
    from PIL import Image

    pdf = pypdfium2.PdfDocument(data)
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in pdf]
    shown = [0]
    for word in looked_for:
        found = [n for n, text in enumerate(texts) if n > 2 and word in text] or [2]
        shown += [n for n in (found[0], found[0] + 1) if n < len(pdf) and n not in shown]
    shown = [*shown, *(n for n in range(2, len(pdf)) if n not in shown)][: 2 * ACROSS]
    drawn = [pdf[n].render(scale=SCALE).to_pil() for n in shown]
    width, height = drawn[0].size
    sheet = Image.new("RGB", (width * ACROSS, height * -(-len(drawn) // ACROSS)), "white")
    for n, picture in enumerate(drawn):
        sheet.paste(picture, (n % ACROSS * width, n // ACROSS * height))
    for colours in (64, 32, 16):
        sheet.quantize(colours).save(file, optimize=True)
        if file.stat().st_size <= MOST_BYTES:
            break
    return len(pdf)


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    django.setup()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
