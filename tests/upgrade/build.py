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
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLI = Path(sys.executable).with_name("safeconduct")
QUESTIONS = {
    "trips": ["trips"], "alerts": ["alerts"], "exposures": ["exposures"], "mailbox": ["mailbox"],
}  # fmt: skip
SMALL = {"PT", "US"}
AT = "2026-11-24T12:00:00+00:00"
UNUSED = """select id from places_place where kind in ('city', 'airport') and population < 300000
 and id not in (select place_id from trips_stop union select place_id from notify_subscription)"""


def ask(home: Path, *command: str) -> list[dict[str, object]]:
    """Return what a command of today's version answers about a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFECONDUCT")}
    environment.pop("DATABASE_URL", None)
    run = subprocess.run(
        [CLI, *command, "--json"],
        env=environment | {"SAFECONDUCT_HOME": str(home), "SAFECONDUCT_AT": AT}, capture_output=True,
        check=True,
    )  # fmt: skip
    answer: list[dict[str, object]] = json.loads(run.stdout)
    return answer


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
    put(message("upgrade-1", sent=now.isoformat(timespec="seconds"), expires="2026-12-06T10:00:00+00:00"), at=now)
    while matching.run_due():
        pass
    while outbox.run_due():
        pass


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
    kept = {"rows": counts(small), "answers": {key: ask(home, *command) for key, command in QUESTIONS.items()}}
    (HERE / f"{name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(home)


if __name__ == "__main__":
    main(sys.argv[1])
