"""The ledger of deliveries: states, tries, and what an operator may do about them. Bodies are not shown."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from safeconduct.ops import access
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.orgs.models import Organisation
from safeconduct.outbox import actions, queries
from safeconduct.outbox.models import Delivery


@require_safe
@desk_right_required("deliveries.view")
def deliveries(request: HttpRequest) -> HttpResponse:
    """The ledger, newest first, by state and address."""
    state = request.GET.get("state", "")
    words = request.GET.get("q", "").strip()[:100]
    rows = queries.deliveries()
    if state in Delivery.State.values:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(address__icontains=words)
    counts = dict(Delivery.objects.values_list("state").annotate(n=Count("id")))
    chips = [(code, label, counts[code]) for code, label in Delivery.State.choices if counts.get(code)]
    context = {
        "nav": "deliveries",
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "state": state,
        "chips": chips,
        "all": sum(counts.values()),
        "words": words,
        "health": queries.health(),
    }
    return render(request, "ops/desk/deliveries.html", context)


@require_safe
@desk_right_required("deliveries.view")
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery with every try and what the other side answered."""
    row = access.the_delivery(pk)
    organisation = Organisation.objects.filter(pk=row.message.organisation_id or 0).first()
    context = {
        "nav": "deliveries",
        "delivery": row,
        "attempts": queries.attempts(row),
        "organisation": organisation,
        "may_retry": row.state in (*Delivery.UNDELIVERED, Delivery.State.RETRYING),
        "may_cancel": row.state in Delivery.CANCELLABLE,
    }
    return render(request, "ops/desk/delivery.html", context)


@require_POST
@desk_right_required("mail.edit")
def delivery_retry(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Try again at once."""
    actions.retry_now(access.the_delivery(pk), by=signed_in(request))
    messages.success(request, _("It is tried again now."))
    return redirect("ops:delivery", pk)


@require_POST
@desk_right_required("mail.edit")
def delivery_cancel(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a delivery out that has not been written to the line yet."""
    row = access.the_delivery(pk)
    count = actions.cancel_queued(
        Delivery.objects.filter(pk=row.pk), by=signed_in(request), reason="operator"
    )
    if count:
        messages.success(request, _("Cancelled. It will not be sent."))
    else:
        messages.warning(request, _("Too late: it is being sent or has been sent."))
    return redirect("ops:delivery", pk)
