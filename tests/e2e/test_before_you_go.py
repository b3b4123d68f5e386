"""Two journeys across the house, with a picture of every turn.

A booking that is forwarded becomes a trip, is approved, prepared for by mail and briefing, and the organisation sees that
the briefing was acknowledged. An agency's file warns somebody who has no account; when she signs up her trip is there.

    E2E_PICTURES=docs/evidence/journeys pytest -m e2e tests/e2e/test_before_you_go.py

Where the recordings are at hand the booking is KDE Itinerary's recorded mail, sent on by its passenger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.lib import clock
from tests.conftest import SAMPLES, World, join, make_user
from tests.e2e import browser as chromium
from tests.e2e.conftest import OpenPage, log_in
from tests.e2e.test_journey import join as sign_up
from tests.e2e.test_journey import mails_to, settle
from tests.inbox.mails import AUTHSERV, flight, mail

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

Run = Callable[[Callable[[], Any]], Any]
State = Callable[[str], dict[str, Any]]
ALICE, EVA = "alice@northfield.example.edu", "eva.green@northfield.example.edu"
RECORDED = SAMPLES / "itineraries-kitinerary" / "extractordata" / "synthetic" / "flight-booking.eml"
VOUCHED = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=northfield.example.edu\n".encode()


def forwarded() -> bytes:
    """The mail as her server passes it on: recorded while its flight lies ahead, else one made like it."""
    if RECORDED.is_file() and clock.today() < date(2027, 2, 1):
        message = message_from_bytes(RECORDED.read_bytes())
        del message["From"]
        message["From"] = EVA
        return VOUCHED + message.as_bytes()
    day = (clock.today() + timedelta(days=100)).isoformat()
    return mail(
        flight("110", reference="RXJ34P", day=day, name="Eva Green", origin="SFO", to="JFK", leaves="20:15", lands="23:30",
               offsets=("-08:00", "-05:00")),
        sender=EVA, message_id="<eva@northfield.example.edu>",
    )  # fmt: skip


def look(page: Page, pictures: Path | None, name: str) -> None:
    """Check the page as it is, and keep its picture."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert chromium.axe_faults(page) == [], name
    if pictures:
        picture(page, pictures / f"{name}.png")


def picture(page: Page, path: Path) -> None:
    """Keep a picture of the whole page in a window as tall as it is: bars stand where they belong."""
    size = page.viewport_size
    assert size is not None
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    page.screenshot(path=str(path), full_page=True)
    page.set_viewport_size(size)


def keep_mail(page: Page, pictures: Path | None, name: str, found: dict[str, str]) -> None:
    """Keep what the mail says, as its reader would see the text."""
    if pictures:
        page.set_content(f"<pre style='font: 15px/1.5 monospace; white-space: pre-wrap; padding: 24px'>{found['text']}</pre>")
        page.screenshot(path=str(pictures / f"{name}.png"), full_page=True)


@pytest.fixture
def vouching(settings: Any) -> None:
    """Let the portal's own mail server vouch for senders."""
    settings.SAFECONDUCT_BOOKINGS_AUTHSERV = AUTHSERV
    settings.SAFECONDUCT_BOOKINGS_ADDRESS = "bookings@portal.example.org"


@pytest.fixture
def rule(scene: World, in_thread: Run) -> Iterator[None]:
    """Ask approval of every trip to a country named; nobody is asked any more afterwards, since the scene is everybody's."""
    from safeconduct.trips.models import ApprovalRule

    def switch(*, on: bool) -> None:
        ApprovalRule.objects.for_org(scene.northfield).update_or_create(
            organisation=scene.northfield,
            defaults={"is_on": on, "countries": ["US"], "always": False, "advisory_from": None},
        )

    in_thread(lambda: switch(on=True))
    yield
    in_thread(lambda: switch(on=False))


def work(run: Run, *, minutes: int = 0) -> None:
    """Do what is due, here and so many minutes later."""

    def do() -> None:
        from safeconduct.advice import jobs as advice
        from safeconduct.inbox import jobs as inbox
        from safeconduct.trips import jobs as trips

        with clock.held_at(clock.now() + timedelta(minutes=minutes)):
            inbox.read_due()
            trips.attach_due()
            for _round in range(3):
                advice.run_due()

    run(do)


@pytest.mark.usefixtures("vouching", "rule")
def test_a_forwarded_booking_becomes_a_trip_that_is_approved_and_prepared_for(
    scene: World, open_page: OpenPage, state_of: State, in_thread: Run, pictures: Path | None
) -> None:
    def begin() -> str:
        from safeconduct.inbox import roadsettings

        join(make_user(EVA, "Eva", "Green"), scene.seat(scene.bob).membership.programme)
        return roadsettings.new_secret(by=scene.olga)

    secret = in_thread(begin)
    eva = open_page(width=360)
    log_in(eva, EVA)
    answer = eva.request.post(
        "/inbox/hand-in/", data=forwarded(), headers={"Authorization": f"Bearer {secret}", "Content-Type": "message/rfc822"}
    )
    assert answer.status == 202
    work(in_thread)
    answers = [one for one in mails_to(EVA, in_thread) if one["kind"] == "booking.answer"]
    assert len(answers) == 1
    keep_mail(open_page(width=720), pictures, "1-answer-to-the-mail", answers[0])
    eva.goto("/trips/bookings/")
    expect(eva.locator("main")).to_contain_text("RXJ34P")
    look(eva, pictures, "2-my-bookings")
    eva.goto("/trips/")
    eva.locator("main a[href*='/trips/']", has_text=re.compile("New York|JFK|Kennedy|San Francisco")).first.click()
    expect(eva.get_by_role("heading", name="This trip awaits approval")).to_be_visible()
    look(eva, pictures, "3-the-trip-awaits-approval")
    expect(eva.locator("main")).to_contain_text("Entered from bookings that you handed in")
    trip_url = eva.url

    manager = open_page(state=state_of(ALICE), width=1280)
    manager.goto("/manage/approvals/")
    manager.locator("main a[href*='/manage/approvals/']").first.click()
    look(manager, pictures, "4-the-manager-decides")
    manager.get_by_role("button", name="Approve").click()
    expect(manager.get_by_text("Approved. The traveller is told.")).to_be_visible()

    work(in_thread, minutes=10)
    before = [one for one in mails_to(EVA, in_thread) if one["kind"] == "trip.briefing"]
    assert len(before) == 1
    assert "/advisor/" in before[0]["text"]
    keep_mail(open_page(width=720), pictures, "5-the-mail-before-the-trip", before[0])

    manager.goto("/manage/trips/?briefing=open")
    expect(manager.locator("main")).to_contain_text("Eva Green")
    eva.goto(trip_url)
    expect(eva.get_by_role("heading", name="This trip is approved")).to_be_visible()
    eva.locator("section[aria-labelledby=briefing] a.btn").click()
    eva.get_by_role("button", name="Get your briefing").click()
    for _step in range(9):
        if eva.get_by_role("button", name="I have read this briefing").count():
            break
        eva.locator("button[name=go][value=next], main form .btn--main").first.click()
    look(eva, pictures, "6-the-checklist")
    eva.get_by_role("button", name="I have read this briefing").click()
    expect(eva.locator("main").get_by_text("Acknowledged").first).to_be_visible()
    look(eva, pictures, "7-acknowledged")

    manager.goto("/manage/trips/?briefing=open")
    expect(manager.locator("main")).not_to_contain_text("Eva Green")
    manager.goto("/manage/trips/?state=approved")
    manager.locator("main tr", has_text="Eva Green").get_by_role("link").first.click()
    expect(manager.locator("main")).to_contain_text("cknowledged")
    look(manager, pictures, "8-the-manager-sees-it")
    work(in_thread, minutes=20)
    assert len([one for one in mails_to(EVA, in_thread) if one["kind"] == "trip.briefing"]) == 1


def test_an_agency_file_warns_somebody_without_account_who_then_finds_her_trip(
    open_page: OpenPage, state_of: State, in_thread: Run, pictures: Path | None, tmp_path: Path
) -> None:
    email = "ines.castro@northfield.example.edu"
    today = clock.today()
    rows = tmp_path / "agency.csv"
    rows.write_text(
        "id,email,given_name,family_name,title,place,arrive,depart\n"
        f"AG-77,{email},Ines,Castro,Reef count,Tacloban,{today - timedelta(days=1)},{today + timedelta(days=4)}\n"
    )
    manager = open_page(state=state_of(ALICE), width=1280)
    manager.goto("/manage/trips/import/")
    manager.fill("#id_source", "Example Travel")
    manager.set_input_files("#id_file", str(rows))
    manager.get_by_role("button", name="Enter the trips").click()
    expect(manager.locator("main")).to_contain_text("without an account")
    look(manager, pictures, "21-the-file-is-read")

    settle(in_thread)
    mails = mails_to(email, in_thread)
    warned = [one for one in mails if "Typhoon will cross Leyte" in one["text"]]
    assert len(warned) == 1, [one["kind"] for one in mails]
    keep_mail(open_page(width=720), pictures, "22-the-warning-without-an-account", warned[0])

    ines = open_page(width=360, javascript=False)
    sign_up(ines, email, in_thread)
    work(in_thread)
    ines.goto("/trips/")
    expect(ines.locator("main")).to_contain_text("Reef count")
    look_without_script(ines, pictures, "23-her-trip-is-there")
    ines.get_by_role("link", name="Reef count").first.click()
    expect(ines.locator("main")).to_contain_text("Example Travel")
    look_without_script(ines, pictures, "24-with-its-origin")
    settle(in_thread)
    again = [one for one in mails_to(email, in_thread) if "Typhoon will cross Leyte" in one["text"]]
    assert len(again) == 1


def look_without_script(page: Page, pictures: Path | None, name: str) -> None:
    """Check the width and keep the picture of a page on which no script runs."""
    assert chromium.sideways_faults(page) == []
    if pictures:
        picture(page, pictures / f"{name}.png")
