"""One row of everything that an address can name, all of them Northfield's or Bob's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.urls import reverse

from safeconduct.centres.actions import add_centre, import_csv
from safeconduct.centres.details import read_details
from safeconduct.centres.queries import locate
from safeconduct.feeds.models import Document, Source
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import UnsubscribeLink
from safeconduct.orgs.actions import import_people_csv, invite
from safeconduct.orgs.models import Domain, Membership, MembershipNumber, Programme
from safeconduct.outbox.models import Delivery
from safeconduct.places.queries import resolve
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft
from tests.alerts.messages import message, put
from tests.conftest import World

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
    trip = register_trip(
        seat, title="Bob in Lisbon", by=world.bob,
        stops=[StopDraft(place=lisbon, arrive=start, depart=start + timedelta(days=4))],
    )  # fmt: skip
    version = put(message("permission-1")).version
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
    by_name: dict[str, dict[str, object]] = {
        "web:legal": {"slug": "privacy"},
        "orgs:accept": {"public_id": invitation.public_id},
        "orgs:invitation": {"token": "no-such-token"},
        "orgs:brand_css": dict(org_page),
        "orgs:logo": dict(org_page),
        "accounts:verify": {"token": "no-such-token"},
        "guides:destination": {"key": lisbon.key},
        "alerts:version": {"public_id": version.public_id},
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
        "ops:document": {"pk": Document.objects.all()[0].pk},
        "ops:manage_alert": {"public_id": version.public_id},
        "ops:people_import_result": {"public_id": people.public_id},
        "ops:manage_trip": {"public_id": trip.public_id},
        "ops:desk_person_role": {"public_id": world.olga.public_id},
        "ops:text_new": {"slug": "privacy"},
    }
    for name in ("trips:detail", "trips:change", "trips:cancel", "trips:mail"):
        by_name[name] = {"public_id": trip.public_id}
    for name in ("ops:organisation", "ops:organisation_edit"):
        by_name[name] = dict(org_page)
    for name in ("ops:centre_edit", "ops:centre_switch"):
        by_name[name] = {"public_id": centre.public_id}
    for name in ("ops:source", "ops:source_edit", "ops:source_switch"):
        by_name[name] = dict(source)
    for name in ("ops:delivery", "ops:delivery_retry", "ops:delivery_cancel"):
        by_name[name] = {"pk": delivery.pk}
    for name in ("ops:person", "ops:person_role", "ops:person_end"):
        by_name[name] = {"public_id": membership.public_id}
    for name in ("ops:invitation_again", "ops:invitation_withdraw"):
        by_name[name] = {"public_id": invitation.public_id}
    return Scene(by_name)


def outcome(client: Client, path: str, method: str) -> str:
    """Return in one word how the address answers: a status, or where it leads."""
    response = client.post(path) if method == "POST" else client.get(path)
    if response.status_code in (301, 302, 303):
        target = response["Location"].split("?")[0]
        names = {"/account/login/": "login", "/associate/": "associate", "/desk/": "desk", "/": "home"}
        return names.get(target, "elsewhere")
    return str(response.status_code)


