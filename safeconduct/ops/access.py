"""The desk's doors to rows of all organisations; each page is guarded by a desk right before."""

from __future__ import annotations

from safeconduct.centres.models import Centre, CentreImport
from safeconduct.feeds.models import Document, Source
from safeconduct.lib.errors import NotFound
from safeconduct.orgs.models import Domain, Invitation, MembershipNumber, Organisation, Programme
from safeconduct.outbox.models import Delivery


def the_organisation(public_id: str) -> Organisation:
    """Return an organisation. Raises NotFound."""
    row = Organisation.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("organisation")
    return row


def the_programme(organisation: Organisation, public_id: str) -> Programme:
    """Return a programme of the organisation. Raises NotFound."""
    row = (
        Programme.objects.for_org(organisation)
        .select_related("organisation")
        .filter(public_id=public_id)
        .first()
    )
    if row is None:
        raise NotFound("programme")
    return row


def the_number(organisation: Organisation, pk: int) -> MembershipNumber:
    """Return a membership number of the organisation. Raises NotFound."""
    rows = MembershipNumber.objects.for_org(organisation).select_related(
        "programme", "programme__organisation"
    )
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound("number")
    return row


def the_domain(organisation: Organisation, pk: int) -> Domain:
    """Return a domain of the organisation. Raises NotFound."""
    row = Domain.objects.for_org(organisation).select_related("organisation").filter(pk=pk).first()
    if row is None:
        raise NotFound("domain")
    return row


def the_invitation(organisation: Organisation, public_id: str) -> Invitation:
    """Return an invitation of the organisation. Raises NotFound."""
    rows = Invitation.objects.for_org(organisation).select_related("organisation", "programme")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("invitation")
    return row


def the_centre(public_id: str) -> Centre:
    """Return a centre, also one that is closed. Raises NotFound."""
    row = Centre.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("centre")
    return row


def the_import(public_id: str) -> CentreImport:
    """Return what became of a CSV file of centres. Raises NotFound."""
    row = CentreImport.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("import")
    return row


def the_source(key: str) -> Source:
    """Return a source. Raises NotFound."""
    row = Source.objects.filter(key=key).first()
    if row is None:
        raise NotFound("source")
    return row


def the_delivery(pk: int) -> Delivery:
    """Return a delivery. Raises NotFound."""
    row = Delivery.objects.select_related("message").filter(pk=pk).first()
    if row is None:
        raise NotFound("delivery")
    return row


def the_document(pk: int) -> Document:
    """Return a kept document. Raises NotFound."""
    row = Document.objects.filter(pk=pk).first()
    if row is None:
        raise NotFound("document")
    return row
