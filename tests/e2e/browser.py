"""Debian's Chromium under Playwright: how it is started, and what is asked of every page.

Checks are functions that return what is wrong, so that a test can print the whole list at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 768, 1280)
HEIGHT = 780
ARGUMENTS = [
    "--no-sandbox",
    # WebGL in software: the map of alerts needs it, and a test machine has no graphics card.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--no-first-run",
]
# Day, month, year, hour, minute, half of the day and the button are stops within one date field.
PARTS_OF_A_DATE = 8
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium_path() -> str | None:
    """Where the machine's own Chromium is, if it has one. The one without windows starts a page in half the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """One Chromium for many pages."""
    path = chromium_path()
    if path is None:
        raise RuntimeError("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def axe_faults(page: Page) -> list[str]:
    """What axe-core finds wrong on the page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:160]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def sideways_faults(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    return list(
        page.evaluate(
            """() => {
              if (document.documentElement.scrollWidth <= innerWidth) return [];
              return [...document.querySelectorAll('body *')]
                .filter(e => { const b = e.getBoundingClientRect(); return b.right > innerWidth + 1 || b.left < -1; })
                .slice(0, 5).map(e => 'too wide: ' + e.outerHTML.slice(0, 120));
            }"""
        )
    )


def overlap_faults(page: Page) -> list[str]:
    """What sticks out of its table cell, badge or button into its neighbour."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('td *, th *, .badge *, .btn *, .chip *, .stats dd *')]
              .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.sr, svg, thead'))
              .map(e => [e, e.getBoundingClientRect(), e.closest('.badge, .btn, .chip, dd, td, th').getBoundingClientRect()])
              .filter(([e, box, frame]) => box.width > 1 && (box.right > frame.right + 2 || box.left < frame.left - 2))
              .slice(0, 5).map(([e]) => 'sticks out: ' + e.outerHTML.slice(0, 120))"""
        )
    )


def cut_faults(page: Page) -> list[str]:
    """Words of the navigation that end in dots."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('.nav a > span:first-of-type')]
              .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => 'cut: ' + e.textContent)"""
        )
    )


def target_faults(page: Page) -> list[str]:
    """Buttons, fields and stand-alone links under 24 px (WCAG 2.2, 2.5.8; links inside sentences are exempt)."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('button, select, summary, input:not([type=hidden]), nav a, .btn, .chip')]
              .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.skip, .sr'))
              .map(e => [e, (e.closest('label') || e).getBoundingClientRect()])
              .filter(([e, box]) => box.width && (box.height < 24 || box.width < 24))
              .map(([e, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${e.outerHTML.slice(0, 100)}`)"""
        )
    )


def keyboard_walk(page: Page, most: int = 250) -> tuple[list[str], list[str]]:
    """Press Tab through the page. Returns the stops in order, and what is wrong with them.

    Wrong is: a stop without a visible focus mark, a stop hidden behind the thumb bar, a trap, or a control that
    is never reached.
    """
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    stops: list[str] = []
    faults: list[str] = []
    seen: set[int] = set()
    last, repeated = -1, 0
    for _step in range(most):
        page.keyboard.press("Tab")
        stop: dict[str, Any] | None = page.evaluate(
            """() => {
              const e = document.activeElement;
              if (!e || e === document.body || e === document.documentElement) return null;
              window.walked ??= [];
              let n = window.walked.indexOf(e);
              if (n < 0) n = window.walked.push(e) - 1;
              const style = getComputedStyle(e), box = e.getBoundingClientRect();
              const wrap = e.closest('.search');
              const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                || wrap && getComputedStyle(wrap).outlineStyle !== 'none';
              const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
              const y = box.top + Math.min(box.height / 2, 40);
              const top = document.elementFromPoint(x, y);
              const covered = box.height > 0 && top && !e.contains(top) && !top.contains(e)
                && top.closest('.nav') && !e.closest('.nav');
              return {n, name: (e.innerText || e.getAttribute('aria-label') || e.name || e.tagName).trim().slice(0, 60),
                      ring: Boolean(ring), covered: Boolean(covered)};
            }"""
        )
        if stop is None or (stop["n"] in seen and stop["n"] == 0):
            break
        if stop["n"] == last and repeated < PARTS_OF_A_DATE:
            repeated += 1
            continue
        last, repeated = stop["n"], 0
        if stop["n"] in seen:
            faults.append(f"trap at {stop['name']}")
            break
        seen.add(stop["n"])
        stops.append(stop["name"])
        if not stop["ring"]:
            faults.append(f"no focus mark: {stop['name']}")
        if stop["covered"]:
            faults.append(f"hidden behind the bar: {stop['name']}")
    missed = page.evaluate(
        """() => [...document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select, main textarea')]
          .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0 && !(window.walked || []).includes(e))
          .filter(e => e.type !== 'radio' || ![...document.getElementsByName(e.name)].some(r => window.walked.includes(r)))
          .map(e => 'never reached: ' + e.outerHTML.slice(0, 100))"""
    )
    return stops, faults + list(missed)
