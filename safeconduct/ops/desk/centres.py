"""Assistance centres at the desk: list, add, change, close, read from CSV."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.centres import actions, csv_files
from safeconduct.centres.forms import CentreForm, CsvForm
from safeconduct.centres.models import Centre, CentreImport
from safeconduct.ops import access
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in

FIELDS = {"centre.name": "name", "csv": "file"}


@require_safe
@desk_right_required("centres.edit")
def centres(request: HttpRequest) -> HttpResponse:
    """Every centre, closed ones too, and the last CSV files."""
    context = {
        "nav": "centres",
        "centres": Centre.objects.order_by("-is_active", "name"),
        "imports": CentreImport.objects.select_related("imported_by")[:5],
    }
    return render(request, "ops/desk/centres.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("centres.edit")
def centre_add(request: HttpRequest) -> HttpResponseBase:
    """Add a centre."""
    form = CentreForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.details:
        details = form.details
        if attempt(form, lambda: actions.add_centre(details, by=signed_in(request)), FIELDS):
            messages.success(request, _("%(name)s is on every page now.") % {"name": details.name})
            return redirect("ops:centres")
    context = {"nav": "centres", "form": form, "title": _("Add a centre"), "submit": _("Add the centre")}
    return render(request, "ops/desk/form.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("centres.edit")
def centre_edit(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change a centre."""
    centre = access.the_centre(public_id)
    form = CentreForm(request.POST or None, initial=CentreForm.initial_of(centre))
    if request.method == "POST" and form.is_valid() and form.details:
        details = form.details
        if (
            attempt(form, lambda: actions.change_centre(centre, details, by=signed_in(request)), FIELDS)
            is not None
        ):
            messages.success(request, _("Saved."))
            return redirect("ops:centres")
    context = {"nav": "centres", "form": form, "title": centre.name, "submit": _("Save")}
    return render(request, "ops/desk/form.html", context)


@require_POST
@desk_right_required("centres.edit")
def centre_switch(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Close a centre or open it again."""
    centre = access.the_centre(public_id)
    actions.set_active(centre, request.POST.get("active") == "1", by=signed_in(request))
    text = (
        _("%(name)s is on every page again.") if centre.is_active else _("%(name)s is on no page any more.")
    )
    messages.success(request, text % {"name": centre.name})
    return redirect("ops:centres")


@require_http_methods(["GET", "POST"])
@desk_right_required("centres.edit")
def centre_import(request: HttpRequest) -> HttpResponseBase:
    """Read centres from a CSV file."""
    form = CsvForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        done = attempt(
            form, lambda: actions.import_csv(file.read(), file_name=file.name, by=signed_in(request)), FIELDS
        )
        if done is not None:
            return redirect("ops:centre_import_result", done.public_id)
    context = {"nav": "centres", "form": form}
    return render(request, "ops/desk/centre_import.html", context)


@require_safe
@desk_right_required("centres.edit")
def centre_import_result(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of each row."""
    return render(
        request,
        "ops/desk/centre_import_result.html",
        {"nav": "centres", "done": access.the_import(public_id)},
    )


@require_safe
@desk_right_required("centres.edit")
def centre_template(request: HttpRequest) -> HttpResponse:
    """A CSV file to fill in."""
    answer = HttpResponse(csv_files.template(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="centres.csv"'
    return answer
