"""What editors and organisations write about destinations, and what operators know better than the shipped facts.

An `Edition` is one text of one part of a guide in one language: it goes from draft over review by a second person to
published, and is then never changed; a new text is a new edition. An organisation's note is its own row.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from safeconduct.lib.ids import public_id
from safeconduct.orgs.models import TenantModel
from safeconduct.places.models import Place

LONGEST_TEXT = 60_000
LONGEST_REASON = 1000


class Edition(models.Model):
    """A text of a part of a guide, in one language."""

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", _("draft")
        REVIEW = "review", _("waits for a second person")
        SCHEDULED = "scheduled", _("approved, published later")
        PUBLISHED = "published", _("published")
        REPLACED = "replaced", _("replaced by a newer one")
        WITHDRAWN = "withdrawn", _("withdrawn")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="editions")
    part = models.CharField(max_length=20, help_text="Key of `sections.PARTS`")
    language = models.CharField(_("language"), max_length=12)
    number = models.PositiveIntegerField(help_text="Of this place, part and language")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    body = models.TextField(_("text"), max_length=LONGEST_TEXT, help_text=_("Markdown"))
    sources = models.TextField(
        _("sources"), max_length=4000, blank=True, help_text=_("One in a line: title, then address")
    )
    change_note = models.CharField(_("what is new"), max_length=300, blank=True)
    is_minor = models.BooleanField(_("small change, not worth a notice"), default=False)
    review_due_on = models.DateField(_("to be read again by"), null=True, blank=True)
    based_on = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=1, help_text="Goes up with every save of the draft")
    written_by_id = models.BigIntegerField(help_text="User; a plain number, kept when the account is gone")
    written_by_label = models.CharField(max_length=200)
    written_at = models.DateTimeField()
    writers = models.JSONField(
        default=list, help_text="Ids of everybody who saved it, the first one first; none of them may approve it"
    )
    return_reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    returned_by_id = models.BigIntegerField(null=True, help_text="Who gave it back last, with that reason")
    returned_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    approved_by_label = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True)
    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)
    published_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["place", "part", "language", "number"], name="edition_number_once"
            ),
            models.UniqueConstraint(
                fields=["place", "part", "language"],
                name="edition_published_once",
                condition=Q(state="published"),
            ),
            models.UniqueConstraint(
                fields=["place", "part", "language"],
                name="edition_open_once",
                condition=Q(state__in=["draft", "review", "scheduled"]),
            ),
            models.CheckConstraint(
                condition=Q(approved_by_id__isnull=True) | ~Q(approved_by_id=models.F("written_by_id")),
                name="edition_approved_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["publish_at"], name="edition_to_publish", condition=Q(state="scheduled")),
        ]

    def __str__(self) -> str:
        return f"{self.place_id} {self.part} {self.language} {self.number}"

    @property
    def writer_ids(self) -> list[int]:
        """Return everybody who wrote in it; of a text that nobody saved yet, who began it."""
        return self.writers or [self.written_by_id]


class OrganisationNote(TenantModel):
    """What an organisation tells its own people about a part of a guide. A new text ends the one before."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=20)
    body = models.TextField(_("text"), max_length=LONGEST_TEXT, help_text=_("Markdown"))
    by_label = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "place", "part"],
                name="organisation_note_once",
                condition=Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.place_id} {self.part}"
