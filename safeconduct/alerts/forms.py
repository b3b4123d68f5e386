"""The filters of the table."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.alerts.labels import SEVERITIES


class AlertFilter(forms.Form):
    """Which alerts to list. Anything that is no choice is as good as not given."""

    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("active", _("Active now")), ("all", _("All, newest first"))],
    )
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    country = forms.ChoiceField(label=_("Country or territory"), required=False)

    def __init__(self, *args: Any, countries: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        severity, country = self.fields["severity"], self.fields["country"]
        if isinstance(severity, forms.ChoiceField) and isinstance(country, forms.ChoiceField):
            severity.choices = [("", _("Every severity")), *SEVERITIES.items()]
            country.choices = [("", _("Everywhere")), *countries]

    def value(self, name: str) -> str:
        """The chosen value, empty when none or none of the choices."""
        if not self.is_bound:
            return ""
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
