"""Names of places that no table knows: counted, and decided by people at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import models, transaction
from django.utils.translation import gettext as _

from safeconduct.advisories.countrynames import ISO2, codes_of
from safeconduct.advisories.entries import NO_DESTINATION, Decided
from safeconduct.advisories.models import UnknownName
from safeconduct.audit.actions import label_of, record
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused

WORLDWIDE: Final = "*"
MOST_CODES: Final = 60


def decided_names(source: Source) -> Decided:
    """Return what people decided about names of this source, by (scheme, name)."""
    rows = source.unknown_names.exclude(codes="")
    return {(row.scheme, row.name): _codes(row.codes) for row in rows}


def first_seen_names(source: Source) -> Mapping[tuple[str, str], datetime]:
    """Return since when names of this source have been seen that no table knew, by (scheme, name)."""
    rows = source.unknown_names.values_list("scheme", "name", "first_seen_at")
    return {(scheme, name): at for scheme, name, at in rows}


def _codes(written: str) -> tuple[str, ...]:
    if written == NO_DESTINATION:
        return ()
    return ("",) if written == WORLDWIDE else tuple(written.split())


@transaction.atomic
def count_unknown(source: Source, names: Mapping[tuple[str, str], str], at: datetime) -> None:
    """Count names of a document, (scheme, name) → address of the entry, once for the document."""
    for (scheme, name), url in names.items():
        row, _is_new = UnknownName.objects.get_or_create(
            source=source, scheme=scheme, name=name,
            defaults={"first_seen_at": at, "last_seen_at": at, "url": url},
        )  # fmt: skip
        rows = UnknownName.objects.filter(pk=row.pk)
        rows.update(times=models.F("times") + 1, url=url)
        rows.filter(last_seen_at__lt=at).update(last_seen_at=at)


def codes_from(text: str) -> str:
    """Return what was typed as it is kept: ISO codes with spaces, “*” or “-”. Raises Refused with the reason."""
    written = " ".join(text.upper().replace(",", " ").split())
    if not written:
        raise Refused("name.codes_missing", _("Choose a country, or type codes."))
    if written in (NO_DESTINATION, WORLDWIDE):
        return written
    codes = list(dict.fromkeys(written.split()))
    wrong = [code for code in codes if codes_of(code, ISO2) != (code,)]
    if wrong:
        raise Refused(
            "name.codes_wrong",
            _("%(codes)s: not a country code of ISO 3166-1.") % {"codes": ", ".join(wrong)[:80]},
        )
    if len(codes) > MOST_CODES:
        raise Refused("name.codes_many", _("At most %d countries.") % MOST_CODES)
    return " ".join(codes)


@transaction.atomic
def decide_name(row: UnknownName, *, by: models.Model, codes: str) -> None:
    """Say what a name means. `codes`: ISO codes, “*” for every destination, “-” for none."""
    kept = codes_from(codes)
    locked = UnknownName.objects.select_for_update().get(pk=row.pk)
    locked.codes, locked.decided_by, locked.decided_at = kept, label_of(by)[:120], clock.now()
    locked.save(update_fields=["codes", "decided_by", "decided_at"])
    record(
        "advisory.name_decided", by=by, subject=locked.source,
        detail={"name": locked.name, "scheme": locked.scheme, "codes": kept},
    )  # fmt: skip
