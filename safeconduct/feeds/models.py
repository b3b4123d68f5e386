"""Official sources, every fetch from them, and the raw bytes that came. Shared rows of no organisation.

Knows addresses, freshness and licences; refuses to know what stands in a document.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import ClassVar

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

        CAP = "cap", _("CAP (messages or an index of them)")
        USGS = "usgs", _("USGS earthquakes (GeoJSON)")
        GDACS = "gdacs", _("GDACS (RSS, GeoJSON, CAP)")
        NWS = "nws", _("US National Weather Service (GeoJSON, CAP)")
        METEOALARM = "meteoalarm", _("MeteoAlarm (JSON, CAP, Atom)")
        NINA = "nina", _("NINA and MoWaS (JSON)")
        ALERTSWISS = "alertswiss", _("Alertswiss (JSON)")
        SWIC = "swic", _("WMO Severe Weather Information Centre (JSON)")
        EMSC = "emsc", _("EMSC earthquakes (GeoJSON)")
        GVP = "gvp", _("Smithsonian volcanoes (RSS)")
        FCDO = "fcdo", _("UK foreign travel advice (JSON)")
        US_STATE = "us-state", _("US travel advisories (JSON, RSS)")
        CANADA = "canada", _("Canada travel advice (JSON)")
        SMARTRAVELLER = "smartraveller", _("Smartraveller, Australia (RSS)")
        AUSWAERTIGES_AMT = "auswaertiges-amt", _("Auswärtiges Amt, Germany (JSON)")
        CDC = "cdc", _("CDC travel health notices (RSS)")
        WHO_DON = "who-don", _("WHO disease outbreak news (JSON)")

    class Display(models.TextChoices):
        """How much of the source's own words its licence lets us show."""

        FULL = "full", _("full text")
        EXCERPT = "excerpt", _("short excerpt with link")
        LINK = "link", _("link only")
        WHOLE = "whole", _("complete text or link only, never shortened")

    class Trust(models.TextChoices):
        """Who stands behind it."""

        OFFICIAL = "official", _("official authority")
        RELAY = "relay", _("relays official messages")
        OTHER = "other", _("other")

    ADVICE: ClassVar = frozenset(
        {
            Format.FCDO,
            Format.US_STATE,
            Format.CANADA,
            Format.SMARTRAVELLER,
            Format.AUSWAERTIGES_AMT,
            Format.CDC,
            Format.WHO_DON,
        }
    )
    """Formats that hold standing advice about destinations; every other holds alerts."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    format = models.CharField(_("format"), max_length=20, choices=Format.choices)
    url = models.CharField(
        _("address"), max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )
    country_code = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=20, blank=True)
    licence = models.CharField(_("licence"), max_length=200, blank=True)
    attribution = models.CharField(_("attribution"), max_length=300, blank=True)
    src = models.CharField(
        _("where this was found"),
        max_length=300,
        blank=True,
        help_text=_("Register or recording that names it."),
    )
    display = models.CharField(_("shown as"), max_length=10, choices=Display.choices, default=Display.FULL)
    trust = models.CharField(_("kind"), max_length=10, choices=Trust.choices, default=Trust.OFFICIAL)
    severity_floor = models.CharField(
        _("least severity that is told"),
        max_length=10,
        blank=True,
        choices=[("Moderate", _("Moderate")), ("Severe", _("Severe")), ("Extreme", _("Extreme"))],
    )
    poll_seconds = models.PositiveIntegerField(_("seconds between polls"), default=300)
    request_seconds = models.FloatField(
        _("least seconds between two requests"),
        default=1.0,
        help_text=_("To one host, whatever is asked of it."),
    )
    stale_after_seconds = models.PositiveIntegerField(
        _("alarm after so many seconds without a good answer"),
        null=True,
        blank=True,
        help_text=_("Empty: three polls, and half an hour at least."),
    )
    lists_all = models.BooleanField(
        _("lists all that is active"),
        default=False,
        help_text=_("What is missing from two complete lists in a row is over."),
    )
    window_seconds = models.PositiveIntegerField(
        _("how many seconds its list goes back"),
        null=True,
        blank=True,
        help_text=_("What is older leaves the list without being over. Empty: the list has no such limit."),
    )
    is_enabled = models.BooleanField(_("polled"), default=False)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="Next poll; null: never")
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    handed_in_at = models.DateTimeField(
        null=True, blank=True, help_text="When a document was last read that somebody handed in"
    )
    handed_in_as = models.CharField(max_length=200, blank=True, help_text="The name of its file")
    loaded_at = models.DateTimeField(
        null=True, blank=True, help_text="When its list was first read whole: what is named later is new"
    )
    proved_at = models.DateTimeField(
        null=True, blank=True, help_text="When an entry of a live answer was first read and understood"
    )
    last_failed_at = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    last_count = models.PositiveIntegerField(
        null=True, blank=True, help_text="Entries of the last good document"
    )
    alarmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody was told that it is late"
    )

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
        return silence > self.limit_seconds

    @property
    def last_read_at(self) -> datetime | None:
        """When a good document of it was last read, polled or handed in; None: never."""
        return max((at for at in (self.last_ok_at, self.handed_in_at) if at is not None), default=None)

    @property
    def is_from_a_file(self) -> bool:
        """Whether the document that was read last was handed in."""
        return self.handed_in_at is not None and self.last_read_at == self.handed_in_at

    @property
    def limit_seconds(self) -> int:
        """After how long without a good answer it is late."""
        return self.stale_after_seconds or max(3 * self.poll_seconds, 1800)


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
    note = models.CharField(max_length=500, blank=True, help_text="What was odd about a good answer")
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="fetches")
    read_count = models.PositiveIntegerField(default=0, help_text="Entries read")
    new_count = models.PositiveIntegerField(default=0, help_text="Of them new or changed")
    known_count = models.PositiveIntegerField(
        null=True, help_text="Entries that were known, where it was refused as half an answer"
    )
    refused_count = models.PositiveIntegerField(default=0)
    linked_count = models.PositiveIntegerField(default=0, help_text="Messages that an index names")
    unreachable_count = models.PositiveIntegerField(default=0)

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


class LinkedMessage(models.Model):
    """A message that an index names: fetched by itself, once for each `updated` that the index gives."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting")
        READ = "read", _("read")
        REFUSED = "refused", _("refused")
        UNREACHABLE = "unreachable", _("not reached")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="links")
    url = models.CharField(max_length=1000)
    geometry_url = models.CharField(max_length=1000, blank=True)
    key = models.CharField(max_length=400, blank=True, help_text="Its identifier, where the index tells it")
    updated = models.CharField(max_length=100, blank=True, help_text="As the index writes it")
    level = models.PositiveSmallIntegerField(
        default=1, help_text="1: the source’s own index names it; 2: an index that is named there"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    listed_at = models.DateTimeField(help_text="When an index named it last")
    read_at = models.DateTimeField(null=True)
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="links")
    etag = models.CharField(max_length=200, blank=True, default="")
    last_modified = models.CharField(max_length=100, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["source", "url"], name="linked_message_once")]
        indexes = [
            models.Index(
                fields=["due_at"], name="linked_message_due", condition=models.Q(due_at__isnull=False)
            ),
            models.Index(fields=["source", "state"], name="linked_message_state"),
        ]

    def __str__(self) -> str:
        return self.url


class Host(models.Model):
    """When a host may be asked next, whichever process asks: requests are spaced, a refusal is respected."""

    name = models.CharField(max_length=253, unique=True)
    free_at = models.DateTimeField(help_text="The next request waits until then")
    closed_until = models.DateTimeField(null=True, help_text="It asked to be left alone until then")

    def __str__(self) -> str:
        return self.name


class Reissue(models.Model):
    """A feed said everything again under new identifiers: held from travellers, shown to the operator."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="reissues")
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    count = models.PositiveIntegerField(help_text="Messages that repeat what was known")
    new_count = models.PositiveIntegerField(default=0, help_text="Messages in it that said something new")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.source_id} {self.at:%Y-%m-%d %H:%M} {self.count}"
