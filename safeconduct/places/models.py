"""Places and facts: the same for every organisation, loaded from the shipped data, never typed by people.

`key` is what the rest of the product and the outside remember ("iso:KE", "geonames:184745", "iata:NBO"): a row
is never deleted by a new load, only marked merged or vanished.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from safeconduct.lib.timewords import period_words


class Place(models.Model):
    """A country, territory, city or main airport."""

    class Kind(models.TextChoices):
        """What it is."""

        COUNTRY = "country", _("Country")
        TERRITORY = "territory", _("Territory")
        CITY = "city", _("City")
        AIRPORT = "airport", _("Airport")

    class State(models.TextChoices):
        """Whether the newest data still has it."""

        ACTIVE = "active", _("active")
        MERGED = "merged", _("merged into another place")
        VANISHED = "vanished", _("no longer listed")

    key = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    code = models.CharField(max_length=12, db_index=True)  # ISO2, GeoNames id or IATA
    name = models.CharField(max_length=160)
    native_name = models.CharField(max_length=160, blank=True)
    country_code = models.CharField(max_length=2, db_index=True)
    region = models.CharField(
        max_length=3, blank=True
    )  # state or province, where people write it: "Paris, TX"
    lat = models.FloatField()
    lon = models.FloatField()
    population = models.BigIntegerField(null=True, blank=True)
    zone = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from"
    )
    rank = models.SmallIntegerField(default=0)  # 0–100, how likely it is meant

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="merged", merged_into__isnull=False)
                | (~models.Q(state="merged") & models.Q(merged_into__isnull=True)),
                name="places_merged_names_its_target",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_country(self) -> bool:
        """Whether its extent is a shape of its own."""
        return self.kind in (self.Kind.COUNTRY, self.Kind.TERRITORY)


class PlaceName(models.Model):
    """A way to find a place: a name, or the end of a name from its second or later word on."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=160)
    langs = models.TextField(blank=True)  # "cs de es"; empty = not known which
    folded = models.CharField(max_length=160, db_index=True)
    is_whole = models.BooleanField(default=True)  # False: `folded` begins inside the name
    is_former = models.BooleanField(default=False)  # kept although the newest data has another
    weight = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class FactSource(models.Model):
    """Who says so, when it was read, under which licence."""

    src = models.CharField(max_length=40, unique=True)
    publisher = models.CharField(max_length=120)
    title = models.CharField(max_length=160)
    url = models.URLField()
    licence = models.CharField(max_length=80)
    retrieved = models.DateField()
    used_for = models.TextField(blank=True)
    edition = models.CharField(max_length=10, blank=True, help_text="The document's own date: 2024, 2024-05 or 2024-05-03")

    def __str__(self) -> str:
        return f"{self.title}, {period_words(self.edition)}" if self.edition else self.title


class Fact(models.Model):
    """One statement about a country; a field without a row is unknown."""

    country_code = models.CharField(max_length=2)
    field = models.CharField(max_length=40)
    value = models.JSONField()
    src = models.CharField(max_length=40)
    src2 = models.CharField(max_length=40, blank=True)
    checked_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country_code", "field"], name="places_one_fact_a_field"),
        ]

    def __str__(self) -> str:
        return f"{self.country_code} {self.field}"


class FactOverride(models.Model):
    """An operator's correction of a fact: wins over the shipped value and survives every new build of the data."""

    country_code = models.CharField(max_length=2)
    field = models.CharField(max_length=40)
    value = models.JSONField(null=True, help_text="Null: shown as unknown")
    shipped_value = models.JSONField(null=True, help_text="What the shipped data said when this was made")
    source_title = models.CharField(_("who says so"), max_length=160)
    source_url = models.URLField(_("address"), max_length=500, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    checked_on = models.DateField(_("checked on"))
    by_label = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["country_code", "field", "-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["country_code", "field"],
                name="places_one_override_a_field",
                condition=models.Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.country_code} {self.field}"


class FactLoad(models.Model):
    """What was loaded last, so that loading the same again costs nothing."""

    scope = models.CharField(max_length=400, unique=True)
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.scope or "everything"
