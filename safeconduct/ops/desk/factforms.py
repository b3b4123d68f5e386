"""The forms of a correction: one made from the entries of its field, one for a file. They write nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.ops.forms import DateInput
from safeconduct.places import corrections, overrides
from safeconduct.places.entering.entries import BadEntries, Entry
from safeconduct.places.entering.fields import SHAPES

PREFIX = "v_"


class FactForm(forms.Form):
    """What a country has in a field, who says so and why that is better. Its first fields are the field's entries."""

    is_unknown = forms.BooleanField(
        label=gettext_lazy("Nobody knows: show it as unknown"),
        required=False,
        help_text=gettext_lazy("What stands above is not used then."),
    )
    source_title = forms.CharField(
        label=gettext_lazy("Who says so"),
        max_length=overrides.LONGEST_TITLE,
        help_text=gettext_lazy("Stands beside the fact in the guide: “Embassy of Kenya, London”."),
    )
    source_url = forms.CharField(
        label=gettext_lazy("Address"), max_length=overrides.LONGEST_URL, required=False
    )
    checked_on = forms.DateField(label=gettext_lazy("Checked on"), widget=DateInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=overrides.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Why the shipped data is not right. Readers of the guide can see it."),
    )
    seen = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    value: Any = None

    def __init__(self, *args: Any, country_code: str, field: str, **kwargs: Any) -> None:
        """Put the entries of the field in front."""
        super().__init__(*args, **kwargs)
        self.country_code, self.shape = country_code, SHAPES[field]
        rest = dict(self.fields)
        self.fields.clear()
        for entry in self.shape.entries:
            self.fields[PREFIX + entry.key] = _field_of(entry)
        self.fields.update(rest)
        self.fields["checked_on"].initial = clock.today()

    def entries(self) -> list[forms.BoundField]:
        """The entries of the field."""
        return [self[PREFIX + entry.key] for entry in self.shape.entries]

    def others(self) -> list[forms.BoundField]:
        """Who says so and why."""
        return [bound for bound in self.visible_fields() if not bound.name.startswith(PREFIX)]

    @classmethod
    def initial_of(cls, field: str, value: Any) -> dict[str, str]:
        """The entries that a value would have been typed as."""
        if value is None:
            return {}
        return {PREFIX + key: text for key, text in SHAPES[field].texts(value).items()}

    def clean(self) -> dict[str, Any]:
        """Make the value; each fault stands at its entry."""
        cleaned = super().clean() or {}
        texts = {
            entry.key: str(cleaned.get(PREFIX + entry.key) or "").replace("\r\n", "\n")
            for entry in self.shape.entries
        }
        if cleaned.get("is_unknown"):
            return cleaned
        try:
            self.value = self.shape.read(self.country_code, texts)
        except BadEntries as error:
            for key, text in error.faults.items():
                self.add_error(PREFIX + key if key else None, text)
        return cleaned

    def said(self) -> dict[str, Any]:
        """The arguments of `correct_fact`."""
        names = ("source_title", "source_url", "reason", "checked_on")
        return {"value": self.value, **{name: self.cleaned_data[name] for name in names}}


def _field_of(entry: Entry) -> forms.Field:
    """An entry as a field: it checks nothing itself, so that what was typed always comes back."""
    if entry.choices is not None:
        blank = [("", _("Choose") if entry.is_required else _("Not stated"))]
        return forms.CharField(
            label=str(entry.label),
            help_text=str(entry.hint),
            required=False,
            widget=forms.Select(choices=[*blank, *entry.choices()]),
        )
    widget: forms.Widget = forms.TextInput()
    if entry.kind == "number":
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
    if entry.kind == "lines":
        widget = forms.Textarea(attrs={"rows": 4 if entry.is_required else 2})
    return forms.CharField(
        label=str(entry.label), help_text=str(entry.hint), required=False, max_length=4000, widget=widget
    )


class CorrectionsForm(forms.Form):
    """A file of corrections, or its text once it was read."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(
        required=False, max_length=corrections.MOST_BYTES, widget=forms.HiddenInput, strip=False
    )

    def clean(self) -> dict[str, Any]:
        """Take the file's text, else what was read before."""
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file:
            try:
                cleaned["text"] = corrections.decoded(file.read(corrections.MOST_BYTES + 1))
            except Refused as refusal:
                self.add_error("file", refusal.text)
        elif not cleaned.get("text"):
            self.add_error("file", _("Choose a file."))
        return cleaned
