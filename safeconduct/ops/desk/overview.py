"""The desk's first page, its health page and the log of changes."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.centres.queries import all_centres
from safeconduct.lib import clock
from safeconduct.ops import changewords, health, progress, sourcehealth
from safeconduct.ops.models import BackupRecord, Heartbeat, WorkerFailure
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.orgs.models import Organisation
from safeconduct.orgs.permissions import DESK_RIGHTS


@require_safe
@desk_right_required("desk.view")
def desk(request: HttpRequest) -> HttpResponse:
    """What needs somebody, and the ways to everything."""
    context = {
        "nav": "desk",
        "report": health.report(),
        "rights": DESK_RIGHTS[signed_in(request).desk_role],
        "organisations": Organisation.objects.filter(is_active=True).count(),
        "centres": all_centres().count(),
        "unfinished": not progress.is_finished(),
    }
    return render(request, "ops/desk/overview.html", context)


@require_safe
@desk_right_required("health.view")
def health_page(request: HttpRequest) -> HttpResponse:
    """Every check, the workers, the failures and the backups."""
    context = {
        "nav": "desk",
        "report": health.report(),
        "workers": Heartbeat.objects.order_by("-beat_at")[:20],
        "now": clock.now(),
        "failures": WorkerFailure.objects.all()[:30],
        "backups": BackupRecord.objects.all()[:5],
        "sources": sourcehealth.source_lines(),
    }
    return render(request, "ops/desk/health.html", context)


@require_safe
@desk_right_required("orgs.edit")
def audit(request: HttpRequest) -> HttpResponse:
    """Who changed what, newest first, by a word of action, person, organisation or row."""
    words = request.GET.get("q", "").strip()[:60]
    rows = Entry.objects.all()
    for word in words.split():
        rows = (
            rows.filter(action__icontains=word)
            | rows.filter(action__in=changewords.codes_like(word))
            | rows.filter(actor_label__icontains=word)
            | rows.filter(organisation_label__icontains=word)
            | rows.filter(subject_id=word)
        )
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    # Entries keep ids; whom an id stands for is looked up while the person exists.
    people = User.objects.in_bulk({entry.actor_id for entry in page if entry.actor_id})
    lines = [
        {
            "entry": entry,
            "person": people.get(entry.actor_id or 0),
            "what": changewords.words_of(entry.action),
            "who": changewords.actor_of(entry, people.get(entry.actor_id or 0)),
            "kind": changewords.kind_of(entry.subject_kind),
        }
        for entry in page
    ]
    context = {"nav": "desk", "page": page, "lines": lines, "words": words}
    return render(request, "ops/desk/audit.html", context)
