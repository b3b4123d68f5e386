"""What the log of changes says in words: a sentence part for every code, and who an entry's person was.

Codes are the rooms' own and stay in the log; a code without words here is shown as it is, and a test finds it.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.accounts.models import User
from safeconduct.audit.actions import SYSTEM
from safeconduct.audit.models import Entry

WORDS: Final = {
    "account.address_confirmed": gettext_lazy("E-mail address confirmed"),
    "account.created": gettext_lazy("Account created"),
    "account.desk_role": gettext_lazy("Role at the desk changed"),
    "account.details": gettext_lazy("Personal details changed"),
    "account.erased": gettext_lazy("Account erased"),
    "advisory.name_decided": gettext_lazy("Name in official advice assigned to places"),
    "alert.area_corrected": gettext_lazy("Area of an alert corrected"),
    "alert.area_restored": gettext_lazy("Correction of an area withdrawn"),
    "alert.cancelled": gettext_lazy("Alert cancelled by its source"),
    "alert.ended": gettext_lazy("Alert ended at its time"),
    "alert.kept_outdated": gettext_lazy("Older message of an alert kept"),
    "alert.new": gettext_lazy("New alert read"),
    "alert.placed": gettext_lazy("Event put together with another"),
    "alert.replaced": gettext_lazy("Event continued in another one"),
    "alert.updated": gettext_lazy("Update of an alert read"),
    "alert.vanished": gettext_lazy("Alert no longer listed by its source"),
    "approval.rule_changed": gettext_lazy("Rule of approval changed"),
    "calendar.ended": gettext_lazy("Calendar address ended"),
    "calendar.made": gettext_lazy("Calendar address made"),
    "booking.confirmed": gettext_lazy("Booking confirmed by its traveller"),
    "booking.dismissed": gettext_lazy("Booking left as it is by its traveller"),
    "briefing.acknowledged": gettext_lazy("Briefing acknowledged"),
    "briefing.forgotten": gettext_lazy("Briefing deleted by its traveller"),
    "briefing.mail_off": gettext_lazy("Mails before trips switched off"),
    "briefing.mail_on": gettext_lazy("Mails before trips switched on"),
    "briefing.reminded": gettext_lazy("Traveller reminded of the briefing"),
    "centre.added": gettext_lazy("Assistance centre added"),
    "centre.changed": gettext_lazy("Assistance centre changed"),
    "centre.closed": gettext_lazy("Assistance centre closed"),
    "centre.imported": gettext_lazy("Assistance centre imported"),
    "centre.opened": gettext_lazy("Assistance centre opened"),
    "consent.given": gettext_lazy("Consent given"),
    "delegation.ended": gettext_lazy("Delegate for trips ended"),
    "delegation.made": gettext_lazy("Delegate for trips named"),
    "deputy.ended": gettext_lazy("Deputy of an approver taken back"),
    "deputy.named": gettext_lazy("Deputy of an approver named"),
    "domain.added": gettext_lazy("Domain added"),
    "domain.removed": gettext_lazy("Domain removed"),
    "edition.approved": gettext_lazy("Text of a guide approved"),
    "edition.begun": gettext_lazy("Text of a guide begun"),
    "edition.held": gettext_lazy("Text of a guide held back"),
    "edition.published": gettext_lazy("Text of a guide published"),
    "edition.returned": gettext_lazy("Text of a guide returned to its author"),
    "edition.saved": gettext_lazy("Text of a guide saved"),
    "edition.submitted": gettext_lazy("Text of a guide submitted"),
    "edition.withdrawn": gettext_lazy("Text of a guide withdrawn"),
    "entry_rule.added": gettext_lazy("Entry rule added"),
    "entry_rule.changed": gettext_lazy("Entry rule changed"),
    "entry_rule.ended": gettext_lazy("Entry rule ended"),
    "entry_rule.imported": gettext_lazy("File of entry rules read"),
    "entry_rule.taken_back": gettext_lazy("File of entry rules taken back"),
    "fact.corrected": gettext_lazy("Fact about a country corrected"),
    "fact.correction.ended": gettext_lazy("Correction of a fact ended"),
    "inbox.road_changed": gettext_lazy("Bookings by mail: addresses and trust changed"),
    "inbox.secret_made": gettext_lazy("Bookings by mail: new secret of the hand-in"),
    "incident.merged": gettext_lazy("Events merged"),
    "incident.split": gettext_lazy("Event split off"),
    "invitation.accepted": gettext_lazy("Invitation accepted"),
    "invitation.made": gettext_lazy("Invitation made"),
    "invitation.sent_again": gettext_lazy("Invitation sent again"),
    "invitation.withdrawn": gettext_lazy("Invitation withdrawn"),
    "legal.published": gettext_lazy("Legal text published"),
    "membership.began": gettext_lazy("Membership began"),
    "membership.ended": gettext_lazy("Membership ended"),
    "membership.resumed": gettext_lazy("Membership resumed"),
    "note.ended": gettext_lazy("Note of an organisation ended"),
    "note.written": gettext_lazy("Note of an organisation written"),
    "notify.subscribed": gettext_lazy("Destination subscribed to"),
    "notify.unsubscribed": gettext_lazy("Subscription ended"),
    "number.added": gettext_lazy("Membership number added"),
    "number.edited": gettext_lazy("Membership number changed"),
    "occasion.added": gettext_lazy("Occasion entered"),
    "occasion.changed": gettext_lazy("Occasion changed"),
    "occasion.removed": gettext_lazy("Occasion removed"),
    "organisation.created": gettext_lazy("Organisation created"),
    "organisation.edited": gettext_lazy("Organisation changed"),
    "organisation.logo": gettext_lazy("Logo changed"),
    "outbox.deliveries.cancelled": gettext_lazy("Waiting deliveries stopped"),
    "outbox.delivery.retried": gettext_lazy("Delivery tried again"),
    "outbox.mail_settings.changed": gettext_lazy("Mail server changed"),
    "people.imported": gettext_lazy("List of people imported"),
    "programme.added": gettext_lazy("Programme added"),
    "programme.edited": gettext_lazy("Programme changed"),
    "rating.organisation": gettext_lazy("Rating set by an organisation"),
    "rating.organisation.ended": gettext_lazy("Rating of an organisation ended"),
    "rating.overridden": gettext_lazy("Rating set by hand"),
    "rating.override.ended": gettext_lazy("Rating by hand ended"),
    "role.granted": gettext_lazy("Role granted"),
    "role.revoked": gettext_lazy("Role revoked"),
    "set_up.address": gettext_lazy("Address of the portal set"),
    "set_up.finished": gettext_lazy("Set-up finished"),
    "source.added": gettext_lazy("Source added"),
    "source.answers_again": gettext_lazy("Source answers again"),
    "source.changed": gettext_lazy("Source changed"),
    "source.disabled": gettext_lazy("Source switched off"),
    "source.enabled": gettext_lazy("Source switched on"),
    "source.installed": gettext_lazy("Source installed"),
    "source.late": gettext_lazy("Source late, operators told"),
    "source.poll_asked": gettext_lazy("Source polled by hand"),
    "source.reissue_seen": gettext_lazy("Messages said again: seen"),
    "source.taken_as_complete": gettext_lazy("Shorter answer of a source taken as complete"),
    "trip.approval_asked": gettext_lazy("Approval of a trip asked"),
    "trip.approval_reminded": gettext_lazy("Approvers of a trip reminded"),
    "trip.approved": gettext_lazy("Trip approved"),
    "trip.approved_at_source": gettext_lazy("Trip approved by its source"),
    "trip.attached": gettext_lazy("Trip became its traveller’s own"),
    "trip.cancelled": gettext_lazy("Trip cancelled"),
    "trip.changed": gettext_lazy("Trip changed"),
    "trip.companions": gettext_lazy("Companions of a trip changed"),
    "trip.entered": gettext_lazy("Trip entered from a file"),
    "trip.joined": gettext_lazy("Trip from a file is one registered by hand"),
    "trip.listed_again": gettext_lazy("Trip listed again by its source"),
    "trip.looked_at": gettext_lazy("Trip of somebody else looked at"),
    "trip.mail_muted": gettext_lazy("E-mail for a trip switched off"),
    "trip.mail_unmuted": gettext_lazy("E-mail for a trip switched on"),
    "trip.refused": gettext_lazy("Trip refused"),
    "trip.registered": gettext_lazy("Trip registered"),
    "trip_group.changed": gettext_lazy("Itinerary of a group changed"),
    "trip_group.made": gettext_lazy("Group with one itinerary made"),
    "trip_group.people_added": gettext_lazy("People added to a group"),
    "trip_group.person_taken_off": gettext_lazy("Person taken off a group"),
    "trips.exported": gettext_lazy("Trips of the organisation taken as a file"),
    "trips.imported": gettext_lazy("File of trips read"),
    "trips.rejected_read": gettext_lazy("Rows of a file that did not enter fetched"),
}
KINDS: Final = {
    "accounts.legaldocument": gettext_lazy("legal text"),
    "accounts.user": gettext_lazy("person"),
    "advice.occasion": gettext_lazy("occasion"),
    "alerts.alertversion": gettext_lazy("version of an alert"),
    "alerts.areacorrection": gettext_lazy("corrected area"),
    "alerts.event": gettext_lazy("event of a source"),
    "alerts.incident": gettext_lazy("event"),
    "centres.centre": gettext_lazy("assistance centre"),
    "feeds.source": gettext_lazy("source"),
    "guides.edition": gettext_lazy("text of a guide"),
    "guides.organisationnote": gettext_lazy("note of an organisation"),
    "notify.subscription": gettext_lazy("subscription"),
    "orgs.domain": gettext_lazy("domain"),
    "orgs.invitation": gettext_lazy("invitation"),
    "orgs.membership": gettext_lazy("membership"),
    "orgs.membershipnumber": gettext_lazy("membership number"),
    "orgs.organisation": gettext_lazy("organisation"),
    "orgs.programme": gettext_lazy("programme"),
    "orgs.rolegrant": gettext_lazy("role"),
    "outbox.delivery": gettext_lazy("delivery"),
    "places.factoverride": gettext_lazy("corrected fact"),
    "trips.approvalrule": gettext_lazy("rule of approval"),
    "trips.delegation": gettext_lazy("delegate for trips"),
    "trips.deputy": gettext_lazy("deputy of an approver"),
    "trips.calendarfeed": gettext_lazy("calendar address"),
    "trips.trip": gettext_lazy("trip"),
    "trips.tripgroup": gettext_lazy("group"),
}


def words_of(code: str) -> str:
    """Return what a code means, the code itself when nobody wrote that down."""
    return str(WORDS.get(code, code))


def kind_of(label: str) -> str:
    """Return what kind of row an entry is about."""
    return str(KINDS.get(label, label.rpartition(".")[2]))


def codes_like(word: str) -> list[str]:
    """Return the codes whose words, in the reader's language, hold a word."""
    return [code for code, text in WORDS.items() if word.casefold() in str(text).casefold()]


def actor_of(entry: Entry, person: User | None) -> str:
    """Return who did it, by name while the person exists. Nobody's id: it tells a reader nothing."""
    if person is not None:
        return person.name
    if entry.actor_id is None:
        return _("The portal itself") if entry.actor_label == SYSTEM else entry.actor_label
    return _("A person who has left")
