"""Forms of occasions at the desk; what is checked is checked in `occasions.py`, for files as well."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from safeconduct.advice.details import LONGEST_SOURCE, LONGEST_URL
from safeconduct.advice.forms import DateInput, country_choices
from safeconduct.advice.models import Occasion
from safeconduct.advice.occasionmodels import LONGEST_TITLE, LONGEST_WHY
from safeconduct.advice.occasions import COLUMNS, OccasionDetails, read_details
from safeconduct.lib import clock


class OccasionForm(forms.Form):
    """One occasion; fields are named as the columns of a file are."""

    country = forms.ChoiceField(label=gettext_lazy("Country"))
    place = forms.CharField(
        label=gettext_lazy("City"), required=False, max_length=160, help_text=gettext_lazy("Empty: the whole country.")
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Occasion.Kind.choices)
    title = forms.CharField(label=gettext_lazy("What it is"), max_length=LONGEST_TITLE)
    why = forms.CharField(
        label=gettext_lazy("Why it matters to travellers"), required=False, max_length=LONGEST_WHY,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    until = forms.CharField(
        label=gettext_lazy("Last day"), required=False, widget=DateInput, max_length=10,
        help_text=gettext_lazy("Empty: one day alone."),
    )  # fmt: skip
    source = forms.CharField(label=gettext_lazy("Who says so"), max_length=LONGEST_SOURCE)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False, max_length=LONGEST_URL)
    source_date = forms.CharField(
        label=gettext_lazy("Of which day"), widget=DateInput, max_length=10,
        help_text=gettext_lazy("Its own date, else the day when you read it."),
    )  # fmt: skip
    review_on = forms.CharField(
        label=gettext_lazy("Look at it again on"), required=False, widget=DateInput, max_length=10,
        help_text=gettext_lazy("From then on it is marked as in need of a check."),
    )  # fmt: skip

    details: OccasionDetails | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()  # type: ignore[attr-defined]
        # “from” is a word of the language that this is written in.
        self.fields["from"] = forms.CharField(label=gettext_lazy("First day"), widget=DateInput, max_length=10)
        self.order_fields(["country", "place", "kind", "title", "why", "from", *COLUMNS])

    def clean(self) -> dict[str, Any]:
        """Read the occasion; problems go to their fields."""
        cleaned = super().clean() or {}
        self.details, problems = read_details(
            {name: str(cleaned.get(name) or "") for name in COLUMNS}, today=clock.today()
        )
        for name, text in problems.items():
            if name not in self.errors:
                self.add_error(name, text)
        return cleaned


class OccasionsFileForm(forms.Form):
    """A file of occasions."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )
