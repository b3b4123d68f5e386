"""From the membership number to the warning that concerns the new member, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from safeconduct.lib import clock
from tests.conftest import World
from tests.e2e import browser as chromium
from tests.e2e.conftest import LEYTE, OpenPage, log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

Run = Callable[[Callable[[], Any]], Any]
PASSWORD = "Orchard-lane-42"


def mails_to(address: str, run: Run) -> list[dict[str, str]]:
    """What the outbox holds for an address, filled in as its reader sees it, oldest first."""

    def read() -> list[dict[str, str]]:
        from safeconduct.outbox.models import Delivery
        from safeconduct.outbox.rendering import fill

        rows = Delivery.objects.filter(address=address).select_related("message").order_by("pk")
        return [
            {
                "kind": row.message.kind,
                "text": fill(
                    row.message.text,
                    {**row.slots, "unsubscribe_url": row.unsubscribe_url, "address": address},
                ),
                "code": str(row.slots.get("code", "")),
            }
            for row in rows
        ]

    return list(run(read))


def settle(run: Run) -> None:
    """Do what is due in matching."""

    def work() -> None:
        from safeconduct.matching import jobs

        while jobs.run_due():
            pass

    run(work)


def join(page: Page, email: str, run: Run) -> None:
    """Steps 1 to 5: number, sign-up, code, number again."""
    page.goto("/")
    page.get_by_role("link", name="Membership services").click()
    page.get_by_label("Membership number").fill("nfu-26-004417")
    page.get_by_role("button", name="Get started").click()
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Organisation e-mail").fill(email)
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.locator("#id_consent").check()
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("h1")).to_have_text("Confirm your address")
    page.get_by_label("Code").fill(mails_to(email, run)[-1]["code"])
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator("h1")).to_have_text("Enter your membership number")
    expect(page.get_by_label("Membership number")).to_have_value("NFU-26-004417")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_contain_text(
        "Welcome to the Northfield University Global Assistance Programme"
    )


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_from_the_number_to_the_warning(open_page: OpenPage, in_thread: Run, javascript: bool) -> None:
    email = f"maya.{'brandt' if javascript else 'lind'}@northfield.example.edu"
    page = open_page(width=360 if javascript else 1280, javascript=javascript)
    join(page, email, in_thread)

    for words, found in (("munchen", "Munich"), ("日本", "Japan")):
        page.goto("/")
        page.locator("#q").fill(words)
        page.locator("#q").press("Enter")
        expect(page.get_by_role("link", name=found).first).to_be_visible()

    page.get_by_role("link", name="Japan").first.click()
    expect(page.locator("h1")).to_contain_text("Japan")
    page.get_by_role("button", name="Get e-mail alerts").click()
    expect(page.locator("main")).to_contain_text("Japan")

    start = clock.now().replace(tzinfo=None, hour=9, minute=0) - timedelta(days=1)
    page.goto("/trips/new/")
    page.locator("#id_s0-place").fill("Tacloban")
    page.locator("#id_s0-arrive").fill(start.strftime("%Y-%m-%dT%H:%M"))
    page.locator("#id_s0-depart").fill((start + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Register the trip").last.click()
    expect(page.locator("h1")).to_contain_text("Tacloban")

    settle(in_thread)
    page.goto("/")
    alert = page.locator("article.alert", has_text="Typhoon will cross Leyte")
    expect(alert).to_contain_text("Tacloban is inside the warning area")
    # Other tests of the same site may have warned of something else there.
    mails = [mail for mail in mails_to(email, in_thread) if mail["kind"].startswith("alert.")]
    warning = [mail for mail in mails if "Typhoon will cross Leyte" in mail["text"]]
    assert len(warning) == 1
    assert "Tacloban is inside the warning area" in " ".join(warning[0]["text"].split())
    assert chromium.sideways_faults(page) == []


def test_the_first_screen_says_call_what_and_why(
    open_page: OpenPage, state_of: Callable[[str], dict[str, Any]]
) -> None:
    page = open_page(width=360, state=state_of("bob@northfield.example.edu"))
    page.goto("/")
    for part in (".helpline .call", "article.alert .alert-head", "article.alert h2", "article.alert .why"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + min(box["height"], 60) < chromium.HEIGHT - 60, part


def test_suggestions_are_chosen_by_keyboard(
    open_page: OpenPage, state_of: Callable[[str], dict[str, Any]]
) -> None:
    page = open_page(state=state_of("bob@northfield.example.edu"))
    page.goto("/")
    page.locator("#q").press_sequentially("taclob", delay=20)
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[role=option]").first).to_contain_text("Tacloban", timeout=20_000)
    page.keyboard.press("ArrowDown")
    active = page.locator("#q").get_attribute("aria-activedescendant")
    assert active
    expect(page.locator(f"#{active}")).to_contain_text("Tacloban")
    assert chromium.axe_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("a")
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Tacloban")


def test_the_password_list_follows_the_typing(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/account/signup/")
    page.locator("#id_email").fill("maya.brandt@northfield.example.edu")
    page.locator("#id_password1").fill("Brandt-1")
    met = page.locator(".checks .is-met")
    expect(met).to_have_count(4)
    expect(page.locator("[data-rule=name]")).to_have_class("is-missed")
    page.locator("#id_password1").fill(PASSWORD)
    expect(met).to_have_count(6)
    page.locator("[data-show=id_password1]").click()
    assert page.locator("#id_password1").get_attribute("type") == "text"
    assert chromium.axe_faults(page) == []


def test_a_form_in_error_takes_the_focus_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(width=360)
    page.goto("/account/signup/")
    page.locator("#id_email").fill("someone@gmail.com")
    page.locator("#id_password1").fill("short")
    page.locator("#id_password2").fill("other")
    page.locator("main .btn--main").click()
    summary = page.locator("[data-focus]")
    expect(summary).to_be_focused()
    expect(page.locator("#id_email")).to_have_value("someone@gmail.com")
    assert chromium.axe_faults(page) == []


def test_a_manager_of_another_organisation_sees_nothing_of_it(open_page: OpenPage, scene: World) -> None:
    page = open_page()
    log_in(page, scene.dana.email)
    page.goto("/manage/")
    assert "Leyte" not in page.locator("main").inner_text()
    assert "Bob" not in page.locator("main").inner_text()


def test_a_second_warning_does_not_repeat_the_first(open_page: OpenPage, in_thread: Run) -> None:
    """The same feed read twice tells nobody twice."""
    address = "bob@northfield.example.edu"
    before = len(mails_to(address, in_thread))

    def again() -> None:
        from tests.alerts.messages import message, put

        now = clock.now()
        data = message(
            "e2e-2", sent=(now - timedelta(minutes=5)).isoformat(timespec="seconds"),
            expires=(now + timedelta(days=1)).isoformat(timespec="seconds"), polygon=LEYTE, headline="Flood in Leyte",
        )  # fmt: skip
        put(data, at=now)
        put(data, at=now)

    in_thread(again)
    settle(in_thread)
    settle(in_thread)
    assert len(mails_to(address, in_thread)) == before + 1
