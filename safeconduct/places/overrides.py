"""Correcting a fact: what an operator knows better than the shipped data, with who says so and why.

A correction wins until somebody ends it; a new one ends the one before. The log says which field of which country was
corrected and by whom, never the value: some of them are about health.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound, Refused
from safeconduct.places.entering.entries import BadEntries, refusal
from safeconduct.places.entering.fields import SHAPES
from safeconduct.places.models import Fact, FactOverride, Place

LONGEST_TITLE: Final = 160
LONGEST_URL: Final = 500
LONGEST_REASON: Final = 500


def correct_fact(
    country_code: str,
    field: str,
    *,
    by: models.Model,
    value: Any,
    source_title: str,
    reason: str,
    checked_on: date,
    source_url: str = "",
) -> FactOverride:
    """State a field of a country in place of the shipped data; None: shown as unknown. Raises NotFound for a country
    or field that there is not, Refused for a value that the field cannot have and for a correction without a source."""
    if field not in SHAPES or not is_country(country_code):
        raise NotFound("fact")
    _check(country_code, field, value, source_title, source_url, reason, checked_on)
    shipped = Fact.objects.filter(country_code=country_code, field=field).first()
    row = FactOverride(
        country_code=country_code,
        field=field,
        value=value,
        shipped_value=shipped.value if shipped is not None else None,
        source_title=source_title.strip(),
        source_url=source_url.strip(),
        reason=reason.strip(),
        checked_on=checked_on,
        by_label=audit.label_of(by),
        made_at=clock.now(),
    )
    try:
        with transaction.atomic():
            FactOverride.objects.filter(country_code=country_code, field=field, ended_at=None).update(
                ended_at=row.made_at
            )
            row.save(force_insert=True)
            audit.record("fact.corrected", by=by, subject=row, detail=_where(row))
    except IntegrityError as error:
        raise Refused(
            "fact.meanwhile", _("Somebody corrected this meanwhile. Look at theirs before you save yours.")
        ) from error
    return row


def end_correction(row: FactOverride, *, by: models.Model) -> FactOverride:
    """Let the shipped data speak again. Raises Refused when the correction has ended already."""
    with transaction.atomic():
        row = FactOverride.objects.select_for_update().get(pk=row.pk)
        if row.ended_at is not None:
            raise Refused("fact.ended", _("This correction has ended already."))
        row.ended_at = clock.now()
        row.save(update_fields=["ended_at"])
        audit.record("fact.correction.ended", by=by, subject=row, detail=_where(row))
    return row


def current_corrections() -> models.QuerySet[FactOverride]:
    """Those that hold, by country and field."""
    return FactOverride.objects.filter(ended_at=None).order_by("country_code", "field")


def is_overtaken(row: FactOverride, shipped: Fact | None) -> bool:
    """Whether the shipped data says something else than when the correction was made: time to look again."""
    return (shipped.value if shipped is not None else None) != row.shipped_value


def overtaken(rows: Iterable[FactOverride]) -> list[FactOverride]:
    """The corrections whose shipped value changed since they were made."""
    listed = list(rows)
    facts = {
        (fact.country_code, fact.field): fact
        for fact in Fact.objects.filter(country_code__in={row.country_code for row in listed})
    }
    return [row for row in listed if is_overtaken(row, facts.get((row.country_code, row.field)))]


def is_country(code: str) -> bool:
    """Whether facts are kept of it."""
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        return False
    kinds = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
    return Place.objects.filter(key=f"iso:{code}", kind__in=kinds, state=Place.State.ACTIVE).exists()


def source_fault(title: str, url: str, reason: str, checked_on: date) -> tuple[str, str] | None:
    """(field, what is wrong) with who says so; None when nothing is."""
    if not title.strip() or len(title.strip()) > LONGEST_TITLE:
        return "source_title", _("Say who says so, in at most %(most)d letters.") % {"most": LONGEST_TITLE}
    if url.strip() and not _is_address(url.strip()):
        return "source_url", _("A whole address that begins with https:// or http://.")
    if not reason.strip() or len(reason.strip()) > LONGEST_REASON:
        return "reason", _("Say why the shipped data is not right, in at most %(most)d letters.") % {
            "most": LONGEST_REASON
        }
    if checked_on > clock.today():
        return "checked_on", _("This day has not come yet.")
    return None


def _check(
    country_code: str, field: str, value: Any, title: str, url: str, reason: str, checked_on: date
) -> None:
    fault = source_fault(title, url, reason, checked_on)
    if fault is not None:
        raise Refused(f"fact.{fault[0]}", fault[1])
    if value is None:
        return
    try:
        SHAPES[field].read(country_code, SHAPES[field].texts(value))
    except BadEntries as error:
        raise refusal(error.faults) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Refused("fact.value", _("This is no value of the field.")) from error


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_web = parts.scheme in ("https", "http") and "." in (parts.hostname or "")
    return is_web and not parts.username and len(url) <= LONGEST_URL and " " not in url


def _where(row: FactOverride) -> dict[str, str]:
    return {"country": row.country_code, "field": row.field}
