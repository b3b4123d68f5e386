"""The product's addresses and an empty page behind the same guard, for the benchmark of guides."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from safeconduct.config.urls import handler400, handler403, handler404, handler500
from safeconduct.config.urls import urlpatterns as ours
from safeconduct.orgs.access import member_required

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@member_required
def empty(request: HttpRequest) -> HttpResponse:
    """Answer nothing."""
    return HttpResponse(b"")


urlpatterns = [*ours, path("bench/empty/", empty)]
