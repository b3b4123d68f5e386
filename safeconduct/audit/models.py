"""The audit entry: who did what to which row, when. Append-only, in the transaction of the change.

Actor and organisation are plain id and label: an entry outlives both. No health detail, position, code, token
or address book belongs in an entry.
"""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One change."""

    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=60, help_text="Dotted stable code, for example trip.registered")
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200)
    organisation_id = models.BigIntegerField(null=True, db_index=True)
    organisation_label = models.CharField(max_length=200, blank=True)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="audit_subject")]
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id}"
