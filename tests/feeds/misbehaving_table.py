"""What the source page says of a server that misbehaves, as a Markdown page.

    python -m tests.feeds.misbehaving_table docs/evidence/misbehaving.md

Polls a local server the way the worker does, into an empty database of its own. Without the argument the page is
printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SECONDS = 5


def page() -> str:
    """Return the page."""
    from tests.feeds.misbehaving import BEHAVIOURS, misbehaving, observe

    with misbehaving() as (server, url):
        seen = [observe(behaviour, server, url) for behaviour in BEHAVIOURS]
    unharmed = sum(one.before == one.during for one in seen if one.fetch.outcome != "new")
    bad = sum(one.fetch.outcome != "new" for one in seen)
    well = sum(one.last.outcome == "new" for one in seen)
    lines = [
        "# A server that misbehaves, and what the source page says of it",
        "",
        "Made by `python -m tests.feeds.misbehaving_table docs/evidence/misbehaving.md`; the tests assert the same",
        "(`tests/feeds/test_misbehaving.py`). Each address first serves a good list with one alert, then misbehaves, then",
        f"is well again. A request may take {SECONDS} s here (`SAFECONDUCT_FETCH_SECONDS`, 30 by default).",
        "",
        f"{len(seen)} ways. {bad} of them bring no list: in {unharmed} of these the alert stays as it was. The poll",
        f"after it is a good one in {well} of {len(seen)}.",
        "",
        "| the server | what the source page says | seconds |",
        "|---|---|---|",
    ]  # fmt: skip
    for behaviour, one in zip(BEHAVIOURS, seen, strict=True):
        said = one.page.replace("|", "\\|").replace(url, "http://127.0.0.1")
        lines.append(f"| {behaviour.name} | {said} | {one.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write or print the page."""
    import django

    import tests.environment  # noqa: F401 - an own, empty data folder

    os.environ.update(SAFECONDUCT_FETCH_SECONDS=str(SECONDS), SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES="1")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.DATABASES["default"]["NAME"] = ":memory:"
    call_command("migrate", verbosity=0)
    made = page()
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)


if __name__ == "__main__":
    main()
