"""Making and changing organisations, programmes, numbers and domains."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext

from safeconduct.accounts.models import User
from safeconduct.audit.actions import record
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.orgs.domains import refuse_unprovable, spelled
from safeconduct.orgs.logos import media_type
from safeconduct.orgs.models import Domain, MembershipNumber, Organisation, Programme
from safeconduct.orgs.routing import number_is_taken
from safeconduct.orgs.tenancy import same_organisation

# The visual language computes contrast for this range (docs/look.md); beyond it a text could become unreadable.
STRONGEST_CHROMA = Decimal("0.110")
NUMBER = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z ./_-]{1,62}[0-9A-Za-z])")
EDITABLE = (
    "name", "short_name", "hue", "chroma", "password_rule", "language", "zone", "home_country",
    "old_address_until", "is_active",
)


def create_organisation(
    name: str,
    *,
    by: User | None,
    short_name: str = "",
    hue: int = 195,
    chroma: Decimal | str = "0.075",
    password_rule: str = Organisation.PasswordRule.PORTAL,
    language: str = "en",
    zone: str = "UTC",
    home_country: str = "",
    old_address_until: date | None = None,
    logo: bytes | None = None,
) -> Organisation:
    """Return a new organisation. Programmes, numbers and domains are added to it afterwards."""
    organisation = Organisation(
        name=name.strip(), short_name=short_name.strip(), hue=hue, chroma=Decimal(chroma), language=language,
        password_rule=password_rule, zone=zone, home_country=home_country.upper(),
        old_address_until=old_address_until, created_at=clock.now(),
    )
    _check(organisation)
    if logo:
        organisation.logo, organisation.logo_type = logo, media_type(logo)
    with transaction.atomic():
        organisation.save()
        record("organisation.created", by=by, subject=organisation, organisation=organisation)
    return organisation


def edit_organisation(organisation: Organisation, *, by: User | None, **changes: Any) -> Organisation:
    """Change fields of EDITABLE. Raises TypeError for another field, Refused for a value that cannot be."""
    unknown = changes.keys() - set(EDITABLE)
    if unknown:
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    changed = sorted(name for name, value in changes.items() if getattr(organisation, name) != value)
    for name in changed:
        setattr(organisation, name, changes[name])
    _check(organisation)
    with transaction.atomic():
        organisation.save(update_fields=changed)
        record("organisation.edited", by=by, subject=organisation, organisation=organisation,
               detail={"fields": changed})
    return organisation


def set_logo(organisation: Organisation, data: bytes | None, *, by: User | None) -> Organisation:
    """Set or remove the logo. Raises Refused for anything but a small PNG or JPEG."""
    organisation.logo, organisation.logo_type = (data, media_type(data)) if data else (None, "")
    with transaction.atomic():
        organisation.save(update_fields=["logo", "logo_type"])
        record("organisation.logo", by=by, subject=organisation, organisation=organisation,
               detail={"removed": data is None})
    return organisation


def _check(organisation: Organisation) -> None:
    if not organisation.name or len(organisation.name) > 200 or len(organisation.short_name) > 60:
        raise Refused("organisation.name", gettext("Enter a name of 200 characters at most."))
    if not (0 <= organisation.hue <= 360 and 0 <= Decimal(organisation.chroma) <= STRONGEST_CHROMA):
        raise Refused("organisation.colour", gettext("Hue is 0 to 360, strength 0 to 0.11: beyond, text could not be read."))
    try:
        ZoneInfo(organisation.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refused("organisation.zone", gettext("Choose a time zone from the list.")) from error


def _check_span(valid_from: date, valid_until: date | None) -> None:
    if valid_until is not None and valid_until < valid_from:
        raise Refused("validity.order", gettext("The last day is before the first."))


def add_programme(
    organisation: Organisation,
    *,
    by: User | None,
    name: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Programme:
    """Return a new programme; it begins today unless another day is given."""
    start = valid_from or clock.today(organisation.zone)
    _check_span(start, valid_until)
    if not name.strip() or len(name.strip()) > 200:
        raise Refused("programme.name", gettext("Enter a name of 200 characters at most."))
    with transaction.atomic():
        programme = Programme.objects.create(
            organisation=organisation, name=name.strip(), valid_from=start, valid_until=valid_until
        )
        record("programme.added", by=by, subject=programme, organisation=organisation)
    return programme


def edit_programme(
    programme: Programme, *, by: User | None, name: str, valid_from: date, valid_until: date | None
) -> Programme:
    """Change name and validity. A programme that ends, ends the use of its memberships."""
    _check_span(valid_from, valid_until)
    if not name.strip() or len(name.strip()) > 200:
        raise Refused("programme.name", gettext("Enter a name of 200 characters at most."))
    programme.name, programme.valid_from, programme.valid_until = name.strip(), valid_from, valid_until
    with transaction.atomic():
        programme.save(update_fields=["name", "valid_from", "valid_until"])
        record("programme.edited", by=by, subject=programme, organisation=programme.organisation)
    return programme


def add_number(
    programme: Programme,
    *,
    by: User | None,
    number: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> MembershipNumber:
    """Return a new membership number of the programme. Numbers are opaque; capitals do not matter."""
    text = number.strip()
    if not NUMBER.fullmatch(text):
        raise Refused("number.invalid", gettext("A number has 3 to 64 letters, digits, spaces, dots, dashes or slashes."))
    start = valid_from or programme.valid_from
    _check_span(start, valid_until)
    with transaction.atomic():
        if number_is_taken(text):
            raise Refused("number.taken", gettext("This number is in use already."))
        row = MembershipNumber.objects.create(
            organisation_id=programme.organisation_id, programme=programme, number=text,
            valid_from=start, valid_until=valid_until,
        )
        record("number.added", by=by, subject=row, organisation=programme.organisation)
    return row


def edit_number(
    number: MembershipNumber, *, by: User | None, valid_from: date, valid_until: date | None, is_active: bool
) -> MembershipNumber:
    """Change when the number may be used to join. Memberships made with it stay."""
    _check_span(valid_from, valid_until)
    number.valid_from, number.valid_until, number.is_active = valid_from, valid_until, is_active
    with transaction.atomic():
        same_organisation(number, number.programme)
        number.save(update_fields=["valid_from", "valid_until", "is_active"])
        record("number.edited", by=by, subject=number, organisation=number.organisation,
               detail={"active": is_active})
    return number


def add_domain(
    organisation: Organisation, *, by: User | None, domain: str, includes_subdomains: bool = False
) -> Domain:
    """Admit a mail domain. Raises Refused for public mail, a registry's suffix or no domain name.

    The same domain again only changes whether its subdomains are included.
    """
    name = spelled(domain)
    refuse_unprovable(name)
    with transaction.atomic():
        row, _ = Domain.objects.for_org(organisation).update_or_create(
            organisation=organisation, domain=name, defaults={"includes_subdomains": includes_subdomains}
        )
        record("domain.added", by=by, subject=row, organisation=organisation,
               detail={"domain": name, "subdomains": includes_subdomains})
    return row


def remove_domain(domain: Domain, *, by: User | None) -> None:
    """Admit the domain no longer. Memberships made through it stay until they are ended."""
    with transaction.atomic():
        record("domain.removed", by=by, subject=domain, organisation=domain.organisation,
               detail={"domain": domain.domain})
        domain.delete()
