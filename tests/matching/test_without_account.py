"""Somebody whose trip was entered by others is warned at once; what they were told goes along when they join."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.matching.models import Exposure
from safeconduct.notify.models import Notice
from safeconduct.orgs.actions import associate
from safeconduct.trips.importing import import_trips
from tests.alerts.messages import message, put, triple
from tests.conftest import World
from tests.matching.conftest import LEYTE, NOW, mails, work

MAYA = "maya@northfield.example.edu"
FILE = f"id,email,given_name,place,arrive,depart\nA1,{MAYA},Maya,Tacloban,2026-11-19,2026-11-27\n".encode()


def warnings() -> list[str]:
    return [mail.to for mail in mails() if mail.kind != "trip.entered"]


def test_warned_without_an_account_and_once_with_it(world: World) -> None:
    with clock.held_at(NOW):
        import_trips(world.northfield, FILE, source="Agency", by=world.alice)
    put(message("S1", polygon=LEYTE, headline="Storm will cross Leyte"))
    work()
    assert warnings() == [MAYA]
    stand_in = Exposure.objects.for_org(world.northfield).get().user
    heard = Notice.objects.create(
        organisation=world.northfield, user=stand_in, kind="advisory.level.changed", told=True,
        key=f"advisory.level.changed:PH:7:{stand_in.pk}", subject_key="advisory:7",
    )  # fmt: skip
    with clock.held_at(NOW):
        user = User.objects.create_user(MAYA, "Correct-horse-7")
        EmailAddress.objects.create(user=user, email=MAYA, verified=True, primary=True)
        associate(user, "NFU-26-004417")
    heard.refresh_from_db()
    assert (heard.user, heard.key) == (user, f"advisory.level.changed:PH:7:{user.pk}")
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.user, row.trip.user) == (user, user)
    work()
    assert warnings() == [MAYA]
    put(
        message(
            "S2",
            polygon=LEYTE,
            headline="Storm is over Leyte",
            msg_type="Update",
            severity="Extreme",
            references=triple("S1"),
            sent="2026-11-20T11:00:00+00:00",
        )
    )
    work()
    assert len(warnings()) == 2
