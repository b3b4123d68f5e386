"""Translations: whole where they exist, complete for what a traveller under stress must read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

from tests.web.marked import Marked, marked_strings

LOCALES = sorted((Path(__file__).resolve().parent.parent.parent / "safeconduct" / "locale").iterdir())
# The shell, errors and the alert itself: these may not fall back to English in a language that is offered.
NEEDED = [
    "Skip to the content", "24-hour help", "Call", "See all assistance centres", "My trips",
    "Log in", "Log out", "Search destinations", "Why you:", "No alert concerns you.",
    "There is no such page", "Cookies must be enabled", "You are offline", "Privacy notice", "Language and appearance",
]  # fmt: skip

CONTEXTS = [("severity", word) for word in ("Extreme", "Severe", "Moderate", "Minor")] + [
    ("navigation", word) for word in ("Home", "Destinations", "My trips", "Alerts", "Organization")
]


def catalogue(folder: Path) -> Catalog:
    with (folder / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file)


def forms(message: Message) -> list[tuple[list[str], str]]:
    """Each translation with the sources it may follow: a singular may say "one" instead of the figure."""
    if isinstance(message.id, tuple):
        return [(list(message.id), text) for text in message.string]
    return [([message.id], str(message.string))]


def test_there_are_languages() -> None:
    assert [folder.name for folder in LOCALES] == ["ar", "de", "es", "fr"]
    assert {folder.name for folder in LOCALES} | {"en"} == {code for code, _name in settings.LANGUAGES}


@pytest.fixture(scope="module")
def marked() -> set[Marked]:
    return marked_strings()


def test_the_search_for_strings_finds_those_of_code_and_templates(marked: set[Marked]) -> None:
    assert {("", "24-hour help"), ("severity", "Extreme"), ("", "capital"), ("navigation", "Home")} <= marked
    assert len(marked) > 2500


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_every_string_is_translated(folder: Path, marked: set[Marked]) -> None:
    """A new string without a translation fails: `make messages`, then translate."""
    translated = set()
    for message in catalogue(folder):
        if message.id and not message.fuzzy and all(text for _sources, text in forms(message)):
            first = message.id[0] if isinstance(message.id, tuple) else message.id
            translated.add((message.context or "", str(first)))
    assert sorted(marked - translated) == []


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_placeholders_and_markup_survive(folder: Path) -> None:
    pattern = re.compile(r"%\(\w+\)[sd]|\{\w*\}|</?\w+[^>]*>")
    for message in catalogue(folder):
        if not message.id or not message.string or not any(text for _sources, text in forms(message)):
            continue
        for sources, text in forms(message):
            assert sorted(pattern.findall(text)) in [sorted(pattern.findall(source)) for source in sources], (
                text
            )


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_what_matters_most_is_translated(folder: Path) -> None:
    words = catalogue(folder)
    missing = [text for text in NEEDED if not (message := words.get(text)) or not message.string]
    assert missing == []
    for context, word in CONTEXTS:
        found = words.get(word, context=context)
        assert found is not None and found.string


@pytest.mark.parametrize("folder", LOCALES, ids=lambda folder: folder.name)
def test_nothing_is_marked_doubtful(folder: Path) -> None:
    assert [message.id for message in catalogue(folder) if message.id and message.fuzzy] == []
