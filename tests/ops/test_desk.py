"""The desk: everything that set-up makes has pages, and each refusal is told where it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from safeconduct.accounts.models import LegalDocument, User
from safeconduct.audit.actions import record
from safeconduct.audit.models import Entry
from safeconduct.centres.models import Centre, CentreImport
from safeconduct.feeds.actions import install_sources
from safeconduct.feeds.models import Rejection, Source
from safeconduct.lib import clock
from safeconduct.ops.forms import FirstOrganisationForm
from safeconduct.orgs.models import Domain, Invitation, MembershipNumber, Organisation, Programme
from safeconduct.outbox.models import Delivery, MailSettings, Message
from tests.conftest import World, make_user

ClientOf = Callable[[User | None], Client]
ORGANISATION = {
    "name": "Westfield Institute",
    "short_name": "Westfield",
    "home_country": "GB",
    "zone": "Europe/London",
    "language": "en",
    "password_rule": "portal",
    "colour": "#7e3731",
    "programme": "Westfield Assistance",
    "number": "WF-1",
    "valid_from": "2026-01-01",
    "valid_until": "2027-12-31",
    "domains": "westfield.example.edu\nwest.example.org",
    "includes_subdomains": "on",
}
CENTRE = {
    "name": "Denver Centre",
    "place_name": "Denver",
    "country_code": "US",
    "lat": "39.74",
    "lon": "-104.99",
    "zone": "America/Denver",
    "phone": "+1 303 555 0142",
    "is_24_hours": "on",
    "languages": "en, es",
}
PAGES = [
    "",
    "health/",
    "audit/",
    "organisations/",
    "organisations/add/",
    "centres/",
    "centres/add/",
    "centres/import/",
    "centres/import/template.csv",
    "sources/",
    "sources/add/",
    "sources/rejections/",
    "deliveries/",
    "mail/",
    "texts/",
    "texts/privacy/new/",
    "start/done/",
    "start/address/",
    "start/mail/",
    "start/organisation/",
    "start/manager/",
    "start/centres/",
]


@pytest.mark.parametrize("page", PAGES)
def test_desk_pages_are_the_operators_alone(world: World, client_of: ClientOf, page: str) -> None:
    assert client_of(world.olga).get(f"/desk/{page}").status_code == 200
    for person in (world.alice, world.bob, world.charlie, world.dana):
        assert client_of(person).get(f"/desk/{page}").status_code == 404
    assert client_of(None).get(f"/desk/{page}").status_code == 302


def test_an_organisation_is_made_whole(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    answer = olga.post("/desk/organisations/add/", ORGANISATION)
    made = Organisation.objects.get(name="Westfield Institute")
    assert answer.status_code == 302
    assert answer["Location"] == f"/desk/organisations/{made.public_id}/"
    assert (made.hue, str(made.chroma), made.home_country) == (27, "0.100", "GB")
    assert [n.number for n in MembershipNumber.objects.for_org(made)] == ["WF-1"]
    assert {(d.domain, d.includes_subdomains) for d in Domain.objects.for_org(made)} == {
        ("westfield.example.edu", True),
        ("west.example.org", True),
    }
    # The same form again makes no second one.
    again = olga.post("/desk/organisations/add/", ORGANISATION)
    assert again.status_code == 200
    assert "already" in again.content.decode()
    assert Organisation.objects.filter(name="Westfield Institute").count() == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"domains": "gmail.com"}, "id_domains"),
        ({"number": "nfu-26-004417"}, "id_number"),
        ({"valid_until": "2025-01-01"}, "id_valid_until"),
        ({"name": "x" * 300}, "id_name"),
        ({"colour": "red"}, "id_colour"),
        ({"domains": "not a domain"}, "id_domains"),
    ],
)
def test_a_refused_organisation_leaves_nothing_behind(
    world: World, client_of: ClientOf, change: dict[str, str], told: str
) -> None:
    before = Organisation.objects.count()
    page = client_of(world.olga).post("/desk/organisations/add/", ORGANISATION | change)
    assert page.status_code == 200
    assert f'href="#{told}"' in page.content.decode()
    assert Organisation.objects.count() == before
    assert not Programme.objects.across_orgs("test").filter(name="Westfield Assistance").exists()


def test_parts_of_an_organisation_are_added_and_changed(world: World, client_of: ClientOf) -> None:
    olga, row = client_of(world.olga), world.northfield
    page = f"/desk/organisations/{row.public_id}/"
    programme = Programme.objects.for_org(row).get()
    olga.post(page, {"do": "programme", "programme-name": "Second", "programme-valid_from": "2026-01-01"})
    olga.post(
        page,
        {
            "do": "number",
            "number-programme": programme.pk,
            "number-number": "N-2",
            "number-valid_from": "2026-01-01",
        },
    )
    olga.post(page, {"do": "domain", "domain-domain": "north.example.org"})
    olga.post(
        page,
        {"do": "manager", "manager-programme": programme.pk, "manager-email": "new@elsewhere.example.org"},
    )
    assert Programme.objects.for_org(row).filter(name="Second").exists()
    number = MembershipNumber.objects.for_org(row).get(number="N-2")
    domain = Domain.objects.for_org(row).get(domain="north.example.org")
    invited = Invitation.objects.for_org(row).get()
    assert (invited.role, invited.email) == ("manager", "new@elsewhere.example.org")
    shown = olga.get(page).content.decode()
    assert "new@elsewhere.example.org" in shown
    assert "<code>http" in shown, "the address for the organisation's web page is whole"
    olga.post(f"{page}numbers/{number.pk}/", {"valid_from": "2026-01-01", "valid_until": "2026-12-31"})
    number.refresh_from_db()
    assert not number.is_active
    olga.post(f"{page}domains/{domain.pk}/remove/")
    assert not Domain.objects.for_org(row).filter(pk=domain.pk).exists()
    olga.post(f"{page}programmes/{programme.public_id}/", {"name": "Renamed", "valid_from": "2020-01-01"})
    assert Programme.objects.for_org(row).filter(name="Renamed").exists()


def test_a_refused_part_is_told_in_its_own_form(world: World, client_of: ClientOf) -> None:
    page = f"/desk/organisations/{world.northfield.public_id}/"
    answer = client_of(world.olga).post(page, {"do": "domain", "domain-domain": "gmail.com"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'href="#id_domain-domain"' in text
    assert client_of(world.olga).post(page, {"do": "nonsense"}).status_code == 200


def test_an_organisation_is_edited_and_its_colour_is_kept_when_untouched(
    world: World, client_of: ClientOf
) -> None:
    row, olga = world.northfield, client_of(world.olga)
    row.hue, row.chroma = 300, row.chroma
    row.save()
    page = f"/desk/organisations/{row.public_id}/edit/"
    text = olga.get(page).content.decode()
    colour = (
        text.split('type="color"')[1].split('value="')[1].split('"')[0]
        if 'value="#' in text.split('type="color"')[1][:200]
        else text.split('value="#')[1][:6]
    )
    colour = colour if colour.startswith("#") else f"#{colour}"
    values = {
        "name": "Northfield",
        "zone": "America/Denver",
        "language": "en",
        "password_rule": "nist",
        "colour": colour,
        "is_active": "on",
        "old_address_until": "2027-06-30",
    }
    assert olga.post(page, values).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.hue, row.password_rule, str(row.old_address_until)) == (
        "Northfield",
        300,
        "nist",
        "2027-06-30",
    )
    assert olga.post(page, values | {"name": "Southgate College"}).status_code == 200


def test_rows_of_one_organisation_are_not_reached_through_another(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    theirs = MembershipNumber.objects.for_org(world.southgate).get()
    domain = Domain.objects.for_org(world.southgate).get()
    page = f"/desk/organisations/{world.northfield.public_id}/"
    assert olga.get(f"{page}numbers/{theirs.pk}/").status_code == 404
    assert olga.post(f"{page}domains/{domain.pk}/remove/").status_code == 404
    assert olga.get("/desk/organisations/nosuchthing/").status_code == 404


def test_centres_are_added_changed_closed_and_imported(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    assert olga.post("/desk/centres/add/", CENTRE).status_code == 302
    centre = Centre.objects.get()
    assert (centre.phone, centre.languages) == ("+13035550142", ["en", "es"])
    assert "already" in olga.post("/desk/centres/add/", CENTRE).content.decode()
    bad = olga.post("/desk/centres/add/", CENTRE | {"name": "Other", "phone": "303 555"}).content.decode()
    assert 'href="#id_phone"' in bad
    assert (
        olga.post(f"/desk/centres/{centre.public_id}/", CENTRE | {"phone": "+1 303 555 0199"}).status_code
        == 302
    )
    olga.post(f"/desk/centres/{centre.public_id}/switch/", {"active": "0"})
    centre.refresh_from_db()
    assert (centre.phone, centre.is_active) == ("+13035550199", False)
    file = SimpleUploadedFile("c.csv", b"name,place_name,country_code,phone\nA,B,US,+1 23\n")
    answer = olga.post("/desk/centres/import/", {"file": file})
    shown = olga.get(answer["Location"]).content.decode()
    assert "1 refused" in shown
    assert "too short" in shown
    assert CentreImport.objects.get().problems[0]["row"] == 2
    empty = olga.post("/desk/centres/import/", {"file": SimpleUploadedFile("c.csv", b" ")}).content.decode()
    assert "The file is empty" in empty


def test_sources_are_switched_edited_and_read_by_hand(world: World, client_of: ClientOf) -> None:
    install_sources()
    olga = client_of(world.olga)
    key = Source.objects.exclude(url="").first().key  # type: ignore[union-attr]
    olga.post(f"/desk/sources/of/{key}/switch/", {"do": "off"})
    assert not Source.objects.get(key=key).is_enabled
    olga.post(f"/desk/sources/of/{key}/switch/", {"do": "on"})
    assert Source.objects.get(key=key).is_enabled
    row = Source.objects.get(key=key)
    values = {
        n: getattr(row, n)
        for n in (
            "name",
            "url",
            "country_code",
            "language",
            "licence",
            "attribution",
            "display",
            "trust",
            "severity_floor",
            "poll_seconds",
            "request_seconds",
        )
    }
    assert olga.post(f"/desk/sources/of/{key}/edit/", values | {"name": "Renamed"}).status_code == 302
    assert Source.objects.get(key=key).name == "Renamed"
    often = olga.post(f"/desk/sources/of/{key}/edit/", values | {"poll_seconds": "5"})
    assert 'href="#id_poll_seconds"' in often.content.decode()
    new = {
        "key": "own",
        "format": "cap",
        "name": "Own",
        "display": "full",
        "trust": "official",
        "poll_seconds": "300",
        "request_seconds": "1",
        "url": "https://cap.example.org/a.xml",
    }
    assert olga.post("/desk/sources/add/", new)["Location"] == "/desk/sources/of/own/"
    assert olga.post("/desk/sources/add/", new).status_code == 200


def test_a_document_that_cannot_be_read_is_told_and_kept(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    file = SimpleUploadedFile("alert.xml", b"<html>no alert</html>")
    page = olga.post("/desk/sources/ingest/", {"format": "cap", "file": file}).content.decode()
    assert "Nothing in this document could be read" in page
    refused = Rejection.objects.get()
    assert "alert.xml" in olga.get("/desk/sources/rejections/").content.decode()
    raw = olga.get(f"/desk/sources/documents/{refused.document_id}/")
    assert raw.content == b"<html>no alert</html>"
    assert raw["Content-Type"] == "application/octet-stream"
    assert raw["Content-Disposition"].startswith("attachment")


def a_delivery(state: str, **values: object) -> Delivery:
    now = clock.now()
    message = Message.objects.create(
        content_key=f"k:{state}", kind="test.kind", subject="s", text="body-of-the-mail", created_at=now
    )
    return Delivery.objects.create(
        key=f"d:{state}",
        message=message,
        address="maya@northfield.example.edu",
        state=state,
        rfc_message_id="<a@b>",
        created_at=now,
        **values,
    )


def test_deliveries_are_listed_retried_and_cancelled_without_their_words(
    world: World, client_of: ClientOf
) -> None:
    olga = client_of(world.olga)
    failed, waiting = (
        a_delivery("failed", last_error="550 no such mailbox"),
        a_delivery("queued", due_at=clock.now()),
    )
    page = olga.get("/desk/deliveries/?state=failed").content.decode()
    assert "550 no such mailbox" in page
    assert "m…a@northfield.example.edu" in page
    assert "maya@northfield" not in page
    assert "body-of-the-mail" not in olga.get(f"/desk/deliveries/{failed.pk}/").content.decode()
    olga.post(f"/desk/deliveries/{failed.pk}/retry/")
    olga.post(f"/desk/deliveries/{waiting.pk}/cancel/")
    assert Delivery.objects.get(pk=failed.pk).state == "retrying"
    assert Delivery.objects.get(pk=waiting.pk).state == "cancelled"
    sent = a_delivery("sent")
    assert olga.post(f"/desk/deliveries/{sent.pk}/retry/").status_code in (403, 409)


def test_mail_is_set_up_and_tried_step_by_step(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    values = {
        "host": "127.0.0.1",
        "port": "1",
        "tls": "none",
        "user": "",
        "password": "",
        "from_address": "portal@example.org",
        "from_name": "Portal",
    }
    assert olga.post("/desk/mail/", values).status_code == 302
    assert MailSettings.objects.get().host == "127.0.0.1"
    page = olga.post("/desk/mail/test/", {"to": "olga@desk.example.org"}).content.decode()
    assert "could not be handed over" in page
    wrong = olga.post("/desk/mail/", values | {"from_address": "nobody"}).content.decode()
    assert 'href="#id_from_address"' in wrong


def test_a_new_version_of_a_text_is_published_once(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    values = {"title": "Privacy notice", "language": "en", "body": "# We keep little."}
    assert olga.post("/desk/texts/privacy/new/", values).status_code == 302
    assert LegalDocument.objects.filter(slug="privacy").count() == 1
    assert "We keep little" in client_of(None).get("/legal/privacy/").content.decode()


def test_the_log_of_changes_names_who_did_what(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)
    olga.post("/desk/centres/add/", CENTRE)
    assert Entry.objects.filter(action="centre.added", actor_id=world.olga.pk).exists()
    page = olga.get("/desk/audit/?q=centre.added").content.decode()
    assert "centre.added" in page
    assert "Olga Berg" in page and "olga@desk.example.org" in page
    assert "Olga" not in Entry.objects.get(action="centre.added").actor_label
    assert "Nothing found" in olga.get("/desk/audit/?q=nosuchaction").content.decode()


def test_the_log_of_changes_outlives_its_people_and_asks_for_them_once(world: World, client_of: ClientOf) -> None:
    olga = client_of(world.olga)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert olga.get("/desk/audit/?q=probe").status_code == 200
        return len(asked)

    record("probe.one", by=world.alice, subject=world.northfield)
    queries()  # the first page of a process asks for more
    few = queries()
    for person in (world.bob, world.dana, world.charlie):
        record("probe.more", by=person, subject=world.northfield)
    record("probe.system", by=None, subject=world.northfield)
    assert queries() == few
    label = world.charlie.audit_label
    world.charlie.delete()
    page = olga.get("/desk/audit/?q=probe").content.decode()
    assert "bob@northfield.example.edu" in page
    assert "A person who has left" in page and label not in page
    assert "The portal itself" in page and "charlie@elsewhere.example.org" not in page


def test_a_second_person_is_invited_in_the_browser_whatever_the_role(
    world: World, client_of: Callable[[User | None], Client]
) -> None:
    """Somebody of no organisation could not sign up: the link makes the account, with the role that was meant."""
    page = client_of(world.olga).post(
        reverse("ops:desk_people"), {"email": "Ines@desk.example.org", "role": "analyst"}
    )
    link = re.search(r"/desk/start/\?token=[\w-]+", page.content.decode())
    assert link is not None
    ines = Client()
    form = ines.get(link.group(), follow=True).content.decode()
    assert "Analyst" in form and "First organisation" not in form
    values = {
        "given_name": "Ines", "family_name": "Varga", "password1": "Zq-7719-lumen", "password2": "Zq-7719-lumen",
        "consent": "on",
    }  # fmt: skip
    assert ines.post("/desk/start/", values)["Location"] == "/desk/"
    made = User.objects.get(email="ines@desk.example.org")
    assert (made.desk_role, made.name) == ("analyst", "Ines Varga")
    assert ines.get("/desk/guides/").status_code == 200 and ines.get("/desk/people/").status_code == 404
    # Used once, by whoever it was for.
    again = Client()
    assert again.get(link.group(), follow=True).status_code == 410


def menu_of(page: str) -> list[str]:
    """The addresses of the main navigation, those that a small screen puts into a list once."""
    nav = page.split('<nav class="nav"')[1].split("</nav>")[0].split('class="nav-more"')[0]
    return re.findall(r'<a href="([^"]+)"', nav)


def test_the_menus_hold_what_the_reader_may_open(world: World, client_of: ClientOf) -> None:
    people = {
        "analyst": make_user("anna@desk.example.org", "Anna", "Weiss", desk_role="analyst"),
        "coordinator": make_user("cora@desk.example.org", "Cora", "Lind", desk_role="coordinator"),
    }
    desk = [f"/desk/{page}" for page in ("", "events/", "sources/", "guides/", "facts/", "ratings/", "entry-rules/", "occasions/")]
    rest = [f"/desk/{page}" for page in ("organisations/", "centres/", "deliveries/", "bookings/")]
    console = [f"/manage/{page}" for page in ("", "people/", "trips/", "approvals/", "guides/", "ratings/", "invitations/", "settings/")]
    for person, home, expected in (
        (world.olga, "/desk/", desk + rest), (people["analyst"], "/desk/", desk), (people["coordinator"], "/desk/", ["/desk/"]),
        (world.alice, "/manage/", console),
    ):  # fmt: skip
        client = client_of(person)
        assert menu_of(client.get(home).content.decode()) == expected, person
        for address in expected:
            page = client.get(address)
            assert page.status_code == 200, address
            assert f'href="{address}" aria-current="page"' in page.content.decode(), address


def test_a_small_screen_gets_four_entries_and_a_list(world: World, client_of: ClientOf) -> None:
    page = client_of(world.olga).get("/desk/").content.decode()
    listed = page.split('class="nav-more"')[1].split("</details>")[0]
    assert "<summary>" in listed and "/desk/facts/" in listed and "/desk/guides/" not in listed
    assert page.count('class="nav-rest"') == 8
    # A member's five stand in the bar as they are.
    home = client_of(world.bob).get("/").content.decode()
    assert "nav-more" not in home and len(menu_of(home)) == 5


@pytest.mark.parametrize(
    ("country", "chosen", "zone"),
    [
        ("GB", "UTC", "Europe/London"),
        # Germany's second zone shows the same time the whole year.
        ("DE", "UTC", "Europe/Berlin"),
        ("US", "UTC", "UTC"),
        ("", "UTC", "UTC"),
        ("GB", "Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_a_zone_that_nobody_chose_is_the_countrys(world: World, country: str, chosen: str, zone: str) -> None:
    form = FirstOrganisationForm(ORGANISATION | {"home_country": country, "zone": chosen})
    assert form.is_valid(), form.errors
    assert form.organisation()["zone"] == zone


def test_operators_are_made_and_unmade_in_the_browser(
    world: World, client_of: Callable[[User | None], Client]
) -> None:
    client = client_of(world.olga)
    address = reverse("ops:desk_people")
    assert client.post(address, {"email": "BOB@northfield.example.edu", "role": "operator"}).status_code == 302
    world.bob.refresh_from_db()
    assert world.bob.is_operator

    page = client.post(address, {"email": "new@desk.example.org", "role": "operator"}).content.decode()
    link = re.search(r"/desk/start/\?token=[\w-]+", page)
    assert link is not None
    stranger = client_of(None)
    assert stranger.get(link.group(), follow=True).status_code == 200

    change = reverse("ops:desk_person_role", args=[world.bob.public_id])
    client.post(change, {"role": ""})
    world.bob.refresh_from_db()
    assert world.bob.desk_role == ""
    last = client.post(reverse("ops:desk_person_role", args=[world.olga.public_id]), {"role": ""}, follow=True)
    world.olga.refresh_from_db()
    assert world.olga.is_operator and "last operator" in last.content.decode()
