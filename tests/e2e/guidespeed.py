"""How soon a guide can be read on a slow line: `python -m tests.e2e.guidespeed [--url URL --login EMAIL PASSWORD]`.

Chromium with an empty cache for each page, 1.6 Mbit/s down, 750 kbit/s up, 150 ms latency, processor slowed by four
(DevTools protocol). Prints the first text, the moment from which the search in the head suggests, and the bytes on the
line, as medians of several tries. Without `--url` it starts a demonstration with guidescene.py in it.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.e2e.browser import running_browser
from tests.e2e.screenshots import demonstration, signed_in

LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWER = 4
PAGES = ("/destinations/iso:KE/", "/destinations/iso:KE/travel/", "/destinations/compare/?a=iso:KE&b=iso:JP", "/destinations/map/")  # fmt: skip
# The suggestions take hold of a field by giving it the role of a combobox.
WATCH = """new MutationObserver(() => {
  if (!window.usableAt && document.querySelector('input[role=combobox]')) window.usableAt = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['role']});"""


def once(browser: Browser, url: str, path: str, state: dict[str, Any]) -> dict[str, float]:
    """One visit with nothing in the cache: milliseconds and kilobytes."""
    context = browser.new_context(
        base_url=url, viewport={"width": 360, "height": 780}, storage_state=state, service_workers="block"  # type: ignore[arg-type]
    )  # fmt: skip
    page = context.new_page()
    page.add_init_script(WATCH)
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", LINE)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    of_page: list[str] = []
    sizes: dict[str, float] = {}

    def ended(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    def began(event: dict[str, Any]) -> None:
        if event["type"] == "Document":
            of_page.append(event["requestId"])

    protocol.on("Network.requestWillBeSent", began)
    protocol.on("Network.loadingFinished", ended)
    page.goto(path, timeout=120_000)
    page.wait_for_selector("input[role=combobox]", state="attached")
    while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
        page.wait_for_timeout(100)
    seen: dict[str, float] = page.evaluate(
        """() => ({first_text: performance.getEntriesByName('first-contentful-paint')[0].startTime, search: window.usableAt,
                   answer: performance.getEntriesByType('navigation')[0].responseStart})"""
    )
    seen["page_kb"] = sum(sizes.get(name, 0) for name in of_page) / 1000
    seen["all_kb"] = sum(sizes.values()) / 1000
    context.close()
    return seen


def measure(url: str, person: tuple[str, str], tries: int) -> None:
    """Print a row for each page."""
    with running_browser() as browser:
        state = signed_in(browser, url, person)
        print("| page | first byte | first text | search usable | page, kB | all, kB |")
        print("|---|---|---|---|---|---|")
        for path in PAGES:
            once(browser, url, path, state)
            rows = [once(browser, url, path, state) for _try in range(tries)]
            middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
            print(
                f"| `{path}` | {middle['answer']:.0f} ms | {middle['first_text']:.0f} ms | {middle['search']:.0f} ms"
                f" | {middle['page_kb']:.1f} | {middle['all_kb']:.0f} |"
            )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--login", nargs=2, metavar=("EMAIL", "PASSWORD"))
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--samples", type=Path)
    wanted = parser.parse_args()
    if wanted.url:
        measure(wanted.url, tuple(wanted.login), wanted.tries)
        return
    with demonstration(guides=True, samples=wanted.samples) as (url, people):
        measure(url, people["traveller"], wanted.tries)


if __name__ == "__main__":
    main()
