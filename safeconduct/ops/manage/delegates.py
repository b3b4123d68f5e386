"""Delegates in the console: who may enter trips for whom, named and ended by the organisation."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.lib.errors import Refused
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import Seat, right_required, signed_in, the_seat
from safeconduct.trips.delegating import (
    MANAGE,
    access_delegation,
    delegations_of_organisation,
    end_delegation,
    member_by_address,
    name_delegate,
)
from safeconduct.trips.models import Delegation


class DelegationForm(forms.Form):
    """Who enters trips for whom."""

    delegate = forms.EmailField(
        label=gettext_lazy("E-mail address of the delegate"), help_text=gettext_lazy("A member; they enter the trips.")
    )
    traveller = forms.EmailField(
        label=gettext_lazy("E-mail address of the traveller"),
        required=False,
        help_text=gettext_lazy("A member; they are told and can end it."),
    )
    anybody = forms.BooleanField(
        label=gettext_lazy("Instead: for everybody who has no account here, by e-mail address"), required=False
    )


@require_http_methods(["GET", "HEAD", "POST"])
@right_required(MANAGE)
def delegates(request: HttpRequest) -> HttpResponseBase:
    """The organisation's delegations, and naming one more."""
    seat = the_seat(request)
    form = DelegationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: _named(request, seat, form), {"delegate.traveller": "traveller", "delegate": "delegate"})
        if made is not None:
            messages.success(request, _("%(name)s may enter trips now, and is told.") % {"name": made.delegate.name})
            return redirect("ops:delegates")
    context = {"nav": "manage_trips", "form": form, "rows": delegations_of_organisation(seat)}
    return render(request, "ops/manage/delegates.html", context)


@require_POST
@right_required(MANAGE)
def delegate_end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """End a delegation."""
    end_delegation(access_delegation(the_seat(request), public_id), by=signed_in(request))
    messages.success(request, _("The delegation is ended."))
    return redirect("ops:delegates")


def _named(request: HttpRequest, seat: Seat, form: DelegationForm) -> Delegation:
    said = form.cleaned_data
    traveller = None
    if not said["anybody"]:
        traveller = member_by_address(seat.organisation, said["traveller"]) if said["traveller"] else None
        if traveller is None:
            raise Refused("delegate.traveller", _("No member of your organisation has this e-mail address."))
    return name_delegate(seat.organisation, traveller=traveller, address=said["delegate"], by=signed_in(request))
