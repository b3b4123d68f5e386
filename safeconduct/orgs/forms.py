"""The one form of the way in: a membership number."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class NumberForm(forms.Form):
    """A membership number: opaque, capitals do not matter."""

    membnum = forms.CharField(
        label=_("Membership number"),
        max_length=64,
        help_text=_("On your card or on your organisation’s travel page. Capital or small letters, both work."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
