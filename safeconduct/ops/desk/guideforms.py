"""The forms of the writing room. They check shape; who may do what when is decided in `guides.actions`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.guides.models import LONGEST_REASON, Edition
from safeconduct.lib import clock
from safeconduct.ops.forms import DateInput
from safeconduct.trips.forms import LocalTimeField
from safeconduct.trips.localtime import OutOfRange, UnknownZone, settle


class WritingForm(forms.Form):
    """A draft. Nothing in it refuses a text for its length before the action does: what was typed stays."""

    body = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 22, "class": "writing"}),
        help_text=gettext_lazy("Markdown, without HTML and pictures."),
    )
    sources = forms.CharField(
        label=gettext_lazy("Sources"),
        required=False,
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One a line: title, then address. Readers see them under the text."),
    )
    change_note = forms.CharField(
        label=gettext_lazy("What is new"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("In a few words, for readers and for the second person."),
    )
    is_minor = forms.BooleanField(
        label=gettext_lazy("Small change, not worth a notice"),
        required=False,
        help_text=gettext_lazy(
            "Spelling, a mended address. Without the tick those who follow this place may be told."
        ),
    )
    review_due_on = forms.DateField(
        label=gettext_lazy("To be read again by"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy(
            "From the day after, readers see that the text is old and it is listed at the desk."
        ),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def initial_of(cls, edition: Edition) -> dict[str, Any]:
        """The draft as it is kept."""
        names = ("body", "sources", "change_note", "is_minor", "review_due_on", "revision")
        return {name: getattr(edition, name) for name in names}

    def draft(self) -> dict[str, Any]:
        """The arguments of `save_draft`."""
        values = dict(self.cleaned_data)
        for name in ("body", "sources"):
            values[name] = values[name].replace("\r\n", "\n")
        return values

    def differs_from(self, edition: Edition) -> bool:
        """Whether saving would change anything."""
        kept = self.initial_of(edition)
        return any(value != kept[name] for name, value in self.draft().items() if name != "revision")


class ApprovalForm(forms.Form):
    """When an approved text is published, on the clock of the person who approves."""

    publish_at = LocalTimeField(label=gettext_lazy("Publish at"), required=False)
    at: datetime | None = None

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        """Name the zone."""
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["publish_at"].help_text = _("Your local time, %(zone)s.") % {
            "zone": zone.replace("_", " ")
        }

    def clean(self) -> dict[str, Any]:
        """Settle the instant; one that has passed is refused."""
        cleaned = super().clean() or {}
        local = cleaned.get("publish_at")
        if local is None:
            if "publish_at" not in self.errors:
                self.add_error("publish_at", _("Say when, or publish it now."))
            return cleaned
        try:
            self.at = settle(local, self.zone).at
        except (UnknownZone, OutOfRange):
            self.add_error("publish_at", _("This is no date and time. Write it like 2026-11-22T14:00."))
            return cleaned
        if self.at <= clock.now():
            self.add_error("publish_at", _("This time has passed. Publish it now, or choose a later one."))
        return cleaned


class ReturnForm(forms.Form):
    """Why a text is given back. That it may not be empty is decided in `guides.actions`."""

    reason = forms.CharField(
        label=gettext_lazy("What is to be changed"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Whoever wrote it reads this."),
    )


def default_review_day(edition: Edition) -> date | None:
    """A day that has passed is no proposal for the next text."""
    day = edition.review_due_on
    return day if day is not None and day > clock.today() else None
