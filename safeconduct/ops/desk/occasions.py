"""Occasions at the desk: list, add, change, remove; a file of them is shown before anything is entered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.authors import authors_of
from safeconduct.advice import csv_files, words
from safeconduct.advice import occasions as rows_of
from safeconduct.advice.countries import code_of
from safeconduct.advice.forms import country_choices
from safeconduct.advice.models import Occasion
from safeconduct.advice.occasionforms import OccasionForm, OccasionsFileForm
from safeconduct.lib import clock
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places.queries import localised_name

RIGHT = "entry.edit"
ON_A_PAGE = 50
SHOWN = ("past", "review")
FIELDS = {"occasion.taken": "title", "csv": "file"}
MOST_SHOWN = 100


def _asked(request: HttpRequest) -> dict[str, str]:
    only = request.GET.get("only", "")
    return {"country": code_of(request.GET.get("country", "")[:3]), "only": only if only in SHOWN else ""}


@require_safe
@desk_right_required(RIGHT)
def occasions(request: HttpRequest) -> HttpResponse:
    """What is to come, or was."""
    asked = _asked(request)
    page = Paginator(rows_of.listed_occasions(**asked, today=clock.today()), ON_A_PAGE).get_page(request.GET.get("page"))
    names = words.Names({row.country for row in page}, request.LANGUAGE_CODE)
    context = {
        "nav": "occasions",
        "asked": asked,
        "page": page,
        "lines": [_line(row, names, request.LANGUAGE_CODE) for row in page],
        "countries": country_choices(),
        "any": Occasion.objects.exists(),
    }
    return render(request, "ops/desk/occasions.html", context)


def _line(row: Occasion, names: words.Names, lang: str) -> dict[str, Any]:
    return {
        "row": row,
        "country": names.of(row.country),
        "place": localised_name(row.place, lang) if row.place is not None else "",
        "is_stale": row.review_on is not None and row.review_on < clock.today(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def occasion_add(request: HttpRequest) -> HttpResponseBase:
    """Enter an occasion."""
    initial = {"source_date": clock.today().isoformat(), "country": code_of(request.GET.get("country", "")[:3])}
    form = OccasionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and form.details:
        details = form.details
        if attempt(form, lambda: rows_of.add_occasion(details, by=signed_in(request)), FIELDS):
            messages.success(request, _("Entered. Briefings for these days tell of it."))
            return redirect("ops:occasions")
    return render(request, "ops/desk/occasion.html", {"nav": "occasions", "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def occasion(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Look at an occasion, and change it."""
    row = rows_of.the_occasion(public_id)
    initial = rows_of.as_row(row)
    form = OccasionForm(request.POST if request.method == "POST" else None, initial=initial)
    title = row.title
    if form.is_bound and form.is_valid() and form.details:
        details = form.details
        if attempt(form, lambda: rows_of.change_occasion(row, details, by=signed_in(request)), FIELDS):
            messages.success(request, _("Saved. Briefings say so from now on."))
            return redirect("ops:occasions")
    author = authors_of([row.by_label]).get(row.by_label, "")
    context = {"nav": "occasions", "form": form, "row": row, "title": title, "author": author}
    return render(request, "ops/desk/occasion.html", context)


@require_POST
@desk_right_required(RIGHT)
def occasion_remove(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Take it out of every briefing."""
    rows_of.remove_occasion(rows_of.the_occasion(public_id), by=signed_in(request))
    messages.success(request, _("The occasion is removed."))
    return redirect("ops:occasions")


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def occasions_import(request: HttpRequest) -> HttpResponseBase:
    """Show what a file would do; enter its good rows when somebody says so; hand the others back."""
    text = request.POST.get("text", "")
    if request.method == "POST" and "refused" in request.POST:
        reading = rows_of.read_file(text)
        return _csv(csv_files.refused_csv(reading.problems), "refused.csv")
    if request.method == "POST" and "enter" in request.POST:
        done = rows_of.import_occasions(text, by=signed_in(request))
        count = len(done.fresh) + len(done.changed)
        said = ngettext("%(n)d occasion entered or changed.", "%(n)d occasions entered or changed.", count) % {"n": count}
        messages.success(request, said)
        return redirect("ops:occasions")
    is_sent = request.method == "POST"
    form = OccasionsFileForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    context: dict[str, Any] = {"nav": "occasions", "form": form, "columns": rows_of.COLUMNS}
    if form.is_bound and form.is_valid():
        data = form.cleaned_data["file"].read(rows_of.MOST_BYTES + 1)
        text = attempt(form, lambda: rows_of.text_of(data), FIELDS) or ""
        read = attempt(form, lambda: rows_of.read_file(text), FIELDS) if text else None
        if read is not None:
            names = words.Names({one.country for one in read.fresh}, request.LANGUAGE_CODE)
            context |= {
                "text": text, "reading": read, "name": form.cleaned_data["file"].name,
                "lines": [(names.of(one.country), one) for one in read.fresh[:MOST_SHOWN]],
                "changes": [after for _before, after in read.changed[:MOST_SHOWN]],
                "refused": read.problems[:MOST_SHOWN],
                "count": len(read.fresh) + len(read.changed),
            }  # fmt: skip
    return render(request, "ops/desk/occasions_import.html", context)


def _csv(text: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
@desk_right_required(RIGHT)
def occasions_template(request: HttpRequest) -> HttpResponse:
    """A CSV file to fill in."""
    return _csv(rows_of.template(), "occasions.csv")


@require_safe
@desk_right_required(RIGHT)
def occasions_export(request: HttpRequest) -> HttpResponse:
    """The occasions of the list, as a file that can be read in again."""
    return _csv(rows_of.as_csv(rows_of.listed_occasions(**_asked(request), today=clock.today())), "occasions.csv")
