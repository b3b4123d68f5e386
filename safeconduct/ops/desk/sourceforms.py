"""What the desk asks about a source, a document and a region: labels that say what is meant, and an example of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from safeconduct.alerts.ingest import FORMATS
from safeconduct.feeds import actions
from safeconduct.feeds.models import Source
from safeconduct.places import regions
from safeconduct.places.queries import country_names

MOST_BYTES = 20 * 1024 * 1024
LABELS = {
    "key": gettext_lazy("Short name"),
    "country_code": gettext_lazy("Country code"),
    "language": gettext_lazy("Language code"),
}
HELP = {
    "key": gettext_lazy("Small letters, digits and hyphens, e.g. de-dwd. It stands in addresses and stays."),
    "name": gettext_lazy("As travellers read it, e.g. the authority’s name."),
    "format": gettext_lazy("What the document is written in. The page of the source says when another one fits better."),
    "url": gettext_lazy("Begins with http:// or https://. Empty: it takes only what is read by hand."),
    "country_code": gettext_lazy("Two letters (ISO 3166), e.g. DE. Empty: worldwide."),
    "language": gettext_lazy("Of its words, e.g. de or pt-BR. Empty: each message says its own."),
    "licence": gettext_lazy("As the source states it, e.g. CC BY 4.0. Empty: not stated."),
    "attribution": gettext_lazy("Stands under every alert of this source."),
    "display": gettext_lazy("How much of its words is shown; choose the excerpt where no licence allows more."),
    "trust": gettext_lazy("Who leads where several sources tell of one event: official ones before relays."),
    "severity_floor": gettext_lazy("What is milder is kept and shown to nobody. Empty: everything is told."),
    "poll_seconds": gettext_lazy("60 at least. 300 are five minutes."),
}  # fmt: skip


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator may change of a source."""

    class Meta:
        model = Source
        fields: Sequence[str] = actions.EDITABLE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.help_text = HELP.get(name, field.help_text)
        wrong = _("This is no address that can be asked: it begins with http:// or https://.")
        # The model's validator says the same less plainly, under the same code.
        self.fields["url"].error_messages["invalid"] = wrong
        self.fields["url"].validators = [
            URLValidator(schemes=["http", "https"], message=wrong) if isinstance(one, URLValidator) else one
            for one in self.fields["url"].validators
        ]

    def clean_country_code(self) -> str:
        """Take a code of either case, and only one that is a country's."""
        code = str(self.cleaned_data["country_code"]).strip().upper()
        if code and (len(code) != 2 or code not in Locale("en").territories):
            raise ValidationError(
                _("“%(code)s” is no country’s code: two letters, e.g. DE.") % {"code": code}
            )
        return code


class NewSourceForm(SourceForm):
    """A source of one's own."""

    class Meta(SourceForm.Meta):
        fields = ("key", "format", *actions.EDITABLE)


class DocumentForm(forms.Form):
    """A document to read by hand."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[(key, label) for key, label in Source.Format.choices if key in FORMATS],
    )
    file = forms.FileField(
        label=gettext_lazy("Document"),
        help_text=gettext_lazy("At most 20 MB. The bytes are kept, whatever comes of them."),
    )

    def clean_file(self) -> object:
        """Refuse what is too large to be read."""
        if self.cleaned_data["file"].size > MOST_BYTES:
            raise ValidationError(_("The document is larger than 20 MB."))
        return self.cleaned_data["file"]


class CompleteForm(forms.Form):
    """Why an answer that is far shorter than the one before is complete nevertheless."""

    document = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("For the log: how you know that the source has become shorter."),
    )


class RegionForm(forms.Form):
    """A region of the world or a country whose sources are switched together."""

    region = forms.ChoiceField(label=gettext_lazy("Region or country"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer only regions that have sources."""
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        codes = set(Source.objects.exclude(country_code="").values_list("country_code", flat=True))
        large = [
            (code, regions.region_name(code, language))
            for code in regions.codes()
            if regions.countries_in(code) & codes
        ]
        names = country_names(codes, language)
        nations = sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: pair[1])
        field = self.fields["region"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = [(_("Regions"), large), (_("Countries"), nations)]
