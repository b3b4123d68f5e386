"""What is handed in on the page, and what the operator sets at the desk. Decides nothing."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from safeconduct.trips.bookingviews import BookingForm


class HandInForm(BookingForm):
    """A document, or its text."""


class RoadForm(forms.Form):
    """Where people forward to, and whose word about senders is believed."""

    address = forms.EmailField(
        label=gettext_lazy("Address for bookings"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("Shown to travellers as the address to which they forward confirmations."),
    )
    authserv_id = forms.RegexField(
        r"^[A-Za-z0-9._-]{1,253}$",
        label=gettext_lazy("Name of your mail server in Authentication-Results"),
        required=False,
        help_text=gettext_lazy(
            "Its “authserv-id”. The server must take this field out of mails that come in, as RFC 8601 asks. Left empty, "
            "nothing proves who sent a mail, and every booking from mail waits until its traveller confirms it."
        ),
    )
