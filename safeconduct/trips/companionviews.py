"""Who comes along on one's own trip: rows to fill in, worked with plain submit buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from safeconduct.lib.errors import Refused
from safeconduct.orgs.access import member_required, signed_in, the_seat
from safeconduct.trips.access import access_trip
from safeconduct.trips.companions import (
    THE_TRAVELLER,
    CompanionDraft,
    CompanionRefused,
    companions_of,
    set_companions,
)
from safeconduct.trips.models import Companion, Trip


class CompanionForm(forms.Form):
    """One row. `responsible` offers every other row, by number and name; what is no adult is refused by the action."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False)
    is_minor = forms.BooleanField(label=gettext_lazy("A minor"), required=False)
    responsible = forms.ChoiceField(label=gettext_lazy("Who is responsible for them, if they are a minor"), required=False)
    address = forms.CharField(
        label=gettext_lazy("E-mail address, if they are responsible for a minor"),
        required=False,
        help_text=gettext_lazy("They are told once. Stored with the trip only."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, initial: dict[str, Any], number: int, names: list[str], traveller: str
    ) -> None:
        super().__init__(data, initial=initial, prefix=f"c{number}")
        others = [
            (str(seat), name or _("Companion %(number)d") % {"number": seat + 1})
            for seat, name in enumerate(names)
            if seat != number
        ]
        self.fields["responsible"].choices = [  # type: ignore[attr-defined]
            (str(THE_TRAVELLER), _("%(name)s, the traveller") % {"name": traveller}), *others
        ]  # fmt: skip

    def draft(self) -> CompanionDraft:
        """Return the row as a draft."""
        said = self.cleaned_data
        seat = int(said["responsible"] or THE_TRAVELLER)
        return CompanionDraft(said["name"], said["is_minor"], seat, said["address"])


class CompanionRows:
    """The rows together, fields c0-name and so on. Adding and removing keeps what was typed."""

    def __init__(self, values: list[dict[str, Any]], traveller: str, *, is_bound: bool = False) -> None:
        names = [str(one.get("name", "")).strip()[:60] for one in values]
        self.general: list[str] = []
        self.rows = [
            CompanionForm(
                {f"c{number}-{name}": value for name, value in one.items()} if is_bound else None,
                initial=one, number=number, names=names, traveller=traveller,
            )
            for number, one in enumerate(values)
        ]  # fmt: skip

    @classmethod
    def of_trip(cls, trip: Trip) -> CompanionRows:
        """Return the form of who comes along now."""
        rows = companions_of(trip)
        values: list[dict[str, Any]] = [
            {
                "name": row.name, "is_minor": row.is_minor, "address": row.address,
                "responsible": str(row.responsible.seq if row.responsible else THE_TRAVELLER),
            }
            for row in rows
        ]  # fmt: skip
        return cls(values or [{}], trip.user.name)

    @classmethod
    def posted(cls, post: Mapping[str, Any], traveller: str) -> CompanionRows:
        """Return the form as sent; `do` adds or removes a row, or saves."""
        count, do = str(post.get("count", "")), str(post.get("do", "save"))
        most = min(int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0, Companion.MOST + 1)
        names = ("name", "is_minor", "responsible", "address")
        values = [{name: post[f"c{n}-{name}"] for name in names if f"c{n}-{name}" in post} for n in range(most)]
        if do == "add":
            values.append({})
        elif do.startswith("remove-") and do.removeprefix("remove-") in {str(n) for n in range(most)}:
            values = _without(values, int(do.removeprefix("remove-")))
        return cls(values, traveller, is_bound=do == "save")

    def drafts(self) -> list[CompanionDraft] | None:
        """Return what is to be stored, empty rows at the end left out; None when a row cannot be read."""
        valid = [row.is_valid() for row in self.rows]  # every row says what is wrong with it, not the first alone
        if not all(valid):
            return None
        found = [row.draft() for row in self.rows]
        while found and not found[-1].name.strip():
            found.pop()
        return found

    def refuse(self, refused: Refused) -> None:
        """Show a refusal at its field, or above the form."""
        if isinstance(refused, CompanionRefused) and refused.index < len(self.rows):
            self.rows[refused.index].add_error(refused.field, refused.text)
        else:
            self.general.append(refused.text)

    def faults(self) -> list[tuple[str, str, str]]:
        """Return what is to be corrected: the field's id, what it is called, what is wrong."""
        found = [("", "", text) for text in self.general]
        for number, row in enumerate(self.rows, 1):
            for name, texts in row.errors.items():
                label = _("Companion %(number)d") % {"number": number}
                found += [(row[name].id_for_label, f"{label}, {row[name].label}", str(text)) for text in texts]
        return found


def _without(values: list[dict[str, Any]], gone: int) -> list[dict[str, Any]]:
    """The rows without one; who pointed at a later row still points at it, who pointed at this one at the traveller."""

    def moved(one: dict[str, Any]) -> dict[str, Any]:
        seat = str(one.get("responsible", THE_TRAVELLER))
        at = int(seat) if seat.isascii() and seat.isdigit() and len(seat) < 4 else THE_TRAVELLER
        at = THE_TRAVELLER if at == gone else at - 1 if at > gone else at
        return one | {"responsible": str(at)}

    return [moved(one) for number, one in enumerate(values) if number != gone]


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def trip_companions(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Say who comes along on one's own trip."""
    trip = access_trip(the_seat(request), public_id)
    if trip.is_cancelled:
        raise Refused("trip.cancelled", _("This trip was cancelled. Register a new one."))
    if request.method != "POST":
        return _page(request, trip, CompanionRows.of_trip(trip))
    form = CompanionRows.posted(request.POST, trip.user.name)
    drafts = form.drafts() if request.POST.get("do", "save") == "save" else None
    if drafts is None:
        return _page(request, trip, form)
    try:
        set_companions(trip, drafts, by=signed_in(request))
    except Refused as refused:
        form.refuse(refused)
        return _page(request, trip, form)
    messages.success(request, _("Who comes along is saved with the trip."))
    return redirect("trips:detail", public_id)


def _page(request: HttpRequest, trip: Trip, form: CompanionRows) -> HttpResponse:
    context = {"nav": "trips", "trip": trip, "form": form, "faults": form.faults()}
    return render(request, "trips/companions.html", context)
