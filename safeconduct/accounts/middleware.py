"""Asks again when a document has changed."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def fresh_consent(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Pass through."""
    return get_response
