"""What a licence does not let us quote stands nowhere: no page, no file of a guide, no mail, no command."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.advisories.parsed import ParsedArea
from safeconduct.feeds.models import Source
from safeconduct.guides.sections import CHAPTERS
from safeconduct.lib import clock
from safeconduct.matching import jobs
from tests.advisories.registers import DAY, NOW, WORDS, entry, of, put, section, source
from tests.conftest import World
from tests.matching.conftest import TripMaker, mails, trip_of

__all__ = ["trip_of"]
ClientOf = Callable[[User | None], Client]
NOTE, AREA, SAID, SUMMARY = "Znoteworthy", "Zborderland", "Zdangerous there", "Zsummarised"
SECTIONS = ("Zfirst section", "Zsecond section")
OWN = (NOTE, AREA, SAID, SUMMARY, *SECTIONS)


def publish(display: str, *, changed: bool = True) -> Source:
    """Let a source of this licence raise Japan from 2 to 4, with everything that an entry can say."""
    mine = source(f"s-{display}", display=display, name=f"Ministry {display}")
    put(entry(level=2), to=mine)
    if changed:
        texts = {
            "note": NOTE, "summary_html": f"<p>{SUMMARY}</p>", "areas": (ParsedArea(AREA, SAID, ""),),
            "sections": tuple(
                section(f"<p>{words}</p>", key, words) for words, key in zip(SECTIONS, ("health", "security"), strict=True)
            ),
        }  # fmt: skip
        put(entry(level=4, **texts), to=mine, at=NOW + DAY)
    return mine


def everything(world: World, client_of: ClientOf, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, str]]:
    """Yield (what it is, its text) of all that is said to people of official advice, but for the entry's own page."""
    bob = client_of(world.bob)
    home = "/destinations/iso:JP/"
    for address in (home, *(f"{home}{chapter.key}/" for chapter in CHAPTERS)):
        yield address, bob.get(address, follow=True).content.decode()
    for kind in ("markdown", "json"):
        answer = bob.get(f"{home}export/", {"as": kind})
        yield kind, b"".join(answer).decode() if answer.streaming else answer.content.decode()
    yield "compare", bob.get("/destinations/compare/?a=iso:JP&b=iso:KE").content.decode()
    for mail in mails():
        yield "mail", mail.subject + mail.text + mail.html
    call_command("advisories", "show", "JP", "--json")
    yield "command", capsys.readouterr().out


@pytest.mark.parametrize("display", ["link", "whole"])
def test_nothing_but_title_and_level_word_is_shown_beside_others(
    world: World,
    client_of: ClientOf,
    trip_of: TripMaker,
    capsys: pytest.CaptureFixture[str],
    display: str,
) -> None:
    trip_of(world.bob, ("JP", "2026-12-01T10:00", "2026-12-05T10:00"))
    publish(display)
    with clock.held_at(NOW + DAY):
        jobs.tell_levels()
        found = list(everything(world, client_of, capsys))
    assert len(found) >= 8
    for what, text in found:
        assert [words for words in OWN if words in text] == [], what
    assert ("Full text and history" in dict(found)["/destinations/iso:JP/"]) == (display == "whole")
    naming = [what for what, text in found if WORDS[4] in text]
    assert {"/destinations/iso:JP/", "mail", "command"} <= set(naming)


def test_what_may_be_quoted_is_quoted(
    world: World, client_of: ClientOf, trip_of: TripMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or the test above would pass because nothing is ever shown."""
    trip_of(world.bob, ("JP", "2026-12-01T10:00", "2026-12-05T10:00"))
    publish("full")
    with clock.held_at(NOW + DAY):
        jobs.tell_levels()
        text = "".join(text for _what, text in everything(world, client_of, capsys))
    assert [words for words in (NOTE, AREA, *SECTIONS) if words not in text] == []


def test_the_entrys_own_page_is_complete_or_a_link(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)

    def shown(mine: Source, day: int = 1) -> list[str]:
        with clock.held_at(NOW + day * DAY):
            page = bob.get(f"/advice/{of('JP', mine).public_id}/").content.decode()
        assert WORDS[4] in page and "Japan: travel advice" in page
        return [words for words in OWN if words in page]

    assert shown(publish("link")) == []
    whole = publish("whole")
    assert shown(whole) == [SUMMARY, *SECTIONS]
    assert shown(whole, day=9) == []
    assert set(shown(publish("full"))) >= {NOTE, AREA, SUMMARY, *SECTIONS}
    assert set(shown(publish("excerpt"))) == {NOTE, AREA, SUMMARY}


@pytest.mark.parametrize(
    "wording", [f"We advise against all travel to {AREA} and wherever else", "We advise against travel " * 5]
)
def test_a_sentence_is_no_level_word(world: World, client_of: ClientOf, wording: str) -> None:
    mine = source("linked", "fcdo", display="link")
    put(
        entry(level=None, original_level=wording, original_code="avoid_all_travel_to_parts",
              areas=(ParsedArea(AREA, wording, "avoid_all_travel_to_parts"),)),
        to=mine,
    )  # fmt: skip
    with clock.held_at(NOW):
        page = client_of(world.bob).get(f"/advice/{of('JP', mine).public_id}/").content.decode()
        guide = client_of(world.bob).get("/destinations/iso:JP/").content.decode()
    assert "We advise against" not in page + guide
