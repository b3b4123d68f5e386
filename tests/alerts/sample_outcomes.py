"""What becomes of every single-message CAP and USGS file among the recorded samples.

    python -m tests.alerts.sample_outcomes ../shared/samples docs/evidence/ingest-samples.md

Runs the real `ingest` command on each file in an empty database of its own, with the network watched: a
connection or a name look-up of any kind would be counted. Without the second argument the table is printed.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

FOLDERS = ("cap-national", "cap-conformance", "nws", "tsunami", "usgs-earthquake")
ELSEWHERE = ("gdacs/gdacs-cap_*.xml", "meteoalarm/*.xml")
CAP_ENDINGS = {".cap", ".xml", ".atom", ".edxlde", ".rss"}
NOT_THESE = {"usgs_event.xml": "QuakeML, another format"}


def files(samples: Path) -> list[tuple[str, Path]]:
    """Return (format, file) for every file of the folders and every *.cap elsewhere."""
    found: list[tuple[str, Path]] = []
    for folder in FOLDERS:
        for path in sorted((samples / folder).iterdir()):
            if path.name in NOT_THESE:
                continue
            if path.suffix == ".geojson" and folder == "usgs-earthquake":
                found.append(("usgs", path))
            elif path.suffix in CAP_ENDINGS:
                found.append(("cap", path))
    found += [("cap", path) for pattern in ELSEWHERE for path in sorted(samples.glob(pattern))]
    known = {path for _, path in found}
    found += [("cap", path) for path in sorted(samples.rglob("*.cap")) if path not in known]
    return found


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


def outcome(format: str, path: Path) -> tuple[str, str]:
    """Return what the command answered, in few words, and what it noted."""
    from django.core.management import call_command

    from safeconduct.alerts.models import AlertVersion

    out, err = StringIO(), StringIO()
    before = AlertVersion.objects.count()
    try:
        call_command("ingest", format, str(path), "--json", stdout=out, stderr=err)
    except SystemExit:
        return "refused", err.getvalue().strip()
    answer = json.loads(out.getvalue())
    counts = ", ".join(
        f"{answer[name]} {name}" for name in ("new", "updated", "cancelled", "unchanged") if answer[name]
    )
    rejected = "; ".join(f"{_place(row['where'])}: {row['problem']}" for row in answer["rejected"])
    versions = list(AlertVersion.objects.order_by("pk")[before : before + 1])
    said = "; ".join(_said(version) for version in versions if answer["documents"] == 1 and format == "cap")
    return f"read: {counts or 'nothing in it'}", "; ".join(
        part for part in (said, rejected and f"rejected: {rejected}") if part
    )


def _place(where: str) -> str:
    """The place within a message, without the message's long name."""
    head, comma, tail = where.partition(", info")
    return f"info{tail}" if comma else head


def _said(version: Any) -> str:
    where = "/".join(version.countries) or "no country"
    notes = f" ({'; '.join(version.notes)})" if version.notes else ""
    return f"{version.event_type}, {version.severity}, area {version.impact_origin}, {where}{notes}"


def table(samples: Path) -> str:
    """Return the Markdown page."""
    with watched_network() as tried:
        rows = [(format, path, *outcome(format, path)) for format, path in files(samples)]
    read = sum(1 for row in rows if row[2].startswith("read"))
    lines = [
        "# Every recorded single-message file and what `ingest` makes of it",
        "",
        "Made by `python -m tests.alerts.sample_outcomes ../shared/samples docs/evidence/ingest-samples.md`.",
        "Each file went through `safeconduct ingest cap|usgs FILE` into one empty database, in this order.",
        "",
        f"{len(rows)} files: {read} read, {len(rows) - read} refused with a reason.",
        f"Connections or name look-ups tried while reading: {len(tried)}.",
        "",
        "| file | format | outcome | what was read, or why not |",
        "|---|---|---|---|",
    ]
    for format, path, answer, detail in rows:
        safe = detail.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {path.relative_to(samples)} | {format} | {answer} | {safe} |")
    lines += [
        "",
        "Not among them: JSON recordings of other formats (NWS GeoJSON, MoWaS and Alertswiss JSON), "
        + ", ".join(f"{name} ({why})" for name, why in NOT_THESE.items())
        + ". Indexes (Atom, RSS) that only link to messages are refused by name; a message carried whole is read. "
        "Files marked INVALID because of a missing or unknown code are read with that code as Unknown, as real "
        "services send such messages; the note in brackets says so.",
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
