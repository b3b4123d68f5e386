"""Organisations, what their members belong to, and who may do what. No rule is decided here."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.orgs.tenancy import TenantManager, TenantModel, UnscopedQuery

__all__ = [
    "Domain", "Invitation", "Membership", "MembershipNumber", "Organisation", "PeopleImport", "Programme",
    "RoleGrant", "TenantManager", "TenantModel", "UnscopedQuery",
]


class Organisation(models.Model):
    """A university, NGO, newsroom or company whose people travel."""

    class PasswordRule(models.TextChoices):
        """Presets for passwords: the portal's own list, or NIST SP 800-63B-4."""

        PORTAL = "portal", _("10 characters with number, symbol, lower-case and upper-case letter")
        NIST = "nist", _("NIST SP 800-63B-4: 15 characters, no composition rule")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    hue = models.PositiveSmallIntegerField(_("brand hue"), default=195, validators=[MaxValueValidator(360)])
    chroma = models.DecimalField(_("brand strength"), max_digits=4, decimal_places=3, default=0.075)
    logo = models.BinaryField(null=True, blank=True)
    logo_type = models.CharField(max_length=30, blank=True)
    password_rule = models.CharField(max_length=10, choices=PasswordRule.choices, default=PasswordRule.PORTAL)
    language = models.CharField(max_length=12, default="en")
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    home_country = models.CharField(max_length=2, blank=True)
    old_address_until = models.DateField(_("old portal address works until"), null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """Return what the log calls this organisation."""
        return self.name


class Domain(TenantModel):
    """A mail domain whose addresses prove belonging. Several organisations may admit the same one."""

    domain = models.CharField(_("domain"), max_length=253)
    includes_subdomains = models.BooleanField(_("also its subdomains"), default=False)
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "domain"], name="domain_once")]
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain


class Programme(TenantModel):
    """What a membership number stands for: a name on the welcome, validity, later benefits."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_valid_on(self, day: date) -> bool:
        """Return whether the programme runs on that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class MembershipNumber(TenantModel):
    """A number printed on web pages and cards: it routes to a programme and proves nothing."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="numbers")
    number = models.CharField(_("membership number"), max_length=64)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("number"), name="number_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number

    def is_valid_on(self, day: date) -> bool:
        """Return whether the number may be used to join on that day."""
        return (
            self.is_active
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


class Membership(TenantModel):
    """A person in a programme of an organisation."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="memberships")
    number = models.ForeignKey(
        MembershipNumber, on_delete=models.PROTECT, related_name="memberships", null=True, blank=True
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "programme"], name="membership_once")]
        ordering = ["-joined_at"]

    def __str__(self) -> str:
        return self.public_id

    @property
    def last_day(self) -> date | None:
        """Return the day to show as the end: one ended at once on its first day ran for that day, not to the eve."""
        return max(self.starts_on, self.ends_on) if self.ends_on else None

    def is_current_on(self, day: date) -> bool:
        """Return whether the person is a member on that day. The programme must be loaded or loadable."""
        return (
            self.starts_on <= day
            and (self.ends_on is None or day <= self.ends_on)
            and self.programme.is_valid_on(day)
        )


class RoleGrant(TenantModel):
    """A role beyond plain member, in one organisation (orgs/permissions.py says what it may do)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=20)
    granted_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user", "role"], name="role_once")]

    def __str__(self) -> str:
        return self.role


class Invitation(TenantModel):
    """An address that may join without a domain, and with which role. The token is stored as a digest."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    email = models.EmailField(max_length=254)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=20, blank=True)
    given_name = models.CharField(max_length=150, blank=True)
    family_name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=12, default="en")
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    invited_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-invited_at"]

    def __str__(self) -> str:
        return self.public_id

    def state_at(self, instant: datetime) -> str:
        """Return accepted, withdrawn, expired or invited."""
        if self.accepted_at:
            return "accepted"
        if self.withdrawn_at:
            return "withdrawn"
        return "expired" if self.expires_at <= instant else "invited"


class PeopleImport(TenantModel):
    """One CSV file of people to invite, and what became of each row. The file itself is not kept."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="imports")
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    imported_at = models.DateTimeField(default=clock.now)
    file_name = models.CharField(max_length=200, blank=True)
    invited = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="One entry a row that was not invited: line, code, text, value")

    class Meta:
        ordering = ["-imported_at"]

    def __str__(self) -> str:
        return self.public_id
