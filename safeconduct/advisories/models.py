"""Official advice per destination. Shared rows of no organisation.

An `Advisory` is a standing entry of a register for one country; every change of it is an immutable `AdvisoryVersion`.
The words are the publisher's; the common level 1–4 is our reading of them, by the table in `data/levels.csv`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from safeconduct.feeds.models import Document, Source
from safeconduct.lib.ids import public_id

WORLDWIDE = ""
"""Country code of an entry that concerns every destination."""


class Category(models.TextChoices):
    """What an entry is about."""

    SECURITY = "security", _("Security")
    HEALTH = "health", _("Health")


class Advisory(models.Model):
    """What one publisher says about one country, now."""

    class State(models.TextChoices):
        """Whether it still stands."""

        ACTIVE = "active", _("active")
        ENDED = "ended", _("no longer listed")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="advisories")
    identifier = models.CharField(max_length=200)
    country_code = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1; empty: worldwide")
    category = models.CharField(max_length=10, choices=Category.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=500, blank=True)
    lang = models.CharField(max_length=12, default="en")
    level = models.PositiveSmallIntegerField(
        null=True, help_text="1–4 for the country as a whole; null: none stated"
    )
    level_max = models.PositiveSmallIntegerField(null=True, help_text="1–4 of the worst named part")
    is_partial = models.BooleanField(default=False, help_text="Parts of the country have another level")
    original_level = models.CharField(max_length=300, blank=True)
    original_code = models.CharField(max_length=200, blank=True)
    areas = models.JSONField(default=list, help_text="[{name, wording, code, level}]")
    summary = models.TextField(blank=True, help_text="Cleaned HTML")
    number = models.PositiveIntegerField(default=0, help_text="Of the version that holds")
    digest = models.CharField(max_length=64, blank=True, help_text="Of what the current version says")
    changed_at = models.DateTimeField(null=True, help_text="When the publisher says that it changed")
    level_since = models.DateTimeField(help_text="Since when the level holds, as far as we saw")
    reviewed_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    fetched_at = models.DateTimeField(help_text="When it was last seen in a document")
    missing_since = models.DateTimeField(null=True, help_text="First complete register without it")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "advisories"
        constraints = [
            models.UniqueConstraint(fields=["source", "identifier", "country_code"], name="advisory_once"),
            models.CheckConstraint(
                condition=(Q(level__isnull=True) | Q(level__range=(1, 4)))
                & (Q(level_max__isnull=True) | Q(level_max__range=(1, 4))),
                name="advisory_levels_1_to_4",
            ),
        ]
        indexes = [models.Index(fields=["country_code", "state"], name="advisory_of_country")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.country_code} {self.identifier}"


class AdvisoryVersion(models.Model):
    """What an entry said from one moment on. Never changed but for `matched_at`."""

    class Change(models.TextChoices):
        """What is new in it. `first` was there when its source was first read whole, and tells nobody."""

        FIRST = "first", _("first seen")
        NEW = "new", _("newly listed")
        RAISED = "raised", _("level raised")
        LOWERED = "lowered", _("level lowered")
        AREAS = "areas", _("other parts of the country")
        ENDED = "ended", _("no longer listed")
        BACK = "back", _("listed again")
        WORDS = "words", _("words changed")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    advisory = models.ForeignKey(Advisory, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    change = models.CharField(max_length=8, choices=Change.choices)
    is_notable = models.BooleanField(help_text="The level of the country or of its worst part is another")
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=500, blank=True)
    level = models.PositiveSmallIntegerField(null=True)
    level_max = models.PositiveSmallIntegerField(null=True)
    is_partial = models.BooleanField(default=False)
    previous_level = models.PositiveSmallIntegerField(null=True)
    previous_level_max = models.PositiveSmallIntegerField(null=True)
    original_level = models.CharField(max_length=300, blank=True)
    original_code = models.CharField(max_length=200, blank=True)
    areas = models.JSONField(default=list)
    note = models.CharField(max_length=1000, blank=True, help_text="The publisher's note on the change")
    changed_at = models.DateTimeField(null=True, help_text="When the publisher says that it changed")
    recorded_at = models.DateTimeField(help_text="When we saw it")
    document = models.ForeignKey(
        Document, on_delete=models.SET_NULL, null=True, related_name="advisory_versions"
    )
    matched_at = models.DateTimeField(null=True, help_text="When those whom it concerns were told")
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-recorded_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["advisory", "number"], name="advisory_version_once")]
        indexes = [
            models.Index(
                fields=["recorded_at"],
                name="advisory_version_to_tell",
                condition=Q(is_notable=True, matched_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.advisory_id} {self.number} {self.change}"


class Section(models.Model):
    """A quoted part of an entry, from one moment until another: cleaned HTML, for guide and briefing."""

    class Key(models.TextChoices):
        """What it is about; `formats/` sorts the publishers' own headings into these."""

        WARNINGS = "warnings", _("Warnings")
        ENTRY = "entry", _("Entry requirements")
        HEALTH = "health", _("Health")
        SECURITY = "security", _("Safety and security")
        LAWS = "laws", _("Laws and customs")
        TRANSPORT = "transport", _("Travelling around")
        NATURE = "nature", _("Natural hazards and climate")
        HELP = "help", _("Getting help")
        OTHER = "other", _("Other")

    advisory = models.ForeignKey(Advisory, on_delete=models.CASCADE, related_name="sections")
    key = models.CharField(max_length=10, choices=Key.choices)
    position = models.PositiveSmallIntegerField(default=0)
    heading = models.CharField(max_length=200)
    lang = models.CharField(max_length=12)
    html = models.TextField()
    digest = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="Null: it still says so")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["advisory", "position"], name="advisory_section_once", condition=Q(until__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.advisory_id} {self.heading}"


class UnknownName(models.Model):
    """A place in a register that no table knows: kept and counted until somebody says what it means."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="unknown_names")
    name = models.CharField(max_length=200)
    scheme = models.CharField(max_length=10)
    times = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    url = models.CharField(max_length=500, blank=True)
    codes = models.CharField(
        max_length=200, blank=True, help_text="Decided: ISO codes with spaces, or “-”: no destination"
    )
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["source", "scheme", "name"], name="unknown_name_once")]

    def __str__(self) -> str:
        return self.name
