"""Assistance centres: where people call for help. Rows of the deployment, shared by all organisations.

Holds no rule about which centre is whose: `queries` chooses, `details` checks what was entered.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id


class Centre(models.Model):
    """One assistance centre."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    place_name = models.CharField(_("place"), max_length=120)
    country_code = models.CharField(_("country"), max_length=2)
    lat = models.FloatField(_("latitude"))
    lon = models.FloatField(_("longitude"))
    medical = models.BooleanField(_("medical help"), default=False)
    security = models.BooleanField(_("security help"), default=False)
    languages = models.JSONField(default=list, help_text="ISO 639 codes")
    is_24_hours = models.BooleanField(_("open day and night"), default=False)
    hours = models.CharField(_("hours"), max_length=200, blank=True, help_text="Grammar: centres/hours.py")
    zone = models.CharField(_("time zone"), max_length=64, help_text="IANA zone of the hours")
    phone = models.CharField(_("telephone"), max_length=20, help_text="E.164")
    second_phone = models.CharField(_("second telephone"), max_length=20, blank=True, help_text="E.164")
    is_active = models.BooleanField(default=True)
    added_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="centre_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """Return the place as the help strip names it."""
        return self.place_name

    @property
    def audit_label(self) -> str:
        """Return what the log calls this centre."""
        return f"centre {self.name}"


class CentreImport(models.Model):
    """One CSV file that was read, with what became of each row that could not be taken."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    imported_at = models.DateTimeField(default=clock.now)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="[{row, name, problems: [{field, text}]}]")

    class Meta:
        ordering = ["-imported_at", "-id"]

    def __str__(self) -> str:
        return self.public_id
