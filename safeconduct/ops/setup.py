"""Set-up of a folder: tables, cache, facts, sources, legal texts. Idempotent; never makes demo data."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from safeconduct.accounts.legal import load_default_texts
from safeconduct.feeds.actions import install_sources
from safeconduct.lib import folder
from safeconduct.lib.commands import Around, quietly
from safeconduct.places.actions import load_facts
from safeconduct.places.searchindex.opening import index


@dataclass(frozen=True)
class Step:
    """What one step of set-up did, in words for the operator."""

    code: str
    did: str
    is_unchanged: bool = False


def pending_migrations() -> int:
    """Return how many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _folder() -> Step:
    home = Path(settings.SAFECONDUCT_HOME)
    folder.mark(home, settings.SAFECONDUCT_FOLDER_KIND)
    home.chmod(0o700)
    folder.secret(home, "signing")
    for secret in home.glob("*.secret"):
        secret.chmod(stat.S_IRUSR | stat.S_IWUSR)
    (home / "files").mkdir(exist_ok=True)
    return Step("folder", f"{settings.SAFECONDUCT_FOLDER_KIND} folder {home}", is_unchanged=True)


def _tables() -> Step:
    count = pending_migrations()
    if count:
        call_command("migrate", interactive=False, verbosity=0)
    return Step("tables", f"{count} migrations applied" if count else "up to date", is_unchanged=not count)


def _cache() -> Step:
    if not str(settings.CACHES["default"]["BACKEND"]).endswith("DatabaseCache"):
        return Step("cache", "files in the folder", is_unchanged=True)
    table = str(settings.CACHES["default"]["LOCATION"])
    if table in connection.introspection.table_names():
        return Step("cache", "up to date", is_unchanged=True)
    call_command("createcachetable", verbosity=0)
    return Step("cache", "table made")


def _facts() -> Step:
    report = load_facts()
    if report.skipped:
        return Step("facts", "up to date", is_unchanged=True)
    return Step("facts", f"{report.places} places, {report.facts} facts")


def _search() -> Step:
    index()
    return Step("search", "ready", is_unchanged=True)


def _sources() -> Step:
    added = install_sources()
    return Step("sources", f"{added} added" if added else "up to date", is_unchanged=not added)


def _texts() -> Step:
    added = load_default_texts()
    return Step("texts", f"{added} added" if added else "up to date", is_unchanged=not added)


STEPS: tuple[tuple[str, Callable[[], Step]], ...] = (
    ("Data folder", _folder),
    ("Tables", _tables),
    ("Cache", _cache),
    ("Places and facts of every country", _facts),
    ("Index of the names", _search),
    ("Official sources", _sources),
    ("Legal texts", _texts),
)


def run(*, told: Callable[[Step], None] = lambda step: None, around: Around = quietly) -> list[Step]:
    """Do what is missing, step by step; `told` hears of each when it is done, `around` before as well."""
    done: list[Step] = []
    for words, act in STEPS:
        with around(words):
            step = act()
        told(step)
        done.append(step)
    return done
