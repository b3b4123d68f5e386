"""What the tests of indexes share: a server, and a source whose index stands there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from safeconduct.feeds.models import Source

from .index_site import Site
from .messages import NOW


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    settings.SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = True
    site = Site()
    yield site
    site.httpd.shutdown()
    site.httpd.server_close()


@pytest.fixture
def source(site: Site) -> Source:
    return Source.objects.create(
        key="index", name="Index", format="cap", url=f"{site.url}/feeds/list.xml", country_code="PT",
        is_enabled=True, due_at=NOW, poll_seconds=300, request_seconds=0,
    )  # fmt: skip
