"""Events at the desk: what is active and who tells of it, joining and parting by hand, and putting a wrong area right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shapely
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts import corrections, incidents, overview
from safeconduct.alerts.labels import EVENT_TYPES, SEVERITY_STEPS, event_label
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.pages import view_of
from safeconduct.feeds.models import Source
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.lib.geo import BadShape
from safeconduct.ops.desk import eventlists, shapes
from safeconduct.ops.desk.eventforms import AreaForm, MergeForm, SplitForm
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places.drawing import locator_svg
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names
from safeconduct.places.shapes import countries_touching

RIGHT = "alerts.edit"
A_PAGE = 50
MOST_CITIES = 8
WIDEST = 60.0
"""Degrees of longitude up to which a wrong and a right area are shown on one map."""


@require_safe
@desk_right_required(RIGHT)
def events(request: HttpRequest) -> HttpResponse:
    """What is active, the latest first, or what has ended."""
    language = get_language() or "en"
    asked = {
        name: request.GET.get(name, "").strip()[:100] for name in ("kind", "source", "country", "q", "state")
    }
    ignored = _unknown(asked)
    ended = asked["state"] == "ended"
    choices = eventlists.choices(language, ended=ended)
    ids = eventlists.found(
        kind=asked["kind"], source=asked["source"], country=asked["country"], words=asked["q"], ended=ended
    )
    page = Paginator(ids, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "events",
        "page": page,
        "lines": eventlists.lines(list(page.object_list), language),
        "asked": asked,
        "is_filtered": any(value for name, value in asked.items() if name != "state"),
        "ended": ended,
        "ignored": ignored,
        "choices": choices,
    }
    return render(request, "ops/desk/events.html", context)


def _unknown(asked: dict[str, str]) -> list[str]:
    """Empty what is no choice of its filter, and return it. A known type, source or country without events is one."""
    known: dict[str, Callable[[str], bool]] = {
        "kind": lambda value: value in EVENT_TYPES,
        "source": lambda value: Source.objects.filter(key=value).exists(),
        "country": lambda value: bool(country_names({value}, "en").get(value)),
        "state": lambda value: value in ("active", "ended"),
    }
    ignored = []
    for name, is_known in known.items():
        if asked[name] and not is_known(asked[name]):
            ignored.append(asked[name])
            asked[name] = ""
    return ignored


@require_safe
@desk_right_required(RIGHT)
def event(request: HttpRequest, public_id: str) -> HttpResponse:
    """One incident: who tells of it, and what may be done about it."""
    summary = overview.summary_of(public_id)
    return _page(request, summary)


def _page(
    request: HttpRequest, summary: overview.Summary, merge: MergeForm | None = None, split_id: str = "",
    split: SplitForm | None = None,
) -> HttpResponse:  # fmt: skip
    language = get_language() or "en"
    members = eventlists.members(summary, language)
    context = {
        "nav": "events",
        "summary": summary,
        "headline": summary.headline(language),
        "members": members,
        "people": eventlists.people_by_incident([summary.incident.pk]).get(summary.incident.pk, 0),
        "countries": eventlists.lines([summary.incident.pk], language)[0].countries,
        "kind": event_label(summary.incident.event_type),
        "last_change": eventlists.last_change(summary),
        "map": _map(summary.lead.current_version),
        "merge_form": merge or MergeForm(near=eventlists.near(summary, language)),
        "split_form": split or SplitForm(),
        "split_id": split_id,
    }
    return render(request, "ops/desk/event.html", context)


@require_POST
@desk_right_required(RIGHT)
def event_merge(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Make other events and this one the same."""
    summary = overview.summary_of(public_id)
    form = MergeForm(request.POST, near=eventlists.near(summary, get_language() or "en"))
    merged = None
    if form.is_valid():
        data, by = form.cleaned_data, signed_in(request)
        merged = attempt(
            form,
            lambda: incidents.merge(summary.incident, data["incidents"], by=by, reason=data["reason"]),
            {"incident.reason": "reason"},
        )
    if merged:
        messages.success(request, _("Merged. What was told already stays as it was."))
        return redirect("ops:event", public_id)
    return _page(request, summary, merge=form)


@require_POST
@desk_right_required(RIGHT)
def event_split(request: HttpRequest, public_id: str, event_id: str) -> HttpResponseBase:
    """Give one source's event an incident of its own."""
    summary = overview.summary_of(public_id)
    member = eventlists.member_of(summary, event_id)
    form = SplitForm(request.POST, auto_id="split_%s")
    alone = None
    if form.is_valid():
        alone = attempt(
            form,
            lambda: incidents.split(member, by=signed_in(request), reason=form.cleaned_data["reason"]),
            {"incident.reason": "reason"},
        )
    if alone:
        messages.success(request, _("Split off. Whoever was not told of it is told now."))
        return redirect("ops:event", alone.public_id)
    return _page(request, summary, split=form, split_id=event_id)


@require_http_methods(["GET", "POST"])
@desk_right_required(RIGHT)
def event_area(request: HttpRequest, public_id: str, event_id: str) -> HttpResponseBase:
    """Correct the area of an event's current version: give it, look at it on a map, then use it."""
    member = eventlists.member_of(overview.summary_of(public_id), event_id)
    version = _whole(member)
    context: dict[str, Any] = {
        "nav": "events", "public_id": public_id, "member": member, "version": version,
        "can_swap": _can_swap(version),
    }  # fmt: skip
    if request.method == "GET":
        return _area_page(request, context, AreaForm(), None)
    data = request.POST.copy()
    if data.get("do") == "swap":
        data["way"] = "geojson"
        try:
            data["geojson"] = shapes.as_geojson(corrections.swapped(version))
        except BadShape as error:
            messages.error(request, str(error))
            return redirect("ops:event_area", public_id, event_id)
    form = AreaForm(data, request.FILES if data.get("do") == "preview" else None)
    if not form.is_valid():
        return _area_page(request, context, form, None)
    if data.get("do") != "save":
        return _area_page(request, context, form, form.shape)
    if str(version.pk) != data.get("version"):
        form.add_error(None, _("The source has sent a newer version meanwhile. Look at that one."))
        return _area_page(request, context, form, None)
    made = attempt(
        form,
        lambda: corrections.correct_area(
            version, by=signed_in(request), geometry=form.shape, reason=form.cleaned_data["reason"]
        ),
        {"correction.reason": "reason"},
    )
    if made is None:
        return _area_page(request, context, form, None)
    messages.success(
        request, _("The corrected area is used from now on. People are matched again within a minute.")
    )
    return redirect("ops:event", public_id)


def _area_page(
    request: HttpRequest, context: dict[str, Any], form: AreaForm, shape: BaseGeometry | None
) -> HttpResponse:
    is_ready = form.is_bound and form.is_valid()
    version: AlertVersion = context["version"]
    context |= {
        "form": form,
        "is_ready": is_ready,
        "map": _map(version, shape=shape, is_preview=is_ready),
        "geojson": shapes.as_geojson(shape) if shape is not None else "",
        "countries": _names(shape) if shape is not None else "",
    }
    return render(request, "ops/desk/event_area.html", context, status=200)


def _names(shape: BaseGeometry) -> str:
    """The countries that an area touches, in the reader's language."""
    codes = countries_touching(shape)
    names = country_names(set(codes), get_language() or "en")
    return ", ".join(sorted(names.get(code, code) for code in codes))


@require_POST
@desk_right_required(RIGHT)
def event_area_withdraw(request: HttpRequest, public_id: str, event_id: str, pk: int) -> HttpResponseBase:
    """Give the source's own area back."""
    member = eventlists.member_of(overview.summary_of(public_id), event_id)
    row = member.corrections.filter(pk=pk).first()
    if row is None:
        raise NotFound("correction")
    corrections.withdraw(row, by=signed_in(request))
    messages.success(request, _("Withdrawn. The source’s own area is used again."))
    return redirect("ops:event", public_id)


def _whole(member: Event) -> AlertVersion:
    row = AlertVersion.objects.select_related("event__source").filter(current_of=member).first()
    if row is None:
        raise Refused("event.empty", _("Nothing has been read of this event."))
    return row


def _can_swap(version: AlertVersion) -> bool:
    try:
        corrections.swapped(version)
    except BadShape:
        return False
    return True


def _map(
    version: AlertVersion | None, *, shape: BaseGeometry | None = None, is_preview: bool = False
) -> SafeString | None:
    """The area that holds, or beside the source's the one that is asked about."""
    if version is None:
        return None
    held = corrections.effective(version)
    wrong = version.geometry() if is_preview or held.correction else None
    right = shape if is_preview else held.geometry
    css = f"s-{SEVERITY_STEPS.get(version.severity, 0)}"
    areas = [
        (one, style, label)
        for one, style, label in (
            (wrong, "s-0 is-rough", _("Area given by the source")),
            (right, css, _("Corrected area") if is_preview or held.correction else _("Area")),
        )
        if one is not None and not one.is_empty
    ]
    if not areas:
        return None
    whole = shapely.union_all([one for one, _style, _label in areas])
    if _width(whole) > WIDEST and _width(areas[-1][0]) < WIDEST:
        # A map of the world would show neither: the one that is asked about is what counts.
        whole = areas[-1][0]
    focus = countries_touching(areas[-1][0])
    view = view_of(whole)
    return locator_svg(view, title=_("Map of the area"), focus=focus, areas=areas, marks=_cities_in(view))


def _cities_in(view: tuple[float, float, float, float]) -> list[tuple[float, float, str]]:
    """The largest cities that a map shows, by name, so that one can tell where it is."""
    west, south, east, north = view
    seen = Q(lon__gte=west, lon__lte=east) | Q(lon__lte=east - 360)
    rows = Place.objects.filter(
        seen, kind=Place.Kind.CITY, state=Place.State.ACTIVE, lat__gte=south, lat__lte=north
    )
    return [(row.lon, row.lat, row.name) for row in rows.order_by("-population")[:MOST_CITIES]]


def _width(shape: BaseGeometry) -> float:
    west, _south, east, _north = shape.bounds
    return float(east - west)
