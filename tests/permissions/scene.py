"""One row of everything that an address can name, all of them Northfield's or Bob's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.urls import reverse

from safeconduct.advice.actions import add_rule
from safeconduct.advice.briefing import Asked, AskedStop
from safeconduct.advice.preparing import begin
from safeconduct.advisories.models import Advisory, UnknownName
from safeconduct.alerts.corrections import correct_area
from safeconduct.centres.actions import add_centre, import_csv
from safeconduct.centres.details import read_details
from safeconduct.centres.queries import locate
from safeconduct.feeds.models import Document, Source
from safeconduct.guides.actions import approve_edition, begin_edition, save_draft, submit_edition, write_note
from safeconduct.lib import clock
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import UnsubscribeLink
from safeconduct.orgs.actions import import_people_csv, invite
from safeconduct.orgs.models import Domain, Membership, MembershipNumber, Programme
from safeconduct.outbox.models import Delivery
from safeconduct.places.overrides import correct_fact
from safeconduct.places.queries import place_by_key, resolve
from safeconduct.trips.actions import register_trip
from safeconduct.trips.approvers import end_deputy, name_deputy
from safeconduct.trips.delegating import enter_trip, name_delegate
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.groups import make_group
from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import ApprovalRequest, ApprovalRule
from safeconduct.trips.ruling import change_rule
from tests.advice.occasionfiles import an_occasion
from tests.advice.rulefiles import own, read, rule_details
from tests.advisories.registers import entry
from tests.advisories.registers import put as put_advice
from tests.alerts.messages import message, put
from tests.conftest import World
from tests.inbox.scene import waiting_booking

RULE = {
    "is_on": False, "always": False, "security_from": "", "medical_from": "", "advisory_from": None, "advisory_source": "",
    "countries": [], "remind_after_days": 2, "remind_before_days": 5,
}  # fmt: skip
ROLES = ("anonymous", "outsider", "other", "member", "manager", "operator")
"""Charlie is the outsider; Dana, who manages Southgate, the other; Bob the member, Alice the manager."""


@dataclass(frozen=True)
class Scene:
    """Name of an address → the arguments that make it Bob's or Northfield's."""

    arguments: dict[str, dict[str, object]]

    def path(self, name: str) -> str:
        """Return the address of the row."""
        return reverse(name, kwargs=self.arguments.get(name, {}))


def build(world: World) -> Scene:
    """Make the rows."""
    org = world.northfield
    programme = Programme.objects.for_org(org)[0]
    seat = world.seat(world.bob)
    lisbon = resolve("Lisbon")
    start = datetime(2026, 12, 1, 10)
    change_rule(org, RULE | {"is_on": True, "countries": ["PT"]}, by=world.alice, asks_known=False)
    trip = register_trip(
        seat, title="Bob in Lisbon", by=world.bob,
        stops=[StopDraft(place=lisbon, arrive=start, depart=start + timedelta(days=4))],
    )  # fmt: skip
    # Other tests share this scene: the question stays, the rule asks about nothing else.
    ApprovalRule.objects.for_org(org).update(is_on=False)
    version = put(message("permission-1")).version
    correction = correct_area(version, by=world.olga, geometry=None, reason="Not here")
    event = {"public_id": version.event.incident.public_id, "event_id": version.event.public_id}
    subscription = subscribe(seat, place=lisbon, from_severity="Severe")
    link = UnsubscribeLink.objects.create(
        organisation=org, user=world.bob, purpose=UnsubscribeLink.Purpose.TRIP, target=trip.public_id
    )
    invitation = invite(programme, by=world.alice, email="eve@elsewhere.example.org")
    people = import_people_csv(programme, b"email\nfrank@elsewhere.example.org\n", by=world.alice)
    details = read_details(
        {"name": "Denver Centre", "place_name": "Denver", "country_code": "US", "phone": "+1 303 555 0142",
         "is_24_hours": "yes", "languages": "en", "medical": "yes", "security": "yes"}, locate=locate,
    ).details  # fmt: skip
    assert details is not None
    centre = add_centre(details, by=world.olga)
    centre_import = import_csv(b"name,place_name,country_code,phone\nx,y,zz,1\n", file_name="x.csv", by=world.olga)
    membership = Membership.objects.for_org(org).get(user=world.bob)
    delivery = Delivery.objects.all()[0]
    org_page = {"public_id": org.public_id}
    source = {"key": Source.objects.all()[0].key}
    trip_file = import_trips(
        world.northfield, b"id,email,place,arrive\nA1,x@northfield.example.edu,Nowhere-at-all,2026-12-01\n",
        source="Agency", by=world.alice,
    )  # fmt: skip
    today = clock.today()
    deputy = name_deputy(world.seat(world.alice), world.bob.email, first_on=today, last_on=today, by=world.alice)
    # Named for a page, and over at once: the member of the table is nobody's deputy.
    end_deputy(deputy, by=world.alice)
    group = make_group(
        org, name="Excursion", title="", by=world.alice,
        stops=[StopDraft(place=lisbon, arrive=start, depart=start + timedelta(days=4))],
    )  # fmt: skip
    delegation = name_delegate(org, traveller=world.bob, address="alice@northfield.example.edu", by=world.bob)
    entered = enter_trip(
        world.seat(world.alice), delegation, title="Entered by Alice",
        stops=[StopDraft(place=lisbon, arrive=start, depart=start + timedelta(days=4))],
    )  # fmt: skip
    by_name: dict[str, dict[str, object]] = {
        "ops:approval": {"public_id": ApprovalRequest.objects.for_org(org).get(trip=trip).public_id},
        "ops:deputy_end": {"public_id": deputy.public_id},
        "web:legal": {"slug": "privacy"},
        "orgs:accept": {"public_id": invitation.public_id},
        "orgs:invitation": {"token": "no-such-token"},
        "orgs:brand_css": dict(org_page),
        "orgs:logo": dict(org_page),
        "accounts:verify": {"token": "no-such-token"},
        "calendar:feed": {"token": "no-such-token"},
        "guides:destination": {"key": lisbon.key},
        "guides:export": {"key": lisbon.key},
        "guides:chapter": {"key": lisbon.key, "chapter": "medical"},
        "ratings:rating": {"code": "PT", "kind": "security"},
        "ops:rating": {"code": "PT", "kind": "security"},
        "ops:own_rating": {"code": "PT", "kind": "security"},
        "places:world": {"digest": "any"},
        "alerts:version": {"public_id": version.public_id},
        "advisories:advisory": {"public_id": _advice()},
        "ops:advice_name": {"pk": UnknownName.objects.get().pk},
        "notify:end": {"public_id": subscription.public_id},
        "notify:unsubscribe": {"token": link.token},
        "outbox:mail": {"copy_id": 1},
        "outbox:mail_html": {"copy_id": 1},
        "ops:start_step": {"code": "address"},
        "ops:programme_edit": {**org_page, "programme_id": programme.public_id},
        "ops:number_edit": {**org_page, "pk": MembershipNumber.objects.for_org(org)[0].pk},
        "ops:domain_remove": {**org_page, "pk": Domain.objects.for_org(org)[0].pk},
        "ops:manager_invitation_again": {**org_page, "invitation_id": invitation.public_id},
        "ops:centre_import_result": {"public_id": centre_import.public_id},
        "ops:event": {"public_id": event["public_id"]},
        "ops:event_merge": {"public_id": event["public_id"]},
        "ops:event_split": dict(event),
        "ops:event_area": dict(event),
        "ops:event_area_withdraw": {**event, "pk": correction.pk},
        "ops:document": {"pk": Document.objects.all()[0].pk},
        "ops:manage_alert": {"public_id": version.public_id},
        "ops:people_import_result": {"public_id": people.public_id},
        "ops:manage_trip": {"public_id": trip.public_id},
        **{
            f"ops:trips_import_{part}": {"public_id": trip_file.public_id} for part in ("result", "rejected", "held")
        },
        "ops:desk_person_role": {"public_id": world.olga.public_id},
        "ops:text_new": {"slug": "privacy"},
        **_guides(world),
    }
    prepared = begin(seat, Asked("US", (AskedStop("PT", arrive=start.date(), leave=start.date()),)))
    for name in ("whole", "pdf", "read", "acknowledge", "keep", "forget"):
        by_name[f"advisor:{name}"] = {"public_id": prepared.public_id}
    by_name["advisor:step"] = {"public_id": prepared.public_id, "step": "entry"}
    by_name["ops:manage_trip_remind"] = {"public_id": trip.public_id}
    rule, rules_file = add_rule(rule_details(), by=world.olga), read(own({"passports": "DE"}, {"kind": "vise"}))
    for name in ("ops:entry_rule", "ops:entry_rule_end"):
        by_name[name] = {"public_id": rule.public_id}
    for name in ("ops:occasion", "ops:occasion_remove"):
        by_name[name] = {"public_id": an_occasion().public_id}
    for name in ("ops:entry_rules_file", "ops:entry_rules_refused", "ops:entry_rules_take_back"):
        by_name[name] = {"public_id": rules_file.public_id}
    for name in ("ops:trip_group", "ops:trip_group_change", "ops:trip_group_people", "ops:trip_group_take_off"):
        by_name[name] = {"public_id": group.public_id}
    for name in ("trips:delegate_end", "trips:entered_new", "ops:delegate_end"):
        by_name[name] = {"public_id": delegation.public_id}
    for name in ("trips:entered", "trips:entered_change", "trips:entered_cancel"):
        by_name[name] = {"public_id": entered.public_id}
    for name in ("trips:detail", "trips:change", "trips:cancel", "trips:mail", "trips:trip_export", "trips:companions",
                 "trips:delete_draft", "trips:ask_again"):
        by_name[name] = {"public_id": trip.public_id}
    for name in ("ops:organisation", "ops:organisation_edit"):
        by_name[name] = dict(org_page)
    for name in ("ops:centre_edit", "ops:centre_switch"):
        by_name[name] = {"public_id": centre.public_id}
    for name in ("ops:source", "ops:source_edit", "ops:source_switch", "ops:source_complete"):
        by_name[name] = dict(source)
    for name in ("ops:delivery", "ops:delivery_retry", "ops:delivery_cancel"):
        by_name[name] = {"pk": delivery.pk}
    for name in ("ops:person", "ops:person_role", "ops:person_end"):
        by_name[name] = {"public_id": membership.public_id}
    for name in ("ops:invitation_again", "ops:invitation_withdraw"):
        by_name[name] = {"public_id": invitation.public_id}
    letter, booking = waiting_booking(world)
    for name in ("inbox:letter", "inbox:choose"):
        by_name[name] = {"public_id": letter.public_id}
    for name in ("inbox:accept", "inbox:dismiss"):
        by_name[name] = {"public_id": booking.public_id}
    return Scene(by_name)


def _guides(world: World) -> dict[str, dict[str, object]]:
    """A published text with a newer one that waits for Olga, a note of Northfield, a corrected fact."""
    kenya = place_by_key("iso:KE")
    first = begin_edition(kenya, "food-water", "en", by=world.olga)
    first = save_draft(first, by=world.olga, revision=1, body="Drink boiled water.", change_note="New")
    approve_edition(submit_edition(first, by=world.olga), by=world.alice)
    second = begin_edition(kenya, "food-water", "en", by=world.alice)
    note = write_note(world.northfield, kenya, "care", body="Ask the field station.", by=world.alice)
    assert note is not None
    correct_fact(
        "KE", "tap_water", by=world.olga, value={"level": "not_safe"}, source_title="Embassy", reason="They said so",
        checked_on=clock.today(),
    )  # fmt: skip
    part = {"key": kenya.key, "part": "food-water", "language": "en"}
    return {
        "ops:guide_place": {"key": kenya.key},
        "ops:guide_part": dict(part),
        "ops:guide_compare": dict(part),
        **{f"ops:{name}": {"public_id": second.public_id} for name in ("edition", "edition_write", "edition_move")},
        "ops:notes_place": {"key": kenya.key},
        "ops:note_write": {"key": kenya.key, "part": "care"},
        "ops:manage_note": {"public_id": note.public_id},
        "ops:manage_note_end": {"public_id": note.public_id},
        "ops:facts_country": {"code": "KE"},
        "ops:fact": {"code": "KE", "field": "tap_water"},
        "ops:fact_end": {"code": "KE", "field": "tap_water"},
    }


def _advice() -> str:
    """Write one entry of official advice, and one of a place that no table knows."""
    put_advice(entry("Portugal", 2), entry("Atlantis", 4))
    return Advisory.objects.get(country_code="PT").public_id


def outcome(client: Client, path: str, method: str) -> str:
    """Return in one word how the address answers: a status, or where it leads."""
    response = client.post(path) if method == "POST" else client.get(path)
    if response.status_code in (301, 302, 303):
        target = response["Location"].split("?")[0]
        names = {"/account/login/": "login", "/associate/": "associate", "/desk/": "desk", "/": "home"}
        return names.get(target, "elsewhere")
    return str(response.status_code)


