"""Sources of facts as a guide cites them."""

from __future__ import annotations

from datetime import date

from safeconduct.guides.document import Citation
from safeconduct.places.models import FactSource


def citation_of(source: FactSource, on: date | None) -> Citation:
    """A source that was read on a day."""
    return Citation(source.title, source.url, source.publisher, source.licence, on, source.edition)
