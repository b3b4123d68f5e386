"""Make the data folder of today's version: `python -m tests.upgrade.build NAME` writes NAME.sqlite3.gz and NAME.json.

Run once for a version that is about to ship, and commit both files; never rebuild an old one. People and
organisations are those of the tests, places those of a few countries.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import World

HERE = Path(__file__).resolve().parent
CLI = Path(sys.executable).with_name("safeconduct")
QUESTIONS = {
    "trips": ["trips"], "alerts": ["alerts"], "exposures": ["exposures"], "mailbox": ["mailbox"],
    "events": ["events"], "advice": ["advisories", "show", "KE"], "ratings": ["ratings", "KE", "--explain"],
}  # fmt: skip
# Starting costs ten times what answering does.
ASK = """
import contextlib, io, json, sys
from safeconduct.config.cli import main
answers = {}
for name, command in json.load(sys.stdin).items():
    sys.argv = ["safeconduct", *command, "--json"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        main()
    answers[name] = json.loads(said.getvalue())
json.dump(answers, sys.stdout)
"""
SMALL = {"KE", "PT", "US"}
AT = "2026-11-24T12:00:00+00:00"
UNUSED = """select id from places_place where kind in ('city', 'airport') and population < 300000
 and id not in (select place_id from trips_stop union select place_id from notify_subscription)"""


def command_environment(home: Path) -> dict[str, str]:
    """The environment of a command of today's version for a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFECONDUCT")}
    environment.pop("DATABASE_URL", None)
    return environment | {"SAFECONDUCT_HOME": str(home)}


def ask(home: Path, names: Iterable[str] = QUESTIONS) -> dict[str, list[dict[str, object]]]:
    """Return what the commands of today's version answer about a folder: as typed, one after another, one process.

    `names` are those of QUESTIONS that the folder's version could answer.
    """
    questions = {name: QUESTIONS[name] for name in names}
    run = subprocess.run(
        [sys.executable, "-c", ASK], input=json.dumps(questions), env=command_environment(home) | {"SAFECONDUCT_AT": AT},
        capture_output=True, check=True, text=True, encoding="utf-8",
    )  # fmt: skip
    answers: dict[str, list[dict[str, object]]] = json.loads(run.stdout)
    return answers


def counts(database: Path) -> dict[str, int]:
    """Return table → rows, for our own tables that hold any."""
    with sqlite3.connect(database) as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master where type = 'table'")]
        ours = [name for name in tables if not name.startswith(("sqlite_", "django_", "auth_"))]
        found = {name: file.execute(f'select count(*) from "{name}"').fetchone()[0] for name in ours}
    return {name: count for name, count in sorted(found.items()) if count}


def fill() -> None:
    """Write the rows; Django is set up for the new folder."""
    from safeconduct.feeds.actions import install_sources
    from safeconduct.lib import clock
    from safeconduct.matching import jobs as matching
    from safeconduct.outbox import jobs as outbox
    from safeconduct.places.actions import load_facts
    from tests.alerts.messages import message, put
    from tests.conftest import make_world
    from tests.permissions.scene import build

    load_facts(only=SMALL)
    install_sources()
    world = make_world()
    build(world)
    now = clock.now()
    put(
        message("upgrade-1", sent=now.isoformat(timespec="seconds"), expires="2026-12-06T10:00:00+00:00"),
        at=now,
    )
    feeds(world)
    while matching.run_due():
        pass
    while outbox.run_due():
        pass


def feeds(world: World) -> None:
    """What sources leave behind: tries, linked messages, one storm of two sources, a corrected area, a report."""
    from datetime import timedelta

    from shapely.geometry import box

    from safeconduct.alerts.corrections import correct_area
    from safeconduct.feeds.models import Fetch, Host, LinkedMessage, Reissue, Source
    from safeconduct.lib import clock
    from safeconduct.ops.watch import week_before, write_report
    from tests.alerts.messages import message, put

    now = clock.now()
    first, second = Source.objects.get(key="be-alert"), Source.objects.get(key="de-fih")
    storm = message("storm-1", sent=now.isoformat(timespec="seconds"), expires="2026-12-06T10:00:00+00:00")
    applied = put(storm, source=first, at=now)
    put(storm, source=second, at=now)
    correct_area(
        applied.version,
        by=world.olga,
        geometry=box(-10, 38, -8, 40),
        reason="The sea was meant, not the coast",
    )
    for days in (1, 8):
        at = now - timedelta(days=days)
        Fetch.objects.create(
            source=first, started_at=at, finished_at=at, outcome="new", http_status=200, read_count=3, new_count=1,
            refused_count=1, linked_count=2, note="the list is suddenly empty: nothing concluded yet",
        )  # fmt: skip
    LinkedMessage.objects.create(
        source=first, url="https://cap.example.org/1.xml", key="1", updated="x", listed_at=now, state="unreachable",
        problem="cap.example.org answered 404", tries=3,
    )  # fmt: skip
    Host.objects.create(name="cap.example.org", free_at=now)
    Reissue.objects.create(source=first, at=now, count=30, new_count=1)
    write_report(week_before(now), now)


def main(name: str) -> None:
    """Build the folder, shrink it, write both files."""
    home = Path(tempfile.mkdtemp(prefix="safeconduct-upgrade-"))
    os.environ.update(SAFECONDUCT_HOME=str(home), DJANGO_SETTINGS_MODULE="safeconduct.config.settings")
    os.environ["SAFECONDUCT_AT"] = AT
    (home / "folder.json").write_text('{"kind": "test"}\n')
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    fill()
    small = home / "small.sqlite3"
    with sqlite3.connect(home / "safeconduct.sqlite3") as file:
        file.execute(f"delete from places_placename where place_id in ({UNUSED})")
        file.execute(f"delete from places_place where id in ({UNUSED})")
        file.commit()
        file.execute("vacuum into ?", (str(small),))
    os.environ.pop("SAFECONDUCT_AT")
    with small.open("rb") as source, gzip.open(HERE / f"{name}.sqlite3.gz", "wb") as target:
        shutil.copyfileobj(source, target)
    kept = {
        "rows": counts(small),
        "answers": ask(home),
    }
    (HERE / f"{name}.json").write_text(
        json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    shutil.rmtree(home)


if __name__ == "__main__":
    main(sys.argv[1])
