"""A guide as JSON: the same values as the page, keys in English, days and instants in ISO 8601. Pure.

The shape is described in docs/guide.md; a change that breaks a reader has another `format`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from safeconduct.guides.document import GuideDocument

FORMAT: Final = "safeconduct-guide/1"
FRONT: Final = ("ratings", "advice", "alerts")


def guide_json(document: GuideDocument, chapters: frozenset[str] | None = None) -> dict[str, Any]:
    """The whole guide, or the chosen chapters of it. Drawings are left out: their figures are there."""
    whole = asdict(document)
    whole.pop("map_svg")
    whole["chapters"] = [
        _chapter(chapter) for chapter in whole["chapters"] if chapters is None or chapter["key"] in chapters
    ]
    if chapters is not None and "overview" not in chapters:
        for name in FRONT:
            whole.pop(name)
    written: dict[str, Any] = _iso({"format": FORMAT, **whole})
    return written


def _chapter(chapter: dict[str, Any]) -> dict[str, Any]:
    for part in chapter["parts"]:
        for climate in part["climate"]:
            climate.pop("svg")
            climate.pop("months")
        for name in ("editorial", "note"):
            if part[name] is not None:
                part[name].pop("html")
    return chapter


def _iso(value: Any) -> Any:
    """Days and instants as text; a tuple is a list in JSON."""
    match value:
        case date():
            return value.isoformat()
        case dict():
            return {key: _iso(each) for key, each in value.items()}
        case list() | tuple():
            return [_iso(each) for each in value]
    return value
