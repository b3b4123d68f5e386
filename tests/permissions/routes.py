"""Lists every address the product answers, by name."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def routes() -> dict[str, str]:
    """Return name → route for all addresses; an address without a name is named by its route."""
    found: dict[str, str] = {}
    for namespace, name, route in _walk(get_resolver().url_patterns, "", ""):
        full = f"{namespace}:{name}" if namespace and name else name or route
        # Two addresses of one name: the second is told apart by its route.
        found[full if full not in found else f"{full} [{route}]"] = route
    return found


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, namespace: str) -> Iterator[tuple[str, str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = ":".join(part for part in (namespace, pattern.namespace or "") if part)
            yield from _walk(pattern.url_patterns, route, inner)
        else:
            yield namespace, pattern.name or "", route
