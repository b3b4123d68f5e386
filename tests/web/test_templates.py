"""What holds for every template of every room: strict CSP, translatable words, names for controls."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent.parent / "safeconduct"
PAGES = sorted(PACKAGE.glob("*/templates/**/*.html"))
# Mails carry their style in the head: mail programs know nothing else.
MAILS = {path for path in PAGES if {"mail", "mails", "email", "emails", "outbox"} & set(path.parts)}
ALLOWED_WORDS = {
    "Safeconduct",
    "UTC",
    "CAP",
    "CSV",
    "PDF",
    "JSON",
    "HTML",
    "SMTP",
    "GitHub",
    "USGS",
    "Android",
    "example",
    "edu",
}
ALLOWED_TEXTS = {"Message-ID", "schema.org"}
SPOKEN = ("aria-label", "placeholder", "title", "alt", "data-th", "data-busy")


def plain(path: Path) -> str:
    """The markup with Django's tags taken out; translated text becomes a full stop."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)
    text = re.sub(r"{% blocktrans.*?{% endblocktrans\w* %}", ".", text, flags=re.DOTALL)
    return re.sub(r"{%.*?%}|{{.*?}}", ".", text, flags=re.DOTALL)


class Words(HTMLParser):
    """Collects words that would reach a reader untranslated."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "svg", "code", "kbd"):
            self.silent += 1
        self.found += [
            f'{name}="{value}"' for name, value in attrs if name in SPOKEN and value and self.wordy(value)
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "svg", "code", "kbd"):
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent and self.wordy(data):
            self.found.append(data.strip())

    @staticmethod
    def wordy(text: str) -> bool:
        return text.strip() not in ALLOWED_TEXTS and any(
            word not in ALLOWED_WORDS for word in re.findall(r"[^\W\d_]{3,}", text)
        )


def short(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_are_templates() -> None:
    assert len(PAGES) > 20


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_no_inline_style_or_script(path: Path) -> None:
    text = plain(path)
    assert not re.search(r"\sstyle\s*=", text), "style attribute"
    assert not re.search(r"\son[a-z]+\s*=", text), "event attribute"
    assert not re.search(r"javascript:", text, re.IGNORECASE)
    for body in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert not body.strip(), "inline script"
    if path not in MAILS:
        assert "<style" not in text


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_every_word_can_be_translated(path: Path) -> None:
    reader = Words()
    reader.feed(plain(path))
    assert reader.found == []


@pytest.mark.parametrize("path", [page for page in PAGES if page not in MAILS], ids=short)
def test_forms_that_write_carry_the_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b[^>]*method=.post.*?</form>", text, re.DOTALL | re.IGNORECASE):
        assert "csrf_token" in form


@pytest.mark.parametrize("path", [page for page in PAGES if page not in MAILS], ids=short)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = plain(path)
    assert not re.search(r"<(script|link|img|iframe|source)[^>]*(src|href)=.?(https?:)?//", text)


def test_scripts_build_no_markup_from_text() -> None:
    for path in PACKAGE.glob("*/static/**/*.js"):
        if "vendor" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), short(
            path
        )


def test_every_icon_that_is_named_is_drawn() -> None:
    sprite = (PACKAGE / "web/static/web/icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite))
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"{% icon [\"']([a-z0-9-]+)[\"']", text))
        named |= set(re.findall(r"\bicon=[\"']([a-z0-9-]+)[\"']", text))
        assert named <= drawn, f"{short(path)}: {named - drawn}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_hides_its_origin_from_its_own_form(path: Path) -> None:
    """With `no-referrer` a browser sends `Origin: null` with the press of a button, and the form check refuses it."""
    assert "no-referrer" not in path.read_text(encoding="utf-8")
