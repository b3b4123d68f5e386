"""What TravelAdvisor asks: a journey and the traveller, or for a registered trip the traveller alone. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.advice.asking import with_person
from safeconduct.advice.briefing import Asked, AskedStop
from safeconduct.advice.forms import JourneyForm, country_choices
from safeconduct.advice.kinds import PURPOSES

INTERESTS: Final = {
    "health": gettext_lazy("Health"),
    "security": gettext_lazy("Security"),
    "around": gettext_lazy("Getting there and around"),
    "practical": gettext_lazy("Money, phone, power, culture"),
    "dates": gettext_lazy("Holidays, events, season"),
}
"""By the key of the step that each is about; they leave nothing out."""


def _interests() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=gettext_lazy("What matters most to you"), required=False, choices=list(INTERESTS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("These steps are marked for you. Nothing is left out."),
    )  # fmt: skip


class AdvisorForm(JourneyForm):
    """From where, to where and when; all about the traveller is optional."""

    interests = _interests()

    def __init__(self, *args: Any, legs: int = 1, diseases: list[str] | None = None, **kwargs: Any) -> None:
        """As a journey, but days are needed: a briefing is for these dates."""
        super().__init__(*args, legs=legs, diseases=diseases, **kwargs)
        self.fields["arrive0"].required = True
        self.fields[f"leave{self.count - 1}"].required = self.count == 1

    def clean(self) -> dict[str, Any]:
        """Refuse a journey that nobody knows the end of, and destinations in the wrong order."""
        data = super().clean()
        filled = [n for n in range(self.count) if data.get(f"to{n}")]
        # What is asked is forgotten after the last day: that of a destination before the last one is not the end.
        last = f"leave{filled[-1]}" if filled else ""
        if self.count > 1 and last and not data.get(last) and last not in self.errors:
            self.add_error(last, _("Say on which day the journey ends."))
        before = None
        for n in range(self.count):
            arrive, leave = data.get(f"arrive{n}"), data.get(f"leave{n}")
            if before and arrive and arrive < before:
                self.add_error(f"arrive{n}", _("This is before the destination in front of it."))
            before = leave or arrive or before
        return data

    def asked(self) -> Asked:
        """Return what is asked. Only of a valid form."""
        journey = self.journey()
        stops = tuple(
            AskedStop(leg.country, arrive=leg.arrives_on, leave=leg.leaves_on, via=leg.via) for leg in journey.legs
        )
        return Asked(
            journey.departure, stops, passports=journey.passports, purpose=journey.purpose,
            interests=tuple(self.cleaned_data["interests"]), vaccinated=journey.vaccinated,
            not_vaccinated=journey.not_vaccinated,
        )  # fmt: skip


class AboutYouForm(forms.Form):
    """What a registered trip does not say: the traveller. All of it is optional."""

    departure = forms.ChoiceField(label=gettext_lazy("You leave from"), required=False)
    passport = forms.ChoiceField(label=gettext_lazy("Passport of"), required=False)
    second_passport = forms.ChoiceField(label=gettext_lazy("Second passport of"), required=False)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), required=False)
    interests = _interests()

    def __init__(
        self, *args: Any, journey: Asked, has_departure: bool, diseases: list[str], **kwargs: Any
    ) -> None:
        """`journey`: places and dates of the trip; `has_departure`: the trip itself says where it begins."""
        super().__init__(*args, **kwargs)
        self.journey_asked, self.diseases = journey, diseases
        unsaid = [("", _("not said")), *country_choices()[1:]]
        for name in ("departure", "passport", "second_passport"):
            self.fields[name].choices = unsaid  # type: ignore[attr-defined]
        if has_departure:
            del self.fields["departure"]
        self.fields["purpose"].choices = [("", _("not said")), *PURPOSES.items()]  # type: ignore[attr-defined]
        for n, disease in enumerate(diseases):
            self.fields[f"disease{n}"] = forms.ChoiceField(
                label=_("Vaccination: %(disease)s") % {"disease": disease}, required=False,
                choices=[("", _("not said")), ("yes", _("vaccinated")), ("no", _("not vaccinated"))],
            )  # fmt: skip

    def disease_fields(self) -> list[forms.BoundField]:
        """Return the fields of the diseases that rules ask about."""
        return [self[f"disease{n}"] for n in range(len(self.diseases))]

    def asked(self) -> Asked:
        """Return what is asked. Only of a valid form."""
        data = self.cleaned_data
        said = {disease: data[f"disease{n}"] for n, disease in enumerate(self.diseases)}
        person: Mapping[str, Any] = {
            "passports": list(dict.fromkeys(code for code in (data["passport"], data["second_passport"]) if code)),
            "purpose": data["purpose"],
            "interests": data["interests"],
            "vaccinated": [disease for disease, word in said.items() if word == "yes"],
            "not_vaccinated": [disease for disease, word in said.items() if word == "no"],
        }
        departure = data.get("departure") or self.journey_asked.departure
        return with_person(replace(self.journey_asked, departure=departure), person)


def initial_of(asked: Asked, diseases: list[str]) -> dict[str, Any]:
    """Return what a form shows of a question."""
    first, second, *_rest = [*asked.passports, "", ""]
    shown: dict[str, Any] = {
        "departure": asked.departure, "passport": first, "second_passport": second, "purpose": asked.purpose,
        "interests": list(asked.interests),
    }  # fmt: skip
    for n, stop in enumerate(asked.stops):
        via = stop.via[0] if stop.via else None
        shown |= {
            f"to{n}": stop.country, f"arrive{n}": stop.arrive, f"leave{n}": stop.leave,
            f"via{n}": via.country if via else "",
            f"hours{n}": int(via.hours) if via and via.hours is not None else None,
        }  # fmt: skip
    for n, disease in enumerate(diseases):
        if disease in asked.vaccinated | asked.not_vaccinated:
            shown[f"disease{n}"] = "yes" if disease in asked.vaccinated else "no"
    return shown
