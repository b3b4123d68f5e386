"""The one typeface that pages load holds the one weight that titles are set in: all weights would be 30 kB more."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STYLES = ROOT / "safeconduct" / "web" / "static" / "web" / "css"


def test_titles_have_the_weight_of_the_typeface() -> None:
    """Another weight would be drawn by the browser from this one, thin or smeared."""
    tokens = (STYLES / "tokens.css").read_text()
    weight = re.findall(r"--title-weight:(\d+)", tokens)
    assert weight == re.findall(r"WEIGHT = (\d+)", (ROOT / "frontend" / "build.mjs").read_text())
    assert len(weight) == 1
    assert '--font-title:"Source Serif 4",' in tokens


def test_every_rule_that_asks_for_it_says_its_weight() -> None:
    rules = [
        rule
        for sheet in sorted(STYLES.glob("*.css"))
        for rule in re.findall(r"[^{}]*\{[^{}]*\}", sheet.read_text())
        if "var(--font-title)" in rule
    ]
    assert len(rules) >= 5
    assert [rule for rule in rules if "var(--title-weight)" not in rule] == []
