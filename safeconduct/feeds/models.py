"""Official sources, every fetch from them, and the raw bytes that came. Shared rows of no organisation.

Knows addresses, freshness and licences; refuses to know what stands in a document.
"""

from __future__ import annotations

import zlib

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock

DEMONSTRATION = "demo-exercise"
"""Key of the source that the demonstration makes: the only one whose exercise reaches (invented) travellers."""


class Source(models.Model):
    """Somebody who publishes alerts, and how we read them. Without `url` it takes only what is handed in."""

    class Format(models.TextChoices):
        """What the documents are written in."""

        CAP = "cap", "CAP 1.0–1.2"
        USGS = "usgs", "USGS GeoJSON"

    class Display(models.TextChoices):
        """How much of the source's own words its licence lets us show."""

        FULL = "full", _("full text")
        EXCERPT = "excerpt", _("short excerpt with link")
        LINK = "link", _("link only")

    class Trust(models.TextChoices):
        """Who stands behind it."""

        OFFICIAL = "official", _("official authority")
        RELAY = "relay", _("relays official messages")
        OTHER = "other", _("other")

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    format = models.CharField(_("format"), max_length=10, choices=Format.choices)
    url = models.CharField(
        _("address"), max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )
    country_code = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=20, blank=True)
    licence = models.CharField(_("licence"), max_length=200, blank=True)
    attribution = models.CharField(_("attribution"), max_length=300, blank=True)
    display = models.CharField(_("shown as"), max_length=10, choices=Display.choices, default=Display.FULL)
    trust = models.CharField(_("kind"), max_length=10, choices=Trust.choices, default=Trust.OFFICIAL)
    severity_floor = models.CharField(
        _("least severity that is told"),
        max_length=10,
        blank=True,
        choices=[("Moderate", _("Moderate")), ("Severe", _("Severe")), ("Extreme", _("Extreme"))],
    )
    poll_seconds = models.PositiveIntegerField(_("seconds between polls"), default=300)
    is_enabled = models.BooleanField(_("polled"), default=False)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="Next poll; null: never")
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """Return what the log calls this source."""
        return self.key

    @property
    def is_stale(self) -> bool:
        """Whether an enabled source has not been read for three polls (and at least half an hour)."""
        if not self.is_enabled:
            return False
        if self.last_ok_at is None:
            return self.consecutive_failures > 0
        silence = (clock.now() - self.last_ok_at).total_seconds()
        return silence > max(3 * self.poll_seconds, 1800)


class Document(models.Model):
    """Raw bytes as they came, kept once by content."""

    sha256 = models.CharField(max_length=64, unique=True)
    body = models.BinaryField(help_text="zlib")
    size = models.PositiveIntegerField()
    content_type = models.CharField(max_length=100, blank=True)
    origin = models.CharField(max_length=500, help_text="Address or file it came from first")
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.origin} ({self.size:,} bytes)"

    def content(self) -> bytes:
        """Return the bytes as they came."""
        return zlib.decompress(bytes(self.body))


class Fetch(models.Model):
    """One try to read a source, whatever came of it."""

    class Outcome(models.TextChoices):
        """What came of it."""

        RUNNING = "running", _("running")
        NEW = "new", _("new document")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("document refused")
        FAILED = "failed", _("not reached")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="fetches")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    http_status = models.PositiveSmallIntegerField(null=True)
    bytes = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="fetches")

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["source", "-started_at"], name="fetch_of_source")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.started_at:%Y-%m-%d %H:%M} {self.outcome}"


class Rejection(models.Model):
    """Something in a document that was refused, for the operator to see."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="rejections")
    source = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, related_name="rejections")
    where = models.CharField(max_length=500)
    problem = models.CharField(max_length=1000)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"
