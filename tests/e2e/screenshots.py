"""Pictures of pages in three widths, by day and by night: `python -m tests.e2e.screenshots OUT [PAGE …]`.

Starts a demonstration of its own in an empty folder, or looks at a running one with `--url`. Signs in as the
demonstration's people, whose passwords the `demo` command prints. It judges nothing: somebody has to look.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.browser import HEIGHT, ROOT, WIDTHS, running_browser

COMMAND = Path(sys.executable).with_name("safeconduct")
README_SIZE = {"width": 1280, "height": 900}
TALLEST_DRAWN = 8000
PATIENCE_MS = 180_000
"""A busy machine takes its time: the pictures are of what is there in the end."""
PAGES: dict[str, tuple[str, list[str]]] = {
    "": ("anonymous", ["/", "/membership/", "/account/login/", "/account/signup/", "/centres/", "/legal/privacy/", "/display/", "/no-such-page/"]),
    "traveller": ("traveller", ["/", "/destinations/", "/trips/", "/trips/new/", "/alerts/", "/my-organization/", "/app/"]),
    "manager": ("manager", ["/manage/"]),
    "operator": ("operator", ["/desk/"]),
}  # fmt: skip


@contextmanager
def demonstration(
    samples: Path | None = None, *, guides: bool = False, advisor: bool = False
) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Run a demo folder, with recorded warnings if given, or with guides; yield its address and role → (address, password)."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "SAFECONDUCT_HOME": folder, "SAFECONDUCT_PORT": str(port)}
        made = subprocess.run(
            [COMMAND, "demo"], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        people = people_in(made.stdout)
        if samples or guides or advisor:
            name = "advisorscene" if advisor else "guidescene" if guides else "alertscene"
            scene = [sys.executable, "-m", f"tests.e2e.{name}", *([str(samples)] if samples else [])]
            settings = {"DJANGO_SETTINGS_MODULE": "safeconduct.config.settings"}
            subprocess.run(scene, env={**environment, **settings}, cwd=ROOT, check=True)
        server = subprocess.Popen([COMMAND, "serve"], env=environment, cwd=ROOT)
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}", people
        finally:
            server.terminate()
            server.wait(timeout=20)


def people_in(lines: str) -> dict[str, tuple[str, str]]:
    """Read `role e-mail password` lines; the first of a role counts."""
    people: dict[str, tuple[str, str]] = {}
    for line in lines.splitlines():
        words = line.split()
        if len(words) == 3 and "@" in words[1]:
            people.setdefault(words[0], (words[1], words[2]))
    return people


def wait_for(port: int, seconds: float = 300) -> None:
    """Wait until the server takes connections. Raises RuntimeError when it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            return
        time.sleep(0.3)
    raise RuntimeError(f"nothing answers on port {port}")


def signed_in(browser: Browser, url: str, person: tuple[str, str] | None) -> dict[str, object]:
    """Log in once; return the browser state that later pages start from."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    if person:
        page.goto("/account/login/")
        page.fill("input[type=email]", person[0])
        if not page.locator("input[type=password]").count():
            page.click("main .btn--main")
        page.fill("input[type=password]", person[1])
        page.click("main .btn--main")
        page.wait_for_load_state("networkidle")
    state = context.storage_state()
    context.close()
    return dict(state)


def shoot(context: BrowserContext, path: str, target: Path) -> None:
    """Take one picture of the whole page."""
    page = context.new_page()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    # As tall as the page: the thumb bar then stands at its foot and not across its middle.
    width = page.viewport_size["width"] if page.viewport_size else WIDTHS[0]
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(height, HEIGHT)})
    page.screenshot(path=target)
    page.close()


def take(
    browser: Browser, url: str, role: str, person: tuple[str, str] | None, paths: list[str], out: Path
) -> None:
    """All pages of one person in all widths and both schemes."""
    state = signed_in(browser, url, person)
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=url,
                viewport={"width": width, "height": HEIGHT},
                color_scheme=scheme,
                storage_state=state,  # type: ignore[arg-type]
            )
            for path in paths:
                name = path.strip("/").replace("/", "-") or "home"
                suffix = "-dark" if scheme == "dark" else ""
                shoot(context, path, out / f"{role}-{name}-{width}{suffix}.png")
            context.close()


def readme_pictures(browser: Browser, url: str, people: dict[str, tuple[str, str]], out: Path) -> None:
    """The five pictures that README shows, as a visitor's screen shows them."""
    wanted = [
        ("traveller", "home", "/"), ("traveller", "alert", "article.alert h2 a"),
        ("traveller", "destination", "/destinations/iso:PH/"), ("manager", "console", "/manage/"),
        ("operator", "desk", "/desk/"),
    ]  # fmt: skip
    for role, name, target in wanted:
        state = signed_in(browser, url, people[role])
        context = browser.new_context(base_url=url, viewport=README_SIZE, storage_state=state)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(target if target.startswith("/") else "/")
        if not target.startswith("/"):
            page.click(target)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=out / f"{name}.png")
        context.close()


def alert_pictures(browser: Browser, url: str, person: tuple[str, str], out: Path) -> None:
    """Map, list and page of an alert with several sources, as a screen shows them: small JPEG files."""
    state = signed_in(browser, url, person)
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state  # type: ignore[arg-type]
            )  # fmt: skip
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            for name, path in (
                ("map", "/alerts/map/"),
                ("list", "/alerts/"),
                ("alert", "/alerts/?q=leyte+wednesday"),
            ):
                page.goto(path)
                if name == "map":
                    page.wait_for_selector("#alert-map[data-drawn]", timeout=PATIENCE_MS)
                    page.wait_for_timeout(500)
                    page.locator("#alert-map").scroll_into_view_if_needed()
                if name == "alert":
                    page.click("tbody th a")
                    told(page)
                    made_tall(page, width)
                suffix = "-dark" if scheme == "dark" else ""
                page.screenshot(path=out / f"{name}-{width}{suffix}.jpg", type="jpeg", quality=60)
            context.close()


def told(page: Page, seconds: float = 300) -> None:
    """Wait until the worker has found whom the alert concerns, as its page says."""
    end = time.monotonic() + seconds
    while not page.locator(".why").count() and time.monotonic() < end:
        page.wait_for_timeout(1000)
        page.reload()


def made_tall(page: Page, width: int) -> None:
    """As tall as the page, as in `shoot`; a browser draws no more than TALLEST_DRAWN and begins again from the top."""
    page.wait_for_load_state("networkidle")
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": min(max(height, HEIGHT), TALLEST_DRAWN)})


def desk_pictures(browser: Browser, url: str, person: tuple[str, str], out: Path) -> None:
    """Sources, one of them, the weekly report, events, one of them and the correction of an area."""
    state = signed_in(browser, url, person)
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": 1400}, color_scheme=scheme, storage_state=state  # type: ignore[arg-type]
            )  # fmt: skip
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            suffix = f"{width}-dark" if scheme == "dark" else str(width)

            def keep(name: str, page: Page = page, suffix: str = suffix, width: int = width) -> None:
                page.wait_for_load_state("networkidle")
                if name not in {"sources", "events"}:
                    made_tall(page, width)
                page.screenshot(path=out / f"{name}-{suffix}.jpg", type="jpeg", quality=50)
                page.set_viewport_size({"width": width, "height": 1400})

            for name, path in (
                ("sources", "/desk/sources/"), ("source", "/desk/sources/of/picture-delta/"),
                ("report", "/desk/sources/report/"), ("events", "/desk/events/"),
            ):  # fmt: skip
                page.goto(path)
                keep(name)
            page.goto("/desk/events/?q=leyte+wednesday")
            page.click("tbody th a")
            for fold in page.locator("details.fold summary").all():
                fold.click()
            keep("event")
            page.locator("a", has_text="Correct the area").first.click()
            page.check("input[name=way][value=circle]")
            for field, value in (
                ("around", "11.2, 125"),
                ("km", "60"),
                ("reason", "Only Leyte and Samar are meant."),
            ):
                page.fill(f"[name={field}]", value)
            page.click("button[value=preview]")
            keep("area")
            context.close()


# Name, path, language, and what it is looked at in: width, with "d" at night.
GUIDE_PAGES = (
    ("kenya", "/destinations/iso:KE/", "", "360 768 1280 1280d"),
    ("kenya-travel", "/destinations/iso:KE/travel/", "", "360 1280"),
    ("kenya-security", "/destinations/iso:KE/security/", "", "360 1280"),
    ("kenya-travel-ar", "/destinations/iso:KE/travel/", "ar", "360 1280"),
    ("philippines", "/destinations/iso:PH/", "", "360d 1280"),
    ("japan", "/destinations/iso:JP/", "", "768d"),
    ("russia-ar", "/destinations/iso:RU/", "ar", "360 768"),
    ("antarctica", "/destinations/iso:AQ/", "", "1280"),
    ("usa", "/destinations/iso:US/travel/", "", "360"),
    ("aland", "/destinations/iso:AX/travel/", "", "1280"),
    ("nairobi", "/destinations/geonames:184745/", "", "360"),
    ("airport", "/destinations/iata:NBO/", "", "360"),
    ("rating", "/ratings/KE/security/", "", "360 1280d"),
    ("compare", "/destinations/compare/?a=iso:KE&b=iso:JP", "", "360 768d 1280"),
    ("compare-ar", "/destinations/compare/?a=iso:KE&b=iso:JP", "ar", "360"),
    ("world", "/destinations/map/?alerts=1", "", "360d 1280"),
    ("world-still", "/destinations/map/", "", "1280"),
)
TALLEST = 3200
# Name, path after the briefing's own address, language, views. `@` is the way in, `#` the page of its trip.
ADVISOR_PAGES = (
    ("start", "@", "", "360 768 1280 1280d"),
    ("trip", "trip/", "", "360 1280"),
    ("entry", "entry/", "", "360 768 1280 1280d"),
    ("health", "health/", "", "360d 1280"),
    ("security", "security/", "", "360 1280"),
    ("around", "around/", "", "1280"),
    ("practical", "practical/", "", "360 1280"),
    ("dates", "dates/", "", "1280"),
    ("contacts", "contacts/", "", "360 1280"),
    ("checklist", "checklist/", "", "360 768d 1280"),
    ("whole", "all/", "", "768 1280"),
    ("entry-ar", "entry/", "ar", "360 1280d"),
    ("security-ar", "security/", "ar", "768"),
    ("checklist-ar", "checklist/", "ar", "1280"),
    ("own-trip", "#", "", "1280"),
)  # fmt: skip


def guide_pictures(browser: Browser, url: str, person: tuple[str, str], out: Path) -> None:
    """Guides of every kind of place, a rating, two side by side, the coloured world: small JPEG files."""
    state = signed_in(browser, url, person)
    for name, path, language, views in GUIDE_PAGES:
        for view in views.split():
            width, scheme = int(view.rstrip("d")), "dark" if view.endswith("d") else "light"
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state,  # type: ignore[arg-type]
                java_script_enabled=name != "world-still",
            )  # fmt: skip
            if language:
                context.add_cookies([{"name": "safeconduct_language", "value": language, "url": url}])
            page = context.new_page()
            page.goto(path, timeout=120_000)
            if name == "world":
                page.wait_for_selector("#level-map[data-drawn]", timeout=60_000)
            if name != "world-still":
                tall = TALLEST if not name.startswith("world") else 1300
                height = int(page.evaluate("document.documentElement.scrollHeight"))
                page.set_viewport_size({"width": width, "height": min(max(height, HEIGHT), tall)})
            page.wait_for_timeout(700)
            suffix = "-dark" if scheme == "dark" else ""
            page.screenshot(path=out / f"{name}-{width}{suffix}.jpg", type="jpeg", quality=30)
            context.close()


def advisor_pictures(browser: Browser, url: str, person: tuple[str, str], out: Path) -> None:
    """Every step of the first briefing that belongs to a trip: small JPEG files. What the scene wrote is looked up."""
    state = signed_in(browser, url, person)
    context = browser.new_context(base_url=url, storage_state=state)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/advisor/", timeout=120_000)
    page.locator(".journey a", has_text="Lake Victoria field course").click()
    briefing = page.url.removeprefix(url).rsplit("/", 2)[0]
    page.goto(f"{briefing}/trip/")
    trip = str(page.locator("section.card a[href^='/trips/']").first.get_attribute("href"))
    context.close()
    for name, path, language, views in ADVISOR_PAGES:
        for view in views.split():
            width, scheme = int(view.rstrip("d")), "dark" if view.endswith("d") else "light"
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state,  # type: ignore[arg-type]
            )  # fmt: skip
            if language:
                context.add_cookies([{"name": "safeconduct_language", "value": language, "url": url}])
            page = context.new_page()
            page.goto({"@": "/advisor/", "#": trip}.get(path, f"{briefing}/{path}"), timeout=120_000)
            height = int(page.evaluate("document.documentElement.scrollHeight"))
            page.set_viewport_size({"width": width, "height": min(max(height, HEIGHT), TALLEST)})
            page.wait_for_timeout(300)
            suffix = "-dark" if scheme == "dark" else ""
            page.screenshot(path=out / f"{name}-{width}{suffix}.jpg", type="jpeg", quality=30)
            context.close()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", help="paths; default: a list for each role")
    parser.add_argument("--url", help="a running server instead of an own demonstration")
    parser.add_argument("--role", default="", help="with pages: whose pages they are")
    parser.add_argument("--readme", action="store_true", help="only the five pictures that README shows")
    parser.add_argument(
        "--alerts", type=Path, metavar="SAMPLES", help="map, list and page of alerts, from recorded documents"
    )
    parser.add_argument(
        "--desk", type=Path, metavar="SAMPLES", help="the desk's pages of sources and events, likewise"
    )
    parser.add_argument(
        "--guide",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="SAMPLES",
        help="guides, with recorded German advice if given",
    )
    parser.add_argument("--advisor", action="store_true", help="every step of a briefing, in English and Arabic")
    parser.add_argument("--login", nargs=2, metavar=("EMAIL", "PASSWORD"))
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    # A packed copy of an older style sheet would be served in its place: bring them up to date first.
    subprocess.run([sys.executable, ROOT / "frontend" / "assets.py"], check=True)
    with running_browser() as browser:
        if wanted.url:
            person = tuple(wanted.login) if wanted.login else None
            if wanted.advisor and person:
                advisor_pictures(browser, wanted.url, person, wanted.out)
                return
            if wanted.guide is not None and person:
                guide_pictures(browser, wanted.url, person, wanted.out)
                return
            take(browser, wanted.url, wanted.role or "page", person, wanted.pages or ["/"], wanted.out)
            return
        samples = wanted.guide if wanted.guide and wanted.guide.parts else wanted.alerts or wanted.desk
        with demonstration(samples, guides=wanted.guide is not None, advisor=wanted.advisor) as (url, people):
            if wanted.advisor:
                advisor_pictures(browser, url, people["traveller"], wanted.out)
                return
            if wanted.guide is not None:
                guide_pictures(browser, url, people["traveller"], wanted.out)
                return
            if wanted.alerts:
                alert_pictures(browser, url, people["traveller"], wanted.out)
            if wanted.desk:
                desk_pictures(browser, url, people["operator"], wanted.out)
            if wanted.alerts or wanted.desk:
                return
            if wanted.readme:
                readme_pictures(browser, url, people, wanted.out)
                return
            for role, (label, paths) in PAGES.items():
                if wanted.pages and role != wanted.role:
                    continue
                if role and role not in people:
                    print(f"no {role} in the demonstration", file=sys.stderr)
                    continue
                take(browser, url, label, people.get(role), wanted.pages or paths, wanted.out)


if __name__ == "__main__":
    main()
