"""Who works at the desk: operators, coordinators, analysts. Members of organisations are the console's business."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.accounts.actions import grant_desk_role
from safeconduct.accounts.models import User
from safeconduct.accounts.site import base_url
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops import start_links
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in

ROLES = [choice for choice in User.DeskRole.choices if choice[0]]


class DeskPersonForm(forms.Form):
    """Somebody who is to work at the desk."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        help_text=gettext_lazy(
            "Whoever has no account yet gets a link that makes one, to be opened once within seven days."
        ),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES)


@require_http_methods(["GET", "POST"])
@desk_right_required("desk.people")
def desk_people(request: HttpRequest) -> HttpResponseBase:
    """List who works here; give a role to one more person."""
    form, link = DeskPersonForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        known = User.objects.filter(email__iexact=email).first()
        made = attempt(form, lambda: grant_desk_role(known, role, by=signed_in(request))) if known else None
        if made is not None:
            messages.success(request, _("%(name)s works at the desk now.") % {"name": made.name})
            return redirect("ops:desk_people")
        if known is None:
            link = start_links.make_link(email=email, role=role, base_url=base_url())
    people = User.objects.exclude(desk_role="").order_by("desk_role", "email")
    context = {"nav": "desk", "people": people, "form": form, "link": link, "roles": ROLES}
    return render(request, "ops/desk/people.html", context)


@require_POST
@desk_right_required("desk.people")
def desk_person_role(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change somebody's role, or take it away. The last operator stays."""
    person = User.objects.exclude(desk_role="").filter(public_id=public_id).first()
    if person is None:
        raise NotFound("person")
    try:
        grant_desk_role(person, request.POST.get("role", ""), by=signed_in(request))
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("Changed."))
    return redirect("ops:desk" if person == request.user and not person.is_operator else "ops:desk_people")
