"""Pictures of what is shared of trips: calendar and files, companions, delegates, groups.

`python -m tests.e2e.trippictures OUT [WIDTH[-dark] …]` starts a demonstration of its own, enters a group, delegates and
companions, and takes each page. It judges nothing: somebody has to look. Pages wider than the screen are named.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.e2e.browser import ROOT, running_browser
from tests.e2e.screenshots import COMMAND, PATIENCE_MS, people_in, signed_in, wait_for

SIZES = ("360", "1280", "360-dark")
LIST = "new.person@guests.example.org\tNoor\tExample\nlena@guests.example.org\nno address here\nLee Two <two@guests.example.org>"


def scene(traveller: str, manager: str) -> list[str]:
    """Enter it into the folder of the environment; return the ids of group, trip, delegation and entered trip."""
    import django

    django.setup()
    from safeconduct.accounts.models import User
    from safeconduct.lib import clock
    from safeconduct.orgs.access import seat_for
    from safeconduct.orgs.models import Membership
    from safeconduct.places.queries import resolve
    from safeconduct.trips.actions import register_trip
    from safeconduct.trips.companions import CompanionDraft, set_companions
    from safeconduct.trips.delegating import enter_trip, name_delegate
    from safeconduct.trips.drafts import StopDraft
    from safeconduct.trips.groups import add_people, make_group
    from safeconduct.trips.imports.people import people_in as listed

    maya, alice = User.objects.get(email=traveller), User.objects.get(email=manager)
    org = Membership.objects.of_user(alice)[0].organisation
    seat = seat_for(maya, Membership.objects.for_org(org).get(user=maya))
    day = clock.now().replace(tzinfo=None, minute=0, second=0, microsecond=0) + timedelta(days=30)
    nairobi, berlin = resolve("Nairobi"), resolve("Berlin")
    flight = StopDraft(place=resolve("MUC"), to_place=resolve("NBO"), kind="flight", depart=day, arrive=day + timedelta(hours=10))
    house = StopDraft(
        place=nairobi, kind="lodging", arrive=day + timedelta(hours=12), depart=day + timedelta(days=8), address="Uhuru Guest House"
    )  # fmt: skip
    group = make_group(org, name="Rift Valley excursion", title="Rift Valley excursion 2027", stops=[flight, house], by=alice)
    people = listed(f"{maya.email}\nlena@guests.example.org;Lena;Hart\nomar@guests.example.org;Omar;Aziz").people
    add_people(group, people, by=alice)
    visit = StopDraft(place=berlin, kind="lodging", arrive=day + timedelta(days=20), depart=day + timedelta(days=26))
    trip = register_trip(seat, title="Family visit to Berlin", stops=[visit], by=maya)
    along = [
        CompanionDraft("Ada Example", address="ada@guests.example.org"), CompanionDraft("Lee Example", True, responsible=0),
        CompanionDraft("Kim Example", True),
    ]  # fmt: skip
    set_companions(trip, along, by=maya)
    name_delegate(org, traveller=maya, address=alice.email, by=maya)
    name_delegate(org, traveller=None, address=maya.email, by=alice)
    given = name_delegate(org, traveller=alice, address=maya.email, by=alice)
    talk = StopDraft(place=berlin, arrive=day, depart=day + timedelta(days=3))
    entered = enter_trip(seat, given, title="Conference in Berlin", stops=[talk])
    return [group.public_id, trip.public_id, given.public_id, entered.public_id]


def keep(page: Page, target: Path) -> None:
    """Take the whole page."""
    page.wait_for_load_state("networkidle")
    size = page.viewport_size or {"width": 360, "height": 900}
    wide, tall = (int(page.evaluate(f"document.documentElement.scroll{side}")) for side in ("Width", "Height"))
    if wide > size["width"]:
        print(f"{target.name} is {wide} wide")
    page.set_viewport_size({"width": size["width"], "height": max(tall, 600)})
    page.screenshot(path=target, type="jpeg", quality=50)
    page.set_viewport_size(size)


def take(browser: Browser, url: str, people: dict[str, tuple[str, str]], ids: list[str], out: Path, sizes: list[str]) -> None:
    """All pages of both people."""
    group, trip, given, entered = ids
    pages = {
        "traveller": {
            "list": "/trips/", "trip": f"/trips/{trip}/", "companions": f"/trips/{trip}/companions/",
            "delegates": "/trips/delegates/", "entered": f"/trips/entered/{entered}/",
            "entered-new": f"/trips/delegates/{given}/new/", "files": "/trips/files/",
        },
        "manager": {
            "trips": "/manage/trips/", "groups": "/manage/trips/groups/", "delegates": "/manage/trips/delegates/",
            "group-change": f"/manage/trips/groups/{group}/change/", "group": f"/manage/trips/groups/{group}/",
        },
    }  # fmt: skip
    for role, paths in pages.items():
        state = signed_in(browser, url, people[role])
        for size in sizes:
            width, _dash, scheme = size.partition("-")
            context = browser.new_context(
                base_url=url, viewport={"width": int(width), "height": 900}, color_scheme="dark" if scheme else "light",
                storage_state=state,  # type: ignore[arg-type]
            )  # fmt: skip
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            for name, path in paths.items():
                page.goto(path)
                keep(page, out / f"{role}-{name}-{size}.jpg")
            if role == "traveller":
                page.locator("form[action$='/make/'] button").click()
                page.wait_for_selector("#address")
                keep(page, out / f"{role}-calendar-address-{size}.jpg")
            else:
                page.fill("textarea[name=people]", LIST)
                page.locator("form[action$='/people/'] .btn--main").click()
                page.wait_for_selector("input[name=people]", state="attached")
                keep(page, out / f"{role}-group-preview-{size}.jpg")
            context.close()


def main(out: Path, sizes: list[str]) -> None:
    """Start a demonstration, enter the scene, take the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **os.environ, "SAFECONDUCT_HOME": folder, "SAFECONDUCT_PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
        }  # fmt: skip
        made = subprocess.run([COMMAND, "demo"], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        people = people_in(made.stdout)
        asked = [sys.executable, "-m", "tests.e2e.trippictures", "--scene", people["traveller"][0], people["manager"][0]]
        entered = subprocess.run(asked, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        server = subprocess.Popen([COMMAND, "serve"], env=environment, cwd=ROOT)
        try:
            wait_for(port)
            with running_browser() as browser:
                take(browser, f"http://127.0.0.1:{port}", people, entered.stdout.split()[-4:], out, sizes)
        finally:
            server.terminate()
            server.wait(timeout=20)


if __name__ == "__main__":
    if sys.argv[1] == "--scene":
        print(*scene(*sys.argv[2:4]))
    else:
        main(Path(sys.argv[1]), sys.argv[2:] or list(SIZES))
