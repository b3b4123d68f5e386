"""Organisations at the desk: list, make, change; programmes, numbers, domains, first managers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.models import User
from safeconduct.accounts.site import base_url
from safeconduct.lib import clock
from safeconduct.ops import access
from safeconduct.ops.forms import (
    DomainForm,
    FirstOrganisationForm,
    InviteForm,
    NumberEditForm,
    NumberForm,
    OrganisationForm,
    ProgrammeForm,
    attempt,
)
from safeconduct.orgs import actions
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.orgs.actions.people import managers_of
from safeconduct.orgs.models import Domain, Invitation, Membership, MembershipNumber, Organisation, Programme
from safeconduct.orgs.permissions import MANAGER

REASON = "the operator sets organisations up"
# Which field a refusal belongs to, by its code.
FIELDS = {
    "domain": "domains",
    "number": "number",
    "programme": "programme",
    "validity": "valid_until",
    "organisation.name": "name",
    "organisation.colour": "colour",
    "organisation.zone": "zone",
    "logo": "logo",
}


@require_safe
@desk_right_required("orgs.edit")
def organisations(request: HttpRequest) -> HttpResponse:
    """Every organisation with its numbers."""
    today = clock.today()
    rows = [
        {
            "row": row,
            "programmes": Programme.objects.for_org(row).count(),
            "numbers": [n.number for n in MembershipNumber.objects.for_org(row) if n.is_valid_on(today)],
            "domains": [d.domain for d in Domain.objects.for_org(row)],
            "members": Membership.objects.for_org(row).values("user_id").distinct().count(),
        }
        for row in Organisation.objects.all()
    ]
    return render(request, "ops/desk/organisations.html", {"nav": "organisations", "rows": rows})


def make_organisation(form: FirstOrganisationForm, *, by: User) -> Organisation | None:
    """Make what the form says, whole or not at all; refusals go to their fields."""
    data = form.cleaned_data

    def make() -> Organisation:
        with transaction.atomic():
            made = actions.create_organisation(
                by=by, logo=form.logo_bytes(), **form.organisation(), **form.brand()
            )
            span = {"valid_from": data["valid_from"], "valid_until": data["valid_until"]}
            programme = actions.add_programme(made, by=by, name=data["programme"], **span)
            actions.add_number(programme, by=by, number=data["number"], **span)
            for domain in data["domains"]:
                actions.add_domain(
                    made, by=by, domain=domain, includes_subdomains=data["includes_subdomains"]
                )
        return made

    return attempt(form, make, FIELDS)


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def organisation_add(request: HttpRequest) -> HttpResponseBase:
    """Make an organisation with its first programme, number and domains."""
    form = FirstOrganisationForm(
        request.POST or None, request.FILES or None, initial={"valid_from": clock.today()}
    )
    if request.method == "POST" and form.is_valid():
        made = make_organisation(form, by=signed_in(request))
        if made is not None:
            messages.success(request, _("%(name)s is set up. Invite its manager now.") % {"name": made.name})
            return redirect("ops:organisation", made.public_id)
    context = {
        "nav": "organisations",
        "form": form,
        "title": _("Add an organisation"),
        "submit": _("Add the organisation"),
        "multipart": True,
    }
    return render(request, "ops/desk/form.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def organisation_edit(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change name, colour, logo, rules and the old address's last day."""
    row = access.the_organisation(public_id)
    form = OrganisationForm(request.POST or None, request.FILES or None, organisation=row)
    if request.method == "POST" and form.is_valid() and change_organisation(row, form, by=signed_in(request)):
        messages.success(request, _("Saved."))
        return redirect("ops:organisation", row.public_id)
    context = {
        "nav": "organisations",
        "form": form,
        "title": row.name,
        "submit": _("Save"),
        "multipart": True,
        "organisation": row,
    }
    return render(request, "ops/desk/form.html", context)


def change_organisation(row: Organisation, form: OrganisationForm, *, by: User) -> bool:
    """Store the form's changes; False after putting a refusal on the form."""

    def change() -> bool:
        with transaction.atomic():
            actions.edit_organisation(row, by=by, **form.changes())
            if form.changes_logo():
                actions.set_logo(row, form.new_logo(), by=by)
        return True

    return bool(attempt(form, change, FIELDS))


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def organisation(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One organisation; its small forms add a programme, a number, a domain or invite a manager."""
    row = access.the_organisation(public_id)
    parts = _part_forms(row)
    if request.method == "POST":
        part = request.POST.get("do", "")
        if part in parts:
            make, act, done = parts[part]
            form = make(request.POST)
            if (
                form.is_valid()
                and attempt(form, lambda: act(form, signed_in(request)), PART_FIELDS) is not None
            ):
                messages.success(request, done)
                return redirect("ops:organisation", row.public_id)
            return _page(request, row, {f"{part}_form": form})
    return _page(request, row, {})


PART_FIELDS = {
    "domain": "domain",
    "number": "number",
    "programme": "name",
    "validity": "valid_until",
    "email": "email",
    "invitation": "email",
}
Part = tuple[Callable[..., forms.Form], Callable[[Any, User], Any], str]


def _part_forms(row: Organisation) -> dict[str, Part]:
    return {
        "programme": (
            lambda data=None: ProgrammeForm(data, organisation=row, prefix="programme"),
            lambda form, by: actions.add_programme(row, by=by, **form.cleaned_data),
            _("Programme added."),
        ),
        "number": (
            lambda data=None: NumberForm(data, organisation=row, prefix="number"),
            lambda form, by: actions.add_number(by=by, **form.cleaned_data),
            _("Number added."),
        ),
        "domain": (
            lambda data=None: DomainForm(data, prefix="domain"),
            lambda form, by: actions.add_domain(row, by=by, **form.cleaned_data),
            _("Domain added."),
        ),
        "manager": (
            lambda data=None: InviteForm(data, organisation=row, prefix="manager"),
            lambda form, by: actions.invite(
                form.cleaned_data["programme"], by=by, role=MANAGER, **form.invitation()
            ),
            _("Invitation on its way."),
        ),
    }


def _page(request: HttpRequest, row: Organisation, bound: dict[str, forms.Form]) -> HttpResponse:
    context: dict[str, Any] = {
        "nav": "organisations",
        "organisation": row,
        "programmes": Programme.objects.for_org(row),
        "numbers": MembershipNumber.objects.for_org(row).select_related("programme"),
        "domains": Domain.objects.for_org(row),
        "managers": User.objects.filter(pk__in=managers_of(row)).order_by("email"),
        "invitations": Invitation.objects.for_org(row).filter(
            role=MANAGER, accepted_at=None, withdrawn_at=None
        ),
        "members": Membership.objects.for_org(row).values("user_id").distinct().count(),
        "today": clock.today(row.zone),
        "now": clock.now(),
        "portal": base_url(),
    }
    for part, (make, _act, _done) in _part_forms(row).items():
        context[f"{part}_form"] = make()
    return render(request, "ops/desk/organisation.html", context | bound)


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def programme_edit(request: HttpRequest, public_id: str, programme_id: str) -> HttpResponseBase:
    """Change a programme's name and validity."""
    row = access.the_organisation(public_id)
    programme = access.the_programme(row, programme_id)
    form = ProgrammeForm(request.POST or None, organisation=row, programme=programme)
    edit = partial(actions.edit_programme, programme, by=signed_in(request))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: bool(edit(**form.cleaned_data)), PART_FIELDS)
    ):
        messages.success(request, _("Saved."))
        return redirect("ops:organisation", row.public_id)
    context = {
        "nav": "organisations",
        "form": form,
        "title": programme.name,
        "submit": _("Save"),
        "organisation": row,
    }
    return render(request, "ops/desk/form.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("orgs.edit")
def number_edit(request: HttpRequest, public_id: str, pk: int) -> HttpResponseBase:
    """Change when a number may be used to join."""
    row = access.the_organisation(public_id)
    number = access.the_number(row, pk)
    form = NumberEditForm(request.POST or None, number=number)
    edit = partial(actions.edit_number, number, by=signed_in(request))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: bool(edit(**form.cleaned_data)), PART_FIELDS)
    ):
        messages.success(request, _("Saved."))
        return redirect("ops:organisation", row.public_id)
    title = _("Membership number %(number)s") % {"number": number.number}
    context = {"nav": "organisations", "form": form, "title": title, "submit": _("Save"), "organisation": row}
    return render(request, "ops/desk/form.html", context)


@require_POST
@desk_right_required("orgs.edit")
def domain_remove(request: HttpRequest, public_id: str, pk: int) -> HttpResponseBase:
    """Take a domain away; memberships stay."""
    row = access.the_organisation(public_id)
    actions.remove_domain(access.the_domain(row, pk), by=signed_in(request))
    messages.success(request, _("The domain admits nobody any more. Memberships stay."))
    return redirect("ops:organisation", row.public_id)


@require_POST
@desk_right_required("orgs.edit")
def invitation_again(request: HttpRequest, public_id: str, invitation_id: str) -> HttpResponseBase:
    """Send a manager's invitation again, with a new link."""
    row = access.the_organisation(public_id)
    actions.resend_invitation(access.the_invitation(row, invitation_id), by=signed_in(request))
    messages.success(request, _("Invitation on its way again. The older link does not work any more."))
    return redirect("ops:organisation", row.public_id)
