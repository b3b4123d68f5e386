"""Facts at the desk: what is known of a country and by whom, corrections one by one or from a file, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.authors import authors_of
from safeconduct.guides import keeping
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.desk.factforms import CorrectionsForm, FactForm
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places import corrections
from safeconduct.places.coverage import coverage, is_stale
from safeconduct.places.effective import EffectiveFact, effective_facts
from safeconduct.places.entering.fields import SHAPES
from safeconduct.places.factwords import Words
from safeconduct.places.models import Fact, FactOverride, FactSource
from safeconduct.places.overrides import (
    correct_fact,
    current_corrections,
    end_correction,
    is_country,
    is_overtaken,
    overtaken,
)
from safeconduct.places.queries import country_names, find
from safeconduct.places.registry import FIELDS

RIGHT = "facts.edit"
LISTED = 12
STANDING_WORDS = {
    "two": gettext_lazy("Two sources"),
    "one": gettext_lazy("One source"),
    "none": gettext_lazy("No source"),
    "overridden": gettext_lazy("Corrected"),
    "stale": gettext_lazy("To be checked again"),
}


def _language() -> str:
    return get_language() or "en"


def _country_or_404(code: str) -> str:
    if not is_country(code):
        raise NotFound("country")
    return country_names({code}, _language()).get(code, code)


@require_safe
@desk_right_required(RIGHT)
def facts(request: HttpRequest) -> HttpResponse:
    """Find a country; every correction that holds, those first that the shipped data has overtaken."""
    words = request.GET.get("q", "").strip()[:100]
    rows = list(current_corrections())
    context = {
        "nav": "facts",
        "words": words,
        "countries": _found(words) if words else [],
        "lines": _correction_lines(rows, {row.pk for row in overtaken(rows)}),
    }
    return render(request, "ops/desk/facts.html", context)


def _found(words: str) -> list[tuple[str, str]]:
    """(code, name) of the countries that somebody may mean, each once."""
    hits = find(words, lang=_language(), limit=30).hits
    named = {hit.country: hit.country_name for hit in hits if hit.country}
    return [(code, name) for code, name in named.items() if is_country(code)][:LISTED]


def _correction_lines(rows: Iterable[FactOverride], changed: set[int]) -> list[dict[str, Any]]:
    listed = list(rows)
    said, names = Words(_language()), country_names({row.country_code for row in listed}, _language())
    authors = authors_of(row.by_label for row in listed)
    lines = [
        {
            "row": row,
            "country": names.get(row.country_code, row.country_code),
            "label": FIELDS[row.field].label if row.field in FIELDS else row.field,
            "text": said.text(row.field, row.value) if row.value is not None else "",
            "author": authors.get(row.by_label, row.by_label),
            "is_overtaken": row.pk in changed,
        }
        for row in listed
    ]
    return sorted(lines, key=lambda line: (not line["is_overtaken"], line["country"], str(line["label"])))


@require_safe
@desk_right_required(RIGHT)
def facts_coverage(request: HttpRequest) -> HttpResponse:
    """For every field how much is known; with a field and a standing, which countries these are."""
    rows = coverage(clock.today())
    chosen = next((row for row in rows if row.field.name == request.GET.get("field")), None)
    show = request.GET.get("show", "none")
    show = show if show in STANDING_WORDS else "none"
    codes = chosen.countries(show) if chosen else ()
    names = country_names(set(codes), _language())
    countries = [(code, names.get(code, code)) for code in codes]
    context = {
        "nav": "facts",
        "rows": [
            {
                "field": row.field,
                "cells": [
                    (key, word, n)
                    for (key, word), n in zip(STANDING_WORDS.items(), row.figures.values(), strict=True)
                ],
            }
            for row in rows
        ],
        "chosen": chosen,
        "show": show,
        "standing": STANDING_WORDS[show],
        "standings": [
            (code, word, len(chosen.countries(code)) if chosen else 0)
            for code, word in STANDING_WORDS.items()
        ],
        "countries": sorted(countries, key=lambda pair: pair[1]),
    }
    return render(request, "ops/desk/facts_coverage.html", context)


@require_safe
@desk_right_required(RIGHT)
def facts_country(request: HttpRequest, code: str) -> HttpResponse:
    """Every field of a country: what holds, who says so, what is old or unknown."""
    name = _country_or_404(code)
    known = {fact.field: fact for fact in effective_facts(country_code=code)}
    corrected = set(current_corrections().filter(country_code=code).values_list("field", flat=True))
    sources = _sources(known.values())
    said, today = Words(_language()), clock.today()
    lines = []
    for field in FIELDS.values():
        fact = known.get(field.name)
        lines.append(
            {
                "field": field,
                "fact": fact,
                "text": said.text(field.name, fact.value) if fact else "",
                "cited": [sources[src] for src in (fact.src, fact.src2) if src in sources] if fact else [],
                "is_stale": fact is not None and is_stale(fact, field, today),
                "is_corrected": field.name in corrected,
                "can_correct": field.name in SHAPES,
            }
        )
    context = {"nav": "facts", "code": code, "name": name, "lines": lines}
    return render(request, "ops/desk/facts_country.html", context)


def _sources(facts_: Iterable[EffectiveFact | Fact]) -> dict[str, FactSource]:
    wanted = {src for fact in facts_ for src in (fact.src, fact.src2) if src}
    return {row.src: row for row in FactSource.objects.filter(src__in=wanted)}


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def fact(request: HttpRequest, code: str, field: str) -> HttpResponseBase:
    """One field of a country: what is shipped, what corrects it, and stating it anew."""
    name = _country_or_404(code)
    if field not in SHAPES:
        raise NotFound("field")
    shipped = Fact.objects.filter(country_code=code, field=field).first()
    held = current_corrections().filter(country_code=code, field=field).first()
    value = held.value if held is not None else shipped.value if shipped is not None else None
    initial: dict[str, Any] = {**FactForm.initial_of(field, value), "seen": held.pk if held else ""}
    if held is not None:
        initial |= {
            "source_title": held.source_title,
            "source_url": held.source_url,
            "is_unknown": value is None,
        }
    data = request.POST.copy() if request.method == "POST" else None
    is_late = data is not None and data.get("seen", "") != str(initial["seen"])
    if data is not None:
        # Sent once more after both were read, it is meant.
        data["seen"] = str(initial["seen"])
    form = FactForm(data, initial=initial, country_code=code, field=field)
    if form.is_bound and form.is_valid() and not is_late and _corrected(form, request, code, field):
        keeping.forget()
        messages.success(request, _("Corrected. Guides say so from now on."))
        return redirect("ops:facts_country", code)
    past = (
        FactOverride.objects.filter(country_code=code, field=field)
        .exclude(ended_at=None)
        .order_by("-made_at")
    )
    context = {
        "nav": "facts",
        "code": code,
        "name": name,
        "field": FIELDS[field],
        "form": form,
        "is_late": is_late,
        **_standing(field, shipped, held),
        "past": _correction_lines(past[:20], set()),
    }
    return render(request, "ops/desk/fact.html", context)


def _corrected(form: FactForm, request: HttpRequest, code: str, field: str) -> bool:
    names = {f"fact.{name}": name for name in ("source_title", "source_url", "reason", "checked_on")}
    return bool(attempt(form, lambda: correct_fact(code, field, by=signed_in(request), **form.said()), names))


def _standing(field: str, shipped: Fact | None, held: FactOverride | None) -> dict[str, Any]:
    """What is shipped and what corrects it, in words."""
    said = Words(_language())
    sources = _sources([shipped]) if shipped is not None else {}
    is_changed = held is not None and is_overtaken(held, shipped)
    shipped_then = held.shipped_value if held is not None else None
    return {
        "shipped": shipped,
        "shipped_text": said.text(field, shipped.value) if shipped is not None else "",
        "shipped_sources": [sources[src] for src in (shipped.src, shipped.src2) if src in sources]
        if shipped
        else [],
        "held": held,
        "held_line": _correction_lines([held], set())[0] if held is not None else None,
        "is_changed": is_changed,
        "shipped_then": said.text(field, shipped_then) if shipped_then is not None else "",
    }


@require_POST
@desk_right_required(RIGHT)
def fact_end(request: HttpRequest, code: str, field: str) -> HttpResponseBase:
    """End the correction that was looked at."""
    _country_or_404(code)
    rows = FactOverride.objects.filter(country_code=code, field=field)
    seen = request.POST.get("correction", "")
    row = rows.filter(pk=int(seen)).first() if seen.isascii() and seen.isdigit() and len(seen) < 18 else None
    if row is None:
        raise NotFound("correction")
    end_correction(row, by=signed_in(request))
    keeping.forget()
    messages.success(request, _("Ended. The shipped data speaks again."))
    return redirect("ops:facts_country", code)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def facts_import(request: HttpRequest) -> HttpResponseBase:
    """Read corrections from a file: first what it would do, then, asked again, do it."""
    form = CorrectionsForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
    )
    plan = None
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["text"]
        plan = attempt(form, lambda: corrections.plan_of(text), {"csv": "file"})
        if plan is not None and request.POST.get("do") == "apply" and plan.can_apply:
            try:
                count = corrections.apply_plan(plan, by=signed_in(request))
            except Refused as refusal:
                form.add_error(None, refusal.text)
            else:
                keeping.forget()
                text = ngettext("%(n)d fact corrected.", "%(n)d facts corrected.", count)
                messages.success(request, text % {"n": count})
                return redirect("ops:facts")
    names = country_names({row.country_code for row in plan.rows} if plan else set(), _language())
    context = {
        "nav": "facts",
        "form": form,
        "plan": plan,
        "text": form.cleaned_data.get("text", "") if plan else "",
        "lines": [
            {
                "row": row,
                "country": names.get(row.country_code, row.country_code),
                "label": FIELDS[row.field].label,
            }
            for row in (plan.rows if plan else ())
        ],
        "examples": _examples(),
    }
    return render(request, "ops/desk/facts_import.html", context)


def _examples() -> list[tuple[str, str]]:
    """A value that is shipped, for each field, as a file has it."""
    rows = {row.field: row for row in Fact.objects.filter(country_code="KE")}
    rows |= {row.field: row for row in Fact.objects.filter(country_code="TH")}
    return [(field, corrections.line_of(field, rows[field].value)) for field in SHAPES if field in rows]


@require_safe
@desk_right_required(RIGHT)
def facts_export(request: HttpRequest) -> HttpResponse:
    """Every correction that holds, as a file that can be read in again."""
    answer = HttpResponse(corrections.as_csv(current_corrections()), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="facts.csv"'
    return answer
