"""A booking handed in: read with limits, shown as the itinerary form, registered only from there. It keeps nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from safeconduct.accounts import limits
from safeconduct.lib import clock
from safeconduct.orgs.access import member_required, the_seat
from safeconduct.trips.bookingatlas import PlacesAtlas
from safeconduct.trips.bookings.reading import DocumentReader
from safeconduct.trips.drafts import MOST_STOPS
from safeconduct.trips.frombooking import Offer, offer_of
from safeconduct.trips.itinerary import Itinerary
from safeconduct.trips.views import FORM_METHODS, suggest_url, the_current_seat

READINGS = limits.Limit("booking-read", 40, timedelta(hours=1))
"""For each person: a document may keep a core busy for seconds."""
MOST_TEXT = 200_000


class BookingForm(forms.Form):
    """A document, or its text."""

    file = forms.FileField(
        label=gettext_lazy("Confirmation"),
        required=False,
        help_text=gettext_lazy("A mail (.eml), calendar entry (.ics), PDF, wallet pass (.pkpass) or saved web page, 20 MB at most."),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste its text"),
        required=False,
        max_length=MOST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Also what stands in the bar code of a boarding pass."),
    )

    def clean(self) -> dict[str, Any]:
        """Want one of the two."""
        data = super().clean() or {}
        if not self.errors and not data.get("file") and not str(data.get("text", "")).strip():
            raise forms.ValidationError(_("Choose a file or paste a text."))
        return data


@require_http_methods(FORM_METHODS)
@member_required
def trip_from_booking(request: HttpRequest) -> HttpResponse:
    """Read a document and show what it says as the form of a new trip."""
    seat = the_current_seat(the_seat(request))
    form = BookingForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, form)
    if not limits.take(READINGS, str(seat.user.pk)).is_allowed:
        form.add_error(None, _("These were many documents. Wait an hour, or type the trip in."))
        return _ask(request, form)
    file = form.cleaned_data["file"]
    offer = _read(file.read() if file else form.cleaned_data["text"].encode())
    if not offer.rows:
        for text in offer.remarks or (_("No booking was found in it"),):
            form.add_error(None, text)
        return _ask(request, form)
    itinerary = Itinerary.of_rows(offer.rows[:MOST_STOPS], get_language() or "en")
    doubts = [(number, text) for number, row in enumerate(offer.rows, 1) for text in row.doubts]
    context = {
        "nav": "trips", "form": itinerary, "faults": [], "trip": None, "suggest_url": suggest_url(),
        "action": reverse("trips:new"), "offer": offer, "doubts": doubts,
    }  # fmt: skip
    return render(request, "trips/form.html", context)


def _read(data: bytes) -> Offer:
    reader = DocumentReader()
    try:
        return offer_of(reader.read(data, atlas=PlacesAtlas(), context=clock.now().date()))
    finally:
        reader.close()


def _ask(request: HttpRequest, form: BookingForm) -> HttpResponse:
    return render(request, "trips/booking.html", {"nav": "trips", "form": form})
