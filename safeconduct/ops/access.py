"""The desk's doors to rows of all organisations; each page is guarded by a desk right before."""

from __future__ import annotations

from safeconduct.centres.models import Centre, CentreImport
from safeconduct.feeds.models import Document, Source
from safeconduct.lib.errors import found
from safeconduct.orgs.models import Domain, Invitation, MembershipNumber, Organisation, Programme
from safeconduct.outbox.models import Delivery


def the_organisation(public_id: str) -> Organisation:
    """Return an organisation. Raises NotFound."""
    return found(Organisation.objects.filter(public_id=public_id).first(), "organisation")


def the_programme(organisation: Organisation, public_id: str) -> Programme:
    """Return a programme of the organisation. Raises NotFound."""
    row = (
        Programme.objects.for_org(organisation)
        .select_related("organisation")
        .filter(public_id=public_id)
        .first()
    )
    return found(row, "programme")


def the_number(organisation: Organisation, pk: int) -> MembershipNumber:
    """Return a membership number of the organisation. Raises NotFound."""
    rows = MembershipNumber.objects.for_org(organisation).select_related(
        "programme", "programme__organisation"
    )
    return found(rows.filter(pk=pk).first(), "number")


def the_domain(organisation: Organisation, pk: int) -> Domain:
    """Return a domain of the organisation. Raises NotFound."""
    rows = Domain.objects.for_org(organisation).select_related("organisation")
    return found(rows.filter(pk=pk).first(), "domain")


def the_invitation(organisation: Organisation, public_id: str) -> Invitation:
    """Return an invitation of the organisation. Raises NotFound."""
    rows = Invitation.objects.for_org(organisation).select_related("organisation", "programme")
    return found(rows.filter(public_id=public_id).first(), "invitation")


def the_centre(public_id: str) -> Centre:
    """Return a centre, also one that is closed. Raises NotFound."""
    return found(Centre.objects.filter(public_id=public_id).first(), "centre")


def the_import(public_id: str) -> CentreImport:
    """Return what became of a CSV file of centres. Raises NotFound."""
    return found(CentreImport.objects.filter(public_id=public_id).first(), "import")


def the_source(key: str) -> Source:
    """Return a source. Raises NotFound."""
    return found(Source.objects.filter(key=key).first(), "source")


def the_delivery(pk: int) -> Delivery:
    """Return a delivery. Raises NotFound."""
    return found(Delivery.objects.select_related("message").filter(pk=pk).first(), "delivery")


def the_document(pk: int) -> Document:
    """Return a kept document. Raises NotFound."""
    return found(Document.objects.filter(pk=pk).first(), "document")
