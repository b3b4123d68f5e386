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

from playwright.sync_api import Browser, BrowserContext

from tests.e2e.browser import HEIGHT, ROOT, WIDTHS, running_browser

COMMAND = Path(sys.executable).with_name("safeconduct")
README_SIZE = {"width": 1280, "height": 900}
PAGES: dict[str, tuple[str, list[str]]] = {
    "": ("anonymous", ["/", "/membership/", "/account/login/", "/account/signup/", "/centres/", "/legal/privacy/", "/display/", "/no-such-page/"]),
    "traveller": ("traveller", ["/", "/destinations/", "/trips/", "/trips/new/", "/alerts/", "/my-organization/", "/app/"]),
    "manager": ("manager", ["/manage/"]),
    "operator": ("operator", ["/desk/"]),
}  # fmt: skip


@contextmanager
def demonstration() -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Run a demo folder; yield its address and role → (address, password)."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "SAFECONDUCT_HOME": folder, "SAFECONDUCT_PORT": str(port)}
        made = subprocess.run(
            [COMMAND, "demo"], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        people = people_in(made.stdout)
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


def wait_for(port: int, seconds: float = 60) -> None:
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
                color_scheme=scheme,  # type: ignore[arg-type]
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


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", help="paths; default: a list for each role")
    parser.add_argument("--url", help="a running server instead of an own demonstration")
    parser.add_argument("--role", default="", help="with pages: whose pages they are")
    parser.add_argument("--readme", action="store_true", help="only the five pictures that README shows")
    parser.add_argument("--login", nargs=2, metavar=("EMAIL", "PASSWORD"))
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    with running_browser() as browser:
        if wanted.url:
            person = tuple(wanted.login) if wanted.login else None
            take(browser, wanted.url, wanted.role or "page", person, wanted.pages or ["/"], wanted.out)
            return
        with demonstration() as (url, people):
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
