"""Groups in the console: one itinerary for many people, entered once, and who has it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.lib import clock
from safeconduct.lib.csvtable import decoded
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import right_required, signed_in, the_seat
from safeconduct.trips.groups import (
    RIGHT,
    access_group,
    add_people,
    change_group,
    groups_of,
    id_of,
    make_group,
    settled_of,
    take_off,
    trips_of_group,
    trips_of_groups,
)
from safeconduct.trips.imports.people import People, as_list, people_in
from safeconduct.trips.itinerary import Itinerary
from safeconduct.trips.models import Stop, Trip, TripGroup
from safeconduct.trips.planning import Run
from safeconduct.trips.timeline import timeline
from safeconduct.trips.views import suggest_url
from safeconduct.trips.writing import new_stop

METHODS = ["GET", "HEAD", "POST"]
MOST_BYTES = 1024 * 1024


class NameForm(forms.Form):
    """What the group is called."""

    group = forms.CharField(
        label=gettext_lazy("Name of the group"),
        max_length=60,
        help_text=gettext_lazy("Its people see it as the source of the trip. It stays as it is."),
    )


class PeopleForm(forms.Form):
    """A list of people, pasted or as a file."""

    people = forms.CharField(
        label=gettext_lazy("People"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "dir": "auto"}),
        help_text=gettext_lazy(
            "One a line: an e-mail address, and if you like the name. Cells copied from a spreadsheet can be pasted as they are."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a CSV file"),
        required=False,
        help_text=gettext_lazy("These columns are read: email, and if you like given_name, family_name and language."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )

    def read(self) -> People:
        """Return what the list says. Raises Refused when it says nothing."""
        file = self.cleaned_data["file"]
        if file is not None and file.size > MOST_BYTES:
            raise Refused("people.large", _("The file is larger than 1 MB."))
        return people_in(decoded(file.read()) if file is not None else self.cleaned_data["people"])


@require_safe
@right_required(RIGHT)
def groups(request: HttpRequest) -> HttpResponse:
    """The groups of the organisation."""
    rows = list(groups_of(the_seat(request).organisation)[:200])
    planned = trips_of_groups(the_seat(request).organisation, rows).exclude(state=Trip.State.CANCELLED).order_by()
    counts = dict(planned.values_list("source_name").annotate(Count("pk")))
    counted = [(group, counts.get(group.name, 0)) for group in rows]
    return render(request, "ops/manage/trip_groups.html", {"nav": "manage_trips", "groups": counted})


@require_http_methods(METHODS)
@right_required(RIGHT)
def group_new(request: HttpRequest) -> HttpResponseBase:
    """Enter an itinerary for many."""
    lang = get_language() or "en"
    if request.method != "POST":
        return _form(request, Itinerary.blank(lang), NameForm())
    form = Itinerary.posted(request.POST, lang)
    name = NameForm(request.POST) if form.is_bound else NameForm(initial={"group": request.POST.get("group", "")})
    ready = form.settled() if form.is_bound else None
    if ready is None or not name.is_valid():
        return _form(request, form, name)
    group = attempt(
        name,
        lambda: make_group(
            the_seat(request).organisation, name=name.cleaned_data["group"], title=form.title, stops=ready[0],
            by=signed_in(request),
        ),
        {"group": "group"},
    )  # fmt: skip
    if group is None:
        return _form(request, form, name)
    messages.success(request, _("The itinerary is saved. Now say who travels."))
    return redirect("ops:trip_group", group.public_id)


@require_safe
@right_required(RIGHT)
def group(request: HttpRequest, public_id: str) -> HttpResponse:
    """A group: its itinerary and its people."""
    row = access_group(the_seat(request), public_id)
    return _page(request, row, PeopleForm())


@require_http_methods(METHODS)
@right_required(RIGHT)
def group_change(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change the itinerary for everybody who has not changed it by hand."""
    row, lang = access_group(the_seat(request), public_id), get_language() or "en"
    if request.method != "POST":
        form = Itinerary.of_trip(_as_trip(row), _stops(row), lang)
        return _form(request, form, None, row)
    form = Itinerary.posted(request.POST, lang)
    ready = form.settled() if form.is_bound else None
    if ready is None:
        return _form(request, form, None, row)
    try:
        run = change_group(
            row, title=form.title, stops=ready[0], by=signed_in(request), revision=form.revision or None
        )
    except Refused as refused:
        form.refuse(refused)
        return _form(request, form, None, row)
    _say_changed(request, run)
    return redirect("ops:trip_group", public_id)


@require_POST
@right_required(RIGHT)
def group_people(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Show what a list of people says; enter them once it is confirmed."""
    row = access_group(the_seat(request), public_id)
    form = PeopleForm(request.POST, request.FILES)
    read = attempt(form, form.read, {"people": "people", "csv": "file"}) if form.is_valid() else None
    if read is None:
        return _page(request, row, form)
    if request.POST.get("do") != "enter":
        here = set(trips_of_group(row).exclude(state=Trip.State.CANCELLED).values_list("source_id", flat=True))
        lines = [(one, id_of(one.email) in here) for one in read.people]
        context = {
            "nav": "manage_trips", "group": row, "lines": lines, "refused": read.refused, "list": as_list(read.people),
            "fresh": sum(not is_there for _one, is_there in lines),
        }  # fmt: skip
        return render(request, "ops/manage/trip_group_people.html", context)
    run = add_people(row, read.people, by=signed_in(request))
    _say_entered(request, run)
    return redirect("ops:trip_group", public_id)


@require_POST
@right_required(RIGHT)
def group_take_off(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Cancel one person's trip of the group."""
    seat = the_seat(request)
    row = access_group(seat, public_id)
    trip = trips_of_group(row).filter(public_id=request.POST.get("trip", "")[:12]).first()
    if trip is None:
        raise NotFound("trip")
    take_off(row, trip, by=signed_in(request))
    messages.success(request, _("%(name)s is no longer in the group; the trip is cancelled.") % {"name": trip.user.name})
    return redirect("ops:trip_group", public_id)


def _say_entered(request: HttpRequest, run: Run) -> None:
    entered = run.counts["entered"] + run.counts["joined"] + run.counts["listed_again"]
    words = ngettext("%(n)d person entered.", "%(n)d people entered.", entered) % {"n": entered}
    messages.success(request, words)
    if run.counts["without_account"]:
        count = run.counts["without_account"]
        text = ngettext(
            "%(n)d of them has no account; warnings go to the address all the same.",
            "%(n)d of them have no account; warnings go to their addresses all the same.",
            count,
        )
        messages.info(request, text % {"n": count})
    for problem in run.problems:
        messages.warning(request, _("Line %(number)d: %(text)s") % {"number": problem.number, "text": problem.text})
    _say_kept(request, run)


def _say_changed(request: HttpRequest, run: Run) -> None:
    count = run.counts["changed"]
    messages.success(request, ngettext("%(n)d trip changed.", "%(n)d trips changed.", count) % {"n": count})
    _say_kept(request, run)


def _say_kept(request: HttpRequest, run: Run) -> None:
    kept = len({one["trip"] for one in run.kept})
    if kept:
        text = ngettext(
            "%(n)d trip was changed by hand; what was changed there stays.",
            "%(n)d trips were changed by hand; what was changed there stays.",
            kept,
        )
        messages.warning(request, text % {"n": kept})


def _page(request: HttpRequest, row: TripGroup, form: PeopleForm) -> HttpResponse:
    trips = list(trips_of_group(row))
    context = {
        "nav": "manage_trips", "group": row, "form": form, "lines": timeline(_stops(row), clock.now()),
        "trips": [(trip, trip.came_as.get("stops") == row.said) for trip in trips if not trip.is_cancelled],
        "gone": [trip for trip in trips if trip.is_cancelled],
    }  # fmt: skip
    return render(request, "ops/manage/trip_group.html", context)


def _form(
    request: HttpRequest, form: Itinerary, name: NameForm | None, row: TripGroup | None = None
) -> HttpResponse:
    context = {
        "nav": "manage_trips", "form": form, "name": name, "group": row, "faults": form.faults(), "suggest_url": suggest_url(),
    }  # fmt: skip
    return render(request, "ops/manage/trip_group_form.html", context)


def _as_trip(row: TripGroup) -> Trip:
    """The group's itinerary as a trip that is no row, for the form and the timeline."""
    return Trip(organisation_id=row.organisation_id, title=row.title, revision=row.revision)


def _stops(row: TripGroup) -> list[Stop]:
    trip = _as_trip(row)
    return [new_stop(trip, one, seq) for seq, one in enumerate(settled_of(row))]
