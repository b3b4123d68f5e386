"""The form that subscribes to a destination. Without script the typed name is searched for on the server."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.notify.models import FromSeverity

SUGGEST = "places:suggest"


class SubscribeForm(forms.Form):
    """A place, by its key or by words, and a severity."""

    q = forms.CharField(label=_("Country or city"), max_length=100, required=False)
    place = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    from_severity = forms.ChoiceField(
        label=_("From which severity on"), choices=FromSeverity.choices, initial=FromSeverity.SEVERE
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.attrs |= {"autocomplete": "off"}
        try:
            suggest = {"data-suggest": reverse(SUGGEST), "data-suggest-into": "id_place"}
        except NoReverseMatch:
            suggest = {}
        self.fields["q"].widget.attrs |= suggest

    def clean(self) -> dict[str, Any]:
        """Want one of the two ways to name a place."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("place") and not (cleaned.get("q") or "").strip():
            self.add_error("q", _("Type the name of a country or city."))
        return cleaned
