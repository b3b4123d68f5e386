"""The form of one centre and the upload of many. What is right is decided in `details`."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from safeconduct.centres.details import CentreDetails, read_details
from safeconduct.centres.models import Centre
from safeconduct.centres.queries import locate

MOST_BYTES = 2 * 1024 * 1024


def countries() -> list[tuple[str, str]]:
    """Return countries and territories by name in the reader's language."""
    locale = Locale.parse(to_locale(get_language() or "en"))
    names = [(code, name) for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()]
    # Codes that CLDR names and that are no country: unions, "outlying Oceania", pseudo-locales, unknown.
    real = [pair for pair in names if pair[0] not in {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}]
    return [("", "—"), *sorted(real, key=lambda pair: pair[1])]


class CentreForm(forms.Form):
    """One centre."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As travellers see it, for example Denver Centre.")
    )
    place_name = forms.CharField(label=_("Place"), max_length=120)
    country_code = forms.ChoiceField(label=_("Country"), choices=countries)
    phone = forms.CharField(label=_("Telephone"), max_length=40, help_text=_("With + and the country code."))
    second_phone = forms.CharField(label=_("Second telephone"), max_length=40, required=False)
    is_24_hours = forms.BooleanField(label=_("Open day and night"), required=False)
    hours = forms.CharField(
        label=_("Hours"),
        max_length=200,
        required=False,
        help_text=_("For example Mon-Fri 08:00-18:00; Sat 09:00-12:00, by the centre's own clock."),
    )
    medical = forms.BooleanField(label=_("Medical help"), required=False)
    security = forms.BooleanField(label=_("Security help"), required=False)
    languages = forms.CharField(
        label=_("Languages spoken"),
        max_length=200,
        required=False,
        help_text=_("Codes, for example en, es, ar."),
    )
    lat = forms.CharField(
        label=_("Latitude"),
        max_length=20,
        required=False,
        help_text=_("Leave latitude, longitude and zone empty to take those of the place."),
    )
    lon = forms.CharField(label=_("Longitude"), max_length=20, required=False)
    zone = forms.CharField(
        label=_("Time zone"), max_length=64, required=False, help_text=_("For example America/Denver.")
    )

    details: CentreDetails | None = None

    @classmethod
    def initial_of(cls, centre: Centre) -> dict[str, Any]:
        """Return what the form shows of a stored centre."""
        values = {name: getattr(centre, name) for name in cls.base_fields}
        return values | {"languages": ", ".join(centre.languages)}

    def clean(self) -> dict[str, Any]:
        """Read the details; problems go to their fields."""
        cleaned = super().clean() or {}
        reading = read_details(cleaned, locate=locate)
        for name, text in reading.problems.items():
            if name not in self.errors:
                self.add_error(name, text)
        self.details = reading.details
        return cleaned


class CsvForm(forms.Form):
    """A CSV file of centres."""

    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("A centre of the same name is changed, another one is added."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> Any:
        """Refuse files that cannot be a list of centres by their size."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return file
