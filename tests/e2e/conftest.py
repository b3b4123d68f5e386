"""A browser for the session, pages of three widths, and a server with the places of the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import PASSWORD, PLACES
from tests.e2e import browser as chromium

# Playwright's synchronous interface keeps an event loop in this thread; Django takes that for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run; the run is skipped where there is none."""
    if chromium.chromium_path() is None:
        pytest.skip("no chromium on this machine")
    with chromium.running_browser() as running:
        yield running


@pytest.fixture
def places(transactional_db: None) -> None:
    """Load the places again: the server's tests empty every table afterwards."""
    from safeconduct.places.actions import load_facts
    from safeconduct.places.models import Place

    if not Place.objects.exists():
        load_facts(only=PLACES)


@pytest.fixture
def site(places: None, live_server: Any) -> str:
    """The address of the running server."""
    return str(live_server.url)


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[OpenPage]:
    """Make pages: `open_page(width=360, scheme="dark", javascript=False)`. Script errors fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(
        *, width: int = 1280, scheme: str = "light", javascript: bool = True, locale: str = "en-GB"
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": chromium.HEIGHT},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=javascript,
            locale=locale,
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


@pytest.fixture
def sign_in() -> Callable[[Page, str], None]:
    """Log a person of the tests in through the pages."""

    def enter(page: Page, email: str) -> None:
        page.goto("/account/login/")
        page.fill("input[type=email]", email)
        if not page.locator("input[type=password]").count():
            page.click("main button[type=submit], main .btn--main")
        page.fill("input[type=password]", PASSWORD)
        page.click("main .btn--main")
        page.wait_for_load_state("networkidle")

    return enter
