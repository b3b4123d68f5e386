"""Taking a guide along: the address, names, chapters, the kept files, too many at once, the command."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.guides import exporting, pdf
from safeconduct.guides.actions import write_note
from safeconduct.guides.asjson import FORMAT
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Temporary
from safeconduct.places.models import Place
from safeconduct.places.queries import place_by_key
from tests.conftest import World
from tests.guides.specimens import guide

Clients = Callable[[AbstractBaseUser | None], Client]
ADDRESS = "/destinations/iso:KE/export/"


@pytest.fixture(autouse=True)
def held(settings: object, tmp_path: Path) -> Iterator[None]:
    settings.SAFECONDUCT_HOME = tmp_path  # type: ignore[attr-defined]  # pytest-django's settings take any name
    with clock.held_at(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)):
        yield


def test_pdf_to_print(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    answer = client.get(ADDRESS, {"as": "pdf"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == 'attachment; filename="Safeconduct-Kenya-2026-11-24.pdf"'
    assert answer["Cache-Control"] == "private, no-cache"
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content))
    for words in ("Kenya", "Nairobi", "Kenyan Shilling", "112", "GeoNames", "Northfield"):
        assert words in text
    # A second request is answered from the kept file, a third with the tag by nothing.
    again = client.get(ADDRESS, {"as": "pdf"})
    assert again.content == answer.content and again["ETag"] == answer["ETag"]
    unchanged = client.get(ADDRESS, {"as": "pdf"}, headers={"if-none-match": answer["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_markdown_and_json_of_chosen_chapters(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    chosen = client.get(ADDRESS, {"as": "markdown", "chapter": ["medical", "contacts"]})
    text = chosen.content.decode()
    assert chosen["Content-Disposition"].endswith('.md"') and "## Medical" in text and "## Travel" not in text
    data = client.get(ADDRESS, {"as": "json", "chapter": ["travel"]}).json()
    assert data["format"] == FORMAT and [each["key"] for each in data["chapters"]] == ["travel"]
    assert data["made_at"] == "2026-11-24T09:00:00+00:00" and "ratings" not in data and "map_svg" not in data
    whole = client.get(ADDRESS, {"as": "json"}).json()
    assert len(whole["chapters"]) == 6 and "advice" in whole
    fact = next(
        fact for part in data["chapters"][0]["parts"] for fact in part["facts"] if fact["field"] == "currency"
    )
    assert fact["text"] == "Kenyan Shilling (KES)" and fact["citations"][0]["on"] == "2026-11-24"


def test_what_there_is_not_is_not_found(world: World, client_of: Clients) -> None:
    client = client_of(world.bob)
    for query in ({"as": "docx"}, {"as": "json", "chapter": ["poetry"]}):
        assert client.get(ADDRESS, query).status_code == 404
    assert client.get("/destinations/iso:QQ/export/").status_code == 404
    assert client_of(None).get(ADDRESS).status_code == 302


def test_a_note_of_an_organisation_is_in_its_own_files_alone(world: World, client_of: Clients) -> None:
    write_note(
        world.northfield, place_by_key("iso:KE"), "care", body="Ask the **dean** first.", by=world.alice
    )
    texts = [
        client_of(person).get(ADDRESS, {"as": "markdown"}).content.decode()
        for person in (world.bob, world.dana)
    ]
    assert "Ask the **dean** first." in texts[0] and "dean" not in texts[1]
    assert "Northfield" in texts[0] and "Northfield" not in texts[1]
    files = [client_of(person).get(ADDRESS, {"as": "pdf"}) for person in (world.bob, world.dana)]
    assert files[0]["ETag"] != files[1]["ETag"]
    said = [
        "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(file.content))
        for file in files
    ]
    assert "dean" in said[0] and "dean" not in said[1]


def test_the_language_is_that_of_the_page(world: World, client_of: Clients) -> None:
    User.objects.filter(pk=world.bob.pk).update(language="fr")
    text = (
        client_of(world.bob)
        .get(ADDRESS, {"as": "markdown"}, headers={"accept-language": "fr"})
        .content.decode()
    )
    assert "Kenya" in text and "shilling kényan" in text


def test_names_of_files_are_safe() -> None:
    assert (
        exporting.file_name(guide(name="Côte d’Ivoire"), "pdf") == "Safeconduct-Côte-d-Ivoire-2026-11-24.pdf"
    )
    assert exporting.file_name(guide(name='../../x\\y"\r\n'), "pdf") == "Safeconduct-x-y-2026-11-24.pdf"
    assert exporting.file_name(guide(name="السعودية"), "md") == "Safeconduct-السعودية-2026-11-24.md"


def test_another_version_language_day_brand_or_choice_is_another_file(world: World) -> None:
    def tag(**changes: object) -> str:
        options = {
            "as_": "json",
            "chapters": None,
            "organisation": None,
            **{k: v for k, v in changes.items() if k in ("as_", "chapters", "organisation")},
        }
        document = guide(**{k: v for k, v in changes.items() if k not in options})
        return exporting.export(document, **options).etag  # type: ignore[arg-type]  # by name

    base = tag()
    other = [
        tag(version="other"), tag(language="fr"), tag(made_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC)), tag(as_="markdown"),
        tag(chapters=frozenset({"contacts"})), tag(organisation=world.northfield), tag(organisation=world.southgate),
    ]  # fmt: skip
    assert tag() == base and len({base, *other}) == 8
    # All chapters by name are the whole guide.
    assert tag(chapters=frozenset({"overview", "before", "contacts"})) == base
    world.northfield.hue = 20
    assert tag(organisation=world.northfield) not in other


def test_kept_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(range(100))
    monkeypatch.setattr(pdf, "set_pdf", lambda _job: b"%PDF-" + bytes([next(made)]) * 1000)
    monkeypatch.setattr(exporting, "MOST_BYTES", 3500)
    bodies = [exporting.export(guide(version=str(number)), as_="pdf").body for number in range(6)]
    assert len(set(bodies)) == 6
    files = list(exporting.folder().iterdir())
    assert len(files) == 3 and all(file.suffix == ".pdf" for file in files)


def test_too_many_at_once_are_told_when_to_come_again(
    world: World, client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "WAIT_SECONDS", 0.05)
    running, let_go = threading.Semaphore(0), threading.Event()

    def slow(_job: pdf.Job) -> bytes:
        running.release()
        let_go.wait(20)
        return b"%PDF-slow"

    monkeypatch.setattr(pdf, "set_pdf", slow)
    threads = [
        threading.Thread(target=exporting.export, args=(guide(version=str(number)),), kwargs={"as_": "pdf"})
        for number in range(exporting.AT_ONCE)
    ]
    try:
        for thread in threads:
            thread.start()
        for _thread in threads:
            assert running.acquire(timeout=20)
        answer = client_of(world.bob).get(ADDRESS, {"as": "pdf"})
        assert (answer.status_code, answer["Retry-After"]) == (503, "20")
        # Another form needs no turn.
        assert client_of(world.bob).get(ADDRESS, {"as": "json"}).status_code == 200
    finally:
        let_go.set()
        for thread in threads:
            thread.join(20)
    assert exporting.export(guide(version="after"), as_="pdf").body == b"%PDF-slow"


def test_a_full_queue_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_queue", threading.BoundedSemaphore(1))
    exporting._queue.acquire()
    with pytest.raises(Temporary):
        exporting.export(guide(version="queued"), as_="pdf")


def test_a_child_that_dies_is_a_clear_page(
    world: World, client_of: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dead = tmp_path / "dead.py"
    dead.write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setattr(pdf, "CHILD", dead)
    answer = client_of(world.bob).get(ADDRESS, {"as": "pdf"})
    assert answer.status_code == 409 and "could not be set within the limits" in answer.content.decode()


def test_unknown_forms_are_refused_below_the_page_too() -> None:
    with pytest.raises(NotFound):
        exporting.export(guide(), as_="docx")
    with pytest.raises(NotFound):
        exporting.export(guide(), as_="json", chapters=frozenset({"poetry"}))


# The command.


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("guide", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_command_prints_and_writes(tmp_path: Path) -> None:
    assert "Kenyan Shilling" in run("KE") and "# Kenya: " in run("ke", "--markdown")
    assert json.loads(run("184745", "--json", "--lang", "de"))["language"] == "de"
    assert json.loads(run("iata:NBO", "--json", "--chapter", "contacts"))["chapters"][0]["key"] == "contacts"
    run("JP", "--lang", "ar", "--pdf", str(tmp_path / "jp.pdf"))
    assert (tmp_path / "jp.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["QQ"], "there is no place QQ"), (["Xqzzwvk"], "there is no place Xqzzwvk"), (["1"], "there is no place 1"), (["iata:QQQ"], "there is no place iata:QQQ"),
        (["KE", "--lang", "qq"], "there is no language qq"), ([], "name a place"), (["KE", "--chapter", "x"], "no chapter x"),
    ],
)  # fmt: skip
def test_command_answers_the_unknown_in_a_sentence(arguments: list[str], sentence: str) -> None:
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("guide", *arguments, stdout=io.StringIO(), stderr=said)
    assert ended.value.code == 2 and sentence in said.getvalue()


@pytest.mark.django_db
def test_command_finds_a_place_by_its_name() -> None:
    def key(*arguments: str) -> str:
        return str(json.loads(run(*arguments, "--json", "--chapter", "contacts"))["key"])

    assert key("Kenya") == key("kenya") == key("KEN") == "iso:KE"
    assert key("Kenia", "--lang", "de") == "iso:KE"
    assert key("Nairobi") == "geonames:184745"
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("guide", "Nai", stdout=io.StringIO(), stderr=said)
    assert ended.value.code == 2 and "several places may be meant by Nai" in said.getvalue()
    assert "geonames:184745  Nairobi, Kenya" in said.getvalue()


@pytest.mark.django_db
def test_command_checks_all(monkeypatch: pytest.MonkeyPatch) -> None:
    Place.objects.filter(kind__in=("country", "territory")).exclude(key__in=("iso:KE", "iso:JP")).update(
        state="vanished"
    )
    rows = json.loads(run("--all", "--langs", "en,ar", "--json"))["languages"]
    assert [(row["language"], row["guides"], row["faults"]) for row in rows] == [("en", 2, 0), ("ar", 2, 0)]
    assert [row["language"] for row in json.loads(run("--all", "--lang", "de", "--json"))["languages"]] == ["de"]
    from safeconduct.guides.management.commands import guide as command

    def broken(document: object, chapters: object = None) -> object:
        raise ValueError("broken")

    monkeypatch.setattr(command, "guide_json", broken)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("guide", "--all", "--json", stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue())["faults"][0]["error"] == "ValueError: broken"


def test_the_form_leads_there(world: World, client_of: Clients) -> None:
    page = client_of(world.bob).get("/destinations/iso:KE/").content.decode()
    assert f'action="{ADDRESS}"' in page and page.count('name="chapter"') == 6
    for value in exporting.FORMATS:
        assert f'name="as" value="{value}"' in page


def test_an_edition_of_the_same_content_is_the_same_file() -> None:
    """The moment of making alone changes nothing within a day."""
    later = replace(guide(), made_at=datetime(2026, 11, 24, 18, 0, tzinfo=UTC))
    assert exporting.export(guide(), as_="json").etag == exporting.export(later, as_="json").etag
