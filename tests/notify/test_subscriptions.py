"""Pages of subscriptions, with and without script, and the links in mails that stop them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.notify.actions import subscribe
from safeconduct.notify.models import Subscription, UnsubscribeLink
from safeconduct.places.queries import place_by_key
from safeconduct.trips.models import Trip
from tests.alerts.messages import put
from tests.conftest import World
from tests.matching.conftest import TripMaker, mails, trip_of, work
from tests.matching.test_telling import STAY, storm

ClientOf = Callable[[User | None], Client]
LIST = "/subscriptions/"
ADD = "/subscriptions/add/"
__all__ = ["trip_of"]


def live(world: World, user: User) -> list[Subscription]:
    return list(
        Subscription.objects.for_org(world.northfield).filter(user=user, ended_at__isnull=True).order_by("pk")
    )


def test_subscribe_by_key_list_and_remove(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    answer = bob.post(ADD, {"place": "iso:KE", "from_severity": "Moderate"}, follow=True)
    assert answer.status_code == 200
    assert "Kenya" in answer.content.decode()
    (row,) = live(world, world.bob)
    assert (row.place.key, row.from_severity) == ("iso:KE", "Moderate")
    bob.post(ADD, {"place": "iso:KE", "from_severity": "Extreme"})
    (row,) = live(world, world.bob)
    assert row.from_severity == "Extreme"
    bob.post(reverse("notify:end", args=[row.public_id]))
    assert live(world, world.bob) == []
    actions = list(Entry.objects.filter(action__startswith="notify.").order_by("pk").values_list("action", flat=True))
    assert actions == ["notify.subscribed", "notify.subscribed", "notify.unsubscribed"]


def test_without_script_a_name_is_searched_for_and_a_choice_offered(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    bob.post(ADD, {"q": "Tacloban", "from_severity": "Severe"})
    assert [row.place.name for row in live(world, world.bob)] == ["Tacloban"]
    choice = bob.post(ADD, {"q": "San", "from_severity": "Severe"})
    body = choice.content.decode()
    assert choice.status_code == 200
    assert "Which place do you mean?" in body
    keys = re.findall(r'name="place" value="([^"]+)"', body)
    assert len(keys) > 2
    bob.post(ADD, {"place": keys[0], "from_severity": "Severe"})
    assert len(live(world, world.bob)) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"q": "", "from_severity": "Severe"}, "Type the name of a country or city."),
        ({"q": "Xyzzyville", "from_severity": "Severe"}, "We know no country or city of this name."),
        ({"place": "iso:XX", "from_severity": "Severe"}, "We know no country or city of this name."),
        ({"q": "Kenya", "from_severity": "Whatever"}, "Whatever"),
        ({"q": "x" * 300, "from_severity": "Severe"}, "100"),
    ],
)
def test_bad_input_is_answered_and_changes_nothing(
    world: World, client_of: ClientOf, data: dict[str, str], words: str
) -> None:
    answer = client_of(world.bob).post(ADD, data)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert live(world, world.bob) == []


def test_another_members_subscription_is_not_there(world: World, client_of: ClientOf) -> None:
    row = subscribe(world.seat(world.bob), place=place_by_key("iso:KE"), from_severity="Severe")
    url = reverse("notify:end", args=[row.public_id])
    for user in (world.alice, world.dana):
        assert client_of(user).post(url).status_code == 404
        assert "Kenya" not in client_of(user).get(LIST).content.decode()
    assert client_of(world.charlie).post(url).status_code == 302
    assert client_of(None).post(url).status_code == 302
    assert len(live(world, world.bob)) == 1


def test_get_changes_nothing(world: World, client_of: ClientOf) -> None:
    row = subscribe(world.seat(world.bob), place=place_by_key("iso:KE"), from_severity="Severe")
    bob = client_of(world.bob)
    assert bob.get(reverse("notify:end", args=[row.public_id])).status_code == 405
    assert bob.get(ADD).status_code == 405
    assert len(live(world, world.bob)) == 1


def test_an_ended_membership_cannot_subscribe(world: World, client_of: ClientOf) -> None:
    from datetime import date

    membership = world.seat(world.bob).membership
    membership.ends_on = date(2026, 1, 1)
    membership.save()
    answer = client_of(world.bob).post(ADD, {"place": "iso:KE", "from_severity": "Severe"})
    assert answer.status_code == 400
    assert live(world, world.bob) == []
    assert "Your membership has ended" in client_of(world.bob).get(LIST).content.decode()


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def test_the_link_in_a_trips_mail_shows_then_stops_this_trip_alone(
    world: World, client_of: ClientOf, trip_of: TripMaker
) -> None:
    trip, other = trip_of(world.bob, STAY), trip_of(world.bob, STAY, title="Other")
    put(storm())
    work()
    mail = next(mail for mail in mails() if "“Field season”" in mail.text)
    link = path_of(mail.unsubscribe_url)
    stranger = client_of(None)
    shown = stranger.get(link)
    assert shown.status_code == 200
    assert "E-mail about the trip “Field season”" in shown.content.decode()
    assert 'name="robots" content="noindex"' in shown.content.decode()
    trip.refresh_from_db()
    assert trip.mail_muted_at is None
    assert "These mails are off" in stranger.post(link, follow=True).content.decode()
    rows = {row.pk: row for row in Trip.objects.for_org(world.northfield)}
    assert rows[trip.pk].mail_muted_at is not None
    assert rows[other.pk].mail_muted_at is None
    assert stranger.get("/u/nothing-of-the-kind/").status_code == 404


def test_one_click_works_without_cookies_and_tokens(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY)
    put(storm())
    work()
    strict = Client(enforce_csrf_checks=True)
    for _again in range(2):
        answer = strict.post(path_of(mails()[0].unsubscribe_url), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 204
    trip.refresh_from_db()
    assert trip.mail_muted_at is not None
    assert Entry.objects.filter(action="trip.mail_muted").count() == 1


def test_the_link_of_a_subscription_ends_it(world: World, client_of: ClientOf) -> None:
    subscribe(world.seat(world.bob), place=place_by_key("iso:PH"), from_severity="Severe")
    put(storm())
    work()
    link = path_of(mails()[0].unsubscribe_url)
    assert "E-mail alerts for Philippines" in client_of(None).get(link).content.decode()
    client_of(None).post(link, {"List-Unsubscribe": "One-Click"})
    assert live(world, world.bob) == []


def test_the_same_address_is_used_again_and_is_of_the_row_not_of_a_signature(world: World, trip_of: TripMaker) -> None:
    trip_of(world.bob, STAY)
    put(storm())
    work()
    row = UnsubscribeLink.objects.for_org(world.northfield).get()
    assert mails()[0].unsubscribe_url.endswith(f"/u/{row.token}/")
    row.delete()
    assert Client().get(path_of(mails()[0].unsubscribe_url)).status_code == 404
