"""Pages of the shell over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path

from safeconduct.accounts.models import LegalDocument, User
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Permanent, Refused, Temporary
from safeconduct.orgs.models import Membership
from safeconduct.web import errors
from safeconduct.web import urls as web_urls
from tests.conftest import World

pytestmark = pytest.mark.django_db


def words(response: HttpResponse) -> str:
    """The page's text without mark-up."""
    text = response.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_landing_leads_to_membership_services(client: Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Subscriber login" in words(page)
    assert "Membership services" in words(page)
    assert 'href=""' not in page.content.decode()


def test_every_page_carries_the_policy(client: Client) -> None:
    for address in ("/", "/legal/privacy/", "/no-such-page/"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("slug", ["privacy", "terms", "cookies", "accessibility", "sources"])
def test_footer_documents(client: Client, slug: str) -> None:
    page = client.get(f"/legal/{slug}/")
    assert page.status_code == 200
    assert len(words(page)) > 1000


def test_a_published_version_replaces_the_shipped_text(client: Client) -> None:
    for version, text in ((1, "The first."), (2, "Ours & true. <script>alert(1)</script>")):
        LegalDocument.objects.update_or_create(
            slug="privacy",
            version=version,
            language="en",
            defaults={"title": "Notice", "body_markdown": text},
        )
    page = client.get("/legal/privacy/")
    newest = LegalDocument.objects.filter(slug="privacy").order_by("-version").first()
    assert newest is not None
    assert f"Version {newest.version}" in words(page)
    assert "<script>alert" not in page.content.decode()


def test_unknown_document_is_not_found(client: Client) -> None:
    assert client.get("/legal/nothing/").status_code == 404


def test_the_language_is_kept_and_turns_the_page(client: Client) -> None:
    page = client.post("/display/", {"language": "ar", "next": "/"})
    assert page.headers["Location"] == "/"
    arabic = client.get("/").content.decode()
    assert '<html lang="ar" dir="rtl"' in arabic
    assert "Skip to the content" not in arabic


def test_the_night_is_kept_and_given_back(client: Client) -> None:
    client.post("/display/", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/display/", {"theme": "system"})
    assert "data-theme" not in client.get("/").content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_choice_leads_nowhere_else(client: Client, target: str) -> None:
    page = client.post("/display/", {"language": "de", "next": target})
    assert page.headers["Location"] == "/display/"


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    page = client.post("/display/", {"language": "tlh"})
    assert "safeconduct_language" not in page.cookies


def test_home_is_in_the_order_of_the_portal(world: World, client: Client) -> None:
    client.force_login(world.bob)
    text = words(client.get("/"))
    order = ["Welcome to the", "Search destinations", "MyTravel Tools", "Get prepared for your trip", "My trips",
             "My Organization", "E-mail alerts and digests", "Membership ID", "Get the app"]  # fmt: skip
    places = [
        text.index(title, text.index("Welcome to the") if title != "Welcome to the" else 0)
        for title in order[:-1]
    ]
    assert places == sorted(places)
    assert text.rindex("Get the app") > places[-1]


def test_home_has_no_dead_links(world: World, client: Client) -> None:
    client.force_login(world.bob)
    page = client.get("/").content.decode()
    links = set(re.findall(r'<a [^>]*href="(/[^"#?]*)', page))
    assert len(links) > 8
    assert [link for link in sorted(links) if client.get(link, follow=True).status_code >= 400] == []


def test_home_offers_no_trip_once_the_membership_has_ended(world: World, client: Client) -> None:
    client.force_login(world.bob)
    for address in ("/", "/trips/"):
        assert 'href="/trips/new/"' in client.get(address).content.decode()
    Membership.objects.of_user(world.bob).update(ends_on=clock.today() - timedelta(days=1))
    for address in ("/", "/trips/"):
        page = client.get(address)
        assert "/trips/new/" not in page.content.decode()
        assert "Register" not in words(page)
        assert "Your membership has ended." in words(page)


def test_home_asks_for_a_name_until_there_is_one(world: World, client: Client) -> None:
    client.force_login(world.bob)
    assert "Tell us your name" not in words(client.get("/"))
    User.objects.filter(pk=world.bob.pk).update(given_name="")
    page = client.get("/")
    assert "Tell us your name" in words(page)
    assert page.content.decode().split("Tell us your name")[1].split('href="')[1].startswith("/account/")


def test_organization_page_is_the_members_own(world: World, client: Client) -> None:
    client.force_login(world.bob)
    text = words(client.get("/my-organization/"))
    assert world.northfield.name in text
    assert world.southgate.name not in text


def test_a_person_in_no_organisation_is_led_to_associate(world: World, client: Client) -> None:
    client.force_login(world.charlie)
    page = client.get("/")
    assert page.status_code == 302
    assert page.headers["Location"] != "/"


# Pages of errors -----------------------------------------------------------------------------------------------


def failing(request: HttpRequest, kind: str) -> HttpResponse:
    raise {
        "notfound": NotFound("trip 1 of Dana"),
        "refused": Refused("trip.over", "This trip is over."),
        "temporary": Temporary("feed", timedelta(seconds=90)),
        "permanent": Permanent("secret cause"),
        "forbidden": PermissionDenied(),
        "bug": ZeroDivisionError("secret cause"),
        "database": DatabaseError("secret cause"),
    }[kind]


urlpatterns = [path("fail/<str:kind>/", failing), path("", include(web_urls))]
handler400, handler403, handler404, handler500 = (
    errors.bad_request, errors.forbidden, errors.not_found, errors.server_error,
)  # fmt: skip


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        ("notfound", 404, "There is no such page"),
        ("refused", 409, "This trip is over."),
        ("temporary", 503, "Not possible just now"),
        ("permanent", 422, "This cannot be done"),
        ("forbidden", 403, "Your role does not include this"),
        ("bug", 500, "We could not do this"),
        ("database", 500, "We could not do this"),
    ],
)
def test_each_failure_has_a_page_that_gives_nothing_away(
    client: Client, kind: str, status: int, says: str
) -> None:
    client.raise_request_exception = False
    page = client.get(f"/fail/{kind}/")
    text = words(page)
    assert page.status_code == status
    assert says in text
    assert "secret cause" not in text
    assert "Dana" not in text
    assert "24-hour help" in text


@pytest.mark.parametrize("address", ["/branding/%00.css", "/?membnum=%00", "/dev/mailbox/?to=a%00b"])
def test_nul_in_an_address_is_no_failure_of_ours(client: Client, address: str) -> None:
    """PostgreSQL stores no NUL and says so by failing."""
    assert client.get(address).status_code == 400


@pytest.mark.parametrize("length", [str(30 * 1024 * 1024), "9" * 5000, "-1", "²"])
def test_a_body_larger_than_any_form_is_not_read(client: Client, length: str) -> None:
    page = client.post("/membership/", {"membnum": "x"}, CONTENT_LENGTH=length)
    assert page.status_code == 400
    assert "We could not read that request" in words(page)


@pytest.mark.urls(__name__)
def test_our_own_failure_has_a_number_that_the_log_has_too(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.raise_request_exception = False
    with caplog.at_level("ERROR", logger="safeconduct.web"):
        page = client.get("/fail/bug/")
    number = re.search(r"<strong[^>]*>([0-9A-F]{6})</strong>", page.content.decode())
    assert number
    [record] = [record for record in caplog.records if getattr(record, "error_id", "") == number[1]]
    # Of an invitation's address the log must not learn the token.
    assert record.__dict__["path"] == "fail/<str:kind>/"


def test_a_stale_form_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/display/")
    page = client.post("/display/", {"language": "de"})
    assert page.status_code == 403
    assert "This form has expired" in words(page)


def test_without_cookies_the_page_says_so() -> None:
    page = Client(enforce_csrf_checks=True).post("/display/", {"language": "de"})
    assert page.status_code == 403
    assert "Cookies must be enabled" in words(page)


def test_too_many_tries_says_when_to_come_back() -> None:
    request = RequestFactory().get("/")
    page = errors.too_many(request, timedelta(minutes=7, seconds=1))
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "421"
    assert "Try again in 8 minutes." in words(page)


def test_held_clock_reaches_the_page(world: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECONDUCT_AT", datetime(2026, 11, 22, 10, 40, tzinfo=UTC).isoformat())
    client.force_login(world.bob)
    assert "22 Nov" in words(client.get("/"))


@pytest.mark.urls(__name__)
def test_the_page_of_our_failure_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_anything: object) -> None:
        raise DatabaseError("connection refused")

    monkeypatch.setattr("safeconduct.web.context.help_centre", gone)
    client.raise_request_exception = False
    page = client.get("/fail/bug/")
    assert page.status_code == 500
    assert "We could not do this" in words(page)


def test_pages_follow_the_readers_language_and_zone(world: World, client: Client) -> None:
    world.bob.language, world.bob.zone = "de", "Asia/Kathmandu"
    world.bob.save()
    client.force_login(world.bob)
    page = client.get("/")
    assert '<html lang="de"' in page.content.decode()
    assert "(UTC+5:45)" in words(page)
    client.post("/display/", {"language": "en"})
    assert '<html lang="en"' in client.get("/").content.decode()
    world.bob.refresh_from_db()
    assert world.bob.language == "en"


def test_a_home_page_asks_the_database_a_bounded_number_of_times(
    world: World, client: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    client.force_login(world.bob)
    client.get("/")
    with django_assert_max_num_queries(40):
        client.get("/")


def test_the_offline_page_is_the_same_for_everybody(world: World, client: Client) -> None:
    script = client.get("/service-worker.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "no-cache" in script.headers["Cache-Control"]
    assert 'credentials: "omit"' in script.content.decode()
    assert world.northfield.name not in client.get("/offline/").content.decode()
