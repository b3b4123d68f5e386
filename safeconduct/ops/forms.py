"""Forms of the desk and the console. They check shape; what may be is decided in the rooms' actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from safeconduct.centres.details import known_zones
from safeconduct.centres.forms import countries
from safeconduct.lib.errors import Refused
from safeconduct.ops.colour import brand_of, hex_of
from safeconduct.orgs.models import MembershipNumber, Organisation, Programme
from safeconduct.places.queries import only_zone

T = TypeVar("T")


def attempt(form: forms.BaseForm, act: Callable[[], T], fields: Mapping[str, str] | None = None) -> T | None:
    """Return what `act` returns, or None after putting its refusal on the form.

    `fields` maps the first word of a refusal's code to the field it belongs to.
    """
    try:
        return act()
    except Refused as refusal:
        name = (fields or {}).get(refusal.code) or (fields or {}).get(refusal.code.split(".")[0])
        form.add_error(name if name in form.fields else None, refusal.text)
        return None


def zones() -> list[tuple[str, str]]:
    """Return the IANA zones that are places, for a list."""
    return [(name, name.replace("_", " ")) for name in sorted(known_zones()) if "/" in name or name == "UTC"]


class DateInput(forms.DateInput):
    """A day, picked from the browser's calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ColourInput(forms.TextInput):
    """The browser's colour field."""

    input_type = "color"


# What a new organisation has before anybody chooses; a colour field cannot be left empty in a browser.
DEFAULT_HUE, DEFAULT_CHROMA = 195, "0.075"


class BrandFields(forms.Form):
    """Colour and logo of an organisation."""

    colour = forms.CharField(
        initial=hex_of(DEFAULT_HUE, float(DEFAULT_CHROMA)),
        label=_("Brand colour"),
        required=False,
        max_length=7,
        widget=ColourInput,
        help_text=_("Pages take its hue and strength; lightness stays ours, so that everything can be read."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG or JPEG, at most 200 kB, square or nearly so."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )

    def clean_colour(self) -> str:
        """Refuse what is no colour."""
        text = str(self.cleaned_data["colour"])
        if text:
            try:
                brand_of(text)
            except ValueError:
                raise forms.ValidationError(_("Write the colour like #0b5563.")) from None
        return text

    def brand(self) -> dict[str, Any]:
        """Return hue and chroma, or nothing when no colour was given."""
        text = self.cleaned_data["colour"]
        if not text or text.lower() == self.fields["colour"].initial:
            return {"hue": DEFAULT_HUE, "chroma": DEFAULT_CHROMA} if text else {}
        hue, chroma = brand_of(text)
        return {"hue": hue, "chroma": chroma}

    def logo_bytes(self) -> bytes | None:
        """Return the uploaded logo."""
        file = self.cleaned_data["logo"]
        return file.read() if file else None


class OrganisationFields(forms.Form):
    """What an organisation is."""

    name = forms.CharField(label=_("Name"), max_length=200)
    short_name = forms.CharField(label=_("Short name"), max_length=60, required=False)
    home_country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        required=False,
        help_text=_("Decides which assistance centre stands on top."),
    )
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="UTC")
    language = forms.ChoiceField(
        label=_("Language of its mails"), choices=lambda: settings.LANGUAGES, initial="en"
    )
    password_rule = forms.ChoiceField(
        label=_("Passwords of its people"), choices=Organisation.PasswordRule.choices, initial="portal"
    )

    def organisation(self) -> dict[str, Any]:
        """Return the values for the action."""
        names = ("name", "short_name", "home_country", "zone", "language", "password_rule")
        return {name: self.cleaned_data[name] for name in names}


def refuse_taken_name(name: str, *, besides: Organisation | None = None) -> str:
    """Return the name. Raises ValidationError when another organisation has it: a form sent twice ends here."""
    same = Organisation.objects.filter(name__iexact=name.strip())
    if besides is not None:
        same = same.exclude(pk=besides.pk)
    if same.exists():
        raise forms.ValidationError(_("There is an organisation of this name already."))
    return name


class OrganisationForm(OrganisationFields, BrandFields):
    """Change an organisation."""

    old_address_until = forms.DateField(
        label=_("Links to the old portal work until"),
        required=False,
        widget=DateInput,
        help_text=_("The last day of /MasterPortal/default.aspx?membnum=…; empty: it does not work."),
    )
    is_active = forms.BooleanField(
        label=_("In use"),
        required=False,
        help_text=_("Without it nobody of this organisation can work in the portal."),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    field_order = (
        "name",
        "short_name",
        "home_country",
        "zone",
        "language",
        "password_rule",
        "colour",
        "logo",
        "remove_logo",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        self.row = organisation
        names = (*OrganisationFields.base_fields, "old_address_until", "is_active")
        kwargs["initial"] = {name: getattr(organisation, name) for name in names}
        kwargs["initial"]["colour"] = hex_of(organisation.hue, organisation.chroma)
        super().__init__(*args, **kwargs)
        if not organisation.logo_type:
            del self.fields["remove_logo"]

    def clean_name(self) -> str:
        """Refuse another organisation's name."""
        return refuse_taken_name(self.cleaned_data["name"], besides=self.row)

    def changes_logo(self) -> bool:
        """Return whether the logo is to change."""
        return bool(self.cleaned_data["logo"] or self.cleaned_data.get("remove_logo"))

    def new_logo(self) -> bytes | None:
        """Return the new logo; None to remove it."""
        return None if self.cleaned_data.get("remove_logo") else self.logo_bytes()

    def changes(self) -> dict[str, Any]:
        """Return what to change. A colour that was not touched keeps its exact hue and chroma."""
        values = self.organisation() | {
            "old_address_until": self.cleaned_data["old_address_until"],
            "is_active": self.cleaned_data["is_active"],
        }
        same = self.cleaned_data["colour"].lower() == hex_of(self.row.hue, self.row.chroma)
        return values if same else values | self.brand()


class FirstOrganisationForm(OrganisationFields, BrandFields):
    """An organisation with its first programme, number and domains."""

    programme = forms.CharField(
        label=_("Programme"),
        max_length=200,
        help_text=_(
            "Stands on the welcome, for example “Northfield University Global Assistance Programme”."
        ),
    )
    number = forms.CharField(
        label=_("Membership number"),
        max_length=64,
        help_text=_("What members enter once. It may stand on public pages: it routes, it proves nothing."),
    )
    valid_from = forms.DateField(label=_("Valid from"), widget=DateInput)
    valid_until = forms.DateField(
        label=_("Valid until"), required=False, widget=DateInput, help_text=_("Empty: without an end.")
    )
    domains = forms.CharField(
        label=_("Mail domains"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text=_(
            "One a line. Who has an address there may join with the number; everybody else needs an invitation."
        ),
    )
    includes_subdomains = forms.BooleanField(label=_("Also their subdomains"), required=False)
    field_order = (
        "name",
        "short_name",
        "programme",
        "number",
        "valid_from",
        "valid_until",
        "domains",
        "includes_subdomains",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].help_text = _("Left at UTC, it becomes the country’s own, where there is one for all of it.")

    def clean_name(self) -> str:
        """Refuse another organisation's name."""
        return refuse_taken_name(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        """A zone that nobody touched becomes the country's, where the country has one."""
        cleaned = super().clean() or {}
        if cleaned.get("zone") == "UTC" and cleaned.get("home_country"):
            cleaned["zone"] = only_zone(cleaned["home_country"]) or "UTC"
        return cleaned

    def clean_domains(self) -> list[str]:
        """Return one domain a line, each once."""
        words = str(self.cleaned_data["domains"]).replace(",", " ").replace(";", " ").split()
        return list(dict.fromkeys(word.lower() for word in words))


class ValidityForm(forms.Form):
    """From a day, perhaps until a day."""

    valid_from = forms.DateField(label=_("Valid from"), widget=DateInput)
    valid_until = forms.DateField(
        label=_("Valid until"), required=False, widget=DateInput, help_text=_("Empty: without an end.")
    )

    def clean(self) -> dict[str, Any]:
        """The end is not before the beginning."""
        cleaned = super().clean() or {}
        start, end = cleaned.get("valid_from"), cleaned.get("valid_until")
        if isinstance(start, date) and isinstance(end, date) and end < start:
            self.add_error("valid_until", _("The last day is before the first."))
        return cleaned


class ProgrammeForm(ValidityForm):
    """A programme."""

    name = forms.CharField(label=_("Name"), max_length=200)
    field_order = ("name", "valid_from", "valid_until")

    def __init__(
        self, *args: Any, organisation: Organisation, programme: Programme | None = None, **kwargs: Any
    ) -> None:
        self.organisation, self.programme = organisation, programme
        if programme is not None:
            kwargs["initial"] = {
                name: getattr(programme, name) for name in ("name", "valid_from", "valid_until")
            }
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        """Refuse a second programme of the same name: a form sent twice ends here."""
        same = Programme.objects.for_org(self.organisation).filter(
            name__iexact=self.cleaned_data["name"].strip()
        )
        if self.programme is not None:
            same = same.exclude(pk=self.programme.pk)
        if same.exists():
            raise forms.ValidationError(_("There is a programme of this name already."))
        return str(self.cleaned_data["name"])


class ProgrammeChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the organisation's programmes."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the programme's name."""
        return str(obj.name)


class NumberForm(ValidityForm):
    """A membership number of a programme."""

    programme = ProgrammeChoice(label=_("Programme"), queryset=None, empty_label=None)
    number = forms.CharField(label=_("Membership number"), max_length=64)
    field_order = ("programme", "number", "valid_from", "valid_until")

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].queryset = Programme.objects.for_org(organisation)  # type: ignore[attr-defined]


class NumberEditForm(ValidityForm):
    """When a number may be used. The number itself does not change: cards show it."""

    is_active = forms.BooleanField(label=_("In use"), required=False)

    def __init__(self, *args: Any, number: MembershipNumber, **kwargs: Any) -> None:
        kwargs["initial"] = {
            name: getattr(number, name) for name in ("valid_from", "valid_until", "is_active")
        }
        super().__init__(*args, **kwargs)


class DomainForm(forms.Form):
    """A mail domain."""

    domain = forms.CharField(
        label=_("Domain"), max_length=253, help_text=_("For example northfield.example.edu.")
    )
    includes_subdomains = forms.BooleanField(label=_("Also its subdomains"), required=False)


class InviteForm(forms.Form):
    """One person to invite into a programme."""

    programme = ProgrammeChoice(label=_("Programme"), queryset=None, empty_label=None)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    given_name = forms.CharField(label=_("Given name"), max_length=150, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=150, required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Programme.objects.for_org(organisation)
        self.fields["programme"].queryset = rows  # type: ignore[attr-defined]
        if rows.count() == 1:
            self.fields["programme"].initial = rows[0]
            self.fields["programme"].widget = self.fields["programme"].hidden_widget()

    def invitation(self) -> dict[str, str]:
        """Return the values for the action."""
        return {name: self.cleaned_data[name] for name in ("email", "given_name", "family_name")}
