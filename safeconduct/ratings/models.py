"""Medical and security ratings per country, how each came about, and who decided otherwise.

A `Rating` is what holds for everybody: the formula's value, or an editor's override of it. Every change of it is an
immutable `RatingVersion` with all inputs. An organisation's own rating is its own row and concerns its members alone.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import TenantModel


class Kind(models.TextChoices):
    """What is rated."""

    MEDICAL = "medical", _("Medical")
    SECURITY = "security", _("Security")


class Value(models.TextChoices):
    """The scale. `variable` is for medical alone: it depends on where in the country."""

    UNKNOWN = "", _("Unknown")
    MINIMAL = "minimal", _("Minimal")
    LOW = "low", _("Low")
    MODERATE = "moderate", _("Moderate")
    HIGH = "high", _("High")
    EXTREME = "extreme", _("Extreme")
    VARIABLE = "variable", _("Variable")


SECURITY_VALUES = (Value.MINIMAL, Value.LOW, Value.MODERATE, Value.HIGH, Value.EXTREME)
MEDICAL_VALUES = (Value.LOW, Value.MODERATE, Value.HIGH, Value.EXTREME, Value.VARIABLE)


class Rating(models.Model):
    """What holds for a country now."""

    country_code = models.CharField(max_length=2)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    formula_value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    number = models.PositiveIntegerField(default=0, help_text="Of the version that holds")
    inputs = models.JSONField(default=list, help_text="Of the last reckoning, as `formula.Input`")
    inputs_digest = models.CharField(max_length=64, blank=True)
    formula = models.CharField(max_length=20, blank=True, help_text="Version that the inputs were counted by")
    since = models.DateTimeField(help_text="Since when the value holds")
    reckoned_at = models.DateTimeField(help_text="When the inputs were read; they are the same since")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country_code", "kind"], name="rating_once")]

    def __str__(self) -> str:
        return f"{self.country_code} {self.kind} {self.value}"


class RatingVersion(models.Model):
    """A value from one moment on, with everything that it came from. Never changed but for `matched_at`."""

    class Basis(models.TextChoices):
        """Who decided."""

        FORMULA = "formula", _("the formula")
        OVERRIDE = "override", _("an editor")

    class Cause(models.TextChoices):
        """Why the value is another. Only what somebody says of the country is told, and what somebody decided."""

        FIRST = "first", _("first reckoning")
        SAID = "said", _("official advice changed")
        DECIDED = "decided", _("an editor decided")
        ENDED = "ended", _("an editor’s decision is over")
        UNKNOWN = "unknown", _("too little was or is known")
        SOURCES = "sources", _("other sources count, or are read otherwise")
        ALERTS = "alerts", _("alerts began or ended")
        FACTS = "facts", _("a fact was corrected")
        FORMULA = "formula", _("another formula")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    previous_value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    cause = models.CharField(max_length=8, choices=Cause.choices, default=Cause.FIRST)
    is_notable = models.BooleanField(help_text="People are told of it")
    formula = models.CharField(max_length=20, help_text="Version of the published formula")
    inputs = models.JSONField(default=list)
    reason = models.CharField(max_length=1000, blank=True)
    by_label = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    matched_at = models.DateTimeField(null=True, help_text="When those whom it concerns were told")
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["rating", "number"], name="rating_version_once")]
        indexes = [
            models.Index(
                fields=["made_at"],
                name="rating_version_to_tell",
                condition=Q(is_notable=True, matched_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating_id} {self.number} {self.value}"


class Override(models.Model):
    """An editor's decision against the formula, with a reason, until a day or until taken back."""

    country_code = models.CharField(max_length=2)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=8, choices=Value.choices)
    reason = models.CharField(_("reason"), max_length=1000)
    by_label = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    until_on = models.DateField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["country_code", "kind"],
                name="rating_override_once",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.country_code} {self.kind} {self.value}"


class OrganisationRating(TenantModel):
    """What an organisation thinks of a destination: shown to its members beside ours, with its reason. Taking it back is
    a row too, without a value and ended at once."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    country_code = models.CharField(max_length=2)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    by_label = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    previous_value = models.CharField(max_length=8, choices=Value.choices, blank=True)
    is_notable = models.BooleanField(default=False, help_text="Another value than before")
    matched_at = models.DateTimeField(null=True, help_text="When those whom it concerns were told")
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "country_code", "kind"],
                name="organisation_rating_once",
                condition=Q(ended_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(
                fields=["made_at"],
                name="organisation_rating_to_tell",
                condition=Q(is_notable=True, matched_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country_code} {self.kind} {self.value}"
