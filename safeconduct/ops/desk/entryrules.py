"""Entry rules at the desk: list, add, replace, end; files of them, what became of each row, taking a file back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from safeconduct.accounts.authors import authors_of
from safeconduct.advice import actions, csv_files, words
from safeconduct.advice.answers import is_stale
from safeconduct.advice.countries import code_of
from safeconduct.advice.details import COLUMNS
from safeconduct.advice.forms import RuleForm, RulesFileForm, country_choices, initial_of
from safeconduct.advice.kinds import BY_CODE, KINDS
from safeconduct.advice.models import EntryRule, RuleImport
from safeconduct.advice.queries import as_rows, as_rule, listed_rules, the_import, the_rule
from safeconduct.lib import clock
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in

RIGHT = "entry.edit"
ON_A_PAGE = 50
FIELDS = {"rule.taken": "destination", "csv": "file", "matrix": "file", "matrix.coding": "coding", "matrix.older": "as_of",
          "import.source": "source", "import.url": "url", "import.as_of": "as_of"}  # fmt: skip
SHOWN = ("entered", "review")


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters of the list, as far as they mean something."""
    kind, only = request.GET.get("kind", ""), request.GET.get("only", "")
    return {
        "country": code_of(request.GET.get("country", "")[:3]),
        "passport": code_of(request.GET.get("passport", "")[:3]),
        "kind": kind if kind in BY_CODE else "",
        "source": request.GET.get("source", "").strip()[:160],
        "only": only if only in SHOWN else "",
    }


@require_safe
@desk_right_required(RIGHT)
def entry_rules(request: HttpRequest) -> HttpResponse:
    """The rules that hold, and the last files."""
    asked = _asked(request)
    page = Paginator(listed_rules(**asked), ON_A_PAGE).get_page(request.GET.get("page"))
    names = words.Names({rule.destination for rule in page}, request.LANGUAGE_CODE)
    context = {
        "nav": "entry_rules",
        "asked": asked,
        "is_filtered": any(asked.values()),
        "page": page,
        "lines": [_line(rule, names) for rule in page],
        "kinds": KINDS,
        "countries": country_choices(),
        "files": RuleImport.objects.all()[:8],
        "any": EntryRule.objects.exists(),
    }
    return render(request, "ops/desk/entry_rules.html", context)


def _name(label: str) -> str:
    """Who it was, by name while the person exists; empty for a command."""
    return authors_of([label]).get(label, "") if label else ""


def _line(rule: EntryRule, names: words.Names) -> dict[str, Any]:
    said = as_rule(rule)
    return {
        "rule": rule,
        "country": names.of(rule.destination),
        "kind": BY_CODE[rule.kind].label,
        "words": words.rule_sentence(said),
        "scope": words.scope_words(rule),
        "is_stale": is_stale(said, clock.today()),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def entry_rule_add(request: HttpRequest) -> HttpResponseBase:
    """Enter a rule."""
    initial = {"source_date": clock.today(), "destination": code_of(request.GET.get("country", "")[:3])}
    form = RuleForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and form.details:
        details = form.details
        if attempt(form, lambda: actions.add_rule(details, by=signed_in(request)), FIELDS):
            messages.success(request, _("The rule holds from now on."))
            return redirect("ops:entry_rules")
    return render(request, "ops/desk/entry_rule.html", {"nav": "entry_rules", "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def entry_rule(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Look at a rule, and put another in its place."""
    rule = the_rule(public_id)
    form = RuleForm(request.POST if request.method == "POST" else None, initial=initial_of(actions.details_of(rule)))
    if form.is_bound and form.is_valid() and form.details:
        details = form.details
        if attempt(form, lambda: actions.change_rule(rule, details, by=signed_in(request)), FIELDS):
            messages.success(request, _("Saved. Answers say so from now on."))
            return redirect("ops:entry_rules")
    names = words.Names({rule.destination}, request.LANGUAGE_CODE)
    context = {
        "nav": "entry_rules", "form": form, "rule": rule, "line": _line(rule, names), "author": _name(rule.by_label),
        "ender": _name(rule.ended_by), "later": rule.replaced_by.order_by("-pk").first(),
    }  # fmt: skip
    return render(request, "ops/desk/entry_rule.html", context)


@require_POST
@desk_right_required(RIGHT)
def entry_rule_end(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Take a rule out of every answer."""
    actions.end_rule(the_rule(public_id), by=signed_in(request))
    messages.success(request, _("The rule has ended."))
    return redirect("ops:entry_rules")


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required(RIGHT)
def entry_rules_import(request: HttpRequest) -> HttpResponseBase:
    """Read a file of rules."""
    is_sent = request.method == "POST"
    form = RulesFileForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        before = RuleImport.objects.count()
        done = attempt(
            form,
            lambda: actions.import_file(
                said["file"].read(), file_name=said["file"].name, by=signed_in(request), as_of=said["as_of"],
                source=said["source"], url=said["url"], coding=said["coding"],
            ),
            FIELDS,
        )  # fmt: skip
        if done is not None:
            if RuleImport.objects.count() == before:
                messages.info(request, _("This very file was read before: nothing changed."))
            return redirect("ops:entry_rules_file", done.public_id)
    context = {"nav": "entry_rules", "form": form, "columns": COLUMNS}
    return render(request, "ops/desk/entry_rules_import.html", context)


@require_safe
@desk_right_required(RIGHT)
def entry_rules_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of the rows of a file."""
    done = the_import(public_id)
    context = {
        "nav": "entry_rules",
        "done": done,
        "author": _name(done.by_label),
        "taker": _name(done.taken_back_by),
        "refused": done.problems[:100],
        "holding": done.rules.filter(ended_at=None).count(),
    }
    return render(request, "ops/desk/entry_rules_file.html", context)


@require_POST
@desk_right_required(RIGHT)
def entry_rules_take_back(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """End what a file brought; what it replaced holds again."""
    done = the_import(public_id)
    ended, back = actions.take_back(done, by=signed_in(request))
    first = ngettext("%(n)d rule has ended.", "%(n)d rules have ended.", ended) % {"n": ended}
    second = ngettext("%(n)d rule holds again.", "%(n)d rules hold again.", back) % {"n": back}
    messages.success(request, f"{first} {second}" if back else first)
    return redirect("ops:entry_rules_file", done.public_id)


def _csv(text: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
@desk_right_required(RIGHT)
def entry_rules_refused(request: HttpRequest, public_id: str) -> HttpResponse:
    """The refused rows of a file, with what is wrong with each, to be corrected and read again."""
    return _csv(csv_files.refused_csv(the_import(public_id).problems), "refused.csv")


@require_safe
@desk_right_required(RIGHT)
def entry_rules_template(request: HttpRequest) -> HttpResponse:
    """A CSV file to fill in."""
    return _csv(csv_files.template(), "entry-rules.csv")


@require_safe
@desk_right_required(RIGHT)
def entry_rules_export(request: HttpRequest) -> HttpResponse:
    """The rules of the list, as a file that can be read in again."""
    return _csv(csv_files.as_csv(as_rows(listed_rules(**_asked(request)).iterator(2000))), "entry-rules.csv")
