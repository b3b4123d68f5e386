"""The coloured world as SVG, for everybody whose browser draws no map. Pure but for a cache in the process.

The shapes are those of `places.drawing`, disputed areas included. Each country is a link that the tab key passes
over: the page has the same links in a table. Colour is never alone: each step has a pattern of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from safeconduct.guides.worldview import Line
from safeconduct.places.drawing import Frame, frame_of, grid_data, path_data, pieces_seen, world
from safeconduct.places.worldmap import VIEW, Mark, sign_links

# A country that covers fewer square pixels is a dot.
SMALLEST: Final = 14.0
SIMPLIFY: Final = 0.6
DOT: Final = 2.6
# Lines of a tile of six: the worse, the denser; the worst is crossed.
PATTERNS: Final = {"0": "", "1": "", "2": "M1 3h1", "3": "M0 6L6 0", "4": "M0 6L6 0M0 3L3 0M3 6L6 3", "5": "M0 6L6 0M0 0L6 6", "v": "M3 0V6"}  # fmt: skip


def levels_svg(lines: Sequence[Line], marks: Sequence[Mark], *, title: str, sprite: str) -> SafeString:
    """The world with each country in the pattern of its level; alerts on top where any are given."""
    frame = frame_of(VIEW)
    groups: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        drawn = _shape_of(frame, line)
        if drawn:
            word = f"{line.name}: {line.word}" + (f" ({line.own_word})" if line.own_word else "")
            ring = ' class="m-own"' if line.own_word else ""
            groups[line.level].append(
                f'<a href="{escape(line.url)}" tabindex="-1" aria-hidden="true"{ring}><title>{escape(word)}</title>{drawn}</a>'
            )
    parts = [
        f'<svg viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="group" aria-labelledby="world-title"'
        ' class="world-map level-map" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="world-title">{escape(title)}</title>',
        f'<path class="m-grid" d="{grid_data(frame)}"/>',
        f'<path class="m-land m-land--far" d="{_rest(frame, {line.code for line in lines})}"/>',
        *(_group(level, groups[level]) for level in sorted(groups)),
        *sign_links(frame, marks, sprite),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text in it is escaped here


def _rest(frame: Frame, listed: set[str]) -> str:
    """Land that no line of the table is about."""
    return "".join(d for code, d in _paths(frame).items() if code not in listed)


def _group(level: str, links: list[str]) -> str:
    return (
        f'<g class="s-{level}"><pattern id="level-{level}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect class="m-tint" width="6" height="6"/><path class="m-hatch" d="{PATTERNS[level]}"/></pattern>'
        f'<g class="m-level" fill="url(#level-{level})">{"".join(links)}</g></g>'
    )


def _shape_of(frame: Frame, line: Line) -> str:
    d = _paths(frame).get(line.code)
    if d:
        return f'<path d="{d}"/>'
    x, y = frame.xy(line.lon, line.lat)
    if not (0 <= x <= frame.width and 0 <= y <= frame.height):
        return ""
    return f'<circle class="m-small" cx="{x:.1f}" cy="{y:.1f}" r="{DOT:g}"/>'


@cache
def _paths(frame: Frame) -> dict[str, str]:
    """Code → path data of every country that is large enough to be seen."""
    found = {}
    tolerance = SIMPLIFY * frame.degrees_a_pixel
    for code, shape in world().items():
        if shape.area >= SMALLEST * frame.degrees_a_pixel**2:
            d = "".join(path_data(frame, piece, tolerance) for piece in pieces_seen(frame, shape))
            if d:
                found[code] = d
    return found
