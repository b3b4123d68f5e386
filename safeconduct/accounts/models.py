"""People, the documents they agree to, and their agreement. Nothing here knows an organisation."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from safeconduct.lib import clock
from safeconduct.lib.ids import public_id

STAND_IN_DOMAIN = "stand-in.invalid"
"""RFC 2606 keeps .invalid free: no mail reaches such an address, and no sign-up can have it."""


class UserManager(BaseUserManager["User"]):
    """Makes people; an e-mail address is the only name they sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new person. Raises ValueError without an address."""
        if not email:
            raise ValueError("a person needs an e-mail address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person with this address, whatever its capitals."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may do in an organisation is in `orgs`; `desk_role` is for the whole deployment."""

    class DeskRole(models.TextChoices):
        """Work at the desk: the operator runs the house, coordinators and analysts work in it."""

        NONE = "", _("No desk role")
        OPERATOR = "operator", _("Operator")
        COORDINATOR = "coordinator", _("Coordinator")
        ANALYST = "analyst", _("Analyst")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    given_name = models.CharField(_("given name"), max_length=150, blank=True)
    family_name = models.CharField(_("family name"), max_length=150, blank=True)
    language = models.CharField(max_length=12, default="en")
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA zone")
    desk_role = models.CharField(max_length=12, choices=DeskRole.choices, default=DeskRole.NONE, blank=True)
    is_active = models.BooleanField(default=True)
    stands_for = models.EmailField(
        max_length=254, blank=True, default="",
        help_text="The address of somebody without an account whose trips an organisation entered: nobody logs in here",
    )  # fmt: skip
    joined_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the full name, or the part before the @ while no name is known."""
        full = f"{self.given_name} {self.family_name}".strip()
        return full or self.address.split("@")[0]

    @property
    def address(self) -> str:
        """Return the address by which others know this person."""
        return self.stands_for or self.email

    @property
    def is_stand_in(self) -> bool:
        """Return whether this row keeps the place of somebody who has no account yet."""
        return bool(self.stands_for)

    @property
    def audit_label(self) -> str:
        """Return what the log calls this person: an id, not an address."""
        return f"user {self.public_id}"

    @property
    def is_operator(self) -> bool:
        """Return whether this person runs the deployment."""
        return self.desk_role == self.DeskRole.OPERATOR

    @property
    def is_staff(self) -> bool:
        """Return False: there is no back door beside the desk (Django's own screens ask for this)."""
        return False


class LegalDocument(models.Model):
    """One version of a document of the footer, in one language. Versions are added, never edited."""

    class Slug(models.TextChoices):
        """The documents there are. Those in CONSENT are agreed to."""

        PRIVACY = "privacy", _("Privacy notice")
        TERMS = "terms", _("Terms and conditions")
        COOKIES = "cookies", _("Cookies")
        ACCESSIBILITY = "accessibility", _("Accessibility")

    CONSENT: ClassVar[tuple[str, ...]] = (Slug.PRIVACY, Slug.TERMS)

    slug = models.CharField(max_length=20, choices=Slug.choices)
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=12, default="en")
    title = models.CharField(max_length=200)
    body_markdown = models.TextField()
    is_default_text = models.BooleanField(default=False, help_text="Shipped text the operator has not replaced")
    published_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug", "version", "language"], name="legal_version_once")
        ]
        ordering = ["slug", "-version"]

    def __str__(self) -> str:
        return f"{self.slug} {self.version} ({self.language})"


class Consent(models.Model):
    """A person agreed to a version of a document at a time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    slug = models.CharField(max_length=20, choices=LegalDocument.Slug.choices)
    version = models.PositiveIntegerField()
    given_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "slug", "version"], name="consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"


class VerificationLink(models.Model):
    """The link beside the code of a verification mail: a row, used once, forgotten when it expires."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    token_digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link {self.pk}"


class Tries(models.Model):
    """The instants of the recent tries of one source at one thing. A row, so that all processes count alike."""

    key = models.CharField(max_length=120, unique=True, help_text="What is tried, and a digest of who tries")
    instants = models.JSONField(default=list, help_text="Seconds since 1970, oldest first")
    keep_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "tries"

    def __str__(self) -> str:
        return self.key.split(":")[0]
