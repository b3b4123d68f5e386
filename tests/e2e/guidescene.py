"""Guides worth looking at, for pictures, journeys and measurements: `python -m tests.e2e.guidescene [SAMPLES]`.

Writes into the data folder of SAFECONDUCT_HOME, which must be a demonstration, through the same actions as people and
sources: texts that a second person approved, an organisation's note and rating, official advice, active alerts.
Issuers and texts are invented; with SAMPLES the recorded German advice (not shipped) is read as well.
"""

from __future__ import annotations

import argparse
import os
from datetime import timedelta
from pathlib import Path

import django

KENYA = "-2,36 -2,37.4 -0.8,37.4 -0.8,36 -2,36"
LUZON = "16,120.4 16,121.4 17.6,121.4 17.6,120.4 16,120.4"
TOKYO = "35,139 35,141 37,141 37,139 35,139"
# Destination, part, text in English.
TEXTS = (
    ("iso:KE", "overview", "Most visits are **without incident**. The coast, Nairobi and the parks are served by daily flights.\n\n- Heavy rain from March to May closes roads.\n- Carry your passport or a copy."),
    ("iso:KE", "personal-risk", "Muggings happen in Nairobi after dark. Take a registered taxi from the door."),
    ("iso:PH", "overview", "Storms cross the islands from June to December. Ferries stop early: plan a day in hand."),
    ("iso:JP", "preparation", "Register the address of each night with your hosts. Cash is still needed outside cities."),
)  # fmt: skip
NOTES = (
    ("iso:KE", "overview", "Field work in the north needs the Dean’s approval. The station in Nanyuki has a **satellite phone**."),
)  # fmt: skip
LEVELS = {
    "northern": {"Kenya": 2, "Japan": 1, "Philippines": 2, "Russia": 4, "Finland": 1, "Ukraine": 4, "Mexico": 2},
    "southern": {"Kenya": 3, "Japan": 1, "Philippines": 2, "Russia": 4, "France": 2, "Haiti": 4, "India": 2},
}  # fmt: skip


def seed(samples: Path | None = None) -> None:
    """Write everything once."""
    from safeconduct.accounts.models import User
    from safeconduct.guides import actions
    from safeconduct.orgs.models import Membership, Organisation
    from safeconduct.places.models import Place
    from safeconduct.ratings.actions import rate_for_organisation, reckon_all

    organisation = Organisation.objects.order_by("pk").first()
    assert organisation is not None
    people = [
        User.objects.exclude(desk_role="").order_by("pk")[0],
        User.objects.filter(desk_role="").order_by("pk")[0],
    ]
    writer, second = people
    places = {
        place.key: place for place in Place.objects.filter(key__in={row[0] for row in (*TEXTS, *NOTES)})
    }
    for key, part, body in TEXTS:
        edition = actions.begin_edition(places[key], part, "en", by=writer)
        edition = actions.save_draft(
            edition, by=writer, revision=edition.revision, body=body, change_note="First text"
        )
        actions.approve_edition(actions.submit_edition(edition, by=writer), by=second)
    manager = Membership.objects.for_org(organisation).order_by("pk")[0].user
    for key, part, body in NOTES:
        actions.write_note(organisation, places[key], part, body=body, by=manager)
    _advice(samples)
    _alerts()
    reckon_all()
    rate_for_organisation(organisation, "KE", "security", value="high", reason="Our field sites lie in the north.", by=manager)  # fmt: skip


def _advice(samples: Path | None) -> None:
    from safeconduct.advisories.ingest import read_document
    from safeconduct.feeds.actions import keep_document
    from safeconduct.feeds.models import Source
    from safeconduct.lib import clock
    from tests.advisories.registers import area, entry, put, section, source

    now = clock.now()
    for key, name in (
        ("northern", "Northern Ministry of Foreign Affairs"),
        ("southern", "Southern Travel Office"),
    ):
        mine = source(key, name=name, attribution=f"{name}, CC BY 4.0", last_ok_at=now, is_enabled=True)
        rows = [
            entry(
                place, level, changed_at=now - timedelta(days=40),
                areas=(area("Border counties", 4),) if place == "Kenya" else (),
                sections=(section(f"<p>Take the usual care in {place}. Laws are enforced.</p>"),),
            )
            for place, level in LEVELS[key].items()
        ]  # fmt: skip
        put(*rows, to=mine, at=now)
    path = samples / "de-auswaertiges-amt" / "travelwarning-2026-05-03.json" if samples else None
    if path is not None and path.exists():
        german, _made = Source.objects.get_or_create(
            key="auswaertiges-amt",
            defaults={
                "name": "Auswärtiges Amt", "format": "auswaertiges-amt", "display": Source.Display.WHOLE, "url": "https://www.auswaertiges-amt.de/opendata/travelwarning",
                "lists_all": True, "poll_seconds": 3600,
            },
        )  # fmt: skip
        read_document(
            keep_document(path.read_bytes(), origin=path.name, received_at=now), source=german, at=now
        )


def _alerts() -> None:
    from safeconduct.lib import clock
    from tests.alerts.messages import message, put

    now = clock.now()
    for number, (polygon, severity, headline) in enumerate(
        (
            (KENYA, "Severe", "Flooding around Nairobi until Thursday"),
            (LUZON, "Severe", "Landslides in the mountains of Luzon"),
            (TOKYO, "Moderate", "Strong wind on the coast of Kanto"),
        )
    ):
        sent, ends = now - timedelta(hours=2), now + timedelta(days=2)
        put(
            message(
                f"guide-{number}", sent=sent.isoformat(timespec="seconds"), expires=ends.isoformat(timespec="seconds"),
                severity=severity, polygon=polygon, headline=headline,
            ),
            at=now,
        )  # fmt: skip


def main() -> None:
    """Fill the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path, nargs="?")
    wanted = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    django.setup()
    seed(wanted.samples)


if __name__ == "__main__":
    main()
