"""A world full of warnings for pictures and measurements: `python -m tests.e2e.alertscene SAMPLES [--many N]`.

Writes into the data folder of SAFECONDUCT_HOME, which must be a demonstration. Recorded documents (not shipped) are
moved to now by whole days, so that what was active then is active again; some messages of our own add what they
lack: an update, two sources of one storm, a correction, a licence that allows no more than a link; sources in every
state for the desk.
"""

from __future__ import annotations

import argparse
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import django

from tests.e2e import sourcescene

DATE = re.compile(rb"(20\d\d)-([01]\d)-([0-3]\d)(?=[T ]\d\d:\d\d)")
MILLISECONDS = re.compile(rb'("(?:time|updated)":\s*)(1[5-9]\d{11})')
LEYTE = "10,124 12.5,124 12.5,126 10,126 10,124"
# Folder and file, format, the day it was recorded, key, name, licence of the source.
RECORDED = [
    ("gdacs/gdacs-events-2026-05-03.geojson", "gdacs", date(2026, 5, 3), "gdacs", "GDACS", ""),
    ("nws/active-5-features-2026-08-18.json", "nws", date(2026, 8, 18), "us-nws", "US National Weather Service", "public domain"),
    ("nws/active-air-quality-2026-07.json", "nws", date(2026, 7, 16), "us-nws", "US National Weather Service", "public domain"),
    ("meteoalarm/meteoalarm_de.json", "meteoalarm", None, "meteoalarm-de", "MeteoAlarm, Germany", ""),
    ("cap-national/dwd-update.xml", "cap", None, "de-dwd", "Deutscher Wetterdienst", ""),
    ("cap-national/mow.DE-HE-KS-SE106-20250313-106-001.xml", "cap", None, "de-bbk", "Warn-App NINA", ""),
    ("cap-national/kz-2.49.0.0.398.0-20250306-133701-0284797-00-EN.xml", "cap", None, "kz-met", "Kazhydromet", ""),
    ("cap-national/ru-20250301222516-0086037.xml", "cap", None, "ru-met", "Roshydromet", ""),
    ("cap-national/il-488abaaf-cad5-4d2b-93b2-703016878453.xml", "cap", None, "il-ims", "Israel Meteorological Service", ""),
    ("usgs-earthquake/eq_data_1_day_m1.geojson", "usgs", None, "usgs", "USGS", "public domain"),
]  # fmt: skip


def moved(data: bytes, recorded: date | None, now: datetime) -> bytes:
    """The document as if it had been recorded today; without a date, the newest date in it was yesterday's."""
    found = [date(int(year), int(month), int(day)) for year, month, day in DATE.findall(data)]
    stamps = [int(stamp) / 1000 for _name, stamp in MILLISECONDS.findall(data)]
    if recorded is None:
        newest = max([*found, *(datetime.fromtimestamp(stamp, UTC).date() for stamp in stamps)])
        recorded = newest - timedelta(days=1)
    days = now.date() - recorded

    def later(match: re.Match[bytes]) -> bytes:
        try:
            return (date(*(int(part) for part in match.groups())) + days).isoformat().encode()
        except ValueError:
            return match.group()

    data = DATE.sub(later, data)
    ms = int(days.total_seconds() * 1000)
    return MILLISECONDS.sub(lambda match: match.group(1) + str(int(match.group(2)) + ms).encode(), data)


def seed(samples: Path, *, many: int = 0) -> int:
    """Read everything; return how many versions there are."""
    from safeconduct.alerts.ingest import read_document
    from safeconduct.alerts.models import AlertVersion
    from safeconduct.feeds.actions import keep_document
    from safeconduct.feeds.models import Source
    from safeconduct.lib import clock
    from safeconduct.lib.errors import Refused

    now = clock.now()
    for name, form, recorded, key, label, licence in RECORDED:
        source, _made = Source.objects.get_or_create(
            key=f"picture-{key}", defaults={"name": label, "format": form, "licence": licence}
        )
        path = samples / name
        if not path.exists():
            print(f"{name}: not there")
            continue
        document = keep_document(moved(path.read_bytes(), recorded, now), origin=name, received_at=now)
        try:
            report = read_document(document, source=source, at=now)
        except Refused as refusal:
            print(f"{name}: {refusal}")
            continue
        print(
            name, {str(what): count for what, count in report.counts.items() if count}, len(report.rejected)
        )
    _own(now)
    sourcescene.seed(now)
    for number in range(many):
        _one_of_many(number, now)
    return AlertVersion.objects.count()


def _own(now: datetime) -> None:
    """Two sources of one storm, with updates; a link-only source; a corrected area."""
    from safeconduct.accounts.models import User
    from safeconduct.alerts.corrections import correct_area
    from safeconduct.alerts.incidents import merge
    from safeconduct.alerts.models import AlertVersion, Event
    from safeconduct.feeds.models import Source
    from safeconduct.lib.geo import polygon_from_cap
    from tests.alerts.messages import message, triple
    from tests.alerts.messages import put as stored

    def put(data: bytes, source: Source) -> AlertVersion:
        return stored(data, at=now, source=source).version

    def at(hours: float) -> str:
        return (now + timedelta(hours=hours)).isoformat(timespec="seconds")

    first, _made = Source.objects.get_or_create(
        key="picture-met", defaults={"name": "National weather service", "format": "cap", "licence": "open"}
    )
    second, _made = Source.objects.get_or_create(
        key="picture-relay",
        defaults={"name": "Storm relay", "format": "cap", "trust": "relay", "display": "excerpt"},
    )
    linked, _made = Source.objects.get_or_create(
        key="picture-link", defaults={"name": "Own words institute", "format": "cap", "display": "link"}
    )
    put(
        _typhoon(
            message(
                "pic-1",
                sent=at(-20),
                expires=at(40),
                severity="Moderate",
                polygon=LEYTE,
                headline="Typhoon may cross Leyte on Wednesday",
            )
        ),
        source=first,
    )
    lead = put(
        _typhoon(
            message(
                "pic-2",
                sent=at(-6),
                expires=at(50),
                msg_type="Update",
                references=triple("pic-1", at(-20)),
                severity="Severe",
                polygon=LEYTE,
                headline="Typhoon will cross Leyte on Wednesday",
            )
        ),
        source=first,
    )
    relayed = put(
        _typhoon(
            message(
                "pic-3",
                sent=at(-5),
                expires=at(48),
                severity="Severe",
                polygon=LEYTE,
                headline="Tropical cyclone near Leyte",
                sender="relay@example.org",
            )
        ),
        source=second,
    )
    put(
        message(
            "pic-4",
            sent=at(-2),
            expires=at(30),
            severity="Extreme",
            polygon="35,139 35,141 37,141 37,139 35,139",
            headline="NOT TO BE SHOWN",
            sender="own@example.org",
        ),
        source=linked,
    )
    wrong = put(
        message(
            "pic-5",
            sent=at(-3),
            expires=at(20),
            severity="Moderate",
            polygon="-2,36 -2,38 0,38 0,36 -2,36",
            headline="Heavy rain around Nairobi",
            sender="kenya@example.org",
        ),
        source=first,
    )
    operator = User.objects.exclude(desk_role="").first()
    one, other = (Event.objects.get(pk=version.event_id) for version in (lead, relayed))
    if one.incident_id != other.incident_id and operator is not None:
        merge(one.incident, [other.incident], by=operator, reason="The same storm")
    if operator is not None:
        area = polygon_from_cap("-2,36 -2,37.4 -0.8,37.4 -0.8,36 -2,36")
        correct_area(
            wrong,
            by=operator,
            geometry=area,
            reason="The eastern half is another county’s, which the bulletin excludes.",
        )


def _typhoon(data: bytes) -> bytes:
    return data.replace(b"<event>Storm</event>", b"<event>Typhoon</event>").replace(
        b"Wind of 120 km/h.", b"Winds of 150 km/h, a storm surge of 2 to 3 m at Tacloban."
    )


def _one_of_many(number: int, now: datetime) -> None:
    """Small areas all over the land, for measuring; every other one is over."""
    from tests.alerts.messages import message, put

    lat, lon = -40 + (number * 7) % 95, -120 + (number * 13) % 260
    square = f"{lat},{lon} {lat},{lon + 0.8} {lat + 0.6},{lon + 0.8} {lat + 0.6},{lon} {lat},{lon}"
    sent, end = now - timedelta(minutes=number % 9000), now + timedelta(hours=30 if number % 2 else -1)
    severity = ("Minor", "Moderate", "Severe", "Extreme", "Unknown")[number % 5]
    text = message(f"many-{number}", sent=sent.isoformat(timespec="seconds"), expires=end.isoformat(timespec="seconds"), severity=severity, polygon=square, headline=f"Storm {number}")  # fmt: skip
    put(text, at=now)


def main() -> None:
    """Fill the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--many", type=int, default=0, help="so many small warnings more")
    wanted = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
    django.setup()
    print(seed(wanted.samples, many=wanted.many), "versions")


if __name__ == "__main__":
    main()
