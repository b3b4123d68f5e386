"""Pages across guides, for members and the desk: the world in the colours of one scale, and two destinations side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from safeconduct.alerts import listing, mapdata
from safeconduct.alerts.hooks import concerning_events
from safeconduct.guides import keeping, worldview
from safeconduct.guides.compare import side_by_side
from safeconduct.guides.document import GuideDocument
from safeconduct.guides.worldpicture import levels_svg
from safeconduct.lib import clock, timewords
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.access import organisation_of, reader_required
from safeconduct.orgs.models import Organisation
from safeconduct.places.clocks import clock_differences
from safeconduct.places.folding import fold
from safeconduct.places.queries import LONGEST_QUERY, PlaceHit, find
from safeconduct.places.worldmap import Mark, world_digest

DRAWN = 200
"""Alerts on the map that needs no script."""
OFFERED = 8


@gzip_page
@reader_required
@require_safe
def world(request: HttpRequest) -> HttpResponse:
    """Every country in the colour of our rating or of one issuer’s level, and the same in a table."""
    language = translation.get_language() or "en"
    organisation = organisation_of(request)
    choices = worldview.scales()
    wanted = request.GET.get("by", "") or choices[0].key
    scale = next((choice for choice in choices if choice.key == wanted), None)
    if scale is None:
        raise NotFound
    lines = worldview.lines_of(scale, language, organisation)
    steps = worldview.steps_of(scale, lines)
    value = request.GET.get("value", "")
    value = value if value in {step.value for step in steps} else ""
    sort = "level" if request.GET.get("sort") == "level" else "name"
    has_alerts = request.GET.get("alerts") == "1"
    owner = organisation.name if organisation is not None and any(line.own_word for line in lines) else ""
    title = _("World map: %(scale)s") % {"scale": scale.label}
    context = {
        "scales": choices,
        "scale": scale,
        "steps": steps,
        "value": value,
        "sort": sort,
        "rows": _rows(worldview.shown_of(lines, value, sort), scale, owner, language),
        "total": len(lines),
        "has_own": bool(owner),
        "organisation": organisation,
        "has_alerts": has_alerts,
        "title": title,
        "data": json.dumps(worldview.as_data(lines), separators=(",", ":"), ensure_ascii=False),
        "map": _picture(lines, _marks(request, language) if has_alerts else [], title),
        "world_digest": world_digest(),
    }
    return render(request, "guides/world.html", context)


def _rows(shown: tuple[worldview.Line, ...], scale: worldview.Scale, owner: str, language: str) -> SafeString:
    """The rows of the table. The name holds all that they say: whoever is to see another word has another name."""
    context = {"lines": shown, "scale": scale, "owner": owner}
    return keeping.FRAGMENTS.of(
        ("rows", language, scale, owner, shown), lambda: render_to_string("guides/parts/worldrows.html", context)
    )


def _picture(lines: tuple[worldview.Line, ...], marks: list[Mark], title: str) -> SafeString:
    """The drawn world; one with alerts is drawn each time."""

    def drawn() -> SafeString:
        return levels_svg(lines, marks, title=title, sprite=static("web/icons.svg"))

    return drawn() if marks else keeping.FRAGMENTS.of(("picture", title, lines), drawn)


def _marks(request: HttpRequest, language: str) -> list[Mark]:
    filters = listing.Filters()
    concerning = concerning_events(request)
    keys = [row["event__incident"] for row in listing.incidents(filters, concerning=concerning)[:DRAWN]]
    return mapdata.marks(listing.rows_of(keys, filters, concerning=concerning), language)


@dataclass
class Side:
    """One of the two: a guide, or what was typed and what it may mean."""

    name: str
    label: str
    key: str = ""
    typed: str = ""
    guide: GuideDocument | None = None
    hits: list[tuple[PlaceHit, str]] = field(default_factory=list)
    problem: str = ""
    local_time: str = ""

    @property
    def shown(self) -> str:
        """What stands in the field."""
        return self.typed or (self.guide.name if self.guide else "")


@gzip_page
@reader_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two destinations side by side; each is chosen by its key or by what is typed."""
    organisation = organisation_of(request)
    a = _side(request, "a", _("First destination"), organisation)
    b = _side(request, "b", _("Second destination"), organisation)
    clean = {side.name: side.key for side in (a, b) if side.key}
    is_asked = {name: request.GET[name] for name in ("a", "b") if request.GET.get(name)}
    has_typed = any(request.GET.get(f"{name}_q") is not None for name in ("a", "b"))
    is_settled = not any(side.problem or side.hits for side in (a, b))
    if is_settled and clean and (has_typed or clean != is_asked):
        # One address for one pair, however it was chosen.
        return redirect(reverse("guides:compare") + _address(clean))
    for side, other in ((a, b), (b, a)):
        side.hits = [(hit, _address({**clean, side.name: hit.key})) for hit, _url in side.hits]
        if side is b and side.key and side.key == other.key:
            side.problem = _("Both are the same place. Choose another one.")
    context = {"sides": (a, b), "a": a, "b": b, "groups": (), "swap": ""}
    if a.guide and b.guide and a.key != b.key:
        differences = clock_differences(a.guide.zone, (b.guide.zone,), now=clock.now())
        context["groups"] = side_by_side(a.guide, b.guide, clocks=_clocks(a.guide, b.guide, differences))
        context["swap"] = _address({"a": b.key, "b": a.key})
    status = 404 if any(side.problem and side.key == "" for side in (a, b)) else 200
    return render(request, "guides/compare.html", context, status=status)


def _clocks(a: GuideDocument, b: GuideDocument, differences: tuple[object, ...]) -> str:
    words = [str(getattr(each, "words", "")) for each in differences]
    return f"{b.zone_place}: {', '.join(words)}" if words else ""


def _address(keys: dict[str, str]) -> str:
    return "?" + urlencode(keys, safe=":")


def _side(request: HttpRequest, name: str, label: str, organisation: Organisation | None) -> Side:
    """What was asked for one side. Typed words count when they are not the name of the place that is named by key."""
    side = Side(name, label)
    key = request.GET.get(name, "")
    typed = request.GET.get(f"{name}_q", "").strip()[:LONGEST_QUERY]
    language = translation.get_language() or "en"
    if key:
        _open(side, key, organisation, language)
    if typed and (side.guide is None or fold(typed) != fold(side.guide.name)):
        side.key, side.guide, side.problem, side.typed = "", None, "", typed
        hits = find(typed, lang=language, limit=OFFERED).hits
        if len(hits) == 1:
            _open(side, hits[0].key, organisation, language)
        elif hits:
            side.hits = [(hit, "") for hit in hits]
        else:
            side.problem = _("We know no place called “%(typed)s”. Try fewer letters or the country.") % {
                "typed": typed
            }
    elif request.GET.get(f"{name}_q") == "":
        # The field was emptied.
        side.key, side.guide = "", None
    return side


def _open(side: Side, key: str, organisation: Organisation | None, language: str) -> None:
    try:
        stamp = keeping.stamp_of(key, organisation)
    except NotFound:
        side.problem = _("We know no place with the key “%(key)s”. Search for it by name.") % {
            "key": key[:40]
        }
        return
    side.key, side.typed = stamp.key, ""
    side.guide = keeping.document_of(stamp, language, organisation)
    now = clock.now()
    side.local_time = timewords.moment_words(now, side.guide.zone, this_year=now.year)
