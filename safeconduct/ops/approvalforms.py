"""Forms of approval: the organisation's rule, a decision, a deputy. They check shape alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.advisories.labels import LEVELS
from safeconduct.centres.forms import countries
from safeconduct.feeds.models import Source
from safeconduct.ops.forms import DateInput
from safeconduct.ratings.models import Kind
from safeconduct.ratings.words import STEPS, value_word
from safeconduct.trips.approvalmodels import NOTE_LENGTH, ApprovalRule

MOST_DAYS = 90


class RuleForm(forms.Form):
    """When trips need approval, and when approvers are reminded."""

    is_on = forms.BooleanField(
        label=gettext_lazy("Trips need approval when one of these is met"),
        required=False,
        help_text=gettext_lazy("Off: every trip is registered at once. Whoever travels is warned either way."),
    )
    always = forms.BooleanField(label=gettext_lazy("Every trip"), required=False)
    security_from = forms.ChoiceField(
        label=gettext_lazy("Security rating from"), required=False,
        help_text=gettext_lazy("Your own rating of a destination counts before the portal’s. What is not rated meets nothing."),
    )  # fmt: skip
    medical_from = forms.ChoiceField(
        label=gettext_lazy("Medical rating from"), required=False,
        help_text=gettext_lazy("“Variable” counts like “High”."),
    )  # fmt: skip
    advisory_from = forms.ChoiceField(
        label=gettext_lazy("Official advice from level"), required=False,
        help_text=gettext_lazy("For the country as a whole; where a government states none, its worst named part counts."),
    )  # fmt: skip
    advisory_source = forms.ChoiceField(label=gettext_lazy("Advice of"), required=False)
    countries = forms.MultipleChoiceField(
        label=gettext_lazy("These countries"), required=False, widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=gettext_lazy("Choose several with Ctrl or ⌘."),
    )  # fmt: skip
    remind_after_days = forms.IntegerField(
        label=gettext_lazy("Remind approvers after days"), min_value=1, max_value=MOST_DAYS, initial=2
    )
    remind_before_days = forms.IntegerField(
        label=gettext_lazy("Remind them again so many days before departure"), min_value=1, max_value=MOST_DAYS, initial=5
    )
    asks_known = forms.BooleanField(
        label=gettext_lazy("Ask about trips that are registered already, too"),
        required=False,
        help_text=gettext_lazy("Trips ahead that meet the changed rule are put before you. Otherwise it holds from the next trip on."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the scales, the publishers that have said something, and the countries."""
        super().__init__(*args, **kwargs)
        none = ("", _("Not asked"))
        for name, kind in (("security_from", Kind.SECURITY), ("medical_from", Kind.MEDICAL)):
            self._choose(name, [none, *((value, value_word(value)) for value in STEPS[kind])])
        self._choose(
            "advisory_from",
            [none, *((str(level), _("%(level)d of 4, %(words)s") % {"level": level, "words": words}) for level, words in LEVELS.items())],
        )
        publishers = Source.objects.filter(advisories__isnull=False).distinct().order_by("name")
        self._choose("advisory_source", [("", _("Any government or authority")), *publishers.values_list("key", "name")])
        self._choose("countries", countries()[1:])

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = choices

    @classmethod
    def initial_of(cls, rule: ApprovalRule) -> dict[str, Any]:
        """Return what the form starts with."""
        names = ("is_on", "always", "security_from", "medical_from", "advisory_source", "countries",
                 "remind_after_days", "remind_before_days")  # fmt: skip
        return {name: getattr(rule, name) for name in names} | {"advisory_from": str(rule.advisory_from or "")}


class DecisionForm(forms.Form):
    """Approve or refuse, with a note; which itinerary and levels were looked at goes along."""

    note = forms.CharField(
        label=gettext_lazy("Note to the traveller"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A refusal needs one: the traveller reads why."),
    )
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput)


class DeputyForm(forms.Form):
    """Who decides instead of me, and when."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("Of a member of your organisation. Nobody decides about their own trip."),
    )
    first_on = forms.DateField(label=gettext_lazy("First day"), widget=DateInput)
    last_on = forms.DateField(label=gettext_lazy("Last day"), widget=DateInput)
