"""What the house knows of itself: heartbeats, failed jobs, one-time links, set-up progress, backups.

No personal data but the address an operator's link was made for.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock


class Heartbeat(models.Model):
    """A worker process says that it lives. One row a process; old rows are dropped by the worker itself."""

    holder = models.CharField(max_length=80, unique=True)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)
    doing = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.holder


class WorkerFailure(models.Model):
    """A job raised something that is not expected. Where, not with which values."""

    job = models.CharField(max_length=60)
    error = models.CharField(max_length=200, help_text="Class of the error")
    places = models.JSONField(default=list)
    failed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-failed_at", "-id"]

    def __str__(self) -> str:
        return f"{self.job}: {self.error}"


class StartLink(models.Model):
    """A one-time link that makes an operator, or somebody else at the desk. The token is stored as its digest."""

    token_digest = models.CharField(max_length=64, unique=True)
    email = models.EmailField(
        max_length=254, blank=True, help_text="Whom it is for; empty: the first operator"
    )
    role = models.CharField(max_length=12, default="operator", help_text="At the desk")
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"start link {self.pk}"


class SetUp(models.Model):
    """How far the operator has come in the browser. One row."""

    only = models.PositiveSmallIntegerField(primary_key=True, default=1)
    later = models.JSONField(default=list, help_text="Codes of steps put off")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=1), name="ops_one_set_up")]

    def __str__(self) -> str:
        return _("set-up").__str__()


class BackupRecord(models.Model):
    """A backup that was written whole."""

    made_at = models.DateTimeField()
    file_name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return self.file_name


class SourceReport(models.Model):
    """How the sources did in one week, kept as it was sent."""

    week_on = models.DateField(unique=True, help_text="Its Monday, UTC")
    made_at = models.DateTimeField()
    lines = models.JSONField(default=list)

    class Meta:
        ordering = ["-week_on"]

    def __str__(self) -> str:
        return self.week_on.isoformat()
