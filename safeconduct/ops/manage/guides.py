"""An organisation's own notes in the guides: written part by part by its managers, read by its members alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.authors import authors_of
from safeconduct.guides import actions, keeping, writing
from safeconduct.guides.differences import differences
from safeconduct.guides.models import OrganisationNote
from safeconduct.guides.sections import CHAPTERS, PARTS
from safeconduct.guides.text import preview_of
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import Seat, right_required, signed_in, the_seat
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.models import Place
from safeconduct.places.queries import find, localised_name, place_by_key

RIGHT = "guides.note"
PAGE = 40
FOUND = 12


class NoteForm(forms.Form):
    """A note. `seen` is the one that stood there when the page was opened."""

    body = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "writing"}),
        help_text=gettext_lazy(
            "Markdown, without HTML and pictures. No personal or medical details of anybody."
        ),
    )
    seen = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)

    def text(self) -> str:
        """The note with the line ends of a text."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")


def _language() -> str:
    return get_language() or "en"


def _notes(seat: Seat) -> TenantQuerySet[OrganisationNote]:
    return OrganisationNote.objects.for_org(seat.organisation)


def _note(seat: Seat, public_id: str) -> OrganisationNote:
    """A note of the seat's organisation. Raises NotFound for another's."""
    row = _notes(seat).select_related("place").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("note")
    return row


def _current(seat: Seat, place: Place, part: str) -> OrganisationNote | None:
    return _notes(seat).filter(place=place, part=part, ended_at=None).first()


def _place(key: str) -> Place:
    place = place_by_key(key)
    if place.key != key:
        raise NotFound("place")
    return place


def _lines(rows: list[OrganisationNote]) -> list[dict[str, Any]]:
    authors = authors_of(row.by_label for row in rows)
    return [
        {
            "note": row,
            "place": localised_name(row.place, _language()),
            "part": PARTS[row.part].label if row.part in PARTS else row.part,
            "author": authors.get(row.by_label, row.by_label),
        }
        for row in rows
    ]


@require_safe
@right_required(RIGHT)
def notes(request: HttpRequest) -> HttpResponse:
    """Every note that holds, and the way to any destination."""
    seat, words = the_seat(request), request.GET.get("q", "").strip()[:100]
    rows = _notes(seat).select_related("place").filter(ended_at=None).order_by("-made_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "notes",
        "words": words,
        "hits": find(words, lang=_language(), limit=FOUND).hits if words else [],
        "page": page,
        "lines": _lines(list(page)),
    }
    return render(request, "ops/manage/notes.html", context)


@require_safe
@right_required(RIGHT)
def notes_place(request: HttpRequest, key: str) -> HttpResponse:
    """The parts of one guide, with the organisation's note where there is one."""
    seat, place = the_seat(request), _place(key)
    rows = list(_notes(seat).select_related("place").filter(place=place))
    held = {line["note"].part: line for line in _lines([row for row in rows if row.ended_at is None])}
    context = {
        "nav": "notes",
        "place": place,
        "name": localised_name(place, _language()),
        "chapters": [
            {"label": chapter.label, "lines": [(part, held.get(part.key)) for part in chapter.parts]}
            for chapter in CHAPTERS
        ],
        "past": _lines([row for row in rows if row.ended_at is not None][:20]),
    }
    return render(request, "ops/manage/notes_place.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@right_required(RIGHT)
def note_write(request: HttpRequest, key: str, part: str) -> HttpResponseBase:
    """Write the note on a part; what was typed always comes back when it cannot be kept."""
    seat, place, section = the_seat(request), _place(key), writing.the_part(part)
    held = _current(seat, place, part)
    seen = held.public_id if held else ""
    form = NoteForm(
        request.POST if request.method == "POST" else None,
        initial={"body": held.body if held else "", "seen": seen},
    )
    do, is_late = request.POST.get("do", ""), False
    if form.is_bound and form.is_valid() and do != "preview":
        is_late = form.cleaned_data["seen"] != seen
        if not form.text().strip():
            form.add_error("body", _("There is no text yet. A note that is no longer needed is ended."))
        elif not is_late and _is_kept(form, request, place, part):
            keeping.forget()
            messages.success(request, _("Saved. Your members see it in the guide."))
            return redirect("ops:notes_place", key)
    typed = str(form["body"].value() or "").replace("\r\n", "\n")
    context = {
        "nav": "notes",
        "place": place,
        "name": localised_name(place, _language()),
        "part": section,
        "seat": seat,
        "form": form,
        "seen": seen,
        "is_late": is_late,
        "held": _lines([held])[0] if held else None,
        "theirs": differences(held.body if held else "", typed) if is_late else None,
        "is_preview": do == "preview",
        "html": preview_of(typed),
    }
    return render(request, "ops/manage/note_write.html", context)


def _is_kept(form: NoteForm, request: HttpRequest, place: Place, part: str) -> bool:
    organisation, by = the_seat(request).organisation, signed_in(request)
    made = attempt(
        form,
        lambda: (
            actions.write_note(
                organisation, place, part, body=form.text(), by=by, seen=form.cleaned_data["seen"]
            )
            is not None
        ),
        {"note": "body"},
    )
    return bool(made)


@require_safe
@right_required(RIGHT)
def note(request: HttpRequest, public_id: str) -> HttpResponse:
    """One note, also one that has ended."""
    row = _note(the_seat(request), public_id)
    context = {
        "nav": "notes",
        **_lines([row])[0],
        "name": localised_name(row.place, _language()),
        "html": preview_of(row.body),
    }
    return render(request, "ops/manage/note.html", context)


@require_POST
@right_required(RIGHT)
def note_end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Take a note back. Raises Refused when another one stands there by now."""
    seat = the_seat(request)
    row = _note(seat, public_id)
    if row.ended_at is not None:
        raise Refused("note.ended", _("This note has ended already."))
    actions.write_note(
        seat.organisation, row.place, row.part, body="", by=signed_in(request), seen=row.public_id
    )
    keeping.forget()
    messages.success(request, _("Ended. Nobody sees it in the guide any more."))
    return redirect("ops:notes_place", row.place.key)


@require_POST
@right_required(RIGHT)
def note_preview(request: HttpRequest) -> HttpResponse:
    """A note as members would see it, for the page that shows it while it is typed."""
    return render(request, "ops/parts/preview.html", {"html": preview_of(request.POST.get("body", ""))})
