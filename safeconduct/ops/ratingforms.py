"""Forms about ratings, of the desk and the console: a value, why, until when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.ops.forms import DateInput
from safeconduct.ratings import words
from safeconduct.ratings.actions import values_of

FIELDS = {"rating.value": "value", "rating.reason": "reason", "rating.until": "until_on"}
"""Code of a refusal → the field that it is about."""


class ValueForm(forms.Form):
    """What an organisation thinks of a destination."""

    value = forms.ChoiceField(label=_("Rating"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Travellers read it beside the rating and in the mail about it."),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        """Offer the scale of the kind."""
        super().__init__(*args, **kwargs)
        field = self.fields["value"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = [("", "—"), *((value, words.value_word(value)) for value in values_of(kind))]


class OverrideForm(ValueForm):
    """An editor's decision."""

    until_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DateInput,
        help_text=_("Empty: until somebody ends it. After that day the formula holds again."),
    )


class EndForm(forms.Form):
    """Taking an own rating back."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Members with a trip there are told that it is taken back, and why."),
    )
