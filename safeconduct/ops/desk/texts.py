"""The documents of the footer at the desk: which version holds, and publishing the next one."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.accounts import legal
from safeconduct.accounts.models import LegalDocument
from safeconduct.lib.errors import NotFound
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in


class TextForm(forms.Form):
    """The next version of a document."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=lambda: settings.LANGUAGES, initial="en"
    )
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=gettext_lazy("Markdown. What was published stays readable; this becomes a new version."),
    )


@require_safe
@desk_right_required("texts.edit")
def texts(request: HttpRequest) -> HttpResponse:
    """Each document with its versions."""
    documents = [
        {
            "slug": slug,
            "label": label,
            "is_agreed": slug in LegalDocument.CONSENT,
            "versions": list(LegalDocument.objects.filter(slug=slug).order_by("-version", "language")),
        }
        for slug, label in LegalDocument.Slug.choices
    ]
    return render(request, "ops/desk/texts.html", {"nav": "desk", "documents": documents})


@require_http_methods(["GET", "POST"])
@desk_right_required("texts.edit")
def text_new(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Write the next version, beginning with the present one."""
    if slug not in LegalDocument.Slug.values:
        raise NotFound("document")
    present = LegalDocument.objects.filter(slug=slug).order_by("-version").first()
    initial = (
        {"title": present.title, "language": present.language, "body": present.body_markdown}
        if present
        else {}
    )
    form = TextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if (
            present is not None
            and data["body"].strip() == present.body_markdown.strip()
            and data["language"] == present.language
        ):
            form.add_error("body", _("This is the text that holds already."))
        elif attempt(form, lambda: legal.publish(slug, by=signed_in(request), **data)):
            messages.success(request, _("Published. Who must agree to it is asked at the next log-in."))
            return redirect("ops:texts")
    title = LegalDocument.Slug(slug).label
    context = {"nav": "desk", "form": form, "title": title, "submit": _("Publish as a new version")}
    return render(request, "ops/desk/form.html", context)
