"""What people asked to hear, what was worth telling them, and the links that switch it off.

A notice is written whether somebody was told or not; why not is a code. No rule is decided here.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id, token
from safeconduct.orgs.models import TenantManager, TenantModel


class FromSeverity(models.TextChoices):
    """From which severity on a subscription speaks, in CAP 1.2's words."""

    EXTREME = "Extreme", pgettext_lazy("severity", "Extreme")
    SEVERE = "Severe", pgettext_lazy("severity", "Severe")
    MODERATE = "Moderate", pgettext_lazy("severity", "Moderate")
    MINOR = "Minor", pgettext_lazy("severity", "Minor")


class Subscription(TenantModel):
    """A person wants e-mail about one destination, at once."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    from_severity = models.CharField(
        _("from"), max_length=10, choices=FromSeverity.choices, default=FromSeverity.SEVERE
    )
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "place"], condition=Q(ended_at__isnull=True), name="subscription_once"
            )
        ]
        indexes = [models.Index(fields=["place"], name="subscription_live", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls this subscription."""
        return f"subscription {self.public_id}"


class Notice(TenantModel):
    """Something worth telling a person, told or not. `key` makes the same news the same row."""

    class WhyNot(models.TextChoices):
        """Why somebody was not told."""

        MUTED = "muted", _("E-mail for this trip is switched off")
        UNSUBSCRIBED = "unsubscribed", _("The subscription was ended")
        MEMBERSHIP_ENDED = "membership_ended", _("The membership ended before the trip began")
        PERSON_INACTIVE = "person_inactive", _("The account is closed")
        NO_ADDRESS = "no_address", _("No verified e-mail address")
        ORGANISATION_INACTIVE = "organisation_inactive", _("The organisation is closed")
        TOLD_BY_TRIP = "told_by_trip", _("Told because of a trip")
        SAME_EVENT = "same_event", _("Told already of the same event by another source")
        STILL_WARNED = "still_warned", _("Another source still warns of the same event")
        NEIGHBOUR = "neighbour", _("Told already of a like warning from this source for the same place")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=160, unique=True)
    subject_key = models.CharField(max_length=80, help_text="What it is about, for example event:7")
    severity = models.CharField(max_length=10, blank=True)
    context = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    told = models.BooleanField()
    why_not = models.CharField(max_length=24, choices=WhyNot.choices, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "subject_key"], name="notice_of_user"),
            models.Index(fields=["subject_key", "kind"], name="notice_about"),
        ]

    def __str__(self) -> str:
        return self.key


class UnsubscribeLinkManager(TenantManager["UnsubscribeLink"]):
    """Adds the one door that needs no seat: the address in the mail, held by whoever got the mail."""

    def by_token(self, token: str) -> UnsubscribeLink | None:
        """Return the row of a token, or None."""
        return self.get_queryset()._through("token").filter(token=token).first()


class UnsubscribeLink(TenantModel):
    """The address in a mail that stops such mails: one row a trip or subscription, the same in all its mails.

    The token itself is kept: each later mail carries it again. It opens one switch and nothing else, and is
    never logged.
    """

    class Purpose(models.TextChoices):
        """What it switches off."""

        TRIP = "trip", _("E-mail for one trip")
        SUBSCRIPTION = "subscription", _("One subscription")

    token = models.CharField(max_length=40, unique=True, default=token, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    target = models.CharField(max_length=12, help_text="public_id of the trip or subscription")
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UnsubscribeLinkManager] = UnsubscribeLinkManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purpose", "target"], name="unsubscribe_link_once")]

    def __str__(self) -> str:
        return f"{self.purpose} link {self.pk}"
