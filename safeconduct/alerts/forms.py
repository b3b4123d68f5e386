"""The filters of the table and of the map, read from the query string, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from safeconduct.alerts.labels import CATEGORIES, EVENT_TYPES
from safeconduct.alerts.listing import Filters

WITHIN = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}
Choices = list[tuple[str, str]]


class AlertFilter(forms.Form):
    """Which alerts to list. Anything that is no choice is as good as not given."""

    q = forms.CharField(
        label=_("Words"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    show = forms.ChoiceField(
        label=_("Show"), required=False, choices=[("active", _("Active now")), ("all", _("Active and past"))]
    )
    severity = forms.ChoiceField(
        label=_("Severity"),
        required=False,
        choices=[
            ("", _("Every severity")),
            ("Extreme", _("Extreme only")),
            ("Severe", _("Severe or worse")),
            ("Moderate", _("Moderate or worse")),
            ("Minor", _("Minor or worse")),
            ("Unknown", _("Severity not known")),
        ],
    )
    country = forms.ChoiceField(label=_("Country or territory"), required=False)
    category = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[
            ("", _("Everything")),
            *(
                (
                    label,
                    [
                        (code, label),
                        *((f"{code}.{kind}", EVENT_TYPES[kind]) for kind in kinds if len(kinds) > 1),
                    ],
                )
                for code, (label, kinds) in CATEGORIES.items()
            ),
        ],
    )
    source = forms.ChoiceField(label=_("Source"), required=False)
    sent = forms.ChoiceField(
        label=_("Sent"),
        required=False,
        choices=[("", _("At any time")), ("1", _("In the last 24 hours")), ("7", _("In the last 7 days")),
                 ("30", _("In the last 30 days"))],
    )  # fmt: skip
    since = forms.DateField(
        label=_("In force from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("In force until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[
            ("worst", _("Worst first")),
            ("newest", _("Newest first")),
            ("ending", _("Ending soonest first")),
        ],
    )

    RARE = ("source", "sent", "since", "until", "sort")
    """Fields that are folded away until one of them is used."""

    def __init__(self, *args: Any, countries: Choices, sources: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, first, choices in (
            ("country", _("Everywhere"), countries),
            ("source", _("Every source"), sources),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the types
            field.choices = [("", first), *choices]

    def value(self, name: str) -> str:
        """The chosen value, empty when none or none of the choices."""
        return str(self._cleaned(name) or "")

    def _cleaned(self, name: str) -> Any:
        return self.cleaned_data.get(name) if self.is_bound and (self.is_valid() or True) else None

    @property
    def uses_rare(self) -> bool:
        """Whether a field is used, or wrong, that is folded away."""
        return any(self._cleaned(name) or (self.is_bound and self[name].errors) for name in self.RARE)

    @property
    def ignored(self) -> list[str]:
        """What was asked for and is no choice: left out, which the page says."""
        if not self.is_bound:
            return []
        return [str(self[name].value())[:40] for name in self.errors if name in self.fields]

    def filters(self) -> Filters:
        """What the fields ask for; days begin and end in the reader's zone."""
        active = self.value("show") != "all"
        until = self._cleaned("until")
        return Filters(
            active=active,
            severity=self.value("severity"),
            country=self.value("country"),
            category=self.value("category"),
            source=self.value("source"),
            sent_within=WITHIN.get(self.value("sent")),
            from_at=_midnight(self._cleaned("since")),
            to_at=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
            words=self.value("q"),
            sort=self.value("sort") or ("worst" if active else "newest"),
        )

    def map_filters(self) -> Filters:
        """The same for the map, which shows what is active, worst on top."""
        return replace(self.filters(), active=True, sort="worst")


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day and day > date.min else None
