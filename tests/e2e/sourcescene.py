"""Sources in every state, for pictures of the desk: invented tries, refusals and links of a fortnight.

Used by alertscene.py, in the same demonstration folder. Nothing here is shipped, and no address is asked: none is due.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

LONG = "https://cap.example.org/feeds/warnings/en/atom/of-the-national-meteorological-and-hydrological-service.xml"
# Key, name, format, country, minutes between tries, what the newest tries were (oldest first), what else is set.
SOURCES: list[tuple[str, str, str, str, int, str, dict[str, Any]]] = [
    ("coast", "Coast Guard warnings", "cap", "PT", 30, "nuunuunuunuu", {"licence": "CC BY 4.0", "attribution": "Coast Guard"}),
    ("hills", "Hill country hydrology", "cap", "KE", 60, "nnnununnffff", {"consecutive_failures": 41, "late": 52, "display": "excerpt"}),
    ("plains", "Plains weather service", "cap", "DE", 15, "nunununununf", {"consecutive_failures": 1}),
    ("islands", "Islands volcano observatory", "gvp", "PH", 60, "uuuuuuuuuuuu", {"quiet": True, "display": "link"}),
    ("delta", "Delta meteorological and hydrological service, warnings in English", "cap", "BD", 30, "nununnununun",
     {"url": LONG, "links": True, "licence": "Open Government Licence 3.0", "attribution": "Delta service", "lists_all": True}),
    ("valley", "Valley civil protection", "cap", "CH", 30, "nununnnununn", {"reissue": True}),
    ("lakes", "Lake district alerts", "cap", "FI", 30, "", {"is_enabled": False}),
]  # fmt: skip
PROBLEM = "cap.example.org answered 503 three times; the next try waits for 32 minutes"
OUTCOMES = {"n": "new", "u": "unchanged", "f": "failed"}


def seed(now: datetime) -> None:
    """Write the sources and what became of them."""
    from safeconduct.feeds.actions import keep_document
    from safeconduct.feeds.models import Fetch, LinkedMessage, Reissue, Rejection, Source

    index = keep_document(b"<feed/>" + b" " * 48_000, origin=LONG, received_at=now)
    for key, name, form, country, minutes, newest, more in SOURCES:
        late, quiet = more.pop("late", 0), more.pop("quiet", False)
        has_links, is_reissued = more.pop("links", False), more.pop("reissue", False)
        values = {"url": f"https://{key}.example.org/cap/atom.xml", "is_enabled": True, "poll_seconds": minutes * 60, "last_ok_at": now - timedelta(minutes=late * 60 or 4), **more}  # fmt: skip
        source = Source.objects.create(
            key=f"picture-{key}", name=name, format=form, country_code=country, **values
        )
        if not source.is_enabled:
            Source.objects.filter(pk=source.pk).update(last_ok_at=None)
            continue
        rows = []
        for number in range(14 * 24 * 60 // minutes):
            kind = (
                newest[-1 - number]
                if number < len(newest)
                else "u"
                if quiet and number < 150
                else "nu"[number % 2]
            )
            if number > 40 and number % (23 if key == "hills" else 131) == 7:
                kind = "f"
            at, is_bad = now - timedelta(minutes=4 + number * minutes), kind == "f"
            rows.append(
                Fetch(
                    source=source, started_at=at, finished_at=at + timedelta(seconds=2), outcome=OUTCOMES[kind],
                    http_status={"n": 200, "u": 304, "f": 503}[kind], problem=PROBLEM if is_bad else "",
                    read_count=14 if kind == "n" else 0, new_count=number % 3 if kind == "n" else 0,
                    refused_count=2 if kind == "n" and has_links else 0, linked_count=14 if kind == "n" and has_links else 0,
                    document=index if kind == "n" and number < 12 else None, bytes=48_007 if kind == "n" else 0,
                    note="The list names 3 entries twice; each was read once" if kind == "n" and number == 2 else "",
                )
            )  # fmt: skip
        Fetch.objects.bulk_create(rows, batch_size=500)
        if has_links:
            for number, (state, problem) in enumerate(
                [("read", "")] * 9
                + [("waiting", "")] * 2
                + [("unreachable", "delta.example.org did not answer within 30 s"), ("unreachable", "delta.example.org answered 404")]
                + [("refused", "not well-formed at line 12: the element info is not closed")]
            ):  # fmt: skip
                address = LONG.replace("atom/", "messages/2026/11/24/").replace(
                    ".xml", f"-urn-oid-2.49.0.1.50.{number}.xml"
                )
                LinkedMessage.objects.create(source=source, url=address, state=state, problem=problem, tries=3, listed_at=now, document=index if state == "refused" else None)  # fmt: skip
            for where, problem in [
                ("entry 3 (urn:oid:2.49.0.1.50.0.2026.11.24.6.12)", "expires is not a time: 2026-11-31T06:00:00+06:00"),
                ("entry 9 (urn:oid:2.49.0.1.50.0.2026.11.24.6.18)", "polygon 1 has only two corners"),
            ]:  # fmt: skip
                Rejection.objects.create(
                    document=index,
                    source=source,
                    where=where,
                    problem=problem,
                    created_at=now - timedelta(hours=2),
                )
        if is_reissued or has_links:
            Reissue.objects.create(
                source=source, document=index, at=now - timedelta(minutes=34), count=312, new_count=4
            )
