"""The languages that are offered, in their own words: whoever looks for theirs may not read the page's."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_language_info


def own_name(code: str) -> str:
    """Return a language in its own words, as a label: `Français`."""
    name = str(get_language_info(code)["name_local"])
    return name[:1].upper() + name[1:]


def offered() -> list[tuple[str, str]]:
    """Return code and own name of every language of the pages."""
    return [(code, own_name(code)) for code, _name in settings.LANGUAGES]
