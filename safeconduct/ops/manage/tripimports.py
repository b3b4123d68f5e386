"""Files of trips in the console: handing one in, what became of it, the rows that did not enter."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.audit.actions import record
from safeconduct.lib.errors import NotFound
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import Seat, right_required, signed_in, the_seat
from safeconduct.trips.importing import cancel_held, import_trips
from safeconduct.trips.imports.table import COLUMNS
from safeconduct.trips.models import SOURCE_LENGTH, TripImport

TEMPLATE = (
    ",".join(COLUMNS)
    + "\nFIELD-2027-01,maya@northfield.example.edu,Maya,Brandt,en,Field work,stay,Nairobi,,2027-02-01,2027-02-12,,,,\n"
    "FIELD-2027-02,bob@northfield.example.edu,Bob,Okafor,en,Conference,flight,NBO,LIS,2027-03-03T06:10,2027-03-02T23:55,,,,\n"
    "FIELD-2027-02,bob@northfield.example.edu,,,,,lodging,Lisbon,,2027-03-03,2027-03-07,,,,\n"
)
COUNT_WORDS = (
    ("entered", gettext_lazy("entered")),
    ("without_account", gettext_lazy("of these for people without an account")),
    ("awaiting", gettext_lazy("of these awaiting approval")),
    ("joined", gettext_lazy("were registered by their travellers already")),
    ("changed", gettext_lazy("changed")),
    ("unchanged", gettext_lazy("unchanged")),
    ("cancelled", gettext_lazy("cancelled by the file")),
    ("unlisted", gettext_lazy("cancelled because they are no longer listed")),
    ("listed_again", gettext_lazy("listed again")),
    ("kept", gettext_lazy("in part kept as changed by hand")),
    ("told", gettext_lazy("mails on their way")),
)


class TripsCsvForm(forms.Form):
    """One file of trips."""

    source = forms.CharField(
        label=gettext_lazy("Where it comes from"),
        max_length=SOURCE_LENGTH,
        help_text=gettext_lazy(
            "The name of the agency, registry or group. Give the same name each time: the trips are known by it and "
            "their ids."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("One row a stop: id, email, place and arrive are needed."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    is_complete = forms.BooleanField(
        label=gettext_lazy("The file lists every trip of this source"),
        required=False,
        help_text=gettext_lazy("Trips ahead or under way that are not in it are then cancelled."),
    )
    is_approved = forms.BooleanField(
        label=gettext_lazy("These trips were approved where they come from"),
        required=False,
        help_text=gettext_lazy("Your rule of approval then asks nobody; each trip says who had approved it."),
    )


@require_http_methods(["GET", "POST"])
@right_required("trips.import")
def trips_import(request: HttpRequest) -> HttpResponseBase:
    """Hand in a file, and the latest ones."""
    seat = the_seat(request)
    form = TripsCsvForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        done = attempt(
            form,
            lambda: import_trips(
                seat.organisation, said["file"].read(), source=said["source"], by=signed_in(request),
                file_name=said["file"].name, is_complete=said["is_complete"], is_approved=said["is_approved"],
            ),
            {"csv": "file", "import": "source"},
        )  # fmt: skip
        if done is not None:
            return redirect("ops:trips_import_result", done.public_id)
    context = {
        "nav": "manage_trips", "form": form, "columns": COLUMNS,
        "imports": TripImport.objects.for_org(seat.organisation).select_related("imported_by")[:20],
    }  # fmt: skip
    return render(request, "ops/manage/trips_import.html", context)


@require_safe
@right_required("trips.import")
def import_result(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of each trip of a file."""
    done = _the_import(the_seat(request), public_id)
    counts = [(words, done.counts[name]) for name, words in COUNT_WORDS if done.counts.get(name)]
    context = {"nav": "manage_trips", "done": done, "counts": counts, "kept_days": TripImport.REJECTED_DAYS}
    return render(request, "ops/manage/trips_import_result.html", context)


@require_safe
@right_required("trips.import")
def rejected(request: HttpRequest, public_id: str) -> HttpResponse:
    """The rows that did not enter, to be mended and handed in again."""
    seat = the_seat(request)
    done = _the_import(seat, public_id)
    if not done.rejected_csv:
        raise NotFound("rows")
    record("trips.rejected_read", by=signed_in(request), subject=done, organisation=seat.organisation)
    return _csv(done.rejected_csv, "not-entered.csv")


@require_POST
@right_required("trips.import")
def held(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Cancel what a complete file no longer lists although it is much."""
    count = cancel_held(_the_import(the_seat(request), public_id), by=signed_in(request))
    messages.success(request, ngettext("%(count)d trip cancelled.", "%(count)d trips cancelled.", count) % {"count": count})
    return redirect("ops:trips_import_result", public_id)


@require_safe
@right_required("trips.import")
def trips_template(request: HttpRequest) -> HttpResponse:
    """A CSV file to fill in."""
    return _csv(TEMPLATE, "trips.csv")


def _csv(text: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _the_import(seat: Seat, public_id: str) -> TripImport:
    row = TripImport.objects.for_org(seat.organisation).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("import")
    return row
