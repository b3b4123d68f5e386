"""Occasions: dates of a country or a place that a traveller should know, as somebody entered or imported them.

None is shipped. Shared rows of no organisation; each names who says so and of which day that is.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id

LONGEST_TITLE: Final = 160
LONGEST_WHY: Final = 1000


class OccasionQuerySet(models.QuerySet["Occasion"]):
    """Filters that say which are meant."""

    def touching(self, first: date, last: date) -> OccasionQuerySet:
        """Those of which a day falls between two days, both included."""
        return self.filter(begins_on__lte=last, ends_on__gte=first)


class Occasion(models.Model):
    """An election, an anniversary or another date. `place` empty: the whole country."""

    class Kind(models.TextChoices):
        """What it is."""

        ELECTION = "election", _("Election")
        ANNIVERSARY = "anniversary", _("Anniversary")
        GATHERING = "gathering", _("Gathering or event")
        OTHER = "other", _("Other date")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    country = models.CharField(_("country"), max_length=2)
    place = models.ForeignKey(
        "places.Place", on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("place")
    )
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.OTHER)
    begins_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    title = models.CharField(_("title"), max_length=LONGEST_TITLE)
    why = models.CharField(_("why it matters"), max_length=LONGEST_WHY, blank=True)
    source_name = models.CharField(max_length=160)
    source_url = models.CharField(max_length=500, blank=True)
    source_on = models.DateField(help_text="Of which day the source is")
    review_on = models.DateField(null=True, blank=True)
    is_imported = models.BooleanField(default=False)
    added_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    by_label = models.CharField(max_length=200, blank=True)

    objects = OccasionQuerySet.as_manager()

    class Meta:
        ordering = ["begins_on", "country", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "begins_on", "title", "source_name"], name="occasion_once_a_source"
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("begins_on")), name="occasion_ends_after_begin"),
            models.CheckConstraint(
                condition=~Q(source_name="") & ~Q(country="") & ~Q(title=""), name="occasion_has_source"
            ),
        ]
        indexes = [models.Index(fields=["country", "ends_on"], name="occasion_of_country")]

    def __str__(self) -> str:
        return f"{self.country} {self.begins_on} {self.title}"

    @property
    def audit_label(self) -> str:
        """Return what the log calls it."""
        return f"occasion {self.country} {self.begins_on.isoformat()}"
