"""TravelAdvisor: a briefing for one journey, step by step. Every page works with plain submit buttons.

What is asked is posted and kept with the preparation, so that neither passport nor purpose stands in an address, a log
or a browser's history. A page that is only looked at writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.advice import preparing, standing
from safeconduct.advice.access import access_preparation
from safeconduct.advice.advisorforms import AboutYouForm, AdvisorForm, initial_of
from safeconduct.advice.asking import asked_of_trip
from safeconduct.advice.briefing import STEPS, Asked
from safeconduct.advice.countries import code_of
from safeconduct.advice.forms import MOST_LEGS
from safeconduct.advice.models import Preparation
from safeconduct.advice.paging import StepPage, head_of, page_of
from safeconduct.advice.paper import briefing_pdf, file_name
from safeconduct.advice.queries import diseases_asked
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.orgs.access import Seat, member_required, require_current, signed_in, the_seat
from safeconduct.trips.access import access_trip
from safeconduct.trips.models import Trip
from safeconduct.trips.queries import stops_of

METHODS = ["GET", "HEAD", "POST"]
Form = AdvisorForm | AboutYouForm


def _lang() -> str:
    return get_language() or "en"


@sensitive_post_parameters()
@require_http_methods(METHODS)
@member_required
def start(request: HttpRequest) -> HttpResponse:
    """Ask for a journey, or for what a trip does not say; one's briefings so far."""
    seat = the_seat(request)
    trip = _trip(seat, request.POST.get("trip") or request.GET.get("trip") or "")
    if trip is not None and request.method != "POST":
        known = standing.preparation_of(seat, trip)
        if known is not None:
            return redirect("advisor:step", known.public_id, standing.step_to_go_on(known))
    require_current(seat)
    form = _form(request, seat, trip)
    if form.is_bound and form.is_valid():
        row = preparing.begin(seat, form.asked(), trip=trip)
        return redirect("advisor:step", row.public_id, standing.step_to_go_on(row))
    context = {
        "nav": "trips", "form": form, "trip": trip, "can_add": isinstance(form, AdvisorForm) and form.count < MOST_LEGS,
        "mine": [] if trip else [(row, head_of(row, _lang())) for row in standing.own_preparations(seat)],
        "head": head_of(Preparation(organisation=seat.organisation, trip=trip), _lang()) if trip else None,
    }  # fmt: skip
    return render(request, "advice/advisor_start.html", context)


def _trip(seat: Seat, public_id: str) -> Trip | None:
    if not public_id:
        return None
    trip = access_trip(seat, public_id[:12])
    if trip.is_cancelled:
        raise Refused("trip.cancelled", _("This trip was cancelled. Register a new one."))
    return trip


def _of_trip(trip: Trip, seat: Seat) -> tuple[Asked, bool]:
    """A trip as a question, and whether it says itself where it begins."""
    stops = stops_of(trip)
    asked = asked_of_trip(stops, home=seat.organisation.home_country, lang=_lang())
    return asked, bool(stops) and stops[0].is_leg


def _form(request: HttpRequest, seat: Seat, trip: Trip | None, shown: Asked | None = None) -> Form:
    """The form as it was posted; unbound when another destination is only to be added."""
    diseases = diseases_asked()
    if trip is not None:
        journey, has_departure = _of_trip(trip, seat)
        first = initial_of(shown or journey, diseases)
        data = request.POST if request.method == "POST" else None
        return AboutYouForm(data, initial=first, journey=journey, has_departure=has_departure, diseases=diseases)
    if request.method != "POST":
        if shown is not None:
            return AdvisorForm(initial=initial_of(shown, diseases), legs=max(1, len(shown.stops)), diseases=diseases)
        first = {"departure": seat.organisation.home_country, "to0": code_of(request.GET.get("to", "")[:2])}
        return AdvisorForm(initial=first, diseases=diseases)
    asked = request.POST.get("legs", "")
    legs = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else 1
    if "more" in request.POST:
        first = request.POST.dict() | {"interests": request.POST.getlist("interests")}
        return AdvisorForm(initial=first, legs=legs + 1, diseases=diseases)
    return AdvisorForm(request.POST, legs=legs, diseases=diseases)


@sensitive_post_parameters()
@require_http_methods(METHODS)
@member_required
def step(request: HttpRequest, public_id: str, step: str) -> HttpResponse:
    """One step of a briefing. Posted: its ticks, that it was read, and where to go."""
    seat = the_seat(request)
    row = access_preparation(seat, public_id)
    if step not in STEPS:
        raise NotFound("step")
    if step == STEPS[0]:
        return _your_trip(request, seat, row)
    briefing = standing.briefing_for(row, seat, lang=_lang(), now=clock.now())
    if request.method == "POST":
        preparing.tick(row, briefing, shown=request.POST.getlist("shown"), done=request.POST.getlist("done"))
        if request.POST.get("go") == "stay":
            return redirect(f"{request.path}#todo")
        onward = STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]
        if not _is_written(request, preparing.seen_of(row, briefing, step), lambda: preparing.read_step(row, step, briefing, go_to=onward)):
            return redirect("advisor:step", row.public_id, step)
        return redirect("advisor:step", row.public_id, onward)
    return render(request, "advice/advisor_step.html", _context(page_of(row, briefing, step, seat)))


def _is_written(request: HttpRequest, seen: str, write: Callable[[], object]) -> bool:
    """Write that a briefing was read, if it is the one that was shown; else say that it is another one by now."""
    try:
        if request.POST.get("seen") != seen:
            raise preparing.changed_meanwhile()
        write()
    except Refused as refused:
        if refused.code != "briefing.changed":
            raise
        messages.warning(request, str(refused))
        return False
    return True


def _your_trip(request: HttpRequest, seat: Seat, row: Preparation) -> HttpResponse:
    """The first step: what is asked, to be changed."""
    lang = _lang()
    form = _form(request, seat, row.trip, standing.question_of(row, lang))
    if form.is_bound and form.is_valid():
        shown = str(row.trip.revision) if row.trip is not None else ""
        row = preparing.answer(row, form.asked())
        briefing = standing.briefing_for(row, seat, lang=lang, now=clock.now())
        # What is said of the traveller is their own; places and dates of a trip must be those that the page showed.
        is_read = _is_written(request, shown, lambda: preparing.read_step(row, STEPS[0], briefing, go_to=STEPS[1]))
        return redirect("advisor:step", row.public_id, STEPS[1] if is_read else STEPS[0])
    briefing = standing.briefing_for(row, seat, lang=lang, now=clock.now())
    context = _context(page_of(row, briefing, STEPS[0], seat))
    context |= {"form": form, "can_add": isinstance(form, AdvisorForm) and form.count < MOST_LEGS}
    return render(request, "advice/advisor_trip.html", context)


def _context(page: StepPage) -> dict[str, Any]:
    return {"nav": "trips", "page": page, "row": page.row, "head": page.head}


@require_safe
@member_required
def whole(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every step on one page, to be printed."""
    seat = the_seat(request)
    row = access_preparation(seat, public_id)
    briefing = standing.briefing_for(row, seat, lang=_lang(), now=clock.now())
    pages = [page_of(row, briefing, key, seat) for key in STEPS]
    return render(request, "advice/advisor_whole.html", {**_context(pages[0]), "pages": pages})


@require_safe
@member_required
def pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The whole briefing as a PDF. It is made for this answer and kept nowhere."""
    seat = the_seat(request)
    row = access_preparation(seat, public_id)
    briefing = standing.briefing_for(row, seat, lang=_lang(), now=clock.now())
    answer = HttpResponse(briefing_pdf(briefing, organisation=seat.organisation), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name(briefing)}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@member_required
def read(request: HttpRequest, public_id: str) -> HttpResponse:
    """What changed is known now."""
    seat = the_seat(request)
    row = access_preparation(seat, public_id)
    briefing = standing.briefing_for(row, seat, lang=_lang(), now=clock.now())
    _is_written(request, preparing.seen_of(row, briefing), lambda: preparing.read_all(row, briefing))
    return redirect("advisor:step", row.public_id, _step_of(request, row))


@require_POST
@member_required
def acknowledge(request: HttpRequest, public_id: str) -> HttpResponse:
    """The traveller has read it: a dated record. The organisation sees that, for a trip, and nothing else."""
    seat = the_seat(request)
    row = access_preparation(seat, public_id)
    briefing = standing.briefing_for(row, seat, lang=_lang(), now=clock.now())
    by = signed_in(request)
    if _is_written(request, preparing.seen_of(row, briefing), lambda: preparing.acknowledge(row, briefing, by=by)):
        messages.success(request, _("You have acknowledged this briefing."))
    return redirect(f"{reverse('advisor:step', args=[row.public_id, STEPS[-1]])}#acknowledge")


@require_POST
@member_required
def keep(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep it after the journey, or no longer."""
    row = access_preparation(the_seat(request), public_id)
    row = preparing.keep(row, is_kept=request.POST.get("keep") == "yes")
    messages.success(
        request,
        _("This briefing is kept after your journey.") if row.is_kept else _("This briefing is deleted after your journey."),
    )
    return redirect("advisor:step", row.public_id, _step_of(request, row))


@require_http_methods(METHODS)
@member_required
def forget(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask, then delete it now."""
    row = access_preparation(the_seat(request), public_id)
    if request.method != "POST":
        return render(request, "advice/advisor_forget.html", {"nav": "trips", "row": row, "head": head_of(row, _lang())})
    preparing.forget(row, by=signed_in(request))
    messages.success(request, _("The briefing is deleted."))
    return redirect("advisor:start")


def _step_of(request: HttpRequest, row: Preparation) -> str:
    asked = request.POST.get("step", "")
    return asked if asked in STEPS else standing.step_to_go_on(row)


__all__ = ["acknowledge", "forget", "keep", "pdf", "read", "start", "step", "whole"]
