"""From an empty folder to the first traveller signed in, by browser and mailbox alone: no demo, no shell.

The product runs as its own process (`safeconduct serve`), as an operator would start it; mails go to a server on
loopback. With SAFECONDUCT_PICTURES set, each step leaves a screenshot there.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import HEIGHT
from tests.outbox.sink import Mail, Sink

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
CLI = Path(sys.executable).with_name("safeconduct")
PASSWORD = "Orchard-lane-42"
NUMBER = "HFI-26-000181"
DOMAIN = "hillfort.example.edu"
LINK = re.compile(r"https?://[^\s<>]+")


class Installation:
    """A served, empty folder and its mail server."""

    def __init__(self, home: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            self.port = probe.getsockname()[1]
        self.sink = Sink()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TZ"}}
        settings = {"SAFECONDUCT_HOME": str(home), "SAFECONDUCT_PORT": str(self.port)}
        self.log = home.with_name("serve.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([CLI, "serve"], env=kept | settings, stdout=log, stderr=log)

    def start_link(self, seconds: float = 120) -> str:
        """Return the one-time link that `serve` prints once it answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(rf"{re.escape(self.url)}/desk/start/\?token=\S+", self.log.read_text())
            if found and self.answers():
                return found.group()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.3)
        raise AssertionError(self.log.read_text())

    def answers(self) -> bool:
        """Return whether somebody listens."""
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def mail_to(self, address: str, containing: str = "", seconds: float = 40) -> Mail:
        """Return the newest mail to the address, waiting for it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for mail in reversed(self.sink.mails):
                if address in mail.recipient and containing in mail.part("plain"):
                    return mail
            time.sleep(0.3)
        raise AssertionError(
            f"no mail to {address}: {[m.recipient for m in self.sink.mails]}\n{self.log.read_text()}"
        )

    def close(self) -> None:
        """Stop it as a machine does that shuts down."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.sink.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Serve an empty folder."""
    made = Installation(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def new_page(browser: Browser, installation: Installation) -> Iterator[Callable[[], Page]]:
    """Make pages of separate people."""
    contexts = []

    def make() -> Page:
        contexts.append(
            browser.new_context(
                base_url=installation.url, viewport={"width": 1280, "height": HEIGHT}, locale="en-GB"
            )
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        return page

    yield make
    for context in contexts:
        context.close()


def picture(page: Page, name: str) -> None:
    """Keep a screenshot, when a folder for them is given."""
    folder = os.environ.get("SAFECONDUCT_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"operator-{name}.png", full_page=True)


def go_on(page: Page) -> None:
    """Press the step's main button."""
    page.locator("main .btn--main").first.click()
    page.wait_for_load_state()


def set_up(page: Page, installation: Installation) -> None:
    """The operator's part."""
    page.goto(installation.start_link())
    picture(page, "1-account")
    page.fill("[name=email]", "ada@desk.example.org")
    page.fill("[name=given_name]", "Ada")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.check("[name=consent]")
    go_on(page)
    picture(page, "2-address")
    go_on(page)
    page.fill("[name=host]", "127.0.0.1")
    page.fill("[name=port]", str(installation.sink.port))
    page.select_option("[name=tls]", "none")
    page.fill("[name=from_address]", "travel@hillfort.example.edu")
    go_on(page)
    picture(page, "3-mail")
    assert installation.mail_to("ada@desk.example.org")
    page.goto("/desk/start/organisation/")
    for name, value in {
        "name": "Hillfort Institute", "short_name": "Hillfort", "number": NUMBER, "domains": DOMAIN,
        "programme": "Hillfort Institute Global Assistance Programme", "colour": "#5b3a7a",
    }.items():  # fmt: skip
        page.fill(f"main [name={name}]", value)
    picture(page, "4-organisation")
    go_on(page)
    page.fill("main [name=email]", f"mia@{DOMAIN}")
    page.fill("main [name=given_name]", "Mia")
    picture(page, "5-manager")
    go_on(page)
    for name, value in {"name": "Denver Centre", "place_name": "Denver", "phone": "+1 303 555 0142"}.items():
        page.fill(f"main [name={name}]", value)
    page.select_option("main [name=country_code]", "US")
    page.check("main [name=is_24_hours]")
    page.check("main [name=medical]")
    picture(page, "6-centres")
    go_on(page)
    page.goto("/desk/start/done/")
    picture(page, "7-done")
    page.goto("/desk/")
    picture(page, "8-desk")


def code_in(mail: Mail) -> str:
    """Return the code of a verification mail."""
    found = re.search(r"Your code: (\S+)", mail.part("plain"))
    assert found, mail.part("plain")
    return found.group(1)


def sign_up(page: Page, installation: Installation, email: str) -> None:
    """Make an account and confirm the address."""
    page.fill("[name=email]", email)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.check("[name=consent]")
    go_on(page)
    page.fill("main [name=code]", code_in(installation.mail_to(email, "code")))
    go_on(page)


def test_an_empty_folder_becomes_a_portal_with_a_traveller_in_it(
    installation: Installation, new_page: Callable[[], Page]
) -> None:
    began = time.monotonic()
    operator = new_page()
    set_up(operator, installation)

    manager = new_page()
    invitation = installation.mail_to(f"mia@{DOMAIN}", "/invitation/")
    link = next(url for url in LINK.findall(invitation.part("plain")) if "/invitation/" in url)
    manager.goto(link)
    picture(manager, "9-invitation")
    go_on(manager)
    if manager.locator("main [name=password1]").count() == 0:
        manager.goto("/account/signup/")
    sign_up(manager, installation, f"mia@{DOMAIN}")
    if "/associate/" in manager.url:
        picture(manager, "9b-accept")
        go_on(manager)
    manager.goto("/manage/")
    assert "Hillfort" in manager.locator("body").inner_text()
    assert manager.locator("h1").is_visible()
    picture(manager, "10-console")

    traveller = new_page()
    traveller.goto(f"/membership/?membnum={NUMBER.lower()}")
    go_on(traveller)
    traveller.goto("/account/signup/")
    sign_up(traveller, installation, f"noor@{DOMAIN}")
    if "/associate/" in traveller.url:
        go_on(traveller)
    traveller.goto("/")
    assert (
        "Welcome to the Hillfort Institute Global Assistance Programme"
        in traveller.locator("h1, h2").all_inner_texts().__str__()
    )
    picture(traveller, "11-home")
    assert time.monotonic() - began < 600

    # The link works once.
    stranger = new_page()
    answer = stranger.goto(installation.start_link())
    assert answer is not None and answer.status == 410
