"""Make a tape from the recorded samples: `python -m tests.replay.tape OUT`.

Every file is a recording or a slice of one: what had happened until then, cut from a longer list by each entry's own
time (an earthquake's `time`, a GDACS item's `pubDate`, a MeteoAlarm message's `sent`). Nothing is invented and no
time is moved, and one list comes a second time from a source that relays it; of entries that were revised later, the later figures stand in the earlier slices too.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from tests.alerts.sample_outcomes import RECORDED_AT, with_times

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"

CAP = re.compile(rb"<(?:\w+:)?sent>\s*([^<]+?)\s*</")


def build(out: Path) -> dict[str, int]:
    """Write the tape; return how many documents each source has."""
    counts: dict[str, int] = {}
    for source, at, name, body in _all():
        folder = out / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{at:%Y-%m-%dT%H%M%SZ}-{name}").write_bytes(body)
        counts[source] = counts.get(source, 0) + 1
    return counts


def _all() -> Iterator[tuple[str, datetime, str, bytes]]:
    yield from _quakes()
    yield from _gdacs_items()
    yield from _meteoalarm()
    yield from _whole()
    yield from _templated()
    yield from _messages()


def _quakes() -> Iterator[tuple[str, datetime, str, bytes]]:
    """A week of the USGS list, hourly as the 4.5_day feed shows it and six-hourly as the 1.0_week feed does."""
    document = _json("usgs-earthquake/eq_data_7_day_m1.geojson")
    until = _epoch(document["metadata"]["generated"])
    rows = [(_epoch(row["properties"]["time"]), row) for row in document["features"]]
    at = until - timedelta(days=6)
    hour = 0
    while at <= until:
        large = [
            row
            for moment, row in rows
            if at - timedelta(days=1) < moment <= at and (row["properties"]["mag"] or 0) >= 4.5
        ]
        yield "usgs-day=usgs", at, "4.5_day.geojson", _features(document, large)
        if hour % 6 == 0:
            week = [row for moment, row in rows if moment <= at]
            yield "usgs-week=usgs", at + timedelta(seconds=30), "1.0_week.geojson", _features(document, week)
        at += timedelta(hours=1)
        hour += 1


def _features(document: dict[str, Any], rows: list[Any]) -> bytes:
    return json.dumps({**document, "features": rows}, ensure_ascii=False).encode()


def _gdacs_items() -> Iterator[tuple[str, datetime, str, bytes]]:
    """The last days of the seven-day list, six-hourly; then the three lists as they were recorded."""
    text = (SAMPLES / "gdacs/gdacs-rss-7d.xml").read_text("utf-8-sig")
    head, *items = re.split(r"(?=<item>)", text)
    last, _end, tail = items[-1].partition("</item>")
    items[-1] = last + "</item>"
    dated = [
        (parsedate_to_datetime(re.findall(r"<pubDate>(.*?)</pubDate>", item)[0]), item) for item in items
    ]
    until = datetime(2019, 12, 30, tzinfo=UTC)
    for step in range(16, 0, -1):
        at = until - timedelta(hours=6 * step)
        known = [item for moment, item in dated if moment <= at]
        yield "gdacs-7d=gdacs", at, "rss.xml", (head + "".join(known) + tail).encode()
    for source, name, at in (
        ("gdacs-24h=gdacs", "gdacs-rss-24h", datetime(2019, 12, 30, 1, 0, tzinfo=UTC)),
        ("gdacs-7d=gdacs", "gdacs-rss-7d", datetime(2019, 12, 30, 1, 5, tzinfo=UTC)),
        ("gdacs-main=gdacs", "gdacs-rss", datetime(2019, 12, 30, 1, 36, tzinfo=UTC)),
    ):
        yield source, at, f"{name}.xml", (SAMPLES / f"gdacs/{name}.xml").read_bytes()


def _meteoalarm() -> Iterator[tuple[str, datetime, str, bytes]]:
    document = _json("meteoalarm/meteoalarm_de.json")
    moments = sorted(
        {datetime.fromisoformat(row["alert"]["sent"]).astimezone(UTC) for row in document["warnings"]}
    )
    for at in moments:
        known = [row for row in document["warnings"] if datetime.fromisoformat(row["alert"]["sent"]) <= at]
        yield (
            "meteoalarm-de=meteoalarm",
            at + timedelta(minutes=2),
            "germany.json",
            json.dumps({"warnings": known}).encode(),
        )


def _whole() -> Iterator[tuple[str, datetime, str, bytes]]:
    for source, at, path in (
        ("gdacs-main=gdacs", "2026-03-23T12:00:00+00:00", "gdacs/gdacs-events-2026-03-23.geojson"),
        ("gdacs-main=gdacs", "2026-04-28T12:00:00+00:00", "gdacs/gdacs-events-2026-04-28.geojson"),
        ("gdacs-main=gdacs", "2026-05-03T12:00:00+00:00", "gdacs/gdacs-events-2026-05-03.geojson"),
        ("nws=nws", "2026-08-18T12:00:00+00:00", "nws/active-5-features-2026-08-18.json"),
        ("emsc=emsc", "2026-10-03T12:00:00+00:00", "emsc/fdsn-event-pyrenees.json"),
        ("gvp=gvp", "2026-09-17T23:00:00+00:00", "volcano/WeeklyVolcanoRSS-2026-09-17.xml"),
    ):
        yield source, datetime.fromisoformat(at), Path(path).name, (SAMPLES / path).read_bytes()


def _templated() -> Iterator[tuple[str, datetime, str, bytes]]:
    """The long list of the NWS, whose recorder had put templates for the times: with times of its day again."""
    text = with_times((SAMPLES / "nws/active-air-quality-2026-07.json").read_text("utf-8"))
    at = RECORDED_AT.astimezone(UTC)
    yield "nws=nws", at, "active-air-quality.json", text.encode()
    # A hub that relays national warnings hands on the very same messages.
    yield "relay=nws", at + timedelta(minutes=5), "active-air-quality.json", text.encode()


def _messages() -> Iterator[tuple[str, datetime, str, bytes]]:
    """Single CAP messages five minutes after they say that they were sent."""
    paths = [
        *(SAMPLES / "cap-national").iterdir(),
        SAMPLES / "tsunami/tsunami.xml",
        SAMPLES / "meteoalarm/multi-area.xml",
    ]
    paths += (SAMPLES / "nws").glob("*.xml")
    for path in sorted(paths):
        body = path.read_bytes()
        found = CAP.search(body)
        if path.suffix not in (".xml", ".cap") or found is None or b"<rss" in body[:500]:
            continue
        sent = datetime.fromisoformat(found[1].decode().replace("Z", "+00:00")).astimezone(UTC)
        yield "national=cap", sent + timedelta(minutes=5), path.name, body


def _json(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def _epoch(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


if __name__ == "__main__":
    for key, count in sorted(build(Path(sys.argv[1])).items()):
        print(f"{key}: {count} documents")
