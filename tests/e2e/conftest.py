"""A browser, a server and one scene for the whole run; pages of any width for each test.

The scene is written once and shared: two organisations, two centres, a traveller under way with a gap, a warning
that concerns him. Tests may add to it and may not rely on what others added.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from safeconduct.lib import clock
from tests.conftest import PASSWORD, World, make_world
from tests.e2e import browser as chromium

LEYTE = "10,124 12.5,124 12.5,126 10,126 10,124"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the embedded database in a file: the server's threads each want a connection of their own."""
    settings = connections["default"].settings_dict
    if settings["ENGINE"].endswith("sqlite3"):
        settings["TEST"]["NAME"] = str(tmp_path_factory.mktemp("e2e") / "e2e.sqlite3")


@pytest.fixture
def _django_db_helper(scene: World) -> None:
    """Neither wrap a test in a transaction nor empty the tables after it: the scene is everybody's."""


@pytest.fixture(scope="session")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Write the scene."""
    with django_db_blocker.unblock():
        world = make_world()
        _centres()
        _trip(world)
        _warning()
        yield world


def _centres() -> None:
    from safeconduct.centres.models import Centre

    Centre.objects.create(
        name="Denver", place_name="Denver", country_code="US", lat=39.74, lon=-104.99, medical=True, security=True,
        languages=["en", "es"], is_24_hours=True, zone="America/Denver", phone="+13035550142",
    )  # fmt: skip
    Centre.objects.create(
        name="Sydney", place_name="Sydney", country_code="AU", lat=-33.87, lon=151.21, medical=True,
        languages=["en", "ja"], is_24_hours=True, zone="Australia/Sydney", phone="+61255500142",
    )  # fmt: skip


def _trip(world: World) -> None:
    from safeconduct.places.queries import resolve
    from safeconduct.trips.actions import register_trip
    from safeconduct.trips.drafts import StopDraft

    today = clock.now().replace(tzinfo=None, hour=11, minute=0, second=0, microsecond=0)
    stops = [
        StopDraft(resolve("Manila"), today - timedelta(days=4), today - timedelta(days=2)),
        StopDraft(resolve("Tacloban"), today - timedelta(days=2), today + timedelta(days=3)),
        StopDraft(resolve("Cebu"), today + timedelta(days=5), today + timedelta(days=9)),
    ]
    register_trip(world.seat(world.bob), title="Leyte field season", stops=stops, by=world.bob)


def _warning() -> None:
    from safeconduct.matching import jobs
    from tests.alerts.messages import message, put

    now = clock.now()
    text = message(
        "e2e-1", sent=(now - timedelta(hours=1)).isoformat(timespec="seconds"),
        expires=(now + timedelta(days=2)).isoformat(timespec="seconds"), polygon=LEYTE,
        headline="Typhoon will cross Leyte on Tuesday",
    )  # fmt: skip
    put(text, at=now)
    while jobs.run_due():
        pass


@pytest.fixture(scope="session")
def site(scene: World) -> Iterator[str]:
    """The address of the running server."""
    server = LiveServer("localhost")
    server._live_server_modified_settings.enable()
    yield server.url
    server.stop()
    server._live_server_modified_settings.disable()


@pytest.fixture(scope="session")
def browser(site: str) -> Iterator[Browser]:
    """One Chromium for the whole run; the run is skipped where there is none.

    It starts after the scene is written: from then on this thread has an event loop, and Django gives a thread
    with a loop other connections. Tests that look into the database do so through `in_thread`.
    """
    if chromium.chromium_path() is None:
        pytest.skip("no chromium on this machine")
    with chromium.running_browser() as running:
        yield running


T = TypeVar("T")


@pytest.fixture
def in_thread(site: str, django_db_blocker: Any) -> Callable[[Callable[[], T]], T]:
    """Return a function that runs another one beside the browser's loop, with the database."""

    def run(work: Callable[[], T]) -> T:
        def do() -> T:
            try:
                return work()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(do).result()

    return run


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[OpenPage]:
    """Make pages: `open_page(width=360, scheme="dark", javascript=False)`. Script errors fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(
        *,
        width: int = 1280,
        scheme: str = "light",
        javascript: bool = True,
        state: dict[str, Any] | None = None,
        offline_page: bool = False,
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": chromium.HEIGHT},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=javascript,
            locale="en-GB",
            service_workers="allow" if offline_page else "block",
            storage_state=state,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def log_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Log a person in through the pages: address, Next, password."""
    page.goto("/account/login/")
    page.fill("main input[type=email]", email)
    if not page.locator("main input[type=password]").count():
        page.click("main .btn--main")
    page.fill("main input[type=password]", password)
    page.click("main .btn--main")
    page.wait_for_load_state("networkidle")


@pytest.fixture(scope="session")
def state_of(browser: Browser, site: str) -> Callable[[str], dict[str, Any]]:
    """Return a function: an address of the scene → the browser state of that person, signed in once."""
    kept: dict[str, dict[str, Any]] = {}

    def state(email: str) -> dict[str, Any]:
        if email not in kept:
            context = browser.new_context(base_url=site, locale="en-GB")
            page = context.new_page()
            log_in(page, email)
            assert "/account/" not in page.url, page.locator("main").inner_text()
            kept[email] = dict(context.storage_state())
            context.close()
        return kept[email]

    return state


@pytest.fixture
def pictures() -> Path | None:
    """Where to keep screenshots of what a test saw (`E2E_PICTURES=folder`), or None."""
    folder = os.environ.get("E2E_PICTURES")
    if not folder:
        return None
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    return target
