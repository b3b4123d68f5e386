"""Downloads of guides for members: what the form “Export guide” asks for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from safeconduct.guides.assembly import guide_document
from safeconduct.guides.exporting import export as export_guide
from safeconduct.orgs.access import organisation_of, reader_required
from safeconduct.places.queries import place_by_key


@reader_required
@require_safe
def export(request: HttpRequest, key: str) -> HttpResponse:
    """A guide as a file: `as` is pdf, markdown or json; `chapter` may be repeated, without it all are meant."""
    place = place_by_key(key)
    if place.key != key:
        answer = redirect("guides:export", place.key, permanent=False)
        answer["Location"] += f"?{request.GET.urlencode()}" if request.GET else ""
        return answer
    organisation = organisation_of(request)
    chosen = frozenset(request.GET.getlist("chapter")) or None
    document = guide_document(place, get_language() or "en", organisation)
    file = export_guide(
        document, as_=request.GET.get("as", "pdf"), chapters=chosen, organisation=organisation
    )
    response = HttpResponse(file.body, content_type=file.content_type)
    response["ETag"] = f'"{file.etag}"'
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
