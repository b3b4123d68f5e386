"""Official sources at the desk: freshness, switches, reading a document by hand, what was refused."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.advisories import jobs as advice
from safeconduct.advisories.ingest import half_answer, take_as_complete
from safeconduct.advisories.models import Advisory, UnknownName
from safeconduct.alerts import jobs, recognise
from safeconduct.alerts.ingest import Report, read_document
from safeconduct.feeds import actions
from safeconduct.feeds.models import Fetch, LinkedMessage, Rejection, Source
from safeconduct.feeds.shaped import is_built_to_shape, proofs
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops import access, health, sourcehealth, watch
from safeconduct.ops.desk.sourceforms import CompleteForm, DocumentForm, NewSourceForm, RegionForm, SourceForm
from safeconduct.ops.forms import attempt
from safeconduct.ops.models import SourceReport
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places.queries import country_names

FIELDS = {"source.key_taken": "key", "source.too_often": "poll_seconds"}
SHOWN = ("needs", "on", "hand", "all")
SWITCHES = {
    "on": (actions.enable_source, gettext_lazy("Switched on. It is asked within a minute.")),
    "off": (actions.disable_source, gettext_lazy("Switched off. Its alerts stay until they end.")),
    "seen": (actions.see_reissues, gettext_lazy("Noted that you have seen it.")),
}


@require_safe
@desk_right_required("sources.edit")
def sources(request: HttpRequest) -> HttpResponse:
    """Sources with their freshness; those that need somebody first. At first only those that are polled."""
    show = request.GET.get("show", "on")
    words = request.GET.get("q", "").strip()[:60]
    lines = sourcehealth.source_lines()
    chosen = {
        "needs": [line for line in lines if line.needs_you],
        "on": [line for line in lines if line.state != "off"],
        "hand": [line for line in lines if line.state == "hand"],
    }
    context = {
        "nav": "sources",
        "lines": [line for line in chosen.get(show, lines) if _speaks_of(line.source, words)],
        "show": show if show in SHOWN else "all",
        "words": words,
        "all": len(lines),
        "on": len(chosen["on"]),
        "needing": len(chosen["needs"]),
        "hand": len(chosen["hand"]),
        "ignored": [] if show in SHOWN else [show[:40]],
        "rejected": health.rejected_today(),
        "unknown_names": UnknownName.objects.filter(codes="").count(),
        "form": DocumentForm(),
        "region_form": RegionForm(),
    }
    return render(request, "ops/desk/sources.html", context)


def _speaks_of(source: Source, words: str) -> bool:
    text = f"{source.key} {source.name} {source.country_code} {source.attribution}".casefold()
    return all(word in text for word in words.casefold().split())


@require_POST
@desk_right_required("sources.edit")
def sources_region(request: HttpRequest) -> HttpResponseBase:
    """Switch the sources of a region on or off together."""
    form = RegionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a region or a country."))
        return redirect("ops:sources")
    region, by = form.cleaned_data["region"], signed_in(request)
    if request.POST.get("do") == "off":
        count = len(actions.disable_region(region, by=by))
        text = ngettext("%(n)d source switched off.", "%(n)d sources switched off.", count) % {"n": count}
    else:
        switched, left = actions.enable_region(region, by=by)
        count = len(switched)
        text = ngettext("%(n)d source switched on.", "%(n)d sources switched on.", count) % {"n": count}
        if left:
            also = ngettext(
                "%(n)d left out: the same authority in another language.",
                "%(n)d left out: the same authorities in other languages.",
                len(left),
            )
            text = f"{text} {also % {'n': len(left)}}"
    messages.success(request, text)
    return redirect("ops:sources")


@require_safe
@desk_right_required("sources.edit")
def source_report(request: HttpRequest) -> HttpResponse:
    """How the sources did in a week; the last whole week unless another is asked for."""
    kept = list(SourceReport.objects.all()[:26])
    wanted = request.GET.get("week", "")
    report = next((row for row in kept if row.week_on.isoformat() == wanted), None)
    if wanted and report is None:
        raise NotFound("report")
    report = report or (kept[0] if kept else None)
    week_on = report.week_on if report else watch.week_before(clock.now())
    context = {
        "nav": "sources",
        "week_on": week_on,
        "report": report,
        "lines": report.lines if report else watch.report_lines(week_on),
        "weeks": kept,
    }
    return render(request, "ops/desk/source_report.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("sources.edit")
def source_add(request: HttpRequest) -> HttpResponseBase:
    """Add a source; it is not polled until it is switched on."""
    # Without a licence that says more, no more than an excerpt of somebody's words is shown.
    form = NewSourceForm(request.POST or None, initial={"display": Source.Display.EXCERPT})
    add = partial(actions.add_source, by=signed_in(request))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: bool(add(**form.cleaned_data)), FIELDS)
    ):
        messages.success(request, _("Source added. Switch it on when you are ready."))
        return redirect("ops:source", form.cleaned_data["key"])
    context = {"nav": "sources", "form": form, "title": _("Add a source"), "submit": _("Add the source")}
    return render(request, "ops/desk/form.html", context)


@require_safe
@desk_right_required("sources.edit")
def source(request: HttpRequest, key: str) -> HttpResponse:
    """One source: its fetches and what was refused in its documents."""
    row = access.the_source(key)
    half = half_answer(row)
    form = CompleteForm(initial={"document": half.document_id}) if half else None
    return _source_page(request, row, half, form)


@require_POST
@desk_right_required("sources.edit")
def source_complete(request: HttpRequest, key: str) -> HttpResponseBase:
    """Take an answer that was refused as half for a complete one: exactly the one that was looked at."""
    row = access.the_source(key)
    half = half_answer(row)
    form = CompleteForm(request.POST)
    if half is None:
        messages.error(request, _("No answer of this source waits for that."))
        return redirect("ops:source", key)
    take = partial(take_as_complete, row, by=signed_in(request))
    report = attempt(form, lambda: take(**form.cleaned_data), {"complete": "reason"}) if form.is_valid() else None
    if report is None:
        # What is shown now is what the next press takes.
        shown = request.POST.copy()
        shown["document"] = str(half.document_id)
        form.data = shown
        return _source_page(request, row, half, form)
    text = ngettext(
        "Taken as complete. %(n)d entry that it no longer lists has ended.",
        "Taken as complete. %(n)d entries that it no longer lists have ended.",
        report.ended,
    )
    messages.success(request, text % {"n": report.ended})
    return redirect("ops:source", key)


def _source_page(
    request: HttpRequest, row: Source, half: Fetch | None, form: CompleteForm | None
) -> HttpResponse:
    unread = (LinkedMessage.State.UNREACHABLE, LinkedMessage.State.REFUSED)
    context = {
        "nav": "sources",
        "line": sourcehealth.source_line(row),
        "source": row,
        "fetches": row.fetches.select_related("document")[:25],
        "rejections": row.rejections.select_related("document")[:25],
        "unread": row.links.filter(state__in=unread).order_by("-listed_at")[:25],
        "half": half,
        "half_form": form,
        "half_gone": (half.known_count or 0) - half.read_count if half else 0,
        "tried_on": proofs()[row.format] if is_built_to_shape(row) else "",
        "is_advice": row.format in Source.ADVICE,
        "entries": row.advisories.filter(state=Advisory.State.ACTIVE).count(),
        "unknown_names": row.unknown_names.filter(codes="").count(),
        "reissues": row.reissues.select_related("document").filter(seen_at=None)[:5],
        "country": country_names({row.country_code}, get_language() or "en").get(row.country_code, ""),
    }
    return render(request, "ops/desk/source.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("sources.edit")
def source_edit(request: HttpRequest, key: str) -> HttpResponseBase:
    """Change a source."""
    row = access.the_source(key)
    form = SourceForm(request.POST or None, instance=row)
    # The form has written on its instance: the action gets a fresh row, to see what changed.
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: _edited(key, form, request), FIELDS)
    ):
        messages.success(request, _("Saved."))
        return redirect("ops:source", key)
    context = {"nav": "sources", "form": form, "title": access.the_source(key).name, "submit": _("Save")}
    return render(request, "ops/desk/form.html", context)


def _edited(key: str, form: SourceForm, request: HttpRequest) -> bool:
    actions.edit_source(access.the_source(key), by=signed_in(request), **form.cleaned_data)
    return True


@require_POST
@desk_right_required("sources.edit")
def source_switch(request: HttpRequest, key: str) -> HttpResponseBase:
    """Switch polling on or off, or ask for a poll now."""
    row, do = access.the_source(key), request.POST.get("do", "")
    if do == "now":
        actions.poll_now(row, by=signed_in(request))
        room = advice if row.format in Source.ADVICE else jobs
        _say_what_came(request, room.poll_at_once(row))
    elif do in SWITCHES:
        switch, said = SWITCHES[do]
        switch(row, by=signed_in(request))
        messages.success(request, said)
    return redirect("ops:source", key)


def _say_what_came(request: HttpRequest, fetch: Fetch | None) -> None:
    """Tell what a poll brought: read, the same as before, refused, or no answer."""
    if fetch is None or fetch.outcome == Fetch.Outcome.RUNNING:
        messages.info(
            request, _("It is being asked already, or its host is busy. The worker asks as soon as it may.")
        )
    elif fetch.outcome == Fetch.Outcome.NEW:
        counts = {"read": fetch.read_count, "new": fetch.new_count, "refused": fetch.refused_count}
        text = _("Read: %(read)d messages, %(new)d of them new; %(refused)d entries refused.") % counts
        if fetch.linked_count:
            text += " " + ngettext(
                "It names %(n)d message, which is fetched next.",
                "It names %(n)d messages, which are fetched next.",
                fetch.linked_count,
            ) % {"n": fetch.linked_count}
        messages.success(request, text)
    elif fetch.outcome == Fetch.Outcome.UNCHANGED:
        messages.success(request, _("Unchanged: it says what it said last time."))
    elif fetch.outcome == Fetch.Outcome.REFUSED:
        messages.error(request, _("Refused: %(problem)s") % {"problem": fetch.problem})
    else:
        messages.error(request, _("Not reached: %(problem)s") % {"problem": fetch.problem})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required("sources.edit")
def ingest(request: HttpRequest) -> HttpResponseBase:
    """Read one document by hand and show what became of it."""
    form = DocumentForm(request.POST, request.FILES) if request.method == "POST" else DocumentForm()
    report, reason = None, ""
    if form.is_bound and form.is_valid():
        report, reason = _read(form)
    context = {
        "nav": "sources", "form": form, "report": report, "reason": reason,
        "read_as": f"by-hand-{form.cleaned_data['format']}" if report else "",
    }  # fmt: skip
    return render(request, "ops/desk/ingest.html", context)


def _read(form: DocumentForm) -> tuple[Report | None, str]:
    file, now = form.cleaned_data["file"], clock.now()
    row = actions.by_hand(form.cleaned_data["format"])
    document = actions.keep_document(
        file.read(), origin=str(file.name), content_type=str(file.content_type or ""), received_at=now
    )
    try:
        report = read_document(document, source=row, at=now)
        actions.note_handed_in(row, str(file.name), now)
        return report, ""
    except Refused as refusal:
        seems = recognise.hint(document.content(), read_as=row.format)
        return None, "; ".join(part for part in (refusal.text, seems) if part)


@require_safe
@desk_right_required("sources.edit")
def rejections(request: HttpRequest) -> HttpResponse:
    """Everything that was refused, newest first."""
    rows = Rejection.objects.select_related("document", "source")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "ops/desk/rejections.html", {"nav": "sources", "page": page})


@require_safe
@desk_right_required("sources.edit")
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The raw bytes of a kept document, as a download: never shown as a page of ours."""
    row = access.the_document(pk)
    answer = HttpResponse(row.content(), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="document-{row.sha256[:12]}"'
    return answer
