"""What becomes of every file among the recorded samples of alert sources.

    python -m tests.alerts.sample_outcomes ../shared/samples docs/evidence/ingest-samples.md

Runs the real `ingest` command on each file, with `--base` its folder, in an empty database of its own, with the
network watched: a connection or a name look-up of any kind would be counted. Without the second argument the table
is printed.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

FOLDERS = {
    "gdacs": "gdacs",
    "usgs-earthquake": "usgs",
    "emsc": "emsc",
    "nws": "nws",
    "meteoalarm": "meteoalarm",
    "cap-national": "cap",
    "wmo-swic": "swic",
    "cap-feed-registries": "cap",
    "cap-conformance": "cap",
    "tsunami": "cap",
    "volcano": "gvp",
}
"""Folder → format; some files of a folder are of another one."""
BY_NAME = (("mow.*.json", "nina"), ("alertswiss-*.json", "alertswiss"))
NOT_INGESTED = {
    "mow.*.geojson": "no message: the shapes of the warning beside it, read together with that",
    "geocodes/*": "no alert: a boundary, for the places",
}
NO_FEED = {
    "cap-feed-registries": "a register of feeds and no feed: our own list of sources was made from it",
    "usgs_event.xml": "QuakeML, which no source of ours sends",
}
"""Files that `ingest` is expected to refuse, and what they are."""
TEMPLATED = ("active-air-quality-2026-07.json", "active-all-event-types.json")
RECORDED_AT = datetime(2026, 7, 17, 12, 0, tzinfo=timezone(timedelta(hours=-5)))
_TEMPLATE = re.compile(
    r"date:(now|today)(?: (\d\d):(\d\d):([+-]\d{1,2}))?(?: ([+-]\d+) (second|minute|hour|day)s?)?"
)
MOST_REASONS = 4


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    file: str
    format: str
    outcome: str
    counts: str
    detail: str


def jobs(samples: Path, scratch: Path) -> Iterator[tuple[str, str, Path]]:
    """(name, format, file) in the order of the table; templated recordings come raw and with times put in."""
    for folder, usual in FOLDERS.items():
        for path in sorted((samples / folder).iterdir()):
            name = f"{folder}/{path.name}"
            if any(path.match(pattern) for pattern in NOT_INGESTED):
                continue
            format = next((format for pattern, format in BY_NAME if path.match(pattern)), usual)
            if path.name in TEMPLATED:
                yield f"{name} (as recorded)", format, path
                mended = scratch / path.name
                mended.write_text(with_times(path.read_text(encoding="utf-8")), encoding="utf-8")
                yield f"{name} (times put in)", format, mended
            else:
                yield name, format, path


def with_times(text: str) -> str:
    """A recording whose times were replaced by templates (“date:now -7 seconds”), with times again."""

    def instant(found: re.Match[str]) -> str:
        kind, hour, minute, zone, amount, unit = found.groups()
        at = RECORDED_AT
        if kind == "today" and hour:
            at = at.astimezone(timezone(timedelta(hours=int(zone))))
            at = at.replace(hour=int(hour), minute=int(minute), second=0)
        if amount:
            at += timedelta(**{f"{unit}s": int(amount)})
        return at.isoformat()

    return _TEMPLATE.sub(instant, text)


@contextmanager
def watched_network() -> Iterator[list[str]]:
    """Count every attempt to connect or to look up a name; none succeeds."""
    tried: list[str] = []
    kept = socket.socket.connect, socket.getaddrinfo

    def refuse(*arguments: Any, **_: Any) -> Any:
        tried.append(repr(arguments[-1]))
        raise OSError("no network here")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse
    try:
        yield tried
    finally:
        socket.socket.connect, socket.getaddrinfo = kept  # type: ignore[method-assign]


def outcome(name: str, format: str, path: Path) -> Row:
    """Return what the command answered, in few words, and what it noted."""
    from django.core.management import call_command

    from safeconduct.alerts.models import AlertVersion

    out, err = StringIO(), StringIO()
    last = AlertVersion.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        call_command(
            "ingest", format, path.name, "--base", str(path.parent), *_own_source(name, format), "--json",
            stdout=out, stderr=err,
        )  # fmt: skip
    except SystemExit:
        what = next((why for part, why in NO_FEED.items() if part in name), "")
        return Row(
            name, format, "refused", "", ": ".join(part for part in (what, err.getvalue().strip()) if part)
        )
    answer = json.loads(out.getvalue())
    names = ("documents", "new", "updated", "cancelled", "unchanged", "unreachable")
    counts = [
        f"{answer[count]} {count}"
        for count in names
        if answer[count] and (count, answer[count]) != ("documents", 1)
    ]
    if answer["rejected"]:
        counts.append(f"{len(answer['rejected'])} refused")
    versions = list(AlertVersion.objects.filter(pk__gt=last).order_by("pk"))
    said = _said(versions[0]) if len(versions) == 1 else _summed(versions)
    reasons = [
        _reasons("refused", answer["rejected"]),
        _reasons("unreachable", answer.get("not_reached", [])),
    ]
    detail = "; ".join(part for part in (said, *reasons) if part)
    return Row(name, format, "read", ", ".join(counts) or "an empty list", detail)


def _own_source(name: str, format: str) -> list[str]:
    """The two readings of a templated recording know nothing of each other."""
    from safeconduct.feeds.models import Source

    if not name.endswith(")"):
        return []
    key = "nws-" + "-".join(name.rpartition("(")[2].rstrip(")").split())
    Source.objects.get_or_create(key=key, defaults={"name": key, "format": format})
    return ["--source", key]


def _reasons(what: str, rejected: list[dict[str, str]]) -> str:
    """What was refused or not reached, and why; many alike are counted."""
    if not rejected:
        return ""
    if len(rejected) <= MOST_REASONS:
        return f"{what}: " + "; ".join(f"{_place(row['where'])}: {row['problem']}" for row in rejected)
    kinds = Counter(re.sub(r"“[^”]*”|\d+", "…", row["problem"]) for row in rejected)
    told = [f"{count} × {problem}" for problem, count in kinds.most_common(MOST_REASONS)]
    rest = len(kinds) - len(told)
    return f"{what}: " + "; ".join([*told, *([f"{rest} other reasons"] if rest else [])])


def _place(where: str) -> str:
    """The place within a message, without the message's long name."""
    head, comma, tail = where.partition(", info")
    return f"info{tail}" if comma else head


def _said(version: Any) -> str:
    where = "/".join(version.countries) or "no country"
    notes = f" ({'; '.join(version.notes)})" if version.notes else ""
    return f"{version.event_type}, {version.severity}, area {version.impact_origin}, {where}{notes}"


def _summed(versions: list[Any]) -> str:
    if not versions:
        return ""
    parts = []
    for title, values in (
        ("kinds", [version.event_type for version in versions]),
        ("severity", [version.severity for version in versions]),
        ("area", [version.impact_origin for version in versions]),
    ):
        common = Counter(values).most_common(5)
        rest = len(set(values)) - len(common)
        told = ", ".join(f"{value} {count}" for value, count in common)
        parts.append(f"{title}: {told}{f' and {rest} more' if rest else ''}")
    return "; ".join(parts)


def table(samples: Path) -> str:
    """Return the Markdown page."""
    with tempfile.TemporaryDirectory() as scratch, watched_network() as tried:
        rows = [outcome(*job) for job in jobs(samples, Path(scratch))]
    others = [
        Row(str(path.relative_to(samples)), "", "not ingested", "", why)
        for pattern, why in NOT_INGESTED.items()
        for path in sorted(samples.rglob(pattern))
    ]
    read = sum(row.outcome == "read" for row in rows)
    lines = [
        "# Every recorded file of the alert sources, and what `ingest` makes of it",
        "",
        "Made by `python -m tests.alerts.sample_outcomes ../shared/samples docs/evidence/ingest-samples.md`.",
        "Each file went through `safeconduct ingest FORMAT FILE --base ITS-FOLDER` into one empty database, in this",
        "order: an event that two recordings hold is new in the first and unchanged or updated in the second.",
        "",
        f"{len(rows)} runs: {read} read, {len(rows) - read} refused with a reason; {len(others)} files are no documents",
        f"of a feed. Connections or name look-ups tried while reading: {len(tried)}.",
        "",
        "“Unreachable” are messages that an index names and that are not among the recordings. “Refused” counts",
        "entries, shapes and dates that were left out while the rest was read.",
        "",
        "| file | format | outcome | counts | what was read, or why not |",
        "|---|---|---|---|---|",
    ]
    for row in [*rows, *others]:
        cells = (row.file, row.format, row.outcome, row.counts, row.detail)
        safe = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
        lines.append(f"| {' | '.join(safe)} |")
    lines += [
        "",
        "Files marked INVALID in their collection because of a missing or unknown code are read with that code as",
        "Unknown, as real services send such messages; the note in brackets says so. Two recordings of the NWS hold",
        "templates instead of times: they were read as they are (every such time is refused, the alert kept) and with",
        "times put in.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write or print the page."""
    import django

    import tests.environment  # noqa: F401 - an own, empty data folder

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.DATABASES["default"]["NAME"] = ":memory:"
    call_command("migrate", verbosity=0)
    page = table(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
