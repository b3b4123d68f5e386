"""Entry rules as they were entered or read from files: shared rows of no organisation. What they come to for a
journey is reckoned in `answers.py`.

A rule is never changed: another one takes its place and it ends, so that a wrong file can be taken back and what it
replaced holds again.

A `Preparation` is a person's own: how they get ready for a journey by TravelAdvisor. Their organisation sees that a
briefing was acknowledged and when, nothing else of it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from safeconduct.advice.kinds import ANSWERS, CONDITIONS, KINDS, NOT_REQUIRED, OBTAINED, RECOMMENDED, REQUIRED
from safeconduct.advice.occasionmodels import Occasion as Occasion
from safeconduct.lib import clock
from safeconduct.lib.ids import public_id
from safeconduct.matching.models import Leased
from safeconduct.orgs.models import TenantModel


class RuleImport(models.Model):
    """One file that was read: what became of its rows, and whether it was taken back. The file itself is not kept."""

    class Shape(models.TextChoices):
        """What the file was."""

        OWN = "own", _("our columns")
        MATRIX = "matrix", _("visa matrix")

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    shape = models.CharField(max_length=6, choices=Shape.choices)
    file_name = models.CharField(max_length=200)
    source_name = models.CharField(max_length=160, blank=True)
    source_url = models.CharField(max_length=500, blank=True)
    as_of = models.DateField(null=True, help_text="Of which day what it says is")
    digest = models.CharField(max_length=64, help_text="Of the file and of what was said about it")
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="Rules that took the place of others")
    unchanged = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0, help_text="Rules of the source that the file has no longer")
    refused = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="[{row, cells, problems: [{field, text}]}]")
    imported_at = models.DateTimeField(default=clock.now)
    by_label = models.CharField(max_length=200)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-imported_at", "-id"]

    def __str__(self) -> str:
        return self.public_id


class RuleQuerySet(models.QuerySet["EntryRule"]):
    """Filters that say which rules are meant."""

    def holding(self) -> RuleQuerySet:
        """Those that nobody ended."""
        return self.filter(ended_at__isnull=True)


class EntryRule(models.Model):
    """One requirement of one destination, by one source. Lists are codes with spaces between, sorted; empty: no limit."""

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    key = models.CharField(max_length=32, help_text="Digest of what it is about and who says so")
    destination = models.CharField(max_length=2, help_text="ISO 3166-1")
    kind = models.CharField(max_length=16, choices=[(kind.code, kind.label) for kind in KINDS])
    answer = models.CharField(max_length=12, choices=list(ANSWERS.items()))
    passports = models.CharField(max_length=800, blank=True)
    not_passports = models.CharField(max_length=800, blank=True)
    came_from = models.CharField(max_length=800, blank=True, help_text="For those who were there before")
    within_days = models.PositiveSmallIntegerField(null=True, help_text="How long before that may be")
    transit_hours = models.PositiveSmallIntegerField(null=True, help_text="A change there counts when it is longer")
    purposes = models.CharField(max_length=120, blank=True)
    disease = models.CharField(max_length=60, blank=True)
    condition = models.CharField(max_length=16, choices=list(CONDITIONS.items()), blank=True)
    stay_days = models.PositiveSmallIntegerField(null=True, help_text="The answer holds for stays of so many days")
    obtained = models.CharField(max_length=12, choices=list(OBTAINED.items()), blank=True)
    lead_days = models.PositiveSmallIntegerField(null=True, help_text="So many days before the arrival at the latest")
    also_transit = models.BooleanField(default=False, help_text="Asked of those who change planes, too")
    otherwise_not = models.BooleanField(default=False, help_text="Of everybody else it is not asked")
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    text = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    source_name = models.CharField(max_length=160)
    source_url = models.CharField(max_length=500, blank=True)
    source_on = models.DateField()
    review_on = models.DateField(null=True)
    batch = models.ForeignKey(RuleImport, on_delete=models.PROTECT, null=True, related_name="rules")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    entered_at = models.DateTimeField(default=clock.now)
    by_label = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_batch = models.ForeignKey(RuleImport, on_delete=models.PROTECT, null=True, related_name="ended_rules")
    ended_by = models.CharField(max_length=200, blank=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        ordering = ["destination", "kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="entry_rule_once", condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.code for kind in KINDS]) & Q(answer__in=list(ANSWERS)),
                name="entry_rule_known_words",
            ),
            models.CheckConstraint(
                condition=Q(stay_days__isnull=True) | Q(stay_days__gt=0, answer=NOT_REQUIRED),
                name="entry_rule_stay_without",
            ),
            models.CheckConstraint(
                condition=Q(obtained="") | Q(answer__in=[REQUIRED, RECOMMENDED]), name="entry_rule_got_if_asked"
            ),
            models.CheckConstraint(
                condition=Q(condition="") | ~Q(disease=""), name="entry_rule_condition_of_disease"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="entry_rule_ends_after_begin",
            ),
            models.CheckConstraint(
                condition=~Q(source_name="") & ~Q(destination=""), name="entry_rule_has_source"
            ),
            models.CheckConstraint(
                condition=Q(ended_batch__isnull=True) | Q(ended_at__isnull=False), name="entry_rule_ended_by_file"
            ),
        ]
        indexes = [
            models.Index(fields=["destination", "kind"], name="entry_rule_of_country", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.destination} {self.kind} {self.answer}"

    @property
    def audit_label(self) -> str:
        """Return what the log calls this rule."""
        return f"entry rule {self.destination} {self.kind}"


class Preparation(TenantModel):
    """One person getting ready for one journey: what they asked, how far they have read, what they acknowledged.

    With a trip, places and dates are the trip's own and not kept here. Passport, purpose, interests and what is said of
    vaccinations are forgotten when the journey is over, unless its person keeps them; that the briefing was
    acknowledged stays with the trip.
    """

    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    trip = models.ForeignKey(
        "trips.Trip", on_delete=models.CASCADE, related_name="preparations", null=True, blank=True
    )
    asked = models.JSONField(default=dict, help_text="What was asked, as asking.py writes it")
    step = models.CharField(max_length=20, blank=True, help_text="Where to go on")
    steps_read = models.JSONField(default=list, help_text="Codes of the steps that were left by the button")
    marks = models.JSONField(default=dict, help_text="What the lines said when they were read (briefing.py)")
    read_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_marks = models.JSONField(default=dict)
    acknowledged_for = models.CharField(
        max_length=64, blank=True, help_text="Digest of places and dates that it was acknowledged for"
    )
    acknowledged_revision = models.PositiveIntegerField(null=True, help_text="Of the trip, then")
    ticked = models.JSONField(default=list, help_text="Keys of the checklist that are done")
    is_kept = models.BooleanField(default=False, help_text="Its person wants it kept after the journey")
    ends_on = models.DateField(null=True, help_text="Last day of a journey without a trip, as far as it was said")
    begun_at = models.DateTimeField(default=clock.now)
    touched_at = models.DateTimeField(default=clock.now)
    forgotten_at = models.DateTimeField(null=True, help_text="When all but the acknowledgement was erased")

    class Meta:
        ordering = ["-touched_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["trip"], name="preparation_once_a_trip", condition=Q(trip__isnull=False)),
        ]
        indexes = [models.Index(fields=["user", "touched_at"], name="preparation_of_user")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def audit_label(self) -> str:
        """Return what the log calls it: an id, not where somebody goes."""
        return f"briefing {self.public_id}"


class PreTripMail(Leased, TenantModel):
    """What is still to be said of a trip before it begins, and what was. `due_at` is empty when nothing is.

    `revision` and `itinerary` are those of the trip when this was decided; when the places or dates change, `round`
    goes up and the mails begin anew.
    """

    trip = models.OneToOneField("trips.Trip", on_delete=models.CASCADE, related_name="pre_trip_mail")
    revision = models.PositiveIntegerField(default=0)
    itinerary = models.CharField(max_length=64, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    registered_told_at = models.DateTimeField(null=True)
    week_told_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True, help_text="When the organisation asked for it last")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], name="pretripmail_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"mails before trip {self.trip_id}"


class BriefingPolicy(TenantModel):
    """What an organisation wants of briefings. Without a row: the defaults."""

    sends_pre_trip_mail = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="briefing_policy_once")]

    def __str__(self) -> str:
        return f"briefing policy {self.pk}"

    @property
    def audit_label(self) -> str:
        """Return what the log calls it."""
        return "briefing policy"
