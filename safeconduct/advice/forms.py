"""The form of a journey for the traveller, and those of one rule and of a file for the desk. They write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from safeconduct.advice import countries, csv_files, details, matrix
from safeconduct.advice.answers import Change, Journey, Leg
from safeconduct.advice.details import COLUMNS, RuleDetails, read_details
from safeconduct.advice.kinds import ANSWERS, CONDITIONS, KINDS, OBTAINED, PURPOSES
from safeconduct.centres.forms import countries as named_countries
from safeconduct.lib import clock

MOST_LEGS: Final = 8
MOST_HOURS: Final = 96


class DateInput(forms.DateInput):
    """A day, picked from the browser's calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def country_choices() -> list[tuple[str, str]]:
    """Return the countries that rules can be about, by name in the reader's language."""
    return [pair for pair in named_countries() if not pair[0] or pair[0] in countries.codes()]


class JourneyForm(forms.Form):
    """From where to where and when. Without any date, passport or purpose there is an answer, too: it says what is open."""

    departure = forms.ChoiceField(label=gettext_lazy("You leave from"))
    passport = forms.ChoiceField(label=gettext_lazy("Passport of"), required=False)
    second_passport = forms.ChoiceField(label=gettext_lazy("Second passport of"), required=False)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), required=False)

    def __init__(self, *args: Any, legs: int = 1, diseases: list[str] | None = None, **kwargs: Any) -> None:
        """`legs`: how many destinations are asked for. `diseases`: of which a rule asks whether one is vaccinated."""
        super().__init__(*args, **kwargs)
        # The browser would keep a person from adding a destination before the first is complete.
        self.use_required_attribute = False
        self.count = max(1, min(legs, MOST_LEGS))
        self.diseases = list(diseases or [])
        choices = country_choices()
        unsaid = [("", _("not said")), *choices[1:]]
        for name in ("departure", "passport", "second_passport"):
            self.fields[name].choices = choices if name == "departure" else unsaid  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [("", _("not said")), *PURPOSES.items()]  # type: ignore[attr-defined]
        for n in range(self.count):
            self.fields[f"to{n}"] = forms.ChoiceField(
                label=pgettext_lazy("journey", "To"), choices=choices, required=n == 0
            )
            self.fields[f"arrive{n}"] = forms.DateField(label=_("Arrive"), required=False, widget=DateInput)
            self.fields[f"leave{n}"] = forms.DateField(label=_("Leave"), required=False, widget=DateInput)
            self.fields[f"via{n}"] = forms.ChoiceField(
                label=_("Change planes in"), choices=[("", _("no change abroad")), *choices[1:]], required=False
            )
            self.fields[f"hours{n}"] = forms.IntegerField(
                label=_("Hours between the planes"), required=False, min_value=0, max_value=MOST_HOURS,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
        for n, disease in enumerate(self.diseases):
            self.fields[f"disease{n}"] = forms.ChoiceField(
                label=_("Vaccination: %(disease)s") % {"disease": disease},
                required=False,
                choices=[("", _("not said")), ("yes", _("vaccinated")), ("no", _("not vaccinated"))],
            )

    def leg_fields(self) -> list[list[forms.BoundField]]:
        """Return the fields of each destination."""
        return [[self[f"{name}{n}"] for name in ("to", "arrive", "leave", "via", "hours")] for n in range(self.count)]

    def disease_fields(self) -> list[forms.BoundField]:
        """Return the fields of the diseases that rules ask about."""
        return [self[f"disease{n}"] for n in range(len(self.diseases))]

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order and days without a place."""
        data = super().clean() or {}
        for n in range(self.count):
            arrive, leave = data.get(f"arrive{n}"), data.get(f"leave{n}")
            if arrive and leave and leave < arrive:
                self.add_error(f"leave{n}", _("You cannot leave before you arrive."))
            if n and not data.get(f"to{n}") and any((arrive, leave, data.get(f"via{n}"))):
                self.add_error(f"to{n}", _("Say where this is."))
        return data

    def journey(self) -> Journey:
        """Return what is asked. Only of a valid form."""
        data = self.cleaned_data
        legs = tuple(
            Leg(
                data[f"to{n}"], data[f"arrive{n}"], data[f"leave{n}"],
                (Change(data[f"via{n}"], data[f"hours{n}"]),) if data[f"via{n}"] else (),
            )
            for n in range(self.count)
            if data[f"to{n}"]
        )  # fmt: skip
        said = {disease: data[f"disease{n}"] for n, disease in enumerate(self.diseases)}
        return Journey(
            departure=data["departure"],
            legs=legs,
            passports=tuple(dict.fromkeys(code for code in (data["passport"], data["second_passport"]) if code)),
            purpose=data["purpose"],
            vaccinated=frozenset(disease for disease, word in said.items() if word == "yes"),
            not_vaccinated=frozenset(disease for disease, word in said.items() if word == "no"),
        )


def _choices(table: Mapping[str, Any], *, blank: bool) -> list[tuple[str, Any]]:
    return [("", "–"), *table.items()] if blank else list(table.items())


class RuleForm(forms.Form):
    """One rule. Its fields are the columns of our own file; what is right is decided in `details`."""

    destination = forms.ChoiceField(label=gettext_lazy("Destination"), choices=country_choices)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[(kind.code, kind.label) for kind in KINDS])
    answer = forms.ChoiceField(label=gettext_lazy("It is"), choices=list(ANSWERS.items()))
    obtained = forms.ChoiceField(label=gettext_lazy("How it is got"), choices=_choices(OBTAINED, blank=True), required=False)
    stay_days = forms.CharField(
        label=gettext_lazy("For stays of at most so many days"), required=False, max_length=4,
        help_text=gettext_lazy("Only where it is not required up to that."),
    )  # fmt: skip
    lead_days = forms.CharField(
        label=gettext_lazy("So many days before the arrival"), required=False, max_length=4
    )
    text = forms.CharField(
        label=gettext_lazy("In your own words"), required=False, max_length=details.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Facts may be retyped; other people’s sentences may not."),
    )  # fmt: skip
    link = forms.CharField(
        label=gettext_lazy("Official address"), required=False, max_length=details.LONGEST_URL,
        help_text=gettext_lazy("Where the traveller applies or reads more."),
    )  # fmt: skip
    source = forms.CharField(label=gettext_lazy("Who says so"), max_length=details.LONGEST_SOURCE)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False, max_length=details.LONGEST_URL)
    source_date = forms.CharField(
        label=gettext_lazy("Date of the source"), widget=DateInput, max_length=10,
        help_text=gettext_lazy("Its own date, else the day when you read it."),
    )  # fmt: skip
    review_on = forms.CharField(
        label=gettext_lazy("Look at it again on"), required=False, widget=DateInput, max_length=10,
        help_text=gettext_lazy("From then on it is marked as in need of a check. Empty: after six or twelve months, by its kind."),
    )  # fmt: skip
    passports = forms.CharField(
        label=gettext_lazy("Only passports of"), required=False, max_length=800,
        help_text=gettext_lazy("Codes of countries with spaces between: DE FR. Empty: every passport."),
    )  # fmt: skip
    not_passports = forms.CharField(label=gettext_lazy("Not passports of"), required=False, max_length=800)
    came_from = forms.CharField(
        label=gettext_lazy("Only when coming from"), required=False, max_length=800,
        help_text=gettext_lazy("Codes of countries. Empty: from anywhere."),
    )  # fmt: skip
    within_days = forms.CharField(
        label=gettext_lazy("Having been there within so many days"), required=False, max_length=4
    )
    transit_hours = forms.CharField(
        label=gettext_lazy("A change there counts after so many hours"), required=False, max_length=4,
        help_text=gettext_lazy("0: every change counts. Empty: the rule does not say."),
    )  # fmt: skip
    purposes = forms.CharField(
        label=gettext_lazy("Only for the purposes"), required=False, max_length=120,
        help_text=", ".join(PURPOSES),
    )  # fmt: skip
    disease = forms.CharField(label=gettext_lazy("Disease"), required=False, max_length=details.LONGEST_DISEASE)
    condition = forms.ChoiceField(
        label=gettext_lazy("Condition"), choices=_choices(CONDITIONS, blank=True), required=False
    )
    also_transit = forms.BooleanField(label=gettext_lazy("Asked of those who only change planes, too"), required=False)
    otherwise_not = forms.BooleanField(label=gettext_lazy("Of everybody else it is not asked"), required=False)
    valid_from = forms.CharField(label=gettext_lazy("Holds from"), required=False, widget=DateInput, max_length=10)
    valid_until = forms.CharField(label=gettext_lazy("Holds until"), required=False, widget=DateInput, max_length=10)

    details: RuleDetails | None = None

    MAIN: Final = (
        "destination", "kind", "answer", "obtained", "stay_days", "lead_days", "text", "link",
        "source", "source_url", "source_date", "review_on",
    )  # fmt: skip

    def main_fields(self) -> list[forms.BoundField]:
        """Return what every rule has."""
        return [self[name] for name in self.MAIN]

    def more_fields(self) -> list[forms.BoundField]:
        """Return for whom and when it is."""
        return [self[name] for name in self.fields if name not in self.MAIN]

    @property
    def has_more(self) -> bool:
        """Whether something stands in the further fields, or is wrong with one."""
        return any(bound.errors or bound.value() not in (None, "", False) for bound in self.more_fields())

    def clean(self) -> dict[str, Any]:
        """Read the rule; problems go to their fields."""
        cleaned = super().clean() or {}
        texts = {name: _text(cleaned.get(name)) for name in COLUMNS}
        reading = read_details(texts, today=clock.today())
        for name, text in reading.problems.items():
            if name not in self.errors:
                self.add_error(name, text)
        self.details = reading.details
        return cleaned


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return value.isoformat() if isinstance(value, date) else str(value or "")


def initial_of(rule: RuleDetails) -> dict[str, Any]:
    """Return what the form shows of a rule."""
    return csv_files.details_as_row(rule) | {"also_transit": rule.also_transit, "otherwise_not": rule.otherwise_not}


class RulesFileForm(forms.Form):
    """A file of rules with who says so and of which day."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )
    source = forms.CharField(
        label=gettext_lazy("Who says so"), required=False, max_length=details.LONGEST_SOURCE,
        help_text=gettext_lazy("Needed for a visa matrix; else for rows that do not name their own source."),
    )  # fmt: skip
    url = forms.CharField(label=gettext_lazy("Address of the source"), required=False, max_length=details.LONGEST_URL)
    as_of = forms.DateField(
        label=gettext_lazy("Of which day"), required=False, widget=DateInput,
        help_text=gettext_lazy("Stands with every answer of the file."),
    )  # fmt: skip
    coding = forms.ChoiceField(
        label=gettext_lazy("Numbers of a visa matrix"), required=False,
        choices=[("", gettext_lazy("days of a stay")), (matrix.OLD, gettext_lazy("coding of 2019: convert"))],
    )  # fmt: skip

    def clean_file(self) -> Any:
        """Refuse files that are too large to be one."""
        file = self.cleaned_data["file"]
        if file.size > csv_files.MOST_BYTES:
            raise forms.ValidationError(_("At most %(most)d kB at once.") % {"most": csv_files.MOST_BYTES // 1000})
        return file
