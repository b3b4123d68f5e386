"""The writing room: what is open, every part of a place's guide, writing, the second person, history.

A text that a form sent is never dropped: whatever is refused, it comes back in the form.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.models import User
from safeconduct.guides import actions, keeping, writing
from safeconduct.guides.differences import differences
from safeconduct.guides.models import Edition
from safeconduct.guides.sections import CHAPTERS, PARTS
from safeconduct.guides.text import citations_of, preview_of
from safeconduct.guides.writing import APPROVE, WRITE
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.desk.guideforms import ApprovalForm, ReturnForm, WritingForm, default_review_day
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.orgs.permissions import DESK_RIGHTS
from safeconduct.places.models import Place
from safeconduct.places.queries import find, localised_name, place_by_key

PAGE = 40
FOUND = 12
State = Edition.State
SHOW_WORDS = {
    "open": gettext_lazy("Everything open"),
    "review": gettext_lazy("Waits for a second person"),
    "draft": gettext_lazy("Being written"),
    "scheduled": gettext_lazy("Published later"),
    "due": gettext_lazy("To be read again"),
    "published": gettext_lazy("Published"),
}
# Sign of a state on the product's scale: waiting, to do, done.
LEVELS = {
    State.DRAFT: "0", State.REVIEW: "3", State.SCHEDULED: "2", State.PUBLISHED: "1", State.REPLACED: "0",
    State.WITHDRAWN: "0",
}  # fmt: skip

# As short as a badge in a column; the page of a text says more.
BADGES = {
    State.DRAFT: gettext_lazy("draft"), State.REVIEW: gettext_lazy("to approve"),
    State.SCHEDULED: gettext_lazy("approved"), State.PUBLISHED: gettext_lazy("published"),
    State.REPLACED: gettext_lazy("replaced"), State.WITHDRAWN: gettext_lazy("withdrawn"),
}  # fmt: skip


def _language() -> str:
    return get_language() or "en"


def _may(request: HttpRequest, right: str) -> bool:
    return right in DESK_RIGHTS.get(signed_in(request).desk_role, frozenset())


def _line(edition: Edition, names: dict[int, str]) -> dict[str, Any]:
    """A text for a list: state with its sign, who wrote and who approved."""
    gone = _("a person who has left")
    return {
        "edition": edition,
        "part": PARTS[edition.part].label if edition.part in PARTS else edition.part,
        "language": dict(settings.LANGUAGES).get(edition.language, edition.language),
        "level": LEVELS[State(edition.state)],
        "word": BADGES[State(edition.state)],
        "writer": names.get(edition.written_by_id, gone),
        "writers": ", ".join(dict.fromkeys(names.get(key, gone) for key in edition.writer_ids)),
        "returner": names.get(edition.returned_by_id, gone) if edition.returned_by_id else "",
        "approver": names.get(edition.approved_by_id, gone) if edition.approved_by_id else "",
        "is_due": edition.state == State.PUBLISHED and writing.is_due(edition, clock.today()),
    }


@require_safe
@desk_right_required(WRITE)
def guides(request: HttpRequest) -> HttpResponse:
    """What is open, waits, is published later or should be read again; the way to any place's guide."""
    words, asked = request.GET.get("q", "").strip()[:100], request.GET.get("show", "open")
    show = asked if asked in writing.SHOWS else "open"
    page = Paginator(writing.listed(show, clock.today()), PAGE).get_page(request.GET.get("page"))
    names = writing.names_of(page)
    places = {row.place_id: localised_name(row.place, _language()) for row in page}
    counts = writing.counts(clock.today())
    context = {
        "nav": "guides",
        "words": words,
        "hits": find(words, lang=_language(), limit=FOUND).hits if words else [],
        "show": show,
        "shows": [(code, word, counts[code]) for code, word in SHOW_WORDS.items()],
        "ignored": [] if asked in writing.SHOWS else [asked[:40]],
        "page": page,
        "lines": [{**_line(row, names), "place": places[row.place_id]} for row in page],
        "me": signed_in(request).pk,
    }
    return render(request, "ops/desk/guides.html", context)


def _where_read(place: Place, part: str) -> str:
    """The address where readers see a part of a guide."""
    chapter = next((row.key for row in CHAPTERS if part in {one.key for one in row.parts}), "overview")
    if chapter == "overview":
        return f"{reverse('guides:destination', args=[place.key])}#{part}"
    return f"{reverse('guides:chapter', args=[place.key, chapter])}#{part}"


def _place(key: str) -> Place:
    """A place by its key; a merged one is found by its successor's key alone. Raises NotFound."""
    place = place_by_key(key)
    if place.key != key:
        raise NotFound("place")
    return place


@require_safe
@desk_right_required(WRITE)
def guide_place(request: HttpRequest, key: str) -> HttpResponse:
    """Every part of a guide in a language: what is published, what is being written."""
    place = _place(key)
    language = request.GET.get("language", "en")
    language = language if language in dict(settings.LANGUAGES) else "en"
    chapters = writing.parts_of(place, language, clock.today())
    rows = [
        row for chapter in chapters for line in chapter.lines for row in (line.published, line.open) if row
    ]
    names = writing.names_of(rows)
    done = writing.languages_of(place)
    context = {
        "nav": "guides",
        "place": place,
        "name": localised_name(place, _language()),
        "language": language,
        "languages": [(tag, label, done.get(tag, 0)) for tag, label in settings.LANGUAGES],
        "parts": len(PARTS),
        "chapters": [
            {
                "label": chapter.chapter.label,
                "lines": [
                    {
                        "part": line.part,
                        "published": _line(line.published, names) if line.published else None,
                        "open": _line(line.open, names) if line.open else None,
                        "others": line.others,
                    }
                    for line in chapter.lines
                ],
            }
            for chapter in chapters
        ],
        "is_listed": place.state == Place.State.ACTIVE,
    }
    return render(request, "ops/desk/guide_place.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(WRITE)
def guide_part(request: HttpRequest, key: str, part: str, language: str) -> HttpResponseBase:
    """One part in one language: what readers see, what is being written, what there was. POST begins a text."""
    place, section = _place(key), writing.the_part(part)
    if language not in dict(settings.LANGUAGES):
        raise NotFound("language")
    rows = writing.editions_of(place, part, language)
    being_written = next((row for row in rows if row.state in actions.OPEN), None)
    if request.method == "POST":
        if being_written is None:
            edition = actions.begin_edition(place, part, language, by=signed_in(request))
            return redirect("ops:edition_write", edition.public_id)
        messages.info(request, _("A text for this part is already being written. Here it is."))
        return redirect("ops:edition", being_written.public_id)
    published = next((row for row in rows if row.state == State.PUBLISHED), None)
    names = writing.names_of(rows)
    context = {
        "nav": "guides",
        "place": place,
        "name": localised_name(place, _language()),
        "part": section,
        "language": language,
        "language_name": dict(settings.LANGUAGES)[language],
        "published": _line(published, names) if published else None,
        "html": preview_of(published.body) if published else "",
        "citations": citations_of(published.sources) if published else (),
        "open": _line(being_written, names) if being_written else None,
        "lines": [_line(row, names) for row in rows],
        "is_listed": place.state == Place.State.ACTIVE,
        "page_url": _where_read(place, part),
    }
    return render(request, "ops/desk/guide_part.html", context)


@require_safe
@desk_right_required(WRITE)
def guide_compare(request: HttpRequest, key: str, part: str, language: str) -> HttpResponse:
    """What differs between any two texts of a part; at first the newest and the one before."""
    place, section = _place(key), writing.the_part(part)
    rows = writing.editions_of(place, part, language)
    by_number = {str(row.number): row for row in rows}
    newer = by_number.get(request.GET.get("b", "")) or (rows[0] if rows else None)
    older = by_number.get(request.GET.get("a", "")) or (rows[1] if len(rows) > 1 else None)
    if newer is None or older is None:
        raise NotFound("comparison")
    names = writing.names_of(rows)
    context = {
        "nav": "guides",
        "place": place,
        "name": localised_name(place, _language()),
        "part": section,
        "language": language,
        "older": _line(older, names),
        "newer": _line(newer, names),
        "lines": [_line(row, names) for row in rows],
        "body": differences(older.body, newer.body),
        "sources": differences(older.sources, newer.sources),
    }
    return render(request, "ops/desk/guide_compare.html", context)


@require_safe
@desk_right_required(WRITE)
def edition(request: HttpRequest, public_id: str) -> HttpResponse:
    """One text: what it says, how it differs from what readers see, and what can be done with it now."""
    return _edition_page(request, writing.the_edition(public_id))


def _edition_page(
    request: HttpRequest, row: Edition, form: forms.Form | None = None, refusal: str = ""
) -> HttpResponse:
    """The page; `form`: the one of its forms that was sent and refused."""
    before = row.based_on if row.state == State.PUBLISHED else writing.published_of(row)
    before = None if before is not None and before.pk == row.pk else before
    user = signed_in(request)
    names = writing.names_of([row, *([before] if before else [])])
    context = {
        "nav": "guides",
        "line": _line(row, names),
        "edition": row,
        "name": localised_name(row.place, _language()),
        "page_url": _where_read(row.place, row.part),
        "html": preview_of(row.body),
        "citations": citations_of(row.sources),
        "before": _line(before, names) if before else None,
        "body": differences(before.body, row.body) if before else None,
        "sources": differences(before.sources, row.sources) if before else None,
        "is_own": user.pk in row.writer_ids,
        "is_last_writer": row.written_by_id == user.pk,
        "may_approve": _may(request, APPROVE),
        "form": form if isinstance(form, ApprovalForm) else ApprovalForm(zone=user.zone),
        "return_form": form if isinstance(form, ReturnForm) else ReturnForm(),
        "refusal": refusal,
        **_second_person(request, row),
    }
    return render(request, "ops/desk/edition.html", context)


def _second_person(request: HttpRequest, row: Edition, *, without: User | None = None) -> dict[str, Any]:
    """Whether nobody is there who could approve it, and whether the reader may let somebody in."""
    waits = row.state in (State.DRAFT, State.REVIEW)
    return {
        "lacks_second": waits and not writing.may_be_approved(row, without=without),
        "may_add_people": _may(request, "desk.people"),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(WRITE)
def edition_write(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Write a draft: look at it, keep it, hand it on."""
    row = writing.the_edition(public_id)
    if request.method != "POST":
        if row.state != State.DRAFT:
            return redirect("ops:edition", public_id)
        initial = WritingForm.initial_of(row)
        if row.revision == 1:
            initial["review_due_on"] = default_review_day(row)
        return _writing_page(request, row, WritingForm(initial=initial))
    form = WritingForm(request.POST)
    if not form.is_valid() or request.POST.get("do") == "preview":
        return _writing_page(request, row, form, is_preview=True)
    kept = _kept(request, row, form)
    if kept is None:
        return _writing_page(request, row, form)
    if request.POST.get("do") != "submit":
        messages.success(request, _("Saved."))
        return redirect("ops:edition_write", public_id)
    fields = {"edition.empty": "body", "edition.note": "change_note"}
    if attempt(form, lambda: actions.submit_edition(kept, by=signed_in(request)), fields) is None:
        # It was saved: sent once more, the form has to name the revision of that.
        return _writing_page(request, writing.the_edition(public_id), form, is_saved=True)
    messages.success(request, _("Handed on. A second person reads it before it is published."))
    return redirect("ops:edition", public_id)


def _kept(request: HttpRequest, row: Edition, form: WritingForm) -> Edition | None:
    """Save what was typed; None when that was refused. A text that nobody changed keeps its writer."""
    is_newest = row.state == State.DRAFT and form.cleaned_data["revision"] == row.revision
    if is_newest and not form.differs_from(row):
        return row
    fields = {"edition.long": "body"}
    return attempt(form, lambda: actions.save_draft(row, by=signed_in(request), **form.draft()), fields)


def _writing_page(
    request: HttpRequest, row: Edition, form: WritingForm, *, is_preview: bool = False, is_saved: bool = False
) -> HttpResponse:
    """The page with what was typed. When somebody else saved meanwhile, theirs stands beside it."""
    typed, typed_sources = (
        str(form["body"].value() or "").replace("\r\n", "\n"),
        str(form["sources"].value() or "").replace("\r\n", "\n"),
    )
    seen = str(form["revision"].value())
    is_late = form.is_bound and not is_saved and (seen != str(row.revision) or row.state != State.DRAFT)
    published = writing.published_of(row)
    names = writing.names_of([row])
    context = {
        "nav": "guides",
        "line": _line(row, names),
        "edition": row,
        "name": localised_name(row.place, _language()),
        "form": form,
        # After both were read, saving once more is meant.
        "revision": row.revision,
        "is_late": is_late,
        "theirs": differences(row.body, typed) if is_late else None,
        "is_draft": row.state == State.DRAFT,
        "is_preview": is_preview,
        "html": preview_of(typed),
        "citations": citations_of(typed_sources),
        "body": differences(published.body, typed) if published else None,
        **_second_person(request, row, without=signed_in(request)),
    }
    return render(request, "ops/desk/edition_write.html", context)


@require_POST
@desk_right_required(WRITE)
def edition_move(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Hand on, approve, give back or withdraw a text."""
    row, by, do = writing.the_edition(public_id), signed_in(request), request.POST.get("do", "")
    is_public = row.state in (State.PUBLISHED, State.SCHEDULED)
    if (do in ("approve", "approve_at") or (do == "withdraw" and is_public)) and not _may(request, APPROVE):
        raise NotFound("page")
    form: forms.Form | None = None
    if do == "approve_at":
        form = ApprovalForm(request.POST, zone=by.zone)
    elif do == "return" and row.written_by_id != by.pk:
        form = ReturnForm(request.POST)
    if form is not None and not form.is_valid():
        return _edition_page(request, row, form)
    try:
        text = _moved(row, do, form, by)
    except Refused as refusal:
        return _edition_page(request, writing.the_edition(public_id), form, refusal.text)
    keeping.forget()
    messages.success(request, text)
    return redirect("ops:edition", public_id)


def _moved(row: Edition, do: str, form: forms.Form | None, by: User) -> str:
    """Do it and say so. Raises Refused, NotFound for a word that is none of these."""
    if do == "submit":
        actions.submit_edition(row, by=by)
        return _("Handed on. A second person reads it before it is published.")
    if do == "approve":
        actions.approve_edition(row, by=by)
        return _("Approved and published.")
    if do == "approve_at" and isinstance(form, ApprovalForm):
        actions.approve_edition(row, by=by, publish_at=form.at)
        return _("Approved. It is published at that time.")
    if do == "return":
        actions.return_edition(row, by=by, reason=form.cleaned_data["reason"] if form is not None else "")
        return _("Given back: it can be written on.")
    if do == "withdraw":
        actions.withdraw_edition(row, by=by)
        return _("Withdrawn. It stays in the history.")
    raise NotFound("verb")


@require_POST
@desk_right_required(WRITE)
def guide_preview(request: HttpRequest) -> HttpResponse:
    """A text as readers would see it, for the page that shows it while it is typed."""
    body, sources = request.POST.get("body", ""), request.POST.get("sources", "")
    context = {"html": preview_of(body), "citations": citations_of(sources[:4000])}
    return render(request, "ops/parts/preview.html", context)
