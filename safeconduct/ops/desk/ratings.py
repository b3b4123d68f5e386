"""Ratings at the desk: every country, and deciding otherwise than the formula, with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.guides import keeping
from safeconduct.lib.errors import NotFound
from safeconduct.ops.forms import attempt
from safeconduct.ops.ratingforms import FIELDS, OverrideForm
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places.queries import country_names, place_by_key
from safeconduct.ratings import actions, formula, words
from safeconduct.ratings.listing import Line, lines
from safeconduct.ratings.models import Kind, Override, Value
from safeconduct.ratings.queries import author_of, explained, history_of, input_lines, left_out_lines

RIGHT = "ratings.edit"
PAGE = 50
SHOWN = ("decided", "unknown")


@require_safe
@desk_right_required(RIGHT)
def ratings(request: HttpRequest) -> HttpResponse:
    """Every country with both ratings; by words, by value, those that an editor decided."""
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ("q", "kind", "value", "show")}
    asked["kind"] = asked["kind"] if asked["kind"] in Kind.values else ""
    asked["value"] = asked["value"] if asked["value"] in Value.values else ""
    asked["show"] = asked["show"] if asked["show"] in SHOWN else ""
    every = lines(get_language() or "en")
    context = {
        "nav": "ratings",
        "asked": asked,
        "is_filtered": any(asked.values()),
        "kinds": Kind.choices,
        "values": [(value, label) for value, label in Value.choices if value],
        "decided": sum(bool(cell.override) for line in every for cell in line.cells),
        "page": Paginator([line for line in every if _fits(line, asked)], PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "ops/desk/ratings.html", context)


def _fits(line: Line, asked: dict[str, str]) -> bool:
    text = asked["q"].casefold()
    if text and text not in line.name.casefold() and text != line.code.casefold():
        return False
    cells = [cell for cell in line.cells if asked["kind"] in ("", cell.kind)]
    if asked["show"] == "decided":
        cells = [cell for cell in cells if cell.override]
    elif asked["show"] == "unknown":
        cells = [cell for cell in cells if not cell.value]
    return any(asked["value"] in ("", cell.value) for cell in cells)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def rating(request: HttpRequest, code: str, kind: str) -> HttpResponseBase:
    """One rating: what it came from and every value that it had; decide otherwise, or end that."""
    if kind not in Kind.values:
        raise NotFound("rating")
    place = place_by_key(f"iso:{code.upper()}")
    do = request.POST.get("do", "")
    form = OverrideForm(request.POST if do == "override" else None, kind=kind)
    if do == "end":
        return _ended(request, place.country_code, kind)
    if (
        form.is_bound
        and form.is_valid()
        and attempt(form, lambda: _decided(request, form, place.country_code, kind), FIELDS)
    ):
        messages.success(request, _("Saved. It holds at once; travellers with a trip there are told."))
        return redirect("ops:rating", code=place.country_code, kind=kind)
    found = {row.kind: row for row in explained(place.country_code)}[kind]
    context: dict[str, Any] = {
        "nav": "ratings",
        "place": place,
        "name": country_names({place.country_code}, get_language() or "en").get(
            place.country_code, place.name
        ),
        "rating": found,
        "formula_word": words.value_word(found.formula_value),
        "inputs": input_lines(found),
        "left_out": left_out_lines(place.country_code, kind),
        "version": formula.VERSION,
        "history": history_of(place.country_code, kind),
        "form": form,
        "author": author_of(found.override) if found.override else "",
    }
    return render(request, "ops/desk/rating.html", context)


def _decided(request: HttpRequest, form: OverrideForm, code: str, kind: str) -> bool:
    actions.override_rating(code, kind, by=signed_in(request), **form.cleaned_data)
    keeping.forget()
    return True


def _ended(request: HttpRequest, code: str, kind: str) -> HttpResponseBase:
    row = Override.objects.filter(country_code=code, kind=kind, ended_at__isnull=True).first()
    if row is not None:
        actions.end_override(row, by=signed_in(request))
        keeping.forget()
        messages.success(request, _("Ended. The formula holds again."))
    return redirect("ops:rating", code=code, kind=kind)
