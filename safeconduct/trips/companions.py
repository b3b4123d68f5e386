"""Who comes along on a trip without an account: names, and for minors the adult who answers for them.

It is stored with the trip and nowhere else, and goes with it. Nobody's birthday is asked, only whether they are a minor.
A responsible adult who is a companion is told once, at the address given for that; the traveller is told as always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from safeconduct.accounts import limits
from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.lib.timewords import day_words
from safeconduct.notify.actions import News, Telling, tell_many
from safeconduct.outbox import actions as outbox
from safeconduct.outbox.models import Delivery
from safeconduct.trips.companymodels import COMPANION_NAME_LENGTH
from safeconduct.trips.emails import RESPONSIBLE
from safeconduct.trips.imports.table import ADDRESS
from safeconduct.trips.models import Companion, Trip

THE_TRAVELLER: Final = -1
"""Answers for a minor: the person whose trip it is."""
MAILS: Final = limits.Limit("companion-mail", 20, timedelta(days=1))
"""How much one person may have written to addresses that nobody has verified."""


@dataclass(frozen=True)
class CompanionDraft:
    """Somebody who comes along. `responsible`: the position of an adult in the same list, or THE_TRAVELLER."""

    name: str
    is_minor: bool = False
    responsible: int = THE_TRAVELLER
    address: str = ""


class CompanionRefused(Refused):
    """A companion cannot be taken as they are. `index` counts from 0; `field` is the name in the draft."""

    def __init__(self, code: str, text: str, *, index: int, field: str) -> None:
        super().__init__(code, text)
        self.index = index
        self.field = field


def companions_of(trip: Trip) -> list[Companion]:
    """Return who comes along, in order."""
    return list(trip.companions.select_related("responsible").order_by("seq"))


def set_companions(trip: Trip, drafts: Sequence[CompanionDraft], *, by: User) -> list[Companion]:
    """Replace who comes along and return them. Responsible adults who have not been told for this trip are told.

    Raises CompanionRefused, or Refused for a trip that is cancelled, too many people, or too many mails in a day.
    """
    checked = _checked(drafts)
    with transaction.atomic():
        kept = Trip.objects.for_org(trip.organisation_id).select_related("organisation", "user")
        held = kept.select_for_update(of=("self",)).get(pk=trip.pk)
        if held.is_cancelled:
            raise Refused("trip.cancelled", _("This trip was cancelled. Register a new one."))
        if checked == _said(companions_of(held)):
            return companions_of(held)
        known = companions_of(held)
        held.companions.all().delete()
        rows = [
            Companion(
                organisation_id=held.organisation_id, trip=held, seq=seq, name=one.name, is_minor=one.is_minor, address=one.address
            )
            for seq, one in enumerate(checked)
        ]  # fmt: skip
        # One by one: a minor names the row of an adult, which needs its key first.
        for adult in rows:
            if not adult.is_minor:
                adult.save()
        for row, one in zip(rows, checked, strict=True):
            if row.is_minor:
                row.responsible = rows[one.responsible] if one.responsible != THE_TRAVELLER else None
                row.save()
        _count_mails(held, rows, known, by)
        minors = sum(one.is_minor for one in checked)
        audit.record(
            "trip.companions", by=by, subject=held, organisation=held.organisation,
            detail={"companions": len(checked), "minors": minors},
        )  # fmt: skip
        if not held.is_draft:
            tell_responsible(held, rows)
    return rows


def _count_mails(trip: Trip, rows: Sequence[Companion], known: Sequence[Companion], by: User) -> None:
    """Refuse what would write to more strangers than a person has reason to; a draft's mails count when they are named."""
    asked = {_mail_key(trip, row, row.responsible) for row in rows if row.responsible is not None}
    asked -= {_mail_key(trip, row, row.responsible) for row in known if row.responsible is not None}
    asked -= set(Delivery.objects.filter(key__in=asked).values_list("key", flat=True))
    for _key in asked:
        if not limits.take(MAILS, str(by.pk)).is_allowed:
            raise Refused("companions.mails", _("That is too much mail to companions for one day. Name the others tomorrow."))


def _mark(trip: Trip, minor: Companion) -> str:
    """A digest: the key of a delivery outlives the trip, and is no place for a child's name."""
    return hashlib.sha256(f"{trip.public_id}:{minor.name}".encode()).hexdigest()[:16]


def _mail_key(trip: Trip, minor: Companion, adult: Companion) -> str:
    reader = hashlib.sha256(adult.address.encode()).hexdigest()[:16]
    return f"{mails_of(trip)}{_mark(trip, minor)}:{reader}"


def mails_of(trip: Trip) -> str:
    """Return what the keys of the trip's deliveries to responsible adults begin with."""
    return f"{RESPONSIBLE.code}:{trip.public_id}:"


def tell_responsible(trip: Trip, rows: Sequence[Companion]) -> None:
    """Tell every adult of the trip who answers for a minor, once for each minor of that name. In the caller's transaction."""
    for row in rows:
        if not row.is_minor:
            continue
        if row.responsible is None:
            _tell_traveller(trip, row)
        else:
            _tell_companion(trip, row, row.responsible)


def _tell_traveller(trip: Trip, minor: Companion) -> None:
    news = News(RESPONSIBLE.code, f"trip:{trip.public_id}", f"{RESPONSIBLE.code}:traveller", lambda _language: {"is_own": True})
    telling = Telling(
        key=f"{trip.public_id}:{_mark(trip, minor)}", user_id=trip.user_id, organisation_id=trip.organisation_id,
        slots=lambda person: _slots(trip, minor, person.language),
    )  # fmt: skip
    tell_many(news, [telling])


def _tell_companion(trip: Trip, minor: Companion, adult: Companion) -> None:
    language = trip.user.language
    outbox.enqueue(
        RESPONSIBLE,
        key=_mail_key(trip, minor, adult),
        address=adult.address,
        language=language,
        context={"is_own": False},
        slots={"name": adult.name, **_slots(trip, minor, language)},
        organisation_id=trip.organisation_id,
        from_name=trip.organisation.name,
    )


def _slots(trip: Trip, minor: Companion, language: str) -> dict[str, str]:
    with translation.override(language):
        year = clock.now().year
        first = day_words(trip.starts_at.date(), this_year=year)
        last = day_words(trip.ends_at.date(), this_year=year) if trip.ends_at else _("open end")
        return {
            "minor": minor.name, "traveller": trip.user.name, "title": trip.title,
            "days": _("%(first)s to %(last)s") % {"first": first, "last": last},
        }  # fmt: skip


def _said(rows: Sequence[Companion]) -> list[CompanionDraft]:
    seats = {row.pk: row.seq for row in rows}
    return [
        CompanionDraft(
            row.name, row.is_minor, seats.get(row.responsible_id or 0, THE_TRAVELLER), row.address
        )
        for row in rows
    ]


def _checked(drafts: Sequence[CompanionDraft]) -> list[CompanionDraft]:
    if len(drafts) > Companion.MOST:
        raise Refused("companions.many", _("At most %(most)d companions on a trip.") % {"most": Companion.MOST})
    asked = {one.responsible for one in drafts if one.is_minor}
    return [_checked_one(one, index, drafts, asked) for index, one in enumerate(drafts)]


def _checked_one(
    one: CompanionDraft, index: int, drafts: Sequence[CompanionDraft], asked: set[int]
) -> CompanionDraft:
    name, address = " ".join(one.name.split()), one.address.strip().lower()
    if not 0 < len(name) <= COMPANION_NAME_LENGTH:
        text = _("Say who comes along, in at most %(most)d characters.") % {"most": COMPANION_NAME_LENGTH}
        raise CompanionRefused("companion.name", text, index=index, field="name")
    if one.is_minor:
        if one.responsible != THE_TRAVELLER and not (
            0 <= one.responsible < len(drafts) and not drafts[one.responsible].is_minor
        ):
            text = _("Choose an adult who comes along, or the traveller.")
            raise CompanionRefused("companion.responsible", text, index=index, field="responsible")
        return CompanionDraft(name, True, one.responsible)
    if index not in asked:
        # Who answers for nobody is written to by nobody.
        return CompanionDraft(name)
    if not ADDRESS.match(address) or len(address) > 254:
        text = _("Enter the e-mail address of %(name)s, who answers for a minor and is told so.") % {"name": name}
        raise CompanionRefused("companion.address", text, index=index, field="address")
    return CompanionDraft(name, address=address)
