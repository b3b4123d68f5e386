"""The demonstration: an invented university, its people, trips, centres and an exercise alert.

Goes through the same actions as pages do. People, numbers and addresses are fictitious (example.edu, 555 01xx).
Refuses every folder that is not a demo folder.
"""

from __future__ import annotations

import secrets
import string
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

from safeconduct.accounts import legal
from safeconduct.accounts.actions import change_details, create_verified_user
from safeconduct.accounts.models import User
from safeconduct.alerts.ingest import read_document
from safeconduct.alerts.models import Event
from safeconduct.centres.actions import add_centre
from safeconduct.centres.details import read_details
from safeconduct.centres.models import Centre
from safeconduct.centres.queries import locate
from safeconduct.feeds.actions import add_source, keep_document
from safeconduct.feeds.models import DEMONSTRATION, Source
from safeconduct.lib import clock
from safeconduct.lib.commands import Around, quietly
from safeconduct.lib.errors import Refused
from safeconduct.ops import demo_logins, jobs, setup
from safeconduct.ops.demo_logins import Login
from safeconduct.ops.worker import Worker
from safeconduct.orgs import actions
from safeconduct.orgs.access import seat_for
from safeconduct.orgs.models import Membership, Organisation
from safeconduct.orgs.permissions import MANAGER
from safeconduct.places.models import Place
from safeconduct.places.queries import search
from safeconduct.trips.actions import register_trip
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.queries import trips_for

UNIVERSITY = "Northfield University"
PROGRAMME = "Northfield University Global Risk Management and Assistance Programme"
NUMBER = "NFU-26-004417"
DOMAIN = "northfield.example.edu"
SINCE = date(2000, 1, 1)
"""Members since then, so that recorded alerts of any year can be played back with `--at`."""
OPERATOR = "operator@portal.example.org"
# Two at the desk: what one of them writes the other one approves.
DESK = {"operator": User.DeskRole.OPERATOR, "analyst": User.DeskRole.ANALYST}
PEOPLE = (
    ("operator", OPERATOR, "Ada", "Okoye", "Europe/London"),
    ("analyst", "analyst@portal.example.org", "Ines", "Varga", "Europe/London"),
    ("manager", f"alice@{DOMAIN}", "Alice", "Moreau", "America/Denver"),
    ("traveller", f"maya@{DOMAIN}", "Maya", "Brandt", "America/Denver"),
    ("traveller", f"bob@{DOMAIN}", "Bob", "Okafor", "America/Denver"),
)
CENTRES = (
    {
        "name": "Denver Centre",
        "place_name": "Denver",
        "country_code": "US",
        "phone": "+1 303 555 0142",
        "second_phone": "+1 303 555 0143",
        "is_24_hours": "yes",
        "languages": "en, es",
        "medical": "yes",
        "security": "yes",
    },
    {
        "name": "London Centre",
        "place_name": "London",
        "country_code": "GB",
        "phone": "+44 20 7946 0123",
        "hours": "Mon-Fri 08:00-18:00; Sat 09:00-13:00",
        "languages": "en, fr, ar",
        "medical": "yes",
        "security": "no",
    },
    {
        "name": "Sydney Centre",
        "place_name": "Sydney",
        "country_code": "AU",
        "phone": "+61 2 5550 0142",
        "is_24_hours": "yes",
        "languages": "en, id, ja, zh",
        "medical": "yes",
        "security": "yes",
    },
)
EXERCISE = Path(__file__).parent / "data" / "exercise.xml"


def make(*, around: Around = quietly) -> list[Login]:
    """Set the folder up and fill it; a second time adds what is missing. Return the log-ins.

    `around` hears of each step.
    """
    if not settings.SAFECONDUCT_DEMO_FOLDER:
        raise Refused(
            "demo.folder",
            f"{settings.SAFECONDUCT_HOME} is a {settings.SAFECONDUCT_FOLDER_KIND} folder. Demo data goes into an empty folder only.",
        )
    setup.run(around=around)
    with around("People and their university"):
        logins = _logins()
        people = {login.email: _person(login) for login in logins}
        operator = people[OPERATOR]
        university = _university(operator)
        for login in logins:
            if login.role in DESK:
                continue
            membership = _member(people[login.email], university)
            if login.role == "manager":
                actions.grant_role(membership, by=operator, role=MANAGER)
    with around("Assistance centres, trips and an exercise"):
        _centres(operator)
        _trips(people, university)
        _exercise(operator)
    with around("Ratings, and whom the exercise concerns"):
        # What follows from it: matches, notices, mails in the development mailbox. Nobody else's server is asked.
        Worker([job for job in jobs.all_jobs() if not job.polls]).until_idle()
    return logins


def _logins() -> list[Login]:
    known = demo_logins.read()
    kept = {login.email: login for login in known}
    logins = [kept.get(email) or Login(role, email, _password()) for role, email, *_rest in PEOPLE]
    if logins != known:
        # Before the people are made: a start that is broken off goes on with the same passwords.
        demo_logins.write(logins)
    return logins


def _password() -> str:
    def some(letters: str, count: int) -> str:
        return "".join(secrets.choice(letters) for _ in range(count))

    # Digits between letters: no run of four letters can meet a name.
    return "-".join(
        (
            some("ABCDEFGHJKMNPQRSTUVWXYZ", 2),
            some("abcdefghjkmnpqrstuvwxyz", 3),
            some(string.digits, 4),
            some("abcdefghjkmnpqrstuvwxyz", 3),
        )
    )


def _person(login: Login) -> User:
    known = User.objects.filter(email=login.email).first()
    if known is not None:
        return known
    _role, _email, given, family, zone = next(row for row in PEOPLE if row[1] == login.email)
    person = create_verified_user(
        login.email,
        login.password,
        by=None,
        given_name=given,
        family_name=family,
        desk_role=DESK.get(login.role, ""),
    )
    change_details(person, by=person, zone=zone)
    legal.give_consent(person, legal.current_documents("en"))
    return person


def _university(operator: User) -> Organisation:
    known = Organisation.objects.filter(name=UNIVERSITY).first()
    if known is not None:
        return known
    university = actions.create_organisation(
        UNIVERSITY,
        by=operator,
        short_name="Northfield",
        hue=205,
        zone="America/Denver",
        home_country="US",
        old_address_until=clock.today() + timedelta(days=60),
    )
    programme = actions.add_programme(university, by=operator, name=PROGRAMME, valid_from=SINCE)
    actions.add_number(programme, by=operator, number=NUMBER)
    actions.add_domain(university, by=operator, domain=DOMAIN)
    return university


def _member(person: User, university: Organisation) -> Membership:
    known = Membership.objects.for_org(university).filter(user=person).first()
    if known is not None:
        return known
    membership = actions.associate(person, NUMBER)
    membership.starts_on = SINCE
    membership.save(update_fields=["starts_on"])
    return membership


def _centres(operator: User) -> None:
    for raw in CENTRES:
        if not Centre.objects.filter(name=raw["name"]).exists():
            details = read_details(raw, locate=locate).details
            if details is None:
                raise RuntimeError(f"{raw['name']} cannot be read")
            add_centre(details, by=operator)


def _city(name: str, country: str) -> Place:
    for hit in search(name, limit=50):
        if hit.kind == "city" and hit.country == country:
            return Place.objects.get(key=hit.key)
    raise RuntimeError(f"the list of places lacks {name}")


def _local(place: Place, days: int, hour: int) -> datetime:
    day = clock.now().astimezone(ZoneInfo(place.zone)).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - stops are typed in local time


def _trips(people: dict[str, User], university: Organisation) -> None:
    manila, tacloban, lisbon = _city("Manila", "PH"), _city("Tacloban", "PH"), _city("Lisbon", "PT")
    itineraries = {
        f"maya@{DOMAIN}": ("Field work in Leyte", [
            StopDraft(place=manila, arrive=_local(manila, -4, 22), depart=_local(manila, -2, 8), kind="lodging"),
            StopDraft(place=tacloban, arrive=_local(tacloban, -2, 10), depart=_local(tacloban, 6, 9), kind="lodging"),
        ]),
        f"bob@{DOMAIN}": ("Conference in Lisbon", [
            StopDraft(place=lisbon, arrive=_local(lisbon, 20, 11), depart=_local(lisbon, 25, 16), kind="lodging"),
        ]),
    }  # fmt: skip
    for email, (title, stops) in itineraries.items():
        person = people[email]
        if not trips_for(person).exists():
            membership = (
                Membership.objects.for_org(university)
                .select_related("organisation", "programme")
                .get(user=person)
            )
            register_trip(seat_for(person, membership), title=title, stops=stops, by=person)


def _exercise(operator: User) -> None:
    source = Source.objects.filter(key=DEMONSTRATION).first() or add_source(
        by=operator,
        key=DEMONSTRATION,
        format="cap",
        name="Example Weather Service (exercise)",
        country_code="PH",
        language="en",
        licence="Invented for this demonstration",
        trust=Source.Trust.OTHER,
    )
    if Event.objects.filter(source=source).exists():
        return
    now = clock.now().replace(microsecond=0)
    text = EXERCISE.read_text(encoding="utf-8").format(
        sent=(now - timedelta(hours=1)).isoformat(),
        onset=(now + timedelta(hours=10)).isoformat(),
        expires=(now + timedelta(days=3)).isoformat(),
    )
    document = keep_document(
        text.encode(),
        origin="shipped with the demonstration",
        content_type="application/cap+xml",
        received_at=now,
    )
    read_document(document, source=source, at=now)
