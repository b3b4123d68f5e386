"""Official sources at the desk: freshness, switches, reading a document by hand, what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.alerts.ingest import FORMATS, Report, read_document
from safeconduct.feeds import actions
from safeconduct.feeds.models import Rejection, Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.ops import access, health
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in

MOST_BYTES = 20 * 1024 * 1024
FIELDS = {"source.key_taken": "key", "source.too_often": "poll_seconds"}
SWITCHES = {"on": actions.enable_source, "off": actions.disable_source, "now": actions.poll_now}


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator may change of a source."""

    class Meta:
        model = Source
        fields: Sequence[str] = actions.EDITABLE


class NewSourceForm(SourceForm):
    """A source of one's own."""

    class Meta(SourceForm.Meta):
        fields = ("key", "format", *actions.EDITABLE)


class DocumentForm(forms.Form):
    """A document to read by hand."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[(key, key.upper()) for key in sorted(FORMATS)]
    )
    file = forms.FileField(
        label=gettext_lazy("Document"),
        help_text=gettext_lazy("At most 20 MB. The bytes are kept, whatever comes of them."),
    )

    def clean_file(self) -> object:
        """Refuse what is too large to be read."""
        if self.cleaned_data["file"].size > MOST_BYTES:
            raise ValidationError(_("The document is larger than 20 MB."))
        return self.cleaned_data["file"]


@require_safe
@desk_right_required("sources.edit")
def sources(request: HttpRequest) -> HttpResponse:
    """Every source with its freshness; those that need somebody first."""
    lines = health.source_lines()
    show = request.GET.get("show", "")
    needing = [line for line in lines if line.needs_you]
    context = {
        "nav": "sources",
        "lines": needing if show == "needs" else lines,
        "show": show,
        "all": len(lines),
        "needing": len(needing),
        "rejected": health.rejected_today(),
        "form": DocumentForm(),
    }
    return render(request, "ops/desk/sources.html", context)


@require_http_methods(["GET", "POST"])
@desk_right_required("sources.edit")
def source_add(request: HttpRequest) -> HttpResponseBase:
    """Add a source; it is not polled until it is switched on."""
    form = NewSourceForm(request.POST or None)
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
    context = {
        "nav": "sources",
        "line": health.source_line(row),
        "source": row,
        "fetches": row.fetches.select_related("document")[:25],
        "rejections": row.rejections.select_related("document")[:25],
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
    switch = SWITCHES.get(request.POST.get("do", ""))
    if switch is not None:
        switch(access.the_source(key), by=signed_in(request))
        messages.success(request, _("Done."))
    return redirect("ops:source", key)


@require_POST
@desk_right_required("sources.edit")
def ingest(request: HttpRequest) -> HttpResponseBase:
    """Read one document by hand and show what became of it."""
    form = DocumentForm(request.POST, request.FILES)
    report, reason = None, ""
    if form.is_valid():
        report, reason = _read(form)
    context = {"nav": "sources", "form": form, "report": report, "reason": reason}
    return render(request, "ops/desk/ingest.html", context)


def _read(form: DocumentForm) -> tuple[Report | None, str]:
    file, now = form.cleaned_data["file"], clock.now()
    row = actions.by_hand(form.cleaned_data["format"])
    document = actions.keep_document(
        file.read(), origin=str(file.name), content_type=str(file.content_type or ""), received_at=now
    )
    try:
        return read_document(document, source=row, at=now), ""
    except Refused as refusal:
        return None, refusal.text


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
