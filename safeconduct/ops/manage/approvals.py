"""Approval of trips: what awaits a decision, deciding it, the organisation's rule, deputies.

Who may decide is asked at the door of each page: a deputy has no role that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.models import User
from safeconduct.advice.standing import standings
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.approvalforms import DecisionForm, DeputyForm, RuleForm
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import member_required, right_required, signed_in, the_seat
from safeconduct.trips.access import access_approval, access_deputy
from safeconduct.trips.approvalmodels import ApprovalRequest
from safeconduct.trips.approvalqueries import history_of, queue
from safeconduct.trips.approvalwords import lines_of
from safeconduct.trips.approvers import (
    APPROVE,
    approvers,
    deputies_of,
    end_deputy,
    may_approve,
    name_deputy,
)
from safeconduct.trips.approving import decide
from safeconduct.trips.queries import countries_of, stops_of
from safeconduct.trips.ruling import change_rule, the_rule
from safeconduct.trips.timeline import count_of, timeline

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
RIGHT = "approval.edit"


def approver_required(view: View[P]) -> View[P]:
    """Guard a page for whoever may decide today, by right or as a deputy. For everybody else it does not exist."""

    @wraps(view)
    @member_required
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not may_approve(the_seat(request)):
            raise NotFound("page")
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@approver_required
def approvals(request: HttpRequest) -> HttpResponse:
    """What awaits a decision, the soonest trip first; then what was decided lately."""
    seat = the_seat(request)
    rows = queue(seat.organisation)
    decided = ApprovalRequest.objects.for_org(seat.organisation).filter(
        Q(state=ApprovalRequest.State.APPROVED) | Q(state=ApprovalRequest.State.REFUSED)
    )
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {
        "nav": "approvals",
        "seat": seat,
        "page": page,
        "lines": [(row, lines_of(row.reasons), row.trip.user_id == seat.user.pk) for row in page],
        "decided": decided.select_related("trip__user", "decided_by").order_by("-decided_at", "-pk")[:10],
        "rule": the_rule(seat.organisation),
        "is_deputy": not seat.may(APPROVE),
    }
    return render(request, "ops/manage/approvals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@approver_required
def approval(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One question: the itinerary, why it is asked, what was decided before; approve or refuse."""
    seat = the_seat(request)
    row = access_approval(seat, public_id)
    form = DecisionForm(request.POST if request.method == "POST" else None, initial={"seen": row.seen})
    if request.method == "POST" and form.is_valid():
        is_approved = request.POST.get("do") == "approve"
        try:
            decide(row, is_approved=is_approved, by=signed_in(request), **form.cleaned_data)
        except Refused as refusal:
            row = access_approval(seat, public_id)
            form = DecisionForm({"note": form.cleaned_data["note"], "seen": row.seen})
            form.full_clean()
            form.add_error("note" if refusal.code == "approval.note" else None, refusal.text)
        else:
            done = _("Approved. The traveller is told.") if is_approved else _("Refused. The traveller is told.")
            messages.success(request, done)
            return redirect("ops:approvals")
    elif row.trip.user_id != seat.user.pk:
        record("trip.looked_at", by=signed_in(request), subject=row.trip, organisation=seat.organisation)
    stops, at = stops_of(row.trip), clock.now()
    context = {
        "nav": "approvals", "seat": seat, "request_row": row, "trip": row.trip, "count": count_of(row.trip, stops, at),
        "lines": timeline(stops, at, countries=countries_of(stops, get_language() or "en")), "reasons": lines_of(row.reasons), "before": lines_of(row.before), "form": form,
        "is_own": row.trip.user_id == seat.user.pk, "history": history_of(row.trip), "briefed": standings([(row.trip, stops)], at)[row.trip.pk],
    }  # fmt: skip
    return render(request, "ops/manage/approval.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@right_required(RIGHT)
def approval_rule(request: HttpRequest) -> HttpResponseBase:
    """When trips need approval; who may approve, and one's own deputies."""
    seat = the_seat(request)
    rule = the_rule(seat.organisation)
    form = RuleForm(request.POST if request.method == "POST" else None, initial=RuleForm.initial_of(rule))
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        said["advisory_from"] = int(said["advisory_from"]) if said["advisory_from"] else None
        asks_known = said.pop("asks_known")
        done = attempt(
            form, lambda: change_rule(seat.organisation, said, by=signed_in(request), asks_known=asks_known), {}
        )
        if done is not None:
            messages.success(request, _("Saved. It holds from the next trip on."))
            return redirect("ops:approval_rule")
    return _rule_page(request, form, DeputyForm())


@require_POST
@right_required(APPROVE)
def deputy_name(request: HttpRequest) -> HttpResponseBase:
    """Name who decides in one's own place, on some days."""
    seat = the_seat(request)
    form = DeputyForm(request.POST)
    fields = {"deputy.days": "last_on", "deputy": "email"}
    if form.is_valid():
        said = form.cleaned_data
        done = attempt(
            form,
            lambda: name_deputy(
                seat, said["email"], first_on=said["first_on"], last_on=said["last_on"], by=signed_in(request)
            ),
            fields,
        )
        if done is not None:
            messages.success(request, _("Named. On these days the mails go to both of you."))
            return redirect("ops:approval_rule")
    rule = the_rule(seat.organisation)
    return _rule_page(request, RuleForm(initial=RuleForm.initial_of(rule)), form)


@require_POST
@right_required(APPROVE)
def deputy_end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Take one's own deputy back."""
    end_deputy(access_deputy(the_seat(request), public_id), by=signed_in(request))
    messages.success(request, _("Taken back."))
    return redirect("ops:approval_rule")


def _rule_page(request: HttpRequest, form: RuleForm, deputy_form: DeputyForm) -> HttpResponse:
    seat = the_seat(request)
    day = clock.today(seat.organisation.zone)
    people = User.objects.filter(pk__in=approvers(seat.organisation, day))
    context = {
        "nav": "manage_settings", "seat": seat, "rule": the_rule(seat.organisation), "form": form,
        "deputy_form": deputy_form, "deputies": deputies_of(seat.organisation, day), "approvers": people,
    }  # fmt: skip
    return render(request, "ops/manage/approval_rule.html", context)
