"""Names of places in registers of official advice that no table knows: what each means is decided here."""

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
from django.views.decorators.http import require_http_methods, require_safe

from safeconduct.advisories import names
from safeconduct.advisories.ingest import read_again
from safeconduct.advisories.models import Advisory, UnknownName
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.ops.forms import attempt
from safeconduct.orgs.access import desk_right_required, signed_in
from safeconduct.places.folding import fold
from safeconduct.places.models import Place
from safeconduct.places.queries import country_names

PAGE = 50


class NameForm(forms.Form):
    """What a name means: one country from the list, or several by their codes."""

    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    codes = forms.CharField(
        label=gettext_lazy("Or codes"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Of ISO 3166-1, with spaces between several: IL PS. “*”: every destination. “-”: no destination."
        ),
    )

    def __init__(self, *args: Any, decided: str = "", **kwargs: Any) -> None:
        """Offer every country and territory in the reader's language; `decided`: the codes that hold now."""
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
        known = Place.objects.filter(kind__in=kinds, state=Place.State.ACTIVE)
        called = country_names(set(known.values_list("country_code", flat=True)), get_language() or "en")
        countries = sorted(called.items(), key=lambda pair: fold(pair[1]))
        field.choices = [("", _("Choose")), *countries]
        self.initial["country" if decided in called else "codes"] = decided

    def clean(self) -> dict[str, Any]:
        """One of the two: a country that was chosen beside other codes leaves open what is meant."""
        cleaned = super().clean() or {}
        country, codes = cleaned.get("country"), cleaned.get("codes", "").strip()
        if country and codes and codes.upper() != country:
            self.add_error("codes", _("Choose a country or type codes, not both."))
        return cleaned

    def wanted(self) -> str:
        """Return the codes that were typed, else the country that was chosen."""
        return str(self.cleaned_data["codes"] or self.cleaned_data["country"])


@require_safe
@desk_right_required("sources.edit")
def advice_names(request: HttpRequest) -> HttpResponse:
    """Names that wait for a decision first, then those that have one."""
    rows = UnknownName.objects.select_related("source").order_by("decided_at", "-times", "name")
    waiting = rows.filter(codes="")
    show = "all" if request.GET.get("show") == "all" else "waiting"
    context = {
        "nav": "sources",
        "show": show,
        "waiting": waiting.count(),
        "all": rows.count(),
        "has_registers": Advisory.objects.exists(),
        "page": Paginator(rows if show == "all" else waiting, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "ops/desk/advice_names.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_right_required("sources.edit")
def advice_name(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say what one name means. The last document of its source is read again at once."""
    row = UnknownName.objects.select_related("source").filter(pk=pk).first()
    if row is None:
        raise NotFound("name")
    form = NameForm(request.POST if request.method == "POST" else None, decided=row.codes)
    if (
        form.is_bound
        and form.is_valid()
        and attempt(form, lambda: _decided(row, form, request), {"name": "codes"})
    ):
        messages.success(request, _read_again(row))
        return redirect("ops:advice_names")
    context = {"nav": "sources", "row": row, "form": form, "submit": _("Save")}
    return render(request, "ops/desk/advice_name.html", context)


def _decided(row: UnknownName, form: NameForm, request: HttpRequest) -> bool:
    names.decide_name(row, by=signed_in(request), codes=form.wanted())
    return True


def _read_again(row: UnknownName) -> str:
    """Read the last document of the source once more, and say what came of it."""
    try:
        report = read_again(row.source)
    except Refused as refusal:
        return _("Saved. The last document could not be read again: %(why)s") % {"why": refusal.text}
    if report is None:
        return _("Saved. It counts from the next document on.")
    return _("Saved, and the last document was read again.")
