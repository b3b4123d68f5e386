"""The search form for destinations."""

from django import forms
from django.utils.translation import gettext_lazy as _

from safeconduct.places.queries import LONGEST_QUERY


class SearchForm(forms.Form):
    """What somebody typed; anything too long is told so."""

    q = forms.CharField(label=_("Search destinations"), max_length=LONGEST_QUERY, required=False, strip=True)
